// What: what is stored under another key or id only because a setting was different when it was
//   told: the store's zone, the columns of a CSV profile, the words of a format.
// Promise: docs/journal.md, "A second telling". The same bytes, and the same lines, total and
//   moment under the same number, are one document, whatever the settings say of them.
// Thread: journal.
// Limits: costs a look at neighbouring keys where a document does not say its day; a scan of all
//   known documents, once a start, where settings that name documents have changed since.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/journal/record.h"
#include "common/event/bookkeeper.h"
#include "common/sqlite/sqlite.h"

namespace tillrelay::journal {

// What is known under a draft's key.
struct Known {
  Uuid id{};
  Likeness like;
  uint64_t position = 0;
  std::optional<int64_t> at_s;
};

class Retold {
 public:
  // What a damaged file still holds may have been told under any settings, wherever it comes to
  // stand.
  static constexpr uint64_t kEverything = INT64_MAX;
  // `settings`: those that decide how documents are named, as text, where whoever opens the file
  // knows them; what lies at or below `newest` was told before, should they have changed.
  Status Open(sqlite::Database* db, std::string_view settings, uint64_t newest,
              std::function<void()> progress);

  // Whether it may stand under another key than its own.
  static bool Elsewhere(const event::Identity& identity) {
    return identity.bytes.key_by_settings || !identity.first_day.empty() ||
           !identity.former_key.empty();
  }
  struct Row {
    Uuid id{};
    uint64_t position = 0;
  };
  // The same goods under its number on another day: perhaps the document with a new time.
  struct Doubt {
    uint64_t position = 0;
    event::Telling telling;
  };
  struct Rows {
    std::vector<Row> same;
    std::vector<Doubt> doubts;  // of documents that do not say their day
  };
  // The first and the last key under which it may stand.
  struct Keys {
    std::string first, last;
  };
  static Keys KeysOf(const event::Identity& identity);
  // Whether it is looked for by its bytes as well.
  bool LooksByBytes(const event::Identity& identity) const {
    return moved_through_ > 0 && identity.bytes.key_by_settings;
  }
  // The bytes' digest in a column `digest`, where settings decide under which key they stand.
  static std::optional<uint64_t> MovedBytes(std::string_view digest);
  static constexpr const char* kMoved = "substr(digest,40,1)=x'01'";  // SQL: it has one
  // Where the document may stand. `at_s`: its moment, if that can be trusted.
  Result<Rows> Find(const event::Identity& identity, std::optional<int64_t> at_s);
  // Of a receipt's number on any day, what has its content and moment; none of other documents.
  Result<std::vector<Row>> OfMoment(const std::string& key, std::string_view digest, int64_t at_s);
  // A row that a damaged file had and this one has now.
  void Add(std::string_view digest, const Row& row);
  void RolledBack();

 private:
  // `undated`: whose doubts are wanted; null: nobody's.
  Status Near(const Keys& keys, std::string_view digest, std::optional<int64_t> at_s,
              const event::Identity* undated, Rows* rows);
  Status Former(const event::Identity& identity, std::vector<Row>* rows);
  Status LoadMoved();

  sqlite::Database* db_ = nullptr;
  sqlite::Statement near_;
  std::function<void()> progress_;
  uint64_t moved_through_ = 0;  // up to here keys may follow from other settings
  bool loaded_ = false;
  bool added_ = false;  // since the last time that nothing could be rolled back
  std::unordered_map<uint64_t, Row> moved_;  // by the digest of the document's bytes
};

}  // namespace tillrelay::journal
