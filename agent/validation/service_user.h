// What: reading files as the service would: a command that root gives looks with the eyes of the
//   user that the service runs as.
// Promise: the process has its own rights again when the object is gone.
// Thread: one thread in the process: the rights are the process's.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace tillrelay::validation {

struct ServiceUser {
  std::string name;
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups;
};

// The owner of the journal's folder, if this process is root and the owner is not.
std::optional<ServiceUser> FindServiceUser(const std::string& journal_folder);

class ActAs {
 public:
  // Nothing changes without a user.
  explicit ActAs(const std::optional<ServiceUser>& user);
  ~ActAs();
  ActAs(const ActAs&) = delete;
  ActAs& operator=(const ActAs&) = delete;

 private:
  bool changed_ = false;
  gid_t own_group_ = 0;
  std::vector<gid_t> own_groups_;
};

}  // namespace tillrelay::validation
