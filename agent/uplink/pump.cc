#include "agent/uplink/pump.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>

#include "common/wire/envelope.h"

namespace tillrelay::uplink {
namespace {

constexpr size_t kInboxEntries = 4096;
constexpr size_t kInboxBytes = 16 * 1024 * 1024;
constexpr size_t kMaxMessagesWaiting = 1024;
constexpr size_t kMaxControlBytes = 256 * 1024;
constexpr size_t kReadAheadRows = 256;
constexpr size_t kReadAheadBytes = 1024 * 1024;
constexpr Duration kLongestWait = seconds(5);  // the thread shows that it moves
constexpr int kDisconnectMs = 500;

LinkCause CauseOf(mqtt::FailureCause cause) {
  switch (cause) {
    case mqtt::FailureCause::kNone:
      return LinkCause::kNone;
    case mqtt::FailureCause::kName:
      return LinkCause::kName;
    case mqtt::FailureCause::kTcp:
      return LinkCause::kTcp;
    case mqtt::FailureCause::kTls:
      return LinkCause::kTls;
    case mqtt::FailureCause::kLogin:
      return LinkCause::kLogin;
    case mqtt::FailureCause::kRights:
      return LinkCause::kRights;
    case mqtt::FailureCause::kTakeOver:
      return LinkCause::kTakeOver;
    case mqtt::FailureCause::kOther:
      return LinkCause::kLost;
  }
  return LinkCause::kOther;
}

JournalPosition PositionOf(const journal::JournalStats& stats) {
  return {stats.stream, stats.head, stats.confirmed_through, stats.floor};
}

}  // namespace

Pump::Pump(PumpOptions options, journal::Journal* journal, const Clock* clock, Random* random)
    : options_(std::move(options)),
      journal_(*journal),
      clock_(*clock),
      inbox_(kInboxEntries, kInboxBytes),
      sender_(options_.sender, PositionOf(journal->Stats()), random) {
  head_ = journal->Stats().head;
}

Pump::~Pump() { Stop(Duration(0)); }

Status Pump::Start() {
  auto reader = journal::JournalReader::Open(options_.journal_path, options_.store_id);
  if (!reader.ok()) return std::move(reader).status().Within("uplink");
  reader_ = *std::move(reader);
  auto stream = reader_->CurrentStream();
  if (!stream.ok()) return std::move(stream).status().Within("uplink");
  stream_ = *stream;
  if (options_.make_link) {
    auto link = options_.make_link([this](mqtt::LinkEvent&& event) {
      const bool message = event.what == mqtt::Happening::kMessage;
      const size_t bytes = event.payload.size();
      if (message && (bytes > kMaxControlBytes || inbox_.size() > kMaxMessagesWaiting)) {
        ++dropped_;
        return;
      }
      if (!inbox_.Push(Input(std::move(event)), bytes)) ++dropped_;
    });
    if (!link.ok()) return std::move(link).status().Within("broker");
    link_ = *std::move(link);
  }
  PublishStats();
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "uplink");
    Run();
  });
  return Status::Ok();
}

void Pump::Stop(Duration flush) {
  if (!thread_.joinable()) return;
  stop_at_ = (clock_.Now() + flush).time_since_epoch().count();
  inbox_.Wake();
  thread_.join();
}

void Pump::JournalGrew(const journal::StreamRow& stream) {
  head_ = stream.head;
  inbox_.Wake();
}

void Pump::Pause() { inbox_.Push(Input(Order::kPause)); }
void Pump::Resume() { inbox_.Push(Input(Order::kResume)); }
void Pump::RetryNow() { inbox_.Push(Input(Order::kRetryNow)); }

UplinkStats Pump::Stats() const {
  Lock lock(mutex_);
  return stats_;
}

void Pump::Run() {
  for (;;) {
    const Instant now = clock_.Now();
    const Instant stop_at{Duration(stop_at_.load())};
    const Instant until = std::min(sender_.NextDeadline(now), stop_at);
    const Duration wait =
        until <= now ? Duration(0) : std::min(kLongestWait, Duration(until - now));
    std::vector<Input> inputs = inbox_.PopAll(wait);
    if (options_.beat) options_.beat();
    for (Input& input : inputs) Take(input);
    RefreshPosition();
    DrainActions();
    PublishStats();
    if (stop_at_ != INT64_MAX && (clock_.Now() >= stop_at || Flushed())) break;
  }
  SayGoodbye();
}

bool Pump::Flushed() const {
  return !sender_.online() || sender_.confirmed_through() >= head_.load();
}

void Pump::SayGoodbye() {
  if (!link_) return;
  if (sender_.link_open()) {
    PublishControl(options_.topics.status, wire::WriteWill(options_.sender.session), true);
  }
  link_->Disconnect(kDisconnectMs);
}

void Pump::Take(Input& input) {
  if (auto* event = std::get_if<mqtt::LinkEvent>(&input)) return TakeLinkEvent(*event);
  switch (std::get<Order>(input)) {
    case Order::kPause:
      return sender_.Pause();
    case Order::kResume:
      return sender_.Resume(clock_.Now());
    case Order::kRetryNow:
      return sender_.RetryNow(clock_.Now());
  }
}

