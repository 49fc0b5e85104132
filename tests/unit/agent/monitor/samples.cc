#include "tests/unit/agent/monitor/samples.h"

#include <cstdlib>

namespace tillrelay::monitor {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using uplink::LinkCause;
using uplink::LinkPhase;

void Wait(Snapshot& s, uint64_t waiting, seconds age) {
  s.journal.waiting = waiting;
  s.journal.oldest_waiting_at = s.now - age;
  s.journal.confirmed_through = s.journal.head - waiting;
  s.journal.acked_through = s.uplink.acked_through = s.journal.head - waiting;
}

void Offline(Snapshot& s, LinkCause cause, std::string error) {
  Wait(s, 412, minutes(36));
  s.uplink.phase = LinkPhase::kWaiting;
  s.uplink.cause = cause;
  s.uplink.last_error = std::move(error);
  s.uplink.state_since = s.now - minutes(36);
  s.uplink.next_try_at = s.now + seconds(8);
  s.uplink.sent_through = s.journal.confirmed_through;
}

}  // namespace

WallTime SampleNow() { return WallTime(seconds(1795271832)); }

Snapshot Healthy() {
  Snapshot s;
  s.now = SampleNow();
  s.started_at = s.now - hours(6);
  s.version = "0.1.0";
  s.host = "store-0042";
  s.session = "01JD8Z3V5Q";
  s.intake_address = "127.0.0.1:8470";
  s.journal.store_id = "0042";
  s.journal.stream = "01JD7XKQ5T9W3M8R2C6F4B1N0A";
  s.journal.head = s.journal.confirmed_through = s.journal.acked_through = 48613;
  s.journal.head_chain = s.journal.confirmed_chain = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
  s.journal.journal_bytes = 84'200'000;
  s.journal.disk_free_bytes = 8'100'000'000;
  s.journal.disk_days_left = 19.4;
  s.journal.commits_total = 700;
  s.uplink.phase = LinkPhase::kOnline;
  s.uplink.broker = "mqtts://mqtt.hq.example:8883";
  s.uplink.state_since = s.uplink.last_connected_at = s.now - hours(5);
  s.uplink.last_confirmed_at = s.now - seconds(3);
  s.uplink.sent_through = s.uplink.acked_through = 48613;
  s.uplink.connects_total = 1;
  s.uplink.published_total = 1287;
  s.capture.http.Add(journal::Outcome::kStored, event::Kind::kSale, 1270);
  s.capture.http.Add(journal::Outcome::kStored, event::Kind::kReturn, 17);
  s.capture.http.Add(journal::Outcome::kDuplicate, event::Kind::kSale, 11);
  const auto row = [&s](const char* id, int64_t sales, int64_t returns, int64_t others) {
    reconcile::RegisterRow& added = s.registers.emplace_back();
    added.register_id = id;
    added.business_day = "2026-11-21";
    added.sales = sales;
    added.returns = returns;
    added.others = others;
    added.heard_at = s.capture.registers[id].last_heard_at;
  };
  s.capture.registers["01"] = {s.now - seconds(12), 412, 9, 3};
  s.capture.registers["02"] = {s.now - seconds(4), 388, 14, 2};
  s.capture.registers["03"] = {s.now - minutes(39), 207, 2, 1};
  row("01", 412, 9, 3);
  row("02", 388, 14, 2);
  row("03", 207, 2, 1);
  return s;
}

