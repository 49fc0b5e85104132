#include <fmt/format.h>

#include <algorithm>

#include "agent/cli/commands.h"
#include "agent/config/config.h"
#include "agent/journal/query/search.h"
#include "common/base/json_writer.h"
#include "common/base/text.h"
#include "common/event/time_text.h"

namespace tillrelay::cli {
namespace {

constexpr size_t kPageRows = 200;

void PrintLine(const journal::QuarantineRow& row) {
  fmt::print("{:>6}  {}  {:<22} {}{}{}\n", row.ticket, event::UtcText(row.created_at), row.reason,
             row.field, row.origin.empty() ? "" : "  from ", Printable(row.origin));
}

void PrintWhole(const journal::QuarantineRow& row) {
  fmt::print(
      "ticket   {}\nsince    {}\nseen     {} times\nreason   {}\nfield    {}\nhint     {}\n"
      "from     {} {}\n\n{}\n",
      row.ticket, event::UtcText(row.created_at), row.seen, row.reason, row.field, row.hint,
      row.channel, Printable(row.origin), row.document);
}

void WriteRow(JsonWriter& json, const journal::QuarantineRow& row) {
  json.BeginObject()
      .Field("ticket", row.ticket)
      .Field("created_at", event::UtcText(row.created_at))
      .Field("seen", row.seen)
      .Field("reason", row.reason)
      .Field("field", row.field)
      .Field("hint", row.hint)
      .Field("channel", row.channel)
      .Field("origin", row.origin)
      .Field("content_type", row.format)
      .Field("document", row.document)
      .EndObject();
}

std::string Json(const std::vector<journal::QuarantineRow>& rows) {
  std::string out;
  JsonWriter json(&out);
  json.BeginArray();
  for (const auto& row : rows) WriteRow(json, row);
  json.EndArray();
  return out;
}

// The journal is read directly, so that this works while the daemon is down.
int OpenJournal(const Common& common, std::unique_ptr<journal::Search>* search) {
  auto config = config::Load(common.config);
  if (!config.ok()) {
    fmt::print(stderr, "{}\n", config.status().message());
    return kConfiguration;
  }
  auto opened = journal::Search::Open(config->journal.path);
  if (!opened.ok()) {
    fmt::print(stderr, "{}\n", opened.status().message());
    return kFault;
  }
  *search = *std::move(opened);
  return kOk;
}

int Complain(const Status& status) {
  fmt::print(stderr, "{}\n", status.message());
  return kFault;
}

}  // namespace

int RunQuarantine(const Common& common, const QuarantineOptions& options) {
  std::unique_ptr<journal::Search> search;
  if (const int code = OpenJournal(common, &search); code != kOk) return code;
  if (options.ticket != 0) {
    auto row = search->Ticket(options.ticket);
    if (!row.ok()) return Complain(row.status());
    if (common.json) {
      fmt::print("{}\n", Json({*row}));
    } else {
      PrintWhole(*row);
    }
    return kOk;
  }
  auto rows = search->Quarantined(0, options.most, common.json);
  if (!rows.ok()) return Complain(rows.status());
  if (common.json) {
    fmt::print("{}\n", Json(*rows));
    return kOk;
  }
  for (const auto& row : *rows) PrintLine(row);
  fmt::print("{} documents wait for a person\n", rows->size());
  return kOk;
}

int RunRetryMatching(const Common& common, const RetryMatchingOptions& options) {
  std::unique_ptr<journal::Search> search;
  if (const int code = OpenJournal(common, &search); code != kOk) return code;
  std::vector<uint64_t> tickets;
  for (uint64_t before = 0;;) {
    auto rows = search->Quarantined(before, kPageRows, false);
    if (!rows.ok()) return Complain(rows.status());
    for (const auto& row : *rows) {
      if (row.reason == options.reason) tickets.push_back(row.ticket);
    }
    if (rows->size() < kPageRows) break;
    before = rows->back().ticket;
  }
  search.reset();
  std::sort(tickets.begin(), tickets.end());
  size_t stored = 0;
  for (const uint64_t ticket : tickets) {
    ResolveOptions retry;
    retry.ticket = ticket;
    retry.reason = "retried with all of " + options.reason;
    const int code = RunResolve(common, retry);
    if (code == kUnreachable) return code;
    stored += code == kOk ? 1 : 0;
  }
  if (!common.json) fmt::print("{} of {} were stored\n", stored, tickets.size());
  return stored == tickets.size() ? kOk : kFault;
}

int RunQuarantineExport(const Common& common) {
  std::unique_ptr<journal::Search> search;
  if (const int code = OpenJournal(common, &search); code != kOk) return code;
  uint64_t before = 0;
  for (;;) {
    auto rows = search->Quarantined(before, kPageRows, true);
    if (!rows.ok()) return Complain(rows.status());
    for (const auto& row : *rows) {
      std::string line;
      JsonWriter json(&line);
      WriteRow(json, row);
      fmt::print("{}\n", line);
    }
    if (rows->size() < kPageRows) return kOk;
    before = rows->back().ticket;
  }
}

}  // namespace tillrelay::cli
