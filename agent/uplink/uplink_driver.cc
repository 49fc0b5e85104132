#include "agent/uplink/uplink_driver.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/text.h"
#include "common/event/time_text.h"
#include "common/wire/rounds.h"

namespace tillrelay::uplink {
namespace {

constexpr size_t kShownNumbers = 100;  // characters

JournalPosition PositionOf(const journal::StreamRow& row) {
  return {row.stream, row.head, row.confirmed_through, row.floor, row.acked_through};
}

UplinkDriver::Unapplied UnappliedIn(const std::map<std::string, wire::StreamConfirm>& words) {
  UplinkDriver::Unapplied unapplied;
  for (const auto& [stream, word] : words) {
    for (const wire::Range& range : word.unapplied) {
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
      status_right_.Answered();  // of this connection nothing has been asked
      twins_.Connected();
      return sender_.OnConnected(event.receive_maximum, now, event.gives_reasons, event.fell_back);
    case mqtt::LinkEventType::kConnectFailed:
    case mqtt::LinkEventType::kLost:
      if (sender_.link_open()) status_right_.Lost(now - connected_at_);
      trouble_.Report(event.text, now);
      TakeLoss(failure, now);
      if (event.more) sender_.RetryNow(now);
      return;
    case mqtt::LinkEventType::kSubscribed:
      if (subscriptions_pending_ == 0) {  // the own status, which need not be readable
        status_right_.Answered();
        return;
      }
      if (event.reason_code != 0) {
        trouble_.Report(event.text, now);
        link_->Disconnect(kDisconnectMs);
        return sender_.OnLost(failure, now);
      }
      if (--subscriptions_pending_ > 0) return;
      AskForOwnStatus();
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

void UplinkDriver::AskForOwnStatus() {
  if (!options_.watch_own_status || !status_right_.may_ask()) return;
  status_right_.MarkAsked();
  DropOnError(link_->Subscribe({options_.topics.status}));
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
  RememberWords(*confirm);
  if (!options_.sender.by_broker) FindUnknown();
  accepts_batches_ = confirm->accepts_batches;
  accepts_zstd_ = confirm->accepts_zstd;
  unapplied_ = UnappliedIn(words_);
  TakeTwin(twins_.OnHeard(confirm->sessions));
  for (const wire::StreamConfirm& word : confirm->streams) {
    if (!retained && !options_.sender.by_broker) PassLosses(word);
    const uint64_t before = sender_.confirmed_through();
    TakeWord(word, retained, now);
    if (sender_.confirmed_through() <= before) continue;
    last_confirmed_at_ = clock_.Wall();
    latency_.ConfirmedThrough(sender_.confirmed_through(), last_confirmed_at_);
  }
}

void UplinkDriver::TakeWord(const wire::StreamConfirm& word, bool retained, Instant now) {
  const ChainVerdict verdict = Compare(word.stream, word.through, word.chain);
  const bool ended = word.stream != sender_.journal().stream;
  // Behind the end of an older stream head office has nothing but numbers that are declared lost.
  if (ended && verdict == ChainVerdict::kBeyondHead && word.stored_through > 0 &&
      Compare(word.stream, word.stored_through, word.stored_chain) == ChainVerdict::kEqual) {
    wire::StreamConfirm stored = word;
    stored.through = word.stored_through;
    stored.chain = word.stored_chain;
    return sender_.OnConfirm(stored, ChainVerdict::kEqual, retained, now);
  }
  sender_.OnConfirm(word, verdict, retained, now);
}

// A confirmation that is full names other streams in each round.
void UplinkDriver::RememberWords(const wire::Confirm& confirm) {
  constexpr size_t kMostWords = 1024;  // the collector takes 1,000 streams of a store
  if (confirm.streams.size() < wire::kStreamsNamed || words_.size() >= kMostWords) words_.clear();
  for (const wire::StreamConfirm& word : confirm.streams) words_[word.stream] = word;
}

// Also of a retained message, however old: what head office once had of this store, it had from a
// journal of this store.
void UplinkDriver::FindUnknown() {
  std::vector<UnknownStream> unknown;
  for (const auto& [stream, word] : words_) {
    if (RowOf(word.stream) != nullptr) continue;
    unknown.push_back({word.stream, word.through});
    const bool reported =
        std::any_of(unknown_streams_.begin(), unknown_streams_.end(),
                    [&name = stream](const UnknownStream& known) { return known.stream == name; });
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
  const bool passes = std::any_of(losses_.begin(), losses_.end(), [&word](const wire::Lost& loss) {
    return loss.stream == word.stream && loss.range.first <= word.through;
  });
  if (passes) port_.PassLosses({word.stream, word.through, word.chain, {}, true});
}

void UplinkDriver::TakeOwnStatus(JsonValue value, bool retained) {
  const auto status = wire::ReadStatus(value);
  if (status.ok()) TakeTwin(twins_.OnStatus(*status, retained));
}

void UplinkDriver::TakeTwin(const TwinWatch::Twin& twin) {
  if (!twin || !sender_.link_open()) return;
  const Instant now = clock_.Now();
  const wire::HeardSession other{Printable(twin->session), Printable(twin->host)};
  const TwinStep step = sender_.OnTwin(other, now);
  const std::string alarm =
      fmt::format("ALARM another server speaks for this store: host {} (session {}); ", other.host,
                  other.session);
  if (step == TwinStep::kGoOn || step == TwinStep::kStay) {
    return twin_log_.Report(alarm + "this one goes on", now);
  }
  log::Error("uplink", "{}this one gives way{}", alarm,
             step == TwinStep::kStepBack ? " for a minute" : "");
}

void UplinkDriver::TakeLoss(const Failure& failure, Instant now) {
  if (failure.cause != LinkCause::kTakeOver) return sender_.OnLost(failure, now);
  twin_log_.Report("ALARM another client has taken this store's place at the broker", now);
  sender_.OnTakenOver(failure, twins_.knows_nobody(), now);
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

}  // namespace tillrelay::uplink
