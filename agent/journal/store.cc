#include "agent/journal/store.h"

#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>

#include <fcntl.h>

#include "agent/journal/paths.h"
#include "agent/journal/schema.h"
#include "agent/journal/seal.h"
#include "common/event/event_json.h"
#include "common/event/kind.h"
#include "common/wire/ulid.h"

namespace tillrelay::journal {
namespace {

int64_t Micros(WallTime time) { return time.time_since_epoch().count(); }

template <size_t N>
bool CopyBlob(std::string_view blob, std::array<uint8_t, N>* out) {
  if (blob.size() != N) return false;
  std::copy_n(reinterpret_cast<const uint8_t*>(blob.data()), N, out->begin());
  return true;
}

constexpr size_t kDigestBytes = 16;  // of the content digest, as kept for comparing

std::string_view ShortDigest(const Sha256Digest& digest) {
  return BytesOf(digest).substr(0, kDigestBytes);
}

}  // namespace

Result<std::unique_ptr<JournalStore>> JournalStore::Open(const StoreOptions& options, WallTime now,
                                                         Random* random) {
  std::unique_ptr<JournalStore> store(new JournalStore(options));
  TRY(store->Lock());
  sqlite::OpenOptions open;
  open.vfs = options.vfs;
  auto db = sqlite::Database::Open(options.path, open);
  if (!db.ok()) return std::move(db).status().Within("open journal");
  store->db_ = *std::move(db);
  if (Status s = PrepareSchema(&store->db_); !s.ok()) return std::move(s).Within(options.path);
  if (Status s = store->Load(now, random); !s.ok()) return std::move(s).Within(options.path);
  return store;
}

Status JournalStore::Lock() {
  const std::string path = LockPath(options_.path);
  lock_ = Fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock_.valid()) return Unavailable(path + ": " + ErrnoText(errno));
  if (flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return Unavailable("another tillrelayd has this journal open: " + options_.path);
  }
  return Status::Ok();
}

Status JournalStore::Load(WallTime now, Random* random) {
  TRY(BindStore(now));
  TRY(LoadStreams());
  if (streams_.empty()) TRY(CreateStream(now, random, "first"));
  TRY(CheckHead());
  TRY(LoadFloor());
  TRY(LoadQuarantine());
  return Prepare();
}

Status JournalStore::BindStore(WallTime now) {
  auto bound = db_.QueryText("SELECT value FROM meta WHERE key='store_id'");
  if (bound.ok()) {
    if (*bound == options_.store_id) return Status::Ok();
    return Conflict(
        fmt::format("the journal belongs to store {}, the configuration says {}; run "
                    "tillrelay setup --move-store if the server has moved",
                    *bound, options_.store_id));
  }
  if (bound.status().code() != Code::kNotFound) return std::move(bound).status();
  auto insert = db_.Prepare("INSERT INTO meta VALUES('store_id',?1),('opened_at',?2)");
  if (!insert.ok()) return std::move(insert).status();
  const std::string at = std::to_string(Micros(now));
  return insert->BindText(1, options_.store_id).BindText(2, at).Run();
}

Status JournalStore::CreateStream(WallTime now, Random* random, const std::string& reason) {
  StreamRow row;
  row.stream = wire::NewUlid(now, random);
  row.head_chain = row.confirmed_chain = wire::FirstChain(options_.store_id, row.stream);
  row.current = true;
  auto insert = db_.Prepare("INSERT INTO stream VALUES(?1,0,0,?2,0,?2,0,?3,?4,1)");
  if (!insert.ok()) return std::move(insert).status();
  TRY(insert->BindText(1, row.stream)
          .BindBlob(2, BytesOf(row.head_chain))
          .Bind(3, Micros(now))
          .BindText(4, reason)
          .Run());
  streams_.push_back(row);
  committed_ = pending_ = row;
  return Status::Ok();
}

