#include <algorithm>
#include <map>
#include <optional>
#include <span>

#include "collector/db/statements_receipts.h"
#include "collector/db/tables.h"
#include "collector/web/page_token.h"
#include "collector/web/receipts.h"
#include "common/base/decimal.h"
#include "common/base/json_writer.h"
#include "common/base/text.h"
#include "common/event/identity.h"
#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

// The bounds as scalars, so that an index gives the order and the limit ends the reading.
#define TILLRELAY_SPAN "WITH span AS (SELECT r.a, r.b, r.c, r.p FROM {rows}) "
#define TILLRELAY_OF(name) "(SELECT " name " FROM span)"
// By `position + 0` where few rows are to be sorted: PostgreSQL must not take the order of the
// primary key for the way to them. Of each: business day, store and position of the next ones; a
// receipt may come several times.
const Statement kOfDay(
    TILLRELAY_SPAN
    "SELECT t.business_day, t.store_id, t.position FROM receipt t"
    " WHERE t.store_id = " TILLRELAY_OF("a") " AND t.business_day = " TILLRELAY_OF(
        "b") " AND t.position > " TILLRELAY_OF("p") " ORDER BY t.position + 0 LIMIT 500",
    "a b c p#");
const Statement kOfStore(
    TILLRELAY_SPAN
    "SELECT t.business_day, t.store_id, t.position FROM receipt t"
    " WHERE t.store_id = " TILLRELAY_OF("a") " AND (t.business_day, t.position) > (" TILLRELAY_OF(
        "b") ", " TILLRELAY_OF("p") ") ORDER BY t.business_day, t.position LIMIT 500",
    "a b c p#");
const Statement kOfNumber(TILLRELAY_SPAN
                          "SELECT '', t.store_id, t.position FROM receipt t WHERE t.store_id = "
                          TILLRELAY_OF("a") " AND t.transaction_no = " TILLRELAY_OF("c")
                          " AND t.position > " TILLRELAY_OF(
                              "p") " ORDER BY t.position + 0 LIMIT 500",
                          "a b c p#");
#define TILLRELAY_OF_LINE(column, only)                                                         \
  TILLRELAY_SPAN "SELECT '', t.store_id, t.position FROM receipt_line t WHERE t." column        \
                 " = " TILLRELAY_OF("c") only " AND (t.store_id, t.position) > (" TILLRELAY_OF( \
                     "a") ", " TILLRELAY_OF("p") ") ORDER BY t.store_id, t.position LIMIT 500"
#define TILLRELAY_OF_STORE_LINE(column, only)                                            \
  TILLRELAY_SPAN "SELECT '', t.store_id, t.position FROM receipt_line t WHERE t." column \
                 " = " TILLRELAY_OF("c") only                                            \
      " AND t.store_id = " TILLRELAY_OF("a") " AND t.position > " TILLRELAY_OF(          \
          "p") " ORDER BY t.position + 0 LIMIT 500"
const Statement kOfItem(
    "SELECT '', t.store_id, t.position FROM {rows} JOIN receipt_line t"
    " ON t.position / 2048 = r.b AND t.item = r.i AND t.position > r.p"
    " WHERE r.s IN ('', t.store_id) ORDER BY t.position LIMIT 500",
    "b# i s p#");
const Statement kRange("SELECT MIN(position), MAX(position) FROM receipt", "");
const Statement kOfLot(TILLRELAY_OF_LINE("lot", " AND t.lot <> ''"), "a b c p#");
const Statement kOfStoreLot(TILLRELAY_OF_STORE_LINE("lot", " AND t.lot <> ''"), "a b c p#");
#undef TILLRELAY_OF_STORE_LINE
#undef TILLRELAY_OF_LINE
#undef TILLRELAY_OF
#undef TILLRELAY_SPAN

