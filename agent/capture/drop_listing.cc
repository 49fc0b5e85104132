#include "agent/capture/drop_listing.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace tillrelay::capture {

Result<std::optional<std::string>> DropListing::Next() {
  if (left() == 0) {
    if (Status s = ReadPage(); !s.ok()) {
      Restart();
      return s;
    }
  }
  if (left() == 0) {
    Restart();
    return std::optional<std::string>();
  }
  return std::optional<std::string>(names_.c_str() + page_[given_++]);
}

void DropListing::Restart() {
  directory_.reset();
  names_ = {};
  page_ = {};
  given_ = 0;
}

Status DropListing::ReadPage() {
  if (directory_ == nullptr) {
    const int copy = openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    directory_.reset(copy < 0 ? nullptr : fdopendir(copy));
    if (directory_ == nullptr) {
      const int error = errno;
      if (copy >= 0) close(copy);
      return Unavailable("cannot be listed: " + ErrnoText(error));
    }
  }
  names_.clear();
  page_.clear();
  given_ = 0;
  while (page_.size() < page_names_ && names_.size() < kPageBytes) {
    errno = 0;
    const dirent* entry = readdir(directory_.get());
    if (entry == nullptr && errno != 0) return Unavailable("list: " + ErrnoText(errno));
    if (entry == nullptr) break;
    ++names_read_;
    const std::string_view name = entry->d_name;
    if (name == "." || name == ".." || skipped_(name)) continue;
    page_.push_back(static_cast<uint32_t>(names_.size()));
    names_.append(name).push_back('\0');
  }
  std::sort(page_.begin(), page_.end(), [this](uint32_t a, uint32_t b) {
    return std::string_view(names_.c_str() + a) < std::string_view(names_.c_str() + b);
  });
  return Status::Ok();
}

}  // namespace tillrelay::capture
