#include <gtest/gtest.h>

#include <set>

#include "common/wire/chain.h"
#include "common/wire/control.h"
#include "common/wire/envelope.h"
#include "common/wire/rounds.h"
#include "common/wire/sequence_tracker.h"
#include "common/wire/topics.h"
#include "common/wire/ulid.h"
#include "tests/support/seeded_random.h"

namespace tillrelay::wire {
namespace {

constexpr const char* kStream = "01JD3V7Q8Z5W6K2M9T4RHXCDEF";

Uuid Id() {
  Uuid id;
  CHECK(ParseUuid("ffdabcdd-8475-5500-9f62-1473dc58af2e", &id));
  return id;
}

// The vectors of docs/wire.md.
TEST(ChainTest, PublishedVectors) {
  const Chain zero = FirstChain("0042", kStream);
  EXPECT_EQ(ToHex(BytesOf(zero)), "6f8d72a34e214f510f770a0e65eff2ad");
  const Chain one = NextChain(zero, 1, Id(), Sha256("{}"));
  EXPECT_EQ(ToHex(BytesOf(one)), "57b7c1b4d6182152e90c3bdfd0d42fe4");
}

TEST(ChainTest, EveryInputChangesIt) {
  const Chain zero = FirstChain("0042", kStream);
  const Chain one = NextChain(zero, 1, Id(), Sha256("{}"));
  Uuid other = Id();
  other[15] ^= 1;
  EXPECT_NE(one, NextChain(zero, 2, Id(), Sha256("{}")));
  EXPECT_NE(one, NextChain(zero, 1, other, Sha256("{}")));
  EXPECT_NE(one, NextChain(zero, 1, Id(), Sha256("{ }")));
  EXPECT_NE(one, NextChain(FirstChain("0043", kStream), 1, Id(), Sha256("{}")));
}

TEST(EnvelopeTest, DataTravelsByteForByte) {
  const std::string data = R"({"transaction":{"kind":"sale"},"x" : [ 1.10 ] })";
  Envelope out;
  out.id = Id();
  out.store = "0042";
  out.stream = kStream;
  out.sequence = 918273;
  out.chain = FirstChain("a", "b");
  out.previous = FirstChain("c", "d");
  out.kind = "sale";
  out.subject = "register/03/2026-11-21/00\"4711";
  out.time = "2026-11-21T17:42:08+01:00";
  out.recorded_at = "2026-11-21T16:42:09.512Z";
  out.data = data;
  std::string text;
  WriteEnvelope(out, &text);
  JsonParser parser;
  auto value = parser.Parse(text);
  ASSERT_TRUE(value.ok()) << text;
  auto in = ReadEnvelope(*value);
  ASSERT_TRUE(in.ok()) << in.status().message();
  EXPECT_EQ(in->data, data);
  EXPECT_EQ(in->sequence, 918273u);
  EXPECT_EQ(in->store, "0042");
  EXPECT_EQ(in->stream, kStream);
  EXPECT_EQ(in->kind, "sale");
  EXPECT_EQ(in->subject, out.subject);
  EXPECT_EQ(in->chain, out.chain);
  EXPECT_EQ(in->previous, out.previous);
  EXPECT_NE(text.find("\"sequence\":\"00000000000000918273\""), std::string::npos);
  for (size_t length = 0; length < text.size(); ++length) {
    std::string torn = text.substr(0, length);
    EXPECT_FALSE(parser.Parse(torn).ok()) << length;
  }
}

TEST(EnvelopeTest, PartitionKeyIsTheStoreAndTheSequenceHasTwentyDigits) {
  Envelope out;
  out.store = "0042";
  out.stream = kStream;
  out.sequence = 7;
  out.kind = "sale";
  out.data = "{}";
  std::string text;
  WriteEnvelope(out, &text);
  const auto read = [&](const std::string& was, const std::string& is) {
    std::string changed = text;
    const size_t at = changed.find(was);
    EXPECT_NE(at, std::string::npos) << was;
    changed.replace(at, was.size(), is);
    JsonParser parser;
    return ReadEnvelope(parser.Parse(changed).value()).ok();
  };
  EXPECT_TRUE(read("{}", "{}"));
  EXPECT_FALSE(read(R"("partitionkey":"0042")", R"("partitionkey":"0043")"));
  EXPECT_FALSE(read(R"("partitionkey":"0042",)", ""));
  EXPECT_FALSE(read("00000000000000000007", "0000000000000000007"));
  EXPECT_FALSE(read("00000000000000000007", "000000000000000000007"));
  EXPECT_FALSE(read("00000000000000000007", "00000000000000000000"));
  EXPECT_FALSE(read("00000000000000000007", "0000000000000000007x"));
  // What kind it is does not decide whether it can be passed.
  EXPECT_TRUE(read("org.tillrelay.sale.v1", "org.tillrelay.sale.v2"));
}

TEST(ControlTest, AConfirmationCarriesWhatTheCentreAcceptsHeardAndCouldNotApply) {
  Confirm confirm{"0042", "2026-11-21T16:42:09.512Z", {{kStream, 9, FirstChain("a", "b")}}};
  confirm.streams[0].unapplied = {{2, 3}, {7, 7}};
  confirm.sessions = {{kStream, "till"}};
  confirm.accepts_batches = true;
  for (const bool zstd : {true, false}) {
    confirm.accepts_zstd = zstd;
    std::string text = WriteConfirm(confirm);
    JsonParser parser;
    const auto read = ReadConfirm(*parser.Parse(text)).value();
    EXPECT_EQ(read.streams[0].unapplied, confirm.streams[0].unapplied);
    ASSERT_EQ(read.sessions.size(), 1u);
    EXPECT_EQ(read.sessions[0].session, kStream);
    EXPECT_EQ(read.sessions[0].host, "till");
    EXPECT_TRUE(read.accepts_batches);
    EXPECT_EQ(read.accepts_zstd, zstd);
  }
  // Of another collector, or an older one.
  std::string text = WriteConfirm({"0042", "2026-11-21T16:42:09.512Z", {}});
  JsonParser parser;
  const auto read = ReadConfirm(*parser.Parse(text)).value();
  EXPECT_TRUE(read.sessions.empty());
  EXPECT_FALSE(read.accepts_batches);
}

TEST(ControlTest, ConfirmSurvivesTheTrip) {
  Confirm confirm{"0042",
                  "2026-11-21T16:42:09.512Z",
                  {{kStream, 918420, FirstChain("a", "b"), {{3, 4}, {9, 9}}}}};
  std::string text = WriteConfirm(confirm);
  JsonParser parser;
  auto read = ReadConfirm(*parser.Parse(text));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->streams[0].through, 918420u);
  EXPECT_EQ(read->streams[0].chain, confirm.streams[0].chain);
  EXPECT_EQ(read->streams[0].owed, confirm.streams[0].owed);
}

TEST(ControlTest, MalformedMessagesAreRefusedNotTrusted) {
  for (std::string text :
       {R"({"v":2,"store":"1","streams":[]})", R"({"v":1,"store":"1"})", R"([1])",
        R"({"v":1,"streams":[{"stream":"x","through":1,"chain":""}]})",
        R"({"v":1,"streams":[{"stream":"01JD3V7Q8Z5W6K2M9T4RHXCDEF","through":-1,"chain":"00"}]})",
        R"({"v":1,"streams":[5]})"}) {
    JsonParser parser;
    auto value = parser.Parse(text);
    ASSERT_TRUE(value.ok());
    EXPECT_FALSE(ReadConfirm(*value).ok()) << text;
  }
  for (std::string text :
       {R"({"v":1,"command":"erase","command_id":"01JD3V7Q8Z5W6K2M9T4RHXCDEF"})",
        R"({"v":1,"command":"replay","command_id":"01JD3V7Q8Z5W6K2M9T4RHXCDEF",)"
        R"("stream":"01JD3V7Q8Z5W6K2M9T4RHXCDEF","from":9,"through":1})",
        R"({"v":1,"command":"replay","command_id":"x","stream":"y","from":1,"through":2})"}) {
    JsonParser parser;
    EXPECT_FALSE(ReadCommand(*parser.Parse(text)).ok()) << text;
  }
}

TEST(ControlTest, CommandAndReplySurviveTheTrip) {
  JsonParser parser;
  std::string text = WriteCommand({"replay", kStream, kStream, kStream, {1, 9}});
  auto command = ReadCommand(*parser.Parse(text));
  ASSERT_TRUE(command.ok());
  EXPECT_EQ(command->range, (Range{1, 9}));
  text = WriteReply({kStream, "refused", 3, 9, "busy"});
  auto reply = ReadReply(*parser.Parse(text));
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->reason, "busy");
}

