#include "agent/capture/receipt_json.h"

#include "common/base/json_writer.h"

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

void WriteReceipt(const journal::Receipt& receipt, JsonWriter* json) {
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
  json->EndObject();
}

}  // namespace

std::string ReceiptsJson(const std::vector<journal::Receipt>& receipts) {
  std::string text;
  text.reserve(64 + receipts.size() * 160);
  JsonWriter json(&text);
  json.BeginArray();
  for (const journal::Receipt& receipt : receipts) WriteReceipt(receipt, &json);
  json.EndArray();
  return text;
}

}  // namespace tillrelay::capture