constexpr uint64_t kAtOnce = 500;   // places, as the statements say
constexpr size_t kReadAtOnce = 20;  // receipts, each of at most 10,000 lines
constexpr uint64_t kReceiptBlock = 2048;
constexpr uint64_t kFirstBlocks = 4, kMostBlocks = 256;
constexpr uint64_t kBlocksScanned = 8192;  // by one answer

#define TILLRELAY_MICROS(column) "CAST(ROUND(" column " * 1000000) AS BIGINT)"
const Statement kHeads(
    "SELECT t.position, t.store_id, t.business_day, t.register_id, t.transaction_no, t.kind,"
    " t.status, t.occurred_at, t.currency, t.voids_business_day, t.voids_register_id,"
    " t.voids_transaction_no, " TILLRELAY_MICROS("t.net_amount") ", " TILLRELAY_MICROS(
        "t.tax_amount") ", " TILLRELAY_MICROS("t.grand_amount")
    " FROM {rows} JOIN receipt t ON t.position = r.p",
    "p#");
const Statement kLines(
    "SELECT t.position, t.action, t.item, t.gtin, t.lot, t.uom, " TILLRELAY_MICROS("t.quantity")
    ", " TILLRELAY_MICROS("t.unit_price") ", " TILLRELAY_MICROS("t.discount_amount")
    ", " TILLRELAY_MICROS("t.net_amount")
    " FROM {rows} JOIN receipt_line t ON t.position = r.p ORDER BY t.position, t.line",
    "p#");
const Statement kTenders("SELECT t.position, t.type, " TILLRELAY_MICROS("t.amount")
                         " FROM {rows} JOIN tender t ON t.position = r.p"
                         " ORDER BY t.position, t.line",
                         "p#");
const Statement kTaxes("SELECT t.position, " TILLRELAY_MICROS("t.rate") ", " TILLRELAY_MICROS(
                           "t.base") ", " TILLRELAY_MICROS("t.amount")
                       " FROM {rows} JOIN tax t ON t.position = r.p ORDER BY t.position, t.line",
                       "p#");
#undef TILLRELAY_MICROS

// Where a page ends: the receipt that was looked at last.
struct Place {
  std::string business_day, store;
  uint64_t position = 0;
};

std::string PageText(const Place& place) {
  return PageToken({place.business_day, place.store, std::to_string(place.position)});
}

std::optional<Place> ReadPage(const std::string& page) {
  const auto parts = ReadPageToken(page);
  if (!parts) return std::nullopt;
  const auto& [day, store, position] = *parts;
  if (position.empty() || position.size() > 18 || !AllDigits(position)) return std::nullopt;
  return Place{day, store, std::stoull(position)};
}

Amount AmountAt(const Rows& rows, size_t row, size_t column) {
  return rows.Text(row, column).empty() ? Amount() : rows.Int(row, column);
}

void AmountField(const char* name, const Amount& amount, JsonWriter* json) {
  json->Key(name);
  amount ? json->String(Decimal::FromMicros(*amount).Shortest()) : json->Null();
}

// Numbers of registers and receipts are the same with and without zeros in front.
bool Same(const std::string& asked, const std::string& known) {
  return asked.empty() || event::WithoutLeadingZeros(asked) == event::WithoutLeadingZeros(known);
}

void LineJson(const Receipt::Line& line, JsonWriter* json) {
  json->BeginObject().Field("action", line.action).Field("item", line.item);
  json->Field("gtin", line.gtin).Field("lot", line.lot).Field("uom", line.uom);
  AmountField("quantity", line.quantity, json);
  AmountField("unit_price", line.unit_price, json);
  AmountField("discount_amount", line.discount, json);
  AmountField("net_amount", line.net, json);
  json->EndObject();
}

