// Claims about events that cannot be applied: none of them stops a stream or a neighbour, each is
// kept whole, named, and applied once by whoever can.
#include "collector/intake/unapplied.h"
#include "common/base/json_writer.h"
#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {
namespace {

using Odd = EventSource::Odd;

const std::string kNul("a\0b", 3);
const std::string kLong(9000, 'x');

// A sale's line as the wire carries it, one member of it replaced.
std::string DataWith(const std::string& member, const std::string& value) {
  const auto of = [&](const char* name, const char* usual) {
    return member == name ? value : std::string(usual);
  };
  std::string data;
  JsonWriter json(&data);
  json.BeginObject().Key("lines").BeginArray().BeginObject();
  json.Key("item").BeginObject().Field("sku", of("sku", "odd")).EndObject();
  json.Field("uom", of("uom", "EA"));
  json.Key("stock_effect").BeginArray().BeginObject();
  json.Field("bucket", of("bucket", "on_hand")).Field("location", of("location", "0042"));
  json.Field("ref", of("ref", "")).Field("delta", of("delta", "-1"));
  json.EndObject().EndArray().EndObject().EndArray().EndObject();
  return data;
}

std::string CountWith(const std::string& as_of, const std::string& counted) {
  std::string data;
  JsonWriter json(&data);
  json.BeginObject().Key("count").BeginObject().Field("as_of", as_of).EndObject();
  json.Key("lines").BeginArray().BeginObject();
  json.Key("item").BeginObject().Field("sku", "odd").EndObject();
  json.Field("uom", "EA").Field("counted", counted).EndObject().EndArray().EndObject();
  return data;
}

struct Case {
  const char* name;
  Odd odd;
};

std::vector<Case> Cases() {
  const std::string at = EventSource::At(0);
  const auto line = [](const char* member, const std::string& value) {
    Odd odd;
    odd.data = DataWith(member, value);
    return odd;
  };
  const auto timed = [](const std::string& time) {
    Odd odd;
    odd.time = time;
    return odd;
  };
  const auto recorded = [](const std::string& time) {
    Odd odd;
    odd.recorded_at = time;
    return odd;
  };
  const auto kind = [](const std::string& word) {
    Odd odd;
    odd.kind = word;
    return odd;
  };
  const auto count = [&at](const std::string& as_of, const std::string& counted) {
    return Odd{"stock_counted", at, CountWith(as_of, counted)};
  };
  return {{"kind NUL", kind(kNul)},
          {"kind long", kind(kLong)},
          {"kind of a newer program", kind("price_changed")},
          {"kind empty", kind("")},
          {"time NUL", timed("2026-11-21T12:00:00+01:00" + kNul)},
          {"time long", timed(kLong)},
          {"time of five digits", timed("10000-01-01T00:59:59+01:00")},
          {"time before the year 0", timed("-001-12-31T11:00:00+01:00")},
          {"time of the year 0", timed("0000-01-01T00:00:00+01:00")},
          {"time of the year 9999", timed("9999-12-31T23:59:59+01:00")},
          {"time of 1989", timed("1989-12-30T12:00:00+01:00")},
          {"time of 2200", timed("2200-01-03T00:00:00+01:00")},
          {"time without offset", timed("2026-11-21T12:00:00")},
          {"time empty", timed("")},
          {"recorded NUL", recorded(kNul)},
          {"recorded empty", recorded("")},
          {"sku NUL", line("sku", kNul)},
          {"sku long", line("sku", kLong)},
          {"sku of 129 bytes", line("sku", std::string(129, 'x'))},
          {"sku empty", line("sku", "")},
          {"sku DEL", line("sku", "a\x7f")},
          {"uom NUL", line("uom", kNul)},
          {"uom long", line("uom", kLong)},
          {"bucket unknown", line("bucket", "attic")},
          {"bucket NUL", line("bucket", kNul)},
          {"location NUL", line("location", kNul)},
          {"ref long", line("ref", kLong)},
          {"ref NUL", line("ref", kNul)},
          {"delta no number", line("delta", "many")},
          {"delta out of bounds", line("delta", "3000000001")},
          {"count as of nothing", count("", "1")},
          {"count as of five digits", count("12026-11-21T12:00:00+01:00", "1")},
          {"count out of bounds", count(at, "1000000001")},
          {"count of nothing", count(at, "")},
          {"lines no list", {"sale", at, R"({"lines":{}})"}},
          {"effects no list", {"sale", at, R"({"lines":[{"stock_effect":"none"}]})"}}};
}

class UnappliedTest : public CollectorTest {
 protected:
  // As a database that refuses one item would.
  void Refuse(const std::string& item) {
    if (database_.postgres()) {
      database_.Execute("ALTER TABLE stock ADD CONSTRAINT refuses CHECK (item <> '" + item + "')");
    } else {
      database_.Execute("CREATE TRIGGER refuses BEFORE INSERT ON stock WHEN NEW.item = '" + item +
                        "' BEGIN SELECT RAISE(ABORT, 'refused'); END");
    }
  }
  void RefuseNoMore() {
    database_.Execute(database_.postgres() ? "ALTER TABLE stock DROP CONSTRAINT refuses"
                                           : "DROP TRIGGER refuses");
  }
  std::string Kept() {
    return Query(
        "SELECT stream || ' ' || sequence AS line FROM unapplied ORDER BY stream, sequence");
  }
  EventSource source_, neighbour_{"0017", "01JD3V7Q8Z5W6K2M9T4RHXNEXT"};
};

TEST_F(UnappliedTest, NoOddEventStopsItsStreamOrANeighbour) {
  uint64_t sent = 0;
  for (const Case& c : Cases()) {
    SCOPED_TRACE(c.name);
    const Sent before = source_.Sale("apple", "1");
    const Sent odd = source_.SendOdd(c.odd);
    Deliver({before, odd, source_.Sale("apple", "1"), neighbour_.Sale("pear", "1")});
    ++sent;
    ASSERT_EQ(Through(), "0017|" + std::to_string(sent) + "; 0042|" + std::to_string(3 * sent));
    ASSERT_EQ(OnHand(),
              "0017|pear|-" + std::to_string(sent) + "; 0042|apple|-" + std::to_string(2 * sent));
    ASSERT_EQ(Count("unapplied"), static_cast<int64_t>(sent));
    ASSERT_EQ(Count("event WHERE kind = 'unapplied' AND counted = 0 AND position IS NULL"),
              static_cast<int64_t>(sent));
  }
  EXPECT_EQ(fleet_.Collector().store_failures, 0u);
  EXPECT_EQ(collector_->counters().unapplied, sent);
}

TEST_F(UnappliedTest, WhatIsKeptIsTheWholeEventAsItCame) {
  const Sent odd = source_.SendOdd({kNul, EventSource::At(0), R"({"a":"é"})"});
  Deliver({odd});
  std::vector<UnappliedRow> kept = store_->tables().Unapplied({}).value();
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].raw, odd.payload);
  EXPECT_EQ(kept[0].chain, odd.chain);
  EXPECT_EQ(kept[0].id, UuidText(odd.id));
  EXPECT_EQ(kept[0].kind, "a\\x00b");
}

