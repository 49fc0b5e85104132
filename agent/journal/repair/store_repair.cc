// What the store itself does for repairs: it takes in what a damaged journal still holds, and
// declares what a witness saw and the file does not have.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "agent/journal/paths.h"
#include "agent/journal/store.h"
#include "agent/journal/stream_tables.h"
#include "common/base/log.h"

namespace tillrelay::journal {

Result<bool> JournalStore::StepTakeOver(WallTime now) {
  if (!take_over_.pending()) return false;
  TRY(Begin());
  take_over_at_ = now;
  auto more = take_over_.Step();
  Status done = more.ok() ? Commit() : more.status();
  if (!done.ok()) {
    Rollback();
    return done;
  }
  return more;
}

Result<uint64_t> JournalStore::AppendOld(const Row& row) {
  return InsertEvent(
      {row.id, row.kind, row.subject, row.time, row.data, row.data_digest, row.recorded_at});
}

Status JournalStore::AddKnown(const KnownRow& known) {
  sql_.add_known.BindText(1, known.key).BindBlob(2, BytesOf(known.id)).BindBlob(3, known.digest);
  sql_.add_known.Bind(4, known.position);
  if (known.at_s) {
    sql_.add_known.Bind(5, *known.at_s);
  } else {
    sql_.add_known.BindNull(5);
  }
  TRY(sql_.add_known.Run());
  if (db_.changes() > 0) retold_.Add(known.digest, {known.id, known.position});
  return Status::Ok();
}

Result<std::vector<uint64_t>> JournalStore::ToldAs(const KnownRow& known) {
  std::vector<uint64_t> positions;
  if (!known.at_s) return positions;
  auto rows = retold_.OfMoment(known.key, known.digest, *known.at_s);
  if (!rows.ok()) return std::move(rows).status();
  for (const Retold::Row& row : *rows) {
    if (row.id != known.id) positions.push_back(row.position);
  }
  return positions;
}

Status JournalStore::FetchOld(const event::Identity& identity) {
  if (!take_over_.pending()) return Status::Ok();
  const auto [first, last] = Retold::KeysOf(identity);
  TRY(take_over_.Fetch(first, last));
  if (!identity.former_key.empty()) TRY(take_over_.Fetch(identity.former_key));
  if (!retold_.LooksByBytes(identity)) return Status::Ok();
  return take_over_.FetchBytes(identity.bytes.digest);
}

Result<uint64_t> JournalStore::KnownAt(const std::string& key, const Uuid& id) {
  auto row = sql_.known_at.BindText(1, key).BindBlob(2, BytesOf(id)).Step();
  const uint64_t position = row.ok() && *row ? sql_.known_at.Unsigned(0) : 0;
  sql_.known_at.Reset();
  if (!row.ok()) return std::move(row).status();
  return position;
}

Status JournalStore::MoveKnown(const KnownRow& known) {
  sql_.move_known.BindText(1, known.key).BindBlob(2, BytesOf(known.id)).Bind(3, known.position);
  TRY(sql_.move_known.Run());
  retold_.Add(known.digest, {known.id, known.position});
  return Status::Ok();
}

Status JournalStore::DeclareGone(const wire::Lost& loss) {
  return DeclareLoss(loss, take_over_at_);
}

Result<Uuid> JournalStore::IdAt(uint64_t position) {
  auto row = sql_.id_at.Bind(1, position).Step();
  if (!row.ok()) return std::move(row).status();
  if (!*row) return NotFound("there is no such event");
  Uuid id{};
  const bool complete = sql_.id_at.CopyBlob(0, &id);
  sql_.id_at.Reset();
  return complete ? Result<Uuid>(id) : Corrupt("an event's id is damaged");
}

Result<uint64_t> JournalStore::PositionOf(const Uuid& id) {
  auto position = FindId(&db_, id);
  if (!position.ok()) return std::move(position).status();
  return position->value_or(0);
}

Status JournalStore::BeginTakeOver(const std::vector<TakeOverRow>& rows, WallTime now) {
  TRY(Begin());
  Status begun = Status::Ok();
  for (const TakeOverRow& row : rows) {
    if (begun.ok()) begun = InsertTakeOver(&db_, row);
  }
  AuditRow audit;
  audit.actor = "tillrelayd";
  audit.action = "salvage";
  audit.subject = rows.back().file;
  audit.outcome = "begun";
  if (begun.ok()) begun = Audit(audit, now);
  if (begun.ok()) begun = Commit();
  if (!begun.ok()) Rollback();
  return begun;
}

// Everything is in the one file then.
Status JournalStore::CloseWhole() {
  TRY(db_.TruncateLog());
  sql_ = {};
  db_.Close();
  for (const std::string& path : {WalPath(options_.path), options_.path + "-shm"}) {
    if (unlink(path.c_str()) != 0 && errno != ENOENT) {
      return Unavailable(path + ": " + ErrnoText(errno));
    }
  }
  return Status::Ok();
}

Witness JournalStore::WitnessOf() const {
  Witness witness;
  witness.store_id = options_.store_id;
  witness.streams = streams_;
  witness.losses = losses_;
  witness.boot_id = boot_id_;
  return witness;
}

Status JournalStore::ExpectWitness() {
  if (expects_witness_) return Status::Ok();
  TRY(db_.Exec("INSERT OR IGNORE INTO meta VALUES('witness','1')"));
  expects_witness_ = true;
  return Status::Ok();
}

std::vector<wire::Lost> JournalStore::MissingOf(const Witness& witness, bool more_given) {
  std::vector<wire::Lost> missing;
  for (const StreamRow& seen : witness.streams) {
    const uint64_t delivered = options_.confirm_by_broker
                                   ? std::max(seen.confirmed_through, seen.acked_through)
                                   : seen.confirmed_through;
    const auto ours = std::find_if(streams_.begin(), streams_.end(),
                                   [&](const StreamRow& row) { return row.stream == seen.stream; });
    if (ours != streams_.end() && !ours->current) continue;  // cut by a later fork of this file
    wire::Lost loss{seen.stream, {delivered + 1, seen.head}, seen.head_chain, "damaged", false,
                    false};
    const uint64_t own_head = ours == streams_.end() ? 0 : ours->head;
    bool same_line = true;
    if (ours != streams_.end()) {
      auto chain = chains_.At(*ours, std::min(seen.head, ours->head));
      same_line = seen.head > ours->head || !chain.ok() || *chain == seen.head_chain;
      if (same_line) loss.range.first = std::max(loss.range.first, ours->head + 1);
    }
    if (same_line && delivered > own_head) {
      const auto chain = delivered == seen.confirmed_through ? seen.confirmed_chain : kUnknownChain;
      missing.push_back(
          {seen.stream, {own_head + 1, delivered}, chain, wire::Lost::kDelivered, false, false});
    }
    loss.open =
        seen.current &&
        (more_given || (!witness.IsLastWord(BootId()) && loss.range.first <= loss.range.last));
    // No number is known to be gone, but more may have been given.
    if (loss.open && loss.range.last < loss.range.first) {
      loss.range.last = loss.range.first - 1;
      loss.chain = kUnknownChain;
    }
    if (loss.open || loss.range.first <= loss.range.last) missing.push_back(std::move(loss));
  }
  // What an earlier repair declared, and the centre has not heard of, must not go with this file.
  for (const wire::Lost& loss : witness.losses) {
    auto known = KnownAt(LossKey(loss), LossId(options_.store_id, loss));
    if (!known.ok() || *known == 0) missing.push_back(loss);
  }
  return missing;
}

// In one transaction: a stop between the new stream and the declaration would hide the loss.
Result<bool> JournalStore::DeclareMissing(const Witness& witness, bool more_given, WallTime now,
                                          Random* random) {
  const std::vector<wire::Lost> missing = MissingOf(witness, more_given);
  if (missing.empty()) return false;
  TRY(Fork(committed_.base + committed_.head + 1, "the journal was damaged", now, random, missing));
  for (const wire::Lost& loss : missing) {
    log::Error("journal", "stream {}: numbers {} to {}{} are gone from the journal's file",
               loss.stream, loss.range.first, loss.range.last,
               loss.open ? " and perhaps more" : "");
  }
  return true;
}

}  // namespace tillrelay::journal
