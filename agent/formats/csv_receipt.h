// What: the rows of one receipt, gathered into one event.
// Promise: a row that was cancelled is in no sum and moves nothing; a row of which it is not
// certain
//   whether goods came or went refuses the receipt.
// Thread: one.
// Errors: rejections bad-value, missing-field, unsupported, unknown-word, totals-disagree.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "agent/formats/csv.h"
#include "agent/formats/csv_rows.h"
#include "agent/formats/csv_unread.h"
#include "agent/formats/csv_words.h"
#include "agent/formats/self_check.h"

namespace tillrelay::formats {

// Where each of our columns stands in a row.
using CsvPlaces = std::map<std::string, size_t, std::less<>>;

class CsvReceipt {
 public:
  CsvReceipt(const CsvProfile& profile, const CsvPlaces& places)
      : profile_(profile), places_(places) {}

  // Whether the row is none of ours by itself: a payment, a transfer.
  bool IsNoneOfOurs(const CsvRow& row) const;
  // Whether the row says that its receipt is an order that is not final yet.
  bool IsNotFinal(const CsvRow& row) const;
  // First every row of the receipt is looked at, as what they say of it may stand in any of them;
  // then, from Start on, each is added.
  void Open();
  void Survey(const CsvRow& row);
  // Whether the receipt is none of ours: an order that is not final yet.
  bool IsPassedOver() const;
  void Start();
  // What became of the row's goods.
  enum class Moved { kNothing, kSold, kCameBack };
  Moved Add(const CsvRow& row);
  // A column that nobody names tells something that decides.
  void RefuseUnread(const std::string& heading, const std::string& value, Unread reported);
  void RefuseFor(const event::Rejection& why) { Refuse(why.reason.c_str(), why.field, why.hint); }
  // What a word means in the column status or kind; "" if it is not known.
  std::string_view MeaningOf(const char* column, const std::string& word) const;
  std::variant<event::Event, event::Rejection> Finish();

  // What rows of one receipt have in common.
  std::string Key(const CsvRow& row) const;
  // Numbers may start again each day: a row of another day belongs to another receipt, unless it
  // follows within the hour.
  bool SameDay(const CsvRow& row) const;
  // The day that tells receipts of one number apart.
  const std::string& Day() const { return day_; }

 private:
  // What a row says of itself.
  struct Fate {
    bool cancelled = false, suspended = false, training = false;
    bool sold = false, returned = false, no_goods = false, head = false;
  };
  std::string_view MeaningOf(const CsvRow& row, const char* column) const;
  std::string Word(const CsvRow& row, std::string_view column) const;
  std::string_view Unsaid(const char* column) const;
  int HeadRank(const CsvRow& row) const;
  Fate FateOf(const CsvRow& row);
  void CheckStatus();
  void CheckSilence(const CsvRow& row, const Fate& fate);
  void RefuseSilence(const char* column, const char* example);
  void ByWord(const CsvRow& row, const char* column, Fate* fate);
  void ByFlag(const CsvRow& row, const char* column, bool* out);
  void Take(std::string_view meaning, Fate* fate);
  void SetAction(const CsvRow& row, const Fate& fate, event::Line* line);
  void Money(const CsvRow& row, event::Line* line);
  void Taxes(const CsvRow& row, std::optional<Decimal> amount, event::Line* line);
  void Goods(const CsvRow& row, event::Line* line);
  void SameHead(const CsvRow& row);
  void Tender(const std::string& word);
  void CheckTotal();
  std::string NothingLeft() const;

  bool Says(std::string_view column) const;
  std::string Text(const CsvRow& row, std::string_view column) const;
  std::string Id(const CsvRow& row, std::string_view column);
  std::string Or(const CsvRow& row, std::string_view column, const std::string& otherwise);
  std::string Time(const CsvRow& row) const;
  std::string TakeZone(std::string* text) const;
  std::string Day(const CsvRow& row, std::string_view column) const;
  std::string NeedTime(const CsvRow& row);
  std::optional<Decimal> Number(const CsvRow& row, std::string_view column, bool money);
  void Flag(const char* flag);
  void Refuse(const char* reason, std::string_view column, std::string hint);

  const CsvProfile& profile_;
  const CsvPlaces& places_;
  event::Event event_;
  size_t row_ = 0;  // of this receipt
  std::string LocalDay(const std::string& time) const;
  std::string day_, last_time_;
  std::string currency_sign_;  // that amounts of this receipt bear
  Sums sums_;
  CsvWords status_, kind_;  // of all rows
  CsvRow head_;             // the row that speaks for the receipt
  int head_rank_ = -1;
  std::string currency_;
  bool head_cancelled_ = false;
  int64_t cancelled_rows_ = 0;
  size_t training_rows_ = 0, suspended_rows_ = 0;
  std::optional<event::Rejection> rejection_;
};

}  // namespace tillrelay::formats
