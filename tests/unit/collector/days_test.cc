// Claims about a store's business day: whatever is judged at the store is judged alike at head
// office, because one code does both.
#include <gmock/gmock.h>

#include "agent/reconcile/reconciliation.h"
#include "collector/ledger/reconciliation.h"
#include "collector/web/days_view.h"
#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kDay = "2026-11-21";

struct Document {
  std::string number;
  int minute = 0;
  std::string net = "1.00", currency = "EUR", register_id = "03";
  event::Kind kind = event::Kind::kSale;
  std::string day = kDay;
};
struct Close {
  std::string first, last;
  int64_t count = 0;
  std::string net, currency = "EUR", register_id = "03", day = kDay;
};

// A store's agent as far as its books go, and its stream.
class Shop {
 public:
  Shop(std::string store, std::string stream, reconcile::NumberingRule rule = {})
      : source_(store, stream), shop_{store, {}, event::StoreZone::Load("Europe/Berlin").value()} {
    books_.SetNumbering(std::move(rule));
    books_.Attach([](const std::string&) -> Result<std::string> { return std::string(); });
  }

  Sent Sale(const Document& d) {
    event::Event sale;
    sale.kind = d.kind;
    if (d.kind == event::Kind::kTransactionVoided) sale.voids.emplace().transaction_no = "2";
    auto& t = sale.transaction.emplace();
    t.store_id = source_.store();
    t.register_id = d.register_id;
    t.business_day = d.day;
    t.transaction_no = d.number;
    t.end_at = EventSource::At(d.minute);
    t.status = "completed";
    sale.currency = d.currency;
    sale.totals.emplace().net_amount = Decimal::Parse(d.net).value();
    sale.tenders.push_back({"cash", Decimal::Parse(d.net).value()});
    auto& line = sale.lines.emplace_back();
    line.item.sku = "apple";
    line.uom = "EA";
    line.quantity = Decimal::FromInt(1);
    return Stored(std::move(sale));
  }
  Sent Closed(const Close& c) {
    event::Event closed;
    closed.kind = event::Kind::kDayClosed;
    auto& close = closed.close.emplace();
    close.store_id = source_.store();
    close.register_id = c.register_id;
    close.business_day = c.day;
    close.z_no = std::to_string(++z_);
    close.closed_at = EventSource::At(600 + z_);
    closed.currency = c.currency;
    auto& reported = closed.pos_control.emplace();
    reported.first_transaction_no = c.first;
    reported.last_transaction_no = c.last;
    reported.transaction_count = c.count;
    if (!c.net.empty()) reported.net_amount = Decimal::Parse(c.net).value();
    return Stored(std::move(closed));
  }
  // What the store's own books say of a register.
  std::string OwnResult(const std::string& register_id) const {
    for (const auto& row : books_.Registers()) {
      if (row.register_id == register_id) return row.result;
    }
    return "none";
  }
  const std::string& store() const { return source_.store(); }

 private:
  // As the journal does: what the books add stands at the end of the data.
  Sent Stored(event::Event event) {
    auto made = event::MakeDraft(std::move(event), shop_);
    CHECK(std::holds_alternative<event::Draft>(made));
    const auto& draft = std::get<event::Draft>(made);
    auto more = books_.Stored(draft, {source_.store(), source_.stream(), ++sequence_, WallTime{}});
    CHECK(more.ok());
    (void)books_.Changed();
    books_.Committed();
    EventSource::Odd odd;
    odd.kind = event::KindWord(draft.kind);
    odd.time = draft.time;
    odd.data = draft.data;
    if (!more->empty()) odd.data = odd.data.substr(0, odd.data.size() - 1) + "," + *more + "}";
    return source_.SendOdd(odd);
  }

  EventSource source_;
  const event::Shop shop_;
  reconcile::Reconciliation books_;
  uint64_t sequence_ = 0;
  int z_ = 0;
};

