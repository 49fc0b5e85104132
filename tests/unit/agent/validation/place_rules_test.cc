// Every rule for paths, with the verdict that start, reload, `config check`, `setup` and `doctor`
// share.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "agent/validation/validation.h"
#include "common/base/files.h"
#include "common/service/credentials.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::validation {
namespace {

namespace fs = std::filesystem;
using config::Config;

class PlaceRulesTest : public ::testing::Test {
 public:
  PlaceRulesTest() {
    fs::create_directories(In("state"));
    fs::create_directories(In("run"));
    for (const char* part : {"incoming", "done", "rejected"}) {
      fs::create_directories(In("drop") + "/" + part);
    }
    Write(In("map.csv"), "sku,key\n1,2\n");
    config_.store_id = "0042";
    config_.time_zone = "Europe/Berlin";
    config_.journal.path = In("state/journal.db");
    config_.drop_folder.path = In("drop");
    config_.control.socket = In("run/control.sock");
    config_.intake.listen = "unix:" + In("run/intake.sock");
    config_.status.listen = "127.0.0.1:8471";
  }
  std::string In(const std::string& name) const { return dir_.path() + "/" + name; }
  static void Write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
  }
  // As a start, a reload and a command judge it: their answers must be the same.
  std::vector<Finding> Judge() const {
    auto at_start = Validate(config_, DaemonAtStart());
    for (const auto& findings : {Validate(config_, RunningDaemon()),
                                 Validate(config_, CommandLine(In("a.toml"), config_))}) {
      EXPECT_EQ(findings.size(), at_start.size());
      for (size_t i = 0; i < std::min(findings.size(), at_start.size()); ++i) {
        EXPECT_EQ(findings[i].verdict, at_start[i].verdict);
        EXPECT_EQ(findings[i].key, at_start[i].key);
        EXPECT_EQ(findings[i].text, at_start[i].text);
      }
    }
    return at_start;
  }
  static std::string Text(const std::vector<Finding>& findings) {
    std::string text;
    for (const Finding& finding : findings) {
      text += std::string(NameOf(finding.verdict)) + " " + finding.key + ": " + finding.text + "\n";
      EXPECT_FALSE(finding.step.empty()) << finding.text;
    }
    return text;
  }
  void MakeSocket(const std::string& path) {
    const Fd fd(socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }

  testing::TempDir dir_;
  Config config_;
};

TEST_F(PlaceRulesTest, GoodPlacesAreNoFinding) {
  EXPECT_EQ(Text(Judge()), "");
  Write(config_.journal.path, "");  // they may be there already
  MakeSocket(config_.control.socket);
  fs::remove_all(In("drop"));  // or be made by the daemon
  EXPECT_EQ(Text(Judge()), "");
  config_.control.socket.clear();
  config_.drop_folder.path.clear();
  EXPECT_EQ(Text(Judge()), "");
}

TEST_F(PlaceRulesTest, EachRuleHasItsVerdict) {
  using Do = std::function<void(PlaceRulesTest&)>;
  const std::string long_name(120, 'x');
  const struct {
    const char* name;
    Do change;
    Verdict verdict;
    const char* key;
    const char* text;  // a part of it
  } rows[] = {
      {"journal is a folder", [](auto& t) { fs::create_directory(t.config_.journal.path); },
       Verdict::kStop, "journal.path", "is a folder"},
      {"journal is a FIFO", [](auto& t) { mkfifo(t.config_.journal.path.c_str(), 0600); },
       Verdict::kStop, "journal.path", "is a FIFO"},
      {"journal is a device",
       [](auto& t) { fs::create_symlink("/dev/null", t.config_.journal.path); }, Verdict::kStop,
       "journal.path", "is a device"},
      {"journal is a socket", [](auto& t) { t.MakeSocket(t.config_.journal.path); }, Verdict::kStop,
       "journal.path", "is a socket"},
      {"its log is a folder",
       [](auto& t) { fs::create_directory(t.config_.journal.path + "-wal"); }, Verdict::kStop,
       "journal.path", "-wal is a folder"},
      {"its lock is a FIFO",
       [](auto& t) { mkfifo((t.config_.journal.path + ".lock").c_str(), 0600); }, Verdict::kStop,
       "journal.path", ".lock is a FIFO"},
      {"its witness is a folder",
       [](auto& t) { fs::create_directory(t.config_.journal.path + ".witness"); }, Verdict::kStop,
       "journal.path", ".witness is a folder"},
      {"journal names no file", [](auto& t) { t.config_.journal.path = t.In("state/"); },
       Verdict::kStop, "journal.path", "names no file"},
      {"journal's folder is a file",
       [](auto& t) { t.config_.journal.path = t.In("map.csv/journal.db"); }, Verdict::kStop,
       "journal.path", "Not a directory"},
      {"journal's name is too long",
       [](auto& t) { t.config_.journal.path = t.In("state/" + std::string(245, 'j')); },
       Verdict::kStop, "journal.path", "too long"},
      {"a device where SQLite's own log goes",
       [](auto& t) { fs::create_symlink("/dev/null", t.config_.journal.path + "-journal"); },
       Verdict::kStop, "journal.path", "is a device"},
      {"drop folder is a file", [](auto& t) { t.config_.drop_folder.path = t.In("map.csv"); },
       Verdict::kFilesOff, "drop_folder.path", "Not a directory"},
      {"done is a file",
       [](auto& t) {
         fs::remove_all(t.In("drop/done"));
         Write(t.In("drop/done"), "");
       },
       Verdict::kFilesOff, "drop_folder.path", "Not a directory"},
      {"rejected is a FIFO",
       [](auto& t) {
         fs::remove_all(t.In("drop/rejected"));
         mkfifo(t.In("drop/rejected").c_str(), 0600);
       },
       Verdict::kFilesOff, "drop_folder.path", "Not a directory"},
      {"done is a link elsewhere",
       [](auto& t) {
         fs::remove_all(t.In("drop/done"));
         fs::create_symlink("/dev/shm", t.In("drop/done"));
       },
       Verdict::kFilesOff, "drop_folder.path", "done is a link"},
      {"done is a link to incoming",
       [](auto& t) {
         fs::remove_all(t.In("drop/done"));
         fs::create_symlink("incoming", t.In("drop/done"));
       },
       Verdict::kFilesOff, "drop_folder.path", "done is a link"},
      {"incoming is a link to itself",
       [](auto& t) {
         fs::remove_all(t.In("drop/incoming"));
         fs::create_symlink("incoming", t.In("drop/incoming"));
       },
       Verdict::kFilesOff, "drop_folder.path", "incoming is a link"},
      {"socket in no folder", [](auto& t) { t.config_.control.socket = t.In("none/control.sock"); },
       Verdict::kWarn, "control.socket", "none: No such file"},
      {"socket's folder is a file",
       [](auto& t) { t.config_.control.socket = t.In("map.csv/control.sock"); }, Verdict::kWarn,
       "control.socket", "Not a directory"},
      {"socket is a file", [](auto& t) { Write(t.config_.control.socket, "x"); }, Verdict::kWarn,
       "control.socket", "is a file, no socket"},
      {"socket is a folder", [](auto& t) { fs::create_directory(t.config_.control.socket); },
       Verdict::kWarn, "control.socket", "is a folder, no socket"},
      {"socket's path is too long",
       [](auto& t) { t.config_.control.socket = t.In(std::string(120, 'x')); }, Verdict::kWarn,
       "control.socket", "at most 107 bytes"},
      {"intake's path is too long",
       [](auto& t) { t.config_.intake.listen = "unix:" + t.In(std::string(120, 'x')); },
       Verdict::kStop, "intake.listen", "at most 107 bytes"},
      {"intake in no folder",
       [](auto& t) { t.config_.intake.listen = "unix:" + t.In("none/intake.sock"); },
       Verdict::kStop, "intake.listen", "none: No such file"},
      {"page's socket is a file",
       [](auto& t) { t.config_.status.listen = "unix:" + t.In("map.csv"); }, Verdict::kStop,
       "status.listen", "is a file, no socket"},
      {"socket and journal", [](auto& t) { t.config_.control.socket = t.config_.journal.path; },
       Verdict::kStop, "control.socket", "and journal.path name the same place"},
      {"socket and the journal's log",
       [](auto& t) { t.config_.control.socket = t.In("state/../state/journal.db-wal"); },
       Verdict::kStop, "control.socket", "and journal.path name the same place"},
      {"socket and intake", [](auto& t) { t.config_.control.socket = t.In("run/intake.sock"); },
       Verdict::kStop, "control.socket", "and intake.listen name the same place"},
      {"map and journal", [](auto& t) { t.config_.items.map = t.config_.journal.path; },
       Verdict::kStop, "items.map", "and journal.path name the same place"},
      {"map and journal, by a link",
       [](auto& t) {
         fs::create_directory_symlink(t.In("state"), t.In("link"));
         t.config_.items.map = t.In("link/journal.db");
       },
       Verdict::kStop, "items.map", "and journal.path name the same place"},
      {"drop folder and journal",
       [](auto& t) { t.config_.drop_folder.path = t.config_.journal.path; }, Verdict::kStop,
       "drop_folder.path", "and journal.path name the same place"},
      {"journal among documents",
       [](auto& t) { t.config_.journal.path = t.In("drop/incoming/journal.db"); }, Verdict::kStop,
       "journal.path", "is in the drop folder"},
      {"socket among documents",
       [](auto& t) { t.config_.control.socket = t.In("drop/done/control.sock"); }, Verdict::kStop,
       "control.socket", "is in the drop folder"},
      {"map among documents",
       [](auto& t) {
         Write(t.In("drop/incoming/map.csv"), "sku,key\n1,2\n");
         t.config_.items.map = t.In("drop/incoming/map.csv");
       },
       Verdict::kWarn, "items.map", "is in the drop folder"},
      {"map is a FIFO",
       [](auto& t) {
         mkfifo(t.In("fifo").c_str(), 0600);
         t.config_.items.map = t.In("fifo");
       },
       Verdict::kWarn, "items.map", "is a FIFO"},
      {"operator key is a folder", [](auto& t) { t.config_.guard.operator_key_file = t.In("run"); },
       Verdict::kStop, "guard.operator_key_file", "is a folder"},
      {"password is a FIFO",
       [](auto& t) {
         mkfifo(t.In("fifo").c_str(), 0600);
         t.config_.broker.url = "mqtt://127.0.0.1:1883";
         t.config_.broker.password_file = t.In("fifo");
       },
       Verdict::kUplinkOff, "broker.password_file", "is a FIFO"},
      {"authority is a FIFO",
       [](auto& t) {
         mkfifo(t.In("fifo").c_str(), 0600);
         t.config_.broker.url = "mqtts://127.0.0.1:8883";
         t.config_.broker.ca_file = t.In("fifo");
       },
       Verdict::kUplinkOff, "broker.ca_file", "is a FIFO"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    struct Fresh : PlaceRulesTest {
      void TestBody() override {}
    } fresh;
    row.change(fresh);
    const auto findings = fresh.Judge();
    const bool found = std::any_of(findings.begin(), findings.end(), [&row](const Finding& f) {
      return f.verdict == row.verdict && f.key == row.key &&
             f.text.find(row.text) != std::string::npos;
    });
    EXPECT_TRUE(found) << Text(findings);
    for (const Finding& finding : findings) EXPECT_LE(finding.verdict, row.verdict) << finding.text;
    const auto same = std::count_if(findings.begin(), findings.end(),
                                    [&row](const Finding& f) { return f.key == row.key; });
    EXPECT_LE(same, 2) << "one fault, told once or twice: " << Text(findings);
  }
}

TEST_F(PlaceRulesTest, APatternThatNoCompleteFileCanHaveIsSaid) {
  for (const char* never : {"*.tmp", "sale?.part", "*~", ".*", "*.filepart", "x.lock"}) {
    config_.drop_folder.csv.assign(1, {});
    config_.drop_folder.csv[0].name = "till";
    config_.drop_folder.csv[0].files = never;
    EXPECT_NE(Text(Judge()).find("drop_folder.csv.till.files: no file of such a name"),
              std::string::npos)
        << never;
  }
  for (const char* taken : {"*", "*.csv", "*.tmp*", "tmp", "*tmp", "a.*"}) {
    config_.drop_folder.csv[0].files = taken;
    EXPECT_EQ(Text(Judge()), "") << taken;
  }
}

TEST_F(PlaceRulesTest, WhatStandsInAFoldersPlaceHasToGoFirst) {
  fs::remove_all(In("drop/done"));
  mkfifo(In("drop/done").c_str(), 0600);
  const auto findings = Judge();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(findings[0].step.starts_with("move away what stands in its place; then install -d"));
}

// It takes the rights of root to mount something.
TEST_F(PlaceRulesTest, TheDropFoldersPartsAreOfOneMount) {
  bool mounted = false;
  std::vector<Finding> findings;
  std::thread([&] {
    mounted = unshare(CLONE_NEWNS) == 0 &&
              mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
              mount("none", In("drop/rejected").c_str(), "tmpfs", 0, nullptr) == 0;
    findings = Judge();
  }).join();
  EXPECT_EQ(Text(findings), mounted ? "files off drop_folder.path: " + In("drop/rejected") +
                                          " is on another file system than incoming\n"
                                    : "");
}

// Certificates, keys and passwords may be shared by whoever only reads them.
TEST_F(PlaceRulesTest, WhatIsOnlyReadMayBeShared) {
  Write(In("secret"), "x\n");
  config_.broker.url = "mqtt://127.0.0.1:1883";
  config_.broker.password_file = In("secret");
  config_.broker.others.resize(1);
  config_.broker.others[0].url = "mqtt://127.0.0.1:1884";
  config_.broker.others[0].password_file = In("secret");
  EXPECT_EQ(Text(Judge()), "");
}

// A FIFO, a device: nothing is opened that could wait for ever.
TEST_F(PlaceRulesTest, ASecretThatIsNoFileIsRefusedAtOnce) {
  mkfifo(In("fifo").c_str(), 0600);
  const auto secret =
      service::ReadSecret("broker.password_file", In("fifo"), [](const char*) { return nullptr; });
  EXPECT_EQ(secret.status().code(), Code::kInvalid);
  EXPECT_NE(secret.status().message().find("is a FIFO, not a file"), std::string::npos);
}

}  // namespace
}  // namespace tillrelay::validation