TEST(TopicsTest, SplitsOnlyOwnTopics) {
  EXPECT_EQ(TopicsOf("a/b", "0042").events, "a/b/0042/events");
  EXPECT_EQ(SplitTopic("a/b", "a/b/0042/events").store, "0042");
  EXPECT_EQ(SplitTopic("a/b", "a/b/0042/events").leaf, "events");
  for (const char* topic : {"a/b", "a/b/", "a/b/x", "a/bc/x/events", "a/b//events", "a/b/x/y/z"}) {
    EXPECT_TRUE(SplitTopic("a/b", topic).store.empty()) << topic;
  }
}

TEST(UlidTest, SortsByTimeAndChecks) {
  testing::SeededRandom random;
  const std::string a = NewUlid(WallTime(std::chrono::hours(1)), &random);
  const std::string b = NewUlid(WallTime(std::chrono::hours(2)), &random);
  EXPECT_LT(a, b);
  EXPECT_TRUE(IsUlid(a));
  EXPECT_FALSE(IsUlid("01JD3V7Q8Z5W6K2M9T4RHXCDEI"));
}

TEST(SequenceTrackerTest, NeverJumpsAHoleAndNamesIt) {
  SequenceTracker tracker(10);
  EXPECT_EQ(tracker.Add(10), SequenceTracker::Arrival::kAgain);
  EXPECT_EQ(tracker.Add(12), SequenceTracker::Arrival::kAbove);
  EXPECT_EQ(tracker.Add(15), SequenceTracker::Arrival::kAbove);
  EXPECT_EQ(tracker.Add(12), SequenceTracker::Arrival::kAgain);
  EXPECT_EQ(tracker.through(), 10u);
  EXPECT_EQ(tracker.Missing(9), (std::vector<Range>{{11, 11}, {13, 14}}));
  EXPECT_EQ(tracker.Add(11), SequenceTracker::Arrival::kAdvanced);
  EXPECT_EQ(tracker.through(), 12u);
  tracker.Jump(13);
  tracker.Add(14);
  EXPECT_EQ(tracker.through(), 15u);
  EXPECT_EQ(tracker.above(), 0u);
}

