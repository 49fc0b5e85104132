// Stock as others ask for it: changes.h.
#include <algorithm>
#include <set>

#include "collector/db/lineage.h"
#include "collector/db/running_hash.h"
#include "collector/db/statements.h"
#include "collector/db/tables.h"
#include "collector/web/page_token.h"
#include "collector/web/stock.h"
#include "common/base/decimal.h"
#include "common/base/json_reader.h"
#include "common/base/json_writer.h"
#include "common/base/text.h"
#include "common/event/kind.h"
#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

#define TILLRELAY_CELL                                                            \
  "SELECT s.store_id, s.item, s.uom, CAST(ROUND(s.on_hand * 1000000) AS BIGINT)," \
  " CAST(ROUND(s.reserved * 1000000) AS BIGINT),"                                 \
  " CAST(ROUND(s.damaged * 1000000) AS BIGINT),"                                  \
  " CAST(ROUND(s.in_transit * 1000000) AS BIGINT), s.position FROM {rows} JOIN stock s ON "
// At most 1,001 rows, so that it is known whether there are more.
const Statement kAll(TILLRELAY_CELL
                     "(s.store_id, s.item, s.uom) > (r.a, r.b, r.c)"
                     " ORDER BY s.store_id, s.item, s.uom LIMIT 1001",
                     "a b c");
const Statement kOfStore(TILLRELAY_CELL
                         "s.store_id = r.a AND (s.item, s.uom) > (r.b, r.c)"
                         " ORDER BY s.store_id, s.item, s.uom LIMIT 1001",
                         "a b c");
const Statement kOfItem(TILLRELAY_CELL
                        "s.item = r.b AND (s.store_id, s.uom) > (r.a, r.c)"
                        " ORDER BY s.item, s.store_id, s.uom LIMIT 1001",
                        "a b c");
const Statement kOfBoth(TILLRELAY_CELL
                        "s.store_id = r.a AND s.item = r.b AND s.uom > r.c"
                        " ORDER BY s.store_id, s.item, s.uom LIMIT 1001",
                        "a b c");
#undef TILLRELAY_CELL
const Statement kHeldOf(
    "SELECT h.store_id, h.item, h.uom, MIN(h.reason) FROM {rows} JOIN held_count h"
    " ON h.store_id = r.a AND h.item = r.b AND h.uom = r.c GROUP BY h.store_id, h.item, h.uom",
    "a b c");
const Statement kCountedOf(
    "SELECT c.store_id, c.item, c.uom, c.bucket, c.as_of FROM {rows} JOIN counted_at c"
    " ON c.store_id = r.a AND c.item = r.b AND c.uom = r.c",
    "a b c");
const Statement kExceptionsOf(
    "SELECT x.store_id, x.item, x.kind, x.subject FROM {rows} JOIN exception x"
    " ON x.store_id = r.a AND x.item = r.b AND x.ended = 0"
    " AND x.state NOT IN ('resolved', 'retired')",
    "a b");
const Statement kGapsOf(
    "SELECT g.store_id, SUM(g.last - g.first + 1), MIN(g.since) FROM {rows} JOIN gap g"
    " ON g.store_id = r.a GROUP BY g.store_id",
    "a");

struct StockCell {
  CellKey key;
  CellRow row;
};

std::string Text(int64_t micros) { return Decimal::FromMicros(micros).Shortest(); }

// The key behind which the next page begins, and the cursor of the pages before.
struct StockPage {
  CellKey after;
  std::optional<Cursor> cursor;  // none: the first page
};
std::string PageText(const CellKey& key, const Cursor& cursor) {
  return PageToken({key.store, key.item, key.uom}) + "-" + CursorText(cursor);
}
std::optional<StockPage> ReadPage(const std::string& page) {
  if (page.empty()) return StockPage{};
  const size_t dash = page.find('-');
  if (dash == std::string::npos) return std::nullopt;
  const auto parts = ReadPageToken(page.substr(0, dash));
  const auto cursor = ReadCursor(std::string_view(page).substr(dash + 1));
  if (!parts || !cursor) return std::nullopt;
  const auto& [store, item, uom] = *parts;
  return StockPage{{store, item, uom}, cursor};
}

// Changes are followed from where the first page was read; what a later page was read from must be
// in the history that they are followed in, or its cells would be taken for newer than they are.
Cursor CursorOf(const StockPage& page, const Tables::Head& head) {
  const Cursor::Place now{head.position, head.hash};
  if (!page.cursor) return {now, std::nullopt};
  if (now.position <= page.cursor->at.position) return {page.cursor->at, std::nullopt};
  return {page.cursor->at, now};
}

