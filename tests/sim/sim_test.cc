// The whole protocol in simulated hours: real journals, couriers, senders and collector, a broker
// that lies, disks that are copied, set back and lost, that fill and are freed, power that goes in
// the middle of anything, clocks that step, settings that change, rows that are damaged, files that
// vanish and pages that are zeroed; where the list of faults has "slow" and "limit", lines that
// carry little and brokers that refuse large messages today. The oracle: every accepted event is
// applied exactly once, or declared lost, unless its only copies went down with a disk.
//   sim_test --seed N --seeds K [--jobs J] [--report FILE] [--faults LIST] [--trace]
//            [--without chain|rewind|ids|puback|sync|salvage|witness]
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "common/base/log.h"
#include "tests/sim/centre.h"
#include "tests/support/case_runner.h"
#include "tests/support/fault_disk.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::sim {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kSteps = 40;           // of trouble, some minutes each
constexpr uint64_t kEnough = 4'000;  // turns without time moving: somebody spins

struct Options {
  uint64_t seed = 1, seeds = 1;
  std::string without;
  std::string faults =
      "crash,snapshot,clone,disk,broker,line,centre,restore,power,full,clock,settings,backup,"
      "damage,vanish,zero";
  std::string report;  // one line of JSON is added there
  size_t jobs = 1;
  int retention_minutes = 0;  // 0: by seed
  bool trace = false;
  bool Has(const char* fault) const { return faults.find(fault) != std::string::npos; }
  // With these alone no disk and no database loses anything.
  bool OnlyHarmless() const { return Only({"crash,", "broker,", "line,", "centre,"}); }
  // With these no server ever gives a number that another has given, or had given once.
  bool OnlyOnePast() const {
    return Only({"crash,", "broker,", "line,", "centre,", "damage,", "vanish,", "zero,", "power,",
                 "full,", "clock,", "settings,"});
  }
  bool Only(std::initializer_list<const char*> allowed) const {
    std::string rest = faults + ",";
    for (const char* harmless : allowed) {
      const size_t at = rest.find(harmless);
      if (at != std::string::npos) rest.erase(at, std::strlen(harmless));
    }
    return rest.empty() || rest == ",";
  }
};

using Totals = std::map<std::string, uint64_t>;

class Story {
 public:
  Story(const Options& options, uint64_t seed) : options_(options), world_(seed), centre_(&world_) {
    world_.directory = directory_.path();
    world_.trace = options.trace;
    world_.without = options.without;
    world_.large_receipts = options.Has("limit");
    const bool brief = options.retention_minutes > 0 || world_.random.Chance(0.3);
    if (brief) world_.retention = minutes(std::max(5, options.retention_minutes));
    // A fifth of the stories has a centre that confirms and cannot ask: what the store does of
    // itself must be enough for everything but disks with two pasts.
    confirms_only_ = world_.retention > hours(24) && world_.random.Chance(0.2);
    world_.broker.no_commands = confirms_only_;
    for (const char* store : {"0017", "0042"}) {
      nodes_.push_back(std::make_unique<Node>(&world_, store, store + std::string("-a")));
      nodes_.push_back(std::make_unique<Node>(&world_, store, store + std::string("-b")));
    }
    disk_.Watch(world_.directory + "/disk");
    disk_.LieAboutSyncs(options.without == "sync");
  }
  ~Story() {
    for (const auto& node : nodes_) node->Stop();
    disk_.StopWatching();
  }

  // What is wrong in the end, or "".
  std::string Play(Totals* totals) {
    const Instant start = world_.timeline.now();
    centre_.Start();
    nodes_[0]->Start();
    nodes_[2]->Start();
    for (int step = 0; step < kSteps; ++step) {
      Trouble();
      Pass(seconds(5 + world_.random.Below(400)));
      if (power_goes_) PowerGoes();
    }
    Heal();
    for (int i = 0; i < 120 && !Drained(); ++i) Pass(minutes(1));
    Pass(minutes(6));  // a centre that told of a contradiction tells it again after five
    for (int i = 0; i < 120 && !Drained(); ++i) Pass(minutes(1));
    Count(totals);
    (*totals)["simulated minutes"] += static_cast<uint64_t>(
        std::chrono::duration_cast<minutes>(world_.timeline.now() - start).count());
    return HealthRules(totals);
  }

