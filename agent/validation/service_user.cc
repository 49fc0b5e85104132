#include "agent/validation/service_user.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/check.h"

namespace tillrelay::validation {
namespace {

constexpr const char* kDropGroup = "tillrelay-drop";  // SupplementaryGroups= of the unit

std::vector<gid_t> GroupsOf(const char* name, gid_t group) {
  int count = 64;
  std::vector<gid_t> groups(static_cast<size_t>(count));
  if (getgrouplist(name, group, groups.data(), &count) < 0) {
    groups.resize(static_cast<size_t>(count));
    if (getgrouplist(name, group, groups.data(), &count) < 0) return {group};
  }
  groups.resize(static_cast<size_t>(count));
  return groups;
}

}  // namespace

std::optional<ServiceUser> FindServiceUser(const std::string& journal_folder) {
  struct stat folder {};
  if (geteuid() != 0 || stat(journal_folder.c_str(), &folder) != 0 || folder.st_uid == 0) {
    return std::nullopt;
  }
  ServiceUser service;
  service.user = folder.st_uid;
  service.group = folder.st_gid;
  service.groups = {folder.st_gid};
  if (const passwd* user = getpwuid(folder.st_uid); user != nullptr) {
    service.name = user->pw_name;
    service.group = user->pw_gid;
    service.groups = GroupsOf(user->pw_name, user->pw_gid);
  }
  if (const group* drop = getgrnam(kDropGroup); drop != nullptr) {
    service.groups.push_back(drop->gr_gid);
  }
  return service;
}

ActAs::ActAs(const std::optional<ServiceUser>& user) {
  if (!user) return;
  own_group_ = getegid();
  const int count = getgroups(0, nullptr);
  own_groups_.resize(static_cast<size_t>(count > 0 ? count : 0));
  if (count > 0) CHECK(getgroups(count, own_groups_.data()) == count);
  if (setgroups(user->groups.size(), user->groups.data()) != 0) return;  // a root without rights
  changed_ = true;
  CHECK(setegid(user->group) == 0);
  CHECK(seteuid(user->user) == 0);
}

ActAs::~ActAs() {
  if (!changed_) return;
  CHECK(seteuid(0) == 0);
  CHECK(setegid(own_group_) == 0);
  CHECK(setgroups(own_groups_.size(), own_groups_.data()) == 0);
}

}  // namespace tillrelay::validation
