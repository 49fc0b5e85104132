#include "agent/journal/store.h"

#include <algorithm>

#include "agent/journal/schema.h"
#include "agent/journal/seal.h"
#include "common/base/json_reader.h"
#include "common/base/log.h"
#include "common/event/event_json.h"
#include "common/event/kind.h"

namespace tillrelay::journal {
namespace {

constexpr const char* kSayAmounts =
    "its lines do not show whether its amounts repeat the signs of the document that it takes back "
    "or are negated, and that document is not stored here or does not show it: say \"amounts\": "
    "\"repeated\" or \"negated\"";

// As it came: one that did not say its business day does not say it when it is tried again.
RejectedDocument Rejected(const event::Draft& draft, event::Rejection why) {
  std::string document = event::WithKind(draft.kind, draft.data);
  if (!draft.identity.first_day.empty()) document = event::WithoutDay(std::move(document));
  return {std::move(why), "", draft.subject, std::move(document), "application/json"};
}

constexpr const char* kAlreadyStored = "another document under this number is already stored";
// The day follows.
constexpr const char* kTakenBackBefore =
    "what it names has been taken back already: another post-void of it is stored";
constexpr const char* kSameGoodsOn =
    "the document says no business day, and the same goods under this number are stored for ";
// Of one that contradicts what is known under its key.
std::string ReasonOf(const Uuid& id, const std::vector<Known>& known) {
  bool same = false;
  for (const Known& row : known) {
    if (row.id == id) return std::string("changed");
    same = same || (row.like.content && !row.like.contradicts);
  }
  if (same) return std::string("time_changed");
  return std::string("changed");
}

std::optional<int64_t> TrustedMoment(const event::Draft& draft) {
  return draft.book.time_trusted ? std::optional(draft.book.at_s) : std::nullopt;
}

}  // namespace

Status JournalStore::Begin() {
  CHECK(!in_transaction_);
  TRY(db_.Exec("BEGIN IMMEDIATE"));
  in_transaction_ = true;
  quarantine_.ForgetFull();
  pending_ = committed_;
  pending_older_.clear();
  lists_changed_ = false;
  return Status::Ok();
}

Result<std::vector<AppendResult>> JournalStore::Append(const AppendRequest& request, WallTime now) {
  CHECK(in_transaction_);
  const uint64_t head_before = pending_.head;
  std::vector<AppendResult> receipts(request.entries.size());
  size_t refused = 0;
  for (size_t i = 0; i < request.entries.size(); ++i) {
    const Entry& entry = request.entries[i];
    const auto* draft = std::get_if<event::Draft>(&entry);
    Status taken = draft != nullptr ? AppendEvent(*draft, request.sender, now, &receipts[i])
                                    : AppendUnfit(std::get<RejectedDocument>(entry), request.sender,
                                                  now, &receipts[i]);
    if (taken.ok() && options_.books != nullptr && options_.books->Overflows()) {
      TRY(SavePages());
      options_.books->Saved();
    }
    if (taken.ok()) continue;
    // One that only the quarantine could take must not keep the others out.
    const bool one_of_many = quarantine_.full() && ++refused < request.entries.size();
    if (!one_of_many) return taken;
    receipts[i].outcome = Outcome::kRefused;
    quarantine_.ForgetFull();
  }
  if (request.file && refused == 0) TRY(MarkFile(*request.file, pending_.head - head_before));
  if (request.resolves > 0) {
    TRY(quarantine_.Remove(request.resolves));
    TRY(Audit(request.audit, now));
  }
  return receipts;
}

// What a setting forbids today may be stored already.
Status JournalStore::AppendUnfit(const RejectedDocument& unfit, const std::string& sender,
                                 WallTime now, AppendResult* receipt) {
  if (unfit.identity.bytes.digest != 0) {
    TRY(FetchOld(unfit.identity));
    std::vector<event::Telling> others;
    auto reported = WasTold(unfit.identity, std::nullopt, receipt, &others);
    if (!reported.ok()) return std::move(reported).status();
    if (*reported) return Status::Ok();
  }
  return quarantine_.Put(unfit, sender, now, receipt);
}

Status JournalStore::AppendEvent(const event::Draft& draft, const std::string& sender, WallTime now,
                                 AppendResult* receipt) {
  receipt->id = draft.identity.id;
  TRY(FetchOld(draft.identity));
  auto known = FindKnown(draft);
  if (!known.ok()) return std::move(known).status();
  bool repeated = false;
  for (const Known& row : *known) {
    if (row.id != draft.identity.id || !row.like.content || row.like.contradicts) continue;
    if (!std::exchange(repeated, true)) FirstReceipt(row.position, receipt);
  }
  std::vector<event::Telling> others;
  if (!repeated && (!known->empty() || Retold::Elsewhere(draft.identity))) {
    auto reported = WasTold(draft.identity, TrustedMoment(draft), receipt, &others);
    if (!reported.ok()) return std::move(reported).status();
    repeated = *reported;
  }
  if (repeated)
    return options_.books == nullptr ? Status::Ok() : options_.books->Repeated(draft, now);
  if (!draft.voids_key.empty() || draft.amounts_undecided) {
    auto decided = JudgeTakingBack(draft, known->empty());
    if (!decided.ok()) return std::move(decided).status();
    if (auto* refused = std::get_if<event::Rejection>(&*decided)) {
      return quarantine_.Put(Rejected(draft, std::move(*refused)), sender, now, receipt);
    }
    if (draft.amounts_undecided) {
      return AppendEvent(std::get<event::Draft>(*decided), sender, now, receipt);
    }
  }
  auto conflict = Contradiction(draft, *known, others, now);
  if (!conflict.ok()) return std::move(conflict).status();
  if (*conflict) {
    return quarantine_.Put(Rejected(draft, *std::move(*conflict)), sender, now, receipt);
  }
  if (options_.books == nullptr) return Insert(draft, now, receipt);
  auto further =
      options_.books->Stored(draft, {options_.store_id, pending_.stream, pending_.head + 1, now});
  if (!further.ok()) return std::move(further).status();
  if (further->empty()) return Insert(draft, now, receipt);
  event::Draft completed = draft;
  completed.data.insert(completed.data.size() - 1, "," + *further);
  completed.data_digest = Sha256(completed.data);
  return Insert(completed, now, receipt);
}

Status JournalStore::Insert(const event::Draft& draft, WallTime now, AppendResult* receipt) {
  auto position = InsertEvent({draft.identity.id, event::KindWord(draft.kind), draft.subject,
                               draft.time, draft.data, draft.data_digest, now});
  if (!position.ok()) return std::move(position).status();
  const std::string digest = KeptDigest(draft.identity);  // bound, not copied
  sql_.insert_known.BindText(1, draft.identity.key)
      .BindBlob(2, BytesOf(draft.identity.id))
      .BindBlob(3, digest)
      .Bind(4, *position);
  if (draft.book.time_trusted) {
    sql_.insert_known.Bind(5, draft.book.at_s);
  } else {
    sql_.insert_known.BindNull(5);
  }
  TRY(sql_.insert_known.Run());
  if (!draft.taking_back_key.empty()) {
    // Known as long as ids are; its first body may be gone.
    const KnownRow note = NoteOfTakingBack(draft, *position);
    TRY(AddKnown(note));
    TRY(MoveKnown(note));
  }
  receipt->sequence = pending_.head;
  receipt->stream = pending_.stream;
  return Status::Ok();
}

// What it says when it is held against what it takes back; `new_number`: nothing is known under its
// own.
Result<TakingBack> JournalStore::JudgeTakingBack(const event::Draft& draft, bool new_number) {
  const std::string all = event::TakingBackKeyPrefix(draft.voids_key), last = all + "\x7f";
  if (take_over_.pending()) {
    TRY(take_over_.Fetch(draft.voids_key));
    TRY(take_over_.Fetch(all, last));
  }
  auto original = TakenBackBy(draft, &db_);
  if (!original.ok()) return std::move(original).status();
  if (new_number) {
    auto wrong = *original ? WrongTakingBack(**original, draft) : std::nullopt;
    if (wrong) return TakingBack(*std::move(wrong));
    auto before = WasTakenBack(draft, &db_, [this](uint64_t at) { return IsGone(at); });
    if (!before.ok()) return std::move(before).status();
    if (*before) return TakingBack(event::Rejection{"bad-value", "voids", kTakenBackBefore});
  }
  event::Draft decided = draft;
  if (!draft.amounts_undecided) return TakingBack(std::move(decided));
  const std::string amounts = *original ? AmountsBy(**original, draft) : std::string();
  if (amounts.empty()) return TakingBack(event::Rejection{"missing-field", "amounts", kSayAmounts});
  event::SayAmounts(amounts, &decided);
  return TakingBack(std::move(decided));
}

Result<uint64_t> JournalStore::InsertEvent(const EventColumns& event) {
  const uint64_t sequence = pending_.head + 1;
  const uint64_t position = pending_.base + sequence;
  const Seal seal = SealOf({position, event.id, Micros(event.recorded_at), event.data_digest,
                            event.kind, event.subject, event.time});
  TRY(sql_.insert_event.Bind(1, position)
          .BindBlob(2, BytesOf(event.id))
          .BindText(3, event.kind)
          .BindText(4, event.subject)
          .BindText(5, event.time)
          .Bind(6, Micros(event.recorded_at))
          .BindText(7, event.data)
          .BindBlob(8, BytesOf(event.data_digest))
          .BindBlob(9, BytesOf(seal))
          .Run());
  TRY(id_blocks_.Add(position, event.id));
  pending_.head = sequence;
  pending_.head_chain = wire::NextChain(pending_.head_chain, sequence, event.id, event.data_digest);
  if (sequence % kMarkEvery == 0) TRY(SaveMark(pending_.stream, sequence, pending_.head_chain));
  return position;
}

Result<std::vector<Known>> JournalStore::FindKnown(const event::Draft& draft) {
  std::vector<Known> all;
  sqlite::Statement& find = sql_.find_known;
  find.BindText(1, draft.identity.key);
  for (;;) {
    auto row = find.Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) break;
    Known& known = all.emplace_back();
    const std::string_view id = find.Blob(0);
    std::copy_n(id.begin(), std::min(id.size(), known.id.size()), known.id.begin());
    const std::string_view digest = find.Blob(1);
    known.like = Compare(digest, KeptDigest(draft.identity));
    known.position = find.Unsigned(2);
    if (!find.IsNull(3)) known.at_s = find.Int(3);
  }
  if (!gone_.empty()) TRY(ForgetGone(draft.identity.key, &all));
  return all;
}

