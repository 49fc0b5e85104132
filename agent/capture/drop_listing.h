// What: the names in one held directory, in passes, without holding them all.
// Promise: a pass tells every name once that was there from its begin to its end, also while files
//   are moved away. It reads on where the last page ended, so that a pass over n names costs n
//   reads, however often it is interrupted. Within a page the names come in the order of their
//   bytes.
// Thread: capture.   Borrows: the directory.
// Errors: unavailable; the next call begins a new pass.
// Limits: a page is at most 65,536 names or 4 MiB of them: all of an ordinary folder in order, and
//   bounded memory for any other.
#pragma once

#include <dirent.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/files.h"

namespace tillrelay::capture {

class DropListing {
 public:
  static constexpr size_t kPageNames = 65'536;
  static constexpr size_t kPageBytes = 4 * 1024 * 1024;

  // `skipped` says which names are not told; "." and ".." never are.
  DropListing(const Fd* folder, bool (*skipped)(std::string_view), size_t page_names = kPageNames)
      : folder_(*folder), skipped_(skipped), page_names_(page_names) {}

  // The next name; nothing at the end of a pass, and then the next call begins a new one.
  Result<std::optional<std::string>> Next();
  // Forgets the rest of this pass.
  void Restart();
  // Names of the page that were not told yet: at least so many are left of the pass.
  size_t left() const { return page_.size() - given_; }
  // Since the start, of all passes.
  uint64_t names_read() const { return names_read_; }

 private:
  struct CloseDirectory {
    void operator()(DIR* directory) const { closedir(directory); }
  };

  Status ReadPage();

  const Fd& folder_;
  bool (*const skipped_)(std::string_view);
  const size_t page_names_;
  std::unique_ptr<DIR, CloseDirectory> directory_;  // open from the begin to the end of a pass
  std::string names_;                               // of the page, each with its NUL
  std::vector<uint32_t> page_;                      // where they begin, in order
  size_t given_ = 0;
  uint64_t names_read_ = 0;
};

}  // namespace tillrelay::capture