class DaysTest : public CollectorTest {
 protected:
  std::string Centre(const std::string& store) {
    auto json = ReconciliationJson(store_->sql(), store, kDay);
    return json.ok() ? *json : json.status().message();
  }
  std::string Member(const std::string& json, const std::string& register_id,
                     const std::string& member) {
    JsonParser parser;
    std::string text = json;
    auto root = parser.Parse(text);
    if (!root.ok()) return "no JSON";
    for (const JsonValue its : root->Find("registers")) {
      if (its.String("register") != register_id) continue;
      const JsonValue value = its.Find(member);
      return value.is_bool() ? (value.is_true() ? "true" : "false") : std::string(value.text());
    }
    return "none";
  }
  std::string Csv() {
    const auto answer = ReadDays(store_->sql(), {kDay, "", 100});
    return answer.ok() ? DaysCsv(*answer) : answer.status().message();
  }
  // The next round, in which days are judged.
  void Round() { Advance(seconds(21)); }
  std::string Day(const std::string& store, const std::string& columns) {
    return Query("SELECT " + columns + " FROM store_day WHERE store_id = '" + store + "'");
  }
  Code Sign(const std::string& note, bool is_signed = true, const std::string& actor = "Ms Berg") {
    Code code = Code::kInternal;
    EXPECT_TRUE(orders_.Push(DaySigning{"0042", kDay, is_signed, actor, note, "audit"},
                             [&code](const Status& done) { code = done.code(); }));
    Turn();
    return code;
  }
  std::string Exceptions() {
    return Query(
        "SELECT kind, subject, state FROM exception WHERE kind LIKE 'day%' AND ended = 0"
        " ORDER BY 1, 2");
  }
  // Of another stream for each store: ids are made of its name here.
  static std::string StreamOf(size_t i) {
    return std::string("01JD3V7Q8Z5W6K2M9T4RHXCDE") + "ABCDEFGHJKMNPQ"[i];
  }
};

TEST_F(DaysTest, BothEndsJudgeAlike) {
  struct Case {
    std::string what;
    std::vector<Document> documents;
    std::vector<Close> closes;
    std::string result;
    reconcile::Numbering numbering = reconcile::Numbering::kRegister;
  };
  const Case cases[] = {
      {"all well", {{"1", 1}, {"2", 2}}, {{"1", "2", 2, "2.00"}}, "balanced"},
      {"another amount", {{"1", 1}, {"2", 2}}, {{"1", "2", 2, "9.00"}}, "mismatch"},
      {"another count", {{"1", 1}, {"2", 2}}, {{"1", "2", 3, "2.00"}}, "mismatch"},
      {"two currencies and one sum",
       {{"1", 1, "3.00"}, {"2", 2, "4.00", "CHF"}},
       {{"1", "2", 2, "7.00", ""}},
       "mismatch"},
      {"two currencies and one of them",
       {{"1", 1, "3.00"}, {"2", 2, "4.00", "CHF"}},
       {{"1", "2", 2, "3.00", "EUR"}},
       "mismatch"},
      {"two currencies, each told",
       {{"1", 1, "3.00"}, {"2", 2, "4.00", "CHF"}},
       {{"1", "1", 1, "3.00", "EUR"}, {"2", "2", 1, "4.00", "CHF"}},
       "balanced"},
      {"another currency", {{"1", 1, "3.00"}}, {{"1", "1", 1, "3.00", "CHF"}}, "mismatch"},
      {"a number missing", {{"1", 1}, {"3", 2}}, {{"1", "3", 2, "2.00"}}, "gaps"},
      {"a number missing behind a restart",
       {{"8", 1}, {"9", 2}, {"1", 30}, {"2", 31}, {"4", 32}},
       {{"", "", 5, "5.00"}},
       "gaps"},
      {"a restart and nothing missing",
       {{"8", 1}, {"9", 2}, {"1", 30}, {"2", 31}, {"3", 32}},
       {{"", "", 5, "5.00"}},
       "balanced"},
      {"two shifts",
       {{"1", 1}, {"2", 2}},
       {{"1", "1", 1, "1.00"}, {"2", "2", 1, "1.00"}},
       "balanced"},
      {"numbers that prove nothing",
       {{"1", 1}, {"7", 2}},
       {{"", "", 2, "2.00"}},
       "balanced",
       reconcile::Numbering::kNone},
      {"still open", {{"1", 1}}, {}, ""},
  };
  size_t i = 0;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Shop shop("01" + std::to_string(10 + i), StreamOf(i), {c.numbering});
    ++i;
    std::vector<Sent> sent;
    for (const Document& d : c.documents) sent.push_back(shop.Sale(d));
    for (const Close& close : c.closes) sent.push_back(shop.Closed(close));
    Deliver(sent);
    const std::string json = Centre(shop.store());
    EXPECT_EQ(shop.OwnResult("3"), c.result);
    EXPECT_EQ(Member(json, "3", "result"), c.result) << json;
    EXPECT_EQ(Member(json, "3", "agrees"), "true") << json;
    EXPECT_EQ(Member(json, "3", "balanced"), c.result == "balanced" ? "true" : "false");
  }
}

