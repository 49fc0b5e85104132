// What: what a store knows of one register's business day: counts, sums, numbers, closes.
// Promise: pure; docs/books.md says what it counts and when a counter has jumped. The text of a
//   page read again gives the same page.
// Thread: any (value).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/decimal.h"
#include "common/base/digest.h"
#include "common/event/bookkeeper.h"
#include "common/event/draft.h"
#include "common/reconcile/number_runs.h"

namespace tillrelay {
class JsonValue;
}

namespace tillrelay::reconcile {

// What a register told of its day, all closes of the day added up; unset: never told.
struct Reported {
  std::optional<uint64_t> first_no, last_no;
  std::optional<int64_t> transactions, sales, returns, post_voids;
  std::map<std::string, int64_t> by_status;
  std::optional<Decimal> net_amount;
  std::map<std::string, Decimal> net_by_currency;  // "": a close that named none
  bool anything = false;
};

// The net amount as a register reported it and as it came, of one currency.
struct NetComparison {
  std::string currency;  // "": none was named
  std::optional<Decimal> reported, came;
  bool differs() const;
  // What came less what was reported; nothing where that is too large.
  std::optional<Decimal> difference() const;
};

class DaySummary {
 public:
  // Between two documents under one number: closer together they are one receipt told twice.
  static constexpr int64_t kReuseApart_s = 15 * 60;
  static constexpr uint64_t kFollowWithin = 10;  // the number that proves a jump is this near
  static constexpr int64_t kLeastPace_s = 5;     // no till needs less for a receipt
  static constexpr uint64_t kMostBetween = 20;   // numbers from one proven receipt to the next
  static constexpr size_t kMaxSuspects = 8;
  static constexpr size_t kMaxMarks = 128, kMaxSpans = 8, kMaxWaiting = 32;
  // A `register_epoch` of this value, or less by at most kMaxRestarts - 1, is a person's word that
  // the counter started again so many times more.
  static constexpr int64_t kDeclaredEpoch = 9'007'199'254'740'991;
  static constexpr int kMaxRestarts = 8;
  static bool IsDeclared(const std::optional<int64_t>& epoch);
  static constexpr int64_t DeclaredEpoch(int restarts) { return kDeclaredEpoch - (restarts - 1); }

  // The number of `draft` is known, told as `known` says. True: its counter was seen to start again
  // since each of them, and it is real. Else the page remembers the contradiction.
  bool TakeReused(const event::Draft& draft, const std::vector<event::Telling>& known);
  // A document of this page was stored under `sequence`.
  void Stored(const event::Draft& draft, uint64_t sequence);
  // Its number belongs to this page, which may be another than that of the document.
  void CountNumber(const event::Draft& draft, std::string_view number);
  // The page counts one series of a register that has several.
  void CountsASeries() { is_series_ = true; }
  bool is_series() const { return is_series_; }
  // Every number of this page was counted so; true of a page without numbers.
  bool CountedInSeries() const { return is_series_ || epochs_.empty(); }
  bool Knows(std::string_view number) const;
  // The numbers of a counter that never started again; null if it did.
  const NumberRuns* OneRun() const { return epochs_.size() == 1 ? &epochs_[0].runs : nullptr; }
  // How many numbers both days counted.
  uint64_t SharedNumbers(const DaySummary& other) const;
  // One that follows the last one, not faster than a till can.
  bool GoesOn(std::string_view number, int64_t at_s) const;
  // A receipt of that number, told for that time, went to quarantine.
  void WaitsFor(std::string_view number, int64_t at_s);
  std::vector<int64_t> WaitingTimes(std::string_view number) const;
  void Repeated() { ++duplicates_; }
  void Contradicted() { ++conflicts_; }

  // balanced | gaps | mismatch | no_totals; "" while the day is open.
  std::string Result() const;
  // The day was closed and something came later.
  bool reopened() const { return reopened_; }
  // Missing numbers; where the register told its first and last number, up to those.
  std::vector<NumberRuns::Run> Gaps() const;
  // Between what the register told and what came: numbers, documents, hundredths of an amount; of
  // several currencies how many of them differ.
  uint64_t Distance() const;
  const Reported& reported() const { return reported_; }
  uint64_t missing() const;

  int64_t Count(std::string_view kind) const;
  const std::map<std::string, int64_t, std::less<>>& kinds() const { return kinds_; }
  const std::map<std::string, int64_t>& statuses() const { return statuses_; }
  const std::map<std::string, Decimal>& units() const { return units_; }
  // All currencies added up; of several it is no amount of money.
  const std::optional<Decimal>& net_amount() const { return net_amount_; }
  // "": documents that named none.
  const std::map<std::string, Decimal>& net_by_currency() const { return net_by_currency_; }
  bool HasSeveralCurrencies() const;
  // Nothing where no close told an amount. Amounts of different currencies are never added up: of
  // several there is one comparison each.
  std::vector<NetComparison> CompareNet() const;
  // "7.00"; where currencies differ, of each: "4.00 CHF, 3.00 EUR".
  std::string NetText() const;
  std::string ReportedNetText() const;
  int64_t events() const { return events_; }
  uint64_t duplicates() const { return duplicates_; }
  uint64_t conflicts() const { return conflicts_; }
  uint64_t restarts() const { return epochs_.empty() ? 0 : epochs_.size() - 1; }
  uint64_t first_sequence() const { return first_sequence_; }
  uint64_t last_sequence() const { return last_sequence_; }
  uint64_t numbers() const;
  const std::vector<std::string>& z_numbers() const { return z_numbers_; }
  std::string stream_hash() const;
  WallTime heard_at() const { return heard_at_; }
  void SetHeardAt(WallTime at) { heard_at_ = at; }

