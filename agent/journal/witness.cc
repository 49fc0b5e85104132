#include "agent/journal/witness.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "agent/journal/paths.h"
#include "common/base/digest.h"
#include "common/base/json_reader.h"
#include "common/base/json_writer.h"

namespace tillrelay::journal {
namespace {

constexpr size_t kPlaceBytes = 4096;  // one of the two places
constexpr size_t kHashBytes = 64;     // hex of SHA-256, in front
constexpr int kPlaces = 2;

std::string WriteStream(const StreamRow& row) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Field("stream", row.stream).Field("number", row.number);
  json.Field("first", row.first).Field("own_first", row.own_first()).Field("head", row.head);
  json.Field("chain", ToHex(BytesOf(row.head_chain)));
  json.Field("confirmed", row.confirmed_through).Field("acked", row.acked_through);
  json.Field("confirmed_chain", ToHex(BytesOf(row.confirmed_chain)));
  json.Field("current", row.current).EndObject();
  return out;
}

// As many as there is room for: too much is declared rather than too little.
std::vector<LossRow> FewOf(const std::vector<LossRow>& losses) {
  if (losses.size() <= Witness::kMaxLosses) return losses;
  std::vector<LossRow> few;
  for (const LossRow& loss : losses) {
    const auto of_stream = std::find_if(
        few.begin(), few.end(), [&](const LossRow& row) { return row.stream == loss.stream; });
    if (of_stream == few.end()) {
      few.push_back(loss);
      continue;
    }
    of_stream->first = std::min(of_stream->first, loss.first);
    of_stream->last = std::max(of_stream->last, loss.last);
    of_stream->open = of_stream->open || loss.open;
  }
  const size_t left_out = few.size() - std::min(few.size(), Witness::kMaxLosses);
  few.erase(few.begin(), few.begin() + static_cast<ptrdiff_t>(left_out));
  return few;
}

std::string Body(const Witness& witness, uint64_t count) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Field("count", count).Field("store", witness.store_id);
  json.Field("clean", witness.clean).Field("settled", witness.settled);
  json.Field("log", witness.log_holds_commits);
  json.Field("boot", witness.boot_id).Key("streams").BeginArray();
  const size_t left_out =
      witness.streams.size() - std::min(witness.streams.size(), Witness::kMaxStreams);
  for (size_t i = left_out; i < witness.streams.size(); ++i) {
    json.Raw(WriteStream(witness.streams[i]));
  }
  json.EndArray().Key("losses").BeginArray();
  for (const LossRow& loss : FewOf(witness.losses)) {
    json.BeginObject().Field("stream", loss.stream).Field("first", loss.first);
    json.Field("last", loss.last).Field("reason", loss.reason).Field("open", loss.open).EndObject();
  }
  json.EndArray().EndObject();
  return out;
}

bool ReadStream(const JsonValue& value, StreamRow* row) {
  row->stream = value.String("stream");
  row->current = value.Find("current").is_true();
  uint64_t own_first = 0;
  const bool complete =
      value.Unsigned("number", &row->number) && value.Unsigned("first", &row->first) &&
      value.Unsigned("own_first", &own_first) && value.Unsigned("head", &row->head) &&
      value.Unsigned("confirmed", &row->confirmed_through) &&
      value.Unsigned("acked", &row->acked_through) &&
      wire::ParseChain(value.String("chain"), &row->head_chain) &&
      wire::ParseChain(value.String("confirmed_chain"), &row->confirmed_chain);
  row->base = row->first - own_first;
  return complete;
}

// One place; nothing if its hash does not fit.
std::optional<Witness> ReadPlace(std::string_view place, uint64_t* count) {
  place = place.substr(0, place.find('\0'));
  if (place.size() < kHashBytes) return std::nullopt;
  std::string body(place.substr(kHashBytes));
  if (ToHex(BytesOf(Sha256(body))) != place.substr(0, kHashBytes)) return std::nullopt;
  JsonParser parser;
  auto value = parser.Parse(body);
  if (!value.ok() || !value->Unsigned("count", count)) return std::nullopt;
  Witness witness;
  witness.store_id = value->String("store");
  witness.clean = value->Find("clean").is_true();
  witness.settled = value->Find("settled").is_true();
  witness.log_holds_commits = value->Find("log").is_true();
  witness.boot_id = value->String("boot");
  for (const JsonValue stream : value->Find("streams")) {
    if (!ReadStream(stream, &witness.streams.emplace_back())) return std::nullopt;
  }
  for (const JsonValue lost : value->Find("losses")) {
    LossRow& loss = witness.losses.emplace_back();
    loss.stream = lost.String("stream");
    loss.reason = lost.String("reason");
    loss.open = lost.Find("open").is_true();
    loss.compared = false;
    if (!lost.Unsigned("first", &loss.first) || !lost.Unsigned("last", &loss.last)) {
      return std::nullopt;
    }
  }
  return witness;
}

}  // namespace

std::string BootId() {
  auto id = ReadFile("/proc/sys/kernel/random/boot_id", kPlaceBytes);
  return id.ok() ? id->substr(0, id->find('\n')) : std::string();
}

Result<std::optional<Witness>> WitnessFile::Read() {
  auto bytes = ReadFile(path_, kPlaces * kPlaceBytes);
  if (bytes.status().code() == Code::kNotFound) return std::optional<Witness>();
  if (!bytes.ok()) return Corrupt(bytes.status().message());
  std::optional<Witness> youngest;
  for (int i = 0; i < kPlaces; ++i) {
    const size_t at = static_cast<size_t>(i) * kPlaceBytes;
    if (at >= bytes->size()) break;
    uint64_t count = 0;
    auto witness = ReadPlace(std::string_view(*bytes).substr(at, kPlaceBytes), &count);
    if (!witness || (youngest && count < count_)) continue;
    youngest = std::move(witness);
    count_ = count;
  }
  if (!youngest) return Corrupt(path_ + " cannot be read");
  return youngest;
}

Status WitnessFile::Create() {
  file_ = Fd(open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file_.valid()) return Unavailable(path_ + ": " + ErrnoText(errno));
  const int allocated = posix_fallocate(file_.get(), 0, kPlaces * kPlaceBytes);
  if (allocated == 0) return Status::Ok();
  file_ = Fd();
  return Full(path_ + ": " + ErrnoText(allocated));
}

Status WitnessFile::Write(const Witness& witness, bool sync) {
  if (!file_.valid()) TRY(Create());
  const std::string body = Body(witness, count_ + 1);
  std::string place = ToHex(BytesOf(Sha256(body))) + body;
  if (place.size() >= kPlaceBytes) return Internal("the witness is too large");
  place.resize(kPlaceBytes, '\0');
  const auto at = static_cast<off_t>((count_ + 1) % kPlaces * kPlaceBytes);
  const ssize_t written = pwrite(file_.get(), place.data(), place.size(), at);
  if (written != static_cast<ssize_t>(place.size())) {
    file_ = Fd();
    return Unavailable(path_ + ": " + ErrnoText(written < 0 ? errno : ENOSPC));
  }
  ++count_;
  if (sync && (fsync(file_.get()) != 0)) return Unavailable(path_ + ": " + ErrnoText(errno));
  return sync ? SyncDirectory(DirectoryOf(path_)) : Status::Ok();
}

}  // namespace tillrelay::journal
