#include "agent/books/day_page.h"

#include <algorithm>
#include <charconv>

#include "common/base/text.h"

namespace tillrelay::books {
namespace {

constexpr size_t kMaxDigits = 18;
constexpr size_t kMaxCloses = 100;
constexpr int64_t kOffsetStep_s = 15 * 60;
constexpr size_t kMaxEpochs = 20;  // a counter that starts again more often proves nothing

void AddTo(std::optional<int64_t>* sum, const std::optional<int64_t>& value) {
  if (value) *sum = sum->value_or(0) + *value;
}

// Sums of a day stay far below the limits of a Decimal; one that does not is left as it is.
void AddTo(std::optional<Decimal>* sum, const std::optional<Decimal>& value) {
  if (!value) return;
  const auto total = sum->value_or(Decimal()).Plus(*value);
  if (total.ok()) *sum = *total;
}

bool Differ(const std::optional<int64_t>& told, int64_t seen) { return told && *told != seen; }

}  // namespace

std::optional<uint64_t> CountedNumber(std::string_view text) {
  if (text.empty() || text.size() > kMaxDigits || !AllDigits(text)) return std::nullopt;
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

void DayPage::Stored(const event::Draft& draft, uint64_t sequence) {
  if (!z_numbers_.empty() && draft.kind != event::Kind::kDayClosed) reopened_ = true;
  if (first_sequence_ == 0) first_sequence_ = sequence;
  if (draft.kind == event::Kind::kDayClosed) return Close(draft);
  last_sequence_ = sequence;
  ++events_;
  ++kinds_[std::string(event::KindWord(draft.kind))];
  if (!draft.book.status.empty()) ++statuses_[draft.book.status];
  if (draft.book.status.empty() || draft.book.status == "completed") {
    AddTo(&net_amount_, draft.book.net_amount);
  }
  for (const auto& [bucket, delta] : draft.book.stock_delta_by_bucket) {
    const auto sum = units_[bucket].Plus(delta);
    if (sum.ok()) units_[bucket] = *sum;
  }
  hash_ = Sha256(std::string(BytesOf(hash_)).append(BytesOf(draft.identity.id)));
}

DayPage::Epoch& DayPage::EpochFor(int64_t at_s, std::optional<int64_t> told) {
  if (epochs_.empty()) epochs_.emplace_back().told = told;
  if (told) {
    for (Epoch& epoch : epochs_) {
      if (!epoch.told) epoch.told = told;
      if (epoch.told == told) return epoch;
    }
    if (epochs_.size() < kMaxEpochs) return Start(at_s, told);
  }
  auto at = epochs_.end() - 1;
  while (at != epochs_.begin() && at->from_s > at_s) --at;
  return *at;
}

DayPage::Epoch& DayPage::Start(int64_t from_s, std::optional<int64_t> told) {
  const auto later = [from_s](const Epoch& epoch) { return epoch.from_s > from_s; };
  return *epochs_.insert(std::find_if(epochs_.begin(), epochs_.end(), later),
                         Epoch{from_s, told, {}});
}

void DayPage::CountNumber(const event::Draft& draft, std::string_view counted) {
  const auto number = CountedNumber(counted);
  if (!number) return;
  const int64_t at_s = draft.book.at_s;
  if (draft.book.time_trusted) Confirm(*number, at_s);
  Epoch& epoch = EpochFor(at_s, draft.book.register_epoch);
  if (draft.book.time_trusted && LooksLikeJump(epoch, *number, at_s)) {
    Suspected({*number, at_s, true});
  } else if (!epoch.runs.Add(*number)) {
    scattered_ = true;
  }
  if (at_s >= last_at_s_) {
    last_at_s_ = at_s;
    last_no_ = *number;
  }
}

bool DayPage::LooksLikeJump(const Epoch& epoch, uint64_t number, int64_t at_s) const {
  if (epoch.runs.empty() || at_s <= last_at_s_ || number > last_no_) return false;
  return number < epoch.runs.first() || epoch.runs.Contains(number);
}

// One suspicion at a time: an older one that nothing followed was a straggler.
void DayPage::Suspected(Suspect suspect) {
  if (suspect_ && suspect_->stored) {
    if (!EpochFor(suspect_->at_s, {}).runs.Add(suspect_->number)) scattered_ = true;
  }
  suspect_ = suspect;
}

void DayPage::Confirm(uint64_t number, int64_t at_s) {
  if (!suspect_ || at_s <= suspect_->at_s || number <= suspect_->number) return;
  if (number - suspect_->number > kFollowWithin || epochs_.size() >= kMaxEpochs) return;
  Epoch& fresh = Start(suspect_->at_s, {});
  if (suspect_->stored) fresh.runs.Add(suspect_->number);
  last_no_ = suspect_->number;
  last_at_s_ = suspect_->at_s;
  suspect_.reset();
}

bool DayPage::Knows(std::string_view text) const {
  const auto number = CountedNumber(text);
  if (!number || scattered_) return true;
  if (suspect_ && suspect_->number == *number) return true;
  return std::any_of(epochs_.begin(), epochs_.end(),
                     [&](const Epoch& epoch) { return epoch.runs.Contains(*number); });
}

// An export with another offset tells the same receipt whole quarters of an hour apart.
bool DayPage::Fits(const Epoch& here, uint64_t number, int64_t apart_s) const {
  return apart_s % kOffsetStep_s != 0 && number <= here.runs.last() + kFollowWithin;
}

bool DayPage::TakeReused(const event::Draft& draft, std::optional<int64_t> known_at_s,
                         bool same_goods) {
  const auto number = CountedNumber(draft.number);
  const int64_t at_s = draft.book.at_s;
  if (number && known_at_s && draft.book.time_trusted &&
      std::abs(at_s - *known_at_s) > kReuseApart_s) {
    // Another business day's, where numbers start again each day: but for an export with an offset.
    const auto& day = draft.book.day_s;
    const bool other_day = day && (*known_at_s < day->first || *known_at_s >= day->second);
    if (other_day && (at_s - *known_at_s) % kOffsetStep_s != 0) return true;
    Confirm(*number, at_s);
    const Epoch& here = EpochFor(at_s, draft.book.register_epoch);
    const bool another = &here != &EpochFor(*known_at_s, {}) && !here.runs.Contains(*number);
    const bool told = draft.book.register_epoch.has_value();
    if (another && (!same_goods || told || Fits(here, *number, at_s - *known_at_s))) return true;
    if (LooksLikeJump(here, *number, at_s)) Suspected({*number, at_s, false});
  }
  ++conflicts_;
  return false;
}

void DayPage::Close(const event::Draft& draft) {
  if (z_numbers_.size() < kMaxCloses) z_numbers_.push_back(draft.number);
  const event::PosControl& told = *draft.book.told;
  const auto first = CountedNumber(told.first_transaction_no);
  const auto last = CountedNumber(told.last_transaction_no);
  if (first) told_.first_no = std::min(told_.first_no.value_or(*first), *first);
  if (last) told_.last_no = std::max(told_.last_no.value_or(*last), *last);
  AddTo(&told_.transactions, told.transaction_count);
  AddTo(&told_.sales, told.sale_count);
  AddTo(&told_.returns, told.return_count);
  AddTo(&told_.post_voids, told.post_void_count);
  AddTo(&told_.net_amount, told.net_amount);
  for (const auto& [status, count] : told.by_status) told_.by_status[status] += count;
  told_.anything = told_.first_no || told_.last_no || told_.transactions || told_.sales ||
                   told_.returns || told_.post_voids || told_.net_amount ||
                   !told_.by_status.empty();
}

std::vector<NumberRuns::Run> DayPage::Gaps() const {
  std::vector<NumberRuns::Run> gaps;
  for (size_t i = 0; i < epochs_.size(); ++i) {
    const NumberRuns& runs = epochs_[i].runs;
    if (runs.empty()) continue;
    uint64_t from = runs.first(), through = runs.last();
    // What the register told is about its whole day, so about its one run of numbers.
    if (epochs_.size() == 1) {
      from = std::min(from, told_.first_no.value_or(from));
      through = std::max(through, told_.last_no.value_or(through));
    }
    const auto missing = runs.Missing(from, through);
    gaps.insert(gaps.end(), missing.begin(), missing.end());
  }
  return gaps;
}

uint64_t DayPage::missing() const {
  uint64_t count = 0;
  for (const auto& gap : Gaps()) count += gap.last - gap.first + 1;
  return count;
}

uint64_t DayPage::numbers() const {
  uint64_t count = suspect_ && suspect_->stored ? 1 : 0;
  for (const Epoch& epoch : epochs_) count += epoch.runs.size();
  return count;
}

int64_t DayPage::Count(std::string_view kind) const {
  const auto found = kinds_.find(kind);
  return found == kinds_.end() ? 0 : found->second;
}

bool DayPage::CountsDiffer() const {
  if (Differ(told_.transactions, events_) || Differ(told_.returns, Count("return")) ||
      Differ(told_.post_voids, Count("transaction_voided"))) {
    return true;
  }
  // A register counts a sale that took goods back either way.
  const int64_t sales = Count("sale");
  if (told_.sales && *told_.sales != sales && *told_.sales != sales + Count("exchange")) {
    return true;
  }
  for (const auto& [status, count] : told_.by_status) {
    const auto seen = statuses_.find(status);
    if (count != (seen == statuses_.end() ? 0 : seen->second)) return true;
  }
  return told_.net_amount && *told_.net_amount != net_amount_.value_or(Decimal());
}

std::string DayPage::Result() const {
  if (z_numbers_.empty()) return "";
  if (!told_.anything) return "no_totals";
  if (!Gaps().empty()) return "gaps";
  return CountsDiffer() ? "mismatch" : "balanced";
}

std::string DayPage::stream_hash() const { return ToHex(BytesOf(hash_)); }

}  // namespace tillrelay::books