TEST_F(UnappliedTest, TheConfirmationNamesIt) {
  Deliver({source_.Sale("apple", "1"), source_.SendOdd({"new"}), source_.SendOdd({"new"}),
           source_.Sale("apple", "1"), source_.SendOdd({"new"})});
  std::string payload = link_->published.back().payload;
  const auto confirm = wire::ReadConfirm(parser_.Parse(payload).value()).value();
  ASSERT_EQ(confirm.streams.size(), 1u);
  EXPECT_EQ(confirm.streams[0].through, 5u);
  EXPECT_EQ(confirm.streams[0].unapplied, (std::vector<wire::Range>{{2, 3}, {5, 5}}));
  EXPECT_TRUE(confirm.streams[0].owed.empty());
}

TEST_F(UnappliedTest, HeldAboveAHoleItIsPassedInItsTurn) {
  const Sent first = source_.Sale("apple", "1");
  const Sent odd = source_.SendOdd({"new"});
  const Sent last = source_.Sale("apple", "1");
  Deliver({last, odd});
  EXPECT_EQ(Through(), "0042|0");
  Deliver({odd, first});
  EXPECT_EQ(Through(), "0042|3");
  EXPECT_EQ(OnHand(), "0042|apple|-2");
  EXPECT_EQ(Count("unapplied"), 1);
  EXPECT_EQ(Count("diverged"), 0);
}

