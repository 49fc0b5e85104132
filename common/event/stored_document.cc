#include "common/event/stored_document.h"

#include <chrono>

#include "common/base/json_reader.h"
#include "common/event/draft.h"
#include "common/event/identity.h"
#include "common/event/time_text.h"

namespace tillrelay::event {
namespace {

void ReadVoided(JsonValue voids, Event* event) {
  if (!voids) return;
  Original& voided = event->voids.emplace();
  voided.store_id = voids.String("store_id");
  voided.register_id = voids.String("register_id");
  voided.business_day = voids.String("business_day");
  voided.transaction_no = voids.String("transaction_no");
  uint64_t line = 0;
  if (voids.Unsigned("line_no", &line)) voided.line_no = static_cast<int64_t>(line);
}

// The names by which a document goes, and nothing else of it. False: there are none.
bool ReadNames(JsonValue data, Event* event) {
  if (const JsonValue t = data.Find("transaction")) {
    Transaction& names = event->transaction.emplace();
    names.register_id = t.String("register_id");
    names.transaction_no = t.String("transaction_no");
    names.business_day = t.String("business_day");
    names.time_quality = t.String("time_quality");
    names.store_id = t.String("store_id");
    names.status = t.String("status");
    names.training = t.Find("training").is_true();
    ReadVoided(data.Find("voids"), event);
    return true;
  }
  if (const JsonValue t = data.Find("transfer")) {
    Transfer& names = event->transfer.emplace();
    names.transfer_id = t.String("transfer_id");
    names.receipt_id = t.String("receipt_id");
    return true;
  }
  if (const JsonValue c = data.Find("count")) {
    event->count.emplace().count_id = c.String("count_id");
    return true;
  }
  if (const JsonValue a = data.Find("adjustment")) {
    event->adjustment.emplace().adjustment_id = a.String("adjustment_id");
    return true;
  }
  if (const JsonValue c = data.Find("close")) {
    Close& names = event->close.emplace();
    names.register_id = c.String("register_id");
    names.business_day = c.String("business_day");
    names.z_no = c.String("z_no");
    return true;
  }
  return false;
}

}  // namespace

std::optional<StoredDocument> ReadStoredDocument(std::string_view kind, std::string_view time,
                                                 std::string data) {
  const auto known_kind = ParseKind(kind);
  JsonParser parser;
  const auto root = parser.Parse(data);
  const auto at = ParseTime(time);
  Event event;
  if (!known_kind || !root.ok() || !at.ok() || !ReadNames(*root, &event)) return std::nullopt;
  event.kind = *known_kind;
  StoredDocument document;
  document.key = DocumentKey(event);
  if (IsEffectivePostVoid(event)) document.taking_back_key = TakingBackKey(event);
  const std::string_view digest = root->Find("origin").String("content_sha256");
  if (!FromHex(digest, document.digest.data(), document.digest.size())) return std::nullopt;
  document.at_s = at->local_s - at->offset_s.value_or(0);
  document.time_trusted = !event.transaction || IsTrustedTime(event.transaction->time_quality);
  return document;
}

std::string KeyOfDocument(std::string document) {
  JsonParser parser;
  const auto root = parser.Parse(document);
  const auto kind = root.ok() ? ParseKind(root->String("kind")) : std::nullopt;
  Event event;
  if (!kind || !ReadNames(*root, &event)) return "";
  event.kind = *kind;
  return DocumentKey(event);
}

}  // namespace tillrelay::event