 private:
  bool Has(const char* fault) const {
    // Settings may shorten the retention: what is deleted has to be asked for.
    const std::string pasts = "snapshot clone disk settings";
    if (confirms_only_ && pasts.find(fault) != std::string::npos) return false;
    // A salvage leaves what was confirmed in the file that it sets aside: a centre that is set back
    // has to ask for it to learn that it is gone.
    if (confirms_only_ && Salvages() && std::string(fault) == "restore") return false;
    return options_.Has(fault);
  }
  bool Salvages() const {
    return options_.Has("damage") || options_.Has("vanish") || options_.Has("zero");
  }
  Node& AnyNode() {
    for (;;) {
      Node& node = *nodes_[world_.random.Below(nodes_.size())];
      if (node.running() || (node.in_use() && world_.random.Chance(0.05))) return node;
    }
  }

  void Pass(Duration time) {
    Timeline& timeline = world_.timeline;
    const Instant end = timeline.now() + time;
    uint64_t turns = 0;
    Instant minute = timeline.now() + minutes(1);
    while (timeline.now() < end) {
      Instant next = std::min({end, minute, timeline.next(), centre_.NextDeadline()});
      for (const auto& node : nodes_) next = std::min(next, node->NextDeadline());
      const bool stands = next <= timeline.now();
      if (stands && ++turns > kEnough) Spins();
      if (!stands) turns = 0;
      timeline.RunTo(std::max(next, timeline.now()));
      for (const auto& node : nodes_) node->Turn();
      if (power_goes_ && disk_.failed()) PowerGoes();
      centre_.Tick();
      if (options_.without == "ids") centre_.ForgetIds();
      if (timeline.now() < minute) continue;
      minute += minutes(1);
      for (const auto& node : nodes_) node->Housekeeping();
      if (world_.random.Chance(0.02)) world_.broker.SaveRetained();
    }
  }

  // Somebody's deadline never moves: who?
  void Spins() {
    const Instant now = world_.timeline.now();
    fmt::print("time stands: plans {}, centre {}", world_.timeline.next() <= now,
               centre_.NextDeadline() <= now);
    for (const auto& node : nodes_) {
      if (node->NextDeadline() <= now) fmt::print("\n  {}", node->Told());
    }
    fmt::print("\n");
    std::fflush(stdout);
    CHECK(false);
  }

  void Trouble() {
    auto& dice = world_.random;
    for (const auto& node : nodes_) {
      if (dice.Chance(0.7))
        node->Sell(static_cast<int>(1 + dice.Below(dice.Chance(0.1) ? 200 : 6)));
    }
    if (dice.Chance(0.1)) AnyNode().TellAgain(3);
    DiskTrouble();
    Node& node = AnyNode();
    if (Has("crash") && dice.Chance(0.15)) {
      node.Stop();
      if (dice.Chance(0.8)) node.Start();
    }
    if (!node.running() && dice.Chance(0.5)) node.Start();
    if (!world_.disk_hurts) CopyTrouble(&node);
    if (Has("broker")) BrokerTrouble();
    if (Has("line")) LineTrouble();
    if (Has("slow")) world_.broker.faults.bytes_per_s = SomeRate();
    if (Has("limit") && dice.Chance(0.3)) ChangeLimit();
    if (Has("centre") && dice.Chance(0.1)) {
      if (centre_.running()) {
        centre_.Stop();
      } else {
        centre_.Start();
      }
    }
    if (!centre_.running() && dice.Chance(0.5)) centre_.Start();
    if (Has("restore") && dice.Chance(0.08)) centre_.Backup();
    if (Has("restore") && centre_.has_backup() && dice.Chance(0.04)) centre_.Restore();
  }

