#include "agent/journal/repair/witness.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <map>
#include <tuple>

#include "agent/journal/paths.h"
#include "common/base/digest.h"
#include "common/base/json_reader.h"
#include "common/base/json_writer.h"

namespace tillrelay::journal {
namespace {

constexpr size_t kPlaceBytes = 8 * 1024;  // one of the two places
constexpr size_t kBlockBytes = 4096;      // what is written is filled up to as many as it takes
constexpr size_t kFormerBytes = 4096;     // a place, as it was once
constexpr size_t kHashBytes = 64;         // hex of SHA-256, in front
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

// The newest, those first of which head office has something: of the others nobody may ever have
// heard.
std::vector<StreamRow> FewOf(const std::vector<StreamRow>& streams) {
  std::vector<bool> kept(streams.size());
  size_t room = Witness::kMaxStreams;
  for (const bool heard_of : {true, false}) {
    for (size_t i = streams.size(); i > 0 && room > 0; --i) {
      const StreamRow& row = streams[i - 1];
      if ((row.current || row.confirmed_through > 0 || row.acked_through > 0) != heard_of) continue;
      kept[i - 1] = true;
      --room;
    }
  }
  std::vector<StreamRow> few;
  for (size_t i = 0; i < streams.size(); ++i) {
    if (kept[i]) few.push_back(streams[i]);
  }
  return few;
}

// As many as there is room for, by joining the ranges of a stream that lie closest to each other:
// too much is declared rather than too little.
std::vector<wire::Lost> FewOf(std::vector<wire::Lost> losses, size_t most) {
  if (losses.size() <= most) return losses;
  std::sort(losses.begin(), losses.end(), [](const wire::Lost& a, const wire::Lost& b) {
    return std::tie(a.stream, a.range.first) < std::tie(b.stream, b.range.first);
  });
  constexpr uint64_t kAnother = UINT64_MAX;  // the next range is another stream's
  std::vector<std::pair<uint64_t, size_t>> gaps;
  for (size_t i = 0; i + 1 < losses.size(); ++i) {
    const wire::Lost &one = losses[i], &next = losses[i + 1];
    const uint64_t apart = next.range.first - std::min(next.range.first, one.range.last);
    gaps.emplace_back(one.stream == next.stream ? apart : kAnother, i);
  }
  std::sort(gaps.rbegin(), gaps.rend());
  std::vector<bool> ends(losses.size());  // nothing is joined to it
  for (size_t i = 0; i < gaps.size(); ++i) {
    ends[gaps[i].second] = i + 1 < most || gaps[i].first == kAnother;
  }
  std::vector<wire::Lost> few;
  for (size_t i = 0; i < losses.size(); ++i) {
    if (i == 0 || ends[i - 1]) {
      few.push_back(losses[i]);
      continue;
    }
    few.back().range.last = std::max(few.back().range.last, losses[i].range.last);
    few.back().open = few.back().open || losses[i].open;
  }
  const size_t left_out = few.size() - std::min(few.size(), most);
  few.erase(few.begin(), few.begin() + static_cast<ptrdiff_t>(left_out));
  return few;
}

// Ranges of one kind in one text: "101-103,105-105".
void WriteLosses(const std::vector<wire::Lost>& losses, JsonWriter* json) {
  std::map<std::tuple<std::string, std::string, bool>, std::string> kinds;
  for (const wire::Lost& loss : losses) {
    std::string& numbers = kinds[{loss.stream, loss.reason, loss.open}];
    if (!numbers.empty()) numbers += ',';
    numbers += std::to_string(loss.range.first) + '-' + std::to_string(loss.range.last);
  }
  json->Key("lost").BeginArray();
  for (const auto& [kind, numbers] : kinds) {
    json->BeginObject().Field("stream", std::get<0>(kind)).Field("reason", std::get<1>(kind));
    json->Field("open", std::get<2>(kind)).Field("numbers", numbers).EndObject();
  }
  json->EndArray();
}

std::string Body(const Witness& witness, uint64_t count, size_t most_losses) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Field("count", count).Field("store", witness.store_id);
  json.Field("clean", witness.clean).Field("settled", witness.settled);
  json.Field("log", witness.log_holds_commits);
  json.Field("boot", witness.boot_id).Key("streams").BeginArray();
  for (const StreamRow& row : FewOf(witness.streams)) json.Raw(WriteStream(row));
  json.EndArray();
  WriteLosses(FewOf(witness.losses, most_losses), &json);
  json.EndObject();
  return out;
}

// What is written into a place; empty where not even the streams fit.
std::string PlaceOf(const Witness& witness, uint64_t count) {
  for (size_t losses = Witness::kMaxLosses;; losses /= 2) {
    const std::string body = Body(witness, count, losses);
    if (kHashBytes + body.size() < kPlaceBytes) return ToHex(BytesOf(Sha256(body))) + body;
    if (losses == 0) return "";
  }
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

bool ReadNumber(std::string_view* text, char end, uint64_t* number) {
  const size_t length = std::min(text->find(end), text->size());
  const auto read = std::from_chars(text->data(), text->data() + length, *number);
  const bool whole = read.ec == std::errc() && read.ptr == text->data() + length;
  text->remove_prefix(std::min(text->size(), length + 1));
  return whole;
}

bool ReadLosses(const JsonValue& value, std::vector<wire::Lost>* losses) {
  wire::Lost loss;
  loss.stream = value.String("stream");
  loss.reason = value.String("reason");
  loss.open = value.Find("open").is_true();
  loss.compared = false;
  const std::string text(value.String("numbers"));
  for (std::string_view numbers = text; !numbers.empty();) {
    if (!ReadNumber(&numbers, '-', &loss.range.first) ||
        !ReadNumber(&numbers, ',', &loss.range.last)) {
      return false;
    }
    losses->push_back(loss);
  }
  return true;
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
  for (const JsonValue lost : value->Find("lost")) {
    if (!ReadLosses(lost, &witness.losses)) return std::nullopt;
  }
  return witness;
}

}  // namespace

std::string BootId() {
  auto id = ReadFile("/proc/sys/kernel/random/boot_id", kBlockBytes);
  return id.ok() ? id->substr(0, id->find('\n')) : std::string();
}

Result<std::optional<Witness>> WitnessFile::Read() {
  auto bytes = ReadFile(path_, kPlaces * kPlaceBytes);
  if (bytes.status().code() == Code::kNotFound) return std::optional<Witness>();
  if (!bytes.ok()) return Corrupt(bytes.status().message());
  const size_t place = bytes->size() == kPlaces * kFormerBytes ? kFormerBytes : kPlaceBytes;
  std::optional<Witness> youngest;
  for (size_t i = 0; i < kPlaces && i * place < bytes->size(); ++i) {
    uint64_t count = 0;
    auto witness = ReadPlace(std::string_view(*bytes).substr(i * place, place), &count);
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
  std::string place = PlaceOf(witness, count_ + 1);
  if (place.empty()) return Internal("the witness is too large");
  place.resize((place.size() / kBlockBytes + 1) * kBlockBytes, '\0');
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
