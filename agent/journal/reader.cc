#include "agent/journal/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/journal/seal.h"

namespace tillrelay::journal {
namespace {

Status Damaged(uint64_t position) {
  return Corrupt(fmt::format("the row at position {} is damaged or missing", position));
}

}  // namespace

Result<std::unique_ptr<JournalReader>> JournalReader::Open(const std::string& path,
                                                           const std::string& store_id,
                                                           const std::string& vfs) {
  std::unique_ptr<JournalReader> reader(new JournalReader());
  sqlite::OpenOptions options;
  options.read_only = true;
  options.vfs = vfs;
  options.cache_kib = 2048;
  auto db = sqlite::Database::Open(path, options);
  if (!db.ok()) return std::move(db).status();
  reader->db_ = *std::move(db);
  TRY(reader->db_.PrepareAll(
      {{&reader->read_,
        "SELECT position,id,kind,subject,time,recorded_at,data,data_sha256,seal FROM event "
        "WHERE position>=?1 ORDER BY position LIMIT ?2"}}));
  TRY(reader->chains_.Open(&reader->db_, store_id));
  return reader;
}

Result<std::vector<Row>> JournalReader::Read(uint64_t position, size_t max_rows, size_t max_bytes) {
  std::vector<Row> rows;
  rows.reserve(max_rows);
  size_t bytes = 0;
  read_.Bind(1, position).Bind(2, static_cast<uint64_t>(max_rows));
  for (;;) {
    auto found = read_.Step();
    if (!found.ok()) return std::move(found).status();
    if (!*found) return rows;
    const size_t size = read_.Text(6).size();
    if (!rows.empty() && bytes + size > max_bytes) break;
    bytes += size;
    Row& row = rows.emplace_back();
    row.position = read_.Unsigned(0);
    row.kind = read_.Text(2);
    row.subject = read_.Text(3);
    row.time = read_.Text(4);
    row.recorded_at = WallTime(std::chrono::microseconds(read_.Int(5)));
    row.data = read_.Text(6);
    Seal seal{};
    const bool whole = read_.CopyBlob(1, &row.id) && read_.CopyBlob(7, &row.data_digest) &&
                       read_.CopyBlob(8, &seal);
    const Seal expected = SealOf(
        {row.position, row.id, read_.Int(5), row.data_digest, row.kind, row.subject, row.time});
    const uint64_t expected_position =
        rows.size() == 1 ? row.position : rows[rows.size() - 2].position + 1;
    if (!whole || seal != expected || row.position != expected_position ||
        Sha256(row.data) != row.data_digest) {
      const uint64_t at = expected_position;
      rows.pop_back();
      if (rows.empty()) {
        read_.Reset();
        return Damaged(at);
      }
      break;
    }
  }
  read_.Reset();
  return rows;
}

Result<StreamRow> JournalReader::CurrentStream() {
  auto streams = Streams();
  if (!streams.ok()) return std::move(streams).status();
  if (streams->empty() || !streams->back().current) return NotFound("no current stream");
  return streams->back();
}

Result<Row> JournalReader::Opening(const StreamRow& stream) {
  auto check = SealCheckOf(&db_);
  if (!check.ok()) return std::move(check).status();
  auto row = ReadOpening(&db_, stream, *check);
  // Of an older stream it may have gone down in a salvage, which has declared it.
  const bool absent = row.status().code() == Code::kNotFound;
  return absent && stream.current ? Corrupt(row.status().message()) : std::move(row);
}

}  // namespace tillrelay::journal