  void CopyTrouble(Node* node) {
    auto& dice = world_.random;
    if (Has("snapshot") && dice.Chance(0.1)) node->Snapshot();
    if (Has("snapshot") && node->has_snapshot() && dice.Chance(0.12)) node->Restore();
    if (Has("disk") && dice.Chance(0.02)) node->LoseDisk();
    if (Has("clone") && dice.Chance(0.04)) Clone();
    if (Has("backup") && dice.Chance(0.06)) node->MakeBackup();
    if (Has("backup") && node->has_backup() && dice.Chance(0.04)) node->RestoreBackup();
    if (Has("damage") && dice.Chance(0.04)) node->SpoilARow();
    if (Has("vanish") && dice.Chance(0.03)) node->LoseAFile();
    if (Has("zero") && dice.Chance(0.04)) node->ZeroPages();
  }

  // The power will go in one of the next operations, whatever that is; the disk fills and is freed;
  // a clock steps; an administrator changes something.
  void DiskTrouble() {
    auto& dice = world_.random;
    Node& node = AnyNode();
    if (Has("clock") && dice.Chance(0.06)) StepClock(&node);
    if (Has("settings") && dice.Chance(0.04) && !world_.disk_hurts) node.ChangeSettings();
    if (full_ && dice.Chance(0.5)) Full(false);
    if (Has("full") && !power_goes_ && dice.Chance(0.06)) Full(true);
    if (Has("power") && !full_ && dice.Chance(0.15)) {
      disk_.FailAt(disk_.operations() + 1 + dice.Below(uint64_t{1} << dice.Below(9)), EIO, true);
      power_goes_ = world_.disk_hurts = true;
    }
  }

  void StepClock(Node* node) {
    constexpr hours kJumps[] = {hours(0),
                                hours(0),
                                hours(-3),
                                hours(30),
                                hours(24 * 3650),
                                hours(-24 * 3650),
                                hours(-24 * 365 * 50)};
    node->clock.off = kJumps[world_.random.Below(std::size(kJumps))];
  }