TEST_F(DaysTest, ALateReceiptIsACorrectionThatBothEndsSee) {
  Shop shop("0042", StreamOf(0));
  std::vector<Sent> sent{shop.Sale({"1", 1}), shop.Sale({"3", 3}),
                         shop.Closed({"1", "3", 3, "3.00"})};
  Deliver(sent);
  EXPECT_EQ(Member(Centre("0042"), "3", "result"), "gaps");
  Deliver({shop.Sale({"2", 2})});
  const std::string json = Centre("0042");
  EXPECT_EQ(shop.OwnResult("3"), "balanced");
  EXPECT_EQ(Member(json, "3", "result"), "balanced");
  EXPECT_EQ(Member(json, "3", "agent_result"), "gaps");
  EXPECT_EQ(Member(json, "3", "agrees"), "true");  // it was so when the day was closed
  EXPECT_EQ(Member(json, "3", "after_close"), "1");
}

TEST_F(DaysTest, WhatWaitsBehindAHoleIsNotBalanced) {
  Shop shop("0042", StreamOf(0));
  const Sent first = shop.Sale({"1", 1}), second = shop.Sale({"2", 2});
  const Sent close = shop.Closed({"1", "2", 2, "2.00"});
  Deliver({first, close});
  EXPECT_EQ(Member(Centre("0042"), "3", "balanced"), "false");
  Deliver({second});
  EXPECT_EQ(Member(Centre("0042"), "3", "balanced"), "true");
}

TEST_F(DaysTest, MoneyIsSummedByCurrencyTenderAndTax) {
  EventSource source;
  const auto sale = [&](const std::string& number, const std::string& currency) {
    EventSource::Odd odd;
    odd.data = R"({"transaction":{"register_id":"03","business_day":"2026-11-21",)"
               R"("transaction_no":")" +
               number + R"("},"currency":")" + currency +
               R"(","totals":{"net_amount":"2"},"tenders":[{"type":"cash","amount":"1.5"},)"
               R"({"type":"card","amount":"0.5"}],"taxes":[{"rate":"19","base":"2",)"
               R"("amount":"0.38"}]})";
    return source.SendOdd(odd);
  };
  Deliver({sale("1", "EUR"), sale("2", "CHF"), sale("3", "EUR")});
  const std::string json = Centre("0042");
  EXPECT_THAT(json, HasSubstr(R"("net_amounts":[{"currency":"CHF","amount":"2"},)"
                              R"({"currency":"EUR","amount":"4"}])"));
  EXPECT_THAT(json, HasSubstr(R"({"currency":"EUR","type":"cash","amount":"3"})"));
  EXPECT_THAT(json, HasSubstr(R"({"currency":"EUR","rate":"19","base":"4","amount":"0.76"})"));
}

