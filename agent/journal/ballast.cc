#include "agent/journal/ballast.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/files.h"

namespace tillrelay::journal {
namespace {
constexpr off_t kBlock = 512;  // of st_blocks
}  // namespace

Status Ballast::Make() {
  if (held_) return Status::Ok();
  const Fd fd(open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  int error = fd.valid() ? 0 : errno;
  struct stat info {};
  // What an earlier life has left is there already, block by block.
  const bool there = fd.valid() && fstat(fd.get(), &info) == 0 &&
                     info.st_size >= static_cast<off_t>(kBytes) &&
                     info.st_blocks * kBlock >= static_cast<off_t>(kBytes);
  if (fd.valid() && !there) error = posix_fallocate(fd.get(), 0, kBytes);
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