Status JournalStore::LoadStreams() {
  auto select = db_.Prepare(
      "SELECT stream,base,head,head_chain,confirmed_through,confirmed_chain,acked_through,current "
      "FROM stream ORDER BY base");
  if (!select.ok()) return std::move(select).status();
  for (;;) {
    auto row = select->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return Status::Ok();
    StreamRow stream;
    stream.stream = select->Text(0);
    stream.base = select->Unsigned(1);
    stream.head = select->Unsigned(2);
    stream.confirmed_through = select->Unsigned(4);
    stream.acked_through = select->Unsigned(6);
    stream.current = select->Int(7) != 0;
    if (!CopyBlob(select->Blob(3), &stream.head_chain) ||
        !CopyBlob(select->Blob(5), &stream.confirmed_chain)) {
      return Corrupt("a stream row is damaged");
    }
    streams_.push_back(stream);
    if (stream.current) committed_ = pending_ = stream;
  }
}

// The last row must be the one that the stream row speaks of, unless it was deleted as confirmed.
Status JournalStore::CheckHead() {
  auto last = db_.QueryInt("SELECT coalesce(max(position),0) FROM event");
  if (!last.ok()) return std::move(last).status();
  const uint64_t expected = committed_.base + committed_.head;
  const bool all_deleted = *last == 0 && committed_.confirmed_through == committed_.head;
  if (static_cast<uint64_t>(*last) != expected && !all_deleted) {
    return Corrupt(fmt::format("the last row is {}, the stream says {}", *last, expected));
  }
  return Status::Ok();
}

Status JournalStore::LoadFloor() {
  auto first = db_.QueryInt("SELECT coalesce(min(position),0) FROM event");
  if (!first.ok()) return std::move(first).status();
  const auto position = static_cast<uint64_t>(*first);
  if (position == 0) {
    floor_ = committed_.head + 1;
  } else {
    floor_ = position > committed_.base ? position - committed_.base : 1;
  }
  return Status::Ok();
}

Status JournalStore::LoadQuarantine() {
  auto count = db_.QueryInt("SELECT count(*) FROM quarantine");
  if (!count.ok()) return std::move(count).status();
  auto bytes = db_.QueryInt("SELECT coalesce(sum(length(document)),0) FROM quarantine");
  if (!bytes.ok()) return std::move(bytes).status();
  quarantined_ = static_cast<uint64_t>(*count);
  quarantine_bytes_ = static_cast<uint64_t>(*bytes);
  return Status::Ok();
}

Status JournalStore::Prepare() {
  const struct {
    sqlite::Statement* statement;
    const char* text;
  } all[] = {
      {&sql_.insert_event, "INSERT INTO event VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)"},
      {&sql_.find_known, "SELECT id,digest,position FROM known WHERE key=?1"},
      {&sql_.insert_known, "INSERT INTO known VALUES(?1,?2,?3,?4)"},
      {&sql_.insert_mark, "INSERT OR REPLACE INTO chain_mark VALUES(?1,?2,?3)"},
      {&sql_.update_head, "UPDATE stream SET head=?2,head_chain=?3 WHERE stream=?1"},
      {&sql_.find_ticket, "SELECT ticket FROM quarantine WHERE sha256=?1"},
      {&sql_.insert_quarantine,
       "INSERT INTO quarantine(sha256,reason,field,hint,channel,origin,document,created_at,seen) "
       "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,1) RETURNING ticket"},
      {&sql_.seen_again, "UPDATE quarantine SET seen=seen+1 WHERE ticket=?1"},
      {&sql_.insert_file, "INSERT OR REPLACE INTO file VALUES(?1,?2,?3,?4)"},
      {&sql_.update_confirmed,
       "UPDATE stream SET confirmed_through=?2,confirmed_chain=?3 WHERE stream=?1"},
      {&sql_.update_acked, "UPDATE stream SET acked_through=?2 WHERE stream=?1"},
      {&sql_.recorded_at, "SELECT recorded_at FROM event WHERE position=?1"},
      {&sql_.delete_rows, "DELETE FROM event WHERE position<=?1"},
  };
  for (const auto& [statement, text] : all) {
    auto prepared = db_.Prepare(text);
    if (!prepared.ok()) return std::move(prepared).status();
    *statement = *std::move(prepared);
  }
  return Status::Ok();
}

Status JournalStore::Begin() {
  CHECK(!in_transaction_);
  TRY(db_.Exec("BEGIN IMMEDIATE"));
  in_transaction_ = true;
  quarantine_full_ = false;
  pending_ = committed_;
  pending_quarantined_ = quarantined_;
  pending_quarantine_bytes_ = quarantine_bytes_;
  return Status::Ok();
}