void PartsJson(const Receipt& receipt, JsonWriter* json) {
  json->Key("lines").BeginArray();
  for (const Receipt::Line& line : receipt.lines) LineJson(line, json);
  json->EndArray().Key("tenders").BeginArray();
  for (const Receipt::Tender& tender : receipt.tenders) {
    json->BeginObject().Field("type", tender.type);
    AmountField("amount", tender.amount, json);
    json->EndObject();
  }
  json->EndArray().Key("taxes").BeginArray();
  for (const Receipt::Tax& tax : receipt.taxes) {
    json->BeginObject();
    AmountField("rate", tax.rate, json);
    AmountField("base", tax.base, json);
    AmountField("amount", tax.amount, json);
    json->EndObject();
  }
  json->EndArray();
}

void ReceiptJson(const Receipt& receipt, JsonWriter* json) {
  json->BeginObject().Field("position", receipt.position).Field("store", receipt.store);
  json->Field("business_day", receipt.business_day).Field("register", receipt.register_id);
  json->Field("number", receipt.transaction_no).Field("kind", receipt.kind);
  json->Field("status", receipt.status).Field("occurred_at", receipt.occurred_at);
  json->Field("currency", receipt.currency);
  AmountField("net_amount", receipt.net, json);
  AmountField("tax_amount", receipt.tax, json);
  AmountField("grand_amount", receipt.grand, json);
  json->Key("voids");
  if (receipt.voids_no.empty()) {
    json->Null();
  } else {
    json->BeginObject().Field("business_day", receipt.voids_day);
    json->Field("register", receipt.voids_register).Field("number", receipt.voids_no).EndObject();
  }
  PartsJson(receipt, json);
  json->EndObject();
}

class ReceiptsReader {
 public:
  ReceiptsReader(Sql* sql, const ReceiptsQuestion& question) : sql_(*sql), asked_(question) {}
  Result<std::string> Read();

 private:
  const Statement& Driving() const;
  Status Search();
  // The next places; sets more_, and scanned_ where there are none up to it besides them.
  Result<std::vector<Place>> NextPlaces();
  Result<std::vector<Place>> NextOfItem();
  std::vector<Place> PlacesOf(const Rows& rows);
  Status ReadRange();
  Result<bool> TakeSome(std::span<const Place> places);
  bool Full() const;
  Result<std::vector<Receipt>> ReceiptsAt(std::span<const Place> places);
  bool Fits(const Receipt& receipt) const;

  Sql& sql_;
  const ReceiptsQuestion& asked_;
  Place last_;
  bool more_ = true;
  std::vector<Receipt> found_;
  uint64_t lines_ = 0;  // of them
  // Of a search block by block: the positions that there are, the blocks of the next question, and
  // how many this answer has looked through.
  uint64_t first_ = 0, highest_ = 0, blocks_ = kFirstBlocks, blocks_scanned_ = 0, scanned_ = 0;
};

// A day of a store is at most some thousand receipts, a number some; only where neither is known
// the lines are looked through.
const Statement& ReceiptsReader::Driving() const {
  const bool store = !asked_.store.empty();
  if (store && !asked_.business_day.empty()) return kOfDay;
  if (store && !asked_.number.empty()) return kOfNumber;
  if (!asked_.lot.empty()) return store ? kOfStoreLot : kOfLot;
  return asked_.item.empty() ? kOfStore : kOfItem;
}

// At most kAtOnce rows are looked at: of several blocks a later one may have been cut by its limit.
std::vector<Place> ReceiptsReader::PlacesOf(const Rows& rows) {
  more_ = rows.size() >= kAtOnce;
  std::vector<Place> places;
  for (size_t i = 0; i < std::min<size_t>(rows.size(), kAtOnce); ++i) {
    Place place{rows.Text(i, 0), rows.Text(i, 1), rows.Unsigned(i, 2)};
    if (!places.empty() && places.back().position == place.position) continue;
    places.push_back(std::move(place));
  }
  return places;
}

Status ReceiptsReader::ReadRange() {
  auto range = sql_.Run(kRange);
  if (!range.ok()) return std::move(range).status();
  first_ = range->empty() ? 0 : range->Unsigned(0, 0);
  highest_ = range->empty() ? 0 : range->Unsigned(0, 1);
  return Status::Ok();
}