// Its body is nowhere: the register that tells it again brings it back.
Status JournalStore::ForgetGone(const std::string& key, std::vector<Known>* known) {
  for (auto it = known->begin(); it != known->end();) {
    const auto gone = IsGone(it->position);
    if (!gone.ok() || !*gone) {
      ++it;
      continue;
    }
    TRY(sql_.forget_known.BindText(1, key).BindBlob(2, BytesOf(it->id)).Run());
    it = known->erase(it);
  }
  return Status::Ok();
}

Result<bool> JournalStore::IsGone(uint64_t position) {
  const auto range = gone_.upper_bound(position);
  if (range == gone_.begin() || std::prev(range)->second < position) return false;
  auto id = IdAt(position);
  if (id.ok()) return false;
  if (id.status().code() != Code::kNotFound) return std::move(id).status();
  return true;
}

Result<bool> JournalStore::WasTold(const event::Identity& identity, std::optional<int64_t> at_s,
                                   AppendResult* receipt, std::vector<event::Telling>* others) {
  auto rows = retold_.Find(identity, at_s);
  if (!rows.ok()) return std::move(rows).status();
  for (const Retold::Row& row : rows->same) {
    auto gone = IsGone(row.position);
    if (!gone.ok()) return std::move(gone).status();
    if (*gone) continue;
    receipt->id = row.id;
    FirstReceipt(row.position, receipt);
    return true;
  }
  for (Retold::Doubt& doubt : rows->doubts) {
    auto gone = IsGone(doubt.position);
    if (!gone.ok()) return std::move(gone).status();
    if (!*gone) others->push_back(std::move(doubt.telling));
  }
  return false;
}

