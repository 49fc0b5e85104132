#include <fmt/format.h>

#include "agent/cli/commands.h"
#include "agent/config/config.h"
#include "agent/journal/reader.h"
#include "common/base/json_writer.h"
#include "common/base/text.h"
#include "common/event/time_text.h"

namespace tillrelay::cli {
namespace {

constexpr uint64_t kAll = 1'000'000;

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

std::string Json(const std::vector<journal::QuarantineRow>& rows) {
  std::string out;
  JsonWriter json(&out);
  json.BeginArray();
  for (const auto& row : rows) {
    json.BeginObject()
        .Field("ticket", row.ticket)
        .Field("created_at", event::UtcText(row.created_at))
        .Field("seen", row.seen)
        .Field("reason", row.reason)
        .Field("field", row.field)
        .Field("hint", row.hint)
        .Field("channel", row.channel)
        .Field("origin", row.origin)
        .Field("document", row.document)
        .EndObject();
  }
  json.EndArray();
  return out;
}

}  // namespace

int RunQuarantine(const Common& common, const QuarantineOptions& options) {
  auto config = config::Load(common.config);
  if (!config.ok()) {
    fmt::print(stderr, "{}\n", config.status().message());
    return kConfiguration;
  }
  auto reader = journal::JournalReader::Open(config->journal.path, config->store_id);
  if (!reader.ok()) {
    fmt::print(stderr, "{}\n", reader.status().message());
    return kFault;
  }
  auto rows = (*reader)->Quarantine(options.ticket == 0 ? options.most : kAll);
  if (!rows.ok()) {
    fmt::print(stderr, "{}\n", rows.status().message());
    return kFault;
  }
  if (options.ticket != 0) {
    std::erase_if(*rows, [&](const auto& row) { return row.ticket != options.ticket; });
    if (rows->empty()) {
      fmt::print(stderr, "there is no ticket {}\n", options.ticket);
      return kFault;
    }
  }
  if (common.json) {
    fmt::print("{}\n", Json(*rows));
  } else if (options.ticket != 0) {
    PrintWhole(rows->front());
  } else {
    for (const auto& row : *rows) PrintLine(row);
    fmt::print("{} documents wait for a person\n", rows->size());
  }
  return kOk;
}

}  // namespace tillrelay::cli
