#include "agent/journal/query/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/journal/event_row.h"

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
  const std::string read = fmt::format(
      "SELECT {} FROM event WHERE position>=?1 ORDER BY position LIMIT ?2", kEventColumns);
  TRY(reader->db_.PrepareAll({{&reader->read_, read.c_str()}}));
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
    const bool sound = ReadEventRow(read_, &row);
    const uint64_t expected_position =
        rows.size() == 1 ? row.position : rows[rows.size() - 2].position + 1;
    if (!sound || row.position != expected_position) {
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