// Of so many receipts so many take something back, each day; then one that does not do as usual.
TEST_F(DaysTest, ADayOfUnusuallyManyReturnsIsAnExceptionUntilItIsSigned) {
  Shop shop("0042", StreamOf(0));
  const auto day_of = [](int n) { return fmt::format("2026-11-{:02}", n); };
  const auto play = [&](int n, int sold, int returned) {
    std::vector<Sent> sent;
    for (int i = 1; i <= sold + returned; ++i) {
      sent.push_back(shop.Sale({.number = std::to_string(i),
                                .minute = i,
                                .net = i > sold ? "-1.00" : "1.00",
                                .kind = i > sold ? event::Kind::kReturn : event::Kind::kSale,
                                .day = day_of(n)}));
    }
    sent.push_back(shop.Closed({.first = "1",
                                .last = std::to_string(sold + returned),
                                .count = sold + returned,
                                .net = std::to_string(sold - returned) + ".00",
                                .day = day_of(n)}));
    Deliver(sent);
    Round();
    return Query(
        "SELECT subject, level, detail FROM exception WHERE kind = 'return_rate'"
        " AND ended = 0");
  };
  for (int n = 1; n <= 6; ++n) EXPECT_EQ(play(n, 38 + n, 1 + n % 2), "");
  EXPECT_EQ(play(7, 20, 20), "") << "six days prove nothing";
  EXPECT_EQ(play(8, 20, 9), "") << "nor do few receipts";
  EXPECT_EQ(play(9, 40, 2), "");
  EXPECT_EQ(play(10, 30, 10),
            "2026-11-10|1|2026-11-10: 25.0 percent of 40 receipts took something "
            "back, 4.5 usually");
  EXPECT_EQ(Query("SELECT sold, returned FROM store_day WHERE business_day = '2026-11-10'"),
            "30|10");
  EXPECT_TRUE(orders_.Push(DaySigning{"0042", "2026-11-10", true, "Ms Berg", "a recall", "audit"},
                           [](const Status& done) { EXPECT_TRUE(done.ok()); }));
  Turn();
  Round();
  EXPECT_EQ(play(11, 40, 2), "");
}

TEST(ReturnRateTest, AFewOddDaysDoNotMoveWhatIsUsual) {
  std::vector<ReturnCounts> before;
  for (int i = 0; i < 21; ++i) before.push_back({97 - i % 3, 3 + i % 3});
  for (const int odd : {0, 3, 6}) {
    std::vector<ReturnCounts> with = before;
    for (int i = 0; i < odd; ++i) with.push_back({10, 90});
    EXPECT_EQ(FarFromUsual({95, 5}, with, 5), "") << odd;
    EXPECT_NE(FarFromUsual({80, 20}, with, 5), "") << odd;
    EXPECT_EQ(FarFromUsual({80, 20}, with, 50), "") << odd;
  }
  // Days that scatter much have to be left far.
  std::vector<ReturnCounts> wild;
  for (int i = 0; i < 20; ++i) wild.push_back({100 - 4 * (i % 5), 4 * (i % 5)});
  EXPECT_EQ(FarFromUsual({80, 20}, wild, 5), "");
  EXPECT_NE(FarFromUsual({40, 60}, wild, 5), "");
  EXPECT_NE(FarFromUsual({100, 0}, std::vector<ReturnCounts>(9, {80, 20}), 5), "") << "far fewer";
  EXPECT_EQ(FarFromUsual({}, {}, 5), "");
}

