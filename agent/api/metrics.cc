#include "agent/api/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "agent/monitor/diagnosis.h"
#include "common/event/identity.h"
#include "common/metrics/prometheus.h"

namespace tillrelay::api {
namespace {

using uplink::LinkPhase;

using metrics::Escaped;
using Writer = metrics::PrometheusWriter;

void Build(Writer& w, const monitor::Snapshot& s) {
  w.Family("build_info", "gauge", "Always 1; the label names the version.");
  w.Sample(1, fmt::format("version=\"{}\"", Escaped(s.version)));
  w.Time("start_time_seconds", "When the service started.", s.started_at);
}

// The kinds that a channel can bring; the journal's own come from none.
void Channel(Writer& w, std::string_view channel, const capture::ChannelCounts& counts) {
  constexpr auto kCaptured = static_cast<size_t>(event::Kind::kStreamOpened);
  using journal::Outcome;
  for (const auto& [outcome, word] :
       {std::pair(Outcome::kStored, "stored"), std::pair(Outcome::kDuplicate, "duplicate"),
        std::pair(Outcome::kQuarantined, "quarantined")}) {
    const auto sample = [&, word = word](uint64_t count, std::string_view kind) {
      w.Sample(count,
               fmt::format("channel=\"{}\",outcome=\"{}\",kind=\"{}\"", channel, word, kind));
    };
    const auto& kinds = counts.of(outcome);
    for (size_t kind = 0; kind < kCaptured; ++kind) {
      sample(kinds[kind], event::KindWord(static_cast<event::Kind>(kind)));
    }
    if (outcome == Outcome::kQuarantined) sample(kinds.back(), "none");
  }
}

void Capture(Writer& w, const monitor::Snapshot& s) {
  const capture::CaptureStats& c = s.capture;
  w.Family("events_total", "counter", "Events taken in since start, by channel, outcome and kind.");
  Channel(w, "http", c.http);
  Channel(w, "file", c.file);
  w.Counter("intake_refused_total", "Requests that the intake refused.", c.http_refused);
  w.Family("files_total", "counter", "Dropped files that were finished, by outcome.");
  w.Sample(c.files_done, "outcome=\"done\"").Sample(c.files_rejected, "outcome=\"rejected\"");
  w.Gauge("files_waiting", "Files in the drop folder.", c.files_waiting);
  w.Gauge("files_unreadable", "Files that cannot be read and were left.", c.files_unreadable);
  w.Gauge("drop_folder_up", "1 if the drop folder can be used.", c.drop_folder_error.empty());
  w.Counter("redactions_total", "Card numbers that were masked.", c.redactions);
  if (c.item_map) {
    w.Gauge("item_map_rows", "Rows of the item map in use.", c.item_map->rows);
    w.Gauge("item_map_ok", "1 if the file of the item map is the map in use.",
            c.item_map->error.empty());
    w.Family("item_map_lines_total", "counter", "Stored lines since start, by the item map.");
    w.Sample(c.lines_mapped, "result=\"mapped\"").Sample(c.lines_unmapped, "result=\"unmapped\"");
  }
  w.Gauge("intake_ready", "1 if the intake would accept an event.",
          monitor::IntakeRefusal(s).has_value() ? 0 : 1);
}

void Registers(Writer& w, const capture::CaptureStats& c) {
  if (c.registers.empty()) return;
  size_t count = 0;
  w.Family("register_last_heard_timestamp_seconds", "gauge", "When the register last reported.");
  for (const auto& [id, till] : c.registers) {
    if (++count > kMaxRegisters) break;
    w.Real(metrics::UnixSeconds(till.last_heard_at), fmt::format("register=\"{}\"", Escaped(id)));
  }
  count = 0;
  w.Family("register_events_total", "counter", "Events of a register since start, by kind.");
  for (const auto& [id, till] : c.registers) {
    if (++count > kMaxRegisters) break;
    const std::string label = Escaped(id);
    w.Sample(till.sales, fmt::format("register=\"{}\",kind=\"sale\"", label));
    w.Sample(till.returns, fmt::format("register=\"{}\",kind=\"return\"", label));
    w.Sample(till.others, fmt::format("register=\"{}\",kind=\"other\"", label));
  }
}

// The newest page of each register (docs/books.md).
void Reconciliation(Writer& w, const std::vector<reconcile::RegisterRow>& rows) {
  if (rows.empty()) return;
  const struct {
    const char* name;
    const char* help;
    double (*value)(const reconcile::RegisterRow&);
  } figures[] = {
      {"register_missing_numbers", "Transaction numbers missing in the newest business day.",
       [](const auto& row) { return static_cast<double>(row.missing); }},
      {"register_number_restarts", "Times the counter jumped backwards that day.",
       [](const auto& row) { return static_cast<double>(row.restarts); }},
      {"register_day_duplicates", "Receipts told again that day.",
       [](const auto& row) { return static_cast<double>(row.duplicates); }},
      {"register_day_conflicts", "Contradictions of that day in quarantine.",
       [](const auto& row) { return static_cast<double>(row.conflicts); }},
      {"register_silent", "1 if the register is silent in opening hours.",
       [](const auto& row) { return row.silent ? 1.0 : 0.0; }},
  };
  for (const auto& figure : figures) {
    w.Family(figure.name, "gauge", figure.help);
    for (size_t i = 0; i < rows.size() && i < kMaxRegisters; ++i) {
      w.Real(figure.value(rows[i]), fmt::format("register=\"{}\"", Escaped(rows[i].register_id)));
    }
  }
}

// Has the register a closed day that does not balance and is not settled?
bool IsUnbalanced(const monitor::Snapshot& s, const reconcile::RegisterRow& row) {
  if (row.result == "gaps" || row.result == "mismatch") return true;
  const std::string end = "/" + std::string(event::WithoutLeadingZeros(row.register_id));
  return s.issues && std::any_of(s.issues->begin(), s.issues->end(), [&end](const auto& issue) {
           return issue.kind == "day" && issue.key.ends_with(end);
         });
}

void UnbalancedDays(Writer& w, const monitor::Snapshot& s) {
  if (s.registers.empty()) return;
  w.Family("register_day_unbalanced", "gauge",
           "1 if a closed day has gaps or other totals and that is not settled.");
  for (size_t i = 0; i < s.registers.size() && i < kMaxRegisters; ++i) {
    const reconcile::RegisterRow& row = s.registers[i];
    w.Real(IsUnbalanced(s, row) ? 1 : 0, fmt::format("register=\"{}\"", Escaped(row.register_id)));
  }
}

void Issues(Writer& w, const monitor::Snapshot& s) {
  std::map<std::pair<std::string, std::string>, uint64_t> counts;
  for (const std::string_view kind : monitor::kIssueKinds) {
    for (const char* state : {"open", "acknowledged"}) counts[{std::string(kind), state}] = 0;
  }
  for (const monitor::Issue& issue : s.issues ? *s.issues : monitor::FindIssues(s).found) {
    ++counts[{issue.kind, std::string(StateWord(issue.state))}];
  }
  w.Family("issues", "gauge", "Things that need a person, by kind: open or acknowledged.");
  for (const auto& [name, count] : counts) {
    w.Sample(count, fmt::format("state=\"{}\",kind=\"{}\"", name.second, Escaped(name.first)));
  }
}

void Journal(Writer& w, const monitor::Snapshot& s) {
  const journal::JournalStats& j = s.journal;
  w.Gauge("journal_up", "1 if the journal accepts writes.", j.poisoned.empty());
  w.Counter("commits_total", "Transactions committed by the journal.", j.commits_total);
  w.Distribution("commit_seconds", "How long a commit took, its sync included.", j.commit_seconds);
  w.Distribution("commit_events", "Events that were committed in one transaction.", j.group_events);
  w.Gauge("waiting_events", "Events that the promise in force still waits for.", j.waiting);
  const bool waits = j.waiting > 0 && j.oldest_waiting_at < s.now;
  w.Family("oldest_waiting_age_seconds", "gauge", "Age of the oldest waiting event; 0 if none.");
  w.Real(waits ? metrics::UnixSeconds(s.now) - metrics::UnixSeconds(j.oldest_waiting_at) : 0);
  w.Gauge("head", "Highest committed number of the stream.", j.head);
  w.Gauge("sent_through", "Highest number sent in this connection.", s.uplink.sent_through);
  w.Gauge("acked_through", "Highest number up to which the broker acknowledged.",
          s.acked_through());
  if (!s.by_broker()) {
    w.Gauge("confirmed_through", "Highest number up to which the centre confirmed.",
            j.confirmed_through);
  }
  w.Gauge("quarantined_documents", "Documents that wait for a person.", j.quarantined);
  w.Gauge("journal_bytes", "Size of the journal with its log.", j.journal_bytes);
  w.Gauge("disk_free_bytes", "Free bytes where the journal lives.", j.disk_free_bytes);
  w.Gauge("retention_cut_short", "1 while delivered events go early for want of room.",
          j.retention_cut_short);
  if (j.disk_days_left >= 0) {
    w.Family("disk_days_left", "gauge", "Days of room at this store's rate.");
    w.Real(j.disk_days_left);
  }
}

void Link(Writer& w, const monitor::Snapshot& s) {
  const uplink::UplinkStats& u = s.uplink;
  static constexpr std::string_view kPhases[] = {"unconfigured", "waiting", "connecting",
                                                 "online",       "paused",  "stopped"};
  w.Gauge("link_up", "1 if the broker is connected.", u.phase == LinkPhase::kOnline);
  w.Family("link_phase", "gauge", "1 for the phase that the link is in.");
  for (size_t i = 0; i < std::size(kPhases); ++i) {
    w.Sample(static_cast<size_t>(u.phase) == i, fmt::format("phase=\"{}\"", kPhases[i]));
  }
  w.Gauge("centre_away", "1 if the collector gives no sign.", u.centre_away);
  w.Gauge("alarm", "1 if a fork or a take-over needs a person.", !u.alarm.empty());
  w.Time("link_last_connected_timestamp_seconds", "When the broker was last connected.",
         u.last_connected_at);
  w.Time("last_confirmed_timestamp_seconds", "When the centre's word last moved.",
         u.last_confirmed_at);
  w.Gauge("in_flight_messages", "Messages sent and not yet acknowledged.", u.in_flight);
  w.Counter("published_total", "Messages acknowledged by the broker.", u.published_total);
  w.Counter("resent_total", "Events sent again after a lost connection.", u.resent_total);
  w.Counter("replayed_total", "Events sent again because they were asked for.", u.replayed_total);
  w.Counter("connects_total", "Connections made to the broker.", u.connects_total);
  static constexpr std::string_view kCauses[] = {"none",   "name",     "tcp",         "tls",
                                                 "login",  "rights",   "lost",        "take-over",
                                                 "silent", "settings", "unconfirmed", "other"};
  static_assert(std::size(kCauses) == uplink::kLinkCauses);
  w.Family("link_failures_total", "counter", "Attempts and connections that failed, by cause.");
  for (size_t i = 1; i < std::size(kCauses); ++i) {
    w.Sample(u.failures_total[i], fmt::format("cause=\"{}\"", kCauses[i]));
  }
  w.Distribution("publish_seconds", "From an event's recording to the broker's acknowledgement.",
                 u.to_broker);
  if (!s.by_broker()) {
    w.Distribution("confirm_seconds", "From an event's recording to the centre's confirmation.",
                   u.to_centre);
  }
  w.Counter("refused_commands_total", "Commands that were not obeyed.", u.refused_commands_total);
  w.Counter("disbelieved_confirmations_total", "Confirmations that were not believed.",
            u.disbelieved_confirmations_total);
  w.Gauge("parked_events", "Events whose body this broker cannot take.", s.journal.owed.size());
}

void Certificates(Writer& w, const std::vector<monitor::CertificateRow>& rows) {
  const auto known = [](const monitor::CertificateRow& row) { return row.not_after != WallTime(); };
  if (std::none_of(rows.begin(), rows.end(), known)) return;
  w.Family("certificate_expiry_timestamp_seconds", "gauge", "When the certificate ends.");
  for (const monitor::CertificateRow& row : rows) {
    if (known(row))
      w.Real(metrics::UnixSeconds(row.not_after), fmt::format("setting=\"{}\"", Escaped(row.name)));
  }
}

}  // namespace

std::string MetricsText(const monitor::Snapshot& snapshot) {
  Writer writer("tillrelay_");
  Build(writer, snapshot);
  Capture(writer, snapshot);
  Registers(writer, snapshot.capture);
  Reconciliation(writer, snapshot.registers);
  UnbalancedDays(writer, snapshot);
  Issues(writer, snapshot);
  Journal(writer, snapshot);
  Link(writer, snapshot);
  Certificates(writer, snapshot.certificates);
  return writer.Take();
}

}  // namespace tillrelay::api
