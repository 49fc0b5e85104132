#include "collector/web/exceptions_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "collector/fleet/store_health.h"
#include "collector/web/page_token.h"
#include "common/base/decimal.h"
#include "common/base/json_writer.h"
#include "common/base/text.h"

namespace tillrelay::collector {
namespace {

const Statement kRound("SELECT at FROM detector WHERE name = 'round'", "");

void Members(const Exception& x, const std::string& last_round, JsonWriter* json) {
  json->Field("id", ExceptionId(x.key)).Field("store", x.key.store).Field("kind", x.key.kind);
  json->Field("subject", x.key.subject).Field("item", x.item).Field("detail", x.detail);
  json->Field("level", HealthWord(x.level)).Field("since", x.since);
  json->Field("last_seen", LastSeen(x, last_round)).Field("ended", x.ended);
  json->Field("times", x.times).Key("money");
  if (x.money) {
    json->BeginObject().Field("amount", Decimal::FromMicros(*x.money).Shortest());
    json->Field("currency", x.currency).EndObject();
  } else {
    json->Null();
  }
  json->Field("state", x.state).Field("assignee", x.assignee).Field("note", x.note);
  json->Field("actor", x.actor).Field("changed_at", x.changed_at);
}

}  // namespace

Status CheckQuestion(const ExceptionsQuestion& question) {
  if (!question.store.empty() && !IsName(question.store)) return Invalid("store is no store id");
  if (!question.kind.empty() && FindKind(question.kind) == nullptr) {
    std::string kinds;
    for (const KindRule& kind : ExceptionKinds()) {
      kinds.append(kinds.empty() ? "" : ", ").append(kind.word);
    }
    return Invalid("kind is one of " + kinds);
  }
  const std::string_view states[] = {"",        "all",     kOpen,   kAcknowledged,
                                     kAssigned, kResolved, kRetired};
  if (std::find(std::begin(states), std::end(states), question.state) == std::end(states)) {
    return Invalid("state is open, acknowledged, assigned, resolved, retired or all");
  }
  return Status::Ok();
}

std::string ExceptionId(const ExceptionKey& key) {
  return PageToken({key.store, key.kind, key.subject});
}

std::optional<ExceptionKey> ReadExceptionId(const std::string& id) {
  const auto place = ReadPageToken(id);
  if (!place) return std::nullopt;
  const auto& [store, kind, subject] = *place;
  return ExceptionKey{store, kind, subject};
}

std::string ExceptionsPage(const Exception& last) {
  const std::string rank =
      fmt::format("{} {} {} {}", last.state == kOpen ? 0 : 1, static_cast<int>(last.level),
                  last.money.value_or(0), last.since);
  return PageToken({rank, last.key.store + "\n" + last.key.kind, last.key.subject});
}

std::optional<Exception> ReadExceptionsPage(const std::string& page) {
  const auto place = ReadPageToken(page);
  if (!place) return std::nullopt;
  const auto& [rank, store_and_kind, subject] = *place;
  int64_t numbers[3] = {};  // known, level, money
  const char* at = rank.data();
  const char* const end = at + rank.size();
  for (int64_t& number : numbers) {
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc() || next == end || number < 0) return std::nullopt;
    at = next + 1;
  }
  const auto [known, level, money] = numbers;
  if (known > 1 || level > 2 || money > Decimal::kMaxMicros) return std::nullopt;
  const size_t line = store_and_kind.find('\n');
  if (line == std::string::npos) return std::nullopt;
  Exception last;
  last.level = static_cast<Level>(level);
  last.money = money;
  last.since.assign(at, end);
  if (known == 1) last.state = kAcknowledged;
  last.key = {store_and_kind.substr(0, line), store_and_kind.substr(line + 1), subject};
  return last;
}

Result<std::string> ReadLastRound(Sql* sql) {
  auto rows = sql->Run(kRound);
  if (!rows.ok()) return std::move(rows).status();
  return rows->empty() ? std::string() : rows->Text(0, 0);
}

std::string LastSeen(const Exception& x, const std::string& last_round) {
  const KindRule* rule = FindKind(x.key.kind);
  const bool stands = !x.ended && rule != nullptr && rule->life != Life::kOnce;
  return stands ? std::max(x.last_seen, last_round) : x.last_seen;
}

Result<std::string> ExceptionsJson(Sql* sql, const ExceptionsQuestion& question) {
  auto round = ReadLastRound(sql);
  if (!round.ok()) return std::move(round).status();
  auto found = ListExceptions(sql, question);
  if (!found.ok()) return std::move(found).status();
  const bool more = found->size() > question.limit;
  if (more) found->resize(question.limit);
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Key("exceptions").BeginArray();
  for (const Exception& x : *found) {
    json.BeginObject();
    Members(x, *round, &json);
    json.EndObject();
  }
  json.EndArray().Key("next_page");
  more ? json.String(ExceptionsPage(found->back()) + question.page_end) : json.Null();
  json.EndObject();
  return out;
}

Result<std::string> ExceptionJson(Sql* sql, const ExceptionKey& key) {
  auto round = ReadLastRound(sql);
  if (!round.ok()) return std::move(round).status();
  auto found = ReadExceptions(sql, {key});
  if (!found.ok()) return std::move(found).status();
  if (found->empty()) return NotFound("there is no such exception");
  auto audit = ReadAudit(sql, key);
  if (!audit.ok()) return std::move(audit).status();
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  Members(found->begin()->second, *round, &json);
  json.Key("history").BeginArray();
  for (const AuditEntry& entry : *audit) {
    json.BeginObject().Field("at", entry.at).Field("actor", entry.actor);
    json.Field("token", entry.token).Field("state", entry.state);
    json.Field("assignee", entry.assignee).Field("note", entry.note).EndObject();
  }
  json.EndArray().EndObject();
  return out;
}

}  // namespace tillrelay::collector