TEST_F(DaysTest, ADayIsJudgedWhenItClosesAndSignedByAPerson) {
  Shop shop("0042", StreamOf(0));
  Deliver({shop.Sale({"1", 1}), shop.Sale({"2", 2})});
  Round();
  EXPECT_EQ(Day("0042", "received, closes, result"), "2|0|");
  EXPECT_EQ(Sign("n"), Code::kConflict);  // nobody has closed it
  Deliver({shop.Closed({"1", "2", 2, "2.00"})});
  Round();
  EXPECT_EQ(Day("0042", "received, closes, result, agrees, blocks, late, difference"),
            "2|1|balanced|1||0|0");
  EXPECT_EQ(Exceptions(), "");
  EXPECT_EQ(Sign("", true, ""), Code::kInvalid);
  EXPECT_EQ(Sign(""), Code::kOk);
  EXPECT_EQ(Day("0042", "signed_by, signed_note"), "Ms Berg|");
  EXPECT_NE(Day("0042", "signed_at"), "");
  // What comes later opens it again, and is a correction.
  Deliver({shop.Sale({"3", 3})});
  Round();
  EXPECT_EQ(Day("0042", "received, signed_at, late, result"), "3||1|mismatch");
  EXPECT_NE(Day("0042", "reopened_at"), "");
  EXPECT_EQ(Exceptions(), "day_not_balanced|2026-11-21|open");
  EXPECT_EQ(Query("SELECT money, currency, detail FROM exception WHERE kind LIKE 'day%'"),
            "1000000|EUR|2026-11-21, register 3: mismatch");
  EXPECT_EQ(Sign(""), Code::kInvalid);  // why, all the same?
  EXPECT_EQ(Sign("told by phone"), Code::kOk);
  Round();
  EXPECT_EQ(Exceptions(), "");
  EXPECT_EQ(Sign("", false), Code::kOk);
  EXPECT_EQ(Day("0042", "signed_at"), "");
  EXPECT_EQ(Query("SELECT state, actor, token, note FROM exception_audit"
                  " WHERE kind = 'store_day' ORDER BY number"),
            "signed|Ms Berg|audit|; signed|Ms Berg|audit|told by phone; open|Ms Berg|audit|");
}

// Who asks for today right after a sale was confirmed is not told that nothing came.
TEST_F(DaysTest, WhatWasConfirmedStandsOnItsDayWithinASecond) {
  Shop shop("0042", "01JD3V7Q8Z5W6K2M9T4RHXCDEF");
  Deliver({shop.Sale({"1", 1})});
  for (int n = 2; n <= 4; ++n) {
    Deliver({shop.Sale({std::to_string(n), n})});
    EXPECT_LE(collector_->NextDeadline() - clock_.Now(), seconds(1));
    Advance(seconds(1));
    EXPECT_EQ(Day("0042", "received"), std::to_string(n));
  }
  Advance(seconds(21));
  EXPECT_GE(collector_->NextDeadline() - clock_.Now(), seconds(1));  // nothing came: it rests
}

TEST_F(DaysTest, WhatWasSignedLeavesNothingWhereItIsOpenAgain) {
  Shop shop("0042", StreamOf(0));
  Deliver({shop.Sale({"1", 1}), shop.Closed({"1", "1", 1, "1.00"})});
  Round();
  EXPECT_EQ(Sign("all counted"), Code::kOk);
  EXPECT_THAT(Csv(), HasSubstr("Ms Berg\",\"all counted"));
  EXPECT_EQ(Sign("", false, "Mr Klee"), Code::kOk);
  EXPECT_EQ(Day("0042", "signed_at, signed_by, signed_note"), "||");
  EXPECT_EQ(Sign("all counted"), Code::kOk);
  Deliver({shop.Sale({"2", 2})});
  Round();
  EXPECT_EQ(Day("0042", "signed_at, signed_by, signed_note"), "||");
  // Of an older program.
  database_.Execute("UPDATE store_day SET signed_by = 'Ms Berg', signed_note = 'old'");
  EXPECT_THAT(Csv(), Not(HasSubstr("Ms Berg")));
}

TEST_F(DaysTest, NoCardNumberIsKeptOfWhatPeopleWrite) {
  Shop shop("0042", StreamOf(0));
  Deliver({shop.Sale({"1", 1}), shop.Closed({"1", "1", 1, "1.00"})});
  Round();
  for (const bool is_signed : {true, false}) {
    EXPECT_EQ(Sign("paid with 4111 1111 1111 1111", is_signed, "4111-1111-1111-1111"), Code::kOk);
  }
  const std::string kept = Query("SELECT signed_by, signed_note FROM store_day") +
                           Query("SELECT actor, assignee, note FROM exception_audit");
  EXPECT_THAT(kept, HasSubstr("paid with [REDACTED-PAN]"));
  EXPECT_THAT(kept, Not(HasSubstr("1111")));
}