// Blocks without the item cost next to nothing, so more and more of them are asked for at once.
Result<std::vector<Place>> ReceiptsReader::NextOfItem() {
  if (highest_ == 0) TRY(ReadRange());
  const uint64_t first = std::max(last_.position + 1, first_) / kReceiptBlock;
  const uint64_t last = std::min(first + blocks_ - 1, highest_ / kReceiptBlock);
  Input input(kOfItem);
  for (uint64_t block = first; block <= last; ++block) {
    input.Int(block).Text(asked_.item).Text(asked_.store).Int(last_.position);
  }
  auto rows = sql_.RunAll({{&kOfItem, &input}});
  if (!rows.ok()) return std::move(rows).status();
  std::vector<Place> places = PlacesOf(rows->front());
  blocks_scanned_ += blocks_;
  blocks_ = std::min(blocks_ * 2, kMostBlocks);
  if (more_) return places;
  more_ = last < highest_ / kReceiptBlock;
  scanned_ = (last + 1) * kReceiptBlock - 1;
  return places;
}

Result<std::vector<Place>> ReceiptsReader::NextPlaces() {
  const Statement& driving = Driving();
  if (&driving == &kOfItem) return NextOfItem();
  const std::string& key = &driving == &kOfNumber ? asked_.number : asked_.lot;
  const std::string& store = asked_.store.empty() ? last_.store : asked_.store;
  const std::string& day = &driving == &kOfDay ? asked_.business_day : last_.business_day;
  Input input(driving);
  auto rows = sql_.Run(driving, input.Text(store).Text(day).Text(key).Int(last_.position));
  if (!rows.ok()) return std::move(rows).status();
  return PlacesOf(*rows);
}

Result<std::vector<Receipt>> ReceiptsReader::ReceiptsAt(std::span<const Place> places) {
  Input heads(kHeads), lines(kLines), tenders(kTenders), taxes(kTaxes);
  for (const Place& place : places) {
    for (Input* input : {&heads, &lines, &tenders, &taxes}) input->Int(place.position);
  }
  auto all =
      sql_.RunAll({{&kHeads, &heads}, {&kLines, &lines}, {&kTenders, &tenders}, {&kTaxes, &taxes}});
  if (!all.ok()) return std::move(all).status();
  std::map<uint64_t, Receipt> known;
  const Rows& h = (*all)[0];
  for (size_t i = 0; i < h.size(); ++i) {
    Receipt& r = known[h.Unsigned(i, 0)];
    r.position = h.Unsigned(i, 0);
    std::string* const texts[] = {
        &r.store,       &r.business_day, &r.register_id, &r.transaction_no, &r.kind,    &r.status,
        &r.occurred_at, &r.currency,     &r.voids_day,   &r.voids_register, &r.voids_no};
    for (size_t t = 0; t < std::size(texts); ++t) *texts[t] = h.Text(i, 1 + t);
    r.net = AmountAt(h, i, 12);
    r.tax = AmountAt(h, i, 13);
    r.grand = AmountAt(h, i, 14);
  }
  const Rows& l = (*all)[1];
  for (size_t i = 0; i < l.size(); ++i) {
    known[l.Unsigned(i, 0)].lines.push_back({l.Text(i, 1), l.Text(i, 2), l.Text(i, 3), l.Text(i, 5),
                                             l.Text(i, 4), AmountAt(l, i, 6), AmountAt(l, i, 7),
                                             AmountAt(l, i, 8), AmountAt(l, i, 9)});
  }
  const Rows& t = (*all)[2];
  for (size_t i = 0; i < t.size(); ++i) {
    known[t.Unsigned(i, 0)].tenders.push_back({t.Text(i, 1), AmountAt(t, i, 2)});
  }
  const Rows& x = (*all)[3];
  for (size_t i = 0; i < x.size(); ++i) {
    known[x.Unsigned(i, 0)].taxes.push_back(
        {AmountAt(x, i, 1), AmountAt(x, i, 2), AmountAt(x, i, 3)});
  }
  std::vector<Receipt> receipts;
  for (const Place& place : places) receipts.push_back(std::move(known[place.position]));
  return receipts;
}

