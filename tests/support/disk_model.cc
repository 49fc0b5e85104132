#include "tests/support/disk_model.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "common/base/check.h"
#include "common/base/files.h"

namespace tillrelay::testing {
namespace {

namespace fs = std::filesystem;
using Kind = DiskOperation::Kind;

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

// Any of the write's sectors, which lie where the file's do.
void PutTorn(DiskContent* content, int64_t offset, std::string_view bytes, int64_t sector,
             SeededRandom* random) {
  while (!bytes.empty()) {
    const auto room = static_cast<size_t>(sector - offset % sector);
    const std::string_view piece = bytes.substr(0, room);
    if (random->Chance(0.5)) content->Put(offset, piece);
    bytes.remove_prefix(piece.size());
    offset += static_cast<int64_t>(piece.size());
  }
}

DiskContent ReadWhole(const fs::path& path) {
  DiskContent content;
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  CHECK(fd.valid());
  content.size = fs::file_size(path);
  // Where the last of its holes begins, everything behind is zero.
  off_t end = 0;
  for (off_t data = 0; (data = lseek(fd.get(), end, SEEK_DATA)) >= 0;) {
    end = lseek(fd.get(), data, SEEK_HOLE);
  }
  content.bytes.resize(static_cast<size_t>(end));
  const ssize_t got = pread(fd.get(), content.bytes.data(), content.bytes.size(), 0);
  CHECK(got == end);
  return content;
}

}  // namespace

const char* KindWord(Kind kind) {
  constexpr const char* kWords[] = {
      "open",   "create",   "write", "resize", "sync",  "failed sync", "sync of a folder",
      "rename", "exchange", "link",  "unlink", "damage"};
  return kWords[static_cast<size_t>(kind)];
}

const char* ModeWord(CutMode mode) {
  constexpr const char* kWords[] = {"kept",     "dropped", "prefix",   "torn512",
                                    "torn4096", "zeroed",  "reordered"};
  return kWords[static_cast<size_t>(mode)];
}

void WriteImage(const DiskImage& image, const std::string& folder) {
  fs::create_directories(folder);
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    fs::remove_all(entry.path());
  }
  for (const std::string& name : image.folders) fs::create_directories(folder + "/" + name);
  for (const auto& [name, content] : image.files) {
    const std::string path = folder + "/" + name;
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(content.bytes.data(), static_cast<std::streamsize>(content.bytes.size()));
    if (content.bytes.size() < content.size) fs::resize_file(path, content.size);
  }
}

void DiskContent::Put(int64_t offset, std::string_view more) {
  const auto at = static_cast<size_t>(offset);
  if (bytes.size() < at + more.size()) bytes.resize(at + more.size());
  if (!more.empty()) std::memcpy(bytes.data() + at, more.data(), more.size());
  size = std::max(size, bytes.size());
}

void DiskContent::Resize(size_t to) {
  if (bytes.size() > to) bytes.resize(to);
  size = to;
}

std::string DiskContent::Text() const {
  std::string text = bytes;
  text.resize(size);
  return text;
}

void DiskModel::Adopt(const std::string& folder) {
  *this = {};
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = fs::relative(entry.path(), folder);
    if (entry.is_directory()) folders_.insert(name);
    if (!entry.is_regular_file()) continue;
    File& file = files_[NewFile()];
    file.synced = file.cached = ReadWhole(entry.path());
    names_[name] = durable_[name] = last_file_;
  }
}

uint64_t DiskModel::FileAt(const std::string& path) const {
  const auto found = names_.find(path);
  return found == names_.end() ? 0 : found->second;
}

int64_t DiskModel::SizeOf(uint64_t file) const {
  const auto found = files_.find(file);
  return found == files_.end() ? 0 : static_cast<int64_t>(found->second.cached.size);
}

int64_t DiskModel::UsedBytes(const std::multiset<uint64_t>& open) const {
  std::set<uint64_t> live(open.begin(), open.end());
  for (const auto& [name, file] : names_) live.insert(file);
  int64_t used = 0;
  for (const uint64_t file : live) used += SizeOf(file);
  return used;
}

