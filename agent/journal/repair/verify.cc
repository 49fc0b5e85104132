#include "agent/journal/repair/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "agent/journal/query/reader.h"
#include "agent/journal/schema.h"
#include "agent/journal/stream_tables.h"

namespace tillrelay::journal {
namespace {

constexpr size_t kRowsPerRead = 512;
constexpr size_t kBytesPerRead = 4 * 1024 * 1024;
constexpr int kTries = 3;  // a fork in the middle of it starts it again

class Verifier {
 public:
  Verifier(const ShowProgress& progress, uint64_t newest) : progress_(progress), newest_(newest) {}

  Status Open(const std::string& path) {
    auto db = sqlite::Database::Open(path, {.read_only = true, .create = false, .vfs = {}});
    if (!db.ok()) return std::move(db).status();
    db_ = *std::move(db);
    auto application = db_.QueryInt("PRAGMA application_id");
    if (!application.ok()) return std::move(application).status();
    if (*application != kApplicationId) return Invalid("the file is no Tillrelay journal");
    auto store = db_.QueryText("SELECT value FROM meta WHERE key='store_id'");
    if (!store.ok()) return std::move(store).status();
    result_.store_id = *std::move(store);
    auto reader = JournalReader::Open(path, result_.store_id);
    if (!reader.ok()) return std::move(reader).status();
    reader_ = *std::move(reader);
    return db_.PrepareAll(
        {{&mark_, "SELECT chain FROM chain_mark WHERE stream=?1 AND sequence=?2"}});
  }

  Result<Verified> Run() {
    auto streams = reader_->Streams();
    if (!streams.ok()) return std::move(streams).status();
    if (streams->empty() || !streams->back().current)
      return Invalid("no stream is the current one");
    for (const StreamRow& stream : *streams) of_ += CountKept(stream);
    for (const StreamRow& stream : *streams) {
      if (newest_ == 0 || stream.current) TRY(Stream(stream));
    }
    const StreamRow& current = streams->back();
    result_.stream = current.stream;
    result_.head = current.head;
    result_.head_chain = ToHex(BytesOf(current.head_chain));
    result_.waiting = WaitingIn(*streams, false).events;
    result_.streams = streams->size();
    auto now = reader_->CurrentStream();
    if (!now.ok()) return std::move(now).status();
    changed_ = now->stream != current.stream;
    return result_;
  }

  bool changed() const { return changed_; }

 private:
  uint64_t FirstOf(const StreamRow& stream) const {
    const uint64_t first = std::max(stream.floor, stream.own_first());
    return newest_ == 0 || stream.head < newest_ ? first
                                                 : std::max(first, stream.head - newest_ + 1);
  }
  uint64_t CountKept(const StreamRow& stream) const {
    const uint64_t first = FirstOf(stream);
    return first > stream.head ? 0 : stream.head - first + 1;
  }

  void Fault(std::string text) {
    if (result_.faults.size() < Verified::kMaxFaults) result_.faults.push_back(std::move(text));
  }

  Status Stream(const StreamRow& stream) {
    uint64_t number = FirstOf(stream);
    if (number > stream.head) return Status::Ok();
    ChainAt(stream, number - 1);
    while (number <= stream.head) {
      const size_t most =
          static_cast<size_t>(std::min<uint64_t>(kRowsPerRead, stream.head - number + 1));
      auto rows = reader_->Read(stream.base + number, most, kBytesPerRead);
      if (rows.status().code() == Code::kCorrupt) {
        Fault(fmt::format("stream {}, number {}: the row is damaged", stream.stream, number));
        chain_.reset();
        ++number;
        continue;
      }
      if (!rows.ok()) return std::move(rows).status();
      const uint64_t found = rows->empty() ? stream.head + 1 : rows->front().position - stream.base;
      if (found > number) TRY(Missing(stream, number, std::min(found - 1, stream.head)));
      number = found;
      for (const Row& row : *rows) {
        if (number > stream.head) break;
        Link(stream, number++, row);
      }
      if (progress_) progress_(result_.rows, of_);
    }
    if (chain_ && *chain_ != stream.head_chain) {
      Fault(fmt::format("stream {}: the chain at its head {} is another one", stream.stream,
                        stream.head));
    }
    return Status::Ok();
  }

  // The chain before the first row; unknown if its mark is gone.
  void ChainAt(const StreamRow& stream, uint64_t number) {
    chain_.reset();
    auto chain = reader_->ChainAt(stream, number);
    if (chain.ok()) {
      chain_ = *chain;
    } else {
      Fault(fmt::format("stream {}: no chain at number {}: {}", stream.stream, number,
                        chain.status().message()));
    }
  }

  // Deleted by the retention while we read, or gone.
  Status Missing(const StreamRow& stream, uint64_t first, uint64_t last) {
    auto streams = reader_->Streams();
    if (!streams.ok()) return std::move(streams).status();
    uint64_t floor = 0;
    for (const StreamRow& now : *streams) {
      if (now.stream == stream.stream) floor = now.floor;
    }
    chain_.reset();
    if (floor > last) return Status::Ok();
    Fault(fmt::format("stream {}: numbers {} to {} are missing", stream.stream, first, last));
    return Status::Ok();
  }

  void Link(const StreamRow& stream, uint64_t number, const Row& row) {
    ++result_.rows;
    if (chain_) chain_ = wire::NextChain(*chain_, number, row.id, row.data_digest);
    if (number % kMarkEvery != 0) return;
    auto found = mark_.BindText(1, stream.stream).Bind(2, number).Step();
    if (!found.ok() || !*found) return;
    const std::string mark(mark_.Blob(0));
    mark_.Reset();
    wire::Chain kept{};
    if (mark.size() == kept.size()) std::copy(mark.begin(), mark.end(), kept.begin());
    if (chain_ && *chain_ != kept) {
      Fault(fmt::format("stream {}: the chain at number {} is another one", stream.stream, number));
    }
    chain_ = kept;
  }

  const ShowProgress& progress_;
  const uint64_t newest_;
  sqlite::Database db_;
  sqlite::Statement mark_;
  std::unique_ptr<JournalReader> reader_;
  std::optional<wire::Chain> chain_;  // at the last row; none behind a hole, up to the next mark
  uint64_t of_ = 0;
  bool changed_ = false;
  Verified result_;
};

}  // namespace

Result<Verified> Verify(const std::string& path, const ShowProgress& progress, uint64_t newest) {
  for (int attempt = 1;; ++attempt) {
    Verifier verifier(progress, newest);
    TRY(verifier.Open(path));
    auto reported = verifier.Run();
    if (!reported.ok() || !verifier.changed() || attempt == kTries) return reported;
  }
}

}  // namespace tillrelay::journal