TEST_F(DaysTest, DifferencesOfSeveralCurrenciesAreNoSum) {
  struct Case {
    std::vector<Document> documents;
    std::vector<Close> closes;
    std::string apart, file, money;
  };
  const Case cases[] = {
      {{{"1", 1, "3.00"}},
       {{"1", "1", 1, "5.00"}},
       R"("difference":"2","currency":"EUR","differences":[{"currency":"EUR","amount":"2"}])",
       R"("2","EUR")",
       "2000000|EUR"},
      {{{"1", 1, "3.00"}},
       {{"1", "1", 1, "3.00", "CHF"}},
       R"("difference":null,"currency":"","differences":[{"currency":"CHF","amount":"3"},)"
       R"({"currency":"EUR","amount":"3"}])",
       R"("3 CHF, 3 EUR","several")",
       "|"},
      {{{"1", 1, "3.00"}, {"9", 1, "4.00", "CHF", "04"}},
       {{"1", "1", 1, "1.00"}, {"9", "9", 1, "5.00", "CHF", "04"}},
       R"("difference":null,"currency":"","differences":[{"currency":"CHF","amount":"1"},)"
       R"({"currency":"EUR","amount":"2"}])",
       R"("1 CHF, 2 EUR","several")",
       "|"},
  };
  size_t i = 0;
  for (const Case& c : cases) {
    Shop shop("02" + std::to_string(10 + i), StreamOf(i));
    ++i;
    std::vector<Sent> sent;
    for (const Document& d : c.documents) sent.push_back(shop.Sale(d));
    for (const Close& close : c.closes) sent.push_back(shop.Closed(close));
    Deliver(sent);
    Round();
    const auto answer = ReadDays(store_->sql(), {kDay, "", 100});
    ASSERT_TRUE(answer.ok());
    EXPECT_THAT(DaysJson(*answer), HasSubstr(c.apart));
    EXPECT_THAT(Csv(), HasSubstr(c.file));
    EXPECT_EQ(Query("SELECT COALESCE(CAST(money AS TEXT), ''), currency FROM exception"
                    " WHERE kind LIKE 'day%' AND store_id = '" +
                    shop.store() + "'"),
              c.money);
  }
}

// Registers tell a post-void with the original's sign or the other one.
TEST_F(DaysTest, WhatTakesBackIsTakenOffAtBothEnds) {
  size_t i = 0;
  for (const std::string sign : {"", "-"}) {
    Shop shop("03" + std::to_string(10 + i), StreamOf(i));
    ++i;
    Document taken_back{"3", 3, sign + "2.00"};
    taken_back.kind = event::Kind::kTransactionVoided;
    Document returned{"4", 4, sign + "1.00"};
    returned.kind = event::Kind::kReturn;
    Deliver({shop.Sale({"1", 1, "5.00"}), shop.Sale({"2", 2, "2.00"}), shop.Sale(taken_back),
             shop.Sale(returned), shop.Closed({"1", "4", 4, "4.00"})});
    const std::string json = Centre(shop.store());
    EXPECT_EQ(shop.OwnResult("3"), "balanced") << sign;
    EXPECT_EQ(Member(json, "3", "result"), "balanced") << json;
    EXPECT_THAT(json, HasSubstr(R"("net_amounts":[{"currency":"EUR","amount":"4"}])"));
    EXPECT_THAT(json, HasSubstr(R"("type":"cash","amount":"4"})"));
  }
}

