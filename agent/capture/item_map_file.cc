#include "agent/capture/item_map_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "common/base/file_kind.h"
#include "common/base/files.h"

namespace tillrelay::capture {
namespace {

// What changes whenever the file does.
std::string MarkOf(const std::string& path) {
  struct stat now {};
  if (stat(path.c_str(), &now) != 0) return "none";
  return fmt::format("{} {} {}.{}", now.st_ino, now.st_size, now.st_mtim.tv_sec,
                     now.st_mtim.tv_nsec);
}

Result<event::ItemMap> Read(const std::string& path) {
  if (Status s = CheckIsFile(path); !s.ok()) return s;
  auto text = ReadFile(path, event::kMaxItemMapBytes);
  if (!text.ok()) return text.status();
  return event::ItemMap::Parse(*text);
}

}  // namespace

bool ItemMapFile::Refresh() {
  std::string mark = MarkOf(path_);
  if (mark == mark_) return false;
  mark_ = std::move(mark);
  auto read = Read(path_);
  Lock lock(mutex_);
  error_ = read.ok() ? "" : std::string(read.status().message());
  if (read.ok()) map_ = std::make_shared<const event::ItemMap>(*std::move(read));
  return true;
}

std::shared_ptr<const event::ItemMap> ItemMapFile::Current() const {
  Lock lock(mutex_);
  return map_;
}

CaptureStats::ItemMap ItemMapFile::State() const {
  Lock lock(mutex_);
  return {map_ ? map_->version() : "", error_, map_ ? map_->rows() : 0};
}

}  // namespace tillrelay::capture
