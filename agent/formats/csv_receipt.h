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
#include "agent/formats/self_check.h"

namespace tillrelay::formats {

// Where each of our columns stands in a row.
using CsvPlaces = std::map<std::string, size_t, std::less<>>;

class CsvReceipt {
 public:
  CsvReceipt(const CsvProfile& profile, const CsvPlaces& places)
      : profile_(profile), places_(places) {}

  void Start(const CsvRow& row);
  // What became of the row's goods.
  enum class Moved { kNothing, kSold, kCameBack };
  Moved Add(const CsvRow& row);
  // A column that nobody names tells something that decides.
  void RefuseUnread(const std::string& heading, const std::string& value, bool came_back);
  std::variant<event::Event, event::Rejection> Finish();

  // Whether the row is none of ours: a payment, a transfer, an order that is not final yet.
  // `whole`: so are the rows of its receipt that follow.
  bool PassedOver(const CsvRow& row, bool* whole) const;
  bool HasStatus(const CsvRow& row) const;
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
  std::string_view MeaningOf(const char* column, const std::string& word) const;
  Fate FateOf(const CsvRow& row);
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
  Fate head_fate_;               // of the status of the first row
  bool status_missing_ = false;  // in a row behind one that was cancelled
  int64_t cancelled_rows_ = 0;
  size_t training_rows_ = 0, suspended_rows_ = 0;
  std::optional<event::Rejection> rejection_;
};

}  // namespace tillrelay::formats
