#include "agent/journal/ballast.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/base/files.h"

namespace tillrelay::journal {

Status Ballast::Make() {
  if (held_) return Status::Ok();
  const Fd fd(open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  const int error = fd.valid() ? posix_fallocate(fd.get(), 0, kBytes) : errno;
  if (error != 0) {
    unlink(path_.c_str());
    return Full("no room for the reserve of 8 MB beside the journal: " + ErrnoText(error));
  }
  held_ = true;
  return Status::Ok();
}

void Ballast::GiveUp() {
  unlink(path_.c_str());
  held_ = false;
}

}  // namespace tillrelay::journal
