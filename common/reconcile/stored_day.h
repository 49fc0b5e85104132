// What: a store's business day from the documents that were stored, for whoever has all of them:
//   the same pages, and so the same results, as the store keeps one document after the other.
// Promise: pure. Documents are given in the order in which the store stored them.
// Thread: any (value).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/json_reader.h"
#include "common/reconcile/numbering.h"

namespace tillrelay::reconcile {

// A stored document as the pages count it: of an event its kind, its own time and its `data`.
// Nothing for what stands on no register's page.
std::optional<event::Draft> ReadDocument(std::string_view kind, std::string_view time,
                                         JsonValue data);

class StoredDay {
 public:
  struct Register {
    DaySummary page;
    std::string at_close;      // the result when its last close had been stored
    std::string agent_result;  // what the store found then; "" if it sent nothing
    uint64_t after_close = 0;  // documents that came later
  };

  explicit StoredDay(std::string business_day) : day_(std::move(business_day)) {}

  // The store's rule for a register, as its closes tell it; before the documents.
  void SetNumbering(const std::string& register_id, Numbering numbering);
  // `data` of a close says what the store found. What is of another day is left out.
  void Add(const event::Draft& draft, uint64_t sequence, JsonValue data);

  // By register without leading zeros; pages of numbers alone have other names.
  const std::map<std::string, Register>& registers() const { return registers_; }

 private:
  const std::string day_;
  NumberingRule rule_;
  std::map<std::string, Register> registers_;
};

}  // namespace tillrelay::reconcile
