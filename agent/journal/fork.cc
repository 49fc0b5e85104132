// Several streams in one file: a fork, a declared loss, what the centre says of each stream.
// docs/journal.md, "Streams".
#include <fmt/format.h>

#include <algorithm>

#include "agent/journal/schema.h"
#include "agent/journal/store.h"
#include "agent/journal/stream_tables.h"
#include "common/base/json_writer.h"
#include "common/event/kind.h"
#include "common/event/time_text.h"
#include "common/wire/envelope.h"
#include "common/wire/ulid.h"

namespace tillrelay::journal {
namespace {

constexpr uint64_t kMaxOwed = 10'000;  // bodies kept for the centre beyond their time

bool Lists(const std::vector<wire::Range>& ranges, uint64_t number) {
  return std::any_of(ranges.begin(), ranges.end(), [number](const wire::Range& range) {
    return range.first <= number && number <= range.last;
  });
}

std::string OpeningData(const StreamRow& cut, const std::string& reason) {
  std::string data;
  JsonWriter json(&data);
  json.BeginObject().Key("stream_opened").BeginObject();
  json.Field("previous_stream", cut.stream);
  json.Field("through", wire::SequenceText(cut.head));
  json.Field("chain", ToHex(BytesOf(cut.head_chain)));
  json.Field("reason", reason).EndObject().EndObject();
  return data;
}

std::string LossData(const wire::Lost& loss) {
  std::string data;
  JsonWriter json(&data);
  json.BeginObject().Key("loss").BeginObject();
  json.Field("stream", loss.stream);
  json.Field("from", wire::SequenceText(loss.range.first));
  json.Field("through", wire::SequenceText(loss.range.last));
  json.Field("chain", ToHex(BytesOf(loss.chain)));
  json.Field("reason", loss.reason).Field("compared", loss.compared);
  if (loss.open) json.Field("open", true);
  json.EndObject().EndObject();
  return data;
}

}  // namespace

Status JournalStore::Fork(uint64_t position, const std::string& reason, WallTime now,
                          Random* random, const std::vector<wire::Lost>& gone) {
  CHECK(!in_transaction_);
  TRY(Begin());
  Status done = OpenStreamAt(position, reason, now, random);
  for (const wire::Lost& loss : gone) {
    if (done.ok()) done = DeclareLoss(loss, now);
  }
  if (done.ok()) done = Commit();
  if (!done.ok()) {
    Rollback();
    return done;
  }
  TRY(LoadStreams());
  return LoadOwed();
}

Status JournalStore::OpenStreamAt(uint64_t position, const std::string& reason, WallTime now,
                                  Random* random) {
  const uint64_t end = committed_.base + committed_.head + 1;
  position = std::clamp(position, LowestKept(streams_), end);
  StreamRow fresh;
  fresh.stream = wire::NewUlid(now, random);
  fresh.number = committed_.number + 1;
  fresh.first = position;
  fresh.base = position - 2;  // number 1 is stream_opened, which has no position
  fresh.head = end - 1 - fresh.base;
  fresh.current = true;
  std::vector<StreamRow> rows = streams_;
  for (StreamRow& row : rows) TRY(CutAt(position, &row));
  const StreamRow* previous = StreamAt(rows, position == 1 ? 1 : position - 1);
  TRY(OpenBehind(previous == nullptr ? rows.back() : *previous, fresh, reason, now));
  TRY(Renumber(&fresh));
  TRY(SaveStream(fresh, now, reason));
  auto forget = db_.Prepare("DELETE FROM owed WHERE position>=?1");
  if (!forget.ok()) return std::move(forget).status();
  TRY(forget->Bind(1, position).Run());
  pending_ = fresh;
  lists_changed_ = true;
  return Status::Ok();
}

// What a stream keeps when everything from `position` on leaves it.
Status JournalStore::CutAt(uint64_t position, StreamRow* row) {
  const uint64_t own_end = row->own_first() - 1;
  const uint64_t head = row->first >= position ? own_end : position - 1 - row->base;
  row->current = false;
  if (head < row->head) {
    auto chain = chains_.At(*row, head);
    if (!chain.ok()) return std::move(chain).status().Within("fork");
    row->head = head;
    row->head_chain = *chain;
    if (row->confirmed_through > head) {
      row->confirmed_through = head;
      row->confirmed_chain = *chain;
    }
    row->acked_through = std::min(row->acked_through, head);
    auto forget = db_.Prepare("DELETE FROM chain_mark WHERE stream=?1 AND sequence>?2");
    if (!forget.ok()) return std::move(forget).status();
    TRY(forget->BindText(1, row->stream).Bind(2, head).Run());
  }
  const bool known = row->head_chain != kUnknownChain;
  if (head > 0 && known) TRY(SaveMark(row->stream, head, row->head_chain));
  return SaveStream(*row);
}

Status JournalStore::OpenBehind(const StreamRow& cut, const StreamRow& fresh,
                                const std::string& reason, WallTime now) {
  const Uuid id = event::OwnEventId("stream_opened", options_.store_id, fresh.stream);
  Row opening;
  opening.id = id;
  opening.subject = "stream/" + fresh.stream;
  opening.time = event::UtcText(now);
  opening.recorded_at = now;
  opening.data = OpeningData(cut, reason);
  auto save = db_.Prepare(kSaveOpening);
  if (!save.ok()) return std::move(save).status();
  TRY(SaveOpeningRow(fresh.stream, opening, &*save));
  const wire::Chain zero = wire::FirstChain(options_.store_id, fresh.stream);
  return SaveMark(fresh.stream, 1, wire::NextChain(zero, 1, id, Sha256(opening.data)));
}

// Walks the moved rows once: their chain under the new numbers, and its marks.
Status JournalStore::Renumber(StreamRow* fresh) {
  fresh->confirmed_chain = wire::FirstChain(options_.store_id, fresh->stream);
  auto chain = chains_.At(*fresh, 1);
  for (uint64_t number = 1; number < fresh->head && chain.ok();) {
    number = std::min((number / kMarkEvery + 1) * kMarkEvery, fresh->head);
    chain = chains_.At(*fresh, number);
    if (!chain.ok()) break;
    TRY(SaveMark(fresh->stream, number, *chain));
    if (options_.progress) options_.progress();
  }
  if (!chain.ok()) return std::move(chain).status().Within("fork");
  fresh->head_chain = *chain;
  return Status::Ok();
}

Status JournalStore::SaveStream(const StreamRow& row, WallTime opened_at,
                                const std::string& reason) {
  return SaveStreamRow(options_.store_id, row, opened_at, reason, &sql_.save_stream);
}

Status JournalStore::SaveMark(const std::string& stream, uint64_t sequence,
                              const wire::Chain& chain) {
  return SaveMarkRow({stream, sequence, chain}, &sql_.insert_mark);
}

Status JournalStore::SaveConfirmation(const Confirmation& word) {
  CHECK(in_transaction_);
  if (word.stream == pending_.stream) {
    if (word.through > pending_.head) return Status::Ok();
    SaveConfirmed(word.through, word.chain);
    return SaveOwed(pending_, word);
  }
  for (const StreamRow& known : streams_) {
    if (known.stream != word.stream || word.through > known.head) continue;
    StreamRow& row = pending_older_.emplace_back(known);
    row.confirmed_through = word.through;
    row.confirmed_chain = word.chain;
    TRY(SaveStream(row));
    return SaveOwed(row, word);
  }
  return Status::Ok();
}

Status JournalStore::SaveOwed(const StreamRow& row, const Confirmation& word) {
  for (const wire::Range& range : word.owed) {
    for (uint64_t n = range.first; n <= std::min(range.last, word.through); ++n) {
      if (n < row.own_first() || owed_.size() >= kMaxOwed) break;
      const uint64_t position = row.base + n;
      if (owed_.contains(position)) continue;
      // Its neighbours may go: the chain below it has to stay for the day it is asked for.
      auto chain = chains_.At(row, n - 1);
      if (!chain.ok()) continue;
      TRY(SaveMark(row.stream, n - 1, *chain));
      TRY(sql_.insert_owed.Bind(1, position).Run());
      if (db_.changes() > 0) owed_.insert(position);
      lists_changed_ = true;
    }
  }
  if (!word.live) return Status::Ok();
  for (auto it = owed_.begin(); it != owed_.end();) {
    const StreamRow* owner = StreamAt(streams_, *it);
    const uint64_t n = *it - row.base;
    const bool free = owner != nullptr && owner->stream == row.stream && n <= word.through &&
                      !Lists(word.owed, n);
    if (free) TRY(sql_.delete_owed.Bind(1, *it).Run());
    lists_changed_ = lists_changed_ || free;
    it = free ? owed_.erase(it) : std::next(it);
  }
  return PassLosses(word);
}

// A word beyond everything that was ever given here is about another copy's events, unless nobody
// knows how much was given; so is another chain at a number of which the chain is known.
Status JournalStore::PassLosses(const Confirmation& word) {
  CHECK(in_transaction_);
  bool open = false;
  uint64_t given = 0;
  for (const StreamRow& row : streams_) {
    if (row.stream == word.stream) given = row.head;
  }
  for (const wire::Lost& loss : losses_) {
    if (loss.stream != word.stream) continue;
    given = std::max(given, loss.range.last);
    open = open || loss.open;
  }
  auto marked = db_.Prepare("SELECT coalesce(max(sequence),0) FROM chain_mark WHERE stream=?1");
  if (!marked.ok()) return std::move(marked).status();
  auto highest = marked->BindText(1, word.stream).Step();
  if (!highest.ok()) return std::move(highest).status();
  given = std::max(given, marked->Unsigned(0));
  if (word.through > given && !open) return Status::Ok();
  passed_[word.stream] = word.through;
  const auto over = [&word](const wire::Lost& loss) {
    const bool known = loss.chain != kUnknownChain && word.chain != kUnknownChain;
    const bool other = loss.range.last == word.through && known && loss.chain != word.chain;
    return loss.stream == word.stream && loss.range.last <= word.through && !other;
  };
  auto forget = db_.Prepare("DELETE FROM loss WHERE stream=?1 AND first=?2 AND last=?3");
  if (!forget.ok()) return std::move(forget).status();
  for (const wire::Lost& loss : losses_) {
    if (!over(loss)) continue;
    lists_changed_ = true;
    TRY(forget->BindText(1, loss.stream).Bind(2, loss.range.first).Bind(3, loss.range.last).Run());
  }
  std::erase_if(losses_, over);
  return Status::Ok();
}

std::vector<wire::Lost> JournalStore::LossesLeft() const {
  std::vector<wire::Lost> left = losses_;
  for (wire::Lost& loss : left) {
    const auto passed = passed_.find(loss.stream);
    if (passed == passed_.end() || passed->second >= loss.range.last) continue;
    loss.range.first = std::max(loss.range.first, passed->second + 1);
  }
  return left;
}

Status JournalStore::AcknowledgeStream(const std::string& stream, WallTime now) {
  CHECK(in_transaction_);
  if (std::find(acknowledged_.begin(), acknowledged_.end(), stream) != acknowledged_.end()) {
    return Status::Ok();
  }
  auto insert = db_.Prepare("INSERT OR REPLACE INTO meta VALUES('acknowledged/'||?1,?2)");
  if (!insert.ok()) return std::move(insert).status();
  TRY(insert->BindText(1, stream).BindText(2, event::UtcText(now)).Run());
  acknowledged_.push_back(stream);
  lists_changed_ = true;
  return Status::Ok();
}

Uuid LossId(std::string_view store_id, const wire::Lost& loss) {
  const std::string range = wire::SequenceText(loss.range.first) + "\x1f" +
                            wire::SequenceText(loss.range.last) + (loss.open ? "\x1fopen" : "");
  return event::OwnEventId("loss", store_id, loss.stream, range);
}

std::string LossKey(const wire::Lost& loss) {
  return "loss/" + loss.stream + "/" + wire::SequenceText(loss.range.first) + "/" +
         wire::SequenceText(loss.range.last) + (loss.open ? "/open" : "");
}

Status JournalStore::DeclareLoss(const wire::Lost& loss, WallTime now) {
  CHECK(in_transaction_);
  event::Draft draft;
  draft.kind = event::Kind::kLoss;
  draft.identity.id = LossId(options_.store_id, loss);
  draft.identity.key = LossKey(loss);
  draft.subject = "stream/" + loss.stream;
  draft.time = event::UtcText(now);
  draft.data = LossData(loss);
  draft.data_digest = draft.identity.digest = Sha256(draft.data);
  draft.book.time_trusted = false;
  if (take_over_.pending()) TRY(take_over_.Fetch(draft.identity.key));
  auto known = FindKnown(draft);
  if (!known.ok()) return std::move(known).status();
  if (!known->empty()) return Status::Ok();
  AppendResult receipt;
  TRY(Insert(draft, now, &receipt));
  auto save = db_.Prepare(kSaveLoss);
  if (!save.ok()) return std::move(save).status();
  TRY(SaveLossRow(loss, &*save));
  TRY(SaveGone(loss));
  losses_.push_back(loss);
  lists_changed_ = true;
  return Status::Ok();
}

std::vector<OwedEvent> JournalStore::Owed() const {
  std::vector<OwedEvent> owed;
  for (const uint64_t position : owed_) {
    const StreamRow* row = StreamAt(streams_, position);
    if (row != nullptr) owed.push_back({row->stream, position - row->base});
  }
  return owed;
}

}  // namespace tillrelay::journal