// The positions of a declared loss, as far as they are still those of its stream.
Status JournalStore::SaveGone(const wire::Lost& loss) {
  for (const StreamRow& row : streams_) {
    if (row.stream != loss.stream || loss.range.first > row.head) continue;
    auto save = db_.Prepare("INSERT OR REPLACE INTO gone VALUES(?1,?2)");
    if (!save.ok()) return std::move(save).status();
    const uint64_t first = row.base + loss.range.first;
    const uint64_t last = row.base + std::min(loss.range.last, row.head);
    TRY(save->Bind(1, first).Bind(2, last).Run());
    gone_[first] = std::max(gone_[first], last);
  }
  return Status::Ok();
}

// docs/journal.md, "A second telling".
Result<std::optional<event::Rejection>> JournalStore::Contradiction(
    const event::Draft& draft, const std::vector<Known>& known,
    const std::vector<event::Telling>& others, WallTime now) {
  using Conflict = std::optional<event::Rejection>;
  auto reused = Reused(draft, known, now);
  if (!reused.ok()) return std::move(reused).status();
  if (!*reused) {
    return Conflict({ReasonOf(draft.identity.id, known), "", kAlreadyStored});
  }
  if (others.empty() || options_.books == nullptr) return Conflict();
  auto real = options_.books->ReusedOnAnotherDay(draft, others, now);
  if (!real.ok()) return std::move(real).status();
  if (*real) return Conflict();
  return Conflict({"time_changed", "", kSameGoodsOn + others.front().business_day});
}

