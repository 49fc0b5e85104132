// What: runs many small cases in processes of their own, so that one that crashes, or never ends,
// is
//   a fault of that case and not the end of the suite.
// Promise: a case runs in a process that had one thread when it was made; its faults are told with
//   its number, so that it can be run again alone.
// Thread: one; it must be the only one of the process.
// Limits: a case that takes longer than kCaseLimit counts as hung. `jobs` processes at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tillrelay::testing {

inline constexpr std::chrono::seconds kCaseLimit{120};

struct CaseOutcome {
  std::string fault;                       // empty: all is well
  std::map<std::string, uint64_t> counts;  // added up over all cases
};

// Counts are named "situation/what": one line of a report for each situation.
struct CaseTotals {
  uint64_t run = 0, failed = 0;
  std::map<std::string, uint64_t> counts;
  std::map<uint64_t, std::string> faults;  // by case, the first kMaxFaults of them
  static constexpr size_t kMaxFaults = 100'000;
};

CaseTotals RunCases(const std::vector<uint64_t>& cases, size_t jobs,
                    const std::function<CaseOutcome(uint64_t)>& run,
                    const std::function<void(uint64_t, const CaseOutcome&)>& on_fault);

// A fault without its numbers, so that like faults can be counted.
std::string KindOf(const std::string& fault);

// The situation's name before every count, and how often it was played.
void CountAs(const std::string& situation, CaseOutcome* outcome);
// Adds one JSON object a line to `path`, one for each situation. Nothing where the path is empty.
void WriteReport(const std::string& path, const std::string& suite, const CaseTotals& totals);
// The same for people, to standard output.
void PrintTotals(const CaseTotals& totals);

// Standard output and error of this process lead nowhere from now on, unless TILLRELAY_LOUD is set.
void BeQuiet();

}  // namespace tillrelay::testing
