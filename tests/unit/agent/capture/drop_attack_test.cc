// The drop folder against those who write into it: what is no plain file, names, swaps, cards.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
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

TEST_F(DropAttackTest, ADeviceIsRejectedUnread) {
  if (mknod(Incoming("null.json").c_str(), S_IFCHR | 0666, makedev(1, 3)) != 0) {
    ASSERT_EQ(errno, EPERM);  // only root can make one, and only root can attack so
    return;
  }
  Settle();
  EXPECT_EQ(In("rejected"), (Names{"null.json", "null.json.reason"}));
}

TEST_F(DropAttackTest, EightGigabytesOfNothingAreRejectedUnread) {
  Copy("sparse.json", "");
  ASSERT_EQ(truncate(Incoming("sparse.json").c_str(), off_t{8} << 30), 0);
  Settle();
  EXPECT_EQ(In("rejected"), (Names{"sparse.json", "sparse.json.reason"}));
  struct stat info {};
  ASSERT_EQ(stat(Path("rejected/sparse.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_size, off_t{8} << 30);
  EXPECT_LT(info.st_blocks, 1024);
  EXPECT_THAT(Content("rejected/sparse.json.reason"), HasSubstr("was not read"));
}

TEST_F(DropAttackTest, AFileThatItsWriterHoldsByALeaseBlocksNobody) {
  Drop("leased.json", SaleJson(1));
  Drop("other.json", SaleJson(2));
  const Fd held(open(Incoming("leased.json").c_str(), O_RDWR | O_CLOEXEC));
  signal(SIGIO, SIG_IGN);  // the kernel's word that somebody wants the file
  ASSERT_EQ(fcntl(held.get(), F_SETLEASE, F_WRLCK), 0);
  folder_->Scan();
  EXPECT_EQ(In("incoming"), Names{"leased.json"});
  EXPECT_EQ(In("done"), Names{"other.json"});
  ASSERT_EQ(fcntl(held.get(), F_SETLEASE, F_UNLCK), 0);
  clock_.Advance(std::chrono::minutes(1));
  Settle();
  EXPECT_EQ(In("incoming"), Names{});
  EXPECT_EQ(Head(), 2u);
}

TEST_F(DropAttackTest, HostileDocumentsStoreNothing) {
  const std::string deep(200'000, '[');
  std::string tags;
  for (int i = 0; i < 200'000; ++i) tags += "<a>";
  std::string laughs = "<?xml version=\"1.0\"?><!DOCTYPE POSLog [<!ENTITY l0 \"ha\">";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "&l" + std::to_string(i - 1) + ";";
    laughs += "<!ENTITY l" + std::to_string(i) + " \"" + before + before + "\">";
  }
  laughs += "]><POSLog>&l29;</POSLog>";
  std::string nuls = SaleJson(1);
  nuls.insert(nuls.size() / 2, 5, '\0');
  const std::pair<const char*, std::string> documents[] = {
      {"deep.json", deep},
      {"deep.xml", tags},
      {"laughs.xml", laughs},
      {"doctype.xml", "<!DOCTYPE POSLog SYSTEM \"file:///etc/passwd\"><POSLog/>"},
      {"nul.json", nuls},
      {"zeros.xml", std::string(100'000, '\0')},
  };
  for (const auto& [name, bytes] : documents) Drop(name, bytes);
  folder_->Scan();
  EXPECT_EQ(Head(), 0u);
  EXPECT_EQ(In("incoming"), Names{});
  for (const auto& [name, bytes] : documents) {
    EXPECT_TRUE(In("rejected").contains(name)) << name;
    EXPECT_NE(Content("rejected/" + std::string(name) + ".reason"), "") << name;
  }
}

TEST_F(DropAttackTest, AByteOrderMarkIsNoMistake) {
  Drop("a.json", "\xEF\xBB\xBF" + SaleJson(1));
  folder_->Scan();
  EXPECT_EQ(In("done"), Names{"a.json"});
}

// POS software that runs as another user writes with its own umask. Without the rights of root
// both are one user, who may write what he cannot read himself.
class DropOtherUserTest : public DropAttackTest {
 protected:
  static constexpr uid_t kPos = 54321;
  static constexpr gid_t kGroup = 54322;  // as tillrelay-drop
  const bool root_ = geteuid() == 0;
  const mode_t private_ = root_ ? 077 : 0777;

  void SetUp() override {
    DropAttackTest::SetUp();
    if (!root_) return;
    ASSERT_EQ(chown(Path("incoming").c_str(), 0, kGroup), 0);
    ASSERT_EQ(chmod(Path("incoming").c_str(), 02770), 0);
    for (const char* folder : {"done", "rejected"}) {
      ASSERT_EQ(chown(Path(folder).c_str(), kNobody, kNobody), 0);
    }
  }
  void WriteAsPos(const std::string& name, const std::string& bytes, mode_t mask) {
    const Fd folder(open(Path("incoming").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const pid_t child = fork();
    if (child == 0) {  // only what may be called beside other threads
      const gid_t none = kGroup;
      bool good = fchdir(folder.get()) == 0;
      if (root_) {
        good = good && syscall(SYS_setgroups, 0, nullptr) == 0 &&
               syscall(SYS_setresgid, none, none, none) == 0 &&
               syscall(SYS_setresuid, kPos, kPos, kPos) == 0;
      }
      umask(mask);
      const int file = open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0666);
      good = good && write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
      _exit(good ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
  }
  // As the service: no rights of root, but in the group.
  void ScanAsService(int times) {
    std::thread([&] {
      const gid_t group = kGroup;
      if (root_) {
        ASSERT_EQ(syscall(SYS_setgroups, 1, &group), 0);
        ASSERT_EQ(syscall(SYS_setresuid, kNobody, kNobody, kNobody), 0);
      }
      for (int i = 0; i < times; ++i) {
        folder_->Scan();
        clock_.Advance(options_.settle);
      }
    }).join();
  }
};

TEST_F(DropOtherUserTest, AFileThatTheGroupMayReadIsTaken) {
  WriteAsPos("a.json", SaleJson(1), 007);
  ScanAsService(2);
  EXPECT_EQ(Head(), 1u);
  EXPECT_EQ(In("done"), Names{"a.json"});
}

TEST_F(DropOtherUserTest, AFileOfItsWriterAloneIsLeftAndToldAfterThreeScans) {
  WriteAsPos("private.json", SaleJson(1), private_);
  WriteAsPos("shared.json", SaleJson(2), 007);
  ScanAsService(2);
  EXPECT_EQ(Stats().files_unreadable, 0u);
  ScanAsService(1);
  EXPECT_EQ(Stats().files_unreadable, 1u);
  EXPECT_EQ(In("incoming"), Names{"private.json"});
  EXPECT_EQ(In("done"), Names{"shared.json"}) << "it stands in nobody's way";
  EXPECT_EQ(In("rejected"), Names{});
}

TEST_F(DropOtherUserTest, AFileOfAnotherUserWithACardIsReplacedAllTheSame) {
  WriteAsPos("a.json", SaleJson(1, kCard), 007);
  ScanAsService(2);
  EXPECT_EQ(In("incoming"), Names{});
  EXPECT_THAT(Content("done/a.json"), HasSubstr("[REDACTED-PAN]"));
  struct stat info {};
  ASSERT_EQ(stat(Path("done/a.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, root_ ? kNobody : geteuid());
  EXPECT_EQ(info.st_mode & 0777, 0600u);
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

TEST_F(DropAttackTest, ACardNumberInAReasonForPeopleStaysNowhere) {
  Drop("a.json", std::string(R"({"kind":"sale","4111 1111 1111 1111":1,"transaction":{}})"));
  Drop("b.json", std::string(R"({"specversion":"1.0","type":")") + kCard + R"("})");
  Drop("c.xml", std::string("<POSLog><") + "a" + kCard + "></POSLog>");
  folder_->Scan();
  EXPECT_EQ(In("incoming"), Names{});
  const std::string reported =
      Content("rejected/a.json.reason") + Content("rejected/b.json.reason") +
      Content("rejected/c.xml.reason") +
      Ask("SELECT group_concat(field || hint || document) FROM quarantine");
  EXPECT_THAT(reported, Not(HasSubstr(kCard)));
  EXPECT_THAT(reported, Not(HasSubstr("4111 1111")));
  EXPECT_THAT(reported, HasSubstr("[REDACTED-PAN]"));
}

// What is read of a large document ends somewhere, and so does what is kept of it.
TEST_F(DropAttackTest, ACutInTheQuarantineHidesNoCard) {
  const std::string before = "{\"a\":\"";
  int files = 0;
  for (const size_t cut : {size_t{1024} * 1024, size_t{1024} * 1024 + 512}) {
    for (const size_t digits : {size_t{12}, size_t{15}}) {
      const std::string filler(cut - before.size() - digits, static_cast<char>('a' + files));
      Drop(std::to_string(++files) + ".json", before + filler + kCard);
    }
  }
  folder_->Scan();
  EXPECT_NE(Ask("SELECT count(*) || '' FROM quarantine"), "0");
  EXPECT_EQ(Ask("SELECT count(*) || '' FROM quarantine WHERE document LIKE '%4111%'"), "0");
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

// Somebody writes to a file in the moment in which it is opened.
class DropWhileReadTest : public DropFolderTest {
 protected:
  void SetUp() override {
    // What was read in time does not reach the archive before the other has written.
    journal_options_.on_growth = [this](const journal::StreamRow&) { Await(); };
    DropFolderTest::SetUp();
  }
  void Await() {
    if (writer_.joinable()) written_.wait(false);
  }
  void OnOpen(const std::string& path, std::function<void()> act) {
    const int watch = inotify_init1(IN_CLOEXEC);
    ASSERT_GE(inotify_add_watch(watch, path.c_str(), IN_OPEN), 0);
    writer_ = std::thread([this, watch, act = std::move(act)] {
      char event[4096];
      EXPECT_GT(read(watch, event, sizeof event), 0);
      close(watch);
      act();
      written_ = true;
      written_.notify_all();
    });
  }
  std::thread writer_;
  std::atomic<bool> written_{false};
};

TEST_F(DropWhileReadTest, AFileThatGrowsWhileItIsReadIsTakenWhenItIsWhole) {
  const std::string first = std::string(32 << 20, ' ') + SaleJson(1);
  Drop("a.json", first);
  OnOpen(Path("incoming/a.json"),
         [&] { std::ofstream(Path("incoming/a.json"), std::ios::app) << " \n"; });
  folder_->Scan();
  writer_.join();
  EXPECT_EQ(In("incoming"), Names{"a.json"});
  EXPECT_EQ(In("done"), Names{});
  Settle();
  EXPECT_EQ(In("done"), Names{"a.json"});
  EXPECT_EQ(Content("done/a.json").size(), first.size() + 2);
  EXPECT_EQ(Head(), 1u);
}

TEST_F(DropWhileReadTest, AFileThatIsCutWhileItIsReadLeavesNoHalfInTheArchive) {
  Drop("a.json", std::string(32 << 20, ' ') + SaleJson(1));
  OnOpen(Path("incoming/a.json"),
         [&] { EXPECT_EQ(truncate(Path("incoming/a.json").c_str(), 100), 0); });
  folder_->Scan();
  writer_.join();
  EXPECT_EQ(In("incoming"), Names{"a.json"});
  EXPECT_EQ(In("done"), Names{});
  EXPECT_EQ(In("rejected"), Names{});
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
  EXPECT_EQ(In("incoming"), (Names{"a.json", "b.json"}));
  EXPECT_EQ(Head(), 0u);
  EXPECT_NE(Stats().drop_folder_error, "");
  for (const char* folder : {"done", "rejected"}) {
    fs::remove(Path(folder));
    fs::rename(Path(std::string("real-") + folder), Path(folder));
  }
  Settle();
  EXPECT_TRUE(fs::is_empty(dir_ / "elsewhere"));
  EXPECT_EQ(In("done"), Names{"a.json"});
  EXPECT_EQ(In("rejected"), (Names{"b.json", "b.json.reason"}));
  EXPECT_EQ(Stats().drop_folder_error, "");
}

// Whatever stands in a folder's place at the start, it waits, says so, and goes on once it is gone.
TEST_F(DropAttackTest, FoldersThatCannotBeUsedAtStartAreUsedOnceTheyCan) {
  struct Obstacle {
    const char* name;
    std::function<void(const std::string& path)> make;
  };
  const Obstacle obstacles[] = {
      {"a file", [](const std::string& path) { Write(path, "x"); }},
      {"a FIFO", [](const std::string& path) { ASSERT_EQ(mkfifo(path.c_str(), 0600), 0); }},
      {"a link to itself",
       [](const std::string& path) { fs::create_symlink(fs::path(path).filename(), path); }},
      {"a link to another folder",
       [this](const std::string& path) { fs::create_directory_symlink(dir_.path(), path); }},
      {"a link to nowhere",
       [](const std::string& path) { fs::create_symlink("/nowhere/x", path); }},
  };
  for (const Obstacle& obstacle : obstacles) {
    for (const std::string part : {"incoming", "done", "rejected"}) {
      SCOPED_TRACE(std::string(obstacle.name) + " at " + part);
      folder_.reset();
      fs::remove_all(Path(""));
      fs::create_directories(Path(""));
      obstacle.make(Path(part));
      folder_ = std::make_unique<DropFolder>(options_, intake_.get(), &counters_, &clock_);
      EXPECT_THAT(Stats().drop_folder_error, HasSubstr(part));
      EXPECT_EQ(folder_->openings(), 0u);
      folder_->Scan();
      EXPECT_THAT(Stats().drop_folder_error, HasSubstr(part));
      EXPECT_FALSE(fs::is_directory(fs::symlink_status(Path(part)))) << "nothing is made over it";
      fs::remove(Path(part));
      folder_->Scan();
      EXPECT_EQ(Stats().drop_folder_error, "");
      const uint64_t before = Head();
      Drop("a.json", SaleJson(static_cast<int>(before) + 1));
      Settle();
      EXPECT_EQ(Head(), before + 1);
      EXPECT_EQ(In("done"), Names{"a.json"});
    }
  }
}

TEST_F(DropAttackTest, AFolderWithoutItsParentIsMadeOnceThatIsThere) {
  folder_.reset();
  options_.path = dir_ / "later/spool";
  folder_ = std::make_unique<DropFolder>(options_, intake_.get(), &counters_, &clock_);
  EXPECT_THAT(Stats().drop_folder_error, HasSubstr("create it or set drop_folder.path"));
  fs::create_directory(dir_ / "later");
  folder_->Scan();
  EXPECT_EQ(Stats().drop_folder_error, "");
  EXPECT_TRUE(fs::is_directory(dir_ / "later/spool/incoming"));
  // What was there once is not made again.
  fs::remove_all(dir_ / "later/spool/done");
  folder_->Scan();
  EXPECT_THAT(Stats().drop_folder_error, HasSubstr("put the folder back"));
  EXPECT_FALSE(fs::exists(dir_ / "later/spool/done"));
}

TEST_F(DropAttackTest, FoldersAreRefusedAtStartExactlyIfTheyLieOnTwoFileSystems) {
  bool mounted = false;
  // The mount is seen by this thread alone and goes with it. It takes the rights of root.
  std::thread([&] {
    mounted = unshare(CLONE_NEWNS) == 0 &&
              mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
              mount("none", Path("done").c_str(), "tmpfs", 0, nullptr) == 0;
    folder_ = std::make_unique<DropFolder>(options_, intake_.get(), &counters_, &clock_);
  }).join();
  EXPECT_EQ(Stats().drop_folder_error.empty(), !mounted);
  EXPECT_THAT(Stats().drop_folder_error, HasSubstr(mounted ? "one file system" : ""));
}

}  // namespace
}  // namespace tillrelay::capture
