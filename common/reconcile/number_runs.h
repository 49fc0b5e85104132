// What: a set of transaction numbers as runs, "1-50,52": small however long the day was.
// Promise: pure. A number is in the set once it was added.
// Thread: any (value).
// Limits: kMaxRuns runs; a number that would need one more is not added (Add says false).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tillrelay::reconcile {

class NumberRuns {
 public:
  static constexpr size_t kMaxRuns = 2000;  // a register that skips more often counts otherwise

  struct Run {
    uint64_t first = 0, last = 0;
    bool operator==(const Run&) const = default;
  };

  // False only when the set is too scattered to take it.
  bool Add(uint64_t number);
  bool Contains(uint64_t number) const;
  bool empty() const { return runs_.empty(); }
  uint64_t first() const { return runs_.empty() ? 0 : runs_.front().first; }
  uint64_t last() const { return runs_.empty() ? 0 : runs_.back().last; }
  uint64_t size() const;                           // numbers in the set
  uint64_t Shared(const NumberRuns& other) const;  // numbers in both

  const std::vector<Run>& all() const { return runs_; }

  // The holes between `from` and `through`, both inclusive.
  std::vector<Run> Missing(uint64_t from, uint64_t through) const;

  std::string Text() const;
  // False, and nothing changed, for a text that Text did not write.
  bool Parse(std::string_view text);

 private:
  std::vector<Run> runs_;  // ascending, never touching
};

// "17" or "20-24".
std::string RunText(const NumberRuns::Run& run);

}  // namespace tillrelay::reconcile
