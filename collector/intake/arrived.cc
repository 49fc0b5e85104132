#include "collector/intake/arrived.h"

#include <charconv>
#include <limits>

#include "common/base/json_writer.h"
#include "common/base/text.h"
#include "common/event/bounds.h"
#include "common/event/kind.h"
#include "common/event/time_text.h"
#include "common/wire/ulid.h"

namespace tillrelay::collector {
namespace {

constexpr size_t kMaxReasonBytes = 200;
constexpr std::string_view kParked = "parked";
constexpr std::string_view kNoTime = "1970-01-01T00:00:00Z";
constexpr auto kMaxNumber = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());  // column

// What the attributes' reader leaves open.
bool HasPlace(const wire::Envelope& e) {
  return IsName(e.store) && wire::IsUlid(e.stream) && e.sequence <= kMaxNumber;
}

bool IsTime(std::string_view text) {
  return event::FaultOfId(text).empty() && event::ParseUtc(text).ok();
}

// Why the attributes cannot become columns, or "". What an agent says of itself is dated by its own
// clock, which may be anywhere.
std::string AttributeFault(const wire::Envelope& e) {
  const auto kind = event::ParseKind(e.kind);
  if (!kind && !e.parked) return "unknown-kind: " + Printable(e.kind, kMaxReasonBytes);
  if (!IsTime(e.recorded_at)) return "recordedtime: not a time";
  const bool own = e.parked || *kind == event::Kind::kStreamOpened || *kind == event::Kind::kLoss;
  if (own) return IsTime(e.time) ? "" : "time: not a time";
  const std::string_view fault = event::FaultOfTime(e.time);
  return fault.empty() ? "" : std::string("time: ").append(fault);
}

// References inside `data` are texts of 20 digits.
bool ReadNumber(JsonValue value, uint64_t* out) {
  const std::string_view text = value.text();
  if (!(value.is_string() || value.is_number()) || text.size() > 20 || !AllDigits(text)) {
    return false;
  }
  return std::from_chars(text.data(), text.data() + text.size(), *out).ec == std::errc();
}

std::string Short(std::string_view text) { return Printable(text, kMaxReasonBytes); }

Result<OwedRow> ReadParked(JsonValue event, JsonValue data, Sha256Digest* digest) {
  OwedRow owed;
  owed.data_hash = event.String("datahash");
  if (!FromHex(owed.data_hash, digest->data(), digest->size())) {
    return Invalid("attribute datahash is missing or malformed");
  }
  owed.kind = Short(data.String("kind"));
  owed.reason = Short(data.String("reason"));
  data.Unsigned("bytes", &owed.bytes);
  return owed;
}

}  // namespace

std::optional<Declared> ReadLost(JsonValue entry) {
  Declared loss;
  loss.stream = entry.String("stream");
  loss.reason = Short(entry.String("reason"));
  wire::ParseChain(entry.String("chain"), &loss.chain);
  const JsonValue open = entry.Find("open");
  loss.open = open && open.text() != "false";  // what is not understood is the worse case
  const bool numbers = ReadNumber(entry.Find("from"), &loss.range.first) &&
                       ReadNumber(entry.Find("through"), &loss.range.last);
  if (!numbers || !wire::IsUlid(loss.stream) || loss.range.first == 0) return std::nullopt;
  if (loss.range.last >= kMaxNumber) return std::nullopt;
  const uint64_t least = loss.open ? loss.range.first - 1 : loss.range.first;
  if (loss.range.last < least) return std::nullopt;
  return loss;
}

std::optional<Declared> ReadDeclared(std::string_view kind, JsonValue data) {
  if (kind != "loss") return std::nullopt;
  return ReadLost(data.Find("loss"));
}

Result<Arrived> ReadArrived(JsonValue event, std::string_view time) {
  auto read = wire::ReadEnvelope(event);
  if (!read.ok()) return std::move(read).status();
  wire::Envelope& e = *read;
  if (!time.empty()) e.time = time;
  if (!HasPlace(e)) return Invalid("store, stream or sequence is malformed");
  Arrived arrived;
  arrived.key = {std::string(e.store), std::string(e.stream)};
  arrived.sequence = e.sequence;
  arrived.id = UuidText(e.id);
  arrived.kind = e.kind;
  arrived.time = e.time;
  arrived.recorded_at = e.recorded_at;
  arrived.chain = e.chain;
  arrived.previous = e.previous;
  arrived.data = e.data;
  arrived.raw = event.text();
  const JsonValue data = event.Find("data");
  Sha256Digest& digest = arrived.data_digest;
  std::string fault = AttributeFault(e);
  if (e.kind == kParked) {
    auto owed = ReadParked(event, data, &digest);
    if (!owed.ok()) return std::move(owed).status();
    arrived.parked = *std::move(owed);
  } else {
    digest = e.data_digest;
    arrived.posting = ReadPosting({e.store, e.kind, e.time}, data);
    if (fault.empty()) fault = arrived.posting.fault;
  }
  if (e.kind == "stream_opened")
    arrived.opened_reason = Short(data.Find("stream_opened").String("reason"));
  arrived.loss = ReadDeclared(e.kind, data);
  arrived.intact = wire::NextChain(e.previous, e.sequence, e.id, digest) == e.chain;
  if (arrived.parked) {
    arrived.MakeTimesStorable();  // its body is judged when it comes
  } else if (!fault.empty()) {
    arrived.CannotApply(fault);
  }
  return arrived;
}

void Arrived::MakeTimesStorable() {
  if (!IsTime(recorded_at)) recorded_at = kNoTime;
  if (!IsTime(time)) time = recorded_at;
}

void Arrived::CannotApply(std::string_view why) {
  unapplied = Printable(why, kMaxReasonBytes);
  MakeTimesStorable();
  posting = {};
  posting.store = key.store;
  opened_reason.clear();
  loss.reset();
}

}  // namespace tillrelay::collector
