// The drop folder with real files: when a file is taken, where it ends, and what is told about it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/support/fault_vfs.h"
#include "tests/unit/agent/capture/drop_fixture.h"

namespace tillrelay::capture {
namespace {

using testing::FaultVfs;
using Next = DropFolder::Next;

TEST_F(DropFolderTest, CsvFilesGoByTheProfileThatHasTheirName) {
  intake_options_.csv = {TillProfile()};
  Drop("till_7.csv", kTillCsv);
  Drop("stock.csv", kTillCsv);
  Settle();
  EXPECT_EQ(Head(), 2u);
  EXPECT_EQ(In("done"), Names{"till_7.csv"});
  EXPECT_EQ(In("rejected"), (Names{"stock.csv", "stock.csv.reason"}));
}

TEST_F(DropFolderTest, AFileRenamedIntoPlaceIsTakenAtOnce) {
  Drop("a.json", SaleJson(1));
  EXPECT_EQ(folder_->Scan(), Next::kNothing);
  EXPECT_EQ(Head(), 1u);
  EXPECT_EQ(In("incoming"), Names{});
  EXPECT_EQ(In("done"), Names{"a.json"});
  EXPECT_EQ(Content("done/a.json"), SaleJson(1));
  EXPECT_EQ(Stats().files_done, 1u);
  EXPECT_EQ(Stats().file.stored(), 1u);
}

TEST_F(DropFolderTest, AGrowingFileIsLeftUntilItStandsStill) {
  const std::string whole = SaleJson(1);
  Copy("a.json", whole.substr(0, 40));
  EXPECT_EQ(folder_->Scan(), Next::kSettling);
  clock_.Advance(std::chrono::seconds(1));
  Copy("a.json", whole);
  EXPECT_EQ(folder_->Scan(), Next::kSettling);
  clock_.Advance(std::chrono::milliseconds(1999));
  EXPECT_EQ(folder_->Scan(), Next::kSettling);
  EXPECT_EQ(Head(), 0u);
  clock_.Advance(std::chrono::milliseconds(1));
  folder_->Scan();
  EXPECT_EQ(Head(), 1u);
  EXPECT_EQ(In("done"), Names{"a.json"});
}

TEST_F(DropFolderTest, ANewTimeAloneBeginsTheWaitAgain) {
  Copy("a.json", SaleJson(1));
  folder_->Scan();
  clock_.Advance(options_.settle);
  const timespec times[2] = {{1'000'000, 0}, {1'000'000, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, Path("incoming/a.json").c_str(), times, 0), 0);
  EXPECT_EQ(folder_->Scan(), Next::kSettling);
  EXPECT_EQ(Head(), 0u);
}

TEST_F(DropFolderTest, UnfinishedNamesAreLeftAlone) {
  const Names names{".hidden.json", "a.json.tmp", "a.json.part", "a.json~", "a.filepart"};
  for (const std::string& name : names) Drop(name, SaleJson(1));
  Settle();
  EXPECT_EQ(In("incoming"), names);
  EXPECT_EQ(Head(), 0u);
}

TEST_F(DropFolderTest, ANameThatArrivedAndWentGivesNoCreditToTheNextFileOfThatName) {
  folder_->Arrived("a.json");
  EXPECT_EQ(folder_->Scan(), Next::kNothing);
  Copy("a.json", SaleJson(1).substr(0, 40));
  EXPECT_EQ(folder_->Scan(), Next::kSettling);
  EXPECT_EQ(In("incoming"), Names{"a.json"});
}

TEST_F(DropFolderTest, TheSameFileAgainIsADuplicateAndKeptUnderAnotherName) {
  Drop("a.json", SaleJson(1));
  folder_->Scan();
  Drop("a.json", SaleJson(1));
  folder_->Scan();
  EXPECT_EQ(Head(), 1u);
  EXPECT_EQ(Stats().file.duplicate(), 1u);
  EXPECT_EQ(In("done"), (Names{"a.json", "2-a.json"}));
}

TEST_F(DropFolderTest, ACutFileIsRejectedWithAReasonAndATicket) {
  Drop("a.json", SaleJson(1).substr(0, 100));
  folder_->Scan();
  EXPECT_EQ(Head(), 0u);
  EXPECT_EQ(In("rejected"), (Names{"a.json", "a.json.reason"}));
  EXPECT_THAT(Content("rejected/a.json.reason"), ::testing::HasSubstr("byte "));
  EXPECT_THAT(Content("rejected/a.json.reason"), ::testing::HasSubstr("ticket 1"));
  EXPECT_EQ(Ask("SELECT reason FROM quarantine"), "not-syntax");
  EXPECT_EQ(Stats().files_rejected, 1u);
}

TEST_F(DropFolderTest, TheGoodEventsOfAMixedFileAreStored) {
  Drop("a.json", "[" + SaleJson(1) + "," + UnfitJson(2) + "," + SaleJson(3) + "]");
  folder_->Scan();
  EXPECT_EQ(Head(), 2u);
  EXPECT_EQ(In("rejected"), (Names{"a.json", "a.json.reason"}));
  const std::string reason = Content("rejected/a.json.reason");
  EXPECT_THAT(reason, ::testing::HasSubstr("2 stored, 0 already known, 1 in quarantine"));
  EXPECT_THAT(reason, ::testing::HasSubstr("document 2: missing-field at lines"));
  EXPECT_THAT(reason, ::testing::HasSubstr("ticket 1"));
}

TEST_F(DropFolderTest, TwoDocumentsInOneJsonFileStoreNothing) {
  Drop("a.json", SaleJson(1) + "\n" + SaleJson(2));
  folder_->Scan();
  EXPECT_EQ(Head(), 0u);
  EXPECT_EQ(In("rejected"), (Names{"a.json", "a.json.reason"}));
}

TEST_F(DropFolderTest, LinesOfAnNdjsonFileStandAlone) {
  Drop("a.ndjson", SaleJson(1) + "\n" + SaleJson(2) + "\n" + SaleJson(3).substr(0, 50));
  folder_->Scan();
  EXPECT_EQ(Head(), 2u);
  EXPECT_EQ(In("rejected"), (Names{"a.ndjson", "a.ndjson.reason"}));
}

TEST_F(DropFolderTest, EmptyForeignAndEventlessFilesAreRejected) {
  Drop("empty.json", "");
  Drop("list.json", "[]");
  Drop("text.txt", "hello");
  folder_->Scan();
  EXPECT_EQ(In("incoming"), Names{});
  EXPECT_EQ(In("rejected"), (Names{"empty.json", "empty.json.reason", "list.json",
                                   "list.json.reason", "text.txt", "text.txt.reason"}));
  EXPECT_EQ(Stats().files_rejected, 3u);
}

TEST_F(DropFolderTest, TooLargeIsRejectedWithoutItsCardNumbers) {
  options_.file_bytes = 1000;
  OpenFolder();
  const std::string filler(1500, 'x');
  Drop("card.json", SaleJson(3, filler + " 4111 1111 1111 1111 " + filler));
  Drop("fits.json", SaleJson(1));
  Drop("large.json", SaleJson(2, std::string(1000, 'x')));
  folder_->Scan();
  EXPECT_EQ(Head(), 1u);
  EXPECT_EQ(In("incoming"), Names{});
  EXPECT_EQ(In("rejected"),
            (Names{"card.json", "card.json.reason", "large.json", "large.json.reason"}));
  EXPECT_EQ(Content("rejected/large.json"), SaleJson(2, std::string(1000, 'x')));
  EXPECT_EQ(Content("rejected/card.json"), SaleJson(3, filler + " [REDACTED-PAN] " + filler));
  EXPECT_THAT(Content("rejected/large.json.reason"), ::testing::HasSubstr("limits.file_bytes"));
}

TEST_F(DropFolderTest, FiveHundredFilesAtOnceAreEachStoredOnce) {
  for (int i = 1; i <= 500; ++i) Drop(std::to_string(i) + ".json", SaleJson(i));
  folder_->Scan();
  EXPECT_EQ(Head(), 500u);
  EXPECT_EQ(In("done").size(), 500u);
  EXPECT_EQ(Stats().file.duplicate(), 0u);
}

TEST_F(DropFolderTest, MoreFilesThanOnePassTakesAreAnnouncedAndTaken) {
  for (int i = 1; i <= 1100; ++i) Drop(std::to_string(i) + ".json", SaleJson(i));
  EXPECT_EQ(folder_->Scan(), Next::kMore);
  EXPECT_EQ(folder_->Scan(), Next::kNothing);
  EXPECT_EQ(Head(), 1100u);
  EXPECT_EQ(In("incoming"), Names{});
}

TEST_F(DropFolderTest, EachNameIsReadOnceHoweverManyScansAPassTakes) {
  options_.page_names = 100;
  OpenFolder();
  for (int i = 1; i <= 2500; ++i) Drop(std::to_string(i) + ".json", SaleJson(i));
  int scans = 1;
  while (folder_->Scan() == Next::kMore) ++scans;
  EXPECT_EQ(scans, 3);
  EXPECT_EQ(folder_->names_read(), 2502u);
  EXPECT_EQ(Head(), 2500u);
  EXPECT_EQ(Stats().files_waiting, 0u);
}

TEST_F(DropFolderTest, AThousandReceiptsInOneFileAreEachStoredOnce) {
  std::string all;
  for (int i = 1; i <= 1000; ++i) all += SaleJson(i) + "\n";
  Drop("a.ndjson", all);
  folder_->Scan();
  Drop("b.ndjson", all);
  folder_->Scan();
  EXPECT_EQ(Head(), 1000u);
  EXPECT_EQ(Stats().file.duplicate(), 1000u);
}

TEST_F(DropFolderTest, AFileThatIsCreatedUnderANameThatArrivedMustSettle) {
  Drop("a.json", SaleJson(1));
  std::filesystem::remove(Path("incoming/a.json"));
  Copy("a.json", SaleJson(2).substr(0, 40));
  folder_->Created("a.json");
  EXPECT_EQ(folder_->Scan(), Next::kSettling);
  EXPECT_EQ(In("incoming"), Names{"a.json"});
}

TEST_F(DropFolderTest, ALateWordOfAnArrivalCreditsNoFileThatIsBeingWritten) {
  Copy("a.json", SaleJson(2).substr(0, 40));
  folder_->Arrived("a.json");  // was another file, which is gone
  folder_->Created("a.json");  // told next, because it happened next
  EXPECT_EQ(folder_->Scan(), Next::kSettling);
  EXPECT_EQ(In("incoming"), Names{"a.json"});
}

TEST_F(DropFolderTest, WhereNotificationsWereLostEveryFileSettles) {
  Drop("a.json", SaleJson(1));
  folder_->NotificationsLost();
  EXPECT_EQ(folder_->Scan(), Next::kSettling);
  EXPECT_EQ(Head(), 0u);
  clock_.Advance(options_.settle);
  EXPECT_EQ(folder_->Scan(), Next::kNothing);
  EXPECT_EQ(Head(), 1u);
}

TEST_F(DropFolderTest, TheFilesHashIsStoredWithItsEvents) {
  Drop("a.json", SaleJson(1));
  folder_->Scan();
  EXPECT_EQ(Ask("SELECT name FROM file"), "a.json");
  EXPECT_EQ(Ask("SELECT lower(hex(sha256)) FROM file"), ToHex(BytesOf(Sha256(SaleJson(1)))));
}

TEST_F(DropFolderTest, ARefusingJournalLeavesTheFilesAndTakesThemLater) {
  journal_.reset();
  FaultVfs& vfs = FaultVfs::Instance();
  vfs.Reset();
  OpenJournal(FaultVfs::kName);
  OpenFolder();
  vfs.FailAt(vfs.operations() + 1, FaultVfs::Failure::kIo, true);
  for (int i = 1; i <= 3; ++i) Drop(std::to_string(i) + ".json", SaleJson(i));
  EXPECT_EQ(folder_->Scan(), Next::kNothing);
  EXPECT_EQ(In("incoming"), (Names{"1.json", "2.json", "3.json"}));
  EXPECT_NE(Stats().drop_folder_error, "");
  EXPECT_EQ(Stats().files_done, 0u);
  vfs.FailAt(0, FaultVfs::Failure::kIo, false);
  while (!journal_->Refusing().empty()) std::this_thread::yield();
  clock_.Advance(std::chrono::minutes(1));
  Settle();
  EXPECT_EQ(In("incoming"), Names{});
  EXPECT_EQ(In("done").size(), 3u);
  EXPECT_EQ(Stats().drop_folder_error, "");
  // At most the first may have reached the disk before the failure was told.
  EXPECT_EQ(Head(), 3u);
}

TEST_F(DropFolderTest, FilesThatCannotBeTakenDoNotStandInTheWayOfOthers) {
  journal_.reset();
  journal_options_.store.quarantine_max_count = 1;
  OpenJournal();
  OpenFolder();
  for (int i = 1; i <= 1200; ++i) Drop("a" + std::to_string(i) + ".json", UnfitJson(i));
  for (int i = 1; i <= 100; ++i) Drop("b" + std::to_string(i) + ".json", SaleJson(i));
  while (folder_->Scan() == Next::kMore) {
  }
  EXPECT_EQ(Head(), 100u);
  EXPECT_EQ(In("done").size(), 100u);
  EXPECT_EQ(In("incoming").size(), 1199u);
  EXPECT_THAT(Stats().drop_folder_error, ::testing::HasSubstr("quarantine is full"));
}

TEST_F(DropFolderTest, FilesWaitForMemoryAndSmallOnesPassThem) {
  options_.memory = std::make_shared<MemoryBudget>(8 * 1024 * 1024);
  OpenFolder();
  auto other = options_.memory->Take(6 * 1024 * 1024);
  Drop("large.json", SaleJson(1) + std::string(2 * 1024 * 1024, ' '));
  Drop("small.json", SaleJson(2));
  EXPECT_EQ(folder_->Scan(), Next::kSettling) << "soon again";
  EXPECT_EQ(In("incoming"), Names{"large.json"});
  EXPECT_EQ(Stats().drop_folder_error, "");
  other.reset();
  folder_->Scan();
  EXPECT_EQ(In("done"), (Names{"large.json", "small.json"}));
  EXPECT_EQ(options_.memory->used(), 0u);
}

TEST_F(DropFolderTest, OneLargerThanAllMemoryIsTakenAlone) {
  options_.memory = std::make_shared<MemoryBudget>(4 * 1024 * 1024);
  OpenFolder();
  for (int i = 1; i <= 3; ++i) {
    Drop(std::to_string(i) + ".json", SaleJson(i) + std::string(5 * 1024 * 1024, ' '));
  }
  folder_->Scan();
  EXPECT_EQ(In("done").size(), 3u);
}

TEST_F(DropFolderTest, ALongScanShowsThatItMoves) {
  int beats = 0;
  options_.beat = [&] { ++beats; };
  OpenFolder();
  for (int i = 1; i <= 100; ++i) Drop("a" + std::to_string(i) + ".json", SaleJson(i));
  folder_->Scan();
  EXPECT_EQ(In("done").size(), 100u);
  EXPECT_GE(beats, 100);
}

TEST_F(DropFolderTest, AFullQuarantineKeepsTheFileAndTakesWhatIsGoodInIt) {
  journal_.reset();
  journal_options_.store.quarantine_max_count = 1;
  OpenJournal();
  OpenFolder();
  Drop("full.json", UnfitJson(100));
  folder_->Scan();
  std::string lines = UnfitJson(200) + "\n";
  for (int i = 1; i < 20; ++i) lines += SaleJson(i) + "\n";
  Drop("day.ndjson", lines);
  folder_->Scan();
  EXPECT_EQ(Head(), 19u);
  EXPECT_EQ(In("incoming"), Names{"day.ndjson"}) << "one document of it is kept nowhere else";
  EXPECT_EQ(Ask("SELECT count(*) FROM file"), "1");
  EXPECT_THAT(Stats().drop_folder_error, ::testing::HasSubstr("quarantine is full"));
}

TEST_F(DropFolderTest, OnlyWhatIsStoredCountsAsARegistersSale) {
  Drop("a.json", SaleJson(1));
  folder_->Scan();
  Drop("again.json", SaleJson(1));
  folder_->Scan();
  const CaptureStats stats = Stats();
  ASSERT_TRUE(stats.registers.contains("3"));
  EXPECT_EQ(stats.registers.at("3").sales, 1u);
}

// What somebody does to the folders under a running service, and how it is undone.
struct Removal {
  const char* what;
  const char* gone;      // below the folder of the test
  const char* in_place;  // made there instead: "", "file", "link", "folder"
  bool usable;
};

class DropRemovalTest : public DropFolderTest, public ::testing::WithParamInterface<Removal> {
 protected:
  std::string At(const char* name) const { return dir_ / name; }
  static void Make(const std::string& path, const std::string& kind, const std::string& target) {
    if (kind == "file") Write(path, "x");
    if (kind == "link") std::filesystem::create_directory_symlink(target, path);
    if (kind == "folder") std::filesystem::create_directory(path);
  }
};

TEST_P(DropRemovalTest, IsToldUntilItIsUndoneAndThenEverythingIsTaken) {
  const Removal& removal = GetParam();
  const std::string path = At(removal.gone), aside = At("aside");
  std::filesystem::rename(path, aside);
  Make(path, removal.in_place, aside);
  Settle();
  EXPECT_EQ(Stats().drop_folder_error.empty(), removal.usable) << Stats().drop_folder_error;
  if (!removal.usable) {
    EXPECT_EQ(std::filesystem::exists(path), *removal.in_place != '\0') << "made by the service";
    EXPECT_THAT(Stats().drop_folder_error, ::testing::HasSubstr("put the folder back"));
  }
  std::filesystem::remove(path);
  std::filesystem::rename(aside, path);
  Drop("a.json", SaleJson(1));
  Settle();
  EXPECT_EQ(Stats().drop_folder_error, "");
  EXPECT_EQ(Head(), 1u);
  EXPECT_EQ(In("done"), Names{"a.json"});
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, DropRemovalTest,
    ::testing::Values(Removal{"renamed", "spool", "", false},
                      Removal{"an empty one over it", "spool", "folder", false},
                      Removal{"incoming moved", "spool/incoming", "", false},
                      Removal{"incoming made again", "spool/incoming", "folder", true},
                      Removal{"a file at its place", "spool/incoming", "file", false},
                      Removal{"a link at its place", "spool/incoming", "link", false},
                      Removal{"done moved", "spool/done", "", false},
                      Removal{"rejected moved", "spool/rejected", "", false}));

TEST_F(DropFolderTest, FoldersMadeAnewAreUsedAndTheOldOnesLeftAlone) {
  Drop("a.json", SaleJson(1));
  Settle();
  Copy("b.json", SaleJson(2));  // never taken from here
  std::filesystem::rename(Path(""), dir_ / "old");
  for (const char* folder : {"", "incoming", "done", "rejected"}) {
    std::filesystem::create_directory(Path(folder));
  }
  Copy("c.json", SaleJson(3));
  Settle();
  EXPECT_EQ(Head(), 2u);
  EXPECT_EQ(In("done"), Names{"c.json"});
  EXPECT_EQ(folder_->openings(), 2u);
  EXPECT_TRUE(std::filesystem::exists(dir_ / "old/incoming/b.json"));
  EXPECT_EQ(Stats().drop_folder_error, "");
}

}  // namespace
}  // namespace tillrelay::capture
