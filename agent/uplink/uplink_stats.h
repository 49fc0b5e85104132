// What: the uplink's numbers and words for people and for Prometheus; a plain copy, no behaviour.
// Thread: any (value).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/metrics/histogram.h"

namespace tillrelay::uplink {

enum class LinkPhase {
  kUnconfigured,  // no broker in the configuration
  kWaiting,       // between two attempts
  kConnecting,
  kOnline,
  kPaused,   // by a person
  kStopped,  // by a fork cause: only a person or a command goes on
};

enum class LinkCause {  // what the last failure was about
  kNone,
  kName,    // the broker's name could not be looked up
  kTcp,     // no TCP connection
  kTls,     // certificate or handshake
  kLogin,   // user, password or client id refused
  kRights,  // publish or subscribe refused
  kLost,    // an established connection ended
  kTakeOver,
  kSilent,       // connected, but no answer comes
  kSettings,     // a setting of the broker, or a file that it names, cannot be used
  kUnconfirmed,  // a new connection, because the centre does not confirm what the broker took
  kOther,
};
inline constexpr size_t kLinkCauses = static_cast<size_t>(LinkCause::kOther) + 1;

// What to send again: numbers `first` to `last` of a stream (empty: the current one), or, with
// first 0, all kept events of a business day or of a time of recording (UTC texts, inclusive).
struct ReplayOrder {
  std::string stream;
  uint64_t first = 0, last = 0;
  std::string business_day;
  std::string recorded_from, recorded_through;
};

// In seconds.
using LatencyHistogram = HistogramOf<19>;
inline constexpr LatencyHistogram::Bounds kLatencyBounds = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,  0.25, 0.5,
    1,      2.5,   5,      10,    30,   60,    300,  1800, 3600};

struct ReplayProgress {
  std::string id;
  std::string state;            // "running" | "done" | "interrupted"
  uint64_t sent = 0;            // events handed to the broker
  uint64_t looked = 0, of = 0;  // numbers looked at, of all there are to look at
};

// A journal of this store that head office knows and this server does not have.
struct UnknownStream {
  std::string stream;
  uint64_t through = 0;  // confirmed up to here
};

struct UplinkStats {
  LinkPhase phase = LinkPhase::kUnconfigured;
  std::string broker;  // url without credentials
  // In words; empty: none, or deliveries were proven since. A new connection alone proves nothing.
  std::string last_error;
  LinkCause cause = LinkCause::kNone;
  WallTime outage_since{};    // deliveries ended then, and none was proven since; epoch: none
  bool awaits_proof = false;  // events waited when this connection began, and none has arrived yet
  WallTime state_since{};     // not of the last try; epoch: since the start
  WallTime next_try_at{};     // epoch when none is planned
  WallTime last_connected_at{};
  WallTime last_confirmed_at{};                     // when the centre's word last moved
  std::chrono::milliseconds centre_clock_ahead{0};  // of this clock, by its last confirmation
  WallTime centre_heard_at{};    // its last live sign, or since when it could be heard
  WallTime unconfirmed_since{};  // what the broker took is overdue at the centre; epoch: it is not
  bool never_confirmed = false;  // connected for a while, and not one confirmation, even retained
  uint64_t stuck_bytes = 0;      // of a message that does not pass while smaller ones do; 0: none
  bool gives_reasons = true;     // MQTT 5
  bool fell_back = false;        // to MQTT 3.1.1, which nobody chose
  bool sees_twins = false;       // another server for this store would be noticed
  std::string twin;              // another server that was heard of late; empty: none
  bool centre_away = false;      // connected, but no sign of the collector for 150 s
  uint64_t older_missing = 0;    // events of older streams that head office lacks, by its last word
  uint64_t sent_through = 0, acked_through = 0;
  uint64_t in_flight = 0;
  uint64_t published_total = 0, resent_total = 0, replayed_total = 0, connects_total = 0;
  std::array<uint64_t, kLinkCauses> failures_total{};  // attempts and connections, by cause
  uint64_t refused_commands_total = 0, disbelieved_confirmations_total = 0;
  uint64_t dropped_messages_total = 0;  // from the network: too many waiting, or too large
  uint64_t forks_total = 0, parked_total = 0, lost_total = 0;
  // By the last confirmation: kept at head office, which could not apply them.
  uint64_t unapplied = 0;
  std::string refused_confirmation;  // why the last one did not count; empty: it did
  std::string confirm_trust;         // "signed" | "unsigned"; empty before the first
  std::string unapplied_numbers;     // "2-3, 5", the first of them
  // Of events since the start, from the journal on.
  LatencyHistogram to_broker{kLatencyBounds}, to_centre{kLatencyBounds};
  std::vector<UnknownStream> unknown_streams;  // by the last confirmation
  std::vector<ReplayProgress> replays;         // the last ones, the running one behind them
  std::string alarm;                           // fork cause or take-over, in words; empty: none
};

}  // namespace tillrelay::uplink
