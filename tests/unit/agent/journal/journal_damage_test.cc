// Whatever has become of the journal's files, stopped or running: it accepts again, and every event
// that a register was promised is at the centre or declared lost.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "agent/journal/paths.h"
#include "tests/support/journal_run.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::journal {
namespace {

namespace fs = std::filesystem;
using testing::JournalRun;

constexpr int kSales = 300, kFresh = 100'000, kOpens = 4;
constexpr size_t kPage = 4096;

struct Files {
  std::string folder, older, foreign;
  std::string journal() const { return folder + "/journal.db"; }
  std::string log() const { return WalPath(journal()); }
};
using Harm = std::function<void(const Files&)>;
struct Situation {
  const char* name;
  Harm harm;
};

void Overwrite(const std::string& path, size_t at, size_t size, char byte) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(at));
  file << std::string(size, byte);
}
void CopyOver(const std::string& from, const std::string& to) {  // the same file, other content
  std::ifstream in(from, std::ios::binary);
  std::ofstream(to, std::ios::binary | std::ios::trunc) << in.rdbuf();
}
void Sql(const Files& files, const std::string& sql) {
  auto db = sqlite::Database::Open(files.journal(), {});
  ASSERT_TRUE(db.ok()) << db.status().message();
  const Status done = db->Exec(("PRAGMA writable_schema=ON;" + sql).c_str());
  ASSERT_TRUE(done.ok()) << sql << ": " << done.message();
}
size_t RootOf(const Files& files, const std::string& table) {
  auto db = sqlite::Database::Open(files.journal(), {});
  return static_cast<size_t>(
      db->QueryInt("SELECT rootpage FROM sqlite_schema WHERE name='" + table + "'").value());
}
Harm DestroyRoot(const std::string& table) {
  return [table](const Files& f) {
    Sql(f, "PRAGMA wal_checkpoint(TRUNCATE);");
    Overwrite(f.journal(), (RootOf(f, table) - 1) * kPage, kPage, '\xa5');
  };
}
std::vector<size_t> LeavesOf(const Files& files, const std::string& table) {
  auto db = sqlite::Database::Open(files.journal(), {});
  auto pages = db->Prepare("SELECT pageno FROM dbstat WHERE name=?1 AND pagetype='leaf'");
  EXPECT_TRUE(pages.ok()) << pages.status().message();
  std::vector<size_t> leaves;
  pages->BindText(1, table);
  while (pages->Step().value()) leaves.push_back(static_cast<size_t>(pages->Unsigned(0)));
  std::sort(leaves.begin(), leaves.end());
  return leaves;
}
// One byte of a leaf: SQLite reads on, and finds rows under other numbers than they have, or not.
// `at` is told the page's bytes.
Harm ChangeLeaf(size_t which, const std::function<size_t(const std::string&)>& at) {
  return [which, at](const Files& f) {
    Sql(f, "PRAGMA wal_checkpoint(TRUNCATE);");
    const auto leaves = LeavesOf(f, "event");
    ASSERT_GT(leaves.size(), 2u);
    const size_t page = (leaves[which * (leaves.size() - 1) / 2] - 1) * kPage;
    std::ifstream file(f.journal(), std::ios::binary);
    std::string bytes(kPage, '\0');
    file.seekg(static_cast<std::streamoff>(page)).read(bytes.data(), kPage);
    const size_t byte = at(bytes);
    Overwrite(f.journal(), page + byte, 1, static_cast<char>(bytes[byte] ^ 0x1c));
  };
}
size_t PointerOfFirstCell(const std::string&) { return 9; }
// Behind the length of the payload.
size_t RowidOfFirstCell(const std::string& page) {
  const auto byte = [&page](size_t at) { return static_cast<unsigned char>(page[at]); };
  size_t at = static_cast<size_t>(byte(8)) * 256 + byte(9);
  while (byte(at) >= 0x80) ++at;
  ++at;
  while (byte(at) >= 0x80) ++at;
  return at;
}
Harm Statement(const std::string& sql) {
  return [sql](const Files& f) { Sql(f, sql); };
}

