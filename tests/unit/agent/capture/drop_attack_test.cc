// The drop folder against those who write into it: what is no plain file, names, swaps, cards.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "common/event/time_text.h"
#include "tests/unit/agent/capture/drop_fixture.h"

namespace tillrelay::capture {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
constexpr uid_t kNobody = 65534;

// This thread alone is nobody; the others stay who they are.
class Unprivileged {
 public:
  Unprivileged() { good_ = geteuid() != 0 || syscall(SYS_setresuid, -1, kNobody, -1) == 0; }
  ~Unprivileged() { syscall(SYS_setresuid, -1, 0, -1); }
  bool good() const { return good_; }

 private:
  bool good_;
};

class DropAttackTest : public DropFolderTest {
 protected:
  std::string Incoming(const std::string& name) const { return Path("incoming/" + name); }
};

TEST_F(DropAttackTest, WhatIsNoPlainFileIsRejectedUnread) {
  Write(dir_ / "secret.json", SaleJson(1));
  fs::create_symlink(dir_ / "secret.json", Incoming("symlink.json"));
  fs::create_hard_link(dir_ / "secret.json", Incoming("hardlink.json"));
  ASSERT_EQ(mkfifo(Incoming("fifo.json").c_str(), 0600), 0);
  fs::create_directory(Incoming("directory.json"));
  Write(Incoming("directory.json") + "/inside.json", SaleJson(2));
  Settle();
  EXPECT_EQ(Head(), 0u);
  EXPECT_EQ(In("incoming"), Names{});
  EXPECT_EQ(In("rejected"),
            (Names{"symlink.json", "symlink.json.reason", "hardlink.json", "hardlink.json.reason",
                   "fifo.json", "fifo.json.reason", "directory.json", "directory.json.reason"}));
  EXPECT_EQ(fs::read_symlink(Path("rejected/symlink.json")), dir_ / "secret.json");
  EXPECT_TRUE(fs::exists(dir_ / "secret.json"));
}

TEST_F(DropAttackTest, ASocketIsRejectedUnread) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // A path of a socket is short; the name counts, not the way to it.
  const std::string path = dir_ / "s";
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  const Fd socket_fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(bind(socket_fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  fs::rename(path, Incoming("socket.json"));
  Settle();
  EXPECT_EQ(In("rejected"), (Names{"socket.json", "socket.json.reason"}));
}

TEST_F(DropAttackTest, WhatIsNoPlainFileIsRejectedEvenIfItMayNotBeOpened) {
  ASSERT_EQ(mkfifo(Incoming("fifo.json").c_str(), 0000), 0);
  if (geteuid() == 0) {
    for (const char* folder : {"incoming", "done", "rejected"}) {
      ASSERT_EQ(chown(Path(folder).c_str(), kNobody, kNobody), 0);
    }
  }
  {
    const Unprivileged nobody;
    ASSERT_TRUE(nobody.good());
    Settle();
  }
  EXPECT_EQ(In("rejected"), (Names{"fifo.json", "fifo.json.reason"}));
}

TEST_F(DropAttackTest, AnUnreadableFileIsLeftAndCountedAfterThreeScans) {
  Copy("a.json", SaleJson(1));
  ASSERT_EQ(chmod(Incoming("a.json").c_str(), 0), 0);
  if (geteuid() == 0) {
    ASSERT_EQ(chown(Path("incoming").c_str(), kNobody, kNobody), 0);
  }
  {
    const Unprivileged nobody;
    ASSERT_TRUE(nobody.good());
    folder_->Scan();
    folder_->Scan();
    EXPECT_EQ(Stats().files_unreadable, 0u);
    folder_->Scan();
  }
  EXPECT_EQ(Stats().files_unreadable, 1u);
  EXPECT_EQ(In("incoming"), Names{"a.json"});
  ASSERT_EQ(chmod(Incoming("a.json").c_str(), 0644), 0);
  Settle();
  EXPECT_EQ(Stats().files_unreadable, 0u);
  EXPECT_EQ(In("done"), Names{"a.json"});
}

TEST_F(DropAttackTest, HostileNamesAreTakenAndKept) {
  const Names names{"new\nline.json", "-rf.json",    "\xE2\x80\xAEnosj.json",
                    "\xFF\xFE.json",  "; rm *.json", "%s%n.json"};
  int number = 0;
  for (const std::string& name : names) {
    Drop(name, SaleJson(++number));
  }
  folder_->Scan();
  EXPECT_EQ(Head(), static_cast<uint64_t>(number));
  for (const std::string& name : names) {
    EXPECT_TRUE(In("done").contains(name));
  }
  EXPECT_EQ(Ask("SELECT count(*)||'' FROM event WHERE data LIKE '%'||char(10)||'%'"), "0");
}

TEST_F(DropAttackTest, NamesAsLongAsTheFileSystemAllowsAreTakenTwice) {
  const std::string good = std::string(250, 'a') + ".json";
  const std::string bad = std::string(250, 'b') + ".json";
  for (int i = 0; i < 2; ++i) {
    Drop(good, SaleJson(1));
    Drop(bad, "{");
    folder_->Scan();
  }
  EXPECT_EQ(In("incoming"), Names{});
  EXPECT_EQ(In("done").size(), 2u);
  EXPECT_EQ(In("rejected").size(), 4u);
}

TEST_F(DropAttackTest, AReasonNeverOverwritesAFileThatWasPutAside) {
  Drop("a.reason", "this is the file");
  folder_->Scan();
  Drop("a", "{");
  folder_->Scan();
  Drop("a.reason", "this is another file");
  folder_->Scan();
  EXPECT_EQ(Content("rejected/a.reason"), "this is the file");
  EXPECT_EQ(In("rejected").size(), 6u);
}

TEST_F(DropAttackTest, ACardNumberStaysInNoCopy) {
  Drop("a.json", SaleJson(1, std::string("card ") + kCard));
  folder_->Scan();
  EXPECT_EQ(In("incoming"), Names{});
  EXPECT_THAT(Content("done/a.json"), HasSubstr("[REDACTED-PAN]"));
  EXPECT_THAT(Content("done/a.json"), Not(HasSubstr(kCard)));
  EXPECT_EQ(Head(), 1u);
  EXPECT_GE(Stats().redactions, 1u);
}

TEST_F(DropAttackTest, ACardNumberInARejectedFileStaysNowhere) {
  Drop("a.json", std::string("{\"card\":\"") + kCard);
  folder_->Scan();
  EXPECT_THAT(Content("rejected/a.json"), Not(HasSubstr(kCard)));
  EXPECT_THAT(Ask("SELECT document FROM quarantine"), HasSubstr("[REDACTED-PAN]"));
}

TEST_F(DropAttackTest, ACardNumberInAFileThatIsNoEventStaysNowhere) {
  Drop("note.txt", std::string("card ") + kCard);
  folder_->Scan();
  EXPECT_THAT(Content("rejected/note.txt"), Not(HasSubstr(kCard)));
  EXPECT_THAT(Content("rejected/note.txt"), HasSubstr("[REDACTED-PAN]"));
}

TEST_F(DropAttackTest, ACardNumberInUtf16StaysNowhere) {
  for (const bool big : {false, true}) {
    std::string bytes = big ? "\xFE\xFF" : "\xFF\xFE";
    for (const char c : std::string("<POSLog>") + kCard) {
      bytes += big ? std::string{'\0', c} : std::string{c, '\0'};
    }
    Drop(big ? "big.xml" : "little.xml", bytes);
  }
  folder_->Scan();
  std::string kept = Content("rejected/big.xml") + Content("rejected/little.xml") +
                     Ask("SELECT group_concat(hex(document)) FROM quarantine");
  std::erase(kept, '\0');
  EXPECT_THAT(kept, Not(HasSubstr(kCard)));
  EXPECT_THAT(kept, Not(HasSubstr("3400310031003100")));  // hex of "4111" in UTF-16
  EXPECT_EQ(In("incoming"), Names{});
}

TEST_F(DropAttackTest, ACardNumberInTheFileNameStaysNowhere) {
  Drop(std::string(kCard) + ".json", SaleJson(1));
  Drop(std::string(kCard) + "-bad.json", "{");
  folder_->Scan();
  EXPECT_EQ(In("done"), Names{"[REDACTED-PAN].json"});
  EXPECT_EQ(In("rejected"), (Names{"[REDACTED-PAN]-bad.json", "[REDACTED-PAN]-bad.json.reason"}));
  EXPECT_THAT(Ask("SELECT data FROM event"), Not(HasSubstr(kCard)));
  EXPECT_THAT(Ask("SELECT name FROM file"), Not(HasSubstr(kCard)));
  EXPECT_THAT(Ask("SELECT origin FROM quarantine"), Not(HasSubstr(kCard)));
}

TEST_F(DropAttackTest, TheErrorForPeopleHoldsNoCardNumberAndNoControlCharacter) {
  const std::string name = std::string("\n") + kCard + ".json";
  std::string time = event::UtcText(clock_.Wall());
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  for (int i = 1; i <= 100; ++i) {
    const std::string number = std::to_string(i) + "-";
    Write(Path("done/" +
               (i == 1   ? ""
                : i <= 9 ? number
                         : time + "-" + number) +
               "\n[REDACTED-PAN].json"),
          "");
  }
  Drop(name, SaleJson(1));
  folder_->Scan();
  EXPECT_THAT(Stats().drop_folder_error, HasSubstr("no free name"));
  EXPECT_THAT(Stats().drop_folder_error, Not(HasSubstr(kCard)));
  EXPECT_THAT(Stats().drop_folder_error, Not(HasSubstr("\n")));
  EXPECT_EQ(In("incoming"), Names{name});
}

// Between reading and archiving, another file takes the name.
class DropSwapTest : public DropFolderTest {
 protected:
  void SetUp() override {
    journal_options_.on_growth = [this](const journal::StreamRow&) {
      if (!swap_) return;
      swap_ = false;
      Write(dir_ / "other", other_);
      fs::rename(dir_ / "other", Path("incoming/a.json"));
    };
    DropFolderTest::SetUp();
  }
  std::atomic<bool> swap_{false};
  std::string other_ = SaleJson(2);
};

TEST_F(DropSwapTest, AFileThatTakesTheNameOfOneBeingTakenIsTakenToo) {
  Drop("a.json", SaleJson(1));
  swap_ = true;
  folder_->Scan();
  EXPECT_EQ(In("incoming"), Names{"a.json"});
  Settle();
  EXPECT_EQ(Head(), 2u);
  EXPECT_EQ(In("incoming"), Names{});
  EXPECT_EQ(Content("done/a.json"), other_);
}

TEST_F(DropSwapTest, AFileThatTakesTheNameOfOneWithACardIsNotDeleted) {
  Drop("a.json", SaleJson(1, kCard));
  swap_ = true;
  folder_->Scan();
  EXPECT_EQ(Content("incoming/a.json"), other_);
  Settle();
  EXPECT_EQ(Head(), 2u);
  EXPECT_EQ(In("incoming"), Names{});
}

TEST_F(DropAttackTest, ADirectoryReplacedAfterTheStartRedirectsNothing) {
  fs::create_directory(dir_ / "elsewhere");
  for (const char* folder : {"done", "rejected"}) {
    fs::rename(Path(folder), Path(std::string("real-") + folder));
    fs::create_directory_symlink(dir_ / "elsewhere", Path(folder));
  }
  Drop("a.json", SaleJson(1));
  Drop("b.json", "{");
  folder_->Scan();
  EXPECT_TRUE(fs::is_empty(dir_ / "elsewhere"));
  EXPECT_EQ(In("real-done"), Names{"a.json"});
  EXPECT_EQ(In("real-rejected"), (Names{"b.json", "b.json.reason"}));
}

TEST_F(DropAttackTest, AFolderThatIsASymlinkIsRefusedAtStart) {
  fs::remove_all(Path("done"));
  fs::create_directory(dir_ / "elsewhere");
  fs::create_directory_symlink(dir_ / "elsewhere", Path("done"));
  const auto folder = DropFolder::Open(options_, intake_.get(), &counters_, &clock_);
  ASSERT_FALSE(folder.ok());
  EXPECT_THAT(folder.status().message(), HasSubstr("done"));
}

TEST_F(DropAttackTest, FoldersAreRefusedAtStartExactlyIfTheyLieOnTwoFileSystems) {
  bool mounted = false;
  Status opened;
  // The mount is seen by this thread alone and goes with it. It takes the rights of root.
  std::thread([&] {
    mounted = unshare(CLONE_NEWNS) == 0 &&
              mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
              mount("none", Path("done").c_str(), "tmpfs", 0, nullptr) == 0;
    auto folder = DropFolder::Open(options_, intake_.get(), &counters_, &clock_);
    if (!folder.ok()) opened = std::move(folder).status();
  }).join();
  EXPECT_EQ(opened.code(), mounted ? Code::kUnavailable : Code::kOk);
  EXPECT_THAT(opened.message(), HasSubstr(mounted ? "one file system" : ""));
}

}  // namespace
}  // namespace tillrelay::capture
