// What is forgotten and what is not, whatever the clock shows; a file of an older version.
#include <sqlite3.h>

#include "tests/support/manual_clock.h"
#include "tests/unit/agent/journal/journal_store_fixture.h"

namespace tillrelay::journal {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::SaleDraft;

constexpr hours kKept{24 * 400};

class JournalRetentionTest : public JournalStoreTest {
 protected:
  void See() { ASSERT_TRUE(store_->Observe(clock_.Now(), clock_.Wall()).ok()); }
  // Time passes while the service runs; then one pass of forgetting, to its end.
  void Pass(hours time) {
    for (hours left = time; left > hours(0);) {
      const hours step = left == time ? hours(1) : std::max(hours(1), left / 8);
      clock_.Advance(step);
      left -= step;
      See();
    }
    tick_ += IdForgetter::kPassEvery;
    for (int step = 0; step < 50; ++step) {
      ASSERT_TRUE(store_->Forget(Instant(tick_), kKept, hours(24 * 30)).ok());
    }
  }
  // A new process: its monotonic clock has begun anew.
  void Restart() {
    Reopen();
    tick_ = Duration(0);
    See();
  }
  std::string Count(const char* table) {
    auto db = sqlite::Database::Open(options_.path, {.read_only = true});
    return std::to_string(*db->QueryInt(std::string("SELECT count(*) FROM ") + table));
  }
  void Jump(int days) { clock_.SetWall(clock_.Wall() + hours(24 * days)); }

