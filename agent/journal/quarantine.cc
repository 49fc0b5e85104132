#include "agent/journal/quarantine.h"

#include <fmt/format.h>

namespace tillrelay::journal {

Status Quarantine::Open(sqlite::Database* db) {
  auto count = db->QueryInt("SELECT count(*) FROM quarantine");
  if (!count.ok()) return std::move(count).status();
  // Of a text `length` counts characters.
  auto bytes =
      db->QueryInt("SELECT coalesce(sum(length(CAST(document AS BLOB))),0) FROM quarantine");
  if (!bytes.ok()) return std::move(bytes).status();
  committed_ = pending_ = {static_cast<uint64_t>(*count), static_cast<uint64_t>(*bytes)};
  return db->PrepareAll({
      {&find_, "SELECT ticket FROM quarantine WHERE sha256=?1"},
      {&insert_,
       "INSERT INTO quarantine(sha256,reason,field,hint,channel,origin,document,created_at,seen,"
       "format) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,1,?9) RETURNING ticket"},
      {&seen_again_, "UPDATE quarantine SET seen=seen+1 WHERE ticket=?1"},
      {&size_, "SELECT length(CAST(document AS BLOB)) FROM quarantine WHERE ticket=?1"},
      {&remove_, "DELETE FROM quarantine WHERE ticket=?1"},
  });
}

Status Quarantine::Put(const RejectedDocument& unfit, WallTime now, AppendResult* receipt) {
  receipt->outcome = Outcome::kQuarantined;
  receipt->reason = unfit.why.reason;
  receipt->field = unfit.why.field;
  receipt->hint = unfit.why.hint;
  const Sha256Digest digest = Sha256(unfit.document);
  auto known = find_.BindBlob(1, BytesOf(digest)).Step();
  if (!known.ok()) return std::move(known).status();
  if (*known) {
    receipt->ticket = find_.Unsigned(0);
    find_.Reset();
    return seen_again_.Bind(1, receipt->ticket).Run();
  }
  if (pending_.count + 1 > max_count_ || pending_.bytes + unfit.document.size() > max_bytes_) {
    full_ = true;
    return Full("the quarantine is full; a person has to look at it first");
  }
  auto inserted = insert_.BindBlob(1, BytesOf(digest))
                      .BindText(2, unfit.why.reason)
                      .BindText(3, unfit.why.field)
                      .BindText(4, unfit.why.hint)
                      .BindText(5, unfit.channel)
                      .BindText(6, unfit.origin)
                      .BindText(7, unfit.document)
                      .Bind(8, Micros(now))
                      .BindText(9, unfit.format)
                      .Step();
  if (!inserted.ok()) return std::move(inserted).status();
  receipt->ticket = insert_.Unsigned(0);
  insert_.Reset();
  ++pending_.count;
  pending_.bytes += unfit.document.size();
  return Status::Ok();
}

Status Quarantine::Remove(uint64_t ticket) {
  auto found = size_.Bind(1, ticket).Step();
  if (!found.ok()) return std::move(found).status();
  if (!*found) return NotFound(fmt::format("there is no ticket {}", ticket));
  const uint64_t bytes = size_.Unsigned(0);
  size_.Reset();
  TRY(remove_.Bind(1, ticket).Run());
  --pending_.count;
  pending_.bytes -= std::min(pending_.bytes, bytes);
  return Status::Ok();
}

}  // namespace tillrelay::journal