void Pump::TakeLinkEvent(mqtt::LinkEvent& event) {
  const Instant now = clock_.Now();
  const Failure failure{CauseOf(event.cause), event.text};
  switch (event.what) {
    case mqtt::Happening::kConnected:
      if (!sender_.link_open()) log::Info("uplink", "connected to {}", options_.broker);
      trouble_.Clear();
      return sender_.OnConnected(event.receive_maximum, now);
    case mqtt::Happening::kConnectFailed:
    case mqtt::Happening::kLost:
      trouble_.Report(event.text, now);
      return sender_.OnLost(failure, now);
    case mqtt::Happening::kSubscribed:
      if (event.reason_code != 0) {
        trouble_.Report(event.text, now);
        link_->Disconnect(kDisconnectMs);
        return sender_.OnLost(failure, now);
      }
      if (--subscriptions_pending_ == 0) sender_.OnSubscribed(now);
      return;
    case mqtt::Happening::kPublished:
      if (event.reason_code == 0) return sender_.OnAcked(event.token, now);
      if (!sender_.link_open()) return;  // an order of a connection that is gone
      trouble_.Report(event.text, now);
      link_->Disconnect(kDisconnectMs);
      return sender_.OnLost(failure, now);
    case mqtt::Happening::kMessage:
      return TakeMessage(event);
  }
}

