#include "agent/monitor/diagnosis.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "tests/unit/agent/monitor/samples.h"

namespace tillrelay::monitor {
namespace {

struct Expected {
  const char* sample;
  const char* state;
  Level level;
  const char* cause;
  const char* sentence;
};

const Expected kExpected[] = {
    {"delivered", "online", Level::kGreen, "delivered",
     "48,613 events delivered, nothing waiting."},
    {"delivered-broker", "online", Level::kGreen, "delivered",
     "48,613 events delivered to the broker, nothing waiting. Delivered means: acknowledged by the "
     "broker."},
    {"fresh", "online", Level::kGreen, "delivered", "Ready. No event has been captured yet."},
    {"on-their-way", "online", Level::kGreen, "delivered",
     "On line. 3 events on the way to head office."},
    {"draining", "online", Level::kAmber, "draining",
     "Catching up: 412 events waiting, oldest 14:01Z."},
    {"draining-known", "online", Level::kAmber, "draining",
     "Catching up: 412 events waiting, oldest 14:01Z. Finished in about 41 s, at the rate of the "
     "last minute."},
    {"certificate-soon", "online", Level::kAmber, "needs-a-person",
     "48,613 events delivered, nothing waiting. A certificate expires in 12 days."},
    {"certificate-expired", "online", Level::kRed, "needs-a-person",
     "48,613 events delivered, nothing waiting. A certificate has expired."},
    {"clock", "online", Level::kAmber, "needs-a-person",
     "48,613 events delivered, nothing waiting. This server's clock is wrong, or head office's "
     "is."},
    {"unconfigured", "unconfigured", Level::kAmber, "not-configured",
     "This server does not know yet which store it is. The configuration has no store_id."},
    {"no-broker", "offline", Level::kAmber, "no-broker",
     "412 events waiting, oldest 11:37Z: no broker is configured. Events are captured and kept "
     "until there is one. Disk holds 19 more days."},
    {"connecting", "offline", Level::kAmber, "connecting",
     "1 event waiting, oldest 14:37Z. Connecting to head office. Trying now. Disk holds 19 more "
     "days."},
    {"name", "offline", Level::kAmber, "broker-name",
     "412 events waiting, oldest 14:01Z. Head office has been unreachable since 14:01Z. The "
     "broker's "
     "name could not be looked up (mqtt.hq.example: Temporary failure in name resolution). Next "
     "try in 8 s. Disk holds 19 more days."},
    {"tcp", "offline", Level::kAmber, "broker-tcp",
     "412 events waiting, oldest 14:01Z. Head office has been unreachable since 14:01Z. The broker "
     "does not take connections (Connection refused). Next try in 8 s. Disk holds 19 more days."},
    {"tls", "offline", Level::kRed, "broker-tls", nullptr},
    {"login", "offline", Level::kRed, "broker-login", nullptr},
    {"settings", "offline", Level::kRed, "broker-settings", nullptr},
    {"rights", "offline", Level::kRed, "broker-rights", nullptr},
    {"lost", "offline", Level::kAmber, "broker-lost", nullptr},
    {"days-offline", "offline", Level::kAmber, "broker-tcp",
     "412 events waiting, oldest 3 days ago. Head office has been unreachable since 3 days ago. "
     "The "
     "broker does not take connections (Connection timed out). Next try in 8 s. Disk holds 19 "
     "more days."},
    {"silent", "online", Level::kAmber, "broker-silent", nullptr},
    {"centre-away", "online", Level::kAmber, "centre-away",
     "412 events waiting, oldest 14:01Z. Head office has not confirmed since 14:01Z. The broker "
     "takes the events, but the collector gives no sign. They are sent again until it confirms."},
    {"centre-away-idle", "online", Level::kAmber, "centre-away",
     "Nothing waits. Head office's collector has given no sign since 14:01Z."},
    {"not-confirmed", "online", Level::kAmber, "not-confirmed",
     "5 events waiting, oldest 14:37Z. Head office has not confirmed since 14:37Z. The broker took "
     "the events, and head office has not said that it has them. They are sent again until it "
     "does."},
    {"fresh-link", "offline", Level::kAmber, "not-confirmed", nullptr},
    {"parked", "online", Level::kAmber, "needs-a-person",
     "48,611 events delivered whole. 2 events not yet at head office: larger than the line takes."},
    {"quarantine", "online", Level::kAmber, "needs-a-person",
     "48,613 events delivered, nothing waiting. 2 documents in quarantine."},
    {"register-silent", "online", Level::kAmber, "needs-a-person",
     "48,613 events delivered, nothing waiting. Register 03 is silent."},
    {"register-gaps", "online", Level::kAmber, "needs-a-person",
     "48,613 events delivered, nothing waiting. 2 things need a person."},
    {"drop-folder", "online", Level::kRed, "needs-a-person", nullptr},
    {"unreadable", "online", Level::kAmber, "needs-a-person", nullptr},
    {"disk-low", "online", Level::kAmber, "needs-a-person", nullptr},
    {"lost-numbers", "online", Level::kRed, "needs-a-person", nullptr},
    {"lost-open", "online", Level::kRed, "needs-a-person",
     "48,613 events delivered, nothing waiting. Events may be lost."},
    {"unknown-stream", "online", Level::kRed, "needs-a-person",
     "48,613 events delivered, nothing waiting. A journal of this store is missing here."},
    {"refusing", "refusing", Level::kRed, "disk",
     "New events are refused: this server is out of room. The disk has 40 MB left, less than "
     "min_free_bytes (64 MB). Disk holds less than one more day."},
    {"journal-busy", "refusing", Level::kAmber, "journal-busy",
     "New events are refused for a moment: another program holds the journal locked. It is tried "
     "again several times a second. Disk holds 19 more days."},
    {"cut-short", "online", Level::kAmber, "needs-a-person",
     "48,613 events delivered, nothing waiting. Delivered events are deleted early."},
    {"poisoned", "refusing", Level::kRed, "journal", nullptr},
    {"paused", "paused", Level::kAmber, "paused",
     "412 events waiting, oldest 14:01Z. Sending has been paused by a person since 14:01Z. Events "
     "are captured and kept meanwhile. Disk holds 19 more days."},
    {"fork-stopped", "paused", Level::kRed, "alarm", nullptr},
    {"take-over", "online", Level::kRed, "alarm", nullptr},
    {"hostile", "offline", Level::kRed, "broker-tcp", nullptr},
};

TEST(Diagnose, TellsEverySituationApart) {
  std::set<std::string> covered;
  for (const Expected& expected : kExpected) {
    const Verdict verdict = Diagnose(SampleNamed(expected.sample));
    covered.insert(expected.sample);
    EXPECT_EQ(verdict.state, expected.state) << expected.sample;
    EXPECT_EQ(verdict.level, expected.level) << expected.sample;
    EXPECT_EQ(verdict.cause, expected.cause) << expected.sample;
    if (expected.sentence != nullptr) {
      EXPECT_EQ(verdict.sentence, expected.sentence) << expected.sample;
    }
  }
  EXPECT_EQ(covered.size(), Samples().size());
}

TEST(Diagnose, WhatIsNotGreenSaysWhatIsSafeAndWhatToDo) {
  for (const Sample& sample : Samples()) {
    const Verdict verdict = Diagnose(SampleNamed(sample.name));
    EXPECT_FALSE(verdict.headline.empty()) << sample.name;
    EXPECT_FALSE(verdict.safe.empty()) << sample.name;
    EXPECT_EQ(verdict.steps.empty(), verdict.level == Level::kGreen) << sample.name;
  }
}

// In whatever situation: beside a loss nothing says that all is safe.
TEST(Diagnose, NoWordOfSafetyBesideALoss) {
  for (const Sample& sample : Samples()) {
    Snapshot snapshot = SampleNamed(sample.name);
    wire::Lost& lost = snapshot.journal.losses.emplace_back();
    lost.stream = "01JCC5RM00BETAYB9AKYQJ83NF";
    lost.range = {7, 9};
    const Verdict verdict = Diagnose(snapshot);
    EXPECT_EQ(verdict.level, Level::kRed) << sample.name;
    for (const char* word : {"Nothing is lost", "Everything accepted", "nothing needs a person"}) {
      EXPECT_EQ(verdict.safe.find(word), std::string::npos) << sample.name << ": " << verdict.safe;
    }
  }
}

TEST(Diagnose, NothingSaysThatNothingWaitsWhileSomethingDoes) {
  for (const Sample& sample : Samples()) {
    Snapshot snapshot = SampleNamed(sample.name);
    if (snapshot.journal.waiting == 0 && snapshot.journal.owed.empty()) continue;
    const Verdict verdict = Diagnose(snapshot);
    for (const std::string& words : {verdict.sentence, verdict.safe}) {
      for (const char* word : {"Nothing is waiting", "nothing waiting", "Nothing waits"}) {
        EXPECT_EQ(words.find(word), std::string::npos) << sample.name << ": " << words;
      }
    }
  }
}

// The one function that page, status and doctor go by.
TEST(Diagnose, ACentreInDoubtIsNeverGreen) {
  for (const Sample& sample : Samples()) {
    const Snapshot snapshot = SampleNamed(sample.name);
    const bool green = Diagnose(snapshot).level == Level::kGreen;
    EXPECT_TRUE(CentreDoubt(snapshot).empty() || !green) << sample.name;
  }
  EXPECT_EQ(CentreDoubt(SampleNamed("delivered")), "");
  EXPECT_EQ(CentreDoubt(SampleNamed("on-their-way")), "");
  EXPECT_EQ(CentreDoubt(SampleNamed("not-confirmed")), "not-confirmed");
  Snapshot snapshot = SampleNamed("centre-away-idle");
  EXPECT_EQ(CentreDoubt(snapshot), "centre-away");
  snapshot.confirm_mode = "broker";  // nobody has to confirm
  EXPECT_EQ(CentreDoubt(snapshot), "");
  EXPECT_EQ(Diagnose(snapshot).level, Level::kGreen);
}

TEST(Diagnose, GreenMeansThatNothingNeedsAPerson) {
  for (const Sample& sample : Samples()) {
    Snapshot snapshot = SampleNamed(sample.name);
    snapshot.journal.quarantined = 1;
    EXPECT_NE(Diagnose(snapshot).level, Level::kGreen) << sample.name;
  }
}

TEST(Diagnose, UsesTheStoresClockFace) {
  const Verdict verdict = Diagnose(SampleNamed("name"), [](WallTime) { return "15:01"; });
  EXPECT_NE(verdict.headline.find("since 15:01."), std::string::npos) << verdict.headline;
}

TEST(Diagnose, AClockThatWentBackIsNoNegativeAge) {
  Snapshot snapshot = SampleNamed("name");
  snapshot.now -= std::chrono::hours(24 * 3650);
  snapshot.uplink.next_try_at = snapshot.now + std::chrono::seconds(3);
  EXPECT_EQ(Diagnose(snapshot).sentence.find("-"), std::string::npos);
}

TEST(Diagnose, IssuesComeWorstFirst) {
  Snapshot snapshot = SampleNamed("quarantine");
  snapshot.capture.drop_folder_error = "gone";
  const Verdict verdict = Diagnose(snapshot);
  ASSERT_EQ(verdict.issues.size(), 2u);
  EXPECT_EQ(verdict.issues[0].title, "The drop folder cannot be used");
  EXPECT_EQ(verdict.issues[1].title, "2 documents in quarantine");
}

TEST(Diagnose, NoTimeToFinishIsPromisedThatWouldNeverCome) {
  Snapshot snapshot = SampleNamed("draining-known");
  snapshot.rates = {10.4, 10.4};  // as much comes in as goes out
  EXPECT_EQ(Diagnose(snapshot).drain_s, std::nullopt);
  snapshot.rates = {-1, -1};
  EXPECT_EQ(Diagnose(snapshot).drain_s, std::nullopt);
  snapshot = SampleNamed("name");
  snapshot.rates = {0, 10};
  EXPECT_EQ(Diagnose(snapshot).drain_s, std::nullopt);
}

TEST(Diagnose, ACertificateOrAClockThatIsGoodIsNoIssue) {
  Snapshot snapshot = Healthy();
  snapshot.certificates = {{"broker.cert_file", snapshot.now + std::chrono::hours(24 * 30)},
                           {"broker.ca_file", {}}};
  snapshot.uplink.centre_clock_ahead = std::chrono::seconds(90);
  EXPECT_EQ(Diagnose(snapshot).level, Level::kGreen);
}

TEST(Diagnose, WithoutOneConfirmationTheRightToReadItIsNamed) {
  Snapshot snapshot = SampleNamed("draining-known");
  snapshot.uplink.never_confirmed = true;
  EXPECT_EQ(Diagnose(snapshot).cause, "no-confirmation");
  EXPECT_EQ(Diagnose(snapshot).level, Level::kAmber);
  EXPECT_NE(Diagnose(snapshot).steps.at(0).find("pattern read"), std::string::npos);
  snapshot.confirm_mode = "broker";
  EXPECT_NE(Diagnose(snapshot).cause, "no-confirmation");
  snapshot = Healthy();  // nothing waits
  snapshot.uplink.never_confirmed = true;
  EXPECT_EQ(Diagnose(snapshot).level, Level::kGreen);
}

TEST(Diagnose, WhatThereIsNoRoomForHasItsOwnStep) {
  using NoRoom = journal::JournalStats::NoRoom;
  const std::pair<NoRoom, const char*> rows[] = {{NoRoom::kDisk, "Make room on the disk"},
                                                 {NoRoom::kOwnLimit, "Raise journal.max_bytes"},
                                                 {NoRoom::kReader, "reads the journal"}};
  for (const auto& [no_room, step] : rows) {
    Snapshot snapshot = SampleNamed("refusing");
    snapshot.journal.no_room = no_room;
    EXPECT_NE(Diagnose(snapshot).steps.at(0).find(step), std::string::npos);
  }
}

TEST(Diagnose, APortWithoutTlsIsNoFirewall) {
  Snapshot snapshot = SampleNamed("silent");
  snapshot.uplink.last_error = "b port 1883 takes the connection and ends it before TLS is agreed";
  EXPECT_NE(Diagnose(snapshot).steps.at(0).find("1883 has no TLS"), std::string::npos);
  snapshot.uplink.last_error = "b port 1883 takes the connection, and no answer comes";
  EXPECT_NE(Diagnose(snapshot).steps.at(0).find("whether a firewall"), std::string::npos);
}

TEST(Diagnose, MessagesThatAreTooLargeForTheLineAreNamed) {
  for (const uplink::LinkPhase phase :
       {uplink::LinkPhase::kOnline, uplink::LinkPhase::kWaiting, uplink::LinkPhase::kConnecting}) {
    Snapshot snapshot = SampleNamed("draining-known");
    snapshot.uplink.phase = phase;
    snapshot.uplink.cause = uplink::LinkCause::kSilent;
    snapshot.uplink.stuck_bytes = 1400;
    const auto verdict = Diagnose(snapshot);
    EXPECT_EQ(verdict.cause, "large-messages");
    EXPECT_EQ(verdict.level, Level::kRed);
    EXPECT_NE(verdict.headline.find("1,400 bytes"), std::string::npos) << verdict.headline;
    EXPECT_NE(verdict.steps.at(0).find("MTU"), std::string::npos);
  }
  Snapshot snapshot = Healthy();  // nothing waits
  snapshot.uplink.stuck_bytes = 1400;
  EXPECT_EQ(Diagnose(snapshot).level, Level::kGreen);
}

// Every verdict but that of the last try is amber or red while events wait.
TEST(Diagnose, AConnectionAloneIsNoProofThatEventsArrive) {
  using uplink::LinkCause;
  const std::pair<LinkCause, std::string_view> rows[] = {
      {LinkCause::kSilent, "broker-silent"},      {LinkCause::kRights, "broker-rights"},
      {LinkCause::kLost, "broker-lost"},          {LinkCause::kTakeOver, "take-over"},
      {LinkCause::kUnconfirmed, "not-confirmed"}, {LinkCause::kOther, "broker-other"},
  };
  for (const auto& [cause, word] : rows) {
    Snapshot snapshot = SampleNamed("on-their-way");
    ASSERT_EQ(Diagnose(snapshot).level, Level::kGreen);
    snapshot.uplink.cause = cause;
    EXPECT_EQ(Diagnose(snapshot).cause, word);
    EXPECT_EQ(Diagnose(snapshot).state, "online");
    EXPECT_NE(Diagnose(snapshot).level, Level::kGreen) << word;
    EXPECT_EQ(Diagnose(snapshot).level == Level::kRed,
              cause == LinkCause::kRights || cause == LinkCause::kTakeOver);
  }
  Snapshot snapshot = SampleNamed("on-their-way");
  snapshot.uplink.awaits_proof = true;
  EXPECT_EQ(Diagnose(snapshot).cause, "draining");
  snapshot = Healthy();  // nothing waits, and the broker has not answered since
  snapshot.uplink.awaits_proof = true;
  EXPECT_EQ(Diagnose(snapshot).level, Level::kGreen);
  snapshot.uplink.cause = LinkCause::kSilent;
  snapshot.uplink.outage_since = snapshot.now - std::chrono::hours(2);
  EXPECT_EQ(Diagnose(snapshot).headline.find("Nothing waits. Head office has been unreachable"),
            0u);
  EXPECT_NE(Diagnose(snapshot).headline.find(UtcTimeText(snapshot.uplink.outage_since)),
            std::string::npos);
}

TEST(Diagnose, WhatIsNotAtHeadOfficeOrNotAppliedThereIsNotGreen) {
  Snapshot snapshot = Healthy();
  snapshot.journal.owed = {{"01JOLD", 4}, {"01JOLD", 5}};
  EXPECT_EQ(Diagnose(snapshot).level, Level::kAmber);
  EXPECT_NE(Diagnose(snapshot).headline.find("2 events not yet at head office"), std::string::npos);
  snapshot = Healthy();
  snapshot.uplink.unapplied = 1;
  snapshot.uplink.unapplied_numbers = "7";
  EXPECT_EQ(Diagnose(snapshot).level, Level::kAmber);
  EXPECT_NE(Diagnose(snapshot).issues.at(0).detail.find("number 7"), std::string::npos);
}

TEST(Diagnose, WhatMakesItRedIsInItsSentence) {
  for (const char* sample : {"draining-known", "not-confirmed", "tcp", "paused"}) {
    Snapshot snapshot = SampleNamed(sample);
    ASSERT_EQ(Diagnose(snapshot).level, Level::kAmber) << sample;
    const std::string alone = Diagnose(snapshot).headline;
    snapshot.uplink.refused_confirmation = "its signature is wrong";
    const Verdict verdict = Diagnose(snapshot);
    EXPECT_EQ(verdict.level, Level::kRed);
    EXPECT_NE(verdict.sentence.find(verdict.issues.at(0).title), std::string::npos)
        << verdict.sentence;
    EXPECT_EQ(verdict.headline.find(alone.substr(0, alone.size() - 1)), 0u) << verdict.headline;
  }
}

TEST(Diagnose, AConfirmationThatIsNotBelievedIsAnAlarm) {
  Snapshot snapshot = Healthy();
  snapshot.uplink.refused_confirmation = "its signature is wrong";
  const Verdict verdict = Diagnose(snapshot);
  EXPECT_EQ(verdict.level, Level::kRed);
  EXPECT_EQ(verdict.issues.at(0).detail, "its signature is wrong");
  EXPECT_TRUE(std::ranges::count(kIssueKinds, verdict.issues.at(0).kind)) << "metrics count it";
  EXPECT_NE(verdict.steps.at(0).find("delivery.confirm_keys"), std::string::npos);
}

TEST(Diagnose, WhereTheContentsOfEventsAreStillHereSomethingWaits) {
  for (const auto phase : {uplink::LinkPhase::kWaiting, uplink::LinkPhase::kPaused,
                           uplink::LinkPhase::kConnecting, uplink::LinkPhase::kUnconfigured}) {
    Snapshot snapshot = Healthy();
    snapshot.uplink.phase = phase;
    EXPECT_EQ(Diagnose(snapshot).headline.find("Nothing waits"), 0u);
    snapshot.journal.owed = {{"01JOLD", 4}, {"01JOLD", 5}};
    const std::string headline = Diagnose(snapshot).headline;
    EXPECT_EQ(headline.find("The contents of 2 events have not reached head office yet"), 0u)
        << headline;
  }
}

TEST(Diagnose, TheBrokersWordWithoutReasonCodesIsSaidToBeThat) {
  Snapshot snapshot = SampleNamed("draining-known");
  snapshot.confirm_mode = "broker";
  snapshot.uplink.gives_reasons = false;
  snapshot.uplink.fell_back = true;
  EXPECT_EQ(Diagnose(snapshot).cause, "mqtt-3.1.1");
  snapshot.uplink.fell_back = false;  // somebody chose it
  EXPECT_EQ(Diagnose(snapshot).cause, "draining");
  EXPECT_NE(Diagnose(snapshot).reason.find("a refusal counts as delivered"), std::string::npos);
}

TEST(Diagnose, WhatHeadOfficeLacksOfAnOlderStreamIsNotDelivered) {
  Snapshot snapshot = SampleNamed("delivered");
  EXPECT_EQ(Diagnose(snapshot).level, Level::kGreen);
  snapshot.uplink.older_missing = 20;
  const Verdict verdict = Diagnose(snapshot);
  EXPECT_EQ(verdict.level, Level::kAmber);
  EXPECT_EQ(verdict.headline,
            "Catching up: head office lacks 20 events from before this journal was put back.");
  EXPECT_EQ(verdict.safe.find("Nothing is waiting"), std::string::npos);
}

TEST(IntakeRefusal, SaysWhyInOneWord) {
  EXPECT_EQ(IntakeRefusal(SampleNamed("delivered")), std::nullopt);
  EXPECT_EQ(IntakeRefusal(SampleNamed("name")), std::nullopt);
  EXPECT_EQ(IntakeRefusal(SampleNamed("unconfigured")), "not-configured");
  EXPECT_EQ(IntakeRefusal(SampleNamed("refusing")), "disk");
  EXPECT_EQ(IntakeRefusal(SampleNamed("poisoned")), "journal");
}

TEST(Words, NumbersAndAgesReadWell) {
  using std::chrono::seconds;
  EXPECT_EQ(Thousands(0), "0");
  EXPECT_EQ(Thousands(999), "999");
  EXPECT_EQ(Thousands(1234567), "1,234,567");
  EXPECT_EQ(AgeText(seconds(8)), "8 s");
  EXPECT_EQ(AgeText(seconds(39 * 60)), "39 min");
  EXPECT_EQ(AgeText(seconds(5 * 3600)), "5 h");
  EXPECT_EQ(AgeText(seconds(75 * 3600)), "3 days");
  EXPECT_EQ(BytesText(512), "512 bytes");
  EXPECT_EQ(BytesText(8'100'000'000), "8.1 GB");
  EXPECT_EQ(BytesText(84'200'000), "84 MB");
}

}  // namespace
}  // namespace tillrelay::monitor
