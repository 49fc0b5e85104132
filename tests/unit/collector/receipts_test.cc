// The tables for the warehouse: each counted event with a transaction stands there once, at its
// position, whatever way it came; what an older program counted is filled in beside everything
// else; questions find exactly what fits, page by page.
#include "collector/web/receipts.h"

#include <fmt/format.h>

#include <algorithm>

#include "collector/ledger/receipt_fill.h"
#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {
namespace {

constexpr const char* kSale = R"({"transaction":{"store_id":"0042","register_id":"03",
"business_day":"2026-11-21","transaction_no":"4711","status":"completed"},"currency":"EUR",
"lines":[{"action":"sale","item":{"sku":"apple","gtin":"09521234000013"},"quantity":"2","uom":"EA",
"unit_price":"1.50","discount_amount":"0.25","net_amount":"2.75","lot":"L7","stock_effect":
[{"bucket":"on_hand","location":"0042","delta":"-2"}]},
{"action":"sale","item":{"gtin":"09521234000020"},"quantity":"0.420","uom":"KGM"}],
"totals":{"net_amount":"2.75","tax_amount":"0.19","grand_amount":"2.94"},
"tenders":[{"type":"cash","amount":"2.00"},{"type":"card","amount":"0.94"}],
"taxes":[{"rate":"7","base":"2.75","amount":"0.19"}]})";

class ReceiptsTest : public CollectorTest {
 protected:
  Sent Odd(const std::string& data, const std::string& kind = "sale") {
    EventSource::Odd odd;
    odd.kind = kind;
    odd.data = data;
    return source_.SendOdd(odd);
  }
  // Everything that the tables say.
  std::string Dump() {
    std::string all;
    for (const char* table : {"receipt", "receipt_line", "tender", "tax"}) {
      all += Query(std::string("SELECT * FROM ") + table + " ORDER BY 1, 2") + "\n";
    }
    return all;
  }
  Result<std::string> Ask(const ReceiptsQuestion& question) {
    auto reader = OpenReader(url());
    if (!reader.ok()) return std::move(reader).status();
    return ReceiptsJson(reader->get(), question);
  }

  EventSource source_;
};

TEST_F(ReceiptsTest, AReceiptStandsThereWithItsLinesTendersAndTaxes) {
  Deliver({Odd(kSale)});
  EXPECT_EQ(Query("SELECT position, store_id, business_day, register_id, transaction_no, kind,"
                  " status, currency, net_amount, tax_amount, grand_amount,"
                  " voids_transaction_no FROM receipt"),
            "1|0042|2026-11-21|03|4711|sale|completed|EUR|2.75|0.19|2.94|");
  EXPECT_EQ(Query("SELECT position, line, store_id, action, item, gtin, lot, uom, quantity,"
                  " unit_price, discount_amount, net_amount FROM receipt_line ORDER BY line"),
            "1|1|0042|sale|apple|09521234000013|L7|EA|2|1.5|0.25|2.75; "
            "1|2|0042|sale|09521234000020|09521234000020||KGM|0.42|||");
  EXPECT_EQ(Query("SELECT line, type, amount FROM tender ORDER BY line"), "1|cash|2; 2|card|0.94");
  EXPECT_EQ(Query("SELECT line, rate, base, amount FROM tax"), "1|7|2.75|0.19");
  EXPECT_EQ(Query("SELECT version, fill_through, filled_through FROM warehouse"), "2|0|0");
}

TEST_F(ReceiptsTest, AVoidNamesWhatItTakesBackAndWhatHasNoTransactionIsNoReceipt) {
  Deliver({Odd(R"({"transaction":{"register_id":"03","business_day":"2026-11-21",
"transaction_no":"4712"},"voids":{"register_id":"03","business_day":"2026-11-20",
"transaction_no":"4711"}})",
               "transaction_voided"),
           source_.Count("apple", "5", 1), source_.Ship("TR-1", "0017", "6")});
  EXPECT_EQ(Query("SELECT position, kind, voids_business_day, voids_register_id,"
                  " voids_transaction_no, net_amount FROM receipt"),
            "1|transaction_voided|2026-11-20|03|4711|");
  EXPECT_EQ(Count("receipt_line"), 0);
}