TEST_F(DaysTest, EveryRegisterHasToClose) {
  Shop shop("0042", StreamOf(0));
  Deliver({shop.Sale({"1", 1}), shop.Sale({"7", 1, "1.00", "EUR", "04"}),
           shop.Closed({"1", "1", 1, "1.00"})});
  Round();
  EXPECT_EQ(Day("0042", "result, blocks"), "open|register 4: not closed");
  Deliver({shop.Closed({"7", "7", 1, "1.00", "EUR", "04"})});
  Round();
  EXPECT_EQ(Day("0042", "result, blocks"), "balanced|");
}

TEST_F(DaysTest, AnotherResultThanTheStoresOwnIsAnException) {
  EventSource source;
  EventSource::Odd sale, close;
  sale.data = R"({"transaction":{"register_id":"03","business_day":"2026-11-21",)"
              R"("transaction_no":"1"},"totals":{"net_amount":"2"}})";
  close.kind = "day_closed";
  close.data = R"({"close":{"register_id":"03","business_day":"2026-11-21","z_no":"1"},)"
               R"("pos_control":{"transaction_count":1,"net_amount":"2"},"result":"gaps"})";
  Deliver({source.SendOdd(sale), source.SendOdd(close)});
  Round();
  EXPECT_EQ(Day("0042", "result, agrees, blocks"), "balanced|0|register 3: the store found gaps");
  EXPECT_EQ(Exceptions(), "day_disagreement|2026-11-21|open");
}

// Whatever a store says of itself, events go on being stored and days judged.
TEST_F(DaysTest, TextsThatNoColumnTakesHarmNothing) {
  EventSource source;
  EventSource::Odd sale, close;
  const std::string odd = R"(a\u0000\u001fb\"'; )" + std::string(300, 'x');
  sale.data = R"({"transaction":{"register_id":")" + odd +
              R"(","business_day":"2026-11-21","transaction_no":")" + odd + R"("},"currency":")" +
              odd + R"(","totals":{"net_amount":"2"}})";
  close.kind = "day_closed";
  close.data = R"({"close":{"register_id":")" + odd + R"(","business_day":"2026-11-21","z_no":")" +
               odd + R"("},"pos_control":{"net_amount":"3"},"result":")" + odd + R"("})";
  Deliver({source.SendOdd(sale), source.SendOdd(close)});
  close.data = R"({"close":{"register_id":"03","business_day":")" + odd + R"("},"pos_control":{}})";
  Deliver({source.SendOdd(close)});
  // A close that is a receipt as well, and says no day of its own.
  close.data = R"({"transaction":{"register_id":"03","business_day":"2026-11-21",)"
               R"("transaction_no":"1"},"close":{"register_id":"03"}})";
  Deliver({source.SendOdd(close)});
  Round();
  EXPECT_EQ(Day("0042", "result, difference, dirty"), "mismatch|1000000|0");
  EXPECT_EQ(Exceptions(), "day_disagreement|2026-11-21|open");
  EXPECT_THAT(Centre("0042"), HasSubstr(R"("received":3)"));
  Deliver({source.SendOdd(sale)});
  EXPECT_EQ(Count("event WHERE counted = 1"), 5);
}

TEST_F(DaysTest, ARestartGoesOnWhereItWas) {
  Shop shop("0042", StreamOf(0));
  Deliver({shop.Sale({"1", 1})});
  Round();
  Restart();
  Deliver({shop.Sale({"2", 2}), shop.Closed({"1", "2", 2, "2.00"})});
  Round();
  Restart();
  Round();
  EXPECT_EQ(Day("0042", "received, closes, result"), "2|1|balanced");
}

// A day that the program before did not follow is not judged by half of it.
TEST_F(DaysTest, WhatCameBeforeAnUpgradeIsJudgedWithTheRest) {
  Shop shop("0042", StreamOf(0));
  Deliver({shop.Sale({"1", 1}), shop.Sale({"2", 2})});
  Stop();
  database_.AsVersion7();
  Start();
  Deliver({shop.Closed({"1", "2", 2, "2.00"})});
  Round();
  EXPECT_EQ(Day("0042", "closes, result"), "1|balanced");
}

}  // namespace
}  // namespace tillrelay::collector