void DiskModel::Apply(const DiskOperation& operation) {
  if (operation.kind == Kind::kOpen) return;
  if (operation.kind == Kind::kSyncFolder) return SyncFolder(operation.path);
  if (operation.kind == Kind::kWrite || operation.kind == Kind::kResize ||
      operation.kind == Kind::kSync || operation.kind == Kind::kLoseSync ||
      operation.kind == Kind::kDamage) {
    File& file = files_[operation.file];
    if (operation.kind == Kind::kSync) {
      for (const Change& change : file.since) {
        if (change.resize >= 0) {
          file.synced.Resize(static_cast<size_t>(change.resize));
        } else {
          file.synced.Put(change.offset, change.bytes);
        }
      }
    }
    if (operation.kind == Kind::kSync || operation.kind == Kind::kLoseSync) {
      file.since.clear();
    } else if (operation.kind == Kind::kResize) {
      file.cached.Resize(static_cast<size_t>(operation.offset));
      file.since.push_back({0, {}, operation.offset});
    } else {
      file.cached.Put(operation.offset, operation.bytes);
      if (operation.kind == Kind::kDamage) {
        file.synced.Put(operation.offset, operation.bytes);
      } else {
        file.since.push_back({operation.offset, operation.bytes});
      }
    }
    return;
  }
  ApplyToNames(operation);
}

void DiskModel::ApplyToNames(const DiskOperation& operation) {
  NameChange change;
  change.folders.insert(FolderOf(operation.path));
  if (!operation.to.empty()) change.folders.insert(FolderOf(operation.to));
  const uint64_t here = FileAt(operation.path), there = FileAt(operation.to);
  switch (operation.kind) {
    case Kind::kCreate:
      last_file_ = std::max(last_file_, operation.file);
      files_[operation.file];
      change.set = {{operation.path, operation.file}};
      break;
    case Kind::kRename:
      change.set = {{operation.path, 0}, {operation.to, here}};
      break;
    case Kind::kExchange:
      change.set = {{operation.path, there}, {operation.to, here}};
      break;
    case Kind::kLink:
      change.set = {{operation.to, here}};
      break;
    default:
      change.set = {{operation.path, 0}};
      break;
  }
  Run(change, &names_);
  pending_.push_back(std::move(change));
}

void DiskModel::SyncFolder(const std::string& folder) {
  std::vector<NameChange> rest;
  for (NameChange& change : pending_) {
    if (change.folders.contains(folder)) {
      Run(change, &durable_);
    } else {
      rest.push_back(std::move(change));
    }
  }
  pending_ = std::move(rest);
}

void DiskModel::Run(const NameChange& change, Names* names) {
  for (const auto& [name, file] : change.set) {
    if (file == 0) {
      names->erase(name);
    } else {
      (*names)[name] = file;
    }
  }
}

DiskContent DiskModel::Cut(const File& file, CutMode mode, SeededRandom* random) {
  if (mode == CutMode::kKept) return file.cached;
  if (mode == CutMode::kReordered) mode = CutMode::kPrefix;
  DiskContent content = file.synced;
  if (mode == CutMode::kDropped) return content;
  const size_t some =
      mode == CutMode::kPrefix ? random->Below(file.since.size() + 1) : file.since.size();
  for (size_t i = 0; i < some; ++i) {
    const Change& change = file.since[i];
    if (change.resize >= 0) {
      const bool reached =
          mode == CutMode::kPrefix || mode == CutMode::kZeroed || random->Chance(0.5);
      if (reached) content.Resize(static_cast<size_t>(change.resize));
    } else if (mode == CutMode::kPrefix) {
      content.Put(change.offset, change.bytes);
    } else if (mode == CutMode::kZeroed) {
      const size_t end = static_cast<size_t>(change.offset) + change.bytes.size();
      if (content.size < end) content.Resize(end);
    } else {
      const int64_t sector = mode == CutMode::kTorn512 ? 512 : 4096;
      PutTorn(&content, change.offset, change.bytes, sector, random);
    }
  }
  return content;
}

DiskImage DiskModel::After(CutMode mode, SeededRandom* random) const {
  Names names = durable_;
  const bool all = mode == CutMode::kKept || mode == CutMode::kZeroed;
  size_t reached = all ? pending_.size() : 0;
  if (!all && mode != CutMode::kDropped) reached = random->Below(pending_.size() + 1);
  if (mode == CutMode::kReordered) reached = pending_.size();
  for (size_t i = 0; i < reached; ++i) {
    if (mode != CutMode::kReordered || random->Chance(0.5)) Run(pending_[i], &names);
  }
  if (mode == CutMode::kKept) CHECK(names == names_);
  DiskImage image;
  image.folders = folders_;
  for (const auto& [name, number] : names) {
    if (name.ends_with("-shm")) continue;
    image.files[name] = Cut(files_.at(number), mode, random);
  }
  return image;
}

}  // namespace tillrelay::testing