  testing::ManualClock clock_;
  Duration tick_{0};
};

TEST_F(JournalRetentionTest, IdsAreForgottenAfterTheirTimeAndNotBefore) {
  See();
  for (int n = 1; n <= 700; ++n) EXPECT_TRUE(Append({SaleDraft("03", n)}).ok());
  Pass(hours(30));
  EXPECT_TRUE(Append({SaleDraft("04", 1)}).ok());
  Pass(kKept - hours(31));
  EXPECT_EQ(Count("known"), "701");
  Pass(hours(3));
  EXPECT_EQ(Count("known"), "1") << "the later one stays";
  EXPECT_EQ(Tell(SaleDraft("04", 1)), "duplicate 701");
  EXPECT_EQ(Tell(SaleDraft("03", 1)), "stored 702");
  EXPECT_LT(std::stoi(Count("day_mark")), 30) << "marks that nobody asks for are gone";
}

// One start in 1970, in 2015 or in 2036, then right again; or jumps at any time.
TEST_F(JournalRetentionTest, NoStartAndNoJumpOfTheClockForgetsAnything) {
  See();
  for (int n = 1; n <= 300; ++n) EXPECT_TRUE(Append({SaleDraft("03", n)}).ok());
  Pass(hours(24));
  const WallTime right = clock_.Wall();
  for (const int days : {-20'833, -4000, 3650, 20'000, -1, 1}) {
    Jump(days);
    Restart();
    Pass(hours(2));
    clock_.SetWall(right);
    Restart();
    Pass(hours(26));
    Jump(days);
    Pass(hours(2));
    clock_.SetWall(right);
    Pass(hours(26));
    ASSERT_EQ(Count("known"), "300") << days;
    ASSERT_EQ(Tell(SaleDraft("03", 7)), "duplicate 7") << days;
  }
}

TEST_F(JournalRetentionTest, AClockThatIsWrongForGoodDoesNotKeepThemForEver) {
  for (const int days : {-20'833, 20'000}) {
    Jump(days);
    Restart();
    const std::string reg = days < 0 ? "03" : "04";
    EXPECT_EQ(Tell(SaleDraft(reg, 1)).substr(0, 6), "stored");
    Pass(kKept + hours(3));
    EXPECT_EQ(Count("known"), "0") << days;
  }
}

TEST_F(JournalRetentionTest, RowsAreDeletedByTheTimeThatWasSeen) {
  See();
  for (int n = 1; n <= 256; ++n) EXPECT_TRUE(Append({SaleDraft("03", n)}).ok());
  ASSERT_TRUE(store_->Begin().ok());
  store_->SaveConfirmed(256, store_->current().head_chain);
  ASSERT_TRUE(store_->Commit().ok());
  constexpr hours kRetention{24 * 30};
  Pass(hours(24));
  Jump(3650);  // the clock of 2036, for eight seconds, and at a start
  See();
  EXPECT_FALSE(*store_->Trim(kRetention));
  Restart();
  EXPECT_FALSE(*store_->Trim(kRetention));
  Jump(-3650);
  Pass(kRetention - hours(25));
  EXPECT_FALSE(*store_->Trim(kRetention));
  Pass(hours(3));
  EXPECT_TRUE(*store_->Trim(kRetention));
}

TEST_F(JournalRetentionTest, FilesPagesAndAuditGoByTheTimeThatWasSeenToo) {
  See();
  const auto take = [this](uint8_t n) {
    AppendRequest request;
    request.file.emplace();
    request.file->sha256[0] = n;
    ASSERT_TRUE(store_->Begin().ok());
    ASSERT_TRUE(store_->Append(request, clock_.Wall()).ok());
    ASSERT_TRUE(store_->Audit({"a", "b", "c", "d", "e"}, clock_.Wall()).ok());
    ASSERT_TRUE(store_->Commit().ok());
  };
  const auto page = [this](const std::string& key) {
    auto db = sqlite::Database::Open(options_.path, {});
    ASSERT_TRUE(db->Exec(("INSERT INTO book VALUES('" + key + "','{}')").c_str()).ok());
  };
  take(1);
  page("1999-01-01/3");  // a register whose clock is wrong
  Pass(hours(0));
  Jump(-20'000);
  Pass(hours(24));
  take(2);
  page("2026-11-21/3");
  Jump(30'000);
  Restart();
  Pass(kKept - hours(26));
  EXPECT_EQ(Count("file") + Count("book") + Count("audit"), "222");
  Jump(-10'000);
  Pass(hours(4));
  EXPECT_EQ(Count("file") + Count("book") + Count("audit"), "111");
  EXPECT_EQ(Count("book WHERE key='2026-11-21/3'"), "1");
}

// As an older version left it: days of the wall clock, and files stamped by it.
TEST_F(JournalRetentionTest, WhatAnOlderVersionWroteIsAsOldAsTheFirstStartOfThisOne) {
  for (int n = 1; n <= 300; ++n) EXPECT_TRUE(Append({SaleDraft("03", n)}).ok());
  Close();
  {
    auto db = sqlite::Database::Open(options_.path, {});
    ASSERT_TRUE(db->Exec("INSERT INTO day_mark VALUES('2024-01-01',300);"
                         "INSERT INTO meta VALUES('ids_forgotten_before','1700000000000000');"
                         "INSERT INTO file VALUES(x'01','a',1700000000000000,1);"
                         "INSERT INTO book VALUES('2024-01-01/3','{}')")
                    .ok());
  }
  Restart();
  Pass(hours(24));
  EXPECT_EQ(Count("known") + Count("file") + Count("book"), "30011");
  Pass(kKept - hours(26));
  EXPECT_EQ(Count("known") + Count("file") + Count("book"), "30011");
  Pass(hours(28));
  EXPECT_EQ(Count("known") + Count("file") + Count("book"), "000");
}

TEST_F(JournalRetentionTest, WithoutTheRowOfObservedTimeTheMarksGoOn) {
  See();
  EXPECT_EQ(Tell(SaleDraft("03", 1)), "stored 1");
  Pass(hours(1000));
  for (const char* damage : {"DELETE FROM meta WHERE key='observed_time'",
                             "UPDATE meta SET value='1 99999999999999 ' WHERE "
                             "key='observed_time'"}) {
    Close();
    {
      auto db = sqlite::Database::Open(options_.path, {});
      ASSERT_TRUE(db->Exec(damage).ok());
    }
    Restart();
    Pass(hours(24));
    EXPECT_EQ(Count("known"), "1");
  }
  Pass(kKept);
  EXPECT_EQ(Count("known"), "0");
}

// As a salvage may leave it that takes the marks over and not the time: they are of another file.
TEST_F(JournalRetentionTest, MarksOfAnotherFilesTimeMakeNothingOlder) {
  See();
  EXPECT_EQ(Tell(SaleDraft("03", 1)), "stored 1");
  Pass(hours(30));  // a mark of our own names it
  Close();
  {
    auto db = sqlite::Database::Open(options_.path, {});
    ASSERT_TRUE(db->Exec("INSERT INTO day_mark VALUES('seen/0000099999999999',1),"
                         "('audit/0000099999999999',9),('clock/0000099999999999',1)")
                    .ok());
  }
  Restart();
  EXPECT_EQ(Tell(SaleDraft("03", 2)), "stored 2");
  Pass(kKept - hours(60));
  EXPECT_EQ(Count("known"), "2");
  Pass(hours(90));
  EXPECT_EQ(Count("known"), "0");
}

// Stops every night; head office's clock and ours agree by day.
TEST_F(JournalRetentionTest, NightsCountWhereTheClocksAgree) {
  See();
  EXPECT_EQ(Tell(SaleDraft("03", 1)), "stored 1");
  const auto day = [this] {
    for (int hour = 0; hour < 12; hour += 6) {
      clock_.Advance(hours(6));
      See();
      store_->ClocksAgreed(clock_.Now(), clock_.Wall());
    }
    ASSERT_TRUE(store_->SaveObservedTime().ok());
    store_.reset();
    clock_.Advance(hours(12));
    Restart();
    clock_.Advance(minutes(5));
    See();
    store_->ClocksAgreed(clock_.Now(), clock_.Wall());
  };
  for (int n = 0; n < 398; ++n) day();
  Pass(hours(1));
  EXPECT_EQ(Count("known"), "1");
  for (int n = 0; n < 6; ++n) day();
  Pass(hours(1));
  EXPECT_EQ(Count("known"), "0");
}

TEST_F(JournalRetentionTest, AFileOfTheFirstVersionIsBroughtUpToDateWithItsContent) {
  Close();
  std::remove(options_.path.c_str());
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(options_.path.c_str(), &raw), SQLITE_OK);
  // As version 1 wrote it: one stream, one known number, one document in quarantine.
  const char* kFirst =
      "PRAGMA journal_mode=WAL; PRAGMA application_id=1414679641; PRAGMA user_version=1;"
      "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
      "CREATE TABLE stream(stream TEXT PRIMARY KEY, base INTEGER NOT NULL, head INTEGER NOT NULL,"
      " head_chain BLOB NOT NULL, confirmed_through INTEGER NOT NULL, confirmed_chain BLOB NOT "
      "NULL, acked_through INTEGER NOT NULL, opened_at INTEGER NOT NULL, reason TEXT NOT NULL,"
      " current INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
      "CREATE TABLE event(position INTEGER PRIMARY KEY, id BLOB NOT NULL, kind TEXT NOT NULL,"
      " subject TEXT NOT NULL, time TEXT NOT NULL, recorded_at INTEGER NOT NULL, data TEXT NOT "
      "NULL, data_sha256 BLOB NOT NULL, seal BLOB NOT NULL) STRICT;"
      "CREATE TABLE known(key TEXT NOT NULL, id BLOB NOT NULL, digest BLOB NOT NULL, position "
      "INTEGER NOT NULL, PRIMARY KEY(key, id)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE chain_mark(stream TEXT NOT NULL, sequence INTEGER NOT NULL, chain BLOB NOT "
      "NULL, PRIMARY KEY(stream, sequence)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE quarantine(ticket INTEGER PRIMARY KEY AUTOINCREMENT, sha256 BLOB NOT NULL "
      "UNIQUE, reason TEXT NOT NULL, field TEXT NOT NULL, hint TEXT NOT NULL, channel TEXT NOT "
      "NULL, origin TEXT NOT NULL, document TEXT NOT NULL, created_at INTEGER NOT NULL, seen "
      "INTEGER NOT NULL) STRICT;"
      "CREATE TABLE file(sha256 BLOB PRIMARY KEY, name TEXT NOT NULL, taken_at INTEGER NOT NULL,"
      " events INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
      "INSERT INTO meta VALUES('store_id','0042');"
      "INSERT INTO stream VALUES('01JD3V7Q8Z5W6K2M9T4RHXCDEF',0,0,zeroblob(16),0,zeroblob(16),0,"
      "0,'first',1);"
      "INSERT INTO quarantine VALUES(7,x'00','bad-value','','','http','','{}',0,3);";
  ASSERT_EQ(sqlite3_exec(raw, kFirst, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(raw);
  sqlite3_close(raw);
  Reopen();
  EXPECT_EQ(store_->current().stream, "01JD3V7Q8Z5W6K2M9T4RHXCDEF");
  EXPECT_EQ(store_->quarantined(), 1u);
  EXPECT_EQ(Tell(SaleDraft("03", 1)), "stored 1");
  EXPECT_EQ(Tell(SaleDraft("03", 1)), "duplicate 1");
  EXPECT_EQ(Count("book"), "0");
}

}  // namespace
}  // namespace tillrelay::journal