class StockReader {
 public:
  StockReader(Sql* sql, const StockQuestion& question,
              const std::map<std::string, StoreActivity>& news, WallTime now)
      : sql_(*sql), question_(question), news_(news), now_(now), json_(&out_) {}
  Result<std::string> Read();

 private:
  Status ReadCells(const CellKey& after);
  Status Take(const Statement& statement, const CellKey& after);
  Status ReadExceptions();
  Status StoresJson();
  void CellJson(const StockCell& cell);
  bool enough() const { return cells_.size() > question_.limit; }

  Sql& sql_;
  const StockQuestion& question_;
  const std::map<std::string, StoreActivity>& news_;
  const WallTime now_;
  std::vector<StockCell> cells_;
  std::map<CellKey, std::set<std::string>> exceptions_;
  std::map<CellKey, std::map<std::string, int64_t>> counted_;
  std::string out_;
  JsonWriter json_;
};

Status StockReader::Take(const Statement& statement, const CellKey& after) {
  Input input(statement);
  auto rows = sql_.Run(statement, input.Text(after.store).Text(after.item).Text(after.uom));
  if (!rows.ok()) return std::move(rows).status();
  for (size_t i = 0; i < rows->size() && !enough(); ++i) {
    StockCell& cell = cells_.emplace_back();
    cell.key = {rows->Text(i, 0), rows->Text(i, 1), rows->Text(i, 2)};
    for (size_t b = 0; b < kBuckets; ++b) cell.row.micros[b] = rows->Int(i, 3 + b);
    cell.row.position = rows->Unsigned(i, 3 + kBuckets);
  }
  return Status::Ok();
}

// In the order of store, item and unit; where only items are named, of item, store and unit.
Status StockReader::ReadCells(const CellKey& after) {
  const std::set<std::string> stores(question_.stores.begin(), question_.stores.end());
  const std::set<std::string> items(question_.items.begin(), question_.items.end());
  if (stores.empty() && items.empty()) return Take(kAll, after);
  if (stores.empty()) {
    for (auto item = items.lower_bound(after.item); item != items.end() && !enough(); ++item) {
      const bool same = *item == after.item;
      TRY(Take(kOfItem, {same ? after.store : "", *item, same ? after.uom : ""}));
    }
    return Status::Ok();
  }
  for (auto store = stores.lower_bound(after.store); store != stores.end() && !enough(); ++store) {
    const CellKey from = *store == after.store ? after : CellKey{*store, "", ""};
    if (items.empty()) TRY(Take(kOfStore, from));
    for (auto item = items.lower_bound(from.item); item != items.end() && !enough(); ++item) {
      TRY(Take(kOfBoth, {*store, *item, *item == from.item ? from.uom : ""}));
    }
  }
  return Status::Ok();
}

// A subject names the cell's item and unit, with a transfer before or a bucket behind.
bool Touches(const std::string& subject, const CellKey& cell) {
  const std::string name = cell.item + " " + cell.uom;
  return subject.starts_with(name + " ") || subject.ends_with(" " + name);
}

Status StockReader::ReadExceptions() {
  Input held(kHeldOf), counted(kCountedOf), exceptions(kExceptionsOf);
  std::map<std::pair<std::string, std::string>, std::vector<const CellKey*>> by_item;
  for (const StockCell& cell : cells_) {
    held.Text(cell.key.store).Text(cell.key.item).Text(cell.key.uom);
    counted.Text(cell.key.store).Text(cell.key.item).Text(cell.key.uom);
    by_item[{cell.key.store, cell.key.item}].push_back(&cell.key);
  }
  for (const auto& [item, cells] : by_item) exceptions.Text(item.first).Text(item.second);
  auto rows =
      sql_.RunAll({{&kHeldOf, &held}, {&kCountedOf, &counted}, {&kExceptionsOf, &exceptions}});
  if (!rows.ok()) return std::move(rows).status();
  const Rows &waiting = (*rows)[0], &counts = (*rows)[1], &found = (*rows)[2];
  for (size_t i = 0; i < waiting.size(); ++i) {
    exceptions_[{waiting.Text(i, 0), waiting.Text(i, 1), waiting.Text(i, 2)}].insert(
        "count_" + waiting.Text(i, 3));
  }
  for (size_t i = 0; i < counts.size(); ++i) {
    counted_[{counts.Text(i, 0), counts.Text(i, 1), counts.Text(i, 2)}][counts.Text(i, 3)] =
        counts.Int(i, 4);
  }
  for (size_t i = 0; i < found.size(); ++i) {
    for (const CellKey* cell : by_item[{found.Text(i, 0), found.Text(i, 1)}]) {
      if (Touches(found.Text(i, 3), *cell)) exceptions_[*cell].insert(found.Text(i, 2));
    }
  }
  return Status::Ok();
}