const Situation kStopped[] = {
    {"root page of event", DestroyRoot("event")},
    {"root page of known", DestroyRoot("known")},
    {"root page of stream", DestroyRoot("stream")},
    {"root page of quarantine", DestroyRoot("quarantine")},
    {"last page cut off",
     [](const Files& f) { fs::resize_file(f.journal(), fs::file_size(f.journal()) - kPage); }},
    {"half the file cut off",
     [](const Files& f) { fs::resize_file(f.journal(), fs::file_size(f.journal()) / 2); }},
    {"garbage in the header", [](const Files& f) { Overwrite(f.journal(), 0, 100, '\xa5'); }},
    {"garbage in the header, log gone",
     [](const Files& f) {
       fs::remove(f.log());
       Overwrite(f.journal(), 0, 100, '\xa5');
     }},
    {"write version in the header", [](const Files& f) { Overwrite(f.journal(), 18, 1, '\x03'); }},
    {"read version in the header", [](const Files& f) { Overwrite(f.journal(), 19, 1, '\x03'); }},
    {"write version in the header, nothing in the log",
     [](const Files& f) {
       Sql(f, "PRAGMA wal_checkpoint(TRUNCATE);");
       Overwrite(f.journal(), 18, 1, '\x82');
     }},
    {"read version in the header, nothing in the log",
     [](const Files& f) {
       Sql(f, "PRAGMA wal_checkpoint(TRUNCATE);");
       Overwrite(f.journal(), 19, 1, '\x82');
     }},
    {"page 1 destroyed", [](const Files& f) { Overwrite(f.journal(), 0, kPage, '\0'); }},
    {"the first row of the first page calls itself another", ChangeLeaf(0, RowidOfFirstCell)},
    {"the first row of a page calls itself another", ChangeLeaf(1, RowidOfFirstCell)},
    {"the first row of the last page calls itself another", ChangeLeaf(2, RowidOfFirstCell)},
    {"the first page begins elsewhere", ChangeLeaf(0, PointerOfFirstCell)},
    {"a page begins elsewhere", ChangeLeaf(1, PointerOfFirstCell)},
    {"the last page begins elsewhere", ChangeLeaf(2, PointerOfFirstCell)},
    {"the lowest rows gone", Statement("DELETE FROM event WHERE position<200;")},
    {"one row gone", Statement("DELETE FROM event WHERE position=50;")},
    {"head lowered", Statement("UPDATE stream SET head=head-256 WHERE current=1;")},
    {"head raised", Statement("UPDATE stream SET head=head+5 WHERE current=1;")},
    {"confirmed raised", Statement("UPDATE stream SET confirmed_through=head WHERE current=1;")},
    {"stream row gone", Statement("DELETE FROM stream;")},
    {"store id gone", Statement("DELETE FROM meta WHERE key='store_id';")},
    {"store id damaged", Statement("UPDATE meta SET value='0043' WHERE key='store_id';")},
    {"table known gone", Statement("DROP TABLE known;")},
    {"table chain_mark gone", Statement("DROP TABLE chain_mark;")},
    {"column gone", Statement("ALTER TABLE quarantine DROP COLUMN hint;")},
    {"event is a view",
     Statement("ALTER TABLE event RENAME TO old; CREATE VIEW event AS SELECT * FROM old;")},
    {"version 0", Statement("PRAGMA user_version=0;")},
    {"version 2", Statement("PRAGMA user_version=2;")},
    {"version 3", Statement("PRAGMA user_version=3;")},
    {"trigger that raises", Statement("CREATE TRIGGER t BEFORE INSERT ON event BEGIN SELECT "
                                      "RAISE(ABORT,'no'); END;")},
    {"trigger that deletes", Statement("CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM "
                                       "event WHERE position<new.position; END;")},
    {"foreign index", Statement("CREATE UNIQUE INDEX i ON event(kind,time,subject);")},
    {"log gone", [](const Files& f) { fs::remove(f.log()); }},
    {"log emptied", [](const Files& f) { fs::resize_file(f.log(), 0); }},
    {"log is garbage",
     [](const Files& f) { Overwrite(f.log(), 0, fs::file_size(f.log()), '\xa5'); }},
    {"a bit of an early frame",
     [](const Files& f) { Overwrite(f.log(), 32 + 24 + 100, 1, '\x01'); }},
    {"log cut in half",
     [](const Files& f) { fs::resize_file(f.log(), fs::file_size(f.log()) / 2); }},
    {"file gone", [](const Files& f) { fs::remove(f.journal()); }},
    {"file and log gone",
     [](const Files& f) {
       fs::remove(f.journal());
       fs::remove(f.log());
     }},
    {"file emptied", [](const Files& f) { fs::resize_file(f.journal(), 0); }},
    {"file and log emptied",
     [](const Files& f) {
       fs::resize_file(f.journal(), 0);
       fs::resize_file(f.log(), 0);
     }},
    {"an empty database in its place",
     [](const Files& f) {
       fs::remove(f.journal());
       fs::remove(f.log());
       auto db = sqlite::Database::Open(f.journal(), {});
       ASSERT_TRUE(db->Exec("CREATE TABLE t(x); DROP TABLE t;").ok());
     }},
    {"older copy in its place",
     [](const Files& f) {
       fs::remove(f.log());
       CopyOver(f.older, f.journal());
     }},
    {"older copy under the log", [](const Files& f) { CopyOver(f.older, f.journal()); }},
};

