// One ordinary day of a store, with the real journal, uplink, collector and diagnosis: sales in
// opening hours, a quiet night with the provider's forced reconnects, the line away for minutes, a
// slow hour, a broker, a collector and a daemon that are started again, a clock that is put right
// by two seconds, and the night in which summer time ends. Nobody may be called: no issue, nothing
// red. Amber has its fault, and is over soon after it; green is never shown over events that wait.
//   ordinary_day SEED...
#include <fmt/format.h>

#include <cstdlib>
#include <optional>

#include "agent/monitor/diagnosis.h"
#include "agent/monitor/issue_list.h"
#include "agent/reconcile/silence.h"
#include "common/base/log.h"
#include "common/event/opening_hours.h"
#include "tests/sim/centre.h"
#include "tests/support/fault_disk.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::sim {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// 2026-10-24 10:00 UTC, noon in Berlin; there summer time ends at 01:00 UTC.
constexpr WallTime kBegin{seconds(1792836000)};
constexpr WallTime kSummerEnds = kBegin + hours(15);
constexpr seconds kSeenEvery{5};   // by the page, and by whoever keeps the list of issues
constexpr minutes kAfterwards{3};  // what a fault may show when it is over
constexpr minutes kOnTheirWay{1};

int64_t LocalSeconds(WallTime time) {
  const auto since = std::chrono::floor<seconds>(time.time_since_epoch()) +
                     (time < kSummerEnds ? hours(2) : hours(1));
  return since.count();
}

class Day {
 public:
  explicit Day(uint64_t seed) : world_(seed), centre_(&world_), dice_(world_.random) {
    world_.directory = directory_.path();
    world_.drops_confirmations = false;
    node_.emplace(&world_, "0042", "0042-a");
    world_.timeline.clock.SetWall(kBegin);
    disk_.Watch(world_.directory + "/disk");
  }
  ~Day() {
    node_->Stop();
    disk_.StopWatching();
  }

  bool Play() {
    centre_.Start();
    StartNode();
    Plan();
    while (Wall() < kBegin + hours(25)) {
      Sales();
      Pass(kSeenEvery);
      Look();
    }
    const bool drained = node_->drained();
    fmt::print("{} events, {} looks: {} green, {} amber, {} issues, {} wrong{}\n",
               world_.truth.accepted.size(), looks_, green_, amber_, issues_.All().size(), wrong_,
               drained ? "" : ", not drained");
    for (const monitor::Issue& issue : issues_.All()) {
      fmt::print("  issue {}: {} {}\n", issue.id(), issue.title, issue.detail);
    }
    return drained && wrong_ == 0 && issues_.All().empty() && world_.truth.faults.empty();
  }

 private:
  WallTime Wall() const { return world_.timeline.clock.Wall(); }
  bool Open() const {
    const int64_t hour = LocalSeconds(Wall()) / 3600 % 24;
    return hour >= 8 && hour < 20;
  }

  void StartNode() {
    node_->Start();
    started_at_ = node_->clock.Wall();
  }

  void Sales() {
    if (!Open() || !node_->running() || Wall() < next_sale_) return;
    node_->Sell(static_cast<int>(1 + dice_.Below(3)));
    heard_at_ = node_->clock.Wall();
    next_sale_ = Wall() + seconds(10 + dice_.Below(110));
  }

  // From now on for so long something is the matter, and it may be shown.
  void Fault(Duration time) {
    excused_until_ = std::max(excused_until_, world_.timeline.now() + time + kAfterwards);
  }
  using Do = std::function<void()>;
  void At(Duration when, Do what) { world_.timeline.After(when, std::move(what)); }
  // `begin` at any time of the day, `end` so much later.
  void Somewhen(int times, Duration lasts, const Do& begin, const Do& end) {
    for (int i = 0; i < times; ++i) {
      const auto when = minutes(5 + dice_.Below(24 * 60 - 30));
      At(when, [this, lasts, begin] {
        Fault(lasts);
        begin();
      });
      At(when + lasts, end);
    }
  }