void StockReader::CellJson(const StockCell& cell) {
  json_.BeginObject().Field("store", cell.key.store).Field("item", cell.key.item);
  json_.Field("uom", cell.key.uom);
  for (size_t b = 0; b < kBuckets; ++b) {
    json_.Field(event::kBucketWords[b], Text(cell.row.micros[b]));
  }
  json_.Field("position", cell.row.position).Key("counted_at").BeginObject();
  std::set<std::string>& exceptions = exceptions_[cell.key];
  for (const auto& [bucket, as_of] : counted_[cell.key]) {
    const WallTime time{std::chrono::microseconds(as_of)};
    json_.Field(bucket, event::UtcText(time));
    if (time > now_) exceptions.insert("counted_ahead");
  }
  json_.EndObject().Key("exceptions").BeginArray();
  const bool negative = std::any_of(cell.row.micros.begin(), cell.row.micros.end(),
                                    [](int64_t micros) { return micros < 0; });
  if (negative) exceptions.insert("negative_stock");
  for (const std::string& kind : exceptions) json_.String(kind);
  json_.EndArray().EndObject();
}

// How fresh what is known of each store is.
Status StockReader::StoresJson() {
  std::set<std::string> stores(question_.stores.begin(), question_.stores.end());
  for (const StockCell& cell : cells_) stores.insert(cell.key.store);
  Input input(kGapsOf);
  for (const std::string& store : stores) input.Text(store);
  auto gaps = sql_.RunAll({{&kGapsOf, &input}});
  if (!gaps.ok()) return std::move(gaps).status();
  std::map<std::string, std::pair<uint64_t, std::string>> missing;
  for (size_t i = 0; i < gaps->front().size(); ++i) {
    missing[gaps->front().Text(i, 0)] = {gaps->front().Unsigned(i, 1), gaps->front().Text(i, 2)};
  }
  const auto time = [this](const char* name, const std::string& text) {
    json_.Key(name);
    text.empty() ? json_.Null() : json_.String(text);
  };
  json_.Key("stores").BeginArray();
  for (const std::string& store : stores) {
    const auto reported = news_.find(store);
    const StoreActivity known = reported == news_.end() ? StoreActivity{} : reported->second;
    const bool heard = known.heard_at != WallTime();
    json_.BeginObject().Field("store", store);
    time("last_heard_at", heard ? event::UtcText(known.heard_at) : "");
    json_.Field("waiting", known.waiting);
    time("oldest_waiting_at", known.oldest_waiting_at);
    json_.Field("missing", missing[store].first);
    time("missing_since", missing[store].second);
    json_.EndObject();
  }
  json_.EndArray();
  return Status::Ok();
}

Result<std::string> StockReader::Read() {
  const auto page = ReadPage(question_.page);
  if (!page) return Invalid("page is not one that an answer gave");
  auto head = sql_.Run(sql::kHead);
  if (!head.ok()) return std::move(head).status();
  const Tables::Head at = Tables::HeadOf(*head);
  if (page->cursor) TRY(CheckCursor(&sql_, at, *page->cursor));
  const Cursor cursor = CursorOf(*page, at);
  TRY(ReadCells(page->after));
  std::string next;
  if (enough()) {
    cells_.resize(question_.limit);
    next = PageText(cells_.back().key, cursor) + question_.page_end;
  }
  TRY(ReadExceptions());
  json_.BeginObject().Field("cursor", CursorText(cursor));
  json_.Field("position", at.position).Key("cells").BeginArray();
  for (const StockCell& cell : cells_) CellJson(cell);
  json_.EndArray();
  TRY(StoresJson());
  json_.Key("next_page");
  next.empty() ? json_.Null() : json_.String(next);
  json_.EndObject();
  return std::move(out_);
}

}  // namespace

Result<std::string> StockJson(Sql* sql, const StockQuestion& question,
                              const std::map<std::string, StoreActivity>& news, WallTime now) {
  TRY(sql->Snapshot());
  auto json = StockReader(sql, question, news, now).Read();
  sql->Rollback();
  return json;
}

}  // namespace tillrelay::collector
