// From the newest row down, a piece at a time, with a business day's own time first.
#include <algorithm>
#include <utility>

#include "agent/journal/query/search.h"
#include "common/event/time_text.h"

namespace tillrelay::journal {
namespace {

// The shop's day on whatever clock lies in here. What a register told later comes after it.
constexpr auto kDaysBefore = std::chrono::days(1);
constexpr auto kDaysBehind = std::chrono::days(2);
constexpr uint64_t kTop = (uint64_t{1} << 53) - 1;  // above every position; exact in JSON

}  // namespace

// Positions from `low` to below `high` are looked at before all others; then what is above them,
// then what is below. Empty: from the top down.
struct Search::Window {
  uint64_t low = 0, high = 0;
};

struct Search::Scan {
  Window window;
  uint64_t before = kTop;  // the next row to look at is below
  size_t looked = 0;
  bool ended = false;
  EventAnswer answer;

  // The lowest position of this stretch, and where the next one begins.
  std::pair<uint64_t, uint64_t> Stretch() const {
    if (before > window.high) return {window.high, window.low};
    if (before > window.low) return {window.low, kTop};
    return {0, 0};
  }
};

Result<Search::Window> Search::WindowOf(const std::string& business_day) {
  const auto day = event::ParseUtc(business_day + "T00:00:00Z");
  if (!day.ok()) return Window();
  auto low = FirstRecordedFrom(*day - kDaysBefore);
  if (!low.ok()) return std::move(low).status();
  auto high = FirstRecordedFrom(*day + kDaysBehind);
  if (!high.ok()) return std::move(high).status();
  return *low < *high ? Window{*low, *high} : Window();
}

// At most kPieceRows rows, and not more than `rows`.
Status Search::LookAtPiece(const EventQuery& query, size_t rows, Scan* scan) {
  const size_t piece = std::min(rows, kPieceRows), most = std::min(query.limit, kMaxAnswer);
  const bool by_text = !query.text.empty();
  const auto [floor, next] = scan->Stretch();
  const auto leave = [scan, next = next] {
    scan->before = next;
    scan->ended = next == 0;
  };
  descending_.Bind(1, scan->before).Bind(2, static_cast<uint64_t>(piece));
  descending_.Bind(3, by_text ? 1 : 0).Bind(4, floor);
  for (size_t looked = 0; looked < piece && scan->answer.events.size() < most; ++looked) {
    auto row = descending_.Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) {
      leave();
      return Status::Ok();
    }
    ++scan->looked;
    scan->before = descending_.Unsigned(0);
    const bool fits = (query.kind.empty() || descending_.Text(2) == query.kind) &&
                      SubjectFits(descending_.Text(3), query) &&
                      (!by_text || descending_.Text(6).find(query.text) != std::string_view::npos);
    if (!fits) continue;
    if (Status s = Fill(descending_, false, &scan->answer.events.emplace_back()); !s.ok()) {
      descending_.Reset();
      return s;
    }
  }
  descending_.Reset();
  if (scan->before == floor) leave();
  return Status::Ok();
}

Result<EventAnswer> Search::Backwards(const EventQuery& query) {
  const size_t bound = query.text.empty() ? kScanRows : kTextRows;
  Scan scan;
  if (!query.business_day.empty()) {
    auto window = WindowOf(query.business_day);
    if (!window.ok()) return std::move(window).status();
    scan.window = *window;
    if (window->high > 0) scan.before = window->high;
  }
  scan.before = query.before.value_or(scan.before);
  while (!scan.ended && scan.looked < bound &&
         scan.answer.events.size() < std::min(query.limit, kMaxAnswer)) {
    TRY(LookAtPiece(query, bound - scan.looked, &scan));
  }
  if (!scan.ended) scan.answer.go_on_before = scan.before;
  return std::move(scan.answer);
}

}  // namespace tillrelay::journal
