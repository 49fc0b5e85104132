// What: every time and bound of the uplink, with its reason. docs/wire.md, "The store's side".
// Thread: any (constants).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "common/mqtt/line_budget.h"

namespace tillrelay::uplink {

using mqtt::LineBudget;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Messages in flight. Beyond 100 nothing gets faster; the client library gets slower.
inline constexpr uint32_t kOwnWindow = 100;
inline constexpr seconds kConnectTimeout = mqtt::LineBudget::kConnectTimeout;
// How long the broker may take to hand out the retained confirmation.
inline constexpr seconds kSettle{2};
// Longer for what the line takes to carry them, and on a line whose round trip is long
// (common/mqtt/line_budget.h).
inline constexpr seconds kAckTimeout = mqtt::LineBudget::kAckTimeout;
// Longer after a connection that ended under a large event, or whose round trip was long.
inline constexpr seconds kKeepAlive{15};
inline constexpr seconds kMaxKeepAlive{600};
// The collector speaks every 60 s; after two and a half of those it is away.
inline constexpr seconds kAwayAfter{150};
inline constexpr uint64_t kAwayMaxEvents = 10'000;
inline constexpr uint64_t kAwayMaxBytes = 16 * 1024 * 1024;
// A confirmation that comes sooner after a connect may have waited at the broker: its time is old.
inline constexpr seconds kClockSettles{10};
// Sent, acknowledged, but not confirmed while the centre is there: ask by sending one again.
inline constexpr seconds kProbeAfter{30};
// A confirmation usually comes within a second; without one for so long, a person is told.
inline constexpr seconds kConfirmLate{10};
// If even that does not help: a new connection, at growing distance.
inline constexpr minutes kFirstFreshLink{2};
inline constexpr minutes kMaxFreshLink{60};
// A live confirmation below ours stands alone for this long before it is believed.
inline constexpr seconds kLowerGrace{10};
// A centre that can ask has asked for what it lacks of an older stream by then; one that cannot is
// sent it, again after twice as long each time.
inline constexpr minutes kOlderGrace{2};
inline constexpr minutes kOlderMost{60};
// Rows may be deleted for this long after a confirmation that left no doubt.
inline constexpr seconds kDeletionWindow{150};
// Status: at most one a second on change, and a heartbeat.
inline constexpr seconds kStatusMinGap{1};
inline constexpr seconds kStatusHeartbeat{60};
// Reconnecting: exponential with full jitter; forgotten after the link has stayed up.
inline constexpr milliseconds kRetryMin{1000};
inline constexpr milliseconds kRetryMax{120'000};
inline constexpr seconds kStableAfter{60};
// Two agents with one identity push each other off; meeting slowly is better.
inline constexpr minutes kTakeOverMin{5};
inline constexpr minutes kTakeOverMax{15};
// Whoever has given way for so long gets its events away before it gives way again; the one that
// stayed leaves each of the others so long, at most once in the time in which it can be due.
inline constexpr minutes kTakeOverTurn{1};
inline constexpr minutes kTurnsApart{4};
// Connections in a row that the broker ended for another one, none of which lasted a minute or told
// who that is.
inline constexpr int kMostTakenOver = 12;
// Another server is shown for so long after the last evidence: longer than it may stay away.
inline constexpr minutes kTwinShown{20};
// Not one confirmation, not even a retained one, for this long on a connection: a person should
// look at the rights of this client.
inline constexpr seconds kMissed{15};
// Connections in a row that carried the subscriptions and other small messages, but no event: its
// size is what keeps it from the broker. The subscriptions count for so many bytes.
inline constexpr int kStuckTries = 2;
inline constexpr size_t kSubscribeBytes = 100;
// After an outage the stores come back spread over this time, each at its own moment.
inline constexpr seconds kOutageSpread{10};
// At most one new stream in this time; a further cause waits, and sending with it.
inline constexpr minutes kForkEvery{60};
inline constexpr seconds kForkPatience{60};  // until the journal has carried it out
// Broker's word alone: how often the acknowledged number is written down.
inline constexpr seconds kSaveAckedEvery{1};
// Numbers remembered as too large or refused, in one session.
inline constexpr size_t kMaxParked = 10'000;
// A journal that could not be read is read again after so long: its file may have been put back.
inline constexpr seconds kReadAgain{10};
// Rows sent by one order.
inline constexpr uint64_t kMaxRangeEvents = 256;
inline constexpr uint64_t kReplayProgressEvery = 1000;

}  // namespace tillrelay::uplink
