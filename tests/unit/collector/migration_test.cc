// Tables of an older program are brought to ours while the disk is full, the process dies or the
// power goes, at any step, and again while that is repaired: what was stored stays, and the next
// start goes on.
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "collector/db/schema.h"
#include "collector/ledger/movement_fill.h"
#include "collector/ledger/receipt_fill.h"
#include "tests/support/fault_disk.h"
#include "tests/support/sweep.h"
#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {
namespace {

namespace fs = std::filesystem;
using testing::CutMode;

// What every version of the tables says.
constexpr const char* kFacts[] = {
    "SELECT position, store_id, stream, sequence, id, counted, body FROM event ORDER BY 2, 3, 4",
    "SELECT store_id, item, uom, on_hand, reserved, in_transit FROM stock ORDER BY 1, 2, 3",
    "SELECT store_id, transfer_id, item, quantity FROM transit ORDER BY 1, 2, 3",
    "SELECT store_id, stream, confirmed_through, chain FROM stream ORDER BY 1, 2",
    "SELECT store_id, item, bucket, as_of FROM counted_at ORDER BY 1, 2, 3",
    "SELECT position FROM head"};

class MigrationCutTest : public CollectorTest {
 protected:
  MigrationCutTest() {
    EventSource source;
    std::vector<Sent> sent;
    for (int i = 0; i < 40; ++i) sent.push_back(source.Sale("apple", "1", i));
    sent.push_back(source.Count("apple", "100", 9));
    sent.push_back(source.Ship("TR-1", "0017", "6"));
    Deliver(sent);
    Stop();
    database_.AsVersion5();
    facts_ = Facts();
  }
  ~MigrationCutTest() override { disk_.StopWatching(); }

  std::string Ask(const std::string& text) {
    auto sql = OpenPlain(url(), true);
    if (!sql.ok()) return sql.status().message();
    const Statement statement{text.c_str(), ""};
    auto rows = (*sql)->Run(statement);
    if (!rows.ok()) return rows.status().message();
    std::string line;
    for (const std::string& cell : rows->cells) line += cell + "|";
    return line;
  }
  std::string Facts() {
    std::string facts;
    for (const char* text : kFacts) facts += Ask(text) + "\n";
    return facts;
  }

  // As a start does it, with the work that follows in slices.
  Status Migrate() {
    auto sql = OpenWriter(url());
    if (!sql.ok()) return std::move(sql).status();
    for (bool done = false; !done;) {
      auto filled = FillMovements(sql->get(), 15);
      if (!filled.ok()) return std::move(filled).status();
      done = *filled;
    }
    for (bool done = false; !done;) {
      auto filled = FillReceipts(sql->get(), 15);
      if (!filled.ok()) return std::move(filled).status();
      done = *filled;
    }
    return Status::Ok();
  }
  void ExpectMigrated() {
    const Status migrated = Migrate();
    ASSERT_TRUE(migrated.ok()) << migrated.message();
    EXPECT_EQ(Facts(), facts_);
    const char* version =
        database_.postgres() ? "SELECT version FROM schema_version" : "PRAGMA user_version";
    EXPECT_EQ(Ask(version), std::to_string(kSchemaVersion) + "|");
    EXPECT_EQ(Ask("SELECT COUNT(*) FROM movement"), "43|");
    EXPECT_EQ(Ask("SELECT filled_through - changes_after FROM head"), "0|");
    EXPECT_EQ(Ask("SELECT COUNT(*), MIN(position), MAX(position) FROM receipt"), "40|1|40|");
    EXPECT_EQ(Ask("SELECT COUNT(*) FROM receipt_line"), "40|");
    EXPECT_EQ(Ask("SELECT filled_through - fill_through FROM warehouse"), "0|");
  }
  // Failed for the disk's sake, not because the tables were found unusable.
  static void ExpectOfTheDisk(const Status& failure) {
    ASSERT_FALSE(failure.ok());
    EXPECT_TRUE(failure.code() == Code::kFull || failure.code() == Code::kUnavailable)
        << failure.message();
  }

  void SaveFile() {
    std::ifstream file(database_.path(), std::ios::binary);
    file_ = {std::istreambuf_iterator<char>(file), {}};
  }
  void RestoreFile() {
    disk_.StopWatching();
    for (const auto& entry : fs::directory_iterator(database_.folder())) fs::remove(entry);
    std::ofstream(database_.path(), std::ios::binary) << file_;
    disk_.Watch(database_.folder());
  }