  void Plan() {
    const Do nothing = [] {};
    const Do lost = [this] { world_.broker.EndConnections(); };
    Somewhen(20, seconds(0), lost, nothing);  // a router that reconnects
    const auto away = [this](bool is) {
      return [this, is] {
        away_ += is ? 1 : -1;
        world_.broker.up = away_ == 0;
        if (is) world_.broker.EndConnections();
      };
    };
    Somewhen(4, minutes(2), away(true), away(false));
    Somewhen(2, minutes(8), away(true), away(false));
    At(hours(13), away(true));  // at night, when nothing waits
    At(hours(13), [this] { Fault(hours(2)); });
    At(hours(15), away(false));
    Somewhen(
        3, seconds(40),
        [this] {
          world_.broker.SaveRetained();
          world_.broker.Crash();
        },
        nothing);
    Somewhen(
        3, seconds(5), [this] { node_->Stop(); }, [this] { StartNode(); });
    Somewhen(
        2, seconds(60), [this] { centre_.Stop(); }, [this] { StartCentre(); });
    Somewhen(
        1, minutes(5), [this] { centre_.Stop(); }, [this] { StartCentre(); });
    for (const auto step : {seconds(2), seconds(0), seconds(-2)}) {
      At(minutes(10 + dice_.Below(24 * 60)), [this, step] { node_->clock.off = step; });
    }
    const auto line = [this](double bytes_per_s, double some) {
      return [this, bytes_per_s, some] {
        world_.broker.faults.bytes_per_s = bytes_per_s;
        world_.broker.faults.duplicates = world_.broker.faults.reorders = some;
      };
    };
    Somewhen(1, hours(1), line(3000, 0), line(0, 0));
    Somewhen(1, hours(1), line(0, 0.05), line(0, 0));
  }

  void StartCentre() {
    if (!centre_.running()) centre_.Start();
  }

  void Pass(Duration time) {
    Timeline& timeline = world_.timeline;
    const Instant end = timeline.now() + time;
    while (timeline.now() < end) {
      Instant next = std::min({end, timeline.next(), centre_.NextDeadline()});
      if (node_->running()) next = std::min(next, node_->NextDeadline());
      timeline.RunTo(std::max(next, timeline.now()));
      node_->Turn();
      centre_.Tick();
      if (timeline.now() < housekeeping_) continue;
      housekeeping_ = timeline.now() + minutes(1);
      node_->Housekeeping();
    }
  }

  monitor::Snapshot TakeSnapshot() {
    monitor::Snapshot snapshot;
    snapshot.journal = node_->JournalNow();
    snapshot.uplink = node_->UplinkNow();
    snapshot.now = node_->clock.Wall();
    snapshot.started_at = started_at_;
    reconcile::RegisterRow till;
    till.register_id = "1";
    till.business_day = "2026-10-24";
    till.heard_at = heard_at_;
    snapshot.registers = {till};
    reconcile::SilenceRule rule;
    rule.expected = {"1"};
    rule.after = minutes(30);
    rule.hours = *OpeningHours::Parse({"mon-sun 08:00-20:00"});
    reconcile::JudgeSilence(rule, {snapshot.now, started_at_, LocalSeconds}, &snapshot.registers);
    return snapshot;
  }

  void Look() {
    if (!node_->running()) return;
    monitor::Snapshot snapshot = TakeSnapshot();
    issues_.Update(monitor::FindIssues(snapshot), {world_.timeline.now(), snapshot.now});
    snapshot.issues = issues_.Unsettled();
    const monitor::Verdict verdict = monitor::Diagnose(snapshot);
    ++looks_;
    const bool waits = snapshot.journal.waiting > 0;
    const bool excused = world_.timeline.now() < excused_until_;
    if (verdict.level == Level::kGreen) ++green_;
    if (verdict.level == Level::kAmber) ++amber_;
    if (verdict.level == Level::kRed) return Wrong("red", snapshot, verdict);
    if (verdict.level == Level::kAmber && !excused) return Wrong("amber", snapshot, verdict);
    const bool old = waits && snapshot.now - snapshot.journal.oldest_waiting_at > kOnTheirWay;
    if (verdict.level == Level::kGreen && old) Wrong("green", snapshot, verdict);
  }

  void Wrong(const char* what, const monitor::Snapshot& snapshot, const monitor::Verdict& verdict) {
    if (++wrong_ > 20) return;
    fmt::print("{} {} for nothing: {} ({}), cause {}\n", monitor::UtcTimeText(snapshot.now), what,
               verdict.sentence, verdict.cause, static_cast<int>(snapshot.uplink.cause));
  }

  testing::TempDir directory_;
  testing::FaultDisk& disk_ = testing::FaultDisk::Instance();
  World world_;
  Centre centre_;
  std::optional<Node> node_;  // made when the world has its folder
  testing::SeededRandom& dice_;
  monitor::IssueList issues_;
  WallTime started_at_{}, heard_at_{}, next_sale_{};
  Instant excused_until_{}, housekeeping_{};
  int away_ = 0;
  uint64_t looks_ = 0, green_ = 0, amber_ = 0, wrong_ = 0;
};

int Main(int argc, char** argv) {
  log::SetLevel(log::Level::kError);
  bool good = true;
  for (int i = 1; i < argc; ++i) {
    fmt::print("seed {}: ", argv[i]);
    std::fflush(stdout);
    good = Day(std::strtoull(argv[i], nullptr, 10)).Play() && good;
  }
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace tillrelay::sim

int main(int argc, char** argv) { return tillrelay::sim::Main(argc, argv); }
