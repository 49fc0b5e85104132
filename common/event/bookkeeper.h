// What: whoever keeps books inside the append transaction, as the journal sees it: told of every
//   outcome, asked when a number is told again, and keeping its texts in the table `book`.
// Promise: what it keeps and the event that caused it are committed together or not at all.
// Thread: journal.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/event/draft.h"

namespace tillrelay::event {

// A document that is stored under the number of another one.
struct Telling {
  std::optional<int64_t> at_s;    // its end; nothing: it cannot be trusted
  bool same_goods = false;        // the other one may be this one, told with another time
  std::string business_day = {};  // "": that of the document in question
};

class Bookkeeper {
 public:
  // The kept text of a key; empty where there is none.
  using Load = std::function<Result<std::string>(const std::string& key)>;
  struct Place {
    const std::string& store_id;
    const std::string& stream;
    uint64_t sequence;
    WallTime now;
  };

  virtual ~Bookkeeper() = default;
  // The file was opened (again): forget everything, load from here.
  virtual void Attach(Load load) = 0;

  // The number is known, and the draft is none of the known ones told again to the letter. True:
  // the register used its number again, all are real.
  virtual Result<bool> Reused(const Draft& draft, const std::vector<Telling>& known,
                              WallTime now) = 0;
  // The same for a document that does not say its day, where `known` have the same goods under the
  // same number on other days around its own.
  virtual Result<bool> ReusedOnAnotherDay(const Draft& draft, const std::vector<Telling>& known,
                                          WallTime now) = 0;
  // The document gets this place. What comes back are further members for the end of its `data`
  // ("\"result\":\"balanced\""), or "".
  virtual Result<std::string> Stored(const Draft& draft, const Place& place) = 0;
  virtual Status Repeated(const Draft& draft, WallTime now) = 0;

  // Texts to write in this transaction, by key.
  virtual std::vector<std::pair<std::string, std::string>> Changed() = 0;
  // More has changed than should be held in memory: Changed is to be written before the next
  // document, and Saved says that it was, in the transaction that goes on.
  virtual bool Overflows() const { return false; }
  virtual void Saved() {}
  virtual void Committed() = 0;
  virtual void RolledBack() = 0;
};

}  // namespace tillrelay::event
