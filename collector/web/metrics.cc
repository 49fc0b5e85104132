#include "collector/web/metrics.h"

#include <fmt/format.h>

#include <map>

#include "collector/exceptions/exception.h"
#include "common/metrics/prometheus.h"

namespace tillrelay::collector {
namespace {

using Metrics = metrics::PrometheusWriter;

void Events(const IngestCounters& c, Metrics* m) {
  m->Family("events_total", "counter", "Events taken in, by what became of them.");
  const std::pair<const char*, uint64_t> outcomes[] = {
      {"counted", c.counted}, {"held", c.out_of_order}, {"duplicate", c.duplicates},
      {"fork", c.forks},      {"dropped", c.dropped},   {"parked", c.parked},
      {"filled", c.filled},   {"doubtful", c.doubtful}, {"unapplied", c.unapplied},
      {"no_room", c.no_room}};
  for (const auto& [word, count] : outcomes) m->Sample(count, fmt::format("outcome=\"{}\"", word));
  m->Family("events_refused_total", "counter", "Events that were not believed, by why.");
  m->Sample(c.malformed, "reason=\"malformed\"");
  m->Sample(c.foreign, "reason=\"foreign\"");
  m->Sample(c.broken_chain, "reason=\"chain\"");
  m->Sample(c.unstorable, "reason=\"unstorable\"");
  m->Sample(c.too_many_streams, "reason=\"streams\"");
  m->Family("messages_total", "counter", "Messages of the events topics.");
  m->Sample(c.messages);
  m->Family("transactions_total", "counter", "Groups of messages stored in one transaction each.");
  m->Sample(c.groups);
}

void Process(const MetricsView& view, Metrics* m) {
  const CollectorActivity& n = view.collector;
  m->Family("build_info", "gauge", "Always 1.");
  m->Sample(1, "version=\"" TILLRELAY_VERSION "\"");
  m->Time("start_time_seconds", "When the service started, Unix time.", n.started_at);
  m->Family("broker_connected", "gauge", "1 while connected to the broker and subscribed.");
  m->Sample(n.connected ? 1 : 0);
  m->Family("database_up", "gauge", "1 while events can be stored.");
  m->Sample(n.failing ? 0 : 1);
  m->Family("leads", "gauge", "1 if this collector looks after the stores.");
  m->Sample(n.leads ? 1 : 0);
  m->Time("last_commit_timestamp_seconds", "When events were last stored.", n.committed_at);
  m->Family("inbox_dropped_total", "counter", "Messages dropped unconfirmed: the inbox was full.");
  m->Sample(n.dropped_inbox);
  m->Family("failing_dropped_total", "counter",
            "Messages dropped unconfirmed while the database failed.");
  m->Sample(n.dropped_while_failing);
  m->Family("database_failures_total", "counter", "Transactions and connections that failed.");
  m->Sample(n.store_failures);
  m->Family("controls_unread_total", "counter", "Status and reply messages that were not read.");
  m->Sample(n.unread_controls);
  m->Family("effects_skipped_total", "counter", "Stock effects that could not be applied.");
  m->Sample(n.skipped_effects);
  m->Family("confirmations_total", "counter", "Confirmations published.");
  m->Sample(n.confirmations);
  m->Family("replays_asked_total", "counter", "Requests for missing numbers.");
  m->Sample(n.replays_asked);
  m->Family("forks_told_total", "counter", "Agents told that their past is not ours.");
  m->Sample(n.forks_reported);
  m->Family("rescued_total", "counter", "Events kept aside and applied after an hour.");
  m->Sample(n.rescued);
}

void Exceptions(const MetricsView& view, Metrics* m) {
  std::map<std::string_view, StoreFacts::Exceptions> kinds;
  for (const auto& [kind, states] : view.exceptions) {
    for (const auto& [state, count] : states) {
      (state == kOpen ? kinds[kind].open : kinds[kind].known) += count;
    }
  }
  m->Family("exceptions_open", "gauge", "Exceptions that nobody has acknowledged, by kind.");
  for (const KindRule& kind : ExceptionKinds()) {
    m->Sample(kinds[kind.word].open, fmt::format("kind=\"{}\"", kind.word));
  }
  m->Family("exceptions_known", "gauge", "Exceptions that hold and that somebody knows of.");
  for (const KindRule& kind : ExceptionKinds()) {
    m->Sample(kinds[kind.word].known, fmt::format("kind=\"{}\"", kind.word));
  }
}

void SinkGauge(const MetricsView& view, Metrics* m, const char* name, const char* help,
               uint64_t (*value)(const SinkState&)) {
  m->Family(name, "gauge", help);
  for (const SinkState& s : view.sinks) {
    m->Sample(value(s), fmt::format("sink=\"{}\"", s.row.name));
  }
}

void SinkGauges(const MetricsView& view, Metrics* m) {
  SinkGauge(view, m, "sink_position", "The last position that a sink has taken.",
            [](const SinkState& s) { return s.row.cursor.at.position; });
  SinkGauge(view, m, "sink_behind_positions", "Positions that a sink has not taken.",
            [](const SinkState& s) { return s.behind; });
  SinkGauge(view, m, "sink_halted", "1 while a sink waits for a person.",
            [](const SinkState& s) { return uint64_t{!s.row.halted.empty()}; });
  SinkGauge(view, m, "sink_paused", "1 while a person has paused a sink.",
            [](const SinkState& s) { return uint64_t{s.row.paused}; });
  SinkGauge(view, m, "sink_failures",
            "Tries of a sink that failed since the last one that did not.",
            [](const SinkState& s) { return s.row.failures; });
}

void SinkTries(const MetricsView& view, Metrics* m) {
  m->Family("sink_tries_total", "counter",
            "Messages that this process sent, by what became of them.");
  for (const auto& [name, c] : view.sink_counters) {
    const std::pair<const char*, uint64_t> outcomes[] = {
        {"taken", c.taken}, {"failed", c.failed}, {"refused", c.refused}};
    for (const auto& [word, count] : outcomes) {
      m->Sample(count, fmt::format("sink=\"{}\",outcome=\"{}\"", name, word));
    }
  }
}

void Stores(const MetricsView& view, Metrics* m) {
  uint64_t levels[3] = {}, waiting = 0, missing = 0, lost = 0, aside = 0, owed = 0, open = 0,
           doubtful = 0, unapplied = 0, held = 0;
  for (const StoreHealth& s : view.stores) {
    ++levels[static_cast<size_t>(s.level)];
    waiting += s.news.waiting;
    missing += s.facts.missing;
    lost += s.facts.lost;
    open += s.facts.open_losses;
    doubtful += s.facts.doubtful;
    aside += s.facts.diverged;
    owed += s.facts.owed;
    unapplied += s.facts.unapplied;
    held += s.facts.held + s.facts.too_old;
  }
  m->Family("stores_waiting_events", "gauge", "Events that stores said are waiting, summed.");
  m->Sample(waiting);
  if (!view.database_answers) return;
  m->Family("stores", "gauge", "Stores by level.");
  for (const Level level : {Level::kGreen, Level::kAmber, Level::kRed}) {
    m->Sample(levels[static_cast<size_t>(level)], fmt::format("level=\"{}\"", HealthWord(level)));
  }
  m->Family("missing_events", "gauge", "Numbers that are missing and asked for.");
  m->Sample(missing);
  m->Family("lost_events", "gauge", "Numbers declared lost and not filled since.");
  m->Sample(lost);
  m->Family("open_losses", "gauge", "Streams that ended, nobody knows at which number.");
  m->Sample(open);
  m->Family("doubtful_events", "gauge", "Events that may have counted before: in no ledger.");
  m->Sample(doubtful);
  m->Family("kept_aside_events", "gauge", "Events kept aside because they contradict a stream.");
  m->Sample(aside);
  m->Family("owed_events", "gauge", "Events whose body did not fit the line.");
  m->Sample(owed);
  m->Family("unapplied_events", "gauge", "Events that are kept because they cannot be applied.");
  m->Sample(unapplied);
  m->Family("held_counts", "gauge", "Lines of counts that cannot be applied now.");
  m->Sample(held);
  Exceptions(view, m);
  SinkGauges(view, m);
}

}  // namespace

std::string MetricsText(const MetricsView& view) {
  Metrics writer("tillrelay_collector_");
  Process(view, &writer);
  Events(view.collector.ingest, &writer);
  SinkTries(view, &writer);
  Stores(view, &writer);
  return writer.Take();
}

}  // namespace tillrelay::collector
