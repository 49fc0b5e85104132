#include "agent/journal/chain_reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace tillrelay::journal {
Status ChainReader::Open(sqlite::Database* db, std::string store_id) {
  store_id_ = std::move(store_id);
  return db->PrepareAll({
      {&mark_,
       "SELECT sequence,chain FROM chain_mark WHERE stream=?1 AND sequence<=?2 "
       "ORDER BY sequence DESC LIMIT 1"},
      {&links_,
       "SELECT position,id,data_sha256 FROM event WHERE position>?1 AND position<=?2 "
       "ORDER BY position"},
  });
}

Result<wire::Chain> ChainReader::At(const StreamRow& stream, uint64_t sequence) {
  uint64_t at = 0;
  wire::Chain chain = wire::FirstChain(store_id_, stream.stream);
  auto mark = mark_.BindText(1, stream.stream).Bind(2, sequence).Step();
  if (!mark.ok()) return std::move(mark).status();
  if (*mark) {
    at = mark_.Unsigned(0);
    const bool whole = mark_.CopyBlob(1, &chain);
    mark_.Reset();
    if (!whole) return Corrupt("a chain mark is damaged");
  }
  if (at == sequence) return chain;
  links_.Bind(1, stream.base + at).Bind(2, stream.base + sequence);
  while (at < sequence) {
    auto found = links_.Step();
    if (!found.ok()) return std::move(found).status();
    if (!*found) return NotFound(fmt::format("number {} is not kept", at + 1));
    Uuid id;
    Sha256Digest digest;
    const uint64_t expected = stream.base + at + 1;
    if (links_.Unsigned(0) != expected || !links_.CopyBlob(1, &id) ||
        !links_.CopyBlob(2, &digest)) {
      links_.Reset();
      return Corrupt(fmt::format("the row at position {} is damaged or missing", expected));
    }
    chain = wire::NextChain(chain, ++at, id, digest);
  }
  links_.Reset();
  return chain;
}

void SetFloors(std::vector<StreamRow>* streams, uint64_t lowest) {
  for (StreamRow& row : *streams) {
    const uint64_t end = row.base + row.head + 1;  // the position behind the last one
    row.floor = lowest <= row.first ? 1 : std::min(lowest, end) - row.base;
  }
}

Result<std::vector<StreamRow>> ReadStreams(sqlite::Database* db) {
  auto select = db->Prepare(
      "SELECT stream,base,head,head_chain,confirmed_through,confirmed_chain,acked_through,current,"
      "number,first FROM stream ORDER BY number");
  if (!select.ok()) return std::move(select).status();
  std::vector<StreamRow> streams;
  for (;;) {
    auto row = select->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) break;
    StreamRow& stream = streams.emplace_back();
    stream.stream = select->Text(0);
    stream.base = select->Unsigned(1);
    stream.head = select->Unsigned(2);
    stream.confirmed_through = select->Unsigned(4);
    stream.acked_through = select->Unsigned(6);
    stream.current = select->Int(7) != 0;
    stream.number = select->Unsigned(8);
    stream.first = select->Unsigned(9);
    if (!select->CopyBlob(3, &stream.head_chain) || !select->CopyBlob(5, &stream.confirmed_chain)) {
      return Corrupt("a stream row is damaged");
    }
  }
  // Rows that are kept only because they are owed do not count: the floor lies above them.
  auto lowest = db->QueryInt(
      "SELECT coalesce((SELECT position FROM event WHERE position NOT IN (SELECT position FROM "
      "owed) ORDER BY position LIMIT 1),0)");
  if (!lowest.ok()) return std::move(lowest).status();
  uint64_t floor = static_cast<uint64_t>(*lowest);
  if (floor == 0 && !streams.empty()) floor = streams.back().base + streams.back().head + 1;
  SetFloors(&streams, floor);
  return streams;
}

}  // namespace tillrelay::journal
