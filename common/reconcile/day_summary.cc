#include "common/reconcile/day_summary.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "common/base/text.h"

namespace tillrelay::reconcile {
namespace {

constexpr size_t kMaxDigits = 18;
constexpr size_t kMaxCloses = 100;
constexpr int64_t kOffsetStep_s = 15 * 60;
constexpr int64_t kHundredth = Decimal::kUnit / 100;
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

void AddTo(std::map<std::string, Decimal>* sums, const std::string& currency,
           const std::optional<Decimal>& value) {
  if (!value) return;
  Decimal& sum = (*sums)[currency];
  if (const auto total = sum.Plus(*value); total.ok()) sum = *total;
}

// The one currency that is named, "" if none is; nothing if several are.
std::optional<std::string> OneCurrency(const std::map<std::string, Decimal>& sums) {
  std::string one;
  for (const auto& [currency, sum] : sums) {
    if (currency.empty()) continue;
    if (!one.empty()) return std::nullopt;
    one = currency;
  }
  return one;
}

bool Differ(const std::optional<int64_t>& reported, int64_t seen) {
  return reported && *reported != seen;
}

}  // namespace

std::optional<uint64_t> CountedNumber(std::string_view text) {
  if (text.empty() || text.size() > kMaxDigits || !AllDigits(text)) return std::nullopt;
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

void DaySummary::Stored(const event::Draft& draft, uint64_t sequence) {
  if (!z_numbers_.empty() && draft.kind != event::Kind::kDayClosed) reopened_ = true;
  if (first_sequence_ == 0) first_sequence_ = sequence;
  if (draft.kind == event::Kind::kDayClosed) return Close(draft);
  last_sequence_ = sequence;
  ++events_;
  ++kinds_[std::string(event::KindWord(draft.kind))];
  if (!draft.book.status.empty()) ++statuses_[draft.book.status];
  if (draft.book.status.empty() || draft.book.status == "completed") {
    AddTo(&net_amount_, draft.book.net_amount);
    AddTo(&net_by_currency_, draft.book.currency, draft.book.net_amount);
  }
  for (const auto& [bucket, delta] : draft.book.stock_delta_by_bucket) {
    const auto sum = units_[bucket].Plus(delta);
    if (sum.ok()) units_[bucket] = *sum;
  }
  hash_ = Sha256(std::string(BytesOf(hash_)).append(BytesOf(draft.identity.id)));
}

DaySummary::Epoch& DaySummary::EpochFor(int64_t at_s, std::optional<int64_t> reported) {
  if (epochs_.empty()) epochs_.emplace_back().reported = reported;
  if (reported) {
    for (Epoch& epoch : epochs_) {
      if (!epoch.reported) epoch.reported = reported;
      if (epoch.reported == reported) return epoch;
    }
    if (epochs_.size() < kMaxEpochs) return Start(at_s, reported);
  }
  auto at = epochs_.end() - 1;
  while (at != epochs_.begin() && at->from_s > at_s) --at;
  return *at;
}

DaySummary::Epoch& DaySummary::Start(int64_t from_s, std::optional<int64_t> reported) {
  const auto later = [from_s](const Epoch& epoch) { return epoch.from_s > from_s; };
  return *epochs_.insert(std::find_if(epochs_.begin(), epochs_.end(), later),
                         Epoch{from_s, reported, {}});
}

void DaySummary::CountNumber(const event::Draft& draft, std::string_view counted) {
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

bool DaySummary::LooksLikeJump(const Epoch& epoch, uint64_t number, int64_t at_s) const {
  if (epoch.runs.empty() || at_s <= last_at_s_ || number > last_no_) return false;
  return number < epoch.runs.first() || epoch.runs.Contains(number);
}

// One suspicion at a time: an older one that nothing followed was a straggler.
void DaySummary::Suspected(Suspect suspect) {
  if (suspect_ && suspect_->stored) {
    if (!EpochFor(suspect_->at_s, {}).runs.Add(suspect_->number)) scattered_ = true;
  }
  suspect_ = suspect;
}

void DaySummary::Confirm(uint64_t number, int64_t at_s) {
  if (!suspect_ || at_s <= suspect_->at_s || number <= suspect_->number) return;
  if (number - suspect_->number > kFollowWithin || epochs_.size() >= kMaxEpochs) return;
  Epoch& fresh = Start(suspect_->at_s, {});
  if (suspect_->stored) fresh.runs.Add(suspect_->number);
  last_no_ = suspect_->number;
  last_at_s_ = suspect_->at_s;
  suspect_.reset();
}

bool DaySummary::Knows(std::string_view text) const {
  const auto number = CountedNumber(text);
  if (!number || scattered_) return true;
  if (suspect_ && suspect_->number == *number) return true;
  return std::any_of(epochs_.begin(), epochs_.end(),
                     [&](const Epoch& epoch) { return epoch.runs.Contains(*number); });
}

// An export with another offset tells the same receipt whole quarters of an hour apart.
bool DaySummary::Fits(const Epoch& here, uint64_t number, int64_t apart_s) const {
  return apart_s % kOffsetStep_s != 0 && number <= here.runs.last() + kFollowWithin;
}

bool DaySummary::TakeReused(const event::Draft& draft, std::optional<int64_t> known_at_s,
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
    const bool reported = draft.book.register_epoch.has_value();
    if (another && (!same_goods || reported || Fits(here, *number, at_s - *known_at_s)))
      return true;
    if (LooksLikeJump(here, *number, at_s)) Suspected({*number, at_s, false});
  }
  ++conflicts_;
  return false;
}

void DaySummary::Close(const event::Draft& draft) {
  if (z_numbers_.size() < kMaxCloses) z_numbers_.push_back(draft.number);
  const event::PosControl& reported = *draft.book.reported;
  const auto first = CountedNumber(reported.first_transaction_no);
  const auto last = CountedNumber(reported.last_transaction_no);
  if (first) reported_.first_no = std::min(reported_.first_no.value_or(*first), *first);
  if (last) reported_.last_no = std::max(reported_.last_no.value_or(*last), *last);
  AddTo(&reported_.transactions, reported.transaction_count);
  AddTo(&reported_.sales, reported.sale_count);
  AddTo(&reported_.returns, reported.return_count);
  AddTo(&reported_.post_voids, reported.post_void_count);
  AddTo(&reported_.net_amount, reported.net_amount);
  AddTo(&reported_.net_by_currency, draft.book.currency, reported.net_amount);
  for (const auto& [status, count] : reported.by_status) reported_.by_status[status] += count;
  reported_.anything = reported_.first_no || reported_.last_no || reported_.transactions ||
                       reported_.sales || reported_.returns || reported_.post_voids ||
                       reported_.net_amount || !reported_.by_status.empty();
}

std::vector<NumberRuns::Run> DaySummary::Gaps() const {
  std::vector<NumberRuns::Run> gaps;
  for (size_t i = 0; i < epochs_.size(); ++i) {
    const NumberRuns& runs = epochs_[i].runs;
    if (runs.empty()) continue;
    uint64_t from = runs.first(), through = runs.last();
    // What the register told is about its whole day, so about its one run of numbers.
    if (epochs_.size() == 1) {
      from = std::min(from, reported_.first_no.value_or(from));
      through = std::max(through, reported_.last_no.value_or(through));
    }
    const auto missing = runs.Missing(from, through);
    gaps.insert(gaps.end(), missing.begin(), missing.end());
  }
  return gaps;
}

uint64_t DaySummary::missing() const {
  uint64_t count = 0;
  for (const auto& gap : Gaps()) count += gap.last - gap.first + 1;
  return count;
}

uint64_t DaySummary::numbers() const {
  uint64_t count = suspect_ && suspect_->stored ? 1 : 0;
  for (const Epoch& epoch : epochs_) count += epoch.runs.size();
  return count;
}

int64_t DaySummary::Count(std::string_view kind) const {
  const auto found = kinds_.find(kind);
  return found == kinds_.end() ? 0 : found->second;
}

bool DaySummary::CountsDiffer() const {
  if (Differ(reported_.transactions, events_) || Differ(reported_.returns, Count("return")) ||
      Differ(reported_.post_voids, Count("transaction_voided"))) {
    return true;
  }
  // A register counts a sale that took goods back either way.
  const int64_t sales = Count("sale");
  if (reported_.sales && *reported_.sales != sales &&
      *reported_.sales != sales + Count("exchange")) {
    return true;
  }
  for (const auto& [status, count] : reported_.by_status) {
    const auto seen = statuses_.find(status);
    if (count != (seen == statuses_.end() ? 0 : seen->second)) return true;
  }
  return NetDiffers();
}

bool DaySummary::HasSeveralCurrencies() const { return !OneCurrency(net_by_currency_); }

std::string DaySummary::NetText() const {
  if (!HasSeveralCurrencies()) return net_amount_.value_or(Decimal()).Text();
  std::string text;
  for (const auto& [currency, sum] : net_by_currency_) {
    text += (text.empty() ? "" : ", ") + sum.Text() + " " + currency;
  }
  return text;
}

// Amounts of several currencies are compared one by one; one that names no currency, or a currency
// that nobody reported, proves nothing.
bool DaySummary::NetDiffers() const {
  if (!reported_.net_amount) return false;
  const auto ours = OneCurrency(net_by_currency_), theirs = OneCurrency(reported_.net_by_currency);
  if (ours && theirs && (ours->empty() || theirs->empty() || *ours == *theirs)) {
    return *reported_.net_amount != net_amount_.value_or(Decimal());
  }
  std::map<std::string, Decimal> left = net_by_currency_;
  for (const auto& [currency, sum] : reported_.net_by_currency) {
    if (currency.empty() || left[currency] != sum) return true;
    left.erase(currency);
  }
  return std::any_of(left.begin(), left.end(), [](const auto& sum) { return !sum.second.zero(); });
}

std::string DaySummary::Result() const {
  if (z_numbers_.empty()) return "";
  if (!reported_.anything) return "no_totals";
  if (!Gaps().empty()) return "gaps";
  return CountsDiffer() ? "mismatch" : "balanced";
}

uint64_t DaySummary::Distance() const {
  uint64_t apart = missing();
  const auto add = [&apart](const std::optional<int64_t>& reported, int64_t seen) {
    if (reported) apart += static_cast<uint64_t>(std::abs(*reported - seen));
  };
  add(reported_.transactions, events_);
  add(reported_.returns, Count("return"));
  add(reported_.post_voids, Count("transaction_voided"));
  for (const auto& [status, count] : reported_.by_status) {
    const auto seen = statuses_.find(status);
    add(count, seen == statuses_.end() ? 0 : seen->second);
  }
  if (reported_.net_amount) {
    const int64_t ours = net_amount_.value_or(Decimal()).micros();
    const int64_t micros = std::abs(reported_.net_amount->micros() - ours);
    apart += static_cast<uint64_t>((micros + kHundredth - 1) / kHundredth);
  }
  if (apart == 0 && NetDiffers()) apart = 1;  // of several currencies
  return apart;
}

std::string DaySummary::stream_hash() const { return ToHex(BytesOf(hash_)); }

}  // namespace tillrelay::reconcile
