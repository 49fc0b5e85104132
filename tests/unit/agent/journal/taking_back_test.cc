// What takes another document back, held against it: once, no more than it moved, and its amounts.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>

#include "agent/journal/query/search.h"
#include "agent/journal/repair/salvage.h"
#include "common/base/json_reader.h"
#include "common/event/turnover.h"
#include "tests/unit/agent/journal/journal_store_fixture.h"

namespace tillrelay::journal {
namespace {

// An exchange whose lines tell no amounts, and what takes it back.
class OpenPostVoidTest : public JournalStoreTest {
 protected:
  static event::Event Exchange(int number, const char* net) {
    event::Event exchange = testing::Sale("03", number);
    exchange.kind = event::Kind::kExchange;
    exchange.lines.push_back(exchange.lines.front());
    exchange.lines[0].action = "return";
    exchange.lines[1].action = "sale";
    exchange.lines[1].item.sku = "100235";
    exchange.totals.emplace().net_amount = Decimal::Parse(net).value();
    return exchange;
  }
  static event::Draft PostVoid(int number, int voided, const char* net,
                               const std::string& amounts = "") {
    event::Event event = Exchange(number, net);
    event.kind = event::Kind::kTransactionVoided;
    event.amounts = amounts;
    event.voids.emplace().transaction_no = std::to_string(voided);
    return testing::DraftOf(std::move(event));
  }
  // What the store and head office count of the event.
  std::string Counted(uint64_t sequence) {
    auto reader = JournalReader::Open(options_.path, "0042");
    auto rows = (*reader)->Read(sequence, 1, 1'000'000);
    if (!rows.ok() || rows->empty()) return "none";
    std::string data = rows->front().data;
    JsonParser parser;
    const JsonValue document = parser.Parse(data).value();
    const auto turns = event::TurnoverOf(*event::ParseKind(rows->front().kind), document).Decide();
    const auto net = Decimal::Parse(document.Find("totals").String("net_amount")).value();
    return std::string(document.String("amounts")) + " " + event::Counted(net, turns.net)->Text();
  }
};

TEST_F(OpenPostVoidTest, TheOriginalTellsWhichWayItsAmountsCount) {
  EXPECT_EQ(Tell(testing::DraftOf(Exchange(1, "3"))), "stored 1");
  EXPECT_EQ(Tell(PostVoid(2, 1, "3")), "stored 2");
  EXPECT_EQ(Counted(2), "repeated -3");
  EXPECT_EQ(Tell(testing::DraftOf(Exchange(6, "3"))), "stored 3");
  EXPECT_EQ(Tell(PostVoid(3, 6, "-3")), "stored 4");
  EXPECT_EQ(Counted(4), "negated -3");
  Reopen();
  EXPECT_EQ(Tell(PostVoid(2, 1, "3")), "duplicate 2");
  auto both = Append({testing::DraftOf(Exchange(4, "-5")), PostVoid(5, 4, "5")});
  ASSERT_TRUE(both.ok());
  EXPECT_EQ(both->back().outcome, Outcome::kStored) << "the original came with it";
  EXPECT_EQ(Counted(6), "negated 5");
}

// What a document moved can be taken back once, and no more of it than it moved.
class TakingBackTest : public JournalStoreTest {
 protected:
  struct Goods {
    const char *sku, *quantity, *gtin = "", *uom = "EA";
  };
  static event::Event Receipt(int number, const std::vector<Goods>& goods) {
    event::Event sale = testing::Sale("03", number);
    const event::Line like = sale.lines.front();
    sale.lines.clear();
    for (const Goods& one : goods) {
      event::Line& line = sale.lines.emplace_back(like);
      line.item.sku = one.sku;
      line.item.gtin = one.gtin;
      line.uom = one.uom;
      line.quantity = Decimal::Parse(one.quantity).value();
    }
    return sale;
  }
  static event::Event VoidOf(int own, int voided, const std::vector<Goods>& goods) {
    event::Event event = Receipt(own, goods);
    event.kind = event::Kind::kTransactionVoided;
    event.voids.emplace().transaction_no = std::to_string(voided);
    return event;
  }
  void NewJournal() {
    Close();
    for (const char* end : {"", "-wal", "-shm", ".witness"}) {
      std::filesystem::remove(options_.path + end);
    }
    Reopen();
  }
  void Confirm(uint64_t through) {
    auto chain =
        JournalReader::Open(options_.path, "0042").value()->ChainAt(store_->current(), through);
    ASSERT_TRUE(store_->Begin().ok());
    store_->SaveConfirmed(through, *chain);
    ASSERT_TRUE(store_->Commit().ok());
    ASSERT_TRUE(store_->Checkpoint(true).ok());
  }
  // `stopped`: behind so many steps, and begun again; 0: never.
  void Salvage(bool list_is_gone, int stopped) {
    Close();
    if (list_is_gone) {
      auto db = sqlite::Database::Open(options_.path, {});
      ASSERT_TRUE(db->Exec("DELETE FROM known").ok());
      ASSERT_TRUE(db->Checkpoint(true).ok());
    }
    const WallTime now{std::chrono::hours(1)};
    Salvaged reported;
    auto store = OpenOrSalvage(options_, now, &random_, &reported, "a test says so");
    ASSERT_TRUE(store.ok()) << store.status().message();
    store_ = *std::move(store);
    bool more = true;
    for (int done = 0; more; ++done) {
      if (done == stopped && done > 0) Reopen();
      auto step = store_->StepTakeOver(now);
      ASSERT_TRUE(step.ok()) << step.status().message();
      more = *step;
    }
  }
  std::string TellEvent(event::Event event) { return Tell(testing::DraftOf(std::move(event))); }
  std::string Hint() {
    auto search = Search::Open(options_.path);
    auto rows = (*search)->Quarantined(0, 1, true);
    return rows.ok() && !rows->empty() ? rows->front().hint : "";
  }
};

TEST_F(TakingBackTest, ADocumentIsTakenBackOnce) {
  const std::vector<Goods> goods = {{"apple", "2"}, {"pear", "1"}};
  EXPECT_EQ(TellEvent(Receipt(1, goods)), "stored 1");
  EXPECT_EQ(TellEvent(VoidOf(2, 1, goods)), "stored 2");
  Reopen();
  EXPECT_EQ(TellEvent(VoidOf(2, 1, goods)), "duplicate 2");
  EXPECT_EQ(TellEvent(VoidOf(3, 1, goods)), "quarantined bad-value");
  EXPECT_THAT(Hint(), ::testing::HasSubstr("taken back already"));
  EXPECT_EQ(TellEvent(VoidOf(9, 8, goods)), "stored 3")
      << "what is not here may have been anything";
  EXPECT_EQ(TellEvent(VoidOf(10, 8, goods)), "quarantined bad-value") << "but only once";
  EXPECT_EQ(TellEvent(VoidOf(4, 2, goods)), "quarantined bad-value")
      << "it would do the same again";
}

// Whatever becomes of the list in which it is noted, and wherever a stop cuts the repair.
TEST_F(TakingBackTest, WhatWasTakenBackIsKnownBehindASalvage) {
  for (const bool list_is_gone : {false, true}) {
    for (const uint64_t confirmed : {uint64_t{0}, uint64_t{2}, uint64_t{3}}) {
      for (const int stopped : {0, 1, 2, 4}) {
        SCOPED_TRACE(fmt::format("list gone {}, confirmed {}, stopped behind step {}", list_is_gone,
                                 confirmed, stopped));
        NewJournal();
        EXPECT_EQ(TellEvent(Receipt(1, {{"apple", "2"}})), "stored 1");
        EXPECT_EQ(TellEvent(VoidOf(2, 1, {{"apple", "2"}})), "stored 2");
        EXPECT_EQ(TellEvent(Receipt(3, {{"pear", "1"}})), "stored 3");
        Confirm(confirmed);
        Salvage(list_is_gone, stopped);
        EXPECT_EQ(TellEvent(VoidOf(2, 1, {{"apple", "2"}})).substr(0, 9), "duplicate");
        EXPECT_EQ(TellEvent(VoidOf(4, 1, {{"apple", "2"}})), "quarantined bad-value");
        EXPECT_EQ(TellEvent(VoidOf(5, 3, {{"pear", "1"}})).substr(0, 6), "stored");
      }
    }
  }
}

// A post-void of a day that nobody names, where the business day ends behind midnight.
TEST_F(TakingBackTest, TheDayOfBothIsTheClocks) {
  const auto tell = [this](event::Event event, const char* end_at) {
    event.transaction->business_day.clear();
    event.transaction->end_at = end_at;
    event::Shop shop{"0042", {}, event::StoreZone::Load("Europe/Berlin").value()};
    shop.business_day_ends_s = 4 * 60 * 60;
    return Tell(std::get<event::Draft>(event::MakeDraft(std::move(event), shop)));
  };
  EXPECT_EQ(tell(Receipt(1, {{"apple", "2"}}), "2026-11-21T01:00:00+01:00"), "stored 1");
  EXPECT_EQ(tell(VoidOf(2, 1, {{"apple", "3"}}), "2026-11-21T02:00:00+01:00"),
            "quarantined bad-value");
  EXPECT_EQ(tell(VoidOf(3, 1, {{"apple", "2"}}), "2026-11-21T05:00:00+01:00"), "stored 2");
  EXPECT_EQ(tell(VoidOf(4, 1, {{"apple", "2"}}), "2026-11-21T02:00:00+01:00"),
            "quarantined bad-value");
}

TEST_F(TakingBackTest, NoMoreThanWasMovedAndNothingElse) {
  EXPECT_EQ(TellEvent(Receipt(1, {{"apple", "2", "4006381333931"}, {"pear", "1.5"}})), "stored 1");
  int own = 10;
  for (const std::vector<Goods>& wrong :
       std::vector<std::vector<Goods>>{{{"apple", "3"}},
                                       {{"plum", "1"}},
                                       {{"apple", "1"}, {"plum", "1"}},
                                       {{"apple", "2", "", "KGM"}},
                                       {{"pear", "1.6"}},
                                       {{"apple", "1"}, {"apple", "1.5"}}}) {
    EXPECT_EQ(TellEvent(VoidOf(own++, 1, wrong)), "quarantined bad-value") << wrong[0].sku;
  }
  EXPECT_EQ(TellEvent(VoidOf(own, 1, {{"", "1", "4006381333931"}, {"pear", "1"}})), "stored 2")
      << "less, and by its other name";
}

TEST_F(TakingBackTest, WhatMovedNothingIsNotTakenBack) {
  int number = 1;
  for (const char* status : {"cancelled", "suspended", "training"}) {
    event::Event sale = Receipt(number, {{"apple", "1"}});
    sale.transaction->status = status;
    EXPECT_THAT(TellEvent(sale), ::testing::StartsWith("stored")) << status;
    EXPECT_EQ(TellEvent(VoidOf(number + 1, number, {{"apple", "1"}})), "quarantined bad-value")
        << status;
    number += 2;
  }
}

TEST_F(TakingBackTest, LinesAreTakenBackOneByOne) {
  EXPECT_EQ(TellEvent(Receipt(1, {{"apple", "2"}, {"pear", "1"}})), "stored 1");
  const auto line = [](int own, int line_no, const Goods& goods) {
    event::Event event = VoidOf(own, 1, {goods});
    event.voids->line_no = line_no;
    return event;
  };
  EXPECT_EQ(TellEvent(line(2, 1, {"apple", "2"})), "stored 2");
  EXPECT_EQ(TellEvent(line(3, 2, {"pear", "1"})), "stored 3");
  EXPECT_EQ(TellEvent(line(4, 1, {"apple", "2"})), "quarantined bad-value");
  EXPECT_EQ(TellEvent(VoidOf(5, 1, {{"apple", "2"}})), "quarantined bad-value");
}

TEST_F(TakingBackTest, NoMoreComesBackThanWasShipped) {
  const auto transfer = [](event::Kind kind, const char* id, const char* quantity) {
    event::Event event;
    event.kind = kind;
    event::Transfer& t = event.transfer.emplace();
    t.transfer_id = id;
    t.from_store_id = "0042";
    t.to_store_id = "0007";
    t.shipped_at = "2026-11-21T12:00:00+01:00";
    event::Line& line = event.lines.emplace_back();
    line.item.sku = "apple";
    line.uom = "EA";
    line.quantity = Decimal::Parse(quantity).value();
    return event;
  };
  using event::Kind;
  EXPECT_EQ(TellEvent(transfer(Kind::kTransferShipped, "T1", "6")), "stored 1");
  EXPECT_EQ(TellEvent(transfer(Kind::kTransferVoided, "T1", "60")), "quarantined bad-value");
  EXPECT_EQ(TellEvent(transfer(Kind::kTransferVoided, "T1", "6")), "stored 2");
}

// Some tills tell a return as a negative sale, and what takes it back likewise: its format reads
// that as what takes a sale back.
TEST_F(OpenPostVoidTest, WhatWouldDoTheSameAgainTakesNothingBack) {
  for (const char* action : {"sale", "return"}) {
    const int number = action[0] == 's' ? 10 : 20;
    event::Event original = testing::Sale("03", number);
    original.kind = action[0] == 's' ? event::Kind::kSale : event::Kind::kReturn;
    original.lines[0].action = action;
    EXPECT_THAT(Tell(testing::DraftOf(original)), ::testing::StartsWith("stored"));
    const auto voided = [&](int own, const char* line) {
      event::Event event = testing::Sale("03", own);
      event.kind = event::Kind::kTransactionVoided;
      event.lines[0].action = line;
      event.voids.emplace().transaction_no = std::to_string(number);
      return testing::DraftOf(std::move(event));
    };
    const char* other = action[0] == 's' ? "return" : "sale";
    EXPECT_EQ(Tell(voided(number + 1, other)), "quarantined bad-value") << action;
    EXPECT_THAT(Tell(voided(number + 1, action)), ::testing::StartsWith("stored")) << action;
  }
}

TEST_F(OpenPostVoidTest, WithoutItsOriginalItIsRefusedUntilTheWordIsSaid) {
  EXPECT_EQ(Tell(PostVoid(2, 1, "3")), "quarantined missing-field");
  EXPECT_EQ(Tell(testing::DraftOf(Exchange(1, "8"))), "stored 1");
  EXPECT_EQ(Tell(PostVoid(2, 1, "3")), "quarantined missing-field") << "another sum";
  EXPECT_EQ(Tell(testing::DraftOf(Exchange(4, "3"))), "stored 2");
  EXPECT_EQ(Tell(PostVoid(5, 4, "3")), "stored 3") << "it came too late and is told again";
  EXPECT_EQ(Tell(PostVoid(2, 1, "3", "negated")), "stored 4");
  EXPECT_EQ(Counted(4), "negated 3");
  EXPECT_EQ(Tell(PostVoid(2, 1, "3")), "duplicate 4");
  auto search = Search::Open(options_.path);
  auto rows = (*search)->Quarantined(0, 10, true);
  ASSERT_TRUE(rows.ok() && rows->size() == 1u);
  EXPECT_THAT(rows->front().hint, ::testing::HasSubstr("\"amounts\": \"repeated\" or"));
}

}  // namespace
}  // namespace tillrelay::journal
