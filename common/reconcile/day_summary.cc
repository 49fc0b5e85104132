#include "common/reconcile/day_summary.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <utility>

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

int64_t LeastTime(uint64_t numbers) {
  return DaySummary::kLeastPace_s * static_cast<int64_t>(std::min<uint64_t>(numbers, 1'000'000));
}

// Whether one till can have made both receipts: the higher number later, and not too fast.
bool Paced(uint64_t number, int64_t at_s, uint64_t other, int64_t other_at_s) {
  if (number < other) return Paced(other, other_at_s, number, at_s);
  return at_s - other_at_s >= LeastTime(number - other);
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

bool DaySummary::IsDeclared(const std::optional<int64_t>& epoch) {
  return epoch && *epoch > kDeclaredEpoch - kMaxRestarts;
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

// By its time; but one whose number is not higher than that of an earlier document of the run is
// not of that run where another one follows.
DaySummary::Epoch& DaySummary::EpochFor(int64_t at_s, std::optional<int64_t> reported,
                                        uint64_t number) {
  if (epochs_.empty()) Start(at_s, reported);
  auto at = epochs_.end() - 1;
  while (at != epochs_.begin() && at->from_s > at_s) --at;
  const bool back =
      !at->runs.empty() && number <= at->runs.last() && at_s > at->last_at_s + kOpenTogether_s;
  if (back && at + 1 != epochs_.end()) ++at;
  if (!reported || IsDeclared(reported)) return *at;
  for (Epoch& epoch : epochs_) {
    if (epoch.reported == reported) return epoch;
  }
  const bool jumped = at == epochs_.begin() && number <= at->runs.last() && at_s > at->last_at_s;
  if (!at->reported && !jumped) {
    at->reported = reported;
    return *at;
  }
  return epochs_.size() < kMaxEpochs ? Start(at_s, reported) : *at;
}

DaySummary::Epoch& DaySummary::Start(int64_t from_s, std::optional<int64_t> reported) {
  const auto later = [from_s](const Epoch& epoch) { return epoch.from_s > from_s; };
  Epoch fresh;
  fresh.from_s = from_s;
  fresh.reported = reported;
  return *epochs_.insert(std::find_if(epochs_.begin(), epochs_.end(), later), fresh);
}

void DaySummary::CountNumber(const event::Draft& draft, std::string_view counted) {
  const auto number = CountedNumber(counted);
  if (!number) return;
  const int64_t at_s = draft.book.at_s;
  const bool trusted = draft.book.time_trusted;
  if (trusted) Confirm({*number, at_s, true});
  Epoch& epoch = EpochFor(at_s, draft.book.register_epoch, *number);
  if (trusted && !draft.book.register_epoch && LooksLikeJump(epoch, *number, at_s)) {
    Suspected({*number, at_s, true});
  } else {
    Count(&epoch, *number, at_s);
  }
  if (at_s >= last_at_s_) {
    last_at_s_ = at_s;
    last_no_ = *number;
  }
}

void DaySummary::Count(Epoch* epoch, uint64_t number, int64_t at_s) {
  const bool highest = epoch->runs.empty() || number > epoch->runs.last();
  if (!epoch->runs.Add(number)) scattered_ = true;
  if (highest) epoch->last_at_s = at_s;
  DropMarks(epoch);
  std::erase_if(waiting_, [number](const Mark& mark) { return mark.number == number; });
  if (at_s >= epoch->from_s) return;
  epoch->from_s = at_s;
  std::stable_sort(epochs_.begin(), epochs_.end(),
                   [](const Epoch& a, const Epoch& b) { return a.from_s < b.from_s; });
}

void DaySummary::AddMark(Epoch* epoch, uint64_t number, int64_t at_s) {
  auto& marks = epoch->marks;
  const auto next = std::find_if(marks.begin(), marks.end(),
                                 [number](const Mark& mark) { return mark.number >= number; });
  const bool behind = next == marks.begin() || (next - 1)->at_s < at_s;
  const bool before = next == marks.end() || (next->number > number && next->at_s > at_s);
  if (behind && before) marks.insert(next, {number, at_s});
}

void DaySummary::DropMarks(Epoch* epoch) {
  std::vector<Mark> kept;
  const std::vector<Mark>& marks = epoch->marks;
  const auto hole = [&](size_t i) {  // between this one and the next
    return i + 1 < marks.size() &&
           !epoch->runs.Missing(marks[i].number, marks[i + 1].number).empty();
  };
  for (size_t i = 0; i < marks.size(); ++i) {
    if (i + 1 == marks.size() || hole(i) || (i > 0 && hole(i - 1))) kept.push_back(marks[i]);
  }
  if (kept.size() > kMaxMarks) kept.erase(kept.begin());
  epoch->marks = std::move(kept);
}

bool DaySummary::LooksLikeJump(const Epoch& epoch, uint64_t number, int64_t at_s) const {
  if (epoch.runs.empty() || at_s <= epoch.last_at_s || number > epoch.runs.last()) return false;
  return number < epoch.runs.first() || epoch.runs.Contains(number);
}

// One behind which its old run went on was a straggler, and so is the oldest of too many.
void DaySummary::Suspected(Suspect suspect) {
  const auto same = [&](const Suspect& other) {
    return other.number == suspect.number && other.at_s == suspect.at_s;
  };
  if (std::any_of(suspects_.begin(), suspects_.end(), same)) return;
  const std::vector<Suspect> former = std::exchange(suspects_, {});
  for (size_t i = 0; i < former.size(); ++i) {
    Epoch& run = EpochFor(former[i].at_s, {});
    const bool straggler = run.last_at_s > former[i].at_s || i + kMaxSuspects <= former.size();
    if (!straggler) suspects_.push_back(former[i]);
    if (straggler && former[i].stored) Count(&run, former[i].number, former[i].at_s);
  }
  suspects_.push_back(suspect);
}

// Number and time both go on; of what is not stored, not faster than a till can.
bool DaySummary::Follows(const Suspect& suspect, const Suspect& next) {
  if (next.number <= suspect.number || next.at_s <= suspect.at_s) return false;
  if (next.number - suspect.number > kFollowWithin) return false;
  return suspect.stored || next.stored ||
         Paced(next.number, next.at_s, suspect.number, suspect.at_s);
}

void DaySummary::Confirm(const Suspect& next) {
  if (epochs_.size() >= kMaxEpochs) return;
  for (const Suspect& suspect : suspects_) {
    const Epoch& run = EpochFor(suspect.at_s, {}, suspect.number);
    if (!LooksLikeJump(run, suspect.number, suspect.at_s)) continue;  // its run is known by now
    const bool later = Follows(suspect, next);
    if (!later && !Follows(next, suspect)) continue;
    const Suspect& first = later ? suspect : next;
    Begin(first);
    return Move(Suspect(first));
  }
}

// A run that was seen to begin later, with a higher number, begins here already.
void DaySummary::Begin(const Suspect& first) {
  for (size_t i = 1; i < epochs_.size(); ++i) {
    Epoch& next = epochs_[i];
    if (next.from_s <= first.at_s) continue;
    if ((next.runs.empty() ? next.begun_no : next.runs.first()) <= first.number) break;
    next.from_s = first.at_s;
    return;
  }
  Start(first.at_s, {}).begun_no = first.number;
}

// What was stored and waited behind the jump belongs to its run.
void DaySummary::Move(const Suspect& first) {
  const std::vector<Suspect> suspects = std::exchange(suspects_, {});
  for (const Suspect& suspect : suspects) {
    if (suspect.at_s < first.at_s) {
      suspects_.push_back(suspect);
    } else if (suspect.stored) {
      Count(&EpochFor(suspect.at_s, {}, suspect.number), suspect.number, suspect.at_s);
    }
  }
  last_no_ = first.number;
  last_at_s_ = first.at_s;
}

bool DaySummary::Knows(std::string_view text) const {
  const auto number = CountedNumber(text);
  if (!number || scattered_) return true;
  for (const Suspect& suspect : suspects_) {
    if (suspect.number == *number) return true;
  }
  return std::any_of(epochs_.begin(), epochs_.end(),
                     [&](const Epoch& epoch) { return epoch.runs.Contains(*number); });
}

uint64_t DaySummary::SharedNumbers(const DaySummary& other) const {
  uint64_t shared = 0;
  for (const Epoch& ours : epochs_) {
    for (const Epoch& theirs : other.epochs_) shared += ours.runs.Shared(theirs.runs);
  }
  return shared;
}

bool DaySummary::GoesOn(std::string_view text, int64_t at_s) const {
  const auto number = CountedNumber(text);
  if (!number || scattered_) return false;
  return std::all_of(epochs_.begin(), epochs_.end(), [&](const Epoch& epoch) {
    const NumberRuns& runs = epoch.runs;
    return runs.empty() ||
           (*number > runs.last() && Paced(*number, at_s, runs.last(), epoch.last_at_s));
  });
}

void DaySummary::WaitsFor(std::string_view text, int64_t at_s) {
  const auto number = CountedNumber(text);
  const auto times = WaitingTimes(text);
  if (number && std::find(times.begin(), times.end(), at_s) == times.end()) Wait({*number, at_s});
}

std::vector<int64_t> DaySummary::WaitingTimes(std::string_view text) const {
  std::vector<int64_t> times;
  const auto number = CountedNumber(text);
  for (const Mark& mark : waiting_) {
    if (mark.number == number) times.push_back(mark.at_s);
  }
  return times;
}

bool DaySummary::InOrder(const Epoch& here, uint64_t number, int64_t at_s) {
  if (here.runs.empty()) return number <= here.begun_no + kFollowWithin;
  if (number > here.runs.last()) return at_s > here.last_at_s - kOpenTogether_s;
  return at_s < here.last_at_s + kOpenTogether_s;
}

// An export may stamp what it tells with any time, so that order alone proves nothing. What no
// export does: to tell receipts that were never told before on both sides of this one.
bool DaySummary::IsBetween(const Epoch& here, uint64_t number, int64_t at_s) {
  const auto above = std::find_if(here.marks.begin(), here.marks.end(),
                                  [number](const Mark& mark) { return mark.number > number; });
  if (above == here.marks.begin() || above == here.marks.end()) return false;
  const Mark& below = *(above - 1);
  return above->number - below.number <= kMostBetween && at_s > below.at_s && at_s < above->at_s;
}

bool DaySummary::IsFree(const Epoch& here, uint64_t number,
                        const std::vector<event::Telling>& known) {
  if (here.runs.Contains(number)) return false;
  return std::none_of(known.begin(), known.end(), [&](const event::Telling& telling) {
    return &EpochFor(*telling.at_s, {}, number) == &here;
  });
}

bool DaySummary::MayBeLate(uint64_t number, const Epoch* but) const {
  return std::any_of(epochs_.begin(), epochs_.end(), [&](const Epoch& epoch) {
    return &epoch != but && !epoch.runs.empty() && !epoch.runs.Contains(number);
  });
}

bool DaySummary::MakeRunFor(uint64_t number, int64_t at_s, const std::vector<event::Telling>& known,
                            int restarts) {
  const Epoch& here = EpochFor(at_s, {}, number);
  if (IsFree(here, number, known)) return true;
  const size_t next = static_cast<size_t>(&here - epochs_.data()) + 1;
  if (here.from_s <= at_s && next < epochs_.size() && IsFree(epochs_[next], number, known)) {
    epochs_[next].from_s = std::min(epochs_[next].from_s, at_s);
    return true;
  }
  const auto declared = std::count_if(epochs_.begin(), epochs_.end(), [](const Epoch& epoch) {
    return epoch.reported == kDeclaredEpoch;
  });
  if (declared >= restarts || epochs_.size() >= kMaxEpochs) return false;
  Start(at_s, kDeclaredEpoch);
  return true;
}

bool DaySummary::TakeReused(const event::Draft& draft, const std::vector<event::Telling>& known) {
  const auto number = CountedNumber(draft.number);
  if (number && draft.book.time_trusted && IsReal(draft, *number, known)) return true;
  ++conflicts_;
  return false;
}

bool DaySummary::IsReal(const event::Draft& draft, uint64_t number,
                        const std::vector<event::Telling>& known) {
  const int64_t at_s = draft.book.at_s;
  const auto all = [&known](const auto& holds) {
    return std::all_of(known.begin(), known.end(), holds);
  };
  const auto apart = [at_s](const event::Telling& telling) {
    return telling.at_s && std::abs(at_s - *telling.at_s) > kReuseApart_s;
  };
  if (!all(apart)) return false;
  const bool other_goods = all([](const event::Telling& telling) { return !telling.same_goods; });
  // An export with another offset tells the same receipt whole quarters of an hour apart.
  const auto shifted = [at_s](const event::Telling& telling) {
    return (at_s - *telling.at_s) % kOffsetStep_s == 0;
  };
  // Of another business day, where numbers start again each day.
  const auto& day = draft.book.day_s;
  const bool other_day =
      day && all([&](const event::Telling& telling) {
        return (*telling.at_s < day->first || *telling.at_s >= day->second) && !shifted(telling);
      });
  if (other_day && other_goods) return true;
  const std::optional<int64_t> reported = draft.book.register_epoch;
  if (IsDeclared(reported)) {
    return MakeRunFor(number, at_s, known, static_cast<int>(kDeclaredEpoch - *reported) + 1);
  }
  const bool proves = other_goods && !MayBeLate(number, nullptr);
  if (proves) Confirm({number, at_s, false});
  Epoch& here = EpochFor(at_s, reported, number);
  if (IsFree(here, number, known)) {
    if (reported) return true;
    if (other_goods && InOrder(here, number, at_s)) {
      if (!MayBeLate(number, &here)) AddMark(&here, number, at_s);
      return true;
    }
    const bool quarters = std::any_of(
        known.begin(), known.end(),
        [&](const event::Telling& telling) { return telling.same_goods && shifted(telling); });
    if (!other_goods && !quarters && !IsToldAgainAt(at_s) && IsBetween(here, number, at_s) &&
        !IsContested(here, number, at_s)) {
      AddMark(&here, number, at_s);
      return true;
    }
    if (!other_goods) SeeWaiting(here, number, at_s);
  } else if (!other_goods) {
    if (!here.marks.empty() && here.runs.Contains(number)) SeeToldAgain(at_s);
    if (here.marks.empty()) SeeWaiting(here, number, at_s);  // its run may not be seen yet
  }
  if (proves && LooksLikeJump(here, number, at_s)) Suspected({number, at_s, false});
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
  uint64_t count = static_cast<uint64_t>(std::count_if(
      suspects_.begin(), suspects_.end(), [](const Suspect& suspect) { return suspect.stored; }));
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

bool NetComparison::differs() const {
  return reported.value_or(Decimal()) != came.value_or(Decimal());
}

std::optional<Decimal> NetComparison::difference() const {
  const auto apart = came.value_or(Decimal()).Plus(-reported.value_or(Decimal()));
  return apart.ok() ? std::optional(*apart) : std::nullopt;
}

std::string AmountsText(const std::map<std::string, Decimal>& sums) {
  std::string text;
  for (const auto& [currency, sum] : sums) {
    text.append(text.empty() ? "" : ", ").append(sum.Text());
    text.append(" ").append(currency.empty() ? "(no currency)" : currency);
  }
  return text.empty() ? "0" : text;
}

bool DaySummary::IsOfOneCurrency() const {
  const auto ours = OneCurrency(net_by_currency_), theirs = OneCurrency(reported_.net_by_currency);
  return ours && theirs && (ours->empty() || theirs->empty() || *ours == *theirs);
}

std::string DaySummary::NetText() const {
  return IsOfOneCurrency() ? net_amount_.value_or(Decimal()).Text() : AmountsText(net_by_currency_);
}

std::string DaySummary::ReportedNetText() const {
  return IsOfOneCurrency() ? reported_.net_amount.value_or(Decimal()).Text()
                           : AmountsText(reported_.net_by_currency);
}

std::vector<NetComparison> DaySummary::CompareNet() const {
  if (!reported_.net_amount) return {};
  if (IsOfOneCurrency()) {
    const std::string ours = OneCurrency(net_by_currency_).value_or("");
    const std::string theirs = OneCurrency(reported_.net_by_currency).value_or("");
    return {{ours.empty() ? theirs : ours, reported_.net_amount, net_amount_}};
  }
  std::map<std::string, NetComparison> each;
  for (const auto& [currency, sum] : reported_.net_by_currency) each[currency].reported = sum;
  for (const auto& [currency, sum] : net_by_currency_) each[currency].came = sum;
  std::vector<NetComparison> all;
  for (auto& [currency, comparison] : each) {
    comparison.currency = currency;
    all.push_back(comparison);
  }
  return all;
}

// Where currencies differ, an amount that names none proves nothing.
bool DaySummary::NetDiffers() const {
  if (!IsOfOneCurrency() && reported_.net_by_currency.contains("")) return true;
  const auto all = CompareNet();
  return std::any_of(all.begin(), all.end(),
                     [](const NetComparison& net) { return net.differs(); });
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
  const auto all = CompareNet();
  for (const NetComparison& net : all) {
    if (!net.differs()) continue;
    const auto difference = net.difference();
    const int64_t micros = difference ? std::abs(difference->micros()) : 0;
    const bool alone = all.size() == 1 && difference;
    apart += alone ? static_cast<uint64_t>((micros + kHundredth - 1) / kHundredth) : 1;
  }
  if (apart == 0 && NetDiffers()) apart = 1;  // a currency was not named
  return apart;
}

std::string DaySummary::stream_hash() const { return ToHex(BytesOf(hash_)); }

}  // namespace tillrelay::reconcile