TEST_F(UnappliedTest, DeliveredAgainItIsADuplicate) {
  const Sent odd = source_.SendOdd({"new"});
  Deliver({odd, odd});
  Deliver({odd});
  EXPECT_EQ(Count("unapplied"), 1);
  EXPECT_EQ(Count("diverged"), 0);
  EXPECT_EQ(Query("SELECT seen AS line FROM duplicate"), "2");
}

TEST_F(UnappliedTest, ItsIdIsReserved) {
  Odd odd;
  odd.data = DataWith("bucket", "attic");
  const Sent kept = source_.SendOdd(odd);
  Deliver({kept});
  Sent good = source_.Sale("apple", "1");
  EventSource another("0042", "01JD3V7Q8Z5W6K2M9T4RHXBBBB");
  good.id = kept.id;
  good.data = DataWith("", "");
  Deliver({another.Again(good)});
  EXPECT_EQ(OnHand(), "");
  EXPECT_EQ(Count("duplicate"), 1);
}

TEST_F(UnappliedTest, WhatFailsEnvelopeOrChainIsRefusedAndNeverPasses) {
  Deliver({source_.Sale("apple", "1")});
  const Sent odd = source_.SendOdd({"new"});
  for (const char* data : {R"("data":[])", R"("data":{"x":1})"}) {
    Sent broken = odd;
    broken.payload.replace(broken.payload.find(R"("data":{})"), 9, data);
    Deliver({broken});
    EXPECT_EQ(Through(), "0042|1");
    EXPECT_EQ(Count("unapplied"), 0);
  }
  EXPECT_EQ(collector_->counters().malformed, 1u);
  EXPECT_EQ(collector_->counters().broken_chain, 1u);
}

TEST_F(UnappliedTest, AnOddEventOfAnotherHistoryIsKeptWhole) {
  Deliver({source_.Sale("apple", "1"), source_.Sale("apple", "1")});
  EventSource clone;
  const Sent odd = clone.SendOdd({kNul});
  Deliver({odd});
  EXPECT_EQ(Query("SELECT kind AS line FROM diverged"), "unapplied");
  EXPECT_EQ(store_->tables().Unapplied({}).value().at(0).raw, odd.payload);
  Advance(std::chrono::hours(2));  // the rescue of what was kept aside leaves it alone
  EXPECT_EQ(Count("unapplied"), 1);
}

TEST_F(UnappliedTest, BeyondTheBoundNothingIsPassed) {
  for (uint64_t i = 0; i < kMaxUnappliedEvents; i += 100) {
    std::vector<Sent> group;
    for (int n = 0; n < 100; ++n) group.push_back(source_.SendOdd({"new"}));
    Deliver(group);
  }
  EXPECT_EQ(Through(), "0042|1000");
  const Sent again = source_.SendOdd({"new"});
  Deliver({again, neighbour_.SendOdd({"new"})});
  EXPECT_EQ(Through(), "0017|1; 0042|1000");
  EXPECT_EQ(collector_->counters().no_room, 1u);
  EXPECT_EQ(Count("unapplied"), 1001);
}

TEST_F(UnappliedTest, ARowThatTheDatabaseRefusesLeavesTheOthersConfirmed) {
  Refuse("plum");
  std::vector<Sent> group;
  for (int i = 0; i < 40; ++i) group.push_back(source_.Sale(i == 17 ? "plum" : "apple", "1"));
  for (int i = 0; i < 10; ++i) group.push_back(neighbour_.Sale(i == 3 ? "plum" : "pear", "1"));
  Deliver(group);
  EXPECT_EQ(Through(), "0017|10; 0042|40");
  EXPECT_EQ(OnHand(), "0017|pear|-9; 0042|apple|-39");
  EXPECT_EQ(Kept(), "01JD3V7Q8Z5W6K2M9T4RHXCDEF 18; 01JD3V7Q8Z5W6K2M9T4RHXNEXT 4");
  EXPECT_EQ(fleet_.Collector().store_failures, 0u);
  EXPECT_EQ(collector_->counters().counted, 48u);
  Deliver({source_.Sale("apple", "1")});
  EXPECT_EQ(Through(), "0017|10; 0042|41");
}

