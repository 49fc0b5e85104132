#include "common/reconcile/number_runs.h"

#include <algorithm>
#include <charconv>

namespace tillrelay::reconcile {
namespace {

bool ReadNumber(std::string_view* text, uint64_t* number) {
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), *number);
  if (error != std::errc() || end == text->data()) return false;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return true;
}

}  // namespace

bool NumberRuns::Add(uint64_t number) {
  // The first run that ends at or behind the number's left neighbour.
  auto at = std::lower_bound(runs_.begin(), runs_.end(), number,
                             [](const Run& run, uint64_t n) { return run.last + 1 < n; });
  if (at == runs_.end() || at->first > number + 1) {
    if (runs_.size() == kMaxRuns) return false;
    runs_.insert(at, {number, number});
    return true;
  }
  at->first = std::min(at->first, number);
  at->last = std::max(at->last, number);
  const auto next = at + 1;
  if (next != runs_.end() && next->first == at->last + 1) {
    at->last = next->last;
    runs_.erase(next);
  }
  return true;
}

bool NumberRuns::Contains(uint64_t number) const {
  const auto at = std::lower_bound(runs_.begin(), runs_.end(), number,
                                   [](const Run& run, uint64_t n) { return run.last < n; });
  return at != runs_.end() && at->first <= number;
}

uint64_t NumberRuns::size() const {
  uint64_t count = 0;
  for (const Run& run : runs_) count += run.last - run.first + 1;
  return count;
}

uint64_t NumberRuns::Shared(const NumberRuns& other) const {
  uint64_t shared = 0;
  auto theirs = other.runs_.begin();
  for (const Run& ours : runs_) {
    while (theirs != other.runs_.end() && theirs->last < ours.first) ++theirs;
    for (auto at = theirs; at != other.runs_.end() && at->first <= ours.last; ++at) {
      shared += std::min(ours.last, at->last) - std::max(ours.first, at->first) + 1;
    }
  }
  return shared;
}

std::vector<NumberRuns::Run> NumberRuns::Missing(uint64_t from, uint64_t through) const {
  std::vector<Run> missing;
  uint64_t next = from;
  for (const Run& run : runs_) {
    if (run.last < next) continue;
    if (run.first > through) break;
    if (run.first > next) missing.push_back({next, run.first - 1});
    next = run.last + 1;
  }
  if (next <= through) missing.push_back({next, through});
  return missing;
}

std::string NumberRuns::Text() const {
  std::string text;
  for (const Run& run : runs_) text += (text.empty() ? "" : ",") + RunText(run);
  return text;
}

bool NumberRuns::Parse(std::string_view text) {
  std::vector<Run> runs;
  while (!text.empty()) {
    if (!runs.empty()) {
      if (text.front() != ',') return false;
      text.remove_prefix(1);
    }
    Run run;
    if (!ReadNumber(&text, &run.first)) return false;
    run.last = run.first;
    if (text.starts_with('-')) {
      text.remove_prefix(1);
      if (!ReadNumber(&text, &run.last)) return false;
    }
    const bool ascending = runs.empty() || run.first > runs.back().last + 1;
    if (!ascending || run.last < run.first || runs.size() == kMaxRuns) return false;
    runs.push_back(run);
  }
  runs_ = std::move(runs);
  return true;
}

std::string RunText(const NumberRuns::Run& run) {
  return run.first == run.last ? std::to_string(run.first)
                               : std::to_string(run.first) + "-" + std::to_string(run.last);
}

}  // namespace tillrelay::reconcile
