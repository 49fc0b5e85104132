#include "agent/journal/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/journal/seal.h"

namespace tillrelay::journal {
namespace {

template <size_t N>
bool CopyBlob(std::string_view blob, std::array<uint8_t, N>* out) {
  if (blob.size() != N) return false;
  std::copy_n(reinterpret_cast<const uint8_t*>(blob.data()), N, out->begin());
  return true;
}

Status Damaged(uint64_t position) {
  return Corrupt(fmt::format("the row at position {} is damaged or missing", position));
}

}  // namespace

Result<std::unique_ptr<JournalReader>> JournalReader::Open(const std::string& path,
                                                           const std::string& store_id,
                                                           const std::string& vfs) {
  std::unique_ptr<JournalReader> reader(new JournalReader());
  reader->store_id_ = store_id;
  sqlite::OpenOptions options;
  options.read_only = true;
  options.vfs = vfs;
  options.cache_kib = 2048;
  auto db = sqlite::Database::Open(path, options);
  if (!db.ok()) return std::move(db).status();
  reader->db_ = *std::move(db);
  const struct {
    sqlite::Statement* statement;
    const char* text;
  } all[] = {
      {&reader->read_,
       "SELECT position,id,kind,subject,time,recorded_at,data,data_sha256,seal FROM event "
       "WHERE position>=?1 ORDER BY position LIMIT ?2"},
      {&reader->mark_,
       "SELECT sequence,chain FROM chain_mark WHERE stream=?1 AND sequence<=?2 "
       "ORDER BY sequence DESC LIMIT 1"},
      {&reader->links_,
       "SELECT position,id,data_sha256 FROM event WHERE position>?1 AND position<=?2 "
       "ORDER BY position"},
  };
  for (const auto& [statement, text] : all) {
    auto prepared = reader->db_.Prepare(text);
    if (!prepared.ok()) return std::move(prepared).status();
    *statement = *std::move(prepared);
  }
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
    const bool whole = CopyBlob(read_.Blob(1), &row.id) &&
                       CopyBlob(read_.Blob(7), &row.data_digest) && CopyBlob(read_.Blob(8), &seal);
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
  auto select = db_.Prepare(
      "SELECT stream,base,head,head_chain,confirmed_through,confirmed_chain,acked_through "
      "FROM stream WHERE current=1");
  if (!select.ok()) return std::move(select).status();
  auto found = select->Step();
  if (!found.ok()) return std::move(found).status();
  if (!*found) return NotFound("no current stream");
  StreamRow row;
  row.stream = select->Text(0);
  row.base = select->Unsigned(1);
  row.head = select->Unsigned(2);
  row.confirmed_through = select->Unsigned(4);
  row.acked_through = select->Unsigned(6);
  row.current = true;
  if (!CopyBlob(select->Blob(3), &row.head_chain) ||
      !CopyBlob(select->Blob(5), &row.confirmed_chain)) {
    return Corrupt("the stream row is damaged");
  }
  return row;
}

Result<wire::Chain> JournalReader::ChainAt(const StreamRow& stream, uint64_t sequence) {
  uint64_t at = 0;
  wire::Chain chain = wire::FirstChain(store_id_, stream.stream);
  auto mark = mark_.BindText(1, stream.stream).Bind(2, sequence).Step();
  if (!mark.ok()) return std::move(mark).status();
  if (*mark) {
    at = mark_.Unsigned(0);
    const bool whole = CopyBlob(mark_.Blob(1), &chain);
    mark_.Reset();
    if (!whole) return Corrupt("a chain mark is damaged");
  }
  links_.Bind(1, stream.base + at).Bind(2, stream.base + sequence);
  while (at < sequence) {
    auto found = links_.Step();
    if (!found.ok()) return std::move(found).status();
    if (!*found) return NotFound(fmt::format("number {} is not kept", at + 1));
    Uuid id;
    Sha256Digest digest;
    if (links_.Unsigned(0) != stream.base + at + 1 || !CopyBlob(links_.Blob(1), &id) ||
        !CopyBlob(links_.Blob(2), &digest)) {
      links_.Reset();
      return Damaged(stream.base + at + 1);
    }
    chain = wire::NextChain(chain, ++at, id, digest);
  }
  links_.Reset();
  return chain;
}

}  // namespace tillrelay::journal
