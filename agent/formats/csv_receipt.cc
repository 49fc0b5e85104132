#include "agent/formats/csv_receipt.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/formats/csv_values.h"
#include "agent/formats/poslog/vocabulary.h"
#include "common/base/text.h"
#include "common/event/bounds.h"
#include "common/event/item_rules.h"
#include "common/event/time_text.h"

namespace tillrelay::formats {
namespace {

using event::Rejection;

constexpr size_t kMaxIdBytes = 128;
constexpr int64_t kSameReceiptSeconds = 120;
constexpr const char* kDateTime = "%Y-%m-%dT%H:%M:%S";

std::string Trimmed(const std::string& text) { return std::string(event::WithoutBlanks(text)); }

}  // namespace

void CsvReceipt::Open() {
  status_ = kind_ = CsvWords();
  head_ = CsvRow();
  head_rank_ = -1;
  currency_.clear();
  last_time_.clear();
  day_.clear();
}

void CsvReceipt::Survey(const CsvRow& row) {
  const bool head = profile_.head_in_first_row;
  status_.Add(Word(row, "status"),
              head ? MeaningOf("status", Word(row, "status")) : MeaningOf(row, "status"));
  kind_.Add(Word(row, "kind"), MeaningOf(row, "kind"));
  if (currency_.empty()) currency_ = Text(row, "currency");
  if (const std::string time = Time(row); !time.empty()) last_time_ = time;
  if (day_.empty()) day_ = LocalDay(last_time_);
  const int rank = HeadRank(row);
  if (rank <= head_rank_) return;
  head_rank_ = rank;
  head_ = row;
}

// How plainly a row is the one that speaks for its receipt, in whatever order they stand.
int CsvReceipt::HeadRank(const CsvRow& row) const {
  if (!profile_.head_in_first_row) return 0;
  if (MeaningOf(row, "kind") == "head") return 3;
  if (!Word(row, "status").empty()) return 2;
  return !Says("status") && !Trimmed(Text(row, "grand_amount")).empty() ? 1 : 0;
}

bool CsvReceipt::IsPassedOver() const {
  if (status_.nobody()) return Unsaid("status") == "passed_over";
  return status_.IsOnly("passed_over") && (profile_.head_in_first_row || !status_.silent());
}

void CsvReceipt::Start() {
  const CsvRow& row = head_;
  event_ = event::Event();
  rejection_.reset();
  row_ = 0;
  sums_ = Sums();
  currency_sign_.clear();
  cancelled_rows_ = 0;
  head_cancelled_ = false;
  training_rows_ = suspended_rows_ = 0;
  event_.origin.emplace();
  event_.origin->dialect = "csv/" + profile_.name;
  event_.origin->mapper = "csv@2";
  event::Transaction& t = event_.transaction.emplace();
  t.store_id = event::WithoutBlanks(Or(row, "store", profile_.store_id));
  t.register_id = event::WithoutBlanks(Or(row, "register", profile_.register_id));
  t.transaction_no = Id(row, "number");
  t.end_at = NeedTime(row);
  if (profile_.head_in_first_row && t.end_at.empty()) t.end_at = last_time_;
  if (Says("business_day")) {
    t.business_day = Day(row, "business_day");
    if (t.business_day.empty()) {
      Refuse("bad-value", "business_day",
             "does not have the profile's form " + profile_.day_format);
    }
  }
  event_.currency = Or(row, "currency", profile_.currency);
  if (profile_.head_in_first_row && !currency_.empty()) event_.currency = currency_;
  if (Says("grand_amount")) {
    sums_.grand = event_.totals.emplace().grand_amount = Number(row, "grand_amount", true);
  }
  if (Says("tender")) Tender(Text(row, "tender"));
  CheckStatus();
}

// What all rows of the receipt say of it.
void CsvReceipt::CheckStatus() {
  const bool contradicts =
      profile_.head_in_first_row ? !status_.Agree() : status_.Says("passed_over");
  if (contradicts && !status_.Says("")) {
    return Refuse("bad-value", "status",
                  "the rows of this receipt contradict each other: " + status_.Words());
  }
  if (profile_.head_in_first_row) return;
  if (status_.silent() && status_.Says("cancelled")) {
    Refuse("bad-value", "status",
           "one of its rows was cancelled and another does not say; if one row speaks for the "
           "receipt, say head_in_first_row = true");
  }
}

CsvReceipt::Moved CsvReceipt::Add(const CsvRow& row) {
  ++row_;
  SameHead(row);
  const Fate fate = FateOf(row);
  training_rows_ += fate.training ? 1 : 0;
  suspended_rows_ += fate.suspended ? 1 : 0;
  head_cancelled_ = head_cancelled_ || fate.cancelled;
  if (fate.head) return Moved::kNothing;
  event::Line line;
  line.item.sku = Id(row, "sku");
  if (event::WithoutBlanks(line.item.sku).empty()) line.item.sku = Id(row, "sku_else");
  line.item.gtin = Id(row, "gtin");
  line.item.description = Text(row, "description");
  Goods(row, &line);
  line.uom = event::UomOf(Or(row, "uom", profile_.uom));
  if (line.uom.empty()) Refuse("bad-value", "uom", "this unit is not known");
  if (fate.no_goods || event::IsNonStock(line.item, profile_.non_stock)) line.non_stock = true;
  line.quantity = Number(row, "quantity", false);
  if (!line.quantity) Refuse("missing-field", "quantity", "this field is required");
  Money(row, &line);
  if (fate.cancelled) {
    ++cancelled_rows_;
    if (line.quantity && line.quantity->negative()) {
      Refuse("unsupported", "quantity",
             "a cancelled row of negative quantity could be a sale that was taken back, or a line "
             "that never was");
    }
    return Moved::kNothing;
  }
  if (line.quantity) SetAction(row, fate, &line);
  const auto tax = Number(row, "tax_amount", true);
  Taxes(row, tax, &line);
  const bool back = line.action == "return";
  if (tax) sums_.tax.Add(back ? -Magnitude(*tax) : *tax);
  if (line.net_amount) {
    sums_.lines.Add(back ? -Magnitude(*line.net_amount) : *line.net_amount);
    if (back) line.net_amount = Magnitude(*line.net_amount);
  }
  if (event_.lines.size() >= event::kMaxParts) {
    Refuse("bad-value", "lines", "more than 10,000");
  } else {
    event_.lines.push_back(std::move(line));
  }
  if (fate.training || fate.suspended) return Moved::kNothing;
  return back ? Moved::kCameBack : Moved::kSold;
}

void CsvReceipt::RefuseUnread(const std::string& heading, const std::string& value,
                              Unread reported) {
  if (reported == Unread::kMultiplies) {
    return Refuse("unsupported", Printable(heading, 60),
                  fmt::format("it multiplies the quantity by {}, and what one piece is nobody has "
                              "said: put its heading into `ignored` if the quantity is of pieces",
                              Printable(value, 60)));
  }
  const bool came_back = reported == Unread::kCameBack;
  const char* column = came_back ? "kind or columns.return" : "status or columns.void";
  Refuse(
      "unknown-word", Printable(heading, 60),
      fmt::format("it says \"{0}\", and no column of the profile reads it: name it as columns.{1} "
                  "in [drop_folder.csv.{2}.columns], or put its heading into `ignored` if it "
                  "decides nothing",
                  Printable(value, 60), column, profile_.name));
}

bool CsvReceipt::IsNoneOfOurs(const CsvRow& row) const {
  const bool speaks = profile_.head_in_first_row && !Word(row, "status").empty();
  return !speaks && MeaningOf(row, "kind") == "passed_over";
}

bool CsvReceipt::IsNotFinal(const CsvRow& row) const {
  return MeaningOf("status", Word(row, "status")) == "passed_over";
}

CsvReceipt::Fate CsvReceipt::FateOf(const CsvRow& row) {
  Fate fate;
  const std::string status = Word(row, "status");
  if (!status.empty()) ByWord(row, "status", &fate);
  if (status.empty() || profile_.head_in_first_row) {
    const std::string_view agreed = profile_.head_in_first_row ? status_.One() : "";
    Take(agreed.empty() ? Unsaid("status") : agreed, &fate);
  }
  ByWord(row, "kind", &fate);
  // Of a row that says nothing, other columns and the sign of the quantity may still say "return".
  if (Word(row, "kind").empty() && Unsaid("kind") != "sale") Take(Unsaid("kind"), &fate);
  fate.head = fate.head || MeaningOf(row, "kind") == "passed_over";
  ByFlag(row, "void", &fate.cancelled);
  ByFlag(row, "training", &fate.training);
  ByFlag(row, "return", &fate.returned);
  if (fate.sold && fate.returned) {
    Refuse("bad-value", "return", "the row says that goods were sold and that they came back");
  }
  const bool moves = !fate.cancelled && !fate.training && !fate.suspended;
  if (moves && !fate.head) CheckSilence(row, fate);
  return fate;
}

// An empty cell is no word.
void CsvReceipt::CheckSilence(const CsvRow& row, const Fate& fate) {
  if (profile_.columns.contains("status") && status_.nobody() && Unsaid("status").empty()) {
    return RefuseSilence("status", "completed");
  }
  if (!Says("kind") || !Word(row, "kind").empty() || !Unsaid("kind").empty() || fate.returned) {
    return;
  }
  const bool mapped = profile_.columns.contains("kind");
  if (kind_.nobody() ? mapped : !kind_.IsOnly("sale")) RefuseSilence("kind", "sale");
}

void CsvReceipt::RefuseSilence(const char* column, const char* example) {
  Refuse("missing-field", column,
         fmt::format("no word says it. If an empty cell means something in this file, add to "
                     "[drop_folder.csv.{0}.words]: {1}.\"\" = \"{2}\"",
                     profile_.name, column, example));
}

void CsvReceipt::ByWord(const CsvRow& row, const char* column, Fate* fate) {
  const std::string word = Word(row, column);
  if (word.empty()) return;
  const std::string_view meaning = MeaningOf(column, word);
  if (!meaning.empty()) return Take(meaning, fate);
  const std::string_view example = std::string_view(column) == "status" ? "completed" : "sale";
  const auto place = places_.find(column);
  Refuse("unknown-word", column,
         fmt::format("\"{0}\" is not known. If you know what it means, add to "
                     "[drop_folder.csv.{1}.words]: {2}.\"{0}\" = \"{3}\"; if column {4} decides "
                     "nothing, put its heading into `ignored`",
                     Printable(word, 80), profile_.name, column, example,
                     place == places_.end() ? 0 : place->second + 1));
}

std::string_view CsvReceipt::MeaningOf(const CsvRow& row, const char* column) const {
  const std::string word = Word(row, column);
  return word.empty() ? Unsaid(column) : MeaningOf(column, word);
}

// What the cell itself, or a constant, says.
std::string CsvReceipt::Word(const CsvRow& row, std::string_view column) const {
  const auto place = places_.find(column);
  if (place == places_.end()) return Trimmed(Text(row, column));
  return place->second < row.fields.size() ? Trimmed(row.fields[place->second]) : std::string();
}

// What an empty cell says in this file.
std::string_view CsvReceipt::Unsaid(const char* column) const {
  const auto instead = profile_.when_empty.find(column);
  if (instead != profile_.when_empty.end()) return MeaningOf(column, Trimmed(instead->second));
  const auto own = profile_.words.find(column);
  if (own == profile_.words.end()) return {};
  const auto empty = own->second.find("");
  return empty == own->second.end() ? std::string_view() : empty->second;
}

// By the profile's own words, then by those that everybody uses.
std::string_view CsvReceipt::MeaningOf(const char* column, const std::string& word) const {
  if (word.empty()) return {};
  const auto own = profile_.words.find(column);
  if (own != profile_.words.end()) {
    for (const auto& [theirs, meaning] : own->second) {
      if (!theirs.empty() && poslog::Normal(theirs) == poslog::Normal(word)) return meaning;
    }
  }
  const auto kind =
      std::string_view(column) == "status" ? DecidingColumn::kStatus : DecidingColumn::kKind;
  return CsvMeaning(kind, word);
}

void CsvReceipt::Take(std::string_view meaning, Fate* fate) {
  fate->head = fate->head || meaning == "head";
  fate->cancelled = fate->cancelled || meaning == "cancelled";
  fate->suspended = fate->suspended || meaning == "suspended";
  fate->training = fate->training || meaning == "training";
  fate->sold = fate->sold || meaning == "sale";
  fate->returned = fate->returned || meaning == "return";
  fate->no_goods = fate->no_goods || meaning == "no_goods";
}

void CsvReceipt::ByFlag(const CsvRow& row, const char* column, bool* out) {
  const std::string word = Trimmed(Text(row, column));
  if (word.empty() || IsNothing(word)) return;
  auto value = poslog::ReadFlag(word);
  const auto own = profile_.words.find(column);
  if (own != profile_.words.end()) {
    for (const auto& [theirs, meaning] : own->second) {
      if (theirs.empty() || poslog::Normal(theirs) != poslog::Normal(word)) continue;
      value = meaning == "yes";
    }
  }
  if (!value) {
    return Refuse("unknown-word", column,
                  fmt::format("\"{0}\" is neither true nor false. If you know what it means, add "
                              "to [drop_folder.csv.{1}.words]: {2}.\"{0}\" = \"yes\", or \"no\"",
                              Printable(word, 80), profile_.name, column));
  }
  *out = *out || *value;
}

// Which way the goods went, told by a word or else by the sign of the quantity.
void CsvReceipt::SetAction(const CsvRow& row, const Fate& fate, event::Line* line) {
  const bool minus = line->quantity->negative();
  const bool back = minus || fate.returned;
  line->action = back ? "return" : "sale";
  const auto price = Number(row, "unit_price", true);
  const bool free = (line->net_amount && line->net_amount->zero()) || (price && price->zero());
  if (minus && !fate.returned && free && !line->non_stock.value_or(false)) {
    Refuse("unsupported", "quantity",
           "goods of negative quantity for nothing may be a return or a write-off: say which with "
           "columns.kind");
  }
  if (minus && fate.sold && line->net_amount && !line->net_amount->negative() &&
      !line->net_amount->zero() && !line->non_stock.value_or(false)) {
    Refuse("bad-value", "quantity",
           "the row says that goods were sold, and was paid for, but its quantity is negative");
  }
  if (minus) line->quantity = -*line->quantity;
}

void CsvReceipt::Money(const CsvRow& row, event::Line* line) {
  line->net_amount = Number(row, "net_amount", true);
  line->unit_price = Number(row, "unit_price", true);
  if (line->unit_price && line->unit_price->negative()) {
    Refuse("bad-value", "unit_price", "a price is not negative; the quantity or a word is");
  }
}

// Only where a rate or a base is told: an amount alone is in the totals.
void CsvReceipt::Taxes(const CsvRow& row, std::optional<Decimal> amount, event::Line* line) {
  std::string written = Trimmed(Text(row, "tax_rate"));
  if (written.ends_with('%')) written = Trimmed(written.substr(0, written.size() - 1));
  const auto base = Number(row, "tax_base", true);
  event::Tax tax{Id(row, "tax_code"), std::nullopt, std::nullopt, std::nullopt};
  if (!written.empty()) {
    bool rounded = false;
    tax.rate = ReadCsvNumber(written, {profile_.decimal_mark, '\0'}, &rounded);
    if (!tax.rate) Refuse("bad-value", "tax_rate", "expected a rate in percent such as 19");
  }
  if (base) tax.base = Magnitude(*base);
  if (amount) tax.amount = Magnitude(*amount);
  if (tax.rate || tax.base) line->taxes.push_back(std::move(tax));
}

// What is printed on the goods.
void CsvReceipt::Goods(const CsvRow& row, event::Line* line) {
  line->item.scan_data = Id(row, "scan_data");
  line->lot = Id(row, "lot");
  if (!Trimmed(Text(row, "expiry")).empty()) {
    line->expiry = Day(row, "expiry");
    if (line->expiry.empty()) {
      Refuse("bad-value", "expiry", "does not have the profile's form " + profile_.day_format);
    }
  }
}

// What belongs to the receipt stands in each of its rows.
void CsvReceipt::SameHead(const CsvRow& row) {
  const bool reported = !profile_.head_in_first_row || !Trimmed(Text(row, "currency")).empty();
  if (reported && Or(row, "currency", profile_.currency) != event_.currency) {
    Refuse("unsupported", "currency", "rows of two currencies cannot be added");
  }
  const bool head = !profile_.head_in_first_row || (head_rank_ > 0 && HeadRank(row) == head_rank_);
  if (!Says("grand_amount") || !head) return;
  const auto grand = Number(row, "grand_amount", true);
  if (grand && sums_.grand && *grand != *sums_.grand) {
    Refuse("bad-value", "grand_amount", "the rows of one receipt tell different totals");
  }
}

void CsvReceipt::Tender(const std::string& word) {
  const std::string normal = poslog::Normal(word);
  if (normal.empty()) return;
  std::string type = "other";
  for (const std::string_view known : {"cash", "card", "voucher", "account", "mobile"}) {
    if (normal == known) type = known;
  }
  if (normal == "giftcard") type = "gift_card";
  event_.tenders.push_back({type, sums_.grand});
}

std::variant<event::Event, Rejection> CsvReceipt::Finish() {
  const auto returns = std::count_if(event_.lines.begin(), event_.lines.end(),
                                     [](const event::Line& l) { return l.action == "return"; });
  const auto all = static_cast<std::ptrdiff_t>(event_.lines.size());
  event_.kind = returns == 0     ? event::Kind::kSale
                : returns == all ? event::Kind::kReturn
                                 : event::Kind::kExchange;
  sums_.either_sign = all > 0 && returns == all;
  sums_.pays_out = returns > 0;
  for (const size_t some : {training_rows_, suspended_rows_}) {
    if (some != 0 && some != row_) {
      Refuse("bad-value", "status", "only some rows of this receipt were carried out");
    }
  }
  const bool training = training_rows_ > 0, suspended = suspended_rows_ > 0;
  if (cancelled_rows_ > 0) event_.audit = event::Audit{cancelled_rows_, std::nullopt};
  if (training || suspended || event_.lines.empty()) {
    event_.kind = event::Kind::kRegisterControl;
    event_.transaction->status = training ? "training" : suspended ? "suspended" : NothingLeft();
    if (training) event_.transaction->training = true;
    event_.lines.clear();
    event_.totals.reset();
    event_.tenders.clear();
  } else {
    CheckTotal();
  }
  if (rejection_) return *std::move(rejection_);
  return std::move(event_);
}

// Of a receipt without lines: they were cancelled, or it had none.
std::string CsvReceipt::NothingLeft() const {
  return cancelled_rows_ > 0 || head_cancelled_ ? "cancelled" : "control";
}

std::string CsvReceipt::Key(const CsvRow& row) const {
  std::string key;
  for (const char* part : {"store", "register", "business_day", "number"}) {
    key += std::string(event::WithoutBlanks(Text(row, part))) + '\x1f';
  }
  return key;
}

bool CsvReceipt::SameDay(const CsvRow& row) const {
  if (Says("business_day")) return true;
  const std::string time = Time(row);
  if (time.size() < 10 || last_time_.size() < 10) return true;
  if (LocalDay(time) == LocalDay(last_time_)) return true;
  const auto before = event::ParseTime(last_time_), now = event::ParseTime(time);
  if (!before.ok() || !now.ok()) return false;
  const int64_t first = before->local_s - before->offset_s.value_or(0);
  const int64_t second = now->local_s - now->offset_s.value_or(0);
  return std::abs(second - first) <= kSameReceiptSeconds;
}

// A time with an offset is of the day on the store's own clock.
std::string CsvReceipt::LocalDay(const std::string& time) const {
  const auto parsed = event::ParseTime(time);
  if (!profile_.zone || !parsed.ok() || !parsed->offset_s) return time.substr(0, 10);
  return profile_.zone->Resolve(*parsed).wall.substr(0, 10);
}

void CsvReceipt::CheckTotal() {
  if (!event_.totals || !sums_.grand || !Says("net_amount")) {
    event_.origin->flags.emplace_back("unchecked");
    return;
  }
  sums_.line_count = event_.lines.size();
  const bool taxed = Says("tax_amount");
  if (taxed) event_.totals->tax_amount = sums_.tax.sum();
  auto rejection = SelfCheck(sums_, taxed ? TaxRule::kAsTotalsSay : TaxRule::kIncluded,
                             "grand_amount", &event_.totals->tax_included);
  if (!taxed) event_.totals->tax_included.reset();
  if (rejection && !rejection_) rejection_ = std::move(rejection);
}

bool CsvReceipt::Says(std::string_view column) const {
  return places_.contains(column) || profile_.constants.contains(std::string(column));
}

std::string CsvReceipt::Text(const CsvRow& row, std::string_view column) const {
  const auto place = places_.find(column);
  if (place != places_.end()) {
    const bool there = place->second < row.fields.size();
    const std::string& cell = there ? row.fields[place->second] : std::string();
    const auto instead = profile_.when_empty.find(std::string(column));
    if (instead == profile_.when_empty.end() || !event::WithoutBlanks(cell).empty()) return cell;
    return instead->second;
  }
  const auto constant = profile_.constants.find(std::string(column));
  return constant == profile_.constants.end() ? std::string() : constant->second;
}

std::string CsvReceipt::Id(const CsvRow& row, std::string_view column) {
  std::string text = Text(row, column);
  if (text.size() > kMaxIdBytes) Refuse("bad-value", column, "longer than 128 bytes");
  return text.substr(0, kMaxIdBytes);
}

std::string CsvReceipt::Or(const CsvRow& row, std::string_view column,
                           const std::string& otherwise) {
  std::string text = Id(row, column);
  return text.empty() ? otherwise : text;
}

std::string CsvReceipt::Day(const CsvRow& row, std::string_view column) const {
  return Reformatted(Trimmed(Text(row, column)), profile_.day_format, "%Y-%m-%d");
}

// The day may stand in a column of its own.
std::string CsvReceipt::Time(const CsvRow& row) const {
  std::string text = Trimmed(Text(row, "time"));
  const std::string offset = TakeZone(&text);
  if (!offset.empty()) {
    const std::string time = Reformatted(text, profile_.time_format, kDateTime);
    return time.empty() ? time : time + offset;
  }
  const char* date = Says("date") ? "date" : "business_day";
  if (!Says("date") && (SaysDay(text, profile_.time_format) || !Says("business_day"))) {
    return Reformatted(text, profile_.time_format, kDateTime);
  }
  const std::string day = Day(row, date);
  const std::string time = Reformatted(text, profile_.time_format, "%H:%M:%S");
  return day.empty() || time.empty() ? std::string() : day + "T" + time;
}

// The offset of the zone that is named behind a time.
std::string CsvReceipt::TakeZone(std::string* text) const {
  const size_t blank = text->rfind(' ');
  if (profile_.zones.empty() || blank == std::string::npos) return {};
  const auto zone = profile_.zones.find(text->substr(blank + 1));
  if (zone == profile_.zones.end()) return {};
  text->resize(blank);
  return zone->second;
}

std::string CsvReceipt::NeedTime(const CsvRow& row) {
  std::string time = Time(row);
  if (time.empty() && !Text(row, "time").empty()) {
    Refuse("bad-value", "time", "does not have the profile's form " + profile_.time_format);
  }
  return time;
}

std::optional<Decimal> CsvReceipt::Number(const CsvRow& row, std::string_view column, bool money) {
  const std::string text = Text(row, column);
  if (Trimmed(text).empty()) return std::nullopt;
  bool rounded = false;
  std::string_view sign;
  const auto value = ReadCsvNumber(
      Trimmed(text), {profile_.decimal_mark, profile_.thousands_mark, money, event_.currency},
      &rounded, &sign);
  if (!value) {
    Refuse("bad-value", column,
           fmt::format("expected a number such as 12{}50", profile_.decimal_mark));
    return std::nullopt;
  }
  if (rounded) Flag("rounded");
  const bool another = !sign.empty() && !currency_sign_.empty() && currency_sign_ != sign;
  if (another || !SignFits(sign, event_.currency)) {
    Refuse("unsupported", column, "amounts of two currencies cannot be added");
  }
  if (!sign.empty()) currency_sign_ = sign;
  return value;
}

void CsvReceipt::Flag(const char* flag) {
  auto& flags = event_.origin->flags;
  if (std::find(flags.begin(), flags.end(), flag) == flags.end()) flags.emplace_back(flag);
}

void CsvReceipt::Refuse(const char* reason, std::string_view column, std::string hint) {
  if (rejection_) return;
  rejection_ =
      Rejection{reason, row_ == 0 ? std::string(column) : fmt::format("row {}.{}", row_, column),
                std::move(hint)};
}

}  // namespace tillrelay::formats
