#include "tests/support/disk_model.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "common/base/check.h"

namespace tillrelay::testing {
namespace {

namespace fs = std::filesystem;
using Kind = DiskOperation::Kind;

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

void Put(std::string* content, int64_t offset, std::string_view bytes) {
  const auto at = static_cast<size_t>(offset);
  if (content->size() < at + bytes.size()) content->resize(at + bytes.size());
  if (!bytes.empty()) std::memcpy(content->data() + at, bytes.data(), bytes.size());
}

// Any of the write's sectors, which lie where the file's do.
void PutTorn(std::string* content, int64_t offset, std::string_view bytes, int64_t sector,
             SeededRandom* random) {
  while (!bytes.empty()) {
    const auto room = static_cast<size_t>(sector - offset % sector);
    const std::string_view piece = bytes.substr(0, room);
    if (random->Chance(0.5)) Put(content, offset, piece);
    bytes.remove_prefix(piece.size());
    offset += static_cast<int64_t>(piece.size());
  }
}

std::string ReadWhole(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

const char* KindWord(Kind kind) {
  constexpr const char* kWords[] = {
      "open",   "create",   "write", "resize", "sync",  "failed sync", "sync of a folder",
      "rename", "exchange", "link",  "unlink", "damage"};
  return kWords[static_cast<size_t>(kind)];
}

const char* ModeWord(CutMode mode) {
  constexpr const char* kWords[] = {"kept", "dropped", "prefix", "torn512", "torn4096", "zeroed"};
  return kWords[static_cast<size_t>(mode)];
}

void WriteImage(const DiskImage& image, const std::string& folder) {
  fs::create_directories(folder);
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    fs::remove_all(entry.path());
  }
  for (const std::string& name : image.folders) fs::create_directories(folder + "/" + name);
  for (const auto& [name, content] : image.files) {
    // Zeros at the end need no room: a reserve of some MB is one hole.
    const size_t last = content.find_last_not_of('\0');
    const size_t written = last == std::string::npos ? 0 : last + 1;
    const std::string path = folder + "/" + name;
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(content.data(), static_cast<std::streamsize>(written));
    if (written < content.size()) fs::resize_file(path, content.size());
  }
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
  return found == files_.end() ? 0 : static_cast<int64_t>(found->second.cached.size());
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
          file.synced.resize(static_cast<size_t>(change.resize));
        } else {
          Put(&file.synced, change.offset, change.bytes);
        }
      }
    }
    if (operation.kind == Kind::kSync || operation.kind == Kind::kLoseSync) {
      file.since.clear();
    } else if (operation.kind == Kind::kResize) {
      file.cached.resize(static_cast<size_t>(operation.offset));
      file.since.push_back({0, {}, operation.offset});
    } else {
      Put(&file.cached, operation.offset, operation.bytes);
      if (operation.kind == Kind::kDamage) {
        Put(&file.synced, operation.offset, operation.bytes);
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

std::string DiskModel::Cut(const File& file, CutMode mode, SeededRandom* random) {
  if (mode == CutMode::kKept) return file.cached;
  std::string content = file.synced;
  if (mode == CutMode::kDropped) return content;
  const size_t some =
      mode == CutMode::kPrefix ? random->Below(file.since.size() + 1) : file.since.size();
  for (size_t i = 0; i < some; ++i) {
    const Change& change = file.since[i];
    if (change.resize >= 0) {
      const bool reached =
          mode == CutMode::kPrefix || mode == CutMode::kZeroed || random->Chance(0.5);
      if (reached) content.resize(static_cast<size_t>(change.resize));
    } else if (mode == CutMode::kPrefix) {
      Put(&content, change.offset, change.bytes);
    } else if (mode == CutMode::kZeroed) {
      const size_t end = static_cast<size_t>(change.offset) + change.bytes.size();
      if (content.size() < end) content.resize(end);
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
  for (size_t i = 0; i < reached; ++i) Run(pending_[i], &names);
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
