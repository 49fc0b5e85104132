// What is forgotten and what is not; a file of an older version.
#include <sqlite3.h>

#include "tests/unit/agent/journal/journal_store_fixture.h"

namespace tillrelay::journal {
namespace {

using std::chrono::hours;
using testing::SaleDraft;

constexpr WallTime kStart{hours(24 * 20'000)};
constexpr hours kKept{24 * 400};

class JournalRetentionTest : public JournalStoreTest {
 protected:
  // One daily pass at `now`, to its end.
  void Pass(WallTime now) {
    tick_ += Retention::kPassEvery;
    for (int step = 0; step < 50; ++step) {
      ASSERT_TRUE(store_->Forget({tick_, now, now - kKept}).ok());
    }
  }
  Instant tick_{};

  std::string Count(const char* table) {
    auto db = sqlite::Database::Open(options_.path, {.read_only = true});
    return std::to_string(*db->QueryInt(std::string("SELECT count(*) FROM ") + table));
  }
};

TEST_F(JournalRetentionTest, IdsAreForgottenAfterTheirTimeAndNotBefore) {
  for (int n = 1; n <= 700; ++n) EXPECT_TRUE(Append({SaleDraft("03", n)}, kStart).ok());
  Pass(kStart + hours(1));
  EXPECT_TRUE(Append({SaleDraft("04", 1)}, kStart + hours(30)).ok());
  for (int day = 1; day < 400; ++day) Pass(kStart + hours(24 * day + 1));
  EXPECT_EQ(Count("known"), "701");
  Pass(kStart + kKept + hours(2));
  EXPECT_EQ(Count("known"), "1") << "the later day's id stays";
  EXPECT_EQ(Tell(SaleDraft("04", 1)), "duplicate 701");
  EXPECT_EQ(Tell(SaleDraft("03", 1)), "stored 702");
}

TEST_F(JournalRetentionTest, AClockThatIsTenYearsAheadForADayForgetsNothing) {
  EXPECT_TRUE(Append({SaleDraft("03", 1)}, kStart).ok());
  Pass(kStart);
  Pass(kStart + hours(24 * 3650));
  EXPECT_EQ(Count("known"), "1");
  Pass(kStart + hours(48));  // right again
  EXPECT_EQ(Tell(SaleDraft("03", 1)), "duplicate 1");
}

TEST_F(JournalRetentionTest, AJumpingClockDoesNotMakeMorePasses) {
  EXPECT_TRUE(Append({SaleDraft("03", 1)}, kStart).ok());
  Pass(kStart);
  for (int jump = 1; jump < 1000; ++jump) {
    const WallTime wrong = kStart + hours(24 * 3650 * (jump % 2));
    ASSERT_TRUE(
        store_->Forget({tick_ + std::chrono::minutes(jump % 60), wrong, wrong - kKept}).ok());
  }
  EXPECT_EQ(Count("known"), "1");
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
