#include "collector/web/views.h"

#include <algorithm>
#include <span>

#include "collector/db/statements.h"
#include "collector/exceptions/exception.h"
#include "collector/ledger/posting.h"
#include "common/base/decimal.h"
#include "common/base/json_writer.h"
#include "common/event/kind.h"
#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

const Statement kStreamFacts(
    "SELECT store_id, COUNT(*), SUM(confirmed_through) FROM stream GROUP BY store_id", "");
const Statement kGapFacts(
    "SELECT store_id, SUM(last - first + 1), MIN(since) FROM gap GROUP BY store_id", "");
const Statement kDivergedFacts("SELECT store_id, COUNT(*), MAX(at) FROM diverged GROUP BY store_id",
                               "");
// Losses that a person knows of.
#define TILLRELAY_NOT_KNOWN                                                               \
  " NOT EXISTS (SELECT 1 FROM exception x WHERE x.store_id = l.store_id"                  \
  " AND x.kind = 'loss' AND x.subject = l.stream || ' ' || l.first AND x.state <> 'open'" \
  " AND x.ended = 0) GROUP BY store_id"
const Statement kLossFacts(
    "SELECT store_id, SUM(last - first + 1 - filled), MAX(at) FROM loss l"
    " WHERE" TILLRELAY_NOT_KNOWN,
    "");
const Statement kExceptionFacts(
    "SELECT store_id, kind, SUM(CASE state WHEN 'open' THEN 1 ELSE 0 END), COUNT(*),"
    " MIN(CASE state WHEN 'open' THEN since END) FROM exception WHERE ended = 0"
    " AND store_id <> '' GROUP BY store_id, kind",
    "");
const Statement kKnownFacts(
    "SELECT x.store_id, x.kind, x.subject, x.state, x.changed_at FROM {rows} JOIN exception x"
    " ON x.kind = r.a AND x.ended = 0 WHERE x.state <> 'open'",
    "a");
const Statement kDoubtfulFacts(
    "SELECT store_id, COUNT(*), MAX(since) FROM doubtful GROUP BY store_id", "");
const Statement kOpenFacts(
    "SELECT store_id, COUNT(*), MAX(at) FROM loss l WHERE open_ended = 1"
    " AND" TILLRELAY_NOT_KNOWN,
    "");
#undef TILLRELAY_NOT_KNOWN
const Statement kOwedFacts("SELECT store_id, COUNT(*), MIN(since) FROM owed GROUP BY store_id", "");
const Statement kHeldFacts(
    "SELECT store_id, SUM(CASE WHEN reason = 'too_old' THEN 0 ELSE 1 END), MIN(since),"
    " SUM(CASE WHEN reason = 'too_old' THEN 1 ELSE 0 END) FROM held_count GROUP BY store_id",
    "");
const Statement kUnappliedFacts(
    "SELECT store_id, COUNT(*), MIN(since), MIN(stream || ' ' || sequence || ', ' || reason)"
    " FROM unapplied GROUP BY store_id",
    "");

void TextOrNull(JsonWriter* json, std::string_view name, std::string_view text) {
  json->Key(name);
  if (text.empty()) {
    json->Null();
  } else {
    json->String(text);
  }
}

void StoreJson(const StoreHealth& s, JsonWriter* json) {
  json->BeginObject()
      .Field("store", s.store)
      .Field("level", HealthWord(s.level))
      .Field("sentence", s.sentence)
      .Field("expected", s.expected);
  TextOrNull(json, "state", s.news.state);
  json->Key("last_heard_at");
  if (s.news.heard_at == WallTime()) {
    json->Null();
  } else {
    json->String(event::UtcText(s.news.heard_at));
  }
  TextOrNull(json, "version", s.news.version);
  TextOrNull(json, "host", s.news.host);
  json->Field("waiting", s.news.waiting);
  TextOrNull(json, "oldest_waiting_at", s.news.oldest_waiting_at);
  json->Field("quarantined", s.news.quarantined)
      .Field("streams", s.facts.streams)
      .Field("confirmed", s.facts.confirmed)
      .Field("missing", s.facts.missing)
      .Field("lost", s.facts.lost)
      .Field("open_losses", s.facts.open_losses)
      .Field("doubtful", s.facts.doubtful)
      .Field("kept_aside", s.facts.diverged)
      .Field("owed", s.facts.owed)
      .Field("unapplied", s.facts.unapplied)
      .Field("held_counts", s.facts.held + s.facts.too_old)
      .Field("open_exceptions", s.facts.OfAllKinds().open)
      .Field("known_exceptions", s.facts.OfAllKinds().known);
  json->Key("alarms").BeginArray();
  for (const auto& alarm : s.alarms) {
    json->BeginObject().Field("level", HealthWord(alarm.level)).Field("text", alarm.text);
    json->EndObject();
  }
  json->EndArray().EndObject();
}