const Situation kRunning[] = {
    {"file deleted", [](const Files& f) { fs::remove(f.journal()); }},
    {"log deleted", [](const Files& f) { fs::remove(f.log()); }},
    {"file and log deleted",
     [](const Files& f) {
       fs::remove(f.journal());
       fs::remove(f.log());
     }},
    {"file moved", [](const Files& f) { fs::rename(f.journal(), f.journal() + ".moved"); }},
    {"folder deleted", [](const Files& f) { fs::remove_all(f.folder); }},
    {"folder moved", [](const Files& f) { fs::rename(f.folder, f.folder + ".moved"); }},
    {"older copy moved over it", [](const Files& f) { fs::rename(f.older, f.journal()); }},
    {"older copy written over it", [](const Files& f) { CopyOver(f.older, f.journal()); }},
    {"garbage written over it",
     [](const Files& f) { Overwrite(f.journal(), 0, fs::file_size(f.journal()), '\xa5'); }},
    {"file emptied", [](const Files& f) { fs::resize_file(f.journal(), 0); }},
    {"log emptied", [](const Files& f) { fs::resize_file(f.log(), 0); }},
    {"log overwritten",
     [](const Files& f) { Overwrite(f.log(), 0, fs::file_size(f.log()), '\xa5'); }},
    {"file cut and deleted",
     [](const Files& f) {
       fs::resize_file(f.journal(), 4096);
       fs::remove(f.journal());
     }},
    {"file cut, it and its log deleted",
     [](const Files& f) {
       fs::resize_file(f.journal(), 4096);
       fs::remove(f.journal());
       fs::remove(f.log());
     }},
    {"file emptied and an older copy moved over it",
     [](const Files& f) {
       fs::resize_file(f.journal(), 0);
       fs::rename(f.older, f.journal());
     }},
    {"pages zeroed and the file moved",
     [](const Files& f) {
       Overwrite(f.journal(), 4096, fs::file_size(f.journal()) - 4096, '\0');
       fs::rename(f.journal(), f.journal() + ".moved");
     }},
    {"another store's journal moved over it",
     [](const Files& f) { fs::rename(f.foreign, f.journal()); }},
    {"another store's journal written over it",
     [](const Files& f) { CopyOver(f.foreign, f.journal()); }},
};

class JournalDamageTest : public ::testing::Test {
 protected:
  JournalDamageTest() : random_(7), clock_() {
    files_.folder = dir_ / "spool";
    files_.older = dir_ / "older.db";
    files_.foreign = dir_ / "foreign.db";
    fs::create_directory(files_.folder);
  }

  void MakeForeign() {
    JournalRun other(dir_.path(), &foreign_oracle_, &random_, &clock_);
    other.options.store.store_id = "0099";
    other.options.store.path = files_.foreign;
    ASSERT_TRUE(other.Start().ok());
    ASSERT_TRUE(other.SubmitNumbers({1, 2, 3}).ok());
    other.Stop();
  }

  // 300 sales, and a copy of the file from the middle of them; the file is running.
  void Sell(JournalRun* run) {
    ASSERT_TRUE(run->Start().ok());
    for (int first = 1; first <= kSales; first += 20) {
      std::vector<int> numbers;
      for (int i = first; i < first + 20; ++i) numbers.push_back(i);
      ASSERT_TRUE(run->SubmitNumbers(numbers).ok());
      if (first == 141) {
        run->Stop();
        fs::copy_file(files_.journal(), files_.older);
        ASSERT_TRUE(run->Start().ok());
      }
    }
    ASSERT_TRUE(run->TellUnfit("a document that nobody understands").ok());
    run->Tick(3);
    run->Survey();
  }

