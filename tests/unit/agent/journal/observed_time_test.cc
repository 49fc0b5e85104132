// How old something is at least: whatever the clocks show, never older than it truly is; and with
// clocks that are right, hardly younger.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "agent/journal/age/observed_time.h"
#include "tests/support/seeded_random.h"
#include "tests/support/sweep.h"

namespace tillrelay::journal {
namespace {

using std::chrono::duration_cast;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr WallTime kRight{hours(24 * 20'700)};  // 2026

// A server whose true time the test knows. The monotonic clock begins anew with each start.
class World {
 public:
  explicit World(uint64_t seed = 1) : random(seed) { Boot(); }

  void Pass(Duration time) { true_time += time; }
  // The service runs, looked at every few seconds as the journal's thread does.
  void Run(Duration time, Duration step = seconds(60)) {
    for (const Duration end = true_time + time; true_time < end;) {
      Pass(std::min(step, end - true_time));
      observed.Observe(Tick(), Own());
      if (centre_reached) Confirm();
    }
  }
  // Both clocks are compared, as with each live confirmation.
  void Confirm() {
    const Duration apart = Centre() - Own();
    if (std::chrono::abs(apart) <= ObservedTime::kAgreement) observed.Agree(Tick(), Own());
  }
  void Save() {
    saved = observed.Text();
    saved_runs = observed.runs();
  }
  // After a stop, with whatever clock the server now has.
  void Boot() {
    booted_at = true_time - milliseconds(5);
    if (saved.empty()) {
      observed = ObservedTime();
    } else {
      const auto read = ObservedTime::Read(saved);
      ASSERT_TRUE(read.has_value());
      observed = *read;
      observed.Restore(saved_runs, 0);
    }
    observed.Observe(Tick(), Own());
  }
  Instant Tick() const { return Instant(true_time - booted_at + seconds(1)); }
  WallTime Own() const { return kRight + duration_cast<microseconds>(true_time + own_error); }
  WallTime Centre() const { return kRight + duration_cast<microseconds>(true_time + centre_error); }

  struct Mark {
    SeenMs stamp;
    WallTime wall;
    Duration at;
  };
  Mark Stamp() const { return {observed.now(), Own(), true_time}; }

  testing::SeededRandom random;
  ObservedTime observed;
  std::string saved;
  std::vector<ObservedTime::Run> saved_runs;
  Duration true_time{0}, booted_at{0}, own_error{0}, centre_error{0};
  bool centre_reached = true;
};

bool OldEnough(const ObservedTime& time, SeenMs stamp, Duration keep) {
  return time.Cutoff(keep) >= stamp;
}

TEST(ObservedTimeTest, TimeThatIsSeenCountsWhateverTheWallClockShows) {
  World world;
  const auto mark = world.Stamp();
  for (const int days : {-20'000, 3650, -4000, 0, 20'000}) {
    world.own_error = hours(24 * days);
    world.Run(hours(1));
  }
  EXPECT_TRUE(OldEnough(world.observed, mark.stamp, hours(5)));
  EXPECT_FALSE(OldEnough(world.observed, mark.stamp, hours(5) + milliseconds(1)));
}

TEST(ObservedTimeTest, ANightCountsWhereBothClocksAgreeBeforeAndAfter) {
  World world;
  const auto mark = world.Stamp();
  for (int day = 0; day < 30; ++day) {
    world.Run(hours(12));
    world.Save();
    world.Pass(hours(12));
    world.Boot();
    world.Run(minutes(2));
  }
  EXPECT_TRUE(OldEnough(world.observed, mark.stamp, hours(24 * 30) - hours(3)));
  EXPECT_FALSE(OldEnough(world.observed, mark.stamp, hours(24 * 30) + minutes(61)));
}

// Both back by ten days, and both right again: nobody was away for ten days.
TEST(ObservedTimeTest, ClocksThatBothWentBackProveNothing) {
  World world;
  world.Run(hours(1));
  const auto mark = world.Stamp();
  world.own_error = world.centre_error = -hours(24 * 10);
  world.Run(hours(1));
  world.own_error = world.centre_error = hours(0);
  world.Run(hours(1));
  EXPECT_TRUE(OldEnough(world.observed, mark.stamp, hours(2)));
  EXPECT_FALSE(OldEnough(world.observed, mark.stamp, hours(2) + minutes(1)));
}

TEST(ObservedTimeTest, ANightDoesNotCountWhereTheyNeverAgree) {
  World world;
  world.own_error = hours(1);
  const auto mark = world.Stamp();
  world.Run(hours(12));
  world.Save();
  world.Pass(hours(12));
  world.Boot();
  world.Run(hours(1));
  EXPECT_FALSE(OldEnough(world.observed, mark.stamp, hours(14)));
  EXPECT_TRUE(OldEnough(world.observed, mark.stamp, hours(13)));
}

TEST(ObservedTimeTest, AStartWithAWrongClockCreditsNothingAndTheRightOneLaterDoes) {
  for (const int days : {-20'700, -4000, 3650}) {
    World world;
    const auto mark = world.Stamp();
    world.Run(hours(10));
    world.Save();
    world.Pass(hours(14));
    world.own_error = hours(24 * days);
    world.Boot();
    world.Run(seconds(8), seconds(1));
    EXPECT_FALSE(OldEnough(world.observed, mark.stamp, hours(11))) << days;
    world.own_error = Duration(0);
    world.Run(minutes(5));
    EXPECT_TRUE(OldEnough(world.observed, mark.stamp, hours(24) - minutes(5))) << days;
    EXPECT_FALSE(OldEnough(world.observed, mark.stamp, hours(24) + minutes(6))) << days;
  }
}

TEST(ObservedTimeTest, WhatBothClocksShowWronglyTogetherCreditsAMonthAtMost) {
  World world;
  const auto mark = world.Stamp();
  world.Run(hours(1));
  world.own_error = world.centre_error = hours(24 * 3650);
  world.Run(hours(1));
  EXPECT_FALSE(OldEnough(world.observed, mark.stamp, hours(24 * 32)));
}

TEST(ObservedTimeTest, TwoClocksThatSwayTogetherCreditNothing) {
  World world;
  const auto mark = world.Stamp();
  for (int i = 0; i < 1000; ++i) {
    world.own_error = seconds(i % 2 == 0 ? 119 : -119);
    world.Run(seconds(60));
  }
  EXPECT_FALSE(OldEnough(world.observed, mark.stamp, hours(17)));
}

TEST(ObservedTimeTest, AStampOfTheWallClockIsAsOldAsItsLatestMoment) {
  World world;
  world.Run(hours(10));
  world.own_error = -hours(24 * 20'000);
  world.Run(hours(1));
  const auto wrong = world.Stamp();
  world.Run(hours(1));
  world.own_error = hours(24 * 3650);
  world.Run(seconds(8), seconds(1));
  const auto ahead = world.Stamp();
  world.own_error = Duration(0);
  world.Run(hours(5));
  const auto right = world.Stamp();
  world.Run(hours(2));
  const auto age = [&world](WallTime wall) {
    return duration_cast<minutes>(world.observed.AgeOf(wall)).count();
  };
  EXPECT_NEAR(static_cast<double>(age(right.wall)), 120, 2);
  EXPECT_NEAR(static_cast<double>(age(wrong.wall)), 8 * 60, 2);
  EXPECT_NEAR(static_cast<double>(age(ahead.wall)), 7 * 60, 2);
}

TEST(ObservedTimeTest, AStampFromBeforeTheFirstStartIsAsOldAsThatAndOneFromTheFutureHasNoAge) {
  World world;
  const WallTime before = world.Own() - hours(24 * 500);
  world.Run(hours(19));
  EXPECT_EQ(world.observed.AgeOf(before), hours(19));
  EXPECT_EQ(world.observed.AgeOf(world.Own() + hours(24)), Duration(0));
}

TEST(ObservedTimeTest, ATextThatIsNotWholeIsNotRead) {
  World world;
  world.Run(hours(1));
  world.Pass(hours(10));
  world.Run(hours(1));
  const std::string text = world.observed.Text();
  ASSERT_TRUE(ObservedTime::Read(text).has_value());
  EXPECT_EQ(ObservedTime::Read(text)->Text(), text);
  for (size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = changed[at] == '1' ? '2' : '1';
    EXPECT_FALSE(ObservedTime::Read(changed).has_value()) << at;
    EXPECT_FALSE(ObservedTime::Read(text.substr(0, at)).has_value()) << at;
  }
}

// Random lives: clocks that jump to anywhere and back, sway, stops, crashes that forget what was
// not saved, a head office that is reached or not. The centre's clock is right, as the promise
// assumes.
TEST(ObservedTimeTest, NothingIsEverOlderThanItTrulyIs) {
  for (uint64_t seed = 1; seed <= 100; seed += testing::kSweepStep) {
    World world(seed);
    std::vector<World::Mark> marks;
    world.Save();
    for (int step = 0; step < 120; ++step) {
      switch (world.random.Below(8)) {
        case 0:
          world.own_error = hours(static_cast<int64_t>(world.random.Below(400'000)) - 200'000);
          break;
        case 1:
          world.own_error = seconds(static_cast<int64_t>(world.random.Below(400)) - 200);
          break;
        case 2:
          world.own_error = Duration(0);
          break;
        case 3:  // a stop, or a crash
          if (world.random.Below(2) == 0) world.Save();
          world.Pass(seconds(1 + world.random.Below(200'000)));
          if (world.random.Below(3) == 0) world.own_error = -hours(world.random.Below(400'000));
          world.Boot();
          // The journal writes a new run down before anything carries its stamps.
          world.Save();
          break;
        case 4:
          world.centre_reached = !world.centre_reached;
          break;
        default:
          world.Run(seconds(1 + world.random.Below(40'000)), seconds(60));
          if (world.random.Below(2) == 0) world.Save();
      }
      world.observed.Observe(world.Tick(), world.Own());
      world.Save();
      marks.push_back(world.Stamp());
      for (const World::Mark& mark : marks) {
        const Duration age = world.true_time - mark.at;
        ASSERT_FALSE(OldEnough(world.observed, mark.stamp, age + seconds(1)))
            << "seed " << seed << " step " << step;
        ASSERT_LE(world.observed.AgeOf(mark.wall), age + seconds(1))
            << "seed " << seed << " step " << step;
      }
    }
  }
}

// A store that is open by day, with a clock that is right and a line that is there: what is old
// goes after at most one night and an hour more than its time, and four minutes for each stop.
TEST(ObservedTimeTest, WithClocksThatAreRightItIsHardlyYounger) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    World world(seed);
    std::vector<World::Mark> marks;
    int stops = 0;
    for (int day = 0; day < 60; ++day) {
      marks.push_back(world.Stamp());
      world.Run(hours(8 + world.random.Below(6)), minutes(5));
      world.Save();
      world.Pass(hours(8 + world.random.Below(6)));
      world.Boot();
      world.Run(minutes(5));
      ++stops;
      for (size_t i = 0; i < marks.size(); ++i) {
        const Duration age = world.true_time - marks[i].at;
        const Duration slack = hours(1) + minutes(5 * (stops - static_cast<int>(i)));
        ASSERT_TRUE(OldEnough(world.observed, marks[i].stamp, age - slack)) << seed << " " << i;
        ASSERT_GE(world.observed.AgeOf(marks[i].wall), age - slack - hours(14)) << seed << " " << i;
      }
    }
  }
}

}  // namespace
}  // namespace tillrelay::journal