TEST_F(UnappliedTest, AProgramThatCanAppliesItOnceAtANewPosition) {
  Refuse("plum");
  Deliver({source_.Sale("plum", "2", 1), source_.Sale("apple", "1", 2)});
  EXPECT_EQ(Query("SELECT position || '|' || sequence AS line FROM event WHERE counted = 1"),
            "1|2");
  RefuseNoMore();
  for (int i = 0; i < 2; ++i) {
    Restart();
    Advance(seconds(1));
    EXPECT_EQ(Kept(), "");
    EXPECT_EQ(OnHand(), "0042|apple|-1; 0042|plum|-2");
    EXPECT_EQ(Query("SELECT position || '|' || sequence || '|' || kind AS line FROM event"
                    " ORDER BY position"),
              "1|2|sale; 2|1|sale");
  }
  const std::string before = OnHand();
  EXPECT_EQ(RebuildLedger(store_->sql(), clock_.Wall())->events, 2u);
  EXPECT_EQ(OnHand(), before);
}

TEST_F(UnappliedTest, AppliedAfterACountThatHadSeenItItIsLate) {
  Refuse("plum");
  Deliver({source_.Sale("plum", "2", 1)});
  RefuseNoMore();
  Deliver({source_.Count("plum", "7", 5)});
  Restart();
  Advance(seconds(1));
  EXPECT_EQ(OnHand(), "0042|plum|7");
  EXPECT_EQ(Query("SELECT delta FROM movement WHERE applied = 'late'"), "-2000000");
}

TEST_F(UnappliedTest, WhatStillCannotBeAppliedStays) {
  Deliver({source_.SendOdd({"new"})});
  Restart();
  Advance(seconds(1));
  EXPECT_EQ(Count("unapplied"), 1);
  EXPECT_EQ(RebuildLedger(store_->sql(), clock_.Wall())->events, 0u);
}

TEST_F(UnappliedTest, APersonAppliesItUnderAnotherTime) {
  Odd odd;
  odd.time = "10000-01-01T00:59:59+01:00";
  odd.data = DataWith("", "");
  Deliver({source_.SendOdd(odd)});
  Stop();
  const NumberKey number{{"0042", source_.stream()}, 1};
  EXPECT_FALSE(ApplyOneKept(url(), number, "").value());
  EXPECT_EQ(ApplyOneKept(url(), {number.key, 2}, "").status().code(), Code::kNotFound);
  EXPECT_TRUE(ApplyOneKept(url(), number, EventSource::At(3)).value());
  EXPECT_EQ(OnHand(), "0042|odd|-1");
  EXPECT_EQ(Query("SELECT occurred_at || '|' || counted AS line FROM event"),
            EventSource::At(3) + "|1");
  Start();
}

TEST_F(UnappliedTest, AStoreCannotOpenStreamsWithoutEnd) {
  for (uint64_t i = 0; i < kMaxStreams + 60; i += 50) {
    std::vector<Sent> group;
    for (uint64_t n = i; n < i + 50; ++n) {
      std::string name = "01JD3V7Q8Z5W6K2M9T4RH00000";
      const std::string number = std::to_string(n);
      name.replace(name.size() - number.size(), number.size(), number);
      group.push_back(EventSource("0042", name).Sale("apple", "1"));
    }
    Deliver(group);
  }
  EXPECT_GE(Count("stream"), static_cast<int64_t>(kMaxStreams));
  EXPECT_LE(Count("stream"), static_cast<int64_t>(kMaxStreams + 50));
  EXPECT_GT(collector_->counters().too_many_streams, 0u);
  Deliver({neighbour_.Sale("pear", "1"), EventSource("0042", "01JD3V7Q8Z5W6K2M9T4RH00000")
                                             .Sale("apple", "1")});  // known, a duplicate
  EXPECT_EQ(Query("SELECT confirmed_through FROM stream WHERE store_id = '0017'"), "1");
  EXPECT_EQ(Count("duplicate WHERE stream = '01JD3V7Q8Z5W6K2M9T4RH00000'"), 1);
}

TEST_F(UnappliedTest, ItIsNotDeletedByAge) {
  Stop();
  config_.retention_days = 400;
  Start();
  Deliver({source_.SendOdd({"new"}), source_.Sale("apple", "1")});
  clock_.Advance(std::chrono::hours(24 * 500));
  Advance(std::chrono::minutes(5));
  EXPECT_EQ(Query("SELECT kind AS line FROM event"), "unapplied");
  EXPECT_EQ(Count("unapplied"), 1);
}

}  // namespace
}  // namespace tillrelay::collector
