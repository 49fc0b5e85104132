#include "agent/capture/receipt_json.h"

#include <algorithm>

#include "common/base/json_writer.h"
#include "common/event/event_json.h"

namespace tillrelay::capture {
namespace {

const char* OutcomeWord(journal::Outcome outcome) {
  switch (outcome) {
    case journal::Outcome::kStored:
      return "stored";
    case journal::Outcome::kDuplicate:
      return "duplicate";
    case journal::Outcome::kQuarantined:
      return "quarantined";
    case journal::Outcome::kRefused:
      return "refused";
  }
  return "";
}

constexpr size_t kMaxExplained = 1000;

void WriteReceipt(const journal::AppendResult& receipt, std::string_view understood,
                  JsonWriter* json) {
  json->BeginObject().Field("outcome", OutcomeWord(receipt.outcome));
  const bool refused = receipt.outcome == journal::Outcome::kRefused;
  if (refused || receipt.outcome == journal::Outcome::kQuarantined) {
    if (!refused) json->Field("ticket", receipt.ticket);
    json->Field("reason", receipt.reason);
    if (!receipt.field.empty()) json->Field("field", receipt.field);
    if (!receipt.hint.empty()) json->Field("hint", receipt.hint);
  } else {
    json->Field("id", UuidText(receipt.id));
    json->Field("sequence", receipt.sequence).Field("stream", receipt.stream);
  }
  if (!understood.empty()) json->Key("understood").Raw(understood);
  json->EndObject();
}

}  // namespace

std::string ReceiptsJson(const std::vector<journal::AppendResult>& receipts) {
  return ExplainedJson(receipts, {});
}

std::vector<std::string> UnderstoodIn(const std::vector<journal::Entry>& entries) {
  std::vector<std::string> understood(std::min(entries.size(), kMaxExplained));
  for (size_t i = 0; i < understood.size(); ++i) {
    const auto* draft = std::get_if<event::Draft>(&entries[i]);
    if (draft != nullptr) understood[i] = event::WithKind(draft->kind, draft->data);
  }
  return understood;
}

std::string ExplainedJson(const std::vector<journal::AppendResult>& receipts,
                          const std::vector<std::string>& understood) {
  std::string text;
  text.reserve(64 + receipts.size() * 160);
  JsonWriter json(&text);
  json.BeginArray();
  for (size_t i = 0; i < receipts.size(); ++i) {
    WriteReceipt(receipts[i], i < understood.size() ? understood[i] : std::string_view(), &json);
  }
  json.EndArray();
  return text;
}

}  // namespace tillrelay::capture
