// done/ and rejected/: what ends there, what a crash leaves, what is trimmed and what never is.
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/agent/capture/drop_fixture.h"

namespace tillrelay::capture {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using ::testing::HasSubstr;

class DropArchiveTest : public DropFolderTest {
 protected:
  void SetUp() override {
    // The time of archiving is the kernel's; the agent's clock starts from there.
    clock_.SetWall(system_clock_.Wall());
    options_.observed = [this] { return Observe(); };
    Observe();
    DropFolderTest::SetUp();
  }
  journal::ObservedTime Observe() {
    observed_.Observe(clock_.Now(), clock_.Wall());
    return observed_;
  }
  // Time passes while the service runs.
  void Pass(hours time) {
    clock_.Advance(time);
    Observe();
    folder_->Scan();
    clock_.Advance(hours(2));
    folder_->Scan();
  }
  // The service stops, and starts with the clock set to `wall`.
  void Restart(WallTime wall) {
    const auto read = journal::ObservedTime::Read(observed_.Text());
    const auto runs = observed_.runs();
    observed_ = *read;
    observed_.Restore(runs, 0);
    clock_.SetWall(wall);
    Observe();
    OpenFolder();
  }

  journal::ObservedTime observed_;
};

TEST_F(DropArchiveTest, WhatIsOlderThanTheTimeToKeepGoesAndNothingElse) {
  Drop("good.json", SaleJson(1));
  Drop("bad.json", "{");
  fs::create_directory(Path("incoming/empty.json"));
  fs::create_directory(Path("incoming/full.json"));
  Write(Path("incoming/full.json/inside"), "kept");
  Settle();
  Copy("waiting.json.tmp", "not finished");
  const Names rejected = In("rejected");
  EXPECT_EQ(rejected.size(), 6u);
  Pass(89 * hours(24));
  EXPECT_EQ(In("done"), Names{"good.json"});
  EXPECT_EQ(In("rejected"), rejected);
  Pass(hours(24));
  EXPECT_EQ(In("done"), Names{});
  EXPECT_EQ(In("rejected"), Names{"full.json"});
  EXPECT_EQ(In("incoming"), Names{"waiting.json.tmp"});
  EXPECT_EQ(Head(), 1u);
}

// A writer that keeps the file open does not notice that it was moved.
TEST_F(DropArchiveTest, WhatIsWrittenAfterItWasReadIsReadAsWell) {
  std::string lines;
  for (int number = 1; number <= 4; ++number) {
    lines += SaleJson(number) + "\n";
    if (number == 1) {
      Drop("day.ndjson", lines);
    } else {
      Write(Path("done/day.ndjson"), lines);  // into the same inode
      folder_->Scan();
    }
    Settle();
    EXPECT_EQ(Head(), static_cast<uint64_t>(number));
    EXPECT_EQ(In("done"), Names{"day.ndjson"});
    EXPECT_EQ(In("incoming"), Names{});
  }
}

TEST_F(DropArchiveTest, WhatHasRestedForLongIsNotWatchedAnyMore) {
  Drop("day.ndjson", SaleJson(1) + "\n");
  Settle();
  clock_.Advance(std::chrono::minutes(11));
  folder_->Scan();
  Write(Path("done/day.ndjson"), SaleJson(1) + "\n" + SaleJson(2) + "\n");
  folder_->Scan();
  EXPECT_EQ(In("done"), Names{"day.ndjson"});
  EXPECT_EQ(Head(), 1u);
}

TEST_F(DropArchiveTest, TheTimeCountsFromTheArchivingNotFromTheWriting) {
  Copy("a.json", SaleJson(1));
  const timespec times[2] = {{1'000'000, 0}, {1'000'000, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, Path("incoming/a.json").c_str(), times, 0), 0);
  Settle();
  Pass(hours(24));
  EXPECT_EQ(In("done"), Names{"a.json"});
}

// For an hour, for days, at a start: only time that has passed counts, and it counts all the same.
TEST_F(DropArchiveTest, AClockThatIsWrongDeletesNothingEarlyAndKeepsNothingForEver) {
  Drop("a.json", SaleJson(1));
  Settle();
  Pass(hours(22));
  WallTime right = clock_.Wall();
  int days = 1;
  for (const int wrong : {3650, -20'000, -4000, 20'000}) {
    clock_.SetWall(right + hours(24 * wrong));
    Pass(hours(46));
    Restart(clock_.Wall() + hours(24 * wrong / 2));
    Pass(hours(46));
    days += 4;
    right += hours(96);
    Restart(right);
    Pass(hours(22));
    days += 1;
    right += hours(24);
    ASSERT_EQ(In("done"), Names{"a.json"}) << wrong;
  }
  Pass(hours(24 * (90 - days) - 4));
  EXPECT_EQ(In("done"), Names{"a.json"});
  Pass(hours(24));
  EXPECT_EQ(In("done"), Names{});
}

// What was there before this version counted, and what nobody can have archived yet.
TEST_F(DropArchiveTest, WhatWasThereBeforeTheFirstStartIsAsOldAsThat) {
  Write(Path("done/old.json"), "x");
  observed_ = {};
  clock_.SetWall(clock_.Wall() + hours(24 * 200));
  Observe();
  Pass(hours(24 * 89));
  EXPECT_EQ(In("done"), Names{"old.json"});
  Pass(hours(24));
  EXPECT_EQ(In("done"), Names{});
}

TEST_F(DropArchiveTest, WithoutObservedTimeNothingIsTrimmed) {
  options_.observed = nullptr;
  OpenFolder();
  Drop("a.json", SaleJson(1));
  Settle();
  Pass(hours(10'000 * 24));
  EXPECT_EQ(In("done"), Names{"a.json"});
}

TEST_F(DropArchiveTest, ZeroKeepsForEver) {
  options_.archive_keep = hours(0);
  OpenFolder();
  Drop("a.json", SaleJson(1));
  Settle();
  Pass(hours(10'000 * 24));
  EXPECT_EQ(In("done"), Names{"a.json"});
}

TEST_F(DropArchiveTest, AScanTrimsOneStepOnly) {
  for (int i = 0; i < 1000; ++i) Write(Path("done/" + std::to_string(i)), "x");
  clock_.Advance(hours(100 * 24));
  Observe();
  folder_->Scan();
  EXPECT_EQ(In("done").size(), 488u);
  folder_->Scan();
  EXPECT_EQ(In("done").size(), 0u);
}

TEST_F(DropArchiveTest, WhatACrashLeftAsideIsRemovedAtTheNextStart) {
  for (const char* folder : {"done", "rejected"}) {
    Write(Path(std::string(folder) + "/.copy"), "half a co");
    Write(Path(std::string(folder) + "/.reason"), "half a rea");
    Write(Path(std::string(folder) + "/.other"), "not ours");
  }
  OpenFolder();
  EXPECT_EQ(In("done"), Names{".other"});
  EXPECT_EQ(In("rejected"), Names{".other"});
}

TEST_F(DropArchiveTest, ACrashBetweenTheCopyAndTheOriginalIsStillOneEvent) {
  const std::string document = SaleJson(1, kCard);
  Drop("a.json", document);
  folder_->Scan();
  Drop("a.json", document);  // as if it had never been removed
  folder_->Scan();
  EXPECT_EQ(Head(), 1u);
  EXPECT_EQ(In("incoming"), Names{});
  EXPECT_EQ(In("done"), (Names{"a.json", "2-a.json"}));
  EXPECT_EQ(Content("done/2-a.json"), Content("done/a.json"));
}

TEST_F(DropArchiveTest, TheSameNameIsArchivedAgainAndAgain) {
  for (int i = 1; i <= 150; ++i) {
    clock_.Advance(std::chrono::seconds(1));
    Drop("export.json", SaleJson(i));
    folder_->Scan();
  }
  EXPECT_EQ(In("done").size(), 150u);
  EXPECT_EQ(Head(), 150u);
}

TEST_F(DropArchiveTest, AReasonSaysWhereWhatAndWhatToDo) {
  Drop("mixed.json", "[" + SaleJson(1) + "," + UnfitJson(2) + "]");
  Drop("cut.json", SaleJson(3).substr(0, 60));
  Drop("text.txt", "hello");
  folder_->Scan();
  const std::string mixed = Content("rejected/mixed.json.reason");
  EXPECT_THAT(mixed, HasSubstr("1 stored, 0 already known, 1 in quarantine"));
  EXPECT_THAT(mixed, HasSubstr("document 2: missing-field at lines\n"));
  EXPECT_THAT(mixed, HasSubstr("  what to do: "));
  EXPECT_THAT(mixed, HasSubstr("  quarantine ticket "));
  const std::string cut = Content("rejected/cut.json.reason");
  EXPECT_THAT(cut, HasSubstr("byte 60"));
  EXPECT_THAT(cut, HasSubstr("what to do: "));
  EXPECT_THAT(Content("rejected/text.txt.reason"), HasSubstr("Nothing of this was stored"));
}

TEST_F(DropArchiveTest, AReasonDescribesABoundedNumberOfDocuments) {
  std::string all = "[" + UnfitJson(1);
  for (int i = 2; i <= 2000; ++i) all += "," + UnfitJson(i);
  Drop("a.json", all + "]");
  folder_->Scan();
  const std::string reason = Content("rejected/a.json.reason");
  EXPECT_THAT(reason, HasSubstr("2000 in quarantine"));
  EXPECT_THAT(reason, HasSubstr("document 200: "));
  EXPECT_THAT(reason, ::testing::Not(HasSubstr("document 201: ")));
  EXPECT_THAT(reason, HasSubstr("There are more"));
}

}  // namespace
}  // namespace tillrelay::capture