TEST(SequenceTrackerTest, AgreesWithASetWhateverTheOrder) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    testing::SeededRandom random(seed);
    SequenceTracker tracker;
    std::set<uint64_t> model;
    for (int i = 0; i < 300; ++i) {
      const uint64_t n = 1 + random.Below(120);
      const bool fresh = model.insert(n).second;
      const auto seen = tracker.Add(n);
      ASSERT_EQ(fresh, seen != SequenceTracker::Arrival::kAgain) << "seed " << seed;
      uint64_t through = 0;
      while (model.contains(through + 1)) ++through;
      ASSERT_EQ(tracker.through(), through) << "seed " << seed;
      ASSERT_EQ(tracker.highest(), *model.rbegin()) << "seed " << seed;
    }
  }
}

TEST(SequenceTrackerTest, BoundIsKept) {
  SequenceTracker tracker(0, 2);
  tracker.Add(5);
  tracker.Add(7);
  EXPECT_EQ(tracker.Add(9), SequenceTracker::Arrival::kRefused);
  EXPECT_EQ(tracker.Add(1), SequenceTracker::Arrival::kAdvanced);
}

TEST(ControlTest, AnOpenLossMayNameNoNumberAndIsNeverReadAsAClosedOne) {
  Reply reply;
  reply.command_id = "01JD3V7Q8Z5W6K2M9T4RHXCDEF";
  reply.state = "refused";
  Lost lost;
  lost.stream = "01JD3V7Q8Z5W6K2M9T4RHXCDEG";
  lost.range = {8, 7};
  lost.reason = "damaged";
  lost.open = true;
  reply.lost = {lost};
  std::string text = WriteReply(reply);
  EXPECT_NE(text.find(R"("open":true)"), std::string::npos) << text;
  JsonParser parser;
  const auto read = [&](std::string json) { return ReadReply(parser.Parse(json).value()); };
  EXPECT_TRUE(read(text)->lost.front().open);
  const auto with = [&](const char* word) {
    std::string changed = text;
    return changed.replace(changed.find("true}"), 4, word);
  };
  EXPECT_FALSE(read(with("false")).ok()) << "an empty range without an open end says nothing";
  EXPECT_TRUE(read(with("\"?\""))->lost.front().open) << "what is not understood is the worse case";
  reply.lost.front().open = false;
  reply.lost.front().range = {7, 7};
  text = WriteReply(reply);
  EXPECT_EQ(text.find("open"), std::string::npos);
  EXPECT_FALSE(read(text)->lost.front().open);
}

TEST(RoundsTest, EveryEntryIsNamedInItsTurnAndTheFirstOnesAlways) {
  for (size_t count = 0; count <= 100; ++count) {
    for (const Rounds& rounds : {Rounds{16, 8, 8}, Rounds{15, 0, 4}}) {
      std::set<size_t> seen;
      for (uint64_t round = 7; round <= 7 + count / rounds.step + 1; ++round) {
        const std::vector<size_t> named = rounds.Named(count, round);
        const std::set<size_t> once(named.begin(), named.end());
        ASSERT_EQ(once.size(), named.size()) << count;
        ASSERT_EQ(named.size(), std::min(count, rounds.most));
        for (size_t i = 0; i < std::min(count, rounds.always); ++i) ASSERT_TRUE(once.contains(i));
        seen.insert(named.begin(), named.end());
      }
      EXPECT_EQ(seen.size(), count);
    }
  }
}

// A status for a broker that takes very little names four.
TEST(RoundsTest, EveryOlderStreamIsAmongTheFirstFourInItsTurn) {
  std::set<size_t> seen;
  for (uint64_t round = 0; round < 12; ++round) {
    const std::vector<size_t> named = OlderNamed(40, round);
    ASSERT_EQ(named.size(), kStreamsNamed - 1);
    seen.insert(named.begin(), named.begin() + 4);
  }
  EXPECT_EQ(seen.size(), 40u);
}

}  // namespace
}  // namespace tillrelay::wire