// What waits for a person: the answers of kUnappliedFacts and those behind it.
void AddPeopleFacts(std::span<const Rows> rows, std::map<std::string, StoreFacts>* facts) {
  const auto each = [facts](const Rows& of, auto&& use) {
    for (size_t i = 0; i < of.size(); ++i) use(&(*facts)[of.Text(i, 0)], i);
  };
  each(rows[0], [&](StoreFacts* f, size_t i) {
    f->unapplied = rows[0].Unsigned(i, 1);
    f->unapplied_since = rows[0].Text(i, 2);
    f->unapplied_first = rows[0].Text(i, 3);
  });
  each(rows[1], [&](StoreFacts* f, size_t i) {
    f->held = rows[1].Unsigned(i, 1);
    f->held_since = rows[1].Text(i, 2);
    f->too_old = rows[1].Unsigned(i, 3);
  });
  each(rows[2], [&](StoreFacts* f, size_t i) {
    const uint64_t open = rows[2].Unsigned(i, 2);
    f->exceptions[rows[2].Text(i, 1)] = {open, rows[2].Unsigned(i, 3) - open, rows[2].Text(i, 4)};
  });
  each(rows[3], [&](StoreFacts* f, size_t i) {
    const std::string &kind = rows[3].Text(i, 1), &state = rows[3].Text(i, 3);
    f->known_alarms.emplace(kind, rows[3].Text(i, 2));
    if (kind == "silent_store" && state == kRetired) f->retired_at = rows[3].Text(i, 4);
  });
}

}  // namespace

Result<std::map<std::string, StoreFacts>> ReadFacts(Sql* sql) {
  std::map<std::string, StoreFacts> facts;
  const Input none(kStreamFacts);
  Input kinds(kKnownFacts);
  for (const KindRule& kind : ExceptionKinds()) {
    if (kind.by_status) kinds.Text(kind.word);
  }
  auto all = sql->RunAll({{&kStreamFacts, &none},
                          {&kGapFacts, &none},
                          {&kDivergedFacts, &none},
                          {&kLossFacts, &none},
                          {&kOwedFacts, &none},
                          {&kOpenFacts, &none},
                          {&kDoubtfulFacts, &none},
                          {&kUnappliedFacts, &none},
                          {&kHeldFacts, &none},
                          {&kExceptionFacts, &none},
                          {&kKnownFacts, &kinds}});
  if (!all.ok()) return std::move(all).status();
  const auto each = [&facts](const Rows& rows, auto&& use) {
    for (size_t i = 0; i < rows.size(); ++i) {
      use(&facts[rows.Text(i, 0)], rows.Unsigned(i, 1), rows.width > 2 ? rows.Text(i, 2) : "");
    }
  };
  using Facts = StoreFacts*;
  for (size_t i = 0; i < (*all)[0].size(); ++i) {
    facts[(*all)[0].Text(i, 0)].confirmed = (*all)[0].Unsigned(i, 2);
  }
  each((*all)[0], [](Facts f, uint64_t n, const std::string&) { f->streams = n; });
  each((*all)[1], [](Facts f, uint64_t n, const std::string& since) {
    f->missing = n;
    f->missing_since = since;
  });
  each((*all)[2], [](Facts f, uint64_t n, const std::string& at) {
    f->diverged = n;
    f->fork_at = at;
  });
  each((*all)[3], [](Facts f, uint64_t n, const std::string& at) {
    f->lost = n;
    f->lost_at = at;
  });
  each((*all)[4], [](Facts f, uint64_t n, const std::string& since) {
    f->owed = n;
    f->owed_since = since;
  });
  each((*all)[5], [](Facts f, uint64_t n, const std::string& at) {
    f->open_losses = n;
    f->open_at = at;
  });
  each((*all)[6], [](Facts f, uint64_t n, const std::string& at) {
    f->doubtful = n;
    f->doubtful_at = at;
  });
  AddPeopleFacts(std::span(*all).subspan(7), &facts);
  return facts;
}

std::string StoresJson(const std::vector<StoreHealth>& stores, WallTime now) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Field("at", event::UtcText(now)).Key("stores").BeginArray();
  for (const StoreHealth& store : stores) StoreJson(store, &json);
  json.EndArray().EndObject();
  return out;
}

}  // namespace tillrelay::collector
