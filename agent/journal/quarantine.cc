#include "agent/journal/quarantine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/log.h"

namespace tillrelay::journal {
namespace {

constexpr uint64_t kLeastShareCount = 300;
constexpr uint64_t kLeastShareBytes = 4 * 1024 * 1024;

// Beside the schema's tables, so that an older program can still use the file: it knows nothing of
// senders, and the rows of tickets that it took out go with the next opening.
constexpr const char* kSenderTable =
    "CREATE TABLE IF NOT EXISTS quarantine_sender(ticket INTEGER PRIMARY KEY, sender TEXT NOT NULL)"
    " STRICT";
constexpr const char* kGoneTickets =
    "SELECT count(*) FROM quarantine_sender WHERE ticket NOT IN (SELECT ticket FROM quarantine)";
constexpr const char* kForgetGoneTickets =
    "DELETE FROM quarantine_sender WHERE ticket NOT IN (SELECT ticket FROM quarantine)";
// Stands among the senders where the table cannot be used: the quarantine is bounded as a whole
// only.
const std::string kNotTracked;

bool HasRoom(const QuarantineRoom& used, uint64_t bytes, const QuarantineRoom& most) {
  return used.count + 1 <= most.count && used.bytes + bytes <= most.bytes;
}

void Add(uint64_t bytes, QuarantineRoom* room) {
  ++room->count;
  room->bytes += bytes;
}

void Subtract(uint64_t bytes, QuarantineRoom* room) {
  room->count -= std::min<uint64_t>(room->count, 1);
  room->bytes -= std::min(room->bytes, bytes);
}

}  // namespace

QuarantineRoom ShareOf(const QuarantineRoom& whole) {
  return {std::min(whole.count, std::max(whole.count / 4, kLeastShareCount)),
          std::min(whole.bytes, std::max(whole.bytes / 4, kLeastShareBytes))};
}

Status Quarantine::Open(sqlite::Database* db) {
  auto count = db->QueryInt("SELECT count(*) FROM quarantine");
  if (!count.ok()) return std::move(count).status();
  // Of a text `length` counts characters.
  auto bytes =
      db->QueryInt("SELECT coalesce(sum(length(CAST(document AS BLOB))),0) FROM quarantine");
  if (!bytes.ok()) return std::move(bytes).status();
  committed_ = pending_ = {static_cast<uint64_t>(*count), static_cast<uint64_t>(*bytes)};
  const Status senders = LoadSenders(db);
  if (!senders.ok()) {
    log::Warning("journal", "the quarantine does not count its senders: {}", senders.message());
    senders_ = {{kNotTracked, {}}};
  }
  TRY(db->PrepareAll({
      {&size_,
       senders.ok()
           ? "SELECT length(CAST(q.document AS BLOB)),coalesce(s.sender,'') FROM quarantine "
             "q LEFT JOIN quarantine_sender s USING(ticket) WHERE q.ticket=?1"
           : "SELECT length(CAST(document AS BLOB)),'' FROM quarantine WHERE ticket=?1"},
  }));
  return db->PrepareAll({
      {&find_, "SELECT ticket FROM quarantine WHERE sha256=?1"},
      {&insert_,
       "INSERT INTO quarantine(sha256,reason,field,hint,channel,origin,document,created_at,seen,"
       "format) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,1,?9) RETURNING ticket"},
      {&seen_again_, "UPDATE quarantine SET seen=seen+1 WHERE ticket=?1"},
      {&remove_, "DELETE FROM quarantine WHERE ticket=?1"},
  });
}

Status Quarantine::LoadSenders(sqlite::Database* db) {
  senders_.clear();
  pending_senders_.clear();
  TRY(db->Exec(kSenderTable));
  auto gone = db->QueryInt(kGoneTickets);
  if (!gone.ok()) return std::move(gone).status();
  if (*gone > 0) TRY(db->Exec(kForgetGoneTickets));
  TRY(db->PrepareAll({
      {&name_sender_, "INSERT OR REPLACE INTO quarantine_sender VALUES(?1,?2)"},
      {&remove_sender_, "DELETE FROM quarantine_sender WHERE ticket=?1"},
  }));
  auto select = db->Prepare(
      "SELECT s.sender,count(*),sum(length(CAST(q.document AS BLOB))) FROM quarantine q "
      "JOIN quarantine_sender s USING(ticket) GROUP BY s.sender");
  if (!select.ok()) return std::move(select).status();
  for (;;) {
    auto row = select->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return Status::Ok();
    senders_[std::string(select->Text(0))] = {select->Unsigned(1), select->Unsigned(2)};
  }
}

Status Quarantine::Put(const RejectedDocument& unfit, const std::string& sender, WallTime now,
                       AppendResult* receipt) {
  receipt->outcome = Outcome::kQuarantined;
  receipt->reason = unfit.why.reason;
  receipt->field = unfit.why.field;
  receipt->hint = unfit.why.hint;
  const uint64_t bytes = unfit.document.size();
  const Sha256Digest digest = Sha256(unfit.document);
  auto known = find_.BindBlob(1, BytesOf(digest)).Step();
  if (!known.ok()) return std::move(known).status();
  if (*known) {
    receipt->ticket = find_.Unsigned(0);
    find_.Reset();
    return seen_again_.Bind(1, receipt->ticket).Run();
  }
  if (!HasRoom(pending_, bytes, max_)) {
    return Refuse("the quarantine is full; a person has to look at it first", receipt);
  }
  const QuarantineRoom share = ShareOf(max_);
  const bool no_share = !sender.empty() && !HasRoom(PendingOf(sender), bytes, share);
  if (no_share || unfit.beyond_share) {
    return Refuse(
        fmt::format("the quarantine keeps at most {} documents and {} MiB of one sender, and "
                    "those of {} have reached that; a person has to look at them first",
                    share.count, share.bytes >> 20, sender.empty() ? "this one" : sender),
        receipt);
  }
  TRY(Insert(unfit, digest, now, receipt));
  Add(bytes, &pending_);
  if (sender.empty() || senders_.contains(kNotTracked)) return Status::Ok();
  Add(bytes, &PendingOf(sender));
  return name_sender_.Bind(1, receipt->ticket).BindText(2, sender).Run();
}

Status Quarantine::Refuse(const std::string& why, AppendResult* receipt) {
  full_ = true;
  receipt->hint = why;
  return Full(why);
}

Status Quarantine::Insert(const RejectedDocument& unfit, const Sha256Digest& digest, WallTime now,
                          AppendResult* receipt) {
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
  return Status::Ok();
}

QuarantineRoom& Quarantine::PendingOf(const std::string& sender) {
  const auto found = pending_senders_.find(sender);
  if (found != pending_senders_.end()) return found->second;
  const auto committed = senders_.find(sender);
  return pending_senders_[sender] =
             committed == senders_.end() ? QuarantineRoom{} : committed->second;
}

Status Quarantine::Remove(uint64_t ticket) {
  auto found = size_.Bind(1, ticket).Step();
  if (!found.ok()) return std::move(found).status();
  if (!*found) return NotFound(fmt::format("there is no ticket {}", ticket));
  const uint64_t bytes = size_.Unsigned(0);
  const std::string sender(size_.Text(1));
  size_.Reset();
  TRY(remove_.Bind(1, ticket).Run());
  Subtract(bytes, &pending_);
  if (sender.empty()) return Status::Ok();
  Subtract(bytes, &PendingOf(sender));
  return remove_sender_.Bind(1, ticket).Run();
}

void Quarantine::Committed() {
  committed_ = pending_;
  for (const auto& [sender, room] : pending_senders_) {
    if (room.count == 0) {
      senders_.erase(sender);
    } else {
      senders_[sender] = room;
    }
  }
  pending_senders_.clear();
}

void Quarantine::RolledBack() {
  pending_ = committed_;
  pending_senders_.clear();
}

}  // namespace tillrelay::journal
