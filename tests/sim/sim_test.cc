// The whole protocol in simulated hours: real journals, couriers, senders and collector on real
// files, a broker that lies, disks that are copied, set back and lost. The oracle: every accepted
// event is applied exactly once, or declared lost, unless its only copies went down with a disk.
//   sim_test --seed N --seeds K [--without chain|rewind|ids|puback] [--faults LIST] [--trace]
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "common/base/log.h"
#include "tests/sim/centre.h"
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
  std::string faults = "crash,snapshot,clone,disk,broker,line,centre,restore";
  int retention_minutes = 0;  // 0: by seed
  bool trace = false;
  bool Has(const char* fault) const { return faults.find(fault) != std::string::npos; }
};

struct Totals {
  uint64_t accepted = 0, applied = 0, excused = 0, declared = 0, forks = 0, losses = 0, doubted = 0;
  uint64_t messages = 0, connects = 0, deleted = 0, undrained = 0;
  double hours = 0;  // simulated
};

class Story {
 public:
  Story(const Options& options, uint64_t seed) : options_(options), world_(seed), centre_(&world_) {
    world_.directory = directory_.path();
    world_.trace = options.trace;
    world_.rules.chain = options.without != "chain";
    world_.rules.rewind = options.without != "rewind";
    world_.rules.puback_deletes_nothing = options.without != "puback";
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
    }
    Heal();
    for (int i = 0; i < 120 && !Drained(); ++i) Pass(minutes(1));
    Pass(minutes(3));
    Count(totals);
    totals->hours +=
        std::chrono::duration<double, std::ratio<3600>>(world_.timeline.now() - start).count();
    return Judge(totals);
  }

 private:
  bool Has(const char* fault) const {
    const std::string pasts = "snapshot clone disk";
    if (confirms_only_ && pasts.find(fault) != std::string::npos) return false;
    return options_.Has(fault);
  }
  Node& AnyNode() {
    for (;;) {
      Node& node = *nodes_[world_.random.Below(nodes_.size())];
      if (node.running() || world_.random.Chance(0.05)) return node;
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
    Node& node = AnyNode();
    if (Has("crash") && dice.Chance(0.15)) {
      node.Stop();
      if (dice.Chance(0.8)) node.Start();
    }
    if (!node.running() && dice.Chance(0.5)) node.Start();
    if (Has("snapshot") && dice.Chance(0.1)) node.Snapshot();
    if (Has("snapshot") && node.has_snapshot() && dice.Chance(0.12)) node.Restore();
    if (Has("disk") && dice.Chance(0.02)) node.LoseDisk();
    if (Has("clone") && dice.Chance(0.04)) Clone();
    if (Has("broker")) BrokerTrouble();
    if (Has("line")) LineTrouble();
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

  void Clone() {
    const size_t store = 2 * world_.random.Below(2);
    Node& one = *nodes_[store];
    Node& other = *nodes_[store + 1];
    if (one.running() && !other.running()) one.CloneTo(&other);
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

  void Heal() {
    world_.broker.up = true;
    world_.broker.faults = {};
    if (!centre_.running()) centre_.Start();
    for (size_t i = 0; i < nodes_.size(); i += 2) {
      if (!nodes_[i]->running()) nodes_[i]->Start();
      // A twin that was started once holds events of its own.
      if (!nodes_[i + 1]->running() && !nodes_[i + 1]->Told().empty()) StartTwin(i + 1);
    }
    // A server that was pushed off by its twin does not know yet that the centre was set back.
    for (const auto& node : nodes_) node->WaitForTheCentre();
  }
  void StartTwin(size_t i) {
    if (std::filesystem::exists(world_.directory + "/" + TwinFile(i))) nodes_[i]->Start();
  }
  std::string TwinFile(size_t i) const { return nodes_[i]->store_id() + "-b.db"; }

  bool Drained() {
    for (const auto& node : nodes_) {
      if (node->running() && !(node->drained() && node->heard_the_centre())) return false;
    }
    return centre_.Query("SELECT count(*) FROM gap") + centre_.Forgotten() == 0;
  }

  void Count(Totals* totals) {
    const Truth& truth = world_.truth;
    totals->accepted += truth.accepted.size();
    totals->applied += centre_.Counted().size();
    totals->excused += truth.excused.size();
    totals->declared += truth.declared.size();
    totals->forks += truth.forks;
    totals->losses += truth.losses;
    totals->deleted += truth.deleted;
    totals->messages += world_.broker.messages;
    totals->connects += world_.broker.connects;
    if (!Drained()) ++totals->undrained;
  }

  std::string WhereGiven(const std::string& id) const {
    std::string where;
    for (const auto& [place, ids] : world_.truth.given) {
      if (ids.contains(id)) where += fmt::format(", given {}/{}", place.first, place.second);
    }
    return where;
  }

  std::string Judge(Totals* totals) {
    const std::set<std::string> counted = centre_.Counted();
    std::set<std::string> held;
    for (const auto& node : nodes_) held.merge(node->Holds());
    size_t lost = 0, sales = 0;
    std::string first;
    for (const auto& [id, number] : world_.truth.accepted) {
      sales += counted.contains(id) ? 1 : 0;
      if (counted.contains(id) || world_.truth.declared.contains(id)) continue;
      if (world_.truth.excused.contains(id) && !held.contains(id)) continue;
      if (world_.truth.doubted.contains(id) && !held.contains(id)) {
        ++totals->doubted;
        continue;
      }
      if (lost++ == 0) first = id + " number " + number + WhereGiven(id);
    }
    std::string wrong;
    if (lost > 0)
      wrong += fmt::format("{} events lost without a declaration, first {}; ", lost, first);
    const auto sold = static_cast<size_t>(centre_.Sold());
    if (sold != sales) wrong += fmt::format("{} sales applied, the ledger says {}; ", sales, sold);
    if (!Drained()) wrong += "not drained; ";
    if (wrong.empty()) return wrong;
    for (const auto& node : nodes_) wrong += "\n  " + node->Told();
    return wrong + "\n  centre:\n" + centre_.Told();
  }

  const Options& options_;
  bool confirms_only_ = false;
  testing::TempDir directory_;
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
  Totals totals;
  uint64_t failed = 0;
  for (uint64_t seed = options.seed; seed < options.seed + options.seeds; ++seed) {
    const std::string wrong = Story(options, seed).Play(&totals);
    if (wrong.empty()) continue;
    ++failed;
    fmt::print("seed {}: {}\n  again: sim_test --seed {} --faults {}{}{}\n", seed, wrong, seed,
               options.faults, options.without.empty() ? "" : " --without ", options.without);
  }
  fmt::print(
      "{} seeds, {} failed: {} accepted, {} applied, {} excused, {} declared lost, {} "
      "gone and only in doubt; {} forks, {} losses, {} blocks deleted; {:.2f} messages an event, "
      "{:.0f} connections an hour and store, "
      "{} not drained\n",
      options.seeds, failed, totals.accepted, totals.applied, totals.excused, totals.declared,
      totals.doubted, totals.forks, totals.losses, totals.deleted,
      totals.accepted == 0
          ? 0.0
          : static_cast<double>(totals.messages) / static_cast<double>(totals.accepted),
      static_cast<double>(totals.connects) / (2 * std::max(totals.hours, 1.0)), totals.undrained);
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tillrelay::sim

int main(int argc, char** argv) {
  tillrelay::sim::Options options;
  if (!tillrelay::sim::Parse(argc, argv, &options)) return 2;
  // What the rooms log is of no use here, and there is much of it.
  if (!options.trace && std::freopen("/dev/null", "w", stderr) == nullptr) return 2;
  return tillrelay::sim::Run(options);
}
