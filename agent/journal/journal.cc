#include "agent/journal/journal.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>

#include "agent/journal/paths.h"

namespace tillrelay::journal {
namespace {

constexpr size_t kGroupEvents = 1024;
constexpr size_t kGroupBytes = 4 * 1024 * 1024;
constexpr int kTrimBlocksPerTick = 8;
constexpr int kIdBlocksPerTick = 4;
constexpr std::chrono::minutes kForecastAfter{10};

size_t BytesIn(const AppendRequest& request) {
  size_t bytes = 64;
  for (const Entry& entry : request.entries) {
    const auto* draft = std::get_if<event::Draft>(&entry);
    bytes += 256 + (draft != nullptr ? draft->data.size() : std::get<Unfit>(entry).document.size());
  }
  return bytes;
}

uint64_t FileBytes(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<size_t>(slash, 1));
}

}  // namespace

Journal::Journal(JournalOptions options, const Clock* clock, Random* random)
    : options_(std::move(options)),
      clock_(*clock),
      random_(*random),
      inbox_(options_.queue_events, options_.queue_bytes),
      ballast_(BallastPath(options_.store.path)) {}

Result<std::unique_ptr<Journal>> Journal::Open(JournalOptions options, const Clock* clock,
                                               Random* random) {
  std::unique_ptr<Journal> journal(new Journal(std::move(options), clock, random));
  journal::Salvaged salvaged;
  auto store = OpenOrSalvage(journal->options_.store, clock->Wall(), random, &salvaged);
  if (!store.ok()) return std::move(store).status();
  journal->store_ = *std::move(store);
  journal->Salvaged(salvaged);
  journal->opened_at_ = journal->last_tick_ = clock->Now();
  journal->working_.store_id = journal->options_.store.store_id;
  if (Status made = journal->ballast_.Make(); !made.ok())
    journal->working_.refusing = made.message();
  journal->CheckLimits();
  journal->Publish();
  journal->thread_ = std::thread([raw = journal.get()] {
    pthread_setname_np(pthread_self(), "journal");
    raw->Run();
  });
  return journal;
}

Journal::~Journal() { Stop(); }

void Journal::Stop() {
  inbox_.Close();
  if (thread_.joinable()) thread_.join();
}

