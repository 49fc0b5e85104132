// What the driver hands to link and journal: uplink_driver.h.
#include <fmt/format.h>

#include <algorithm>

#include "agent/uplink/uplink_driver.h"
#include "common/event/time_text.h"

namespace tillrelay::uplink {
namespace {

constexpr size_t kReadAheadRows = 256;
constexpr size_t kReadAheadBytes = 1024 * 1024;
constexpr size_t kPacketOverhead = 128;    // header, packet id and our properties
constexpr uint64_t kMuchWaits = 50;        // events: fewer go as fast one by one
constexpr size_t kEnvelopeOverhead = 850;  // those, and the attributes at their longest

SendWindow::Flight ReplayFlight(const std::string& stream, uint64_t sequence) {
  SendWindow::Flight flight;
  flight.sequence = sequence;
  flight.replay = true;
  flight.stream = stream;
  return flight;
}

bool Takes(const ReplayFilter& filter, const journal::Row& row) {
  if (!filter.recorded_from.empty()) {
    const std::string at = event::UtcText(row.recorded_at);
    return at >= filter.recorded_from && at <= filter.recorded_through;
  }
  if (filter.business_day.empty()) return true;
  return row.data.find("\"business_day\":\"" + filter.business_day + "\"") != std::string::npos;
}

}  // namespace

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
  wire::Lost lost{loss.stream, loss.range, {}, loss.reason, loss.compared, loss.open};
  auto chain = reader_->ChainAt(*row, loss.range.last);
  if (chain.ok()) lost.chain = *chain;
  port_.DeclareLoss(lost);
  if (loss.reply.command_id.empty()) return;
  wire::Reply reply = loss.reply;
  reply.lost.push_back(lost);
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
        TRY(PublishRow(row, stream, &replay_, ReplayFlight(stream.stream, sequence)));
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
    port_.DeclareLoss({stream.stream, {1, 1}, {}, "not_kept", false, false});
    return Status::Ok();
  }
  if (!row.ok()) return std::move(row).status();
  if (!Takes(resend.filter, *row)) return Status::Ok();
  TRY(MoveTo(stream, 0, &replay_));
  return PublishRow(*row, stream, &replay_, ReplayFlight(stream.stream, 1));
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
  const bool owed = flight.replay && sender_.owes(stream.stream, sequence);
  if (oversize && owed) return Status::Ok();
  if (oversize && !flight.replay) sender_.OnOversize(sequence);
  std::string reported;
  // The centre may not know what a replay names: it was set back, or what was sent was lost.
  const bool refused = flight.replay && !owed && sender_.refused(stream.stream, sequence);
  const bool parked = flight.replay ? oversize || refused : sender_.parked(sequence);
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
                       batch_flight_.stream == flight.stream &&
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