Result<std::vector<Receipt>> JournalStore::Append(const AppendRequest& request, WallTime now) {
  CHECK(in_transaction_);
  const uint64_t head_before = pending_.head;
  std::vector<Receipt> receipts(request.entries.size());
  for (size_t i = 0; i < request.entries.size(); ++i) {
    const Entry& entry = request.entries[i];
    const auto* draft = std::get_if<event::Draft>(&entry);
    TRY(draft != nullptr ? AppendEvent(*draft, now, &receipts[i])
                         : Quarantine(std::get<Unfit>(entry), now, &receipts[i]));
  }
  if (request.file) TRY(MarkFile(*request.file, pending_.head - head_before, now));
  return receipts;
}

Status JournalStore::AppendEvent(const event::Draft& draft, WallTime now, Receipt* receipt) {
  receipt->id = draft.identity.id;
  std::string conflict;
  auto resolved = Resolve(draft, receipt, &conflict);
  if (!resolved.ok()) return std::move(resolved).status();
  if (*resolved) return Status::Ok();
  if (!conflict.empty()) {
    const Unfit unfit{{conflict, "", "another document under this number is already stored"},
                      "",
                      draft.subject,
                      event::WithKind(draft.kind, draft.data)};
    return Quarantine(unfit, now, receipt);
  }
  const uint64_t sequence = pending_.head + 1;
  const uint64_t position = pending_.base + sequence;
  const std::string_view kind = event::KindWord(draft.kind);
  const Seal seal = SealOf({position, draft.identity.id, Micros(now), draft.data_digest, kind,
                            draft.subject, draft.time});
  TRY(sql_.insert_event.Bind(1, position)
          .BindBlob(2, BytesOf(draft.identity.id))
          .BindText(3, kind)
          .BindText(4, draft.subject)
          .BindText(5, draft.time)
          .Bind(6, Micros(now))
          .BindText(7, draft.data)
          .BindBlob(8, BytesOf(draft.data_digest))
          .BindBlob(9, BytesOf(seal))
          .Run());
  TRY(sql_.insert_known.BindText(1, draft.identity.key)
          .BindBlob(2, BytesOf(draft.identity.id))
          .BindBlob(3, ShortDigest(draft.identity.digest))
          .Bind(4, position)
          .Run());
  pending_.head = sequence;
  pending_.head_chain =
      wire::NextChain(pending_.head_chain, sequence, draft.identity.id, draft.data_digest);
  if (sequence % kMarkEvery == 0) {
    TRY(sql_.insert_mark.BindText(1, pending_.stream)
            .Bind(2, sequence)
            .BindBlob(3, BytesOf(pending_.head_chain))
            .Run());
  }
  receipt->sequence = sequence;
  receipt->stream = pending_.stream;
  return Status::Ok();
}

// True: a duplicate, the receipt is complete. False with `conflict`: it contradicts what is stored.
Result<bool> JournalStore::Resolve(const event::Draft& draft, Receipt* receipt,
                                   std::string* conflict) {
  sql_.find_known.BindText(1, draft.identity.key);
  for (;;) {
    auto row = sql_.find_known.Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return false;
    const bool same_id = sql_.find_known.Blob(0) == BytesOf(draft.identity.id);
    const bool same_digest = sql_.find_known.Blob(1) == ShortDigest(draft.identity.digest);
    if (same_id && same_digest) {
      FirstReceipt(sql_.find_known.Unsigned(2), receipt);
      sql_.find_known.Reset();
      return true;
    }
    *conflict = !same_id && same_digest ? "time_changed" : "changed";
  }
}

void JournalStore::FirstReceipt(uint64_t position, Receipt* receipt) const {
  receipt->outcome = Outcome::kDuplicate;
  for (const StreamRow& stream : streams_) {
    if (stream.base >= position) break;
    receipt->stream = stream.stream;
    receipt->sequence = position - stream.base;
  }
}

