// What: events found without the database's own structure: every page of a damaged file and of its
//   write-ahead log is searched for rows of the table `event`, each verified by its own seal.
// Promise: what is handed out is byte for byte a row that was once written; which of two different
//   rows of one position was the committed one cannot be known here, so both are handed out (an
//   event that was never acknowledged does no harm: the register tells it again under its id).
// Thread: its owner's.
// Errors: unavailable (a file cannot be read).
// Limits: pages of 4,096 bytes; 16 bytes of memory for each row found.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/journal/record.h"
#include "common/base/files.h"

namespace tillrelay::journal {

class RawRows {
 public:
  // Rows below `from` are of no interest. A file that does not exist is empty.
  RawRows(const std::string& database, const std::string& log, uint64_t from);

  // Searches about `bytes` more. True: there may be more.
  Result<bool> Scan(size_t bytes);
  bool scanned() const { return scanned_; }
  // All found rows of a position, of different content.
  std::vector<Row> At(uint64_t position);
  // The lowest position from `position` on that was found; 0: none.
  uint64_t Next(uint64_t position) const;
  uint64_t highest() const { return found_.empty() ? 0 : found_.back().position; }

 private:
  struct Source {
    Fd file;
    uint64_t size = 0, header = 0, frame = 0;  // bytes before the first page and before each
  };
  static constexpr uint32_t kLog = 0, kDatabase = 1;
  struct Found {
    uint64_t position;
    uint32_t source, page;  // page: 0 for the first
    auto operator<=>(const Found&) const = default;
  };
  void IndexLog();
  uint64_t PagesOf(const Source& source) const;
  Status ReadPage(const Source& source, uint64_t page, std::string* bytes) const;
  // The rows of one leaf page whose seals fit; `only`: of this position, 0: all.
  std::vector<Row> RowsOf(uint32_t source, const std::string& page, uint64_t only) const;
  // The payload of a row that goes on on other pages, from page number `next` on.
  std::string WithOverflow(std::string payload, uint64_t size, uint32_t next, bool use_log) const;

  Source sources_[2];
  const uint64_t from_;
  uint32_t source_ = 0;
  uint64_t page_ = 0;
  bool scanned_ = false;
  std::vector<Found> found_;                       // sorted once scanned
  std::unordered_map<uint32_t, uint32_t> in_log_;  // page number -> its last frame
};

}  // namespace tillrelay::journal
