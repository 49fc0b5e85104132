#include "collector/web/metrics.h"

#include <fmt/format.h>

namespace tillrelay::collector {
namespace {

class Metrics {
 public:
  void Name(std::string_view name, std::string_view type, std::string_view help) {
    name_ = fmt::format("tillrelay_collector_{}", name);
    out_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name_, help, name_, type);
  }
  void Value(double value, std::string_view labels = "") {
    const bool whole = value == static_cast<double>(static_cast<int64_t>(value));
    const std::string number =
        whole ? fmt::format("{}", static_cast<int64_t>(value)) : fmt::format("{:.3f}", value);
    out_ += labels.empty() ? fmt::format("{} {}\n", name_, number)
                           : fmt::format("{}{{{}}} {}\n", name_, labels, number);
  }
  void Count(uint64_t value, std::string_view labels = "") {
    Value(static_cast<double>(value), labels);
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string name_, out_;
};

double Seconds(WallTime time) {
  const int64_t ms = time.time_since_epoch().count() / 1000;
  return static_cast<double>(ms) / 1000;
}

void Events(const IngestCounters& c, Metrics* m) {
  m->Name("events_total", "counter", "Events taken in, by what became of them.");
  const std::pair<const char*, uint64_t> outcomes[] = {
      {"counted", c.counted}, {"held", c.out_of_order}, {"duplicate", c.duplicates},
      {"fork", c.forks},      {"dropped", c.dropped},   {"parked", c.parked},
      {"filled", c.filled},   {"doubtful", c.doubtful}, {"unapplied", c.unapplied},
      {"no_room", c.no_room}};
  for (const auto& [word, count] : outcomes) m->Count(count, fmt::format("outcome=\"{}\"", word));
  m->Name("events_refused_total", "counter", "Events that were not believed, by why.");
  m->Count(c.malformed, "reason=\"malformed\"");
  m->Count(c.foreign, "reason=\"foreign\"");
  m->Count(c.broken_chain, "reason=\"chain\"");
  m->Count(c.unstorable, "reason=\"unstorable\"");
  m->Count(c.too_many_streams, "reason=\"streams\"");
  m->Name("messages_total", "counter", "Messages of the events topics.");
  m->Count(c.messages);
  m->Name("transactions_total", "counter", "Groups of messages stored in one transaction each.");
  m->Count(c.groups);
}

void Process(const MetricsView& view, Metrics* m) {
  const CollectorActivity& n = view.collector;
  m->Name("build_info", "gauge", "Always 1.");
  m->Count(1, "version=\"" TILLRELAY_VERSION "\"");
  m->Name("start_time_seconds", "gauge", "When the service started, Unix time.");
  m->Value(Seconds(n.started_at));
  m->Name("broker_connected", "gauge", "1 while connected to the broker and subscribed.");
  m->Count(n.connected ? 1 : 0);
  m->Name("database_up", "gauge", "1 while events can be stored.");
  m->Count(n.failing ? 0 : 1);
  m->Name("leads", "gauge", "1 if this collector looks after the stores.");
  m->Count(n.leads ? 1 : 0);
  if (n.committed_at != WallTime()) {
    m->Name("last_commit_timestamp_seconds", "gauge", "When events were last stored.");
    m->Value(Seconds(n.committed_at));
  }
  m->Name("inbox_dropped_total", "counter", "Messages dropped unconfirmed: the inbox was full.");
  m->Count(n.dropped_inbox);
  m->Name("failing_dropped_total", "counter",
          "Messages dropped unconfirmed while the database failed.");
  m->Count(n.dropped_while_failing);
  m->Name("database_failures_total", "counter", "Transactions and connections that failed.");
  m->Count(n.store_failures);
  m->Name("controls_unread_total", "counter", "Status and reply messages that were not read.");
  m->Count(n.unread_controls);
  m->Name("effects_skipped_total", "counter", "Stock effects that could not be applied.");
  m->Count(n.skipped_effects);
  m->Name("confirmations_total", "counter", "Confirmations published.");
  m->Count(n.confirmations);
  m->Name("replays_asked_total", "counter", "Requests for missing numbers.");
  m->Count(n.replays_asked);
  m->Name("forks_told_total", "counter", "Agents told that their past is not ours.");
  m->Count(n.forks_reported);
  m->Name("rescued_total", "counter", "Events kept aside and applied after an hour.");
  m->Count(n.rescued);
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
    aside += s.facts.forks;
    owed += s.facts.owed;
    unapplied += s.facts.unapplied;
    held += s.facts.held + s.facts.too_old;
  }
  m->Name("stores_waiting_events", "gauge", "Events that stores said are waiting, summed.");
  m->Count(waiting);
  if (!view.database_answers) return;
  m->Name("stores", "gauge", "Stores by level.");
  for (const Level level : {Level::kGood, Level::kWarn, Level::kBad}) {
    m->Count(levels[static_cast<size_t>(level)], fmt::format("level=\"{}\"", LevelWord(level)));
  }
  m->Name("missing_events", "gauge", "Numbers that are missing and asked for.");
  m->Count(missing);
  m->Name("lost_events", "gauge", "Numbers declared lost and not filled since.");
  m->Count(lost);
  m->Name("open_losses", "gauge", "Streams that ended, nobody knows at which number.");
  m->Count(open);
  m->Name("doubtful_events", "gauge", "Events that may have counted before: in no ledger.");
  m->Count(doubtful);
  m->Name("kept_aside_events", "gauge", "Events kept aside because they contradict a stream.");
  m->Count(aside);
  m->Name("owed_events", "gauge", "Events whose body did not fit the line.");
  m->Count(owed);
  m->Name("unapplied_events", "gauge", "Events that are kept because they cannot be applied.");
  m->Count(unapplied);
  m->Name("held_counts", "gauge", "Lines of counts that cannot be applied now.");
  m->Count(held);
}

}  // namespace

std::string MetricsText(const MetricsView& view) {
  Metrics metrics;
  Process(view, &metrics);
  Events(view.collector.ingest, &metrics);
  Stores(view, &metrics);
  return metrics.Take();
}

}  // namespace tillrelay::collector
