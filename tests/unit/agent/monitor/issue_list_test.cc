#include "agent/monitor/issue_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "agent/monitor/diagnosis.h"
#include "tests/unit/agent/monitor/samples.h"

namespace tillrelay::monitor {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Issue Found(const std::string& kind, uint64_t weight = 1, bool stays = false) {
  Issue issue;
  issue.kind = kind;
  issue.title = "something about " + kind;
  issue.weight = weight;
  issue.stays = stays;
  return issue;
}

// A list and its clock.
struct Listed {
  IssueList list;
  IssueList::Now now{Instant{} + hours(1000), SampleNow()};

  void After(Duration time) {
    now.tick += time;
    now.wall += std::chrono::duration_cast<std::chrono::microseconds>(time);
  }
  void See(std::vector<Issue> found, std::vector<std::string> settled = {}) {
    After(seconds(5));
    list.Update({std::move(found), std::move(settled)}, now);
  }
  Status Acknowledge(const std::string& id) { return list.Acknowledge(id, "anna", "known", now); }
  Issue One(const std::string& id) const {
    for (const Issue& issue : list.All()) {
      if (issue.id() == id) return issue;
    }
    return {};
  }
  IssueState StateOf(const std::string& id) const { return One(id).state; }
};

TEST(IssueList, WhatIsFoundIsOpenUntilNothingReportsIt) {
  Listed listed;
  listed.See({Found("quarantine")});
  const WallTime since = listed.now.wall;
  listed.See({Found("quarantine")});
  ASSERT_EQ(listed.list.Unsettled().size(), 1u);
  EXPECT_EQ(listed.One("quarantine").since, since);
  listed.See({});
  EXPECT_TRUE(listed.list.Unsettled().empty());
  EXPECT_EQ(listed.StateOf("quarantine"), IssueState::kHealed);
}

TEST(IssueList, WhatStaysNeedsAPersonOrTheFactsToChange) {
  Listed listed;
  Issue day = Found("day", 3, true);
  day.key = "2026-11-20/3";
  listed.See({day});
  listed.After(hours(100));
  listed.See({});
  EXPECT_EQ(listed.StateOf(day.id()), IssueState::kOpen);
  listed.See({}, {day.id()});
  EXPECT_EQ(listed.StateOf(day.id()), IssueState::kHealed);
  listed.See({day});  // and then late documents make it wrong again
  EXPECT_EQ(listed.StateOf(day.id()), IssueState::kOpen);
}

TEST(IssueList, AnAcknowledgedOneOpensWhenItBecomesWorse) {
  Listed listed;
  listed.See({Found("quarantine", 5)});
  ASSERT_TRUE(listed.Acknowledge("quarantine").ok());
  listed.See({Found("quarantine", 5)});
  EXPECT_EQ(listed.StateOf("quarantine"), IssueState::kAcknowledged);
  EXPECT_EQ(listed.One("quarantine").by, "anna");
  listed.See({Found("quarantine", 6)});
  EXPECT_EQ(listed.StateOf("quarantine"), IssueState::kOpen);

  ASSERT_TRUE(listed.Acknowledge("quarantine").ok());
  listed.See({Found("quarantine", 2)});
  listed.See({Found("quarantine", 3)});  // less than then, and a new one all the same
  EXPECT_EQ(listed.StateOf("quarantine"), IssueState::kOpen);

  ASSERT_TRUE(listed.Acknowledge("quarantine").ok());
  Issue red = Found("quarantine", 3);
  red.level = Level::kRed;
  listed.See({red});
  EXPECT_EQ(listed.StateOf("quarantine"), IssueState::kOpen);
}

TEST(IssueList, WhatComesAndGoesIsOneIssueWithACount) {
  Listed listed;
  for (int i = 0; i < 20; ++i) {
    listed.See({Found("broker-tcp")});
    listed.See({});
  }
  listed.See({Found("broker-tcp")});
  ASSERT_EQ(listed.list.All().size(), 1u);
  EXPECT_EQ(listed.One("broker-tcp").count, 21u);

  ASSERT_TRUE(listed.Acknowledge("broker-tcp").ok());
  listed.See({});
  listed.See({Found("broker-tcp")});
  EXPECT_EQ(listed.StateOf("broker-tcp"), IssueState::kAcknowledged);

  listed.See({});
  listed.After(hours(2));
  listed.See({Found("broker-tcp")});
  EXPECT_EQ(listed.StateOf("broker-tcp"), IssueState::kOpen);
  EXPECT_EQ(listed.One("broker-tcp").count, 1u);
  EXPECT_EQ(listed.One("broker-tcp").since, listed.now.wall);
  EXPECT_EQ(listed.One("broker-tcp").note, "");
}

// Whatever the wall clock does meanwhile.
TEST(IssueList, WhatStaysIsDoneADayAfterItWasAcknowledged) {
  for (const Duration jump : {Duration(0), Duration(hours(-5000)), Duration(hours(5000))}) {
    Listed listed;
    listed.See({Found("day", 3, true)});
    ASSERT_TRUE(listed.Acknowledge("day").ok());
    listed.now.wall += std::chrono::duration_cast<std::chrono::microseconds>(jump);
    for (int i = 0; i < 23; ++i) {
      listed.After(hours(1));
      listed.See({Found("day", 3, true)});
      ASSERT_EQ(listed.StateOf("day"), IssueState::kAcknowledged) << i;
    }
    listed.After(hours(1));
    listed.See({Found("day", 3, true)});
    EXPECT_EQ(listed.StateOf("day"), IssueState::kHealed);
    listed.After(hours(50));
    listed.See({Found("day", 3, true)});  // the page of the day still says so
    EXPECT_EQ(listed.StateOf("day"), IssueState::kHealed);
    listed.See({Found("day", 4, true)});
    EXPECT_EQ(listed.StateOf("day"), IssueState::kOpen);
  }
}

TEST(IssueList, OnlyWhatIsOpenCanBeAcknowledged) {
  Listed listed;
  listed.See({Found("quarantine")});
  EXPECT_EQ(listed.Acknowledge("day/2026-11-20/3").code(), Code::kNotFound);
  ASSERT_TRUE(listed.Acknowledge("quarantine").ok());
  EXPECT_EQ(listed.Acknowledge("quarantine").code(), Code::kConflict);
  listed.See({});
  EXPECT_EQ(listed.Acknowledge("quarantine").code(), Code::kNotFound);
}

TEST(IssueList, ASnapshotOfBeforeChangesNothing) {
  Listed listed;
  listed.See({Found("quarantine")});
  listed.list.Update({}, {listed.now.tick - seconds(1), listed.now.wall});
  EXPECT_EQ(listed.StateOf("quarantine"), IssueState::kOpen);
}

// A restart at any moment: what was handed over is there again, in the state in which it was.
TEST(IssueList, ALaterLifeGoesOnWithWhatWasKept) {
  Listed listed;
  Issue loss = Found("loss", 7, true);
  loss.key = "01JOLD/4";
  loss.level = Level::kRed;
  loss.title = "7 \"events\" lost\n\xC3\xA4";
  listed.See({Found("quarantine", 5), loss, Found("paused")});
  ASSERT_TRUE(listed.Acknowledge("quarantine").ok());
  listed.See({Found("quarantine", 5)});
  const auto kept = listed.list.TakeChanges(false);
  EXPECT_EQ(kept.size(), 3u);
  EXPECT_TRUE(listed.list.TakeChanges(false).empty());
  EXPECT_EQ(listed.list.TakeChanges(true).size(), 3u);

  Listed later;
  later.now = listed.now;
  later.list.Load(kept);
  EXPECT_EQ(later.StateOf("quarantine"), IssueState::kAcknowledged);
  EXPECT_EQ(later.One(loss.id()).title, loss.title);
  EXPECT_EQ(later.One(loss.id()).level, Level::kRed);
  EXPECT_EQ(later.One(loss.id()).since, listed.One(loss.id()).since);
  EXPECT_EQ(later.StateOf("paused"), IssueState::kHealed);
  later.See({});  // the start, before the journal was counted
  later.See({Found("quarantine", 5)});
  EXPECT_EQ(later.StateOf("quarantine"), IssueState::kAcknowledged);
  EXPECT_EQ(later.StateOf(loss.id()), IssueState::kOpen);
}

TEST(IssueList, RowsThatAreNotUnderstoodAreLeftOut) {
  IssueList list;
  list.Load({{"quarantine", "open", "{"},
             {"day", "open", "{\"kind\":\"loss\",\"title\":\"x\"}"},
             {"loss", "some new state", "{\"kind\":\"loss\",\"title\":\"x\"}"},
             {"", "open", "{}"}});
  ASSERT_EQ(list.Unsettled().size(), 1u);
  EXPECT_EQ(list.Unsettled()[0].state, IssueState::kOpen);
  EXPECT_EQ(list.Unsettled()[0].level, Level::kRed);
}

TEST(IssueList, IsBoundedAndSaysHowManyMoreThereAre) {
  Listed listed;
  std::vector<Issue> many;
  for (size_t i = 0; i < IssueList::kMost + 40; ++i) {
    many.push_back(Found("day", 1, true));
    many.back().key = std::to_string(i);
    many.back().title = std::string(5000, 'x');
  }
  listed.See(many);
  EXPECT_EQ(listed.list.Unsettled().size(), IssueList::kMost + 1);
  EXPECT_EQ(listed.One("more").weight, 40u);
  EXPECT_LE(listed.One("day/0").title.size(), IssueList::kMaxText);
  for (int round = 0; round < 10; ++round) {
    std::vector<std::string> settled;
    for (const Issue& issue : listed.list.Unsettled()) settled.push_back(issue.id());
    listed.See({}, settled);
    for (Issue& issue : many) issue.key = "r" + std::to_string(round) + issue.key;
    listed.See(many);
  }
  EXPECT_LE(listed.list.All().size(), IssueList::kMost + 1 + IssueList::kMostHealed);
}

TEST(IssueList, TheVerdictIsGreenOnlyWhenNothingIsOpenAndKnownWhenAllIsAcknowledged) {
  Listed listed;
  Snapshot snapshot = Healthy();
  snapshot.issues.emplace();
  EXPECT_EQ(Diagnose(snapshot).level, Level::kGreen);
  Issue day = Found("day", 3, true);
  day.level = Level::kRed;
  day.step = "Send them again.";
  listed.See({day});
  snapshot.issues = listed.list.Unsettled();
  EXPECT_EQ(Diagnose(snapshot).level, Level::kRed);
  EXPECT_EQ(Diagnose(snapshot).cause, "needs-a-person");
  EXPECT_EQ(Diagnose(snapshot).steps.at(0), "Send them again.");
  ASSERT_TRUE(listed.Acknowledge("day").ok());
  snapshot.issues = listed.list.Unsettled();
  const Verdict known = Diagnose(snapshot);
  EXPECT_EQ(known.level, Level::kAmber);
  EXPECT_EQ(known.cause, "known");
  EXPECT_EQ(known.open_issues(), 0u);
  EXPECT_NE(known.headline.find("1 issue known and acknowledged."), std::string::npos);
}

// Every finding has a kind that scripts and metrics know, and a name of its own.
TEST(FindIssues, EveryIssueHasAKindANameAndWords) {
  for (const Sample& sample : Samples()) {
    std::set<std::string> ids;
    for (const Issue& issue : FindIssues(SampleNamed(sample.name)).found) {
      EXPECT_TRUE(ids.insert(issue.id()).second) << sample.name << ": " << issue.id();
      EXPECT_FALSE(issue.title.empty()) << sample.name;
      EXPECT_NE(issue.level, Level::kGreen) << sample.name;
      EXPECT_EQ(std::count(std::begin(kIssueKinds), std::end(kIssueKinds), issue.kind), 1)
          << issue.kind;
    }
  }
}

TEST(FindIssues, ARedSituationIsInTheList) {
  for (const char* name :
       {"login", "rights", "tls", "settings", "refusing", "poisoned", "paused", "no-broker"}) {
    EXPECT_FALSE(Diagnose(SampleNamed(name)).issues.empty()) << name;
  }
  EXPECT_TRUE(Diagnose(SampleNamed("connecting")).issues.empty());
}

TEST(FindIssues, AnotherServerOfThisStoreIsRedWhileDeliveryGoesOn) {
  Snapshot snapshot = SampleNamed("delivered");
  snapshot.uplink.twin = "host till-b (session X)";
  const auto found = FindIssues(snapshot).found;
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].id(), "two-servers");
  EXPECT_EQ(found[0].level, Level::kRed);
  EXPECT_NE(found[0].detail.find("till-b"), std::string::npos);
}