  void Judge(JournalRun* run, const std::string& name) {
    run->Judge(kFresh, false);
    EXPECT_TRUE(oracle_.faults.empty()) << name << ": " << oracle_.Summary();
    EXPECT_TRUE(oracle_.Missing().empty())
        << name << ": " << oracle_.Missing().size() << " lost without a declaration";
    EXPECT_EQ(oracle_.altered, 0u) << name;
    EXPECT_EQ(oracle_.doubled, 0u) << name;
  }

  // A repair, further sales, and then a copy of before the repair is written over the file, or the
  // file is only made unreadable.
  void OverwriteAfterARepair(int before, bool older, bool log_too, bool unreadable) {
    fs::remove_all(files_.folder);
    fs::create_directory(files_.folder);
    testing::Oracle oracle;
    JournalRun run(files_.folder, &oracle, &random_, &clock_);
    ASSERT_TRUE(run.Start().ok());
    std::vector<int> first, second;
    for (int i = 0; i < before; ++i) first.push_back(i + 1);
    for (int i = 0; i < 9; ++i) second.push_back(100 + i);
    ASSERT_TRUE(run.SubmitNumbers(first).ok());
    run.Stop();
    CopyOver(files_.journal(), files_.older);
    fs::resize_file(files_.journal(), 0);
    run.StartAgainAndAgain(kOpens);
    ASSERT_TRUE(run.running()) << oracle.Summary();
    while (run.Stats().taking_over > 0) run.Tick();
    ASSERT_TRUE(run.SubmitNumbers(second).ok());
    run.Survey();
    if (older) CopyOver(files_.older, files_.journal());
    if (unreadable) Overwrite(files_.journal(), 0, 4096, '?');
    if (log_too) fs::resize_file(files_.log(), 0);
    run.Tick(3);
    run.Judge(kFresh, false);
    for (const int number : second) {
      EXPECT_FALSE(!older && oracle.IsDeclared(testing::ReceiptDraft(number).identity.id));
    }
    EXPECT_TRUE(oracle.Missing().empty())
        << before << ", " << log_too << ", " << unreadable << ": " << oracle.Missing().size()
        << " lost without a declaration; " << oracle.Summary();
  }

  testing::TempDir dir_;
  testing::Oracle oracle_, foreign_oracle_;
  testing::SeededRandom random_;
  testing::ManualClock clock_;
  Files files_;
};

class JournalStoppedTest : public JournalDamageTest,
                           public ::testing::WithParamInterface<Situation> {};
class JournalRunningTest : public JournalDamageTest,
                           public ::testing::WithParamInterface<Situation> {};

// As kill -9 leaves the files, and then harmed.
TEST_P(JournalStoppedTest, NothingVanishesUndeclared) {
  JournalRun run(files_.folder, &oracle_, &random_, &clock_);
  Sell(&run);
  if (HasFatalFailure()) return;
  const std::string image = dir_ / "image";
  fs::copy(files_.folder, image);
  run.Stop();
  fs::remove_all(files_.folder);
  fs::rename(image, files_.folder);
  GetParam().harm(files_);
  if (HasFatalFailure()) return;
  run.StartAgainAndAgain(kOpens);
  ASSERT_TRUE(run.running()) << oracle_.Summary();
  Judge(&run, GetParam().name);
}

TEST_P(JournalRunningTest, NothingVanishesUndeclared) {
  MakeForeign();
  JournalRun run(files_.folder, &oracle_, &random_, &clock_);
  Sell(&run);
  if (HasFatalFailure()) return;
  GetParam().harm(files_);
  // The registers go on until somebody notices.
  run.SubmitNumbers({kSales + 1, kSales + 2}).ok();
  run.Tick(3);
  Judge(&run, GetParam().name);
  run.Stop();
  run.StartAgainAndAgain(kOpens);
  ASSERT_TRUE(run.running()) << oracle_.Summary();
  Judge(&run, std::string(GetParam().name) + ", started again");
}