TEST_F(ReceiptsTest, HoweverItComesItStandsThereOnceAtItsPosition) {
  std::vector<Sent> sales;
  for (int i = 0; i < 6; ++i) sales.push_back(source_.Sale("apple", "1", i));
  Deliver({sales[0], sales[2]});
  EXPECT_EQ(Query("SELECT position, transaction_no FROM receipt ORDER BY 1"), "1|1");
  Deliver({sales[2], sales[0], sales[4]});
  Deliver({sales[1]});  // the first of those held above the hole follows
  EXPECT_EQ(Query("SELECT position, transaction_no FROM receipt ORDER BY 1"), "1|1; 2|2; 3|3");
  Restart();
  Deliver({sales[3], sales[5], sales[3]});
  Deliver({source_.Again(sales[5])});
  EXPECT_EQ(Query("SELECT position, transaction_no FROM receipt ORDER BY 1"),
            "1|1; 2|2; 3|3; 4|4; 5|5; 6|6");
  EXPECT_EQ(Query("SELECT COUNT(*) FROM receipt r JOIN event e ON e.position = r.position"
                  " AND e.store_id = r.store_id AND e.occurred_at = r.occurred_at"),
            "6");
  EXPECT_EQ(Count("receipt_line"), 6);
}

TEST_F(ReceiptsTest, WhatCannotBeAColumnNeverKeepsAnEventFromBeingApplied) {
  const std::string longer(400, 'x');
  const std::string data =
      R"({"transaction":{"register_id":7,"business_day":"2026-\u0000","transaction_no":")" +
      longer +
      R"("},"currency":["EUR"],"totals":{"net_amount":"much"},"tenders":{"type":"cash"},
"taxes":[1,"x",{"rate":0.19,"base":"1e5"}],"lines":[{"item":{"sku":"apple"},"uom":"EA",
"lot":"a\u0000b","quantity":"2","stock_effect":[{"bucket":"on_hand","delta":"-2"}]}]})";
  Deliver({Odd(data)});
  EXPECT_EQ(Through(), "0042|1");
  EXPECT_EQ(Count("unapplied"), 0);
  EXPECT_EQ(OnHand(), "0042|apple|-2");
  EXPECT_EQ(Query("SELECT register_id, currency, net_amount FROM receipt"), "||");
  EXPECT_EQ(Query("SELECT lot, quantity FROM receipt_line"), "a\\x00b|2");
  EXPECT_EQ(Query("SELECT line, rate, base FROM tax ORDER BY line"), "1||; 2||; 3|0.19|");
  EXPECT_EQ(Count("tender"), 0);
}

TEST_F(ReceiptsTest, WhatIsDeletedByAgeGoesFromAllOfThem) {
  Deliver({Odd(kSale), Odd(kSale), Odd(kSale)});
  auto purged = store_->tables().Purge(2, 10);
  ASSERT_TRUE(purged.ok()) << purged.status().message();
  for (const char* table : {"receipt", "receipt_line", "tender", "tax"}) {
    EXPECT_EQ(Query(std::string("SELECT DISTINCT position FROM ") + table), "3") << table;
  }
}