  void Full(bool full) {
    full_ = world_.disk_hurts = full;
    disk_.SetRoom(full ? std::optional<int64_t>(disk_.used() +
                                                static_cast<int64_t>(world_.random.Below(100'000)))
                       : std::nullopt);
  }

  // All servers stand still, and start again with what was synced and a part of what was not.
  void PowerGoes() {
    std::vector<Node*> ran;
    for (const auto& node : nodes_) {
      if (node->running()) ran.push_back(node.get());
      node->Stop();
    }
    disk_.FailAt(0, 0, false);
    disk_.Cut(testing::kCutModes[world_.random.Below(std::size(testing::kCutModes))],
              &world_.random);
    disk_.LieAboutSyncs(options_.without == "sync");
    power_goes_ = world_.disk_hurts = false;
    ++cuts_;
    for (Node* node : ran) node->Start();
  }

  void Clone() {
    const size_t store = 2 * world_.random.Below(2);
    Node& one = *nodes_[store];
    Node& other = *nodes_[store + 1];
    if (!one.running() || other.running()) return;
    // Or it is a new one that was given the store's name by mistake.
    if (other.in_use() || world_.random.Chance(0.7)) return one.CloneTo(&other);
    other.Start();
  }

  void BrokerTrouble() {
    auto& dice = world_.random;
    if (dice.Chance(0.05)) world_.broker.Crash();
    world_.broker.up = dice.Chance(0.9);
    if (!world_.broker.up) world_.broker.Crash();
    world_.broker.faults.never_acks = dice.Chance(0.03);
    world_.broker.faults.loses = dice.Chance(0.4) ? 0.15 : 0;
  }

  void LineTrouble() {
    auto& dice = world_.random;
    auto& faults = world_.broker.faults;
    faults.duplicates = dice.Chance(0.4) ? 0.1 : 0;
    faults.reorders = dice.Chance(0.3) ? 0.1 : 0;
    faults.breaks = dice.Chance(0.3) ? 0.03 : 0;
    faults.loses_acks = dice.Chance(0.1) ? 0.05 : 0;
  }

  // A large receipt takes up to 12 s, what was sold during an outage many minutes.
  double SomeRate() {
    auto& dice = world_.random;
    return dice.Chance(0.4) ? 300.0 + static_cast<double>(dice.Below(8000)) : 0;
  }

  // A broker that is started again with another limit, or one that changes it under way.
  void ChangeLimit() {
    auto& dice = world_.random;
    world_.broker.limit = dice.Chance(0.6) ? 1600 + dice.Below(3000) : 0;
    world_.broker.tells_limit = dice.Chance(0.5);
    if (dice.Chance(0.5)) world_.broker.EndConnections();
  }

  void Heal() {
    if (power_goes_) PowerGoes();
    if (full_) Full(false);
    for (const auto& node : nodes_) node->clock.off = hours(0);
    world_.broker.up = true;
    world_.broker.faults = {};
    world_.broker.limit = 0;
    if (Has("limit")) world_.broker.EndConnections();
    if (!centre_.running()) centre_.Start();
    for (size_t i = 0; i < nodes_.size(); i += 2) {
      if (!nodes_[i]->running()) nodes_[i]->Start();
      // A twin that was started once holds events of its own.
      if (!nodes_[i + 1]->running() && nodes_[i + 1]->in_use()) nodes_[i + 1]->Start();
    }
    // A server that was pushed off by its twin does not know yet that the centre was set back.
    for (const auto& node : nodes_) node->WaitForTheCentre();
  }

  // Of parked events; what went down with a disk cannot be sent any more.
  bool BodiesWait() {
    const std::set<std::string> owed = centre_.Owed();
    if (owed.empty()) return false;
    std::set<std::string> held;
    for (const auto& node : nodes_) held.merge(node->Holds());
    return std::any_of(owed.begin(), owed.end(), [&](const auto& id) { return held.contains(id); });
  }

  bool Drained() {
    for (const auto& node : nodes_) {
      if (node->running() && !(node->drained() && node->heard_the_centre())) return false;
    }
    if (BodiesWait()) return false;
    // What opened a stream that ended before it was sent has to be asked for as well.
    const bool openings = confirms_only_ && Salvages();
    return centre_.Query(openings ? "SELECT count(*) FROM gap WHERE last>1"
                                  : "SELECT count(*) FROM gap") +
               centre_.Query("SELECT count(*) FROM owed") + centre_.UnappliedDiverged() ==
           0;
  }

  void Count(Totals* totals) {
    const Truth& truth = world_.truth;
    Totals& all = *totals;
    all["accepted"] += truth.accepted.size();
    all["applied"] += centre_.Counted().size();
    all["excused"] += truth.excused.size();
    all["declared lost"] += truth.declared.size();
    all["forks"] += truth.forks;
    all["losses"] += truth.losses;
    all["salvages"] += truth.salvages;
    all["power cuts"] += cuts_;
    all["refused"] += truth.refused;
    all["deletions"] += truth.deleted;
    all["messages"] += world_.broker.messages;
    all["connections"] += world_.broker.connects;
    if (!Drained()) ++all["not drained"];
  }

  std::string WhereGiven(const std::string& id) const {
    std::string where;
    for (const auto& [place, ids] : world_.truth.given) {
      if (ids.contains(id)) where += fmt::format(", given {}/{}", place.first, place.second);
    }
    return where;
  }

  std::string HealthRules(Totals* totals) {
    const std::set<std::string> counted = centre_.Counted();
    std::set<std::string> held;
    for (const auto& node : nodes_) held.merge(node->Holds());
    size_t lost = 0, sales = 0;
    std::string first;
    for (const auto& [id, number] : world_.truth.accepted) {
      sales += counted.contains(id) ? 1 : 0;
      const bool both = counted.contains(id) && world_.truth.declared.contains(id);
      (*totals)["declared though counted"] += both ? 1 : 0;
      if (counted.contains(id) || world_.truth.declared.contains(id)) continue;
      if (world_.truth.delivered.contains(id)) continue;
      if (world_.truth.excused.contains(id) && !held.contains(id)) continue;
      if (world_.truth.doubted.contains(id) && !held.contains(id)) {
        ++(*totals)["gone and only in doubt"];
        continue;
      }
      if (lost++ == 0) first = id + " number " + number + WhereGiven(id);
    }
    std::string wrong;
    if (options_.OnlyHarmless() && !world_.truth.declared.empty()) {
      wrong += fmt::format("{} events declared lost, though nothing loses any; ",
                           world_.truth.declared.size());
    }
    if (options_.OnlyOnePast() && world_.truth.forks > 0) {
      wrong += fmt::format("{} forks, though there is one past; ", world_.truth.forks);
    }
    if (lost > 0)
      wrong += fmt::format("{} events lost without a declaration, first {}; ", lost, first);
    const auto sold = static_cast<size_t>(centre_.Sold());
    if (sold != sales) wrong += fmt::format("{} sales applied, the ledger says {}; ", sales, sold);
    if (!Drained()) wrong += "not drained; ";
    if (!wrong.empty() && confirms_only_) wrong += "no command of the centre ever arrived; ";
    for (const std::string& fault : world_.truth.faults) wrong += fault + "; ";
    if (wrong.empty()) return wrong;
    for (const auto& node : nodes_) wrong += "\n  " + node->Told();
    return wrong + "\n  centre:\n" + centre_.Told();
  }

  const Options& options_;
  bool confirms_only_ = false;
  testing::TempDir directory_;
  testing::FaultDisk& disk_ = testing::FaultDisk::Instance();
  bool power_goes_ = false, full_ = false;
  uint64_t cuts_ = 0;
  World world_;
  Centre centre_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

bool Parse(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (word == "--trace") {
      options->trace = true;
      continue;
    }
    ++i;
    if (word == "--seed") {
      options->seed = std::strtoull(value, nullptr, 10);
    } else if (word == "--seeds") {
      options->seeds = std::strtoull(value, nullptr, 10);
    } else if (word == "--without") {
      options->without = value;
    } else if (word == "--faults") {
      options->faults = value;
    } else if (word == "--report") {
      options->report = value;
    } else if (word == "--jobs") {
      options->jobs = std::strtoull(value, nullptr, 10);
    } else if (word == "--retention-minutes") {
      options->retention_minutes = std::atoi(value);
    } else {
      fmt::print(stderr, "sim_test: unknown word {}\n", word);
      return false;
    }
  }
  return true;
}

int Run(const Options& options) {
  std::vector<uint64_t> seeds;
  for (uint64_t seed = options.seed; seed < options.seed + options.seeds; ++seed) {
    seeds.push_back(seed);
  }
  const auto play = [&](uint64_t seed) {
    testing::CaseOutcome outcome;
    outcome.fault = Story(options, seed).Play(&outcome.counts);
    return outcome;
  };
  const auto report = [&](uint64_t seed, const testing::CaseOutcome& outcome) {
    fmt::print("seed {}: {}\n  again: sim_test --seed {} --faults {}{}{}\n", seed, outcome.fault,
               seed, options.faults, options.without.empty() ? "" : " --without ", options.without);
    std::fflush(stdout);
  };
  if (options.trace) {
    report(options.seed, play(options.seed));
    return 0;
  }
  testing::CaseTotals totals = testing::RunCases(seeds, options.jobs, play, report);
  fmt::print("{} seeds, {} failed:", totals.run, totals.failed);
  for (const auto& [name, count] : totals.counts) fmt::print(" {} {},", count, name);
  const auto per = [&](const char* what, uint64_t of) {
    return static_cast<double>(totals.counts[what]) /
           static_cast<double>(std::max<uint64_t>(of, 1));
  };
  fmt::print(" {:.2f} messages an event, {:.0f} connections an hour and store\n",
             per("messages", totals.counts["accepted"]),
             per("connections", totals.counts["simulated minutes"]) * 30);
  testing::CaseOutcome all;
  all.counts = totals.counts;
  testing::CountAs("simulated stores", &all);
  all.counts["simulated stores/run"] = totals.run;
  all.counts["simulated stores/failed"] = totals.failed;
  totals.counts = std::move(all.counts);
  testing::WriteReport(options.report, "sim_test", totals);
  return totals.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tillrelay::sim

int main(int argc, char** argv) {
  tillrelay::sim::Options options;
  if (!tillrelay::sim::Parse(argc, argv, &options)) return 2;
  setenv("TMPDIR", "/dev/shm", 0);  // the disk is a simulated one
  // What the rooms log is of no use here, and there is much of it.
  if (!options.trace && std::freopen("/dev/null", "w", stderr) == nullptr) return 2;
  return tillrelay::sim::Run(options);
}