std::string NameOf(const ::testing::TestParamInfo<Situation>& info) {
  std::string name = info.param.name;
  for (char& c : name) {
    if (isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, JournalStoppedTest, ::testing::ValuesIn(kStopped), NameOf);
INSTANTIATE_TEST_SUITE_P(All, JournalRunningTest, ::testing::ValuesIn(kRunning), NameOf);

// The chain at the first waiting number is made of the rows below it.
TEST_F(JournalDamageTest, AConfirmedRowThatIsGoneHoldsUpNothing) {
  JournalRun run(files_.folder, &oracle_, &random_, &clock_);
  ASSERT_TRUE(run.Start().ok());
  std::vector<int> numbers;
  for (int n = 1; n <= 40; ++n) numbers.push_back(n);
  ASSERT_TRUE(run.SubmitNumbers(numbers).ok());
  run.Survey();
  const std::string stream = run.Stats().stream;
  run.Confirm(stream, 12);
  for (uint64_t n = 1; n <= 12; ++n) {
    const auto& there = oracle_.given.at({stream, n});
    oracle_.at_centre.insert(there.begin(), there.end());
  }
  run.Stop();
  Sql(files_, "DELETE FROM event WHERE position IN (11,12);");
  run.StartAgainAndAgain(kOpens);
  ASSERT_TRUE(run.running()) << oracle_.Summary();
  Judge(&run, "confirmed rows gone");
}

// A second damage before the first one's losses were confirmed, and a third.
TEST_F(JournalDamageTest, DamageAfterDamageWhileOffLineLosesNothing) {
  JournalRun run(files_.folder, &oracle_, &random_, &clock_);
  Sell(&run);
  for (int time = 1; time <= 3; ++time) {
    run.Damaged("a test says so");
    run.MustAccept(kFresh + time, 5);
    run.Stop();
    Overwrite(files_.journal(), 24, 76, '\x5a');
    run.StartAgainAndAgain(kOpens);
    ASSERT_TRUE(run.running()) << oracle_.Summary();
    run.MustAccept(kFresh + 10 + time, 5);
  }
  Judge(&run, "damage after damage");
}

// A repair gives positions anew: what an older copy holds there are other events than those that
// were given these numbers since.
TEST_F(JournalDamageTest, AnOlderCopysEventsDoNotStandForOthers) {
  for (const int before : {4, 12, 30}) {
    for (const bool log_too : {false, true}) {
      for (const bool unreadable : {false, true}) {
        OverwriteAfterARepair(before, true, log_too, unreadable);
      }
    }
    OverwriteAfterARepair(before, false, false, true);
  }
}

// The file that held the first declaration is gone before the centre heard of it.
TEST_F(JournalDamageTest, WhatOneRepairDeclaredTheNextOneDeclaresAgain) {
  JournalRun run(files_.folder, &oracle_, &random_, &clock_);
  Sell(&run);
  for (int time = 1; time <= 3; ++time) {
    ASSERT_TRUE(run.SubmitNumbers({kFresh + 10 * time, kFresh + 10 * time + 1}).ok());
    run.Tick(1);
    run.Stop();
    fs::resize_file(files_.journal(), 0);
    if (fs::exists(files_.log())) fs::resize_file(files_.log(), 0);
    run.StartAgainAndAgain(kOpens);
    ASSERT_TRUE(run.running()) << oracle_.Summary();
    run.Tick(5);
  }
  Judge(&run, "emptied again");
}

TEST_F(JournalDamageTest, OneJournalIsNotOpenedUnderTwoNames) {
  JournalRun run(files_.folder, &oracle_, &random_, &clock_);
  ASSERT_TRUE(run.Start().ok());
  ASSERT_TRUE(run.SubmitNumbers({1}).ok());
  fs::create_symlink(files_.journal(), dir_ / "link.db");
  JournalRun second(dir_.path(), &foreign_oracle_, &random_, &clock_);
  second.options.store.path = dir_ / "link.db";
  EXPECT_EQ(second.Start().code(), Code::kUnavailable);
  run.Stop();
  fs::remove(dir_ / "link.db");
  fs::create_hard_link(files_.journal(), dir_ / "link.db");
  EXPECT_EQ(second.Start().code(), Code::kConflict);
}

}  // namespace
}  // namespace tillrelay::journal