bool ReceiptsReader::Fits(const Receipt& receipt) const {
  const auto has = [&receipt](const std::string& asked, std::string Receipt::Line::*member) {
    if (asked.empty()) return true;
    for (const Receipt::Line& line : receipt.lines) {
      if (line.*member == asked) return true;
    }
    return false;
  };
  return (asked_.business_day.empty() || receipt.business_day == asked_.business_day) &&
         Same(asked_.register_id, receipt.register_id) &&
         Same(asked_.number, receipt.transaction_no) && has(asked_.item, &Receipt::Line::item) &&
         has(asked_.lot, &Receipt::Line::lot);
}

bool ReceiptsReader::Full() const {
  return found_.size() >= asked_.limit || lines_ >= kReceiptLines;
}

// False: the answer is full before one of these.
Result<bool> ReceiptsReader::TakeSome(std::span<const Place> places) {
  auto receipts = ReceiptsAt(places);
  if (!receipts.ok()) return std::move(receipts).status();
  for (size_t i = 0; i < places.size(); ++i) {
    if (Full()) return false;
    last_ = places[i];
    Receipt& receipt = (*receipts)[i];
    if (!Fits(receipt)) continue;
    lines_ += receipt.lines.size();
    found_.push_back(std::move(receipt));
  }
  return true;
}

Status ReceiptsReader::Search() {
  uint64_t looked = 0;
  while (more_ && looked < kReceiptsScanned && blocks_scanned_ < kBlocksScanned) {
    auto places = NextPlaces();
    if (!places.ok()) return std::move(places).status();
    looked += places->size();
    for (std::span<const Place> rest = *places; !rest.empty();) {
      const size_t some = std::min(rest.size(), kReadAtOnce);
      auto taken = TakeSome(rest.first(some));
      if (!taken.ok()) return std::move(taken).status();
      if (!*taken) {
        more_ = true;
        return Status::Ok();
      }
      rest = rest.subspan(some);
    }
    last_.position = std::max(last_.position, scanned_);
  }
  return Status::Ok();
}

Result<std::string> ReceiptsReader::Read() {
  if (!asked_.page.empty()) {
    auto place = ReadPage(asked_.page);
    if (!place) return Invalid("page is not one that an answer gave");
    last_ = *std::move(place);
  }
  auto fill = sql_.Run(sql::kReceiptFill);
  if (!fill.ok()) return std::move(fill).status();
  if (fill->empty()) return Corrupt("table warehouse is empty");
  TRY(Search());
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Field("complete", Tables::FillOf(*fill).complete());
  json.Key("receipts").BeginArray();
  for (const Receipt& receipt : found_) ReceiptJson(receipt, &json);
  json.EndArray().Key("next_page");
  more_ ? json.String(PageText(last_) + asked_.page_end) : json.Null();
  json.EndObject();
  return out;
}

Status Check(const ReceiptsQuestion& question) {
  if (question.store.empty() && question.item.empty() && question.lot.empty()) {
    return Invalid("name a store, an item or a lot");
  }
  if (!question.store.empty() && !IsName(question.store)) return Invalid("store is no store id");
  if (!question.business_day.empty() && !event::IsDay(question.business_day)) {
    return Invalid("business_day is not YYYY-MM-DD");
  }
  return Status::Ok();
}

}  // namespace

Result<std::string> ReceiptsJson(Sql* sql, const ReceiptsQuestion& question) {
  TRY(Check(question));
  TRY(sql->Snapshot());
  auto json = ReceiptsReader(sql, question).Read();
  sql->Rollback();
  return json;
}

}  // namespace tillrelay::collector
