#include "agent/journal/repair/file_watch.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "agent/journal/paths.h"

namespace tillrelay::journal {

FileWatch::File FileWatch::StateOf(const std::string& path) {
  File file{path};
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return file;
  file.there = true;
  file.device = info.st_dev;
  file.inode = info.st_ino;
  file.size = static_cast<uint64_t>(info.st_size);
  file.written_ns = int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
  return file;
}

void FileWatch::Begin(const std::string& journal) {
  database_ = StateOf(journal);
  log_ = StateOf(WalPath(journal));
}

void FileWatch::Update(File* noted) {
  if (noted->path.empty()) return;
  const File now = StateOf(noted->path);
  if (!noted->there || now.IsSameFile(*noted)) *noted = now;
}

void FileWatch::Note() {
  Update(&database_);
  Update(&log_);
}

FileChange FileWatch::ChangeOf(const File& noted) {
  if (noted.path.empty()) return FileChange::kNone;
  const File now = StateOf(noted.path);
  if (now == noted) return FileChange::kNone;
  // A log that comes into being is made by whoever reads first.
  if (!noted.there) return now.size > 0 ? FileChange::kWritten : FileChange::kNone;
  return now.IsSameFile(noted) ? FileChange::kWritten : FileChange::kGone;
}

FileChange FileWatch::Check() const {
  const FileChange database = ChangeOf(database_), log = ChangeOf(log_);
  if (database == FileChange::kGone || log == FileChange::kGone) return FileChange::kGone;
  return database == FileChange::kNone ? log : database;
}

int FileWatch::DescriptorOf(const File& noted) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir("/proc/self/fd"), &closedir);
  if (dir == nullptr || !noted.there) return -1;
  while (const dirent* entry = readdir(dir.get())) {
    char* end = nullptr;
    const auto fd = static_cast<int>(std::strtol(entry->d_name, &end, 10));
    struct stat info {};
    if (*end != '\0' || fstat(fd, &info) != 0) continue;
    if (info.st_dev == noted.device && info.st_ino == noted.inode) return fd;
  }
  return -1;
}

}  // namespace tillrelay::journal
