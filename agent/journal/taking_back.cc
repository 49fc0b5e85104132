#include "agent/journal/taking_back.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/base/json_reader.h"
#include "common/event/turnover.h"

namespace tillrelay::journal {
namespace {

constexpr const char* kTheSameWay =
    "it would move the goods as the document that it takes back has moved them, instead of taking "
    "them back; send it as a canonical transaction_voided whose lines are that document's";

// What a document moves: millionths by article and bucket. An article goes by each of its names.
class Moves {
 public:
  using Cell = std::pair<size_t, std::string>;  // article, "bucket unit"
  using Cells = std::map<Cell, int64_t>;

  explicit Moves(JsonValue document) {
    for (const JsonValue line : document.Find("lines")) Add(line, &cells_, true);
  }
  // Of another document, by the articles of this one. Unknown ones are articles of their own.
  Cells Others(JsonValue document) {
    Cells cells;
    for (const JsonValue line : document.Find("lines")) Add(line, &cells, false);
    return cells;
  }
  int64_t At(const Cell& cell) const {
    const auto found = cells_.find(cell);
    return found == cells_.end() ? 0 : found->second;
  }
  const std::string& NameOf(const Cell& cell) const { return names_[cell.first]; }

 private:
  void Add(JsonValue line, Cells* cells, bool own) {
    const size_t article = ArticleOf(line.Find("item"), own);
    const std::string unit(line.String("uom"));
    for (const JsonValue effect : line.Find("stock_effect")) {
      const auto delta = Decimal::Parse(effect.String("delta"));
      if (!delta.ok()) continue;
      (*cells)[{article, std::string(effect.String("bucket")) + " " + unit}] += delta->micros();
    }
  }

  size_t ArticleOf(JsonValue item, bool own) {
    const std::pair<char, std::string_view> names[] = {
        {'k', item.String("key")}, {'s', item.String("sku")}, {'g', item.String("gtin")}};
    std::optional<size_t> found;
    for (const auto& [kind, name] : names) {
      const auto known = articles_.find(kind + std::string(name));
      if (!name.empty() && known != articles_.end() && !found) found = known->second;
    }
    if (!found) {
      found = names_.size();
      const std::string_view sku = item.String("sku");
      names_.emplace_back(sku.empty() ? item.String("gtin") : sku);
    }
    for (const auto& [kind, name] : names) {
      if (own && !name.empty()) articles_.try_emplace(kind + std::string(name), *found);
    }
    return *found;
  }

  Cells cells_;
  std::unordered_map<std::string, size_t> articles_;
  std::vector<std::string> names_;
};

bool MovesTheSameWay(const Moves::Cells& taken_back, const Moves& moved) {
  bool moves = false;
  for (const auto& [cell, delta] : taken_back) {
    if (moved.At(cell) != delta) return false;
    moves = moves || delta != 0;
  }
  return moves;
}

}  // namespace

Result<std::optional<TakenBack>> TakenBackBy(const event::Draft& draft, sqlite::Database* db) {
  std::vector<std::pair<std::string, std::string>> bodies;  // kind, data
  auto find = db->Prepare(
      "SELECT e.kind, e.data FROM known k JOIN event e ON e.position=k.position WHERE k.key=?1");
  if (!find.ok()) return std::move(find).status();
  find->BindText(1, draft.voids_key);
  for (;;) {
    auto row = find->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) break;
    bodies.emplace_back(find->Text(0), find->Text(1));
  }
  const auto kind = bodies.size() == 1 ? event::ParseKind(bodies[0].first) : std::nullopt;
  if (!kind) return std::optional<TakenBack>();
  return std::optional(TakenBack{*kind, std::move(bodies[0].second)});
}

std::string AmountsBy(const TakenBack& original, const event::Draft& draft) {
  JsonParser own, its;
  std::string data = draft.data, body = original.data;
  const auto voided = own.Parse(data), document = its.Parse(body);
  if (!voided.ok() || !document.ok()) return "";
  const event::Turnover turnover = event::TurnoverOf(draft.kind, *voided);
  return std::string(turnover.AmountsBy(event::TurnoverOf(original.kind, *document)));
}

std::optional<event::Rejection> WrongTakingBack(const TakenBack& original,
                                                const event::Draft& draft) {
  JsonParser own, its;
  std::string data = draft.data, body = original.data;
  const auto document = own.Parse(data), stored = its.Parse(body);
  if (!document.ok() || !stored.ok()) return std::nullopt;
  Moves moved(*stored);
  const Moves::Cells taken_back = moved.Others(*document);
  if (MovesTheSameWay(taken_back, moved)) {
    return event::Rejection{"bad-value", "lines", kTheSameWay};
  }
  for (const auto& [cell, delta] : taken_back) {
    const int64_t was = moved.At(cell);
    if (delta == 0 || (was != 0 && (was < 0) != (delta < 0) && std::abs(delta) <= std::abs(was))) {
      continue;
    }
    return event::Rejection{
        "bad-value", "lines",
        fmt::format("it takes back {} of {}, and the document that it names moved {}: send it with "
                    "that document's own lines",
                    Decimal::FromMicros(delta, 6).Shortest(), moved.NameOf(cell),
                    Decimal::FromMicros(was, 6).Shortest())};
  }
  return std::nullopt;
}

Result<bool> WasTakenBack(const event::Draft& draft, sqlite::Database* db,
                          const std::function<Result<bool>(uint64_t)>& is_gone) {
  if (draft.taking_back_key.empty()) return false;
  const std::string all = event::TakingBackKeyPrefix(draft.voids_key), last = all + "\x7f";
  uint64_t taken_back = 0;
  auto find = db->Prepare("SELECT key,position FROM known WHERE key>=?1 AND key<=?2 LIMIT 100");
  if (!find.ok()) return std::move(find).status();
  find->BindText(1, all).BindText(2, last);  // bound, not copied
  for (;;) {
    auto row = find->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) break;
    const std::string_view key = find->Text(0);
    const bool beside = key != draft.taking_back_key && key != all && draft.taking_back_key != all;
    auto gone = is_gone(find->Unsigned(1));
    if (!gone.ok()) return gone;
    if (!beside && !*gone) ++taken_back;
  }
  if (taken_back == 0) return false;
  auto stored = db->Prepare("SELECT count(*) FROM known WHERE key=?1");
  if (!stored.ok()) return std::move(stored).status();
  auto counted = stored->BindText(1, draft.voids_key).Step();
  if (!counted.ok()) return std::move(counted).status();
  return taken_back >= std::max<uint64_t>(stored->Unsigned(0), 1);
}

KnownRow NoteOfTakingBack(const event::Draft& draft, uint64_t position) {
  KnownRow note;
  note.key = draft.taking_back_key;
  note.id = draft.identity.id;
  note.digest = BytesOf(draft.identity.digest).substr(0, kContentDigestBytes);
  note.position = position;
  if (draft.book.time_trusted) note.at_s = draft.book.at_s;
  return note;
}

}  // namespace tillrelay::journal
