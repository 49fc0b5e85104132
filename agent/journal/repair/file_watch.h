// What: whether the files that are open are still the ones that lie under their names, as our own
// last
//   write left them.
// Promise: looks by stat alone, never through a descriptor of its own (closing one would drop
//   SQLite's locks).
// Thread: journal.
#pragma once

#include <cstdint>
#include <string>

namespace tillrelay::journal {

enum class FileChange {
  kNone,
  kGone,     // a name is missing or leads to another file: what is written goes nowhere
  kWritten,  // somebody else has written into the file
};

class FileWatch {
 public:
  // The files have just been opened.
  void Begin(const std::string& journal);
  // After every write of our own. What is not the file that was opened stays a change.
  void Note();
  // Before Begin: no change.
  FileChange Check() const;
  // A descriptor of this process that has the noted database, or its log, open; -1: there is none.
  int OpenDescriptor() const { return DescriptorOf(database_); }
  int OpenLogDescriptor() const { return DescriptorOf(log_); }

 private:
  struct File {
    std::string path;
    bool there = false;
    uint64_t device = 0, inode = 0, size = 0;
    int64_t written_ns = 0;
    bool operator==(const File&) const = default;
    bool IsSameFile(const File& other) const {
      return there && other.there && device == other.device && inode == other.inode;
    }
  };
  static File StateOf(const std::string& path);
  static FileChange ChangeOf(const File& noted);
  static void Update(File* noted);
  static int DescriptorOf(const File& noted);
  File database_, log_;
};

}  // namespace tillrelay::journal
