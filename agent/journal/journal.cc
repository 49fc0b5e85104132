#include "agent/journal/journal.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>

#include "agent/journal/paths.h"
#include "agent/journal/repair/replacement.h"

namespace tillrelay::journal {
namespace {

constexpr size_t kGroupEvents = 1024;
constexpr size_t kGroupBytes = 4 * 1024 * 1024;
constexpr int kTrimBlocksPerTick = 8;
constexpr int kIdBlocksPerTick = 4;
constexpr std::chrono::minutes kTrustSaveEvery{10};
constexpr std::chrono::milliseconds kProbeEvery{100};  // of a file that is locked
constexpr size_t kMaxPutBack = 4096;
// With less than this the room is looked at after every commit; a tick writes less than it.
constexpr uint64_t kNearBytes = 256 * 1024 * 1024;

size_t BytesIn(const AppendRequest& request) {
  size_t bytes = 64;
  for (const Entry& entry : request.entries) {
    const auto* draft = std::get_if<event::Draft>(&entry);
    bytes += 256 + (draft != nullptr ? draft->data.size()
                                     : std::get<RejectedDocument>(entry).document.size());
  }
  return bytes;
}

bool MayBeKnown(const AppendRequest& request) {
  const bool plain = request.done != nullptr && request.resolves == 0 && !request.file;
  return plain && !request.entries.empty() &&
         std::all_of(request.entries.begin(), request.entries.end(), [](const Entry& entry) {
           return std::holds_alternative<event::Draft>(entry);
         });
}

constexpr auto kIsAudit = [](const auto& message) { return !message.append.audit.actor.empty(); };

using Done = std::function<void(Result<std::vector<AppendResult>>)>;
Done OnlyIfKnown(Status otherwise, Done done) {
  return [otherwise = std::move(otherwise),
          done = std::move(done)](Result<std::vector<AppendResult>> receipts) {
    const bool known = receipts.ok() && std::all_of(receipts->begin(), receipts->end(),
                                                    [](const AppendResult& receipt) {
                                                      return receipt.outcome == Outcome::kDuplicate;
                                                    });
    done(known ? std::move(receipts) : Result<std::vector<AppendResult>>(otherwise));
  };
}

}  // namespace

Journal::Journal(JournalOptions options, const Clock* clock, Random* random)
    : options_(std::move(options)),
      clock_(*clock),
      random_(*random),
      inbox_(options_.queue_events, options_.queue_bytes),
      ballast_(BallastPath(options_.store.path)),
      witness_(WitnessPath(options_.store.path)) {}

Result<std::unique_ptr<Journal>> Journal::Open(JournalOptions options, const Clock* clock,
                                               Random* random) {
  auto path = ResolveJournal(options.store.path);
  if (!path.ok()) return std::move(path).status();
  options.store.path = *path;
  options.store.confirm_by_broker = options.confirm_by_broker;
  if (!options.store.progress) options.store.progress = options.beat;
  std::unique_ptr<Journal> journal(new Journal(std::move(options), clock, random));
  journal::Salvaged salvaged;
  auto store = OpenOrSalvage(journal->options_.store, clock->Wall(), random, &salvaged);
  if (!store.ok()) return std::move(store).status();
  journal->store_ = *std::move(store);
  journal->issues_found_ = journal->store_->issues_found();
  TRY(journal->BeginForCentre());
  TRY(journal->BeginWitness());
  journal->watch_.Begin(journal->options_.store.path);
  journal->Salvaged(salvaged);
  journal->clock_agreed_ = journal->store_->ages().Trust(*clock);
  journal->opened_at_ = journal->last_tick_ = clock->Now();
  journal->working_.store_id = journal->options_.store.store_id;
  journal->CheckRoom();
  journal->TakeOverAtOpen();
  journal->UpdateStats();
  journal->thread_ = std::thread([raw = journal.get()] {
    pthread_setname_np(pthread_self(), "journal");
    raw->Run();
  });
  return journal;
}

// Where the centre's word counts now and only the broker's did before, deleted numbers would look
// like a loss to a centre that was not there. What is kept goes on in a new stream, from its start.
Status Journal::BeginForCentre() {
  const std::vector<StreamRow>& streams = store_->streams();
  const bool cut_off = std::any_of(streams.begin(), streams.end(), [](const StreamRow& row) {
    return DeletedOnBrokersWord(row) && (row.current || HoldsRows(row));
  });
  if (options_.confirm_by_broker || !cut_off) return Status::Ok();
  return store_->Fork(LowestKept(streams), "delivery.confirm was broker before", clock_.Wall(),
                      &random_);
}

Journal::~Journal() { Stop(); }

void Journal::Stop() {
  inbox_.Close();
  if (thread_.joinable()) thread_.join();
}

Status Journal::Submit(AppendRequest&& request) {
  if (Status refusal = Refusal(); !refusal.ok()) {
    if (!MayBeKnown(request)) return refusal;
    {
      Lock lock(mutex_);
      if (!stats_.poisoned.empty() || !stats_.busy.empty()) return refusal;
    }
    // There is no room, but what is stored already needs none: a register that repeats itself is
    // answered, and goes on.
    request.done = OnlyIfKnown(std::move(refusal), std::move(request.done));
    return Try(std::move(request));
  }
  const size_t bytes = BytesIn(request);
  Message message;
  message.append = std::move(request);
  if (!inbox_.Push(std::move(message), bytes)) {
    return inbox_.closed() ? Unavailable("the journal is stopping") : Full("too many events wait");
  }
  return Status::Ok();
}

Status Journal::Try(AppendRequest&& request) {
  const size_t bytes = BytesIn(request);
  Message message;
  message.append = std::move(request);
  message.order = Order::kDryRun;
  return inbox_.Push(std::move(message), bytes) ? Status::Ok() : Full("too many events wait");
}

void Journal::Audit(AuditRow row) {
  Message message;
  message.order = Order::kAudit;
  message.append.audit = std::move(row);
  inbox_.Push(std::move(message));
}

void Journal::SaveConfirmation(Confirmation word) {
  Message message;
  message.order = Order::kWord;
  message.word = std::move(word);
  inbox_.Push(std::move(message));  // a lost watermark only means that more is sent again
}

void Journal::DeclareLoss(wire::Lost loss) {
  Message message;
  message.order = Order::kLoss;
  message.loss = std::move(loss);
  inbox_.Push(std::move(message));  // when it is lost, the centre asks again
}

void Journal::PassLosses(Confirmation word) {
  Message message;
  message.order = Order::kPassed;
  message.word = std::move(word);
  inbox_.Push(std::move(message));  // when it is lost, the next confirmation says it again
}

void Journal::AcknowledgeStream(const std::string& stream) {
  Message message;
  message.order = Order::kAcknowledge;
  message.stream = stream;
  inbox_.Push(std::move(message));  // when it is lost, the alarm stands and the person sees it
}

void Journal::Damaged(const std::string& why) {
  Message message;
  message.order = Order::kDamaged;
  message.stream = why;
  inbox_.Push(std::move(message));
}

void Journal::Fork(uint64_t position, const std::string& reason) {
  Message message;
  message.order = Order::kFork;
  message.through = position;
  message.stream = reason;
  inbox_.Push(std::move(message));
}

void Journal::SaveAcked(const std::string& stream, uint64_t through) {
  Message message;
  message.order = Order::kAcked;
  message.stream = stream;
  message.through = through;
  inbox_.Push(std::move(message));
}

void Journal::AllowDeletion(const std::string& stream, uint64_t through, Instant until) {
  Lock lock(mutex_);
  allowed_[stream] = {through, until};
}

std::vector<StreamRow> Journal::Streams() const {
  Lock lock(mutex_);
  return stats_.streams;
}

std::vector<OwedEvent> Journal::Owed() const {
  Lock lock(mutex_);
  return stats_.owed;
}

std::vector<wire::Lost> Journal::Losses() const {
  Lock lock(mutex_);
  return stats_.losses;
}

JournalStats Journal::Stats() const {
  Lock lock(mutex_);
  return stats_;
}

std::string Journal::Refusing() const { return Refusal().message(); }

Status Journal::Refusal() const {
  Lock lock(mutex_);
  if (!stats_.poisoned.empty()) return Full(stats_.poisoned);
  if (!stats_.busy.empty()) return Busy(stats_.busy);
  return stats_.refusing.empty() ? Status::Ok() : Full(stats_.refusing);
}

void Journal::Run() {
  for (bool more_to_do = false;;) {
    const bool closing = inbox_.closed();
    const auto idle =
        working_.busy.empty() ? options_.idle_tick : std::min(options_.idle_tick, kProbeEvery);
    std::vector<Message> messages = inbox_.PopAll(more_to_do ? std::chrono::milliseconds(0) : idle);
    if (options_.beat) options_.beat();
    if (!working_.busy.empty()) ProbeLock();
    if (working_.busy.empty() && !put_back_.empty()) {
      std::move(messages.begin(), messages.end(), std::back_inserter(put_back_));
      messages = std::exchange(put_back_, {});
    }
    if (!messages.empty()) WatchFiles();  // nothing is accepted into a file that is not there
    size_t first = 0;
    while (first < messages.size()) {
      size_t last = first, events = 0, bytes = 0;
      while (last < messages.size()) {
        const AppendRequest& next = messages[last].append;
        const size_t size = BytesIn(next);
        if (last > first &&
            (Exclusive(messages[last]) || Exclusive(messages[first]) ||
             events + next.entries.size() > kGroupEvents || bytes + size > kGroupBytes)) {
          break;
        }
        events += next.entries.size();
        bytes += size;
        ++last;
      }
      RunGroup(messages, first, last);
      first = last;
    }
    if (std::any_of(messages.begin(), messages.end(), kIsAudit)) KeepIssues();
    const auto is_noted = [](const Message& m) { return !Exclusive(m) && !kIsAudit(m); };
    if (!std::all_of(messages.begin(), messages.end(), is_noted)) watch_.Note();
    if (clock_.Now() - last_tick_ >= options_.idle_tick) Tick();
    more_to_do = TakeOverStep();
    if (closing && messages.empty()) break;
  }
  if (Usable()) {
    last_tick_ = clock_.Now();
    ObserveTime();
    if (Status s = store_->SaveObservedTime(); !s.ok()) trouble_.Report(s.message(), last_tick_);
  }
  CloseStore();
}

bool Journal::Exclusive(const Message& message) {
  return message.order == Order::kDryRun || message.order == Order::kFork ||
         message.append.resolves > 0;
}

void Journal::RunGroup(std::vector<Message>& messages, size_t first, size_t last) {
  if (Exclusive(messages[first])) return RunExclusive(&messages[first]);
  Answers answers;
  answers.reserve(last - first);
  Status written = WriteGroup(messages, first, last, &answers);
  if (written.code() == Code::kFull && StartLogOver()) {
    answers.clear();
    written = WriteGroup(messages, first, last, &answers);
  }
  if (!written.ok()) {
    Failed(written);
    if (written.code() == Code::kBusy) PutBack(messages, first, last);
    // One request that cannot be taken must not take the others of its group with it.
    if (last - first > 1 && written.code() != Code::kBusy && working_.poisoned.empty()) {
      for (size_t i = first; i < last; ++i) RunGroup(messages, i, i + 1);
      return;
    }
  }
  if (written.ok()) WitnessCommit();
  watch_.Note();  // before the answer, so that what another program writes behind it is seen
  UpdateStats();
  if (written.ok() && options_.on_growth) options_.on_growth(store_->current());
  for (size_t i = first, answer = 0; i < last; ++i) {
    Message& message = messages[i];
    if (message.order != Order::kAppend) continue;
    auto reported = written.ok() ? std::move(answers[answer++])
                                 : Result<std::vector<AppendResult>>(Status(written));
    if (message.append.done != nullptr) message.append.done(std::move(reported));
  }
  if (written.ok() && room_bytes_ < kNearBytes) {
    CheckRoom();
    UpdateStats();
  }
}

// What no caller waits for is written when the file is free again.
void Journal::PutBack(std::vector<Message>& messages, size_t first, size_t last) {
  for (size_t i = first; i < last; ++i) {
    if (messages[i].order == Order::kAppend || put_back_.size() >= kMaxPutBack) continue;
    put_back_.push_back(std::move(messages[i]));
  }
}

Status Journal::WriteGroup(std::vector<Message>& messages, size_t first, size_t last,
                           Answers* answers) {
  if (!working_.poisoned.empty() || !store_) return Unavailable(working_.poisoned);
  if (!working_.busy.empty()) return Busy(working_.busy);
  ExpectLongCheckpoint();
  const Instant began = clock_.Now();
  TRY(store_->Begin());
  const WallTime now = clock_.Wall();
  uint64_t bytes = 0, events = 0;
  for (size_t i = first; i < last; ++i) {
    const Message& message = messages[i];
    if (message.order != Order::kAppend) {
      TRY(Apply(message, now));
      continue;
    }
    auto receipts = store_->Append(message.append, now);
    if (!receipts.ok()) return std::move(receipts).status().Within("append");
    bytes += BytesIn(message.append);
    events += receipts->size();
    answers->push_back(std::move(receipts));
  }
  if (Status committed = store_->Commit(); !committed.ok()) {
    return std::move(committed).Within("commit");
  }
  working_.commit_seconds.Add(std::chrono::duration<double>(clock_.Now() - began).count());
  if (events > 0) working_.group_events.Add(static_cast<double>(events));
  for (const auto& receipts : *answers) Count(*receipts);
  appended_bytes_ += bytes;
  ++working_.commits_total;
  return Status::Ok();
}

Status Journal::Apply(const Message& message, WallTime now) {
  switch (message.order) {
    case Order::kAudit:
      return store_->Audit(message.append.audit, now);
    case Order::kWord:
      return store_->SaveConfirmation(message.word);
    case Order::kLoss:
      return store_->DeclareLoss(message.loss, now);
    case Order::kPassed:
      return store_->PassLosses(message.word);
    case Order::kClock:
      return store_->ages().SaveTrust(message.clock);
    case Order::kAcknowledge:
      return store_->AcknowledgeStream(message.stream, now);
    case Order::kDamaged:
      return Corrupt(message.stream);
    case Order::kAcked:
      if (message.stream != store_->current().stream) return Status::Ok();
      store_->SaveAcked(message.through);
      return Status::Ok();
    default:
      return Status::Ok();
  }
}

void Journal::RunFork(Message& message) {
  if (!working_.busy.empty() && put_back_.size() < kMaxPutBack) {
    return put_back_.push_back(std::move(message));
  }
  if (!Usable()) return;
  const WallTime now = clock_.Wall();
  // A fork that fails may have failed in its commit: the same rule as for every other commit.
  if (Status s = store_->Fork(message.through, message.stream, now, &random_); !s.ok()) {
    if (s.code() == Code::kBusy) {
      Locked(s);
      return put_back_.push_back(std::move(message));
    }
    return Failed(std::move(s).Within("fork"));
  }
  log::Warning("journal", "new stream {}: {}", store_->current().stream, message.stream);
  WitnessCommit();
  UpdateStats();
  if (options_.on_growth) options_.on_growth(store_->current());
}

void Journal::RunExclusive(Message* message) {
  if (message->order == Order::kFork) return RunFork(*message);
  AppendRequest& request = message->append;
  if (!working_.poisoned.empty() || !store_) {
    return request.done(Unavailable("poisoned: " + working_.poisoned));
  }
  if (!working_.busy.empty()) return request.done(Busy(working_.busy));
  if (Status begun = store_->Begin(); !begun.ok()) {
    if (begun.code() == Code::kBusy) Locked(begun);
    return request.done(std::move(begun));
  }
  auto receipts = store_->Append(request, clock_.Wall());
  const auto quarantined = [](const AppendResult& r) {
    return r.outcome == Outcome::kQuarantined || r.outcome == Outcome::kRefused;
  };
  const bool commit = message->order == Order::kAppend && receipts.ok() &&
                      std::none_of(receipts->begin(), receipts->end(), quarantined);
  if (!commit) {
    store_->Rollback();
    if (receipts.ok()) {
      for (AppendResult& receipt : *receipts) {
        if (receipt.outcome == Outcome::kStored) receipt.sequence = 0;
        receipt.ticket = request.resolves;
      }
    }
    return request.done(std::move(receipts));
  }
  if (Status committed = store_->Commit(); !committed.ok()) {
    Failed(Status(committed).Within("commit"));
    UpdateStats();
    return request.done(std::move(committed));
  }
  Count(*receipts);
  ++working_.commits_total;
  WitnessCommit();
  UpdateStats();
  if (options_.on_growth) options_.on_growth(store_->current());
  request.done(std::move(receipts));
}

void Journal::Failed(const Status& failure) {
  if (store_) store_->Rollback();
  if (failure.code() == Code::kBusy) return Locked(failure);
  trouble_.Report(failure.message(), clock_.Now());
  if (failure.code() == Code::kFull) {
    // A full quarantine refuses its own request only; a full disk refuses everything.
    if (!store_->quarantine_full()) DiskFull();
    return;
  }
  working_.poisoned = failure.message();
  // Until the next repair, whatever follows.
  if (failure.code() == Code::kCorrupt) damaged_ = failure.message();
}

void Journal::Tick() {
  last_tick_ = clock_.Now();
  if (vanished_) working_.poisoned.clear();
  WatchFiles();
  if (!working_.poisoned.empty() && !vanished_) Repair();
  if (!working_.busy.empty()) ProbeLock();
  if (Usable()) ObserveTime();
  if (Usable()) Trim();
  if (Usable()) {
    Status s = store_->Forget(last_tick_, options_.id_retention, options_.retention);
    if (!s.ok()) Failed(s);
  }
  FillIdBlocks();
  KeepHistory();
  KeepIssues();
  CheckRoom();
  WitnessTick();
  if (store_ && !vanished_) watch_.Note();
  UpdateStats();
}

// Where there is no room, time is counted and not written down: a stop would forget it.
void Journal::ObserveTime() {
  std::optional<Agreement> agreed;
  {
    Lock lock(mutex_);
    agreed = std::exchange(agreed_, std::nullopt);
  }
  if (agreed) store_->ClocksAgreed(agreed->at, agreed->own);
  Status seen = store_->Observe(last_tick_, clock_.Wall(), working_.refusing.empty());
  if (!seen.ok() && seen.code() != Code::kFull) return Failed(std::move(seen).Within("time"));
  Lock lock(mutex_);
  observed_ = store_->ages().time();
}

ObservedTime Journal::Observed() const {
  Lock lock(mutex_);
  return observed_;
}

void Journal::ClocksCompared(Instant at, WallTime own, Duration ahead) {
  Message message;
  message.order = Order::kClock;
  const bool trusted = ClockTrust::Small(ahead);
  if (trusted) message.clock = ClockTrust::Agreed{at, own};
  {
    Lock lock(mutex_);
    if (std::chrono::abs(ahead) <= ObservedTime::kAgreement) agreed_ = Agreement{at, own};
    if (trust_saved_ == trusted && (!trusted || at - trust_saved_at_ < kTrustSaveEvery)) return;
    trust_saved_ = trusted;
    trust_saved_at_ = at;
  }
  inbox_.Push(std::move(message));
}

void Journal::FillIdBlocks() {
  for (int i = 0; i < kIdBlocksPerTick && Usable() && working_.refusing.empty(); ++i) {
    auto more = store_->FillIdBlocks();
    if (!more.ok()) return Failed(std::move(more).status().Within("ids"));
    if (!*more) return;
  }
}

// Where there is no room the minute is left out.
void Journal::KeepHistory() {
  if (!options_.history) return;
  const auto minute = options_.history(working_);
  if (!minute || !Usable() || !working_.refusing.empty()) return;
  if (Status s = store_->SaveHistory(*minute); !s.ok()) Failed(std::move(s).Within("history"));
}

void Journal::Trim() {
  const DeletionPermit permit = Permit();
  for (int i = 0; i < kTrimBlocksPerTick; ++i) {
    auto more = store_->Trim(options_.retention, &permit);
    if (!more.ok()) return Failed(more.status());
    if (!*more) return;
  }
}

void Journal::Count(const std::vector<AppendResult>& receipts) {
  for (const AppendResult& receipt : receipts) {
    switch (receipt.outcome) {
      case Outcome::kStored:
        ++working_.stored_total;
        break;
      case Outcome::kDuplicate:
        ++working_.duplicate_total;
        break;
      case Outcome::kQuarantined:
        ++working_.quarantined_total;
        break;
      case Outcome::kRefused:
        break;
    }
  }
}

void Journal::UpdateStats() {
  if (store_) {
    const StreamRow& stream = store_->current();
    const WaitingEvents waiting = WaitingIn(store_->streams(), options_.confirm_by_broker);
    const bool oldest_known = working_.waiting > 0 && working_.oldest_waiting_at != WallTime{} &&
                              oldest_waiting_ == waiting.oldest;
    working_.stream = stream.stream;
    working_.head = stream.head;
    working_.head_chain = ToHex(BytesOf(stream.head_chain));
    working_.confirmed_through = stream.confirmed_through;
    working_.confirmed_chain = ToHex(BytesOf(stream.confirmed_chain));
    working_.acked_through = stream.acked_through;
    working_.floor = store_->floor();
    working_.streams = store_->streams();
    working_.owed = store_->Owed();
    working_.losses = store_->LossesLeft();
    working_.acknowledged_streams = store_->acknowledged_streams();
    working_.quarantined = store_->quarantined();
    working_.taking_over = store_->take_over().remaining();
    working_.taking_over_file = store_->take_over().file();
    working_.oldest_kept_at = store_->OldestKeptAt();
    working_.waiting = waiting.events + working_.taking_over;
    oldest_waiting_ = waiting.oldest;
    if (working_.waiting == 0) {
      working_.oldest_waiting_at = {};
    } else if (!oldest_known) {
      // What opened the stream was recorded by nobody.
      auto oldest = store_->RecordedAt(waiting.oldest);
      working_.oldest_waiting_at = oldest.ok() ? *oldest : WallTime{};
    }
  }
  Lock lock(mutex_);
  stats_ = working_;
}

}  // namespace tillrelay::journal
