#include "agent/reconcile/reconciliation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "common/base/json_writer.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/event/identity.h"
#include "common/event/time_text.h"

namespace tillrelay::reconcile {
namespace {

constexpr size_t kMaxGapsTold = 100;
constexpr size_t kMaxGapsShown = 5;
constexpr uint64_t kLookEvery = 50;      // commits
constexpr uint64_t kSharedNumbers = 50;  // fewer prove nothing
constexpr uint64_t kProvingNumbers = 3;  // that two days have both: their counter starts again

// The same time of day, give or take an hour for a clock that was set for the summer.
bool IsDayLater(int64_t then_s, int64_t at_s) {
  constexpr int64_t kHour_s = 60 * 60, kDay_s = 24 * kHour_s;
  const int64_t shift = std::abs(at_s - then_s) % kDay_s;
  return shift == 0 || shift == kHour_s || shift == kDay_s - kHour_s;
}

std::string Padded(uint64_t sequence) { return fmt::format("{:020}", sequence); }

// docs/books.md, "agent_control".
std::string AgentControl(const DaySummary& page, const event::Bookkeeper::Place& place,
                         Numbering numbering) {
  std::string text = "\"agent_control\":";
  JsonWriter json(&text);
  json.BeginObject();
  json.Field("source",
             fmt::format("urn:tillrelay:store:{}:stream:{}", place.store_id, place.stream));
  if (page.events() > 0) {
    json.Field("first_sequence", Padded(page.first_sequence()));
    json.Field("last_sequence", Padded(page.last_sequence()));
  }
  json.Field("event_count", page.events()).Field("transaction_nos_seen", page.numbers());
  json.Key("gaps").BeginArray();
  const auto gaps = page.Gaps();
  for (size_t i = 0; i < gaps.size() && i < kMaxGapsTold; ++i) json.String(RunText(gaps[i]));
  json.EndArray();
  // So that head office counts the same.
  if (numbering != Numbering::kRegister) json.Field("numbering", NumberingWord(numbering));
  json.Field("duplicates_dropped", page.duplicates()).Field("conflicts", page.conflicts());
  if (page.HasSeveralCurrencies()) {
    json.Key("net_amounts").BeginObject();
    for (const auto& [currency, sum] : page.net_by_currency()) json.Field(currency, sum.Text());
    json.EndObject();
  } else if (page.net_amount()) {
    json.Field("net_amount", page.net_amount()->Text());
  }
  json.Key("units_by_bucket").BeginObject();
  for (const auto& [bucket, sum] : page.units()) json.Field(bucket, sum.Text());
  json.EndObject().Field("stream_hash", page.stream_hash()).EndObject();
  text += ",\"result\":";
  JsonWriter(&text).String(page.Result());
  return text;
}

}  // namespace

RegisterRow RowOf(const std::string& key, const DaySummary& page) {
  RegisterRow row;
  const size_t slash = key.find('/');
  row.business_day = key.substr(0, slash);
  row.register_id = key.substr(slash + 1);
  row.heard_at = page.heard_at();
  row.sales = page.Count("sale");
  row.returns = page.Count("return");
  row.others = page.events() - row.sales - row.returns;
  const auto gaps = page.Gaps();
  for (size_t i = 0; i < gaps.size() && i < kMaxGapsShown; ++i) {
    row.gaps += (i == 0 ? "" : ", ") + RunText(gaps[i]);
  }
  if (gaps.size() > kMaxGapsShown) row.gaps += ", ...";
  row.missing = page.missing();
  row.restarts = page.restarts();
  row.duplicates = page.duplicates();
  row.conflicts = page.conflicts();
  row.result = page.Result();
  row.reopened = page.reopened();
  row.unbalanced = row.result == "gaps" || row.result == "mismatch" ||
                   (row.result == "no_totals" && row.missing > 0);
  if (row.unbalanced) row.distance = page.Distance();
  if (page.reported().net_amount) {
    row.reported_net_amount = page.ReportedNetText();
    row.net_amount = page.NetText();
  }
  return row;
}

void Reconciliation::Attach(Load load) {
  load_ = std::move(load);
  pages_.clear();
  changed_.clear();
}

Result<DaySummary*> Reconciliation::SummaryOf(const event::Draft& draft, WallTime now) {
  return PageAt(PageKey(draft.business_day, draft.register_id), now);
}

Result<DaySummary*> Reconciliation::PageAt(const std::string& key, WallTime now) {
  auto at = pages_.find(key);
  if (at == pages_.end()) {
    if (pages_.size() >= kMaxPages && changed_.empty()) pages_.clear();
    auto text = load_(key);
    if (!text.ok()) return std::move(text).status();
    auto page = DaySummary::Parse(*text);
    // A damaged page must not keep a store from selling: the count starts again, and says so.
    if (!page && !text->empty()) log::Error("books", "page {} is damaged, it starts again", key);
    at = pages_.emplace(key, std::move(page).value_or(DaySummary())).first;
  }
  at->second.SetHeardAt(now);
  changed_.insert(key);
  return &at->second;
}

// A sale and a return may bear one number, where all of this day was counted so.
bool Reconciliation::OfAnotherSeries(const event::Draft& draft, const NumberPlace& counted,
                                     const DaySummary& page, const DaySummary& numbers) {
  if (!counted.mixed || !page.CountedInSeries() || !numbers.CountedInSeries()) return false;
  const int64_t returns = page.Count("return");
  const int64_t own = draft.kind == event::Kind::kReturn ? returns : page.events() - returns;
  const bool all_counted = own == 0 || numbers.is_series();
  return all_counted && !numbers.Knows(counted.number);
}

Result<bool> Reconciliation::Reused(const event::Draft& draft,
                                    const std::vector<event::Telling>& known, WallTime now) {
  auto page = SummaryOf(draft, now);
  if (!page.ok()) return std::move(page).status();
  const NumberPlace counted = PlaceOf(rule_, draft);
  if (counted.key.empty()) {
    (*page)->Contradicted();
    return false;
  }
  auto numbers = PageAt(counted.key, now);
  if (!numbers.ok()) return std::move(numbers).status();
  return OfAnotherSeries(draft, counted, **page, **numbers) || (*numbers)->TakeReused(draft, known);
}

// It may be an export's word for a receipt of a day before, with its own time. A counter that runs
// on gives no number twice within a week; one that starts again each day gives them in order.
Result<bool> Reconciliation::ReusedOnAnotherDay(const event::Draft& draft,
                                                const std::vector<event::Telling>& known,
                                                WallTime now) {
  if (DaySummary::IsDeclared(draft.book.register_epoch)) return true;
  const NumberPlace counted = PlaceOf(rule_, draft);
  auto page = counted.key.empty() ? SummaryOf(draft, now) : PageAt(counted.key, now);
  if (!page.ok()) return std::move(page).status();
  const int64_t at_s = draft.book.at_s;
  const bool shifted = !draft.book.time_trusted ||
                       std::any_of(known.begin(), known.end(), [&](const event::Telling& telling) {
                         return !telling.at_s || IsDayLater(*telling.at_s, at_s);
                       });
  if (!shifted && !counted.key.empty() && (*page)->GoesOn(counted.number, at_s)) {
    auto daily = StartsAgainDaily(draft, counted);
    if (!daily.ok() || *daily) return daily;
  }
  if (!counted.key.empty()) (*page)->WaitsFor(counted.number, at_s);
  (*page)->Contradicted();
  return false;
}

Result<DaySummary> Reconciliation::ReadPage(const std::string& key) const {
  const auto at = pages_.find(key);
  if (at != pages_.end()) return at->second;
  auto text = load_(key);
  if (!text.ok()) return std::move(text).status();
  return DaySummary::Parse(*text).value_or(DaySummary());
}

// The last two days before it that have numbers share some: the one behind started again. Nor may
// one that waits on any of the days be the same, moved by whole days.
Result<bool> Reconciliation::StartsAgainDaily(const event::Draft& draft,
                                              const NumberPlace& counted) const {
  const std::string counter = counted.key.substr(draft.business_day.size());
  DaySummary last, before_last;
  const event::Identity& identity = draft.identity;
  for (std::string day = identity.first_day; day <= identity.last_day;
       day = event::DayAfter(day, 1)) {
    auto page = ReadPage(day + counter);
    if (!page.ok()) return std::move(page).status();
    for (const int64_t waiting_s : page->WaitingTimes(counted.number)) {
      if (waiting_s != draft.book.at_s && IsDayLater(waiting_s, draft.book.at_s)) return false;
    }
    if (day >= draft.business_day || page->numbers() == 0) continue;
    before_last = std::exchange(last, *std::move(page));
  }
  return last.SharedNumbers(before_last) >= kProvingNumbers;
}

Result<std::string> Reconciliation::Stored(const event::Draft& draft, const Place& place) {
  TRY(AddDocument(rule_, draft, place.sequence,
                  [&](const std::string& key) { return PageAt(key, place.now); }));
  if (draft.kind != event::Kind::kDayClosed) return std::string();
  auto page = SummaryOf(draft, place.now);
  if (!page.ok()) return std::move(page).status();
  return AgentControl(**page, place, NumberingOf(rule_, draft.register_id));
}

Status Reconciliation::Repeated(const event::Draft& draft, WallTime now) {
  auto page = SummaryOf(draft, now);
  if (page.ok()) (*page)->Repeated();
  return std::move(page).status();
}

std::vector<std::pair<std::string, std::string>> Reconciliation::Changed() {
  std::vector<std::pair<std::string, std::string>> texts;
  texts.reserve(changed_.size());
  for (const std::string& key : changed_) texts.emplace_back(key, pages_.at(key).Text());
  return texts;
}

// They are loaded again where they are needed.
void Reconciliation::Saved() {
  for (const std::string& key : changed_) {
    SeeRestart(key, pages_.at(key).restarts(), pages_.at(key).numbers());
    if (saved_.size() < kMaxRegisters || saved_.contains(key)) {
      saved_.insert_or_assign(key, RowOf(key, pages_.at(key)));
    }
    pages_.erase(key);
  }
  changed_.clear();
}

void Reconciliation::Committed() {
  for (auto& [key, row] : saved_) {
    AssessDay(row);
    Show(std::move(row));
  }
  saved_.clear();
  for (const std::string& key : changed_) {
    const DaySummary& page = pages_.at(key);
    SeeRestart(key, page.restarts(), page.numbers());
    RegisterRow row = RowOf(key, page);
    AssessDay(row);
    Show(std::move(row));
  }
  if (++commits_ % kLookEvery == 0 && !changed_.empty()) {
    const std::string day = changed_.rbegin()->substr(0, changed_.rbegin()->find('/'));
    if (LooksShared(day)) {
      Lock lock(mutex_);
      shared_day_ = day;
    }
  }
  changed_.clear();
}

bool Reconciliation::LooksShared(const std::string& business_day) const {
  std::vector<NumberRuns::Run> all;
  uint64_t registers = 0, numbers = 0, missing_alone = 0;
  for (auto at = pages_.lower_bound(business_day + "/"); at != pages_.end(); ++at) {
    if (!at->first.starts_with(business_day + "/")) break;
    const std::string_view id = std::string_view(at->first).substr(business_day.size() + 1);
    const NumberRuns* runs = IsName(id) ? at->second.OneRun() : nullptr;
    if (runs == nullptr || runs->empty() || at->second.is_series()) continue;
    ++registers;
    numbers += runs->size();
    missing_alone += at->second.missing();
    all.insert(all.end(), runs->all().begin(), runs->all().end());
  }
  if (registers < 2 || numbers < kSharedNumbers || missing_alone < numbers / 2) return false;
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  uint64_t together = 0, twice = 0, next = all.front().first;
  for (const NumberRuns::Run& run : all) {
    if (run.first > next) together += run.first - next;
    if (run.first < next) twice += std::min(next - 1, run.last) - run.first + 1;
    next = std::max(next, run.last + 1);
  }
  return together <= numbers / 20 && twice <= numbers / 100;
}

void Reconciliation::RolledBack() {
  for (const std::string& key : changed_) pages_.erase(key);
  changed_.clear();
  saved_.clear();
}

void Reconciliation::Remember(const std::string& key, const std::string& text) {
  const auto page = DaySummary::Parse(text);
  if (!page) return;
  SeeRestart(key, page->restarts(), page->numbers());
  RegisterRow row = RowOf(key, *page);
  const bool recent =
      remembered_days_.contains(row.business_day) || remembered_days_.size() < kRecentDays;
  if (recent) {
    remembered_days_.insert(row.business_day);
    AssessDay(row);
  }
  Show(std::move(row));
}

// Whether a day balances, as far as it is known since the start.
void Reconciliation::AssessDay(const RegisterRow& row) {
  const std::string key = PageKey(row.business_day, row.register_id);
  Lock lock(mutex_);
  // Of too many the oldest days go.
  if (row.unbalanced) {
    settled_.erase(key);
    unbalanced_[key] = row;
    if (unbalanced_.size() > kMaxJudged) unbalanced_.erase(unbalanced_.begin());
  } else {
    unbalanced_.erase(key);
    if (row.result.empty()) return;
    settled_.insert(key);
    if (settled_.size() > kMaxJudged) settled_.erase(settled_.begin());
  }
}

void Reconciliation::SeeRestart(const std::string& key, uint64_t restarts, uint64_t numbers) {
  if (restarts == 0) return;
  Lock lock(mutex_);
  restarted_[key].first = numbers;
  // Of too many the oldest days go.
  if (restarted_.size() > kMaxJudged) restarted_.erase(restarted_.begin());
}

std::vector<std::string> Reconciliation::TakeRestarted() {
  std::vector<std::string> keys;
  Lock lock(mutex_);
  for (auto& [key, numbers] : restarted_) {
    if (std::exchange(numbers.second, numbers.first) != numbers.first) keys.push_back(key);
  }
  return keys;
}

bool Reconciliation::IsSettled(const std::string& key) const {
  Lock lock(mutex_);
  return settled_.contains(key);
}

std::vector<RegisterRow> Reconciliation::Unbalanced() const {
  std::vector<RegisterRow> rows;
  Lock lock(mutex_);
  for (const auto& [key, row] : unbalanced_) {
    // Numbers that another register may have used prove nothing without totals.
    const bool shared = row.business_day == shared_day_ && row.result == "no_totals";
    if (!shared) rows.push_back(row);
  }
  return rows;
}

// The newest day of each register; a late document of an older day does not hide it.
void Reconciliation::Show(RegisterRow row) {
  if (row.register_id.empty()) return;
  Lock lock(mutex_);
  const auto known = rows_.find(row.register_id);
  if (known == rows_.end()) {
    if (rows_.size() < kMaxRegisters) rows_.emplace(row.register_id, std::move(row));
    return;
  }
  const WallTime heard_at = std::max(known->second.heard_at, row.heard_at);
  if (row.business_day >= known->second.business_day) known->second = std::move(row);
  known->second.heard_at = heard_at;
}

std::vector<RegisterRow> Reconciliation::Registers() const {
  std::vector<RegisterRow> rows;
  Lock lock(mutex_);
  for (const auto& [id, row] : rows_) {
    rows.push_back(row);
    rows.back().shares_counter = IsName(id) && row.business_day == shared_day_ && row.missing > 0;
  }
  return rows;
}

}  // namespace tillrelay::reconcile