TEST_F(ReceiptsTest, WhatAnOlderProgramCountedIsFilledInWhileConfirmationsGoOn) {
  std::vector<Sent> sales{Odd(kSale)};
  for (int i = 0; i < 1400; ++i) sales.push_back(source_.Sale("apple", "1", i % 600));
  Deliver(sales);
  ASSERT_TRUE(store_->tables().Purge(3, 3).ok());
  const std::string before = Dump();
  Stop();
  database_.AsVersion6();
  {
    auto opened = Store::Open(url());
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    auto some = FillReceipts((*opened)->sql(), 300);  // interrupted
    ASSERT_TRUE(some.ok()) << some.status().message();
    EXPECT_FALSE(*some);
  }
  ReceiptsQuestion question;
  question.store = "0042";
  question.limit = 1;
  EXPECT_NE(Ask(question).value().find(R"("complete":false)"), std::string::npos);
  Start();
  EventSource::Odd fresh;
  fresh.data = kSale;
  fresh.recorded_at = "2026-11-22T10:00:00.000Z";  // after what was deleted by age
  Deliver({source_.SendOdd(fresh)});
  EXPECT_EQ(Through(), "0042|1402") << "confirmed before, or while, the rest is filled in";
  for (int i = 0; i < 5; ++i) Advance(seconds(1));
  EXPECT_EQ(Query("SELECT fill_through - filled_through FROM warehouse"), "0");
  EXPECT_NE(Ask(question).value().find(R"("complete":true)"), std::string::npos);
  EXPECT_EQ(Query("SELECT MAX(position), COUNT(*) FROM receipt"), "1402|1399");
  for (const char* table : {"receipt", "receipt_line", "tender", "tax"}) {
    database_.Execute(std::string("DELETE FROM ") + table + " WHERE position = 1402");
  }
  EXPECT_EQ(Dump(), before);
}

// A day at a register that repeats the original's signs, of one that negates them, and of one whose
// returns have none: everything that was sold comes back.
TEST_F(ReceiptsTest, WhatComesBackIsTakenOffInTheSumsOfTheTables) {
  const auto sent = [this](const std::string& kind, const std::string& lines,
                           const std::string& net, const std::string& tax, const std::string& paid,
                           const std::string& more = "") {
    return Odd(R"({"transaction":{"store_id":"0042","register_id":"03","business_day":)"
               R"("2026-11-21","transaction_no":"7","status":"completed"},"currency":"EUR",)"
               R"("lines":[)" +
                   lines + R"(],"totals":{"net_amount":")" + net + R"(","tax_amount":")" + tax +
                   R"("},"tenders":[{"type":"cash","amount":")" + paid +
                   R"("}],"taxes":[{"rate":"20","base":")" + net + R"(","amount":")" + tax +
                   R"("}])" + more + "}",
               kind);
  };
  const std::string sold = R"({"action":"sale","item":{"sku":"a"},"net_amount":"10.00"})";
  const std::string back = R"({"action":"return","item":{"sku":"a"},"net_amount":"10.00"})";
  const std::string other = R"({"action":"sale","item":{"sku":"b"}})";
  Deliver({sent("sale", sold, "10.00", "2.00", "12.00"),
           sent("transaction_voided", sold, "10.00", "2.00", "12.00"),
           sent("sale", sold, "10.00", "2.00", "12.00"),
           sent("transaction_voided", sold, "-10.00", "-2.00", "-12.00"),
           sent("sale", sold, "10.00", "2.00", "12.00"),
           sent("return", back, "10.00", "2.00", "12.00"),
           sent("sale", sold, "10.00", "2.00", "12.00"),
           sent("return", back, "-10.00", "-2.00", "-12.00"),
           sent("exchange", back + "," + other, "3.00", "1.00", "4.00"),
           sent("transaction_voided", back + "," + other, "3.00", "1.00", "4.00",
                R"(,"amounts":"repeated")")});
  const auto expect_nothing = [this] {
    EXPECT_EQ(Query("SELECT COUNT(*), SUM(net_amount), SUM(tax_amount) FROM receipt"), "10|0|0");
    EXPECT_EQ(Query("SELECT COUNT(*), SUM(amount) FROM tender"), "10|0");
    EXPECT_EQ(Query("SELECT COUNT(*), SUM(base), SUM(amount) FROM tax"), "10|0|0");
  };
  expect_nothing();
  EXPECT_EQ(Query("SELECT net_amount FROM receipt ORDER BY position"),
            "10; -10; 10; -10; 10; -10; 10; -10; 3; -3");
  Stop();
  database_.AsVersion8();
  database_.Execute("UPDATE receipt SET net_amount = 10");
  database_.Execute("UPDATE tender SET amount = 12");
  database_.Execute("UPDATE tax SET base = 10, amount = 2");
  Start();
  for (int i = 0; i < 5; ++i) Advance(seconds(1));
  EXPECT_EQ(Query("SELECT version, fill_through - filled_through FROM warehouse"), "2|0");
  expect_nothing();
}