  std::string Text() const;
  // Nothing for a text that Text did not write.
  static std::optional<DaySummary> Parse(std::string_view text);

 private:
  struct Mark {
    uint64_t number = 0;
    int64_t at_s = 0;
  };
  // The numbers between two starts of the counter; `from_s` is the time of its first document.
  struct Epoch {
    int64_t from_s = INT64_MIN;
    std::optional<int64_t> reported;  // register_epoch
    NumberRuns runs;
    int64_t last_at_s = INT64_MIN;  // of the document with the highest number
    uint64_t begun_no = 0;          // the number that was seen to jump back, while runs is empty
    // Receipts that are this run's for certain: other runs have their number with other goods, or
    // they stand between two such. Both numbers and times ascend; only those beside a missing
    // number are kept, and the last.
    std::vector<Mark> marks;
  };
  // Of two receipts that were open at the same time the one with the lower number may end later.
  static constexpr int64_t kOpenTogether_s = 15 * 60;
  struct Suspect {
    uint64_t number = 0;
    int64_t at_s = 0;
    bool stored = false;  // it waits for its run of numbers; else it went to quarantine
  };

  // A document's time and number, one against the other: the higher number is the later one.
  static bool InOrder(const Epoch& here, uint64_t number, int64_t at_s);
  // The same for one that may be a known one told again: it lies between two marks.
  static bool IsBetween(const Epoch& here, uint64_t number, int64_t at_s);
  bool IsReal(const event::Draft& draft, uint64_t number, const std::vector<event::Telling>& known);
  // Whether the run lacks the number and none of the known tellings is of it.
  bool IsFree(const Epoch& here, uint64_t number, const std::vector<event::Telling>& known);
  // A run, `but` this one, lacks the number: it may be that run's, told late and with a new time.
  bool MayBeLate(uint64_t number, const Epoch* but) const;
  // A run for what a person says to be of a new one; begins one where fewer than `restarts` did.
  bool MakeRunFor(uint64_t number, int64_t at_s, const std::vector<event::Telling>& known,
                  int restarts);
  static bool Follows(const Suspect& suspect, const Suspect& next);
  // Whether receipts of a run that is proven were told again with about this time.
  bool IsToldAgainAt(int64_t at_s) const;
  void SeeToldAgain(int64_t at_s);
  bool MayBeOf(const Epoch& here, const Mark& mark);
  bool IsContested(const Epoch& here, uint64_t number, int64_t at_s);
  void Wait(const Mark& mark);
  // A receipt with known goods waits for its place; two with one number cannot both be new.
  void SeeWaiting(const Epoch& here, uint64_t number, int64_t at_s);
  static void AddMark(Epoch* epoch, uint64_t number, int64_t at_s);
  static void DropMarks(Epoch* epoch);
  // Where a document of that time and number belongs; there is always one.
  Epoch& EpochFor(int64_t at_s, std::optional<int64_t> reported, uint64_t number = UINT64_MAX);
  Epoch& Start(int64_t from_s, std::optional<int64_t> reported);
  void Suspected(Suspect suspect);
  // Two documents that follow each other behind a suspected jump: it is one.
  void Confirm(const Suspect& next);
  void Begin(const Suspect& first);
  void Move(const Suspect& first);
  bool LooksLikeJump(const Epoch& epoch, uint64_t number, int64_t at_s) const;
  void Count(Epoch* epoch, uint64_t number, int64_t at_s);
  void CompleteTimes();
  bool ReadSuspect(const JsonValue& value);
  static std::string MarksText(const std::vector<Mark>& marks);
  static bool ReadMarks(std::string_view text, std::vector<Mark>* marks);
  void Close(const event::Draft& draft);
  bool CountsDiffer() const;
  bool NetDiffers() const;
  // What came and what was reported is of one currency, as far as it is named.
  bool IsOfOneCurrency() const;

  std::map<std::string, int64_t, std::less<>> kinds_;
  std::map<std::string, int64_t> statuses_;
  std::map<std::string, Decimal> units_;
  std::optional<Decimal> net_amount_;
  std::map<std::string, Decimal> net_by_currency_;
  int64_t events_ = 0;
  uint64_t duplicates_ = 0, conflicts_ = 0;
  uint64_t first_sequence_ = 0, last_sequence_ = 0;
  Sha256Digest hash_{};
  WallTime heard_at_{};
  std::vector<Epoch> epochs_;  // ascending from_s
  uint64_t last_no_ = 0;       // of the document with the latest time
  int64_t last_at_s_ = INT64_MIN;
  std::vector<Suspect> suspects_;  // the oldest first
  std::vector<Mark> told_again_;   // from when on, and so many seconds long
  std::vector<Mark> waiting_;      // with known goods, for a place in a run that is proven
  bool scattered_ = false, is_series_ = false;
  std::vector<std::string> z_numbers_;
  Reported reported_;
  bool reopened_ = false;
};

// "4.00 CHF, 3.00 EUR, 1.00 (no currency)"
std::string AmountsText(const std::map<std::string, Decimal>& sums);

// The number of an all-digit text of at most 18 digits.
std::optional<uint64_t> CountedNumber(std::string_view text);

}  // namespace tillrelay::reconcile