Status JournalStore::Quarantine(const Unfit& unfit, WallTime now, Receipt* receipt) {
  receipt->outcome = Outcome::kQuarantined;
  receipt->reason = unfit.why.reason;
  receipt->field = unfit.why.field;
  const Sha256Digest digest = Sha256(unfit.document);
  auto known = sql_.find_ticket.BindBlob(1, BytesOf(digest)).Step();
  if (!known.ok()) return std::move(known).status();
  if (*known) {
    receipt->ticket = sql_.find_ticket.Unsigned(0);
    sql_.find_ticket.Reset();
    return sql_.seen_again.Bind(1, receipt->ticket).Run();
  }
  if (pending_quarantined_ + 1 > options_.quarantine_max_count ||
      pending_quarantine_bytes_ + unfit.document.size() > options_.quarantine_max_bytes) {
    quarantine_full_ = true;
    return Full("the quarantine is full; a person has to look at it first");
  }
  auto inserted = sql_.insert_quarantine.BindBlob(1, BytesOf(digest))
                      .BindText(2, unfit.why.reason)
                      .BindText(3, unfit.why.field)
                      .BindText(4, unfit.why.hint)
                      .BindText(5, unfit.channel)
                      .BindText(6, unfit.origin)
                      .BindText(7, unfit.document)
                      .Bind(8, Micros(now))
                      .Step();
  if (!inserted.ok()) return std::move(inserted).status();
  receipt->ticket = sql_.insert_quarantine.Unsigned(0);
  sql_.insert_quarantine.Reset();
  ++pending_quarantined_;
  pending_quarantine_bytes_ += unfit.document.size();
  return Status::Ok();
}

Status JournalStore::MarkFile(const FileMark& mark, uint64_t events, WallTime now) {
  return sql_.insert_file.BindBlob(1, BytesOf(mark.sha256))
      .BindText(2, mark.name)
      .Bind(3, Micros(now))
      .Bind(4, events)
      .Run();
}

Status JournalStore::SaveConfirmed(uint64_t through, const wire::Chain& chain) {
  CHECK(in_transaction_);
  TRY(sql_.update_confirmed.BindText(1, pending_.stream)
          .Bind(2, through)
          .BindBlob(3, BytesOf(chain))
          .Run());
  pending_.confirmed_through = through;
  pending_.confirmed_chain = chain;
  return Status::Ok();
}

Status JournalStore::SaveAcked(uint64_t through) {
  CHECK(in_transaction_);
  TRY(sql_.update_acked.BindText(1, pending_.stream).Bind(2, through).Run());
  pending_.acked_through = through;
  return Status::Ok();
}

Status JournalStore::Commit() {
  CHECK(in_transaction_);
  if (pending_.head != committed_.head) {
    TRY(sql_.update_head.BindText(1, pending_.stream)
            .Bind(2, pending_.head)
            .BindBlob(3, BytesOf(pending_.head_chain))
            .Run());
  }
  TRY(db_.Exec("COMMIT"));
  in_transaction_ = false;
  committed_ = pending_;
  streams_.back() = committed_;
  quarantined_ = pending_quarantined_;
  quarantine_bytes_ = pending_quarantine_bytes_;
  return Status::Ok();
}

void JournalStore::Rollback() {
  if (!in_transaction_) return;
  db_.Exec("ROLLBACK").ok();  // a failed statement may have rolled back already
  in_transaction_ = false;
  pending_ = committed_;
}

Result<bool> JournalStore::Trim(WallTime before) {
  // Only whole blocks, so that the mark at the end of a block is the chain just below the floor.
  const uint64_t last = (floor_ + kMarkEvery - 1) / kMarkEvery * kMarkEvery;
  if (last > committed_.confirmed_through) return false;
  auto recorded = RecordedAt(last);
  if (!recorded.ok()) return std::move(recorded).status();
  if (*recorded >= before) return false;
  TRY(sql_.delete_rows.Bind(1, committed_.base + last).Run());
  floor_ = last + 1;
  return true;
}

Result<WallTime> JournalStore::RecordedAt(uint64_t sequence) {
  auto row = sql_.recorded_at.Bind(1, committed_.base + sequence).Step();
  if (!row.ok()) return std::move(row).status();
  if (!*row) return WallTime{};
  const WallTime at{std::chrono::microseconds(sql_.recorded_at.Int(0))};
  sql_.recorded_at.Reset();
  return at;
}

}  // namespace tillrelay::journal