TEST(FindIssues, ALongOutageIsOneIssueWhateverTheAttemptsFailOf) {
  for (const char* name : {"name", "tcp", "lost", "silent", "centre-away"}) {
    const auto found = FindIssues(SampleNamed(name)).found;
    ASSERT_EQ(found.size(), 1u) << name;
    EXPECT_EQ(found[0].id(), "undelivered") << name;
    EXPECT_EQ(found[0].level, Level::kAmber) << name;
  }
}

TEST(FindIssues, ARejectedFileIsAnIssueThatStays) {
  Snapshot snapshot = Healthy();
  snapshot.capture.rejected = {{"till.xml", "no format is known", snapshot.now}};
  const auto found = FindIssues(snapshot).found;
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].id(), "file-rejected/till.xml");
  EXPECT_TRUE(found[0].stays);
  EXPECT_EQ(Diagnose(snapshot).level, Level::kAmber);
}

TEST(FindIssues, ADayIsNamedWithTheRegistersAmountAndOurs) {
  Snapshot snapshot = Healthy();
  reconcile::RegisterRow& row = snapshot.unbalanced_days.emplace_back();
  row.register_id = "3";
  row.business_day = "2026-11-20";
  row.result = "mismatch";
  row.unbalanced = true;
  row.distance = 1250;
  row.reported_net_amount = "1012.50";
  row.net_amount = "1000.00";
  const auto found = FindIssues(snapshot).found;
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].id(), "day/2026-11-20/3");
  EXPECT_NE(found[0].detail.find("it reports 1012.50, 1000.00 came"), std::string::npos);
  row.result = "no_totals";
  row.missing = 2;
  row.gaps = "17-18";
  EXPECT_NE(FindIssues(snapshot).found.at(0).detail.find("17-18"), std::string::npos);
}

}  // namespace
}  // namespace tillrelay::monitor
