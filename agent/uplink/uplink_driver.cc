#include "agent/uplink/uplink_driver.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/text.h"
#include "common/event/time_text.h"

namespace tillrelay::uplink {
namespace {

constexpr size_t kReadAheadRows = 256;
constexpr size_t kReadAheadBytes = 1024 * 1024;
constexpr int kDisconnectMs = 500;
constexpr size_t kPacketOverhead = 128;    // header, packet id and our properties
constexpr uint64_t kMuchWaits = 50;        // events: fewer go as fast one by one
constexpr size_t kShownNumbers = 100;      // characters
constexpr size_t kEnvelopeOverhead = 850;  // those, and the attributes at their longest

JournalPosition PositionOf(const journal::StreamRow& row) {
  return {row.stream, row.head, row.confirmed_through, row.floor, row.acked_through};
}

bool Takes(const ReplayFilter& filter, const journal::Row& row) {
  if (!filter.recorded_from.empty()) {
    const std::string at = event::UtcText(row.recorded_at);
    return at >= filter.recorded_from && at <= filter.recorded_through;
  }
  if (filter.business_day.empty()) return true;
  return row.data.find("\"business_day\":\"" + filter.business_day + "\"") != std::string::npos;
}

UplinkDriver::Unapplied UnappliedIn(const wire::Confirm& confirm) {
  UplinkDriver::Unapplied unapplied;
  for (const wire::StreamConfirm& stream : confirm.streams) {
    for (const wire::Range& range : stream.unapplied) {
      unapplied.events += range.size();
      if (unapplied.numbers.size() > kShownNumbers) continue;
      if (!unapplied.numbers.empty()) unapplied.numbers += ", ";
      unapplied.numbers += std::to_string(range.first);
      if (range.last > range.first) unapplied.numbers += "-" + std::to_string(range.last);
    }
  }
  return unapplied;
}

}  // namespace

UplinkDriver::UplinkDriver(UplinkDriverOptions options, JournalPort* port, const Clock* clock,
                           Random* random)
    : options_(std::move(options)),
      port_(*port),
      clock_(*clock),
      streams_(port->ReadState().streams),
      sender_(options_.sender, PositionOf(streams_.back()), random),
      batch_(options_.zstd || options_.automatic),
      twins_(options_.sender.session, options_.former_sessions) {
  Refresh();
}

// --- what comes in ----------------------------------------------------------------------------

void UplinkDriver::Take(const mqtt::LinkEvent& event) {
  const Instant now = clock_.Now();
  const Failure failure{CauseOf(event.cause), event.text};
  switch (event.what) {
    case mqtt::LinkEventType::kConnected:
      if (!event.broker.empty()) broker_ = event.broker;
      if (!sender_.link_open()) log::Info("uplink", "connected to {}", broker_);
      trouble_.Clear();
      maximum_packet_ = event.maximum_packet;
      connected_at_ = now;
      twins_.Connected();
      return sender_.OnConnected(event.receive_maximum, now, event.gives_reasons, event.fell_back);
    case mqtt::LinkEventType::kConnectFailed:
    case mqtt::LinkEventType::kLost:
      status_denied_ = status_denied_ || status_asked_;
      status_asked_ = false;
      trouble_.Report(event.text, now);
      sender_.OnLost(failure, now);
      if (event.more) sender_.RetryNow(now);
      return;
    case mqtt::LinkEventType::kSubscribed:
      if (subscriptions_pending_ == 0) {  // the own status, which need not be readable
        status_asked_ = false;
        return;
      }
      if (event.reason_code != 0) {
        trouble_.Report(event.text, now);
        link_->Disconnect(kDisconnectMs);
        return sender_.OnLost(failure, now);
      }
      if (--subscriptions_pending_ > 0) return;
      status_asked_ = options_.watch_own_status && !status_denied_;
      if (status_asked_) DropOnError(link_->Subscribe({options_.topics.status}));
      return sender_.OnSubscribed(now);
    case mqtt::LinkEventType::kPublished:
      if (event.reason_code < 0x80) {
        sender_.OnAcked(event.token, now);
        if (event.token == status_token_) twins_.StatusAcked();
        return latency_.AckedThrough(sender_.acked_through(), clock_.Wall());
      }
      if (!sender_.link_open()) return;  // an order of a connection that is gone
      trouble_.Report(event.text, now);
      if (!sender_.OnRefused(event.token, event.reason_code, now)) return;
      link_->Disconnect(kDisconnectMs);
      return sender_.OnLost(failure, now);
    case mqtt::LinkEventType::kMessage:
      return TakeMessage(event);
  }
}

void UplinkDriver::TakeMessage(const mqtt::LinkEvent& event) {
  std::string payload = event.payload;
  auto value = parser_.Parse(payload, {.depth = 8, .string_bytes = 1024, .nodes = 20'000});
  if (!value.ok())
    return trouble_.Report("control message: " + value.status().message(), clock_.Now());
  if (event.topic == options_.topics.confirm) return TakeConfirm(*value, event.retained);
  if (event.topic == options_.topics.status) return TakeOwnStatus(*value, event.retained);
  if (event.topic != options_.topics.command) return;
  auto command = wire::ReadCommand(*value);
  if (!command.ok()) return trouble_.Report("command: " + command.status().message(), clock_.Now());
  TakeCommand(*command, event.retained);
}

void UplinkDriver::TakeConfirm(JsonValue value, bool retained) {
  auto confirm = wire::ReadConfirm(value);
  const Instant now = clock_.Now();
  if (!confirm.ok() || confirm->store != options_.store_id) {
    return trouble_.Report("a malformed or foreign confirmation was ignored", now);
  }
  refused_confirmation_ = centre_key_.Refuses(*confirm);
  if (!refused_confirmation_.empty()) {
    return forged_.Report("ALARM a confirmation was not believed: " + refused_confirmation_, now);
  }
  Refresh();
  if (!retained) CompareClocks(confirm->at);
  sender_.OnCentreHeard(retained, now);
  if (!options_.sender.by_broker) FindUnknown(*confirm);
  accepts_batches_ = confirm->accepts_batches;
  accepts_zstd_ = confirm->accepts_zstd;
  unapplied_ = UnappliedIn(*confirm);
  Twin(twins_.OnHeard(confirm->sessions));
  for (const wire::StreamConfirm& word : confirm->streams) {
    if (!retained && !options_.sender.by_broker) PassLosses(word);
    const uint64_t before = sender_.confirmed_through();
    sender_.OnConfirm(word, Compare(word.stream, word.through, word.chain), retained, now);
    if (sender_.confirmed_through() <= before) continue;
    last_confirmed_at_ = clock_.Wall();
    latency_.ConfirmedThrough(sender_.confirmed_through(), last_confirmed_at_);
  }
}

// Also of a retained message, however old: what head office once had of this store, it had from a
// journal of this store.
void UplinkDriver::FindUnknown(const wire::Confirm& confirm) {
  std::vector<UnknownStream> unknown;
  for (const wire::StreamConfirm& word : confirm.streams) {
    if (RowOf(word.stream) != nullptr) continue;
    unknown.push_back({word.stream, word.through});
    const bool reported =
        std::any_of(unknown_streams_.begin(), unknown_streams_.end(),
                    [&word](const UnknownStream& known) { return known.stream == word.stream; });
    if (reported) continue;
    log::Error("uplink",
               "ALARM head office knows stream {} of this store up to number {}, and this journal "
               "does not have it: the journal was lost or replaced, or a second server speaks for "
               "this store",
               word.stream, word.through);
  }
  unknown_streams_ = std::move(unknown);
}

// Whatever has become of the stream here: a salvage ends it below what was sent of it.
void UplinkDriver::PassLosses(const wire::StreamConfirm& word) {
  const bool passes =
      std::any_of(losses_.begin(), losses_.end(), [&word](const journal::LossRow& loss) {
        return loss.stream == word.stream && loss.first <= word.through;
      });
  if (passes) port_.PassLosses({word.stream, word.through, word.chain, {}, true});
}

void UplinkDriver::TakeOwnStatus(JsonValue value, bool retained) {
  const auto status = wire::ReadStatus(value);
  if (status.ok()) Twin(twins_.OnStatus(*status, retained));
}

void UplinkDriver::Twin(const std::string& who) {
  if (who.empty()) return;
  if (!sender_.OnTwin(Printable(who), clock_.Now())) return;
  log::Error("uplink", "ALARM another server speaks for this store: {}", Printable(who));
}

// What waited at the broker during an outage comes at once after it, and is too old to tell.
void UplinkDriver::CompareClocks(const std::string& at) {
  const auto centre = event::ParseUtc(at);
  const Instant now = clock_.Now();
  if (!centre.ok() || now - connected_at_ < kClockSettles) return;
  const WallTime own = clock_.Wall();
  centre_clock_ahead_ = std::chrono::duration_cast<std::chrono::milliseconds>(*centre - own);
  port_.ClocksCompared(now, own, centre_clock_ahead_);
  if (options_.clock_trust != nullptr) {
    options_.clock_trust->Compared(centre_clock_ahead_, clock_);
  }
}

void UplinkDriver::TakeCommand(const wire::Command& command, bool retained) {
  Refresh();
  ChainVerdict verdict = ChainVerdict::kNotKept;
  if (command.command == "fork" && command.chain) {
    verdict = Compare(command.stream, command.range.first, *command.chain);
  } else if (command.range.first > 0 && command.chain) {
    verdict = Compare(command.stream, command.range.first - 1, *command.chain);
  }
  sender_.OnCommand(command, verdict, retained, clock_.Now());
}

const journal::StreamRow* UplinkDriver::RowOf(const std::string& stream) const {
  for (const journal::StreamRow& row : streams_) {
    if (row.stream == stream) return &row;
  }
  return nullptr;
}

ChainVerdict UplinkDriver::Compare(const std::string& stream, uint64_t through,
                                   const wire::Chain& chain) {
  const journal::StreamRow* row = RowOf(stream);
  if (row == nullptr) return ChainVerdict::kNotKept;
  if (through > row->head) return ChainVerdict::kBeyondHead;
  if (through == live_.sequence && stream == live_.stream) {
    return chain == live_.chain ? ChainVerdict::kEqual : ChainVerdict::kOther;
  }
  auto ours = reader_->ChainAt(*row, through);  // a mark may be left even below the floor
  if (!ours.ok()) return ChainVerdict::kNotKept;
  return *ours == chain ? ChainVerdict::kEqual : ChainVerdict::kOther;
}

// --- what the journal holds -------------------------------------------------------------------

void UplinkDriver::Refresh() {
  JournalPort::JournalState standing = port_.ReadState();
  if (standing.streams.empty()) return;
  const bool another = standing.streams.back().stream != sender_.journal().stream;
  streams_ = std::move(standing.streams);
  losses_ = std::move(standing.losses);
  std::vector<StreamPlace> places;
  for (const journal::StreamRow& row : streams_) {
    places.push_back({row.stream,
                      row.head,
                      row.floor,
                      row.head,
                      row.current,
                      {},
                      row.confirmed_through,
                      journal::HoldsRows(row)});
  }
  for (const journal::OwedEvent& owed : standing.owed) {
    for (StreamPlace& place : places) {
      if (place.stream == owed.stream) place.owed.push_back(owed.sequence);
    }
  }
  sender_.OnPlaces(std::move(places));
  const journal::StreamRow& current = streams_.back();
  if (another) {
    live_ = replay_ = {};
    ahead_.clear();
    if (Status s = OpenReader(); !s.ok()) sender_.OnUnreadable(s.message(), clock_.Now());
    sender_.OnStream(PositionOf(current), clock_.Now());
    latency_.Forget();
  }
  sender_.OnHead(current.head, current.floor);
}

Status UplinkDriver::OpenReader() {
  auto reader = journal::JournalReader::Open(options_.journal_path, options_.store_id);
  if (!reader.ok()) return std::move(reader).status();
  reader_ = *std::move(reader);
  return Status::Ok();
}

void UplinkDriver::Turn() {
  Refresh();
  while (auto action = sender_.Next(clock_.Now())) {
    Perform(*action);
    if (std::holds_alternative<act::Fork>(*action)) Refresh();
  }
}

// --- what goes out ----------------------------------------------------------------------------

void UplinkDriver::Perform(const Action& action) {
  if (std::holds_alternative<act::Connect>(action)) {
    if (before_status) before_status();
    link_->SetKeepAlive(static_cast<int>(sender_.keep_alive().count()));
    if (Status s = link_->Connect(); !s.ok()) {
      trouble_.Report(s.message(), clock_.Now());
      const bool settings = s.code() == Code::kInvalid;
      sender_.OnConnectFailed({settings ? LinkCause::kSettings : LinkCause::kOther, s.message()},
                              clock_.Now());
    }
  } else if (std::holds_alternative<act::Subscribe>(action)) {
    subscriptions_pending_ = 2;
    DropOnError(link_->Subscribe({options_.topics.confirm, options_.topics.command}));
  } else if (std::holds_alternative<act::Disconnect>(action)) {
    if (before_status) before_status();
    UplinkStats stats;
    sender_.Describe(&stats, clock_.Now(), clock_.Wall());
    trouble_.Report(stats.last_error, clock_.Now());
    link_->Disconnect(kDisconnectMs);
  } else if (const auto* send = std::get_if<act::Send>(&action)) {
    DropOnError(SendLive(*send));
  } else if (const auto* resend = std::get_if<act::Resend>(&action)) {
    DropOnError(Resend(*resend));
  } else if (std::holds_alternative<act::PublishStatus>(action)) {
    if (before_status) before_status();
    status_token_ = next_token_;
    PublishControl(options_.topics.status, options_.status_json(RoomFor(options_.topics.status)),
                   true);
  } else if (const auto* reply = std::get_if<act::SendReply>(&action)) {
    PublishControl(options_.topics.reply, wire::WriteReply(reply->reply), false);
  } else {
    PerformJournal(action);
  }
}

void UplinkDriver::PerformJournal(const Action& action) {
  if (const auto* save = std::get_if<act::SaveConfirmation>(&action)) {
    const wire::StreamConfirm& word = save->confirm;
    port_.SaveConfirmation({word.stream, word.through, word.chain, word.owed, save->live});
  } else if (const auto* acked = std::get_if<act::SaveAcked>(&action)) {
    port_.SaveAcked(sender_.journal().stream, acked->through);
  } else if (const auto* allow = std::get_if<act::AllowDeletion>(&action)) {
    port_.AllowDeletion(allow->stream, allow->through, allow->until);
  } else if (const auto* fork = std::get_if<act::Fork>(&action)) {
    const journal::StreamRow* row = RowOf(fork->stream);
    if (row == nullptr) return;
    const uint64_t behind = std::max(fork->after + 1, row->own_first());
    port_.Fork(row->base + behind, fork->reason);
  } else if (const auto* loss = std::get_if<act::DeclareLoss>(&action)) {
    Declare(*loss);
  }
}

// The declaration travels in the reply, ahead of everything that waits; the event is its durable
// copy.
void UplinkDriver::Declare(const act::DeclareLoss& loss) {
  const journal::StreamRow* row = RowOf(loss.stream);
  if (row == nullptr) return;
  journal::LossRow lost{loss.stream, loss.range.first, loss.range.last,
                        {},          loss.reason,      loss.compared};
  auto chain = reader_->ChainAt(*row, loss.range.last);
  if (chain.ok()) lost.chain = *chain;
  port_.DeclareLoss(lost);
  if (loss.reply.command_id.empty()) return;
  wire::Reply reply = loss.reply;
  reply.lost.push_back(
      {lost.stream, loss.range, lost.chain, lost.reason, lost.compared, lost.open});
  if (sender_.link_open()) {
    PublishControl(options_.topics.reply, wire::WriteReply(reply), false);
  }
}

// How large a control message may be for this broker; 0: it told no limit.
size_t UplinkDriver::RoomFor(const std::string& topic) const {
  constexpr size_t kHead = 64;  // of a PUBLISH, without its topic
  if (maximum_packet_ == 0) return 0;
  const size_t head = kHead + topic.size();
  return maximum_packet_ > head ? maximum_packet_ - head : 1;
}

// One that is too large would end the connection, again and again.
void UplinkDriver::PublishControl(const std::string& topic, const std::string& payload,
                                  bool retained) {
  const size_t room = RoomFor(topic);
  if (room > 0 && payload.size() > room) {
    return too_large_.Report(
        fmt::format("a message of {} bytes on {} is larger than the broker takes; it is not sent",
                    payload.size(), topic),
        clock_.Now());
  }
  const uint64_t token = next_token_++;
  if (Status s = link_->Publish({topic, payload, retained, false, token}); !s.ok()) {
    return DropLink(s);
  }
  sender_.OnSent(token, {}, payload.size(), clock_.Now());
}

void UplinkDriver::DropOnError(const Status& sent) {
  if (sent.ok()) return;
  batch_.Discard();
  if (sent.code() == Code::kUnavailable) return DropLink(sent);
  // The file may have been taken away and put back since it was opened.
  const bool stale = sent.code() == Code::kCorrupt && !reopened_ && OpenReader().ok();
  live_ = replay_ = {};
  ahead_.clear();
  reopened_ = stale;
  if (stale) return;
  trouble_.Report(sent.message(), clock_.Now());
  sender_.OnUnreadable("the journal cannot be read: " + sent.message(), clock_.Now());
  if (sent.code() == Code::kCorrupt) port_.Damaged(sent.message());
}

// An order could not be handed over: whatever is left of the connection is ended before a new one.
void UplinkDriver::DropLink(const Status& why) {
  trouble_.Report(why.message(), clock_.Now());
  link_->Disconnect(kDisconnectMs);
  sender_.OnLost({LinkCause::kSilent, why.message()}, clock_.Now());
}

// Between two messages only.
void UplinkDriver::ChooseForm() {
  batching_ = options_.batches;
  if (!options_.automatic) return;
  const uint64_t waits =
      sender_.journal().head - std::min(sender_.journal().head, sender_.sent_through());
  batching_ = accepts_batches_ && (waits >= kMuchWaits || sender_.replaying());
  batch_.Compress(accepts_zstd_);
}

Status UplinkDriver::SendLive(const act::Send& send) {
  ChooseForm();
  const journal::StreamRow& stream = streams_.back();
  const bool onward = send.first == sender_.sent_through() + 1;
  ChainCursor& cursor = onward ? live_ : replay_;
  TRY(MoveTo(stream, send.first - 1, &cursor));
  if (!onward) ahead_.clear();
  for (uint64_t sequence = send.first; sequence <= send.last; ++sequence) {
    // Large events fill a batch early: what the window does not take now is sent later.
    if (batching_ && batch_.count() == 0 && sender_.room() == 0) break;
    if (sequence > send.first && batch_.count() == 0 && !sender_.may_send()) break;
    auto row = LiveRow(sequence);
    if (!row.ok()) return std::move(row).status();
    if (send.parked) sender_.OnOversize(sequence);
    TRY(PublishRow(*row, stream, &cursor, {sequence, false}));
  }
  TRY(FlushBatch());
  reopened_ = false;
  return Status::Ok();
}

Status UplinkDriver::Resend(const act::Resend& resend) {
  ChooseForm();
  const journal::StreamRow* known = RowOf(resend.stream);
  if (known == nullptr) return Status::Ok();
  const journal::StreamRow stream = *known;
  TRY(ResendOpening(resend, stream));
  uint64_t sequence = std::max(resend.first, stream.own_first());
  while (sequence <= resend.last) {
    auto rows = reader_->Read(stream.base + sequence, resend.last - sequence + 1, kReadAheadBytes);
    if (!rows.ok()) return std::move(rows).status();
    // Deleted meanwhile, or owed and freed: the centre asks again if it still wants it.
    if (rows->empty() || rows->front().position != stream.base + sequence) break;
    if (Status moved = MoveTo(stream, sequence - 1, &replay_); !moved.ok()) {
      if (moved.code() == Code::kNotFound) break;
      return moved;
    }
    for (const journal::Row& row : *rows) {
      if (Takes(resend.filter, row)) {
        TRY(PublishRow(row, stream, &replay_, {sequence, true}));
      } else {
        replay_ = {stream.stream, sequence,
                   wire::NextChain(replay_.chain, sequence, row.id, row.data_digest)};
      }
      ++sequence;
    }
  }
  sender_.OnScanned(resend.last - resend.first + 1);
  return FlushBatch();
}

Status UplinkDriver::ResendOpening(const act::Resend& resend, const journal::StreamRow& stream) {
  if (resend.first > 1 || !stream.has_opening()) return Status::Ok();
  auto row = reader_->Opening(stream);
  if (row.status().code() == Code::kNotFound) {
    port_.DeclareLoss({stream.stream, 1, 1, {}, "not_kept", false, false});
    return Status::Ok();
  }
  if (!row.ok()) return std::move(row).status();
  if (!Takes(resend.filter, *row)) return Status::Ok();
  TRY(MoveTo(stream, 0, &replay_));
  return PublishRow(*row, stream, &replay_, {1, true});
}

Result<journal::Row> UplinkDriver::LiveRow(uint64_t sequence) {
  const journal::StreamRow& stream = streams_.back();
  if (sequence == 1 && stream.has_opening()) return reader_->Opening(stream);
  const uint64_t position = stream.base + sequence;
  while (!ahead_.empty() && ahead_.front().position < position) ahead_.pop_front();
  if (ahead_.empty() || ahead_.front().position != position) {
    auto rows = reader_->Read(position, kReadAheadRows, kReadAheadBytes);
    if (!rows.ok()) return std::move(rows).status();
    ahead_.assign(std::make_move_iterator(rows->begin()), std::make_move_iterator(rows->end()));
    if (ahead_.empty() || ahead_.front().position != position) {
      return Corrupt(fmt::format("number {} is missing", sequence));
    }
  }
  journal::Row row = std::move(ahead_.front());
  ahead_.pop_front();
  return row;
}

Status UplinkDriver::MoveTo(const journal::StreamRow& stream, uint64_t sequence,
                            ChainCursor* cursor) {
  if (cursor->sequence == sequence && cursor->stream == stream.stream) return Status::Ok();
  auto chain = reader_->ChainAt(stream, sequence);
  if (!chain.ok()) return std::move(chain).status();
  *cursor = {stream.stream, sequence, *chain};
  return Status::Ok();
}

Status UplinkDriver::PublishRow(const journal::Row& row, const journal::StreamRow& stream,
                                ChainCursor* cursor, SendWindow::Flight flight) {
  const uint64_t sequence = flight.sequence;
  if (!flight.replay) latency_.Sent(sequence, row.recorded_at);
  const std::string recorded_at = event::UtcText(row.recorded_at);
  wire::Envelope envelope;
  envelope.id = row.id;
  envelope.store = options_.store_id;
  envelope.stream = stream.stream;
  envelope.sequence = sequence;
  envelope.previous = cursor->chain;
  envelope.chain = wire::NextChain(cursor->chain, sequence, row.id, row.data_digest);
  envelope.kind = row.kind;
  envelope.subject = row.subject;
  envelope.time = row.time;
  envelope.recorded_at = recorded_at;
  envelope.data = row.data;
  envelope.data_digest = row.data_digest;
  *cursor = {stream.stream, sequence, envelope.chain};
  const size_t packet = row.data.size() + options_.topics.events.size() + kEnvelopeOverhead;
  const bool oversize = maximum_packet_ > 0 && packet > maximum_packet_;
  if (oversize && flight.replay && sender_.owes(stream.stream, sequence)) return Status::Ok();
  if (oversize && !flight.replay) sender_.OnOversize(sequence);
  std::string reported;
  // The centre may not know what a replay names: it was set back, or what was sent was lost.
  const bool parked = flight.replay ? oversize : sender_.parked(sequence);
  if (parked) {
    TRY(FlushBatch());
    reported = wire::ParkedData(row.kind, row.data.size(), oversize ? "too-large" : "refused");
    envelope.parked = true;
    envelope.kind = wire::kParkedKind;
    envelope.data = reported;
    TRY(Frame(envelope, flight));
    return FlushBatch();
  }
  return Frame(envelope, flight);
}

Status UplinkDriver::Frame(const wire::Envelope& envelope, const SendWindow::Flight& flight) {
  if (!batching_) {
    envelope_.clear();
    wire::WriteEnvelope(envelope, &envelope_);
    return Hand(envelope_, flight);
  }
  const size_t packet = std::max<size_t>(maximum_packet_, 2 * kPacketOverhead) - kPacketOverhead;
  const size_t limit =
      maximum_packet_ == 0 ? options_.batch_bytes : std::min(options_.batch_bytes, packet);
  const size_t most = std::min(limit, sender_.message_bytes());
  const bool follows = batch_.count() > 0 && batch_flight_.replay == flight.replay &&
                       batch_flight_.through() + 1 == flight.sequence;
  const bool fits = batch_.bytes() + envelope.data.size() + kEnvelopeOverhead <= most &&
                    batch_.count() < options_.sender.events_per_message;
  if (batch_.count() > 0 && (!follows || !fits)) TRY(FlushBatch());
  if (batch_.count() == 0) batch_flight_ = flight;
  batch_.Add(envelope);
  batch_flight_.last = flight.sequence;
  return Status::Ok();
}

Status UplinkDriver::FlushBatch() {
  if (batch_.count() == 0) return Status::Ok();
  auto message = batch_.Take();
  if (!message.ok()) return std::move(message).status();
  return Hand(*message, batch_flight_);
}

Status UplinkDriver::Hand(std::string_view payload, const SendWindow::Flight& flight) {
  const uint64_t token = next_token_++;
  mqtt::PublishOrder order;
  order.topic = options_.topics.events;
  order.payload = payload;
  (batching_ ? order.batch : order.event) = true;
  order.token = token;
  TRY(link_->Publish(order));
  sender_.OnSent(token, flight, payload.size(), clock_.Now());
  return Status::Ok();
}

void UplinkDriver::SayGoodbye() {
  if (link_ == nullptr) return;
  if (sender_.link_open()) {
    PublishControl(options_.topics.status, wire::WriteWill(options_.sender.session), true);
  }
  link_->Disconnect(kDisconnectMs);
}

}  // namespace tillrelay::uplink