  // In PostgreSQL each statement that changes tables asks whether it is the one to fail. 0: none.
  void FailAtDdl(int number, const std::string& how) {
    database_.Execute("DROP EVENT TRIGGER IF EXISTS cut");
    database_.Execute("DROP SEQUENCE IF EXISTS public.cut_step");
    if (number == 0) return;
    database_.Execute("CREATE SEQUENCE public.cut_step");
    database_.Execute(
        "CREATE OR REPLACE FUNCTION public.cut() RETURNS event_trigger AS $$ BEGIN"
        " IF nextval('public.cut_step') = " +
        std::to_string(number) + " THEN " + how + "; END IF; END $$ LANGUAGE plpgsql");
    database_.Execute("CREATE EVENT TRIGGER cut ON ddl_command_end EXECUTE FUNCTION public.cut()");
  }

  testing::FaultDisk& disk_ = testing::FaultDisk::Instance();
  std::string facts_, file_;
};

TEST_F(MigrationCutTest, WithoutAFault) { ExpectMigrated(); }

TEST_F(MigrationCutTest, AFullDiskAtAnyOperation) {
  if (database_.postgres()) return;
  SaveFile();
  int failed = 0;
  for (uint64_t at = 1;; at += testing::kSweepStep) {
    SCOPED_TRACE(at);
    RestoreFile();
    disk_.FailAt(at, ENOSPC, true);
    const Status migrated = Migrate();
    if (!disk_.failed()) break;
    ++failed;
    // What was committed before may have been enough; else it must have been told.
    if (!migrated.ok()) ExpectOfTheDisk(migrated);
    disk_.FailAt(0, 0, false);
    ExpectMigrated();
    if (HasFailure()) return;
  }
  EXPECT_GT(failed, 30 / testing::kSweepStep);
}

TEST_F(MigrationCutTest, ADiskThatIsTooSmallByAnyNumberOfPages) {
  if (database_.postgres()) return;
  SaveFile();
  bool enough = false;
  for (int64_t room = static_cast<int64_t>(file_.size()); !enough; room += 16 * 1024) {
    SCOPED_TRACE(room);
    RestoreFile();
    disk_.SetRoom(room);
    const Status migrated = Migrate();
    enough = migrated.ok();
    if (!enough) ExpectOfTheDisk(migrated);
    disk_.SetRoom(std::nullopt);
    ExpectMigrated();
    ASSERT_LT(room, 64 * 1024 * 1024);
    if (HasFailure()) return;
  }
}

TEST_F(MigrationCutTest, ThePowerGoesAtAnyOperationAndAgainInTheRepair) {
  if (database_.postgres()) return;
  SaveFile();
  RestoreFile();
  ASSERT_TRUE(Migrate().ok());
  const uint64_t operations = disk_.operations();
  for (const CutMode mode : {CutMode::kKept, CutMode::kDropped, CutMode::kTorn4096}) {
    for (uint64_t at = 1; at <= operations;
         at += testing::kSweepStep * (mode == CutMode::kKept ? 1 : 3)) {
      SCOPED_TRACE(std::to_string(at) + " " + testing::ModeWord(mode));
      RestoreFile();
      for (const uint64_t number : {at, at * 7 % operations + 1}) {
        disk_.FailAt(disk_.operations() + number, EIO, true);
        (void)Migrate();
        disk_.Cut(mode, &random_);
        disk_.FailAt(0, 0, false);
      }
      ExpectMigrated();
      if (HasFailure()) return;
    }
  }
}

TEST_F(MigrationCutTest, TheSessionEndsOrTheServerIsFullAtAnyStatement) {
  if (!database_.postgres()) return;
  const std::pair<const char*, Code> ways[] = {
      {"PERFORM pg_terminate_backend(pg_backend_pid())", Code::kUnavailable},
      {"RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'", Code::kFull}};
  int failed = 0;
  for (int at = 1;; ++at) {
    SCOPED_TRACE(at);
    bool reached = false;
    for (const auto& [how, code] : ways) {
      FailAtDdl(at, how);
      auto sql = OpenWriter(url());
      FailAtDdl(0, "");
      if (sql.ok()) continue;
      reached = true;
      EXPECT_EQ(sql.status().code(), code) << sql.status().message();
      EXPECT_EQ(Facts(), facts_);
      EXPECT_EQ(Ask("SELECT version FROM schema_version"), "5|");
    }
    if (!reached || HasFailure()) break;
    ++failed;
  }
  EXPECT_GT(failed, 20);
  ExpectMigrated();
}

}  // namespace
}  // namespace tillrelay::collector