Status Journal::Submit(AppendRequest&& request) {
  const std::string refusing = Refusing();
  if (!refusing.empty()) return Full(refusing);
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

void Journal::SaveWord(StreamWord word) {
  Message message;
  message.order = Order::kWord;
  message.word = std::move(word);
  inbox_.Push(std::move(message));  // a lost watermark only means that more is sent again
}

void Journal::DeclareLoss(LossRow loss) {
  Message message;
  message.order = Order::kLoss;
  message.loss = std::move(loss);
  inbox_.Push(std::move(message));  // when it is lost, the centre asks again
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

JournalStats Journal::Stats() const {
  Lock lock(mutex_);
  return stats_;
}

std::string Journal::Refusing() const {
  Lock lock(mutex_);
  return stats_.poisoned.empty() ? stats_.refusing : stats_.poisoned;
}

void Journal::Run() {
  for (;;) {
    const bool closing = inbox_.closed();
    std::vector<Message> messages = inbox_.PopAll(options_.idle_tick);
    if (options_.beat) options_.beat();
    size_t first = 0;
    while (first < messages.size()) {
      size_t last = first, events = 0, bytes = 0;
      while (last < messages.size()) {
        const AppendRequest& next = messages[last].append;
        const size_t size = BytesIn(next);
        if (last > first &&
            (Alone(messages[last]) || Alone(messages[first]) ||
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
    if (clock_.Now() - last_tick_ >= options_.idle_tick) Tick();
    if (closing && messages.empty()) break;
  }
  if (store_ && working_.poisoned.empty()) {
    last_tick_ = clock_.Now();
    ObserveTime();
    if (Status s = store_->SaveObservedTime(); !s.ok()) trouble_.Report(s.message(), last_tick_);
  }
  store_.reset();
}

bool Journal::Alone(const Message& message) {
  return message.order == Order::kDryRun || message.order == Order::kFork ||
         message.append.resolves > 0;
}

void Journal::RunGroup(std::vector<Message>& messages, size_t first, size_t last) {
  if (Alone(messages[first])) return RunAlone(&messages[first]);
  Answers answers;
  answers.reserve(last - first);
  const Status written = WriteGroup(messages, first, last, &answers);
  if (!written.ok()) {
    Failed(written);
    // One request that cannot be taken must not take the others of its group with it.
    if (last - first > 1 && working_.poisoned.empty()) {
      for (size_t i = first; i < last; ++i) RunGroup(messages, i, i + 1);
      return;
    }
  }
  Publish();
  if (written.ok() && options_.on_growth) options_.on_growth(store_->current());
  for (size_t i = first, answer = 0; i < last; ++i) {
    Message& message = messages[i];
    if (message.order != Order::kAppend) continue;
    auto told =
        written.ok() ? std::move(answers[answer++]) : Result<std::vector<Receipt>>(Status(written));
    if (message.append.done != nullptr) message.append.done(std::move(told));
  }
}

Status Journal::WriteGroup(std::vector<Message>& messages, size_t first, size_t last,
                           Answers* answers) {
  if (!working_.poisoned.empty() || !store_) return Unavailable(working_.poisoned);
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
      return store_->SaveWord(message.word);
    case Order::kLoss:
      return store_->DeclareLoss(message.loss, now);
    case Order::kAcknowledge:
      return store_->AcknowledgeStream(message.stream, now);
    case Order::kDamaged:
      return Corrupt(message.stream);
    case Order::kAcked:
      if (message.stream != store_->current().stream) return Status::Ok();
      return store_->SaveAcked(message.through);
    default:
      return Status::Ok();
  }
}

void Journal::RunFork(const Message& message) {
  if (!working_.poisoned.empty() || !store_) return;
  const WallTime now = clock_.Wall();
  if (Status s = store_->Fork(message.through, message.stream, now, &random_); !s.ok()) {
    if (s.code() == Code::kCorrupt) return Failed(s);
    return trouble_.Report(s.message(), clock_.Now());
  }
  log::Warning("journal", "new stream {}: {}", store_->current().stream, message.stream);
  Publish();
  if (options_.on_growth) options_.on_growth(store_->current());
}

void Journal::RunAlone(Message* message) {
  if (message->order == Order::kFork) return RunFork(*message);
  AppendRequest& request = message->append;
  if (!working_.poisoned.empty() || !store_) {
    return request.done(Unavailable("poisoned: " + working_.poisoned));
  }
  if (Status begun = store_->Begin(); !begun.ok()) return request.done(std::move(begun));
  auto receipts = store_->Append(request, clock_.Wall());
  const auto quarantined = [](const Receipt& r) { return r.outcome == Outcome::kQuarantined; };
  const bool commit = message->order == Order::kAppend && receipts.ok() &&
                      std::none_of(receipts->begin(), receipts->end(), quarantined);
  if (!commit) {
    store_->Rollback();
    if (receipts.ok()) {
      for (Receipt& receipt : *receipts) {
        if (receipt.outcome == Outcome::kStored) receipt.sequence = 0;
        receipt.ticket = request.resolves;
      }
    }
    return request.done(std::move(receipts));
  }
  if (Status committed = store_->Commit(); !committed.ok()) {
    Failed(Status(committed).Within("commit"));
    Publish();
    return request.done(std::move(committed));
  }
  Count(*receipts);
  ++working_.commits_total;
  Publish();
  if (options_.on_growth) options_.on_growth(store_->current());
  request.done(std::move(receipts));
}

void Journal::Failed(const Status& failure) {
  trouble_.Report(failure.message(), clock_.Now());
  if (store_) store_->Rollback();
  if (failure.code() == Code::kFull) {
    // A full quarantine refuses its own request only; a full disk refuses everything.
    if (!store_->quarantine_full()) DiskFull();
    return;
  }
  working_.poisoned = failure.message();
  if (failure.code() == Code::kCorrupt) damaged_ = true;  // until the next repair, whatever follows
}

void Journal::DiskFull() {
  working_.refusing = "the disk is full";
  ballast_.GiveUp();
  if (Status s = store_->Checkpoint(true); !s.ok()) trouble_.Report(s.message(), clock_.Now());
}

void Journal::Salvaged(const journal::Salvaged& salvaged) {
  if (salvaged.moved_to.empty()) return;
  ++working_.salvages_total;
  working_.salvaged = fmt::format(
      "the journal was damaged: {} events that wait were saved, {} are lost; what is left of the "
      "old "
      "file is {}",
      salvaged.rows, salvaged.lost, salvaged.moved_to);
  if (options_.on_growth) options_.on_growth(store_->current());
}

// Nothing is accepted behind a failed commit before the log's content is in the database and
// synced.
void Journal::Repair() {
  store_.reset();
  journal::Salvaged salvaged;
  auto store = OpenOrSalvage(options_.store, clock_.Wall(), &random_, &salvaged,
                             std::exchange(damaged_, false));
  if (!store.ok()) return trouble_.Report(store.status().message(), clock_.Now());
  if (Status synced = (*store)->Checkpoint(true); !synced.ok()) {
    return trouble_.Report(synced.message(), clock_.Now());
  }
  store_ = *std::move(store);
  Salvaged(salvaged);
  log::Info("journal", "reopened after: {}", working_.poisoned);
  working_.poisoned.clear();
  trouble_.Clear();
}

void Journal::Tick() {
  last_tick_ = clock_.Now();
  if (!working_.poisoned.empty()) Repair();
  if (store_ && working_.poisoned.empty()) ObserveTime();
  if (store_ && working_.poisoned.empty()) Trim();
  if (store_ && working_.poisoned.empty()) {
    Status s = store_->Forget(last_tick_, options_.id_retention, options_.retention);
    if (!s.ok()) Failed(s);
  }
  FillIdBlocks();
  KeepHistory();
  CheckLimits();
  Publish();
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
  observed_ = store_->observed_time();
}

ObservedTime Journal::Observed() const {
  Lock lock(mutex_);
  return observed_;
}

void Journal::ClocksAgreed(Instant at, WallTime own) {
  Lock lock(mutex_);
  agreed_ = Agreement{at, own};
}

void Journal::FillIdBlocks() {
  if (!store_ || !working_.poisoned.empty() || !working_.refusing.empty()) return;
  for (int i = 0; i < kIdBlocksPerTick; ++i) {
    auto more = store_->FillIdBlocks();
    if (!more.ok()) return Failed(std::move(more).status().Within("ids"));
    if (!*more) return;
  }
}

// Where there is no room the minute is left out.
void Journal::KeepHistory() {
  if (!options_.history) return;
  const auto minute = options_.history(working_);
  if (!minute || !store_ || !working_.poisoned.empty() || !working_.refusing.empty()) return;
  if (Status s = store_->SaveHistory(*minute); !s.ok()) Failed(std::move(s).Within("history"));
}

void Journal::Trim() {
  DeletionPermit permit;
  {
    Lock lock(mutex_);
    permit.by_broker = options_.confirm_by_broker;
    for (const auto& [stream, allowed] : allowed_) {
      if (last_tick_ < allowed.until) permit.through.emplace_back(stream, allowed.through);
    }
  }
  for (int i = 0; i < kTrimBlocksPerTick; ++i) {
    auto more = store_->Trim(options_.retention, &permit);
    if (!more.ok()) return Failed(more.status());
    if (!*more) return;
  }
}

void Journal::CheckLimits() {
  working_.journal_bytes = FileBytes(options_.store.path) + FileBytes(WalPath(options_.store.path));
  struct statvfs disk {};
  if (statvfs(DirectoryOf(options_.store.path).c_str(), &disk) == 0) {
    working_.disk_bytes = static_cast<uint64_t>(disk.f_blocks) * disk.f_frsize;
    working_.disk_free_bytes = static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize;
  }
  const auto up = clock_.Now() - opened_at_;
  if (up > kForecastAfter && appended_bytes_ > 0) {
    const double days = std::chrono::duration<double>(up).count() / 86400.0;
    working_.disk_days_left = static_cast<double>(working_.disk_free_bytes) /
                              (static_cast<double>(appended_bytes_) * 1.3 / days);
  }
  if (!working_.poisoned.empty()) return;
  const bool was_refusing = !working_.refusing.empty();
  if (options_.max_bytes > 0 && working_.journal_bytes > options_.max_bytes) {
    working_.refusing = "the journal has reached journal.max_bytes";
  } else if (working_.disk_free_bytes < options_.min_free_bytes) {
    working_.refusing =
        fmt::format("only {} MB of disk are free", working_.disk_free_bytes / 1'000'000);
  } else if (Status made = ballast_.Make(); !made.ok()) {
    working_.refusing = made.message();
  } else {
    working_.refusing.clear();
  }
  if (was_refusing && working_.refusing.empty()) log::Info("journal", "accepting again");
  if (!was_refusing && !working_.refusing.empty()) {
    log::Error("journal", "refusing new events: {}", working_.refusing);
  }
}

void Journal::Count(const std::vector<Receipt>& receipts) {
  for (const Receipt& receipt : receipts) {
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
    }
  }
}

void Journal::Publish() {
  if (store_) {
    const StreamRow& stream = store_->current();
    const uint64_t through =
        options_.confirm_by_broker ? stream.acked_through : stream.confirmed_through;
    const bool oldest_known = working_.waiting > 0 && working_.oldest_waiting_at != WallTime{} &&
                              working_.stream == stream.stream &&
                              working_.confirmed_through == stream.confirmed_through &&
                              working_.acked_through == stream.acked_through;
    working_.stream = stream.stream;
    working_.head = stream.head;
    working_.head_chain = ToHex(BytesOf(stream.head_chain));
    working_.confirmed_through = stream.confirmed_through;
    working_.confirmed_chain = ToHex(BytesOf(stream.confirmed_chain));
    working_.acked_through = stream.acked_through;
    working_.floor = store_->floor();
    working_.streams = store_->streams();
    working_.owed = store_->Owed();
    working_.losses = store_->losses();
    working_.acknowledged_streams = store_->acknowledged_streams();
    working_.quarantined = store_->quarantined();
    working_.waiting = stream.head - std::min(stream.head, through);
    if (working_.waiting == 0) {
      working_.oldest_waiting_at = {};
    } else if (!oldest_known) {
      auto oldest = store_->RecordedAt(through + 1);
      working_.oldest_waiting_at = oldest.ok() ? *oldest : WallTime{};
    }
  }
  Lock lock(mutex_);
  stats_ = working_;
}

}  // namespace tillrelay::journal