void Pump::TakeMessage(const mqtt::LinkEvent& event) {
  std::string payload = event.payload;
  auto value = parser_.Parse(payload, {.depth = 8, .string_bytes = 1024, .nodes = 20'000});
  if (!value.ok())
    return trouble_.Report("control message: " + value.status().message(), clock_.Now());
  if (event.topic == options_.topics.confirm) return TakeConfirm(*value, event.retained);
  if (event.topic != options_.topics.command) return;
  auto command = wire::ReadCommand(*value);
  if (!command.ok()) return trouble_.Report("command: " + command.status().message(), clock_.Now());
  sender_.OnCommand(*command, event.retained, clock_.Now());
}

void Pump::TakeConfirm(JsonValue value, bool retained) {
  auto confirm = wire::ReadConfirm(value);
  const Instant now = clock_.Now();
  if (!confirm.ok() || confirm->store != options_.store_id) {
    return trouble_.Report("a malformed or foreign confirmation was ignored", now);
  }
  sender_.OnCentreHeard(retained, now);
  for (const wire::StreamConfirm& stream : confirm->streams) {
    if (stream.stream != stream_.stream) continue;
    const uint64_t before = sender_.confirmed_through();
    sender_.OnConfirm(stream, Compare(stream), retained, now);
    if (sender_.confirmed_through() > before) last_confirmed_at_ = clock_.Wall();
  }
}

ChainVerdict Pump::Compare(const wire::StreamConfirm& confirm) {
  RefreshPosition();
  const JournalPosition& journal = sender_.journal();
  if (confirm.through > journal.head) return ChainVerdict::kBeyondHead;
  if (confirm.through + 1 < journal.floor) return ChainVerdict::kNotKept;
  if (confirm.through == live_.sequence) {
    return confirm.chain == live_.chain ? ChainVerdict::kEqual : ChainVerdict::kOther;
  }
  auto chain = reader_->ChainAt(stream_, confirm.through);
  if (!chain.ok()) return ChainVerdict::kNotKept;
  return *chain == confirm.chain ? ChainVerdict::kEqual : ChainVerdict::kOther;
}

void Pump::RefreshPosition() {
  const journal::JournalStats stats = journal_.Stats();
  sender_.OnHead(std::max(stats.head, head_.load()), stats.floor);
}

void Pump::DrainActions() {
  while (auto action = sender_.Next(clock_.Now())) Perform(*action);
}

void Pump::Perform(const Action& action) {
  if (std::holds_alternative<act::Connect>(action)) {
    PublishStats();
    if (Status s = link_->Connect(); !s.ok()) {
      trouble_.Report(s.message(), clock_.Now());
      sender_.OnConnectFailed({LinkCause::kOther, s.message()}, clock_.Now());
    }
  } else if (std::holds_alternative<act::Subscribe>(action)) {
    subscriptions_pending_ = 2;
    if (Status s = link_->Subscribe({options_.topics.confirm, options_.topics.command}); !s.ok()) {
      DropLink(s);
    }
  } else if (std::holds_alternative<act::Disconnect>(action)) {
    PublishStats();
    trouble_.Report(Stats().last_error, clock_.Now());
    link_->Disconnect(kDisconnectMs);
  } else if (const auto* send = std::get_if<act::Send>(&action)) {
    Send(*send);
  } else if (const auto* save = std::get_if<act::SaveConfirmed>(&action)) {
    journal_.SaveConfirmed(stream_.stream, save->through, save->chain);
  } else if (std::holds_alternative<act::PublishStatus>(action)) {
    PublishStats();
    PublishControl(options_.topics.status, options_.status_json(), true);
  } else if (const auto* reply = std::get_if<act::SendReply>(&action)) {
    PublishControl(options_.topics.reply, wire::WriteReply(reply->reply), false);
  } else if (const auto* allow = std::get_if<act::AllowDeletion>(&action)) {
    journal_.AllowDeletionUntil(allow->until);
  }
}

void Pump::PublishControl(const std::string& topic, const std::string& payload, bool retained) {
  const uint64_t token = next_token_++;
  if (Status s = link_->Publish({topic, payload, retained, false, token}); !s.ok()) {
    return DropLink(s);
  }
  sender_.OnSent(token, {}, payload.size(), clock_.Now());
}

void Pump::Send(const act::Send& send) {
  const Status sent = SendRows(send);
  if (sent.ok()) return;
  if (sent.code() == Code::kUnavailable) return DropLink(sent);
  trouble_.Report(sent.message(), clock_.Now());
  sender_.OnUnreadable("the journal cannot be read: " + sent.message());
}

// An order could not be handed over: whatever is left of the connection is ended before a new one.
void Pump::DropLink(const Status& why) {
  trouble_.Report(why.message(), clock_.Now());
  link_->Disconnect(kDisconnectMs);
  sender_.OnLost({LinkCause::kLost, why.message()}, clock_.Now());
}

Status Pump::SendRows(const act::Send& send) {
  if (!send.replay && send.first == sender_.sent_through() + 1) {
    TRY(MoveTo(send.first - 1, &live_));
    for (uint64_t sequence = send.first; sequence <= send.last; ++sequence) {
      auto row = LiveRow(sequence);
      if (!row.ok()) return std::move(row).status();
      TRY(PublishRow(**row, &live_, false));
      ahead_.pop_front();
    }
    return Status::Ok();
  }
  TRY(MoveTo(send.first - 1, &replay_));
  uint64_t sequence = send.first;
  while (sequence <= send.last) {
    auto rows = reader_->Read(stream_.base + sequence, send.last - sequence + 1, kReadAheadBytes);
    if (!rows.ok()) return std::move(rows).status();
    if (rows->empty()) return Corrupt(fmt::format("number {} is missing", sequence));
    for (const journal::Row& row : *rows) TRY(PublishRow(row, &replay_, send.replay));
    sequence += rows->size();
  }
  return Status::Ok();
}

Result<const journal::Row*> Pump::LiveRow(uint64_t sequence) {
  const uint64_t position = stream_.base + sequence;
  while (!ahead_.empty() && ahead_.front().position < position) ahead_.pop_front();
  if (ahead_.empty() || ahead_.front().position != position) {
    auto rows = reader_->Read(position, kReadAheadRows, kReadAheadBytes);
    if (!rows.ok()) return std::move(rows).status();
    ahead_.assign(std::make_move_iterator(rows->begin()), std::make_move_iterator(rows->end()));
    if (ahead_.empty() || ahead_.front().position != position) {
      return Corrupt(fmt::format("number {} is missing", sequence));
    }
  }
  return &ahead_.front();
}

Status Pump::MoveTo(uint64_t sequence, ChainCursor* cursor) {
  if (cursor->sequence == sequence) return Status::Ok();
  auto chain = reader_->ChainAt(stream_, sequence);
  if (!chain.ok()) return std::move(chain).status();
  *cursor = {sequence, *chain};
  return Status::Ok();
}

Status Pump::PublishRow(const journal::Row& row, ChainCursor* cursor, bool replay) {
  const uint64_t sequence = row.position - stream_.base;
  const std::string recorded_at = event::UtcText(row.recorded_at);
  wire::Envelope envelope;
  envelope.id = row.id;
  envelope.store = options_.store_id;
  envelope.stream = stream_.stream;
  envelope.sequence = sequence;
  envelope.previous = cursor->chain;
  envelope.chain = wire::NextChain(cursor->chain, sequence, row.id, row.data_digest);
  envelope.kind = row.kind;
  envelope.subject = row.subject;
  envelope.time = row.time;
  envelope.recorded_at = recorded_at;
  envelope.data = row.data;
  envelope_.clear();
  wire::WriteEnvelope(envelope, &envelope_);
  const uint64_t token = next_token_++;
  TRY(link_->Publish({options_.topics.events, envelope_, false, true, token}));
  *cursor = {sequence, envelope.chain};
  sender_.OnSent(token, {sequence, replay}, envelope_.size(), clock_.Now());
  return Status::Ok();
}

void Pump::PublishStats() {
  UplinkStats stats;
  stats.broker = options_.broker;
  sender_.Describe(&stats, clock_.Now(), clock_.Wall());
  stats.last_confirmed_at = last_confirmed_at_;
  stats.dropped_messages_total = dropped_;
  Lock lock(mutex_);
  stats_ = std::move(stats);
}

}  // namespace tillrelay::uplink