const std::vector<Sample>& Samples() {
  static const std::vector<Sample> kSamples = {
      {"delivered", [](Snapshot&) {}},
      {"register-silent",
       [](Snapshot& s) {
         s.registers[2].silent = true;
         s.registers[2].silent_for_s = 2 * 3600;
       }},
      {"register-gaps",
       [](Snapshot& s) {
         s.registers[0].result = "gaps";
         s.registers[0].missing = 3;
         s.registers[0].gaps = "17, 20-21";
         s.registers[1].result = "mismatch";
       }},
      {"delivered-broker", [](Snapshot& s) { s.confirm_mode = "broker"; }},
      {"fresh",
       [](Snapshot& s) {
         s.journal.head = s.journal.confirmed_through = s.journal.acked_through = 0;
         s.uplink.sent_through = s.uplink.acked_through = 0;
         s.capture = {};
         s.registers.clear();
       }},
      {"on-their-way", [](Snapshot& s) { Wait(s, 3, seconds(2)); }},
      {"draining", [](Snapshot& s) { Wait(s, 412, minutes(36)); }},
      {"draining-known",
       [](Snapshot& s) {
         Wait(s, 412, minutes(36));
         s.rates = {0.2, 10.4};
       }},
      {"certificate-soon",
       [](Snapshot& s) {
         s.certificates = {{"broker.ca_file", s.now + hours(24 * 400)},
                           {"broker.cert_file", s.now + hours(24 * 12 + 3)}};
       }},
      {"certificate-expired",
       [](Snapshot& s) {
         s.certificates = {{"broker.cert_file", s.now - hours(30)}};
       }},
      {"clock",
       [](Snapshot& s) { s.uplink.centre_clock_ahead = -std::chrono::milliseconds(hours(3)); }},
      {"unconfigured",
       [](Snapshot& s) {
         s = Snapshot{};
         s.now = SampleNow();
         s.started_at = s.now - minutes(3);
         s.version = "0.1.0";
         s.configured = false;
         s.intake_address = "127.0.0.1:8470";
       }},
      {"no-broker",
       [](Snapshot& s) {
         Wait(s, 412, hours(3));
         s.uplink = {};
       }},
      {"connecting",
       [](Snapshot& s) {
         Wait(s, 1, seconds(5));
         s.uplink.phase = LinkPhase::kConnecting;
       }},
      {"name",
       [](Snapshot& s) {
         Offline(s, LinkCause::kName, "mqtt.hq.example: Temporary failure in name resolution");
       }},
      {"tcp", [](Snapshot& s) { Offline(s, LinkCause::kTcp, "Connection refused"); }},
      {"tls", [](Snapshot& s) { Offline(s, LinkCause::kTls, "certificate has expired"); }},
      {"login", [](Snapshot& s) { Offline(s, LinkCause::kLogin, "not authorised"); }},
      {"settings",
       [](Snapshot& s) {
         Offline(s, LinkCause::kSettings, "broker.ca_file /etc/ca.pem: No such file or directory");
       }},
      {"rights", [](Snapshot& s) { Offline(s, LinkCause::kRights, "publish refused"); }},
      {"lost", [](Snapshot& s) { Offline(s, LinkCause::kLost, "Connection reset by peer"); }},
      {"days-offline",
       [](Snapshot& s) {
         Offline(s, LinkCause::kTcp, "Connection timed out");
         s.journal.oldest_waiting_at = s.uplink.state_since = s.now - hours(75);
       }},
      {"silent",
       [](Snapshot& s) {
         Wait(s, 412, minutes(36));
         s.uplink.cause = LinkCause::kSilent;
         s.uplink.last_error = "no acknowledgement for 10 s";
       }},
      {"centre-away",
       [](Snapshot& s) {
         Wait(s, 412, minutes(36));
         s.uplink.centre_away = true;
         s.uplink.last_confirmed_at = s.now - minutes(36);
         s.uplink.acked_through = s.journal.head;
       }},
      {"centre-away-idle",
       [](Snapshot& s) {
         s.uplink.centre_away = true;
         s.uplink.centre_heard_at = s.now - minutes(36);
       }},
      {"not-confirmed",
       [](Snapshot& s) {
         Wait(s, 5, seconds(12));
         s.uplink.unconfirmed_since = s.now - seconds(12);
         s.uplink.acked_through = s.journal.head;
       }},
      {"fresh-link",
       [](Snapshot& s) {
         Wait(s, 5, seconds(122));
         s.uplink.phase = LinkPhase::kConnecting;
         s.uplink.cause = LinkCause::kUnconfirmed;
         s.uplink.unconfirmed_since = s.now - seconds(122);
       }},
      {"parked",
       [](Snapshot& s) {
         s.journal.owed = {{s.journal.stream, 4}, {s.journal.stream, 5}};
       }},
      {"quarantine", [](Snapshot& s) { s.journal.quarantined = 2; }},
      {"drop-folder",
       [](Snapshot& s) {
         s.capture.drop_folder_error = "/var/spool/tillrelay/done: Permission denied";
       }},
      {"unreadable", [](Snapshot& s) { s.capture.files_unreadable = 1; }},
      {"disk-low", [](Snapshot& s) { s.journal.disk_days_left = 4.2; }},
      {"lost-numbers",
       [](Snapshot& s) {
         s.journal.losses.push_back({s.journal.stream, {100, 120}, {}, "salvage"});
       }},
      {"lost-open",
       [](Snapshot& s) {
         s.journal.losses.push_back({s.journal.stream, {121, 120}, {}, "damaged", false, true});
       }},
      {"unknown-stream",
       [](Snapshot& s) {
         s.unknown_streams.push_back({"01JD3V7Q8Z5W6K2M9T4RHXG0NE", 918'420});
       }},
      {"refusing",
       [](Snapshot& s) {
         Offline(s, LinkCause::kName, "mqtt.hq.example: Name or service not known");
         s.journal.refusing = "the disk has 40 MB left, less than min_free_bytes (64 MB)";
         s.journal.disk_days_left = 0;
         s.journal.disk_free_bytes = 40'000'000;
       }},
      {"journal-busy",
       [](Snapshot& s) { s.journal.busy = "another program holds the journal locked"; }},
      {"cut-short",
       [](Snapshot& s) {
         s.journal.retention_cut_short = true;
         s.journal.oldest_kept_at = s.now - hours(24 * 9);
       }},
      {"poisoned", [](Snapshot& s) { s.journal.poisoned = "commit: disk I/O error"; }},
      {"paused",
       [](Snapshot& s) {
         Wait(s, 412, minutes(36));
         s.uplink.phase = LinkPhase::kPaused;
         s.uplink.state_since = s.now - minutes(36);
       }},
      {"fork-stopped",
       [](Snapshot& s) {
         Wait(s, 412, minutes(36));
         s.uplink.phase = LinkPhase::kStopped;
         s.uplink.alarm = "a second fork within an hour";
       }},
      {"take-over",
       [](Snapshot& s) {
         s.uplink.alarm = "store-0042 and store-0042-copy both speak for this store";
       }},
      {"hostile",
       [](Snapshot& s) {
         const std::string evil = "<script>alert(\"1\")</script>&'";
         s.journal.store_id = s.host = s.version = s.intake_address = evil;
         s.journal.stream = s.uplink.broker = evil;
         Offline(s, LinkCause::kTcp, evil);
         s.capture.drop_folder_error = evil;
         s.capture.registers[evil] = {s.now, 1, 1, 1};
         s.registers[0].register_id = s.registers[0].gaps = evil;
         s.registers[0].missing = 1;
       }},
  };
  return kSamples;
}

Snapshot SampleNamed(const std::string& name) {
  for (const Sample& sample : Samples()) {
    if (sample.name != name) continue;
    Snapshot snapshot = Healthy();
    sample.change(snapshot);
    return snapshot;
  }
  std::abort();
}

}  // namespace tillrelay::monitor