// Whether it is another one than those that are known under its key.
Result<bool> JournalStore::Reused(const event::Draft& draft, const std::vector<Known>& known,
                                  WallTime now) {
  if (known.empty()) return true;
  std::vector<event::Telling> tellings;
  for (const Known& row : known) {
    if (row.id == draft.identity.id) return false;
    tellings.push_back({row.at_s, row.like.goods, {}});
  }
  if (options_.books == nullptr) return false;
  return options_.books->Reused(draft, tellings, now);
}

void JournalStore::FirstReceipt(uint64_t position, AppendResult* receipt) const {
  receipt->outcome = Outcome::kDuplicate;
  const StreamRow* stream = StreamAt(streams_, position);
  if (stream == nullptr) return;
  receipt->stream = stream->stream;
  receipt->sequence = position - stream->base;
}

Status JournalStore::MarkFile(const FileMark& mark, uint64_t events) {
  return sql_.insert_file.BindBlob(1, BytesOf(mark.sha256))
      .BindText(2, mark.name)
      .Bind(3, ages_.now())
      .Bind(4, events)
      .Run();
}

Status JournalStore::Audit(const AuditRow& row, WallTime now) {
  CHECK(in_transaction_);
  return sql_.insert_audit.Bind(1, Micros(now))
      .BindText(2, row.actor)
      .BindText(3, row.action)
      .BindText(4, row.subject)
      .BindText(5, row.reason)
      .BindText(6, row.outcome)
      .Run();
}

void JournalStore::SaveConfirmed(uint64_t through, const wire::Chain& chain) {
  CHECK(in_transaction_);
  pending_.confirmed_through = through;
  pending_.confirmed_chain = chain;
}

void JournalStore::SaveAcked(uint64_t through) {
  CHECK(in_transaction_);
  pending_.acked_through = through;
}

Status JournalStore::SavePages() {
  for (const auto& [key, page] : options_.books->Changed()) {
    TRY(sql_.save_page.BindText(1, key).BindText(2, page).Run());
    TRY(ages_.MarkPage(key));
  }
  return Status::Ok();
}

Status JournalStore::Commit() {
  CHECK(in_transaction_);
  if (pending_ != committed_) TRY(SaveStream(pending_));
  if (options_.books != nullptr) TRY(SavePages());
  TRY(db_.Exec("COMMIT"));
  in_transaction_ = false;
  committed_ = pending_;
  streams_.back() = committed_;
  for (const StreamRow& row : pending_older_) streams_[row.number - 1] = row;
  quarantine_.Committed();
  take_over_.Committed();
  if (options_.books != nullptr) options_.books->Committed();
  return Status::Ok();
}

void JournalStore::Rollback() {
  if (!in_transaction_) return;
  db_.Exec("ROLLBACK").ok();  // a failed statement may have rolled back already
  in_transaction_ = false;
  pending_ = committed_;
  if (std::exchange(lists_changed_, false)) {
    if (Status s = LoadOwed(); !s.ok()) log::Error("journal", "{}", s.message());
  }
  quarantine_.RolledBack();
  retold_.RolledBack();
  if (Status s = take_over_.RolledBack(); !s.ok()) log::Error("journal", "{}", s.message());
  if (options_.books != nullptr) options_.books->RolledBack();
}

Result<WallTime> JournalStore::RecordedAt(uint64_t position) {
  auto row = sql_.recorded_at.Bind(1, position).Step();
  if (!row.ok()) return std::move(row).status();
  if (!*row) return WallTime{};
  const WallTime at{std::chrono::microseconds(sql_.recorded_at.Int(0))};
  sql_.recorded_at.Reset();
  return at;
}

}  // namespace tillrelay::journal
