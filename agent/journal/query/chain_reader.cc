#include "agent/journal/query/chain_reader.h"

#include <fmt/format.h>

#include "agent/journal/seal.h"
#include "agent/journal/stream_tables.h"

namespace tillrelay::journal {
Status ChainReader::Open(sqlite::Database* db, std::string store_id) {
  store_id_ = std::move(store_id);
  auto check = SealCheckOf(db);
  if (!check.ok()) return std::move(check).status();
  sealed_ = *check == SealCheck::kStrict;
  return db->PrepareAll({
      {&mark_, sealed_ ? "SELECT sequence,chain,seal FROM chain_mark WHERE stream=?1 AND "
                         "sequence<=?2 ORDER BY sequence DESC LIMIT 1"
                       : "SELECT sequence,chain FROM chain_mark WHERE stream=?1 AND "
                         "sequence<=?2 ORDER BY sequence DESC LIMIT 1"},
      {&links_,
       "SELECT position,id,data_sha256 FROM event WHERE position>?1 AND position<=?2 "
       "ORDER BY position"},
      {&lowest_,
       "SELECT position FROM event WHERE position NOT IN (SELECT position FROM owed) "
       "ORDER BY position LIMIT 1"},
  });
}

// Rows are deleted from the lowest on: one that is missing above it was not deleted.
Status ChainReader::Missing(const StreamRow& stream, uint64_t sequence) {
  auto found = lowest_.Step();
  if (!found.ok()) return std::move(found).status();
  const uint64_t lowest = *found ? lowest_.Unsigned(0) : 0;
  lowest_.Reset();
  const uint64_t position = stream.base + sequence;
  if (lowest != 0 && lowest < position && sequence <= stream.head) {
    return Corrupt(fmt::format("the row at position {} is missing", position));
  }
  return NotFound(fmt::format("number {} is not kept", sequence));
}

Result<wire::Chain> ChainReader::At(const StreamRow& stream, uint64_t sequence) {
  uint64_t at = 0;
  wire::Chain chain = wire::FirstChain(store_id_, stream.stream);
  auto mark = mark_.BindText(1, stream.stream).Bind(2, sequence).Step();
  if (!mark.ok()) return std::move(mark).status();
  if (*mark) {
    at = mark_.Unsigned(0);
    Seal seal{};
    const bool sound =
        mark_.CopyBlob(1, &chain) &&
        (!sealed_ || (mark_.CopyBlob(2, &seal) && seal == SealOfMark(stream.stream, at, chain)));
    mark_.Reset();
    if (!sound) return Corrupt("a chain mark is damaged");
  }
  if (at == sequence) return chain;
  // Below its first row there is only what opened it, which has no row: the one at that position
  // is another stream's.
  if (at + 1 < stream.own_first()) return NotFound(fmt::format("number {} is not kept", at + 1));
  links_.Bind(1, stream.base + at).Bind(2, stream.base + sequence);
  while (at < sequence) {
    auto found = links_.Step();
    if (!found.ok()) return std::move(found).status();
    if (!*found) return Missing(stream, at + 1);
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

}  // namespace tillrelay::journal
