#include "collector/ledger/posting.h"

#include <algorithm>
#include <optional>

#include "collector/ledger/receipt.h"
#include "common/base/decimal.h"
#include "common/event/bounds.h"
#include "common/event/kind.h"
#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

constexpr uint32_t kMaxLines = 10'000;  // of common/event/draft.cc
constexpr uint32_t kMaxEffects = 16;    // of a line; the rule makes five at most

std::optional<size_t> Bucket(std::string_view word) {
  const auto& words = event::kBucketWords;
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) return std::nullopt;
  return static_cast<size_t>(found - words.begin());
}

int64_t Micros(std::string_view time) {
  const auto utc = event::ParseUtc(time);
  return utc.ok() ? utc->time_since_epoch().count() : 0;  // the caller has looked
}

void Fault(std::string_view member, std::string_view fault, Posting* posting) {
  if (!fault.empty() && posting->fault.empty()) {
    posting->fault = std::string(member).append(": ").append(fault);
  }
}

// What becomes the key of a cell.
void CheckLine(JsonValue line, Posting* posting) {
  Fault("item", ItemOf(line).empty() ? "there is none" : event::FaultOfId(ItemOf(line)), posting);
  Fault("uom", event::FaultOfId(line.String("uom")), posting);
}

void ReadEffects(JsonValue line, Posting* posting) {
  const JsonValue effects = line.Find("stock_effect");
  Fault("stock_effect", !effects || effects.is_array() ? "" : "not a list", posting);
  if (!effects.is_array()) return;
  if (effects.size() > kMaxEffects) return Fault("stock_effect", "more than 16", posting);
  if (effects.size() > 0) CheckLine(line, posting);
  for (const JsonValue reported : effects) {
    const auto bucket = Bucket(reported.String("bucket"));
    const auto delta = Decimal::Parse(reported.String("delta"));
    std::string_view location = reported.String("location");
    if (location.empty()) location = posting->store;
    Fault("bucket", bucket ? "" : "unknown", posting);
    Fault("delta", delta.ok() ? event::FaultOfDelta(*delta) : "not a number", posting);
    Fault("location", event::FaultOfId(location), posting);
    Fault("ref", event::FaultOfId(reported.String("ref")), posting);
    const bool foreign = location != posting->store && bucket != kInTransit;
    if (!bucket || !delta.ok() || ItemOf(line).empty() || foreign) {
      ++posting->skipped;
      continue;
    }
    Effect& effect = posting->effects.emplace_back();
    effect.cell = {std::string(location), std::string(ItemOf(line)),
                   std::string(line.String("uom"))};
    effect.bucket = *bucket;
    effect.micros = delta->micros();
    if (bucket == kInTransit) effect.ref = reported.String("ref");
  }
}

void ReadCounted(JsonValue line, Posting* posting) {
  const std::string_view word = line.String("bucket");
  const auto bucket = word.empty() ? std::optional<size_t>(0) : Bucket(word);
  const auto counted = Decimal::Parse(line.String("counted"));
  CheckLine(line, posting);
  Fault("bucket", bucket && *bucket != kInTransit ? "" : "unknown", posting);
  Fault("counted", counted.ok() ? event::FaultOfQuantity(*counted) : "not a number", posting);
  if (!bucket || *bucket == kInTransit || !counted.ok() || ItemOf(line).empty()) {
    ++posting->skipped;
    return;
  }
  CountedLine& read = posting->lines.emplace_back();
  read.cell = {posting->store, std::string(ItemOf(line)), std::string(line.String("uom"))};
  read.bucket = *bucket;
  read.micros = counted->micros();
}

}  // namespace

std::string_view ItemOf(JsonValue line) {
  const JsonValue item = line.Find("item");
  const std::string_view sku = item.String("sku");
  return sku.empty() ? item.String("gtin") : sku;
}

Posting ReadPosting(const PostingSource& from, JsonValue data) {
  Posting posting = ReadEffectsOnly(from, data);
  if (posting.fault.empty()) posting.receipt = ReadReceipt(from, data);
  return posting;
}

Posting ReadEffectsOnly(const PostingSource& from, JsonValue data) {
  Posting posting;
  posting.store = from.store;
  posting.at = Micros(from.time);
  posting.is_count = from.kind == "stock_counted";
  if (posting.is_count) {
    const std::string_view as_of = data.Find("count").String("as_of");
    Fault("count.as_of", event::FaultOfTime(as_of), &posting);
    posting.as_of = Micros(as_of);
  }
  const JsonValue lines = data.Find("lines");
  Fault("lines", !lines || lines.is_array() ? "" : "not a list", &posting);
  if (!lines.is_array()) return posting;
  if (lines.size() > kMaxLines) {
    Fault("lines", "more than 10,000", &posting);
    return posting;
  }
  for (const JsonValue line : lines) {
    if (posting.is_count) {
      ReadCounted(line, &posting);
    } else {
      ReadEffects(line, &posting);
    }
  }
  return posting;
}

}  // namespace tillrelay::collector