TEST_F(ReceiptsTest, AReadingRoleReadsAndChangesNothing) {
  if (!database_.postgres()) return;
  Deliver({Odd(kSale)});
  const std::string schema = Query("SELECT current_schema()");
  database_.Execute("CREATE ROLE tillrelay_warehouse");
  database_.Execute("GRANT USAGE ON SCHEMA " + schema + " TO tillrelay_warehouse");
  database_.Execute(
      "GRANT SELECT ON receipt, receipt_line, tender, tax, warehouse, stock, movement"
      " TO tillrelay_warehouse");
  database_.Execute("GRANT SELECT (position, hash) ON event TO tillrelay_warehouse");
  auto sql = OpenPlain(url(), false);
  ASSERT_TRUE(sql.ok());
  const Statement role("SET ROLE tillrelay_warehouse", ""), read("SELECT COUNT(*) FROM tax", "");
  const Statement change("DELETE FROM receipt", ""), other("SELECT body FROM event", "");
  ASSERT_TRUE((*sql)->Run(role).ok());
  auto count = (*sql)->Run(read);
  ASSERT_TRUE(count.ok()) << count.status().message();
  EXPECT_EQ(count->Text(0, 0), "1");
  EXPECT_TRUE((*sql)->Run(Statement("SELECT position, hash FROM event", "")).ok());
  EXPECT_FALSE((*sql)->Run(change).ok());
  EXPECT_FALSE((*sql)->Run(other).ok());
  sql->reset();
  database_.Execute("DROP OWNED BY tillrelay_warehouse");
  database_.Execute("DROP ROLE tillrelay_warehouse");
}

// Against a plain list of what was sent.
struct Known {
  std::string store, day, till, number, item, lot;
};

class SearchTest : public ReceiptsTest {
 protected:
  void Fill(int receipts) {
    const std::vector<std::string> stores{"0017", "0042", "0099"};
    std::map<std::string, EventSource> sources;
    for (const std::string& store : stores) {  // ids are made from the stream's name
      sources.emplace(store, EventSource(store, "01JD3V7Q8Z5W6K2M9T4RHX" + store));
    }
    std::vector<Sent> sent;
    for (int i = 0; i < receipts; ++i) {
      const Known k{stores[random_.Below(3)],
                    fmt::format("2026-11-2{}", random_.Below(3)),
                    fmt::format("0{}", random_.Below(2)),
                    fmt::format("00{}", random_.Below(40)),
                    fmt::format("item{}", random_.Below(5)),
                    random_.Below(3) == 0 ? fmt::format("L{}", random_.Below(2)) : ""};
      known_.push_back(k);
      EventSource::Odd odd;
      const std::string line =
          fmt::format(R"({{"item":{{"sku":"{}"}},"uom":"EA","lot":"{}"}})", k.item, k.lot);
      odd.data = fmt::format(
          R"({{"transaction":{{"register_id":"{}","business_day":"{}","transaction_no":"{}"}},
"lines":[{},{}]}})",
          k.till, k.day, k.number, line, line);
      sent.push_back(sources.at(k.store).SendOdd(odd));
    }
    for (size_t at = 0; at < sent.size(); at += 100) {
      // As if much lay between them, so that a search goes over blocks with and without receipts.
      database_.Execute("UPDATE head SET position = position + 3000");
      const size_t end = std::min(sent.size(), at + 100);
      for (size_t i = at; i < end; ++i) positions_.push_back((at / 100 + 1) * 3000 + i + 1);
      Deliver(
          {sent.begin() + static_cast<ptrdiff_t>(at), sent.begin() + static_cast<ptrdiff_t>(end)});
    }
  }
  static bool Fits(const ReceiptsQuestion& q, const Known& k) {
    const auto is = [](const std::string& asked, const std::string& known) {
      return asked.empty() || asked == known;
    };
    return is(q.store, k.store) && is(q.business_day, k.day) && is(q.register_id, k.till) &&
           is(q.number, k.number) && is(q.item, k.item) && is(q.lot, k.lot);
  }
  // The positions of all pages.
  std::vector<uint64_t> AllPages(ReceiptsQuestion question) {
    std::vector<uint64_t> positions;
    JsonParser parser;
    for (int pages = 0; pages < 500; ++pages) {
      auto answer = Ask(question);
      EXPECT_TRUE(answer.ok()) << answer.status().message();
      if (!answer.ok()) return {};
      const JsonValue json = parser.Parse(*answer).value();
      uint64_t given = 0;
      for (const JsonValue receipt : json.Find("receipts")) {
        uint64_t position = 0;
        receipt.Unsigned("position", &position);
        positions.push_back(position);
        ++given;
      }
      EXPECT_LE(given, question.limit);
      if (json.Find("next_page").is_null()) return positions;
      question.page = json.String("next_page");
    }
    ADD_FAILURE() << "pages without an end";
    return positions;
  }

  std::vector<Known> known_;
  std::vector<uint64_t> positions_;  // of each
};

