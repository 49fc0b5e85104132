// Journal and books together: numbers used again, day closes, tickets that are resolved.
#include "agent/reconcile/reconciliation.h"

#include <fmt/format.h>

#include "common/base/json_reader.h"
#include "tests/support/seeded_random.h"
#include "tests/unit/agent/journal/journal_store_fixture.h"

namespace tillrelay::journal {
namespace {

using testing::DraftOf;

// "2026-11-21T10:07:00+01:00"
std::string At(int minute) {
  char text[40];
  std::snprintf(text, sizeof text, "2026-11-21T%02d:%02d:00+01:00", 8 + minute / 60, minute % 60);
  return text;
}

event::Draft Sold(int number, int minute, const std::string& quantity) {
  event::Event sale = testing::Sale("03", number, quantity);
  sale.transaction->end_at = At(minute);
  return DraftOf(std::move(sale));
}

class JournalBooksTest : public JournalStoreTest {
 protected:
  JournalBooksTest() {
    options_.books = &books_;
    Reopen();
  }
  std::string Ask(const std::string& query) {
    auto db = sqlite::Database::Open(options_.path, {.read_only = true});
    auto text = db->QueryText(query);
    return text.ok() ? *text : text.status().message();
  }

  reconcile::Reconciliation books_;
};

TEST_F(JournalBooksTest, ARestartedCounterCountsBothAndLosesNone) {
  for (int n = 1; n <= 20; ++n) Tell(Sold(n, n, "1"));
  EXPECT_EQ(Tell(Sold(1, 121, "5")), "quarantined changed");
  EXPECT_EQ(Tell(Sold(2, 122, "6")), "stored 21");
  EXPECT_EQ(Tell(Sold(1, 121, "5")), "stored 22") << "the retry behind the seen jump";
  EXPECT_EQ(Tell(Sold(3, 123, "7")), "stored 23");
  EXPECT_EQ(Tell(Sold(3, 123, "7")), "duplicate 23");
  EXPECT_EQ(Tell(Sold(3, 3, "1")), "duplicate 3");
  EXPECT_EQ(Tell(Sold(3, 123, "8")), "quarantined changed") << "changed inside the new run";
}

TEST_F(JournalBooksTest, TheJumpIsRememberedAcrossARestartOfTheDaemon) {
  for (int n = 1; n <= 20; ++n) Tell(Sold(n, n, "1"));
  Tell(Sold(1, 121, "5"));
  Reopen();
  EXPECT_EQ(Tell(Sold(2, 122, "6")), "stored 21");
}

TEST_F(JournalBooksTest, ACorrectedReceiptIsNeverMergedOrCountedTwice) {
  for (int n = 1; n <= 20; ++n) Tell(Sold(n, n, "1"));
  EXPECT_EQ(Tell(Sold(7, 7, "2")), "quarantined changed");
  EXPECT_EQ(Tell(Sold(7, 200, "2")), "quarantined changed");
  EXPECT_EQ(Tell(Sold(7, 200, "1")), "quarantined time_changed");
  EXPECT_EQ(Ask("SELECT cast(count(*) AS TEXT) FROM event"), "20");
}

// Receipts of registers that do not say their business day.
event::Event Undated(int number, const std::string& end_at, const std::string& sku) {
  event::Event sale = testing::Sale("03", number);
  sale.transaction->business_day.clear();
  sale.transaction->end_at = end_at;
  sale.lines[0].item.sku = sku;
  return sale;
}
std::string On(int day, int second) {
  return fmt::format("2026-11-{:02}T{:02}:{:02}:{:02}+01:00", day, 8 + second / 3600,
                     second / 60 % 60, second % 60);
}

// The counter runs on; an export tells some or all of a day with any times of the week behind it.
TEST_F(JournalBooksTest, AnExportOfADayBeforeCountsNothingAgain) {
  constexpr int kSold = 20;
  for (const int articles : {1, 5}) {
    for (int first = 1, day = 1; day <= 2; ++day) {
      for (int n = 0; n < kSold; ++n, ++first) {
        Tell(DraftOf(
            Undated(first + articles * 1000, On(day, n * 61), "a" + std::to_string(n % articles))));
      }
    }
    const std::string stored = Ask("SELECT cast(count(*) AS TEXT) FROM event");
    for (const int shift_s : {0, 1, 3600, 7777}) {
      for (int day = 2; day <= 8; ++day) {
        for (int n = 0; n < kSold; ++n) {
          for (const bool one_time : {false, true}) {
            const auto draft =
                DraftOf(Undated(n + 1 + articles * 1000, On(day, shift_s + (one_time ? 1 : n * 61)),
                                "a" + std::to_string(n % articles)));
            EXPECT_EQ(Tell(draft), "quarantined time_changed") << day << " " << n << " " << shift_s;
          }
        }
      }
    }
    EXPECT_EQ(Ask("SELECT cast(count(*) AS TEXT) FROM event"), stored);
  }
}

// A counter that starts again each day: as soon as two days show it, each day counts.
TEST_F(JournalBooksTest, ACounterThatStartsAgainEachDayCountsEachDay) {
  constexpr int kSold = 30;
  testing::SeededRandom random(3);
  uint64_t refused = 0;
  for (int day = 1; day <= 9; ++day) {
    int at_s = static_cast<int>(random.Below(3600));
    for (int n = 1; n <= kSold; ++n) {
      at_s += 10 + static_cast<int>(random.Below(200));
      const auto draft = DraftOf(Undated(n, On(day, at_s), "a" + std::to_string(random.Below(4))));
      const bool stored = Tell(draft).starts_with("stored");
      if (!stored) ++refused;
      EXPECT_TRUE(stored || day == 2) << day << " " << n;
    }
  }
  EXPECT_GT(refused, 0U) << "nothing showed it yet on the second day";
  EXPECT_LT(refused, 16U);
}

TEST_F(JournalBooksTest, APersonSaysThatACounterStartsAgainEachDay) {
  for (int n = 1; n <= 5; ++n) Tell(DraftOf(Undated(n, On(1, n * 100), "a")));
  event::Event again = Undated(1, On(2, 107), "a");
  EXPECT_EQ(Tell(DraftOf(again)), "quarantined time_changed");
  const std::string kept = Ask("SELECT CAST(document AS TEXT) FROM quarantine");
  EXPECT_EQ(kept.find("\"business_day\""), std::string::npos) << "tried again it must not say it";
  again.transaction->register_epoch = reconcile::DaySummary::DeclaredEpoch(1);
  EXPECT_EQ(Tell(DraftOf(again)), "stored 6");
}

TEST_F(JournalBooksTest, TheRepeatedHourOfAutumnIsOneReceiptToldTwice) {
  event::Event first = testing::Sale("03", 1);
  first.transaction->business_day = "2026-10-25";
  first.transaction->end_at = "2026-10-25T02:30:00+02:00";
  event::Event second = first;
  second.transaction->end_at = "2026-10-25T02:30:00+01:00";
  EXPECT_EQ(Tell(DraftOf(first)), "stored 1");
  EXPECT_EQ(Tell(DraftOf(second)), "duplicate 1") << "identity is the clock face";
  event::Event other = testing::Sale("03", 1, "9");
  other.transaction->business_day = "2026-10-25";
  other.transaction->end_at = "2026-10-25T02:30:00";
  EXPECT_EQ(Tell(DraftOf(other)), "quarantined changed");
}

TEST_F(JournalBooksTest, TheCloseIsStoredWithItsResult) {
  for (int n = 1; n <= 3; ++n) Tell(Sold(n, n, "2"));
  event::Event closing;
  closing.kind = event::Kind::kDayClosed;
  closing.close = {"0042", "03", {}, "2026-11-21", "1187", At(700)};
  closing.pos_control.emplace().first_transaction_no = "1";
  closing.pos_control->last_transaction_no = "3";
  closing.pos_control->transaction_count = 3;
  EXPECT_EQ(Tell(DraftOf(closing)), "stored 4");
  EXPECT_EQ(Tell(DraftOf(closing)), "duplicate 4");
  EXPECT_EQ(Ask("SELECT data->>'result' FROM event WHERE position=4"), "balanced");
  EXPECT_EQ(Ask("SELECT data->>'$.agent_control.units_by_bucket.on_hand:EA' FROM event "
                "WHERE position=4"),
            "-6");
  auto reader = JournalReader::Open(options_.path, "0042");
  EXPECT_EQ((*reader)->Read(1, 10, 1'000'000)->size(), 4u) << "hashes fit the completed data";
}

// Each invented register has a page: they must not all be held until the commit.
TEST_F(JournalBooksTest, ThePagesOfOneTransactionAreBounded) {
  constexpr int kRegisters = 1500;
  AppendRequest request;
  for (int i = 0; i < kRegisters; ++i) {
    request.entries.emplace_back(testing::SaleDraft("r" + std::to_string(i), 1));
  }
  request.entries.emplace_back(testing::SaleDraft("r0", 2));  // its page has been put away
  const auto pages = [this] { return Ask("SELECT cast(count(*) AS TEXT) FROM book"); };
  ASSERT_TRUE(store_->Begin().ok());
  ASSERT_TRUE(store_->Append(request, WallTime{}).ok());
  EXPECT_LT(books_.Changed().size(), reconcile::Reconciliation::kMaxPages);
  store_->Rollback();
  EXPECT_EQ(pages(), "0");
  EXPECT_TRUE(books_.Changed().empty());
  EXPECT_TRUE(books_.Registers().empty());
  ASSERT_TRUE(store_->Begin().ok());
  ASSERT_TRUE(store_->Append(request, WallTime{}).ok());
  ASSERT_TRUE(store_->Commit().ok());
  EXPECT_EQ(pages(), std::to_string(kRegisters));
  EXPECT_EQ(books_.Registers().size(), reconcile::Reconciliation::kMaxRegisters);
  EXPECT_NE(Ask("SELECT page FROM book WHERE key='2026-11-21/r0'").find("\"events\":2"),
            std::string::npos)
      << Ask("SELECT page FROM book WHERE key='2026-11-21/r0'");
}

TEST_F(JournalBooksTest, AResolvedTicketGoesTogetherWithItsSuccessor) {
  auto put = Append({RejectedDocument{{"bad-value", "lines", ""}, "http", "", "{}"}});
  const uint64_t ticket = put->front().ticket;
  AppendRequest request;
  request.entries = {testing::SaleDraft("03", 1)};
  request.resolves = ticket;
  request.audit = {"uid:1000", "resubmit", "ticket/1", "typo", "stored", WallTime{}, 0};
  ASSERT_TRUE(store_->Begin().ok());
  ASSERT_TRUE(store_->Append(request, WallTime{}).ok());
  store_->Rollback();
  EXPECT_EQ(store_->quarantined(), 1u) << "all or nothing";
  EXPECT_EQ(Ask("SELECT cast(count(*) AS TEXT) FROM audit"), "0");
  ASSERT_TRUE(store_->Begin().ok());
  ASSERT_TRUE(store_->Append(request, WallTime{}).ok());
  ASSERT_TRUE(store_->Commit().ok());
  EXPECT_EQ(store_->quarantined(), 0u);
  EXPECT_EQ(Ask("SELECT actor||' '||action||' '||reason FROM audit"), "uid:1000 resubmit typo");
  ASSERT_TRUE(store_->Begin().ok());
  EXPECT_EQ(store_->Append(request, WallTime{}).status().code(), Code::kNotFound);
  store_->Rollback();
}

}  // namespace
}  // namespace tillrelay::journal