TEST_F(SearchTest, EveryQuestionFindsWhatFitsPageByPageAndNothingTwice) {
  Fill(700);
  for (int round = 0; round < 40; ++round) {
    const Known& k = known_[random_.Below(known_.size())];
    ReceiptsQuestion q;
    const auto maybe = [this](const std::string& text) {
      return random_.Below(2) == 0 ? text : std::string();
    };
    q.store = maybe(k.store);
    q.business_day = maybe(k.day);
    q.register_id = maybe(k.till);
    q.number = maybe(k.number);
    q.item = maybe(k.item);
    q.lot = maybe(k.lot);
    if (q.store.empty() && q.item.empty() && q.lot.empty()) q.item = k.item;
    q.limit = 1 + random_.Below(60);
    SCOPED_TRACE(fmt::format("store={} day={} register={} number={} item={} lot={} limit={}",
                             q.store, q.business_day, q.register_id, q.number, q.item, q.lot,
                             q.limit));
    std::vector<uint64_t> expected;
    for (size_t i = 0; i < known_.size(); ++i) {
      if (Fits(q, known_[i])) expected.push_back(positions_[i]);
    }
    std::vector<uint64_t> found = AllPages(q);
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, expected);
    if (HasFailure()) return;
  }
}

TEST_F(SearchTest, ReceiptsOfManyLinesMakeAShorterPage) {
  std::string lines = R"({"item":{"sku":"apple"},"uom":"EA"})";
  const std::string one = "," + lines;
  for (int i = 1; i < 6000; ++i) lines += one;
  std::vector<Sent> sent;
  for (int i = 0; i < 6; ++i) {
    sent.push_back(Odd(R"({"transaction":{"transaction_no":"1"},"lines":[)" + lines + "]}"));
  }
  Deliver(sent);
  ReceiptsQuestion q;
  q.item = "apple";
  JsonParser parser;
  std::string page = Ask(q).value();
  EXPECT_EQ(parser.Parse(page).value().Find("receipts").size(), 4u);
  EXPECT_EQ(AllPages(q), (std::vector<uint64_t>{1, 2, 3, 4, 5, 6}));
}

TEST_F(SearchTest, ZerosInFrontOfNumbersDoNotMatterWithinADay) {
  known_.clear();
  Deliver({Odd(kSale)});
  ReceiptsQuestion q;
  q.store = "0042";
  q.business_day = "2026-11-21";
  q.register_id = "3";
  q.number = "004711";
  EXPECT_EQ(AllPages(q), std::vector<uint64_t>{1});
}

TEST_F(SearchTest, AQuestionThatCannotBeAnsweredIsRefused) {
  ReceiptsQuestion q;
  EXPECT_EQ(Ask(q).status().code(), Code::kInvalid);
  q.number = "4711";
  EXPECT_EQ(Ask(q).status().code(), Code::kInvalid);
  q.store = "0042";
  q.business_day = "21.11.2026";
  EXPECT_EQ(Ask(q).status().code(), Code::kInvalid);
  q.business_day.clear();
  for (const char* page : {"zz", "5b", "5b5d", "5b22222c22222c22785d5d"}) {
    q.page = page;
    EXPECT_EQ(Ask(q).status().code(), Code::kInvalid) << page;
  }
}

}  // namespace
}  // namespace tillrelay::collector
