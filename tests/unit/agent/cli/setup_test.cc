// The first configuration: what setup writes is what the daemon then reads.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <filesystem>

#include "agent/cli/commands.h"
#include "agent/config/config.h"
#include "agent/journal/paths.h"
#include "agent/journal/store.h"
#include "common/base/files.h"
#include "tests/support/drafts.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::cli {
namespace {

class SetupTest : public ::testing::Test {
 protected:
  SetupTest() {
    common_.config = dir_ / "tillrelay.toml";
    Put("tillrelay.toml", "log_level = \"warning\"\n");
    options_.ask = false;
    options_.restart = false;
  }
  void Put(const std::string& name, std::string_view text) {
    EXPECT_TRUE(WriteFileDurably(dir_ / name, text, 0644).ok());
  }
  std::string Text(const std::string& name) {
    auto text = ReadFile(dir_ / name, 1 << 20);
    return text.ok() ? *text : text.status().message();
  }
  bool Exists(const std::string& name) { return std::filesystem::exists(dir_ / name); }

  testing::TempDir dir_;
  Common common_;
  SetupOptions options_;
};

TEST_F(SetupTest, WhatItWritesIsWhatTheDaemonReads) {
  Put("pw", "s3cret\n");
  options_.store_id = "0042";
  options_.broker_url = "mqtts://broker.example:8883";
  options_.username = "store \"42\"";
  options_.password_file = dir_ / "pw";
  ASSERT_EQ(RunSetup(common_, options_), kOk);
  const auto config = config::Load(common_.config);
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->store_id, "0042");
  EXPECT_EQ(config->broker.username, "store \"42\"");
  EXPECT_EQ(config->broker.password_file, "credential:broker-password");
  EXPECT_EQ(config->log_level, "warning");
  EXPECT_EQ(Text("credentials/broker-password"), "s3cret\n");
}

TEST_F(SetupTest, ASecretIsForItsOwnerAloneAndNotInTheConfiguration) {
  Put("pw", "s3cret");
  options_.store_id = "0042";
  options_.password_file = dir_ / "pw";
  ASSERT_EQ(RunSetup(common_, options_), kOk);
  struct stat info {};
  ASSERT_EQ(stat((dir_ / "credentials/broker-password").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(stat((dir_ / "credentials").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  EXPECT_EQ(Text("conf.d/50-setup.toml").find("s3cret"), std::string::npos);
}

TEST_F(SetupTest, WhatIsNotSaidAgainStays) {
  options_.store_id = "0042";
  options_.broker_url = "mqtt://one:1883";
  ASSERT_EQ(RunSetup(common_, options_), kOk);
  SetupOptions again;
  again.ask = again.restart = false;
  again.broker_url = "mqtt://two:1883";
  ASSERT_EQ(RunSetup(common_, again), kOk);
  const auto config = config::Load(common_.config);
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->store_id, "0042");
  EXPECT_EQ(config->broker.url, "mqtt://two:1883");
}

TEST_F(SetupTest, AnAnswerFileDoesItAndAFlagWins) {
  Put("answers.toml", "store_id = \"0001\"\nbroker_url = \"mqtt://b:1883\"\n");
  options_.answers = dir_ / "answers.toml";
  options_.store_id = "0002";
  ASSERT_EQ(RunSetup(common_, options_), kOk);
  const auto config = config::Load(common_.config);
  EXPECT_EQ(config->store_id, "0002");
  EXPECT_EQ(config->broker.url, "mqtt://b:1883");
}

TEST_F(SetupTest, AMistypedAnswerChangesNothing) {
  Put("answers.toml", "store_id = \"0001\"\nbrokr_url = \"mqtt://b:1883\"\n");
  options_.answers = dir_ / "answers.toml";
  EXPECT_EQ(RunSetup(common_, options_), kConfiguration);
  EXPECT_FALSE(Exists("conf.d/50-setup.toml"));
}

TEST_F(SetupTest, AnImpossibleStoreIdChangesNothing) {
  options_.store_id = "store 42";
  EXPECT_EQ(RunSetup(common_, options_), kUsage);
  EXPECT_FALSE(Exists("conf.d/50-setup.toml"));
  options_.store_id = "";
  EXPECT_EQ(RunSetup(common_, options_), kUsage);
}

TEST_F(SetupTest, AConfigurationThatIsWrongAsAWholeLeavesTheOldFragment) {
  options_.store_id = "0042";
  ASSERT_EQ(RunSetup(common_, options_), kOk);
  const std::string before = Text("conf.d/50-setup.toml");
  Put("conf.d/90-wrong.toml", "nonsense = 1\n");
  options_.store_id = "0043";
  EXPECT_EQ(RunSetup(common_, options_), kConfiguration);
  EXPECT_EQ(Text("conf.d/50-setup.toml"), before);
}

TEST_F(SetupTest, WhatTheServiceWouldRefuseIsNotWritten) {
  options_.store_id = "0042";
  options_.broker_url = "mqtt://one:1883";
  ASSERT_EQ(RunSetup(common_, options_), kOk);
  const std::string before = Text("conf.d/50-setup.toml");
  Put("pw", "n3w\n");
  for (const auto& [zone, url] : std::vector<std::pair<std::string, std::string>>{
           {"Berlin", "mqtt://one:1883"},
           {"Europe/Berlin", "broker.example"},
           {"Europe/Berlin", "mqtt://a:1,mqtt://b:2"}}) {
    SetupOptions wrong;
    wrong.ask = wrong.restart = false;
    wrong.time_zone = zone;
    wrong.broker_url = url;
    wrong.password_file = dir_ / "pw";
    EXPECT_EQ(RunSetup(common_, wrong), kConfiguration) << zone << " " << url;
    EXPECT_EQ(Text("conf.d/50-setup.toml"), before);
    EXPECT_FALSE(Exists("credentials/broker-password"));
  }
}

TEST_F(SetupTest, AServiceThatDoesNotStartGetsItsOldSettingsBack) {
  Put("old", "old\n");
  Put("new", "new\n");
  options_.store_id = "0042";
  options_.broker_url = "mqtt://one:1883";
  options_.password_file = dir_ / "old";
  ASSERT_EQ(RunSetup(common_, options_), kOk);
  const std::string before = Text("conf.d/50-setup.toml");
  int restarts = 0;
  SetupOptions again;
  again.ask = again.doctor = false;
  again.broker_url = "mqtt://two:1883";
  again.password_file = dir_ / "new";
  again.service = [&](const char* verb) {
    EXPECT_STREQ(verb, "restart");
    return ++restarts > 1;
  };
  EXPECT_EQ(RunSetup(common_, again), kFault);
  EXPECT_EQ(restarts, 2);
  EXPECT_EQ(Text("conf.d/50-setup.toml"), before);
  EXPECT_EQ(Text("credentials/broker-password"), "old\n");
}

TEST_F(SetupTest, AFirstSetupThatDoesNotStartLeavesNothing) {
  options_.store_id = "0042";
  options_.restart = true;
  options_.doctor = false;
  options_.service = [](const char*) { return false; };
  EXPECT_EQ(RunSetup(common_, options_), kFault);
  EXPECT_FALSE(Exists("conf.d/50-setup.toml"));
}

// A journal with one sale that head office has not got; confirmed, if wanted.
void MakeJournal(const std::string& path, bool confirmed) {
  testing::SeededRandom random(1);
  journal::StoreOptions options;
  options.path = path;
  options.store_id = "0042";
  auto store = journal::JournalStore::Open(options, WallTime{}, &random);
  ASSERT_TRUE(store.ok()) << store.status().message();
  journal::AppendRequest request;
  request.entries.emplace_back(testing::SaleDraft("03", 1));
  ASSERT_TRUE((*store)->Begin().ok());
  ASSERT_TRUE((*store)->Append(request, WallTime{}).ok());
  ASSERT_TRUE((*store)->Commit().ok());
  if (!confirmed) return;
  ASSERT_TRUE((*store)->Begin().ok());
  (*store)->SaveConfirmed(1, (*store)->current().head_chain);
  ASSERT_TRUE((*store)->Commit().ok());
}

TEST_F(SetupTest, TheJournalOfAnotherStoreIsNoStore) {
  Put("tillrelay.toml", "[journal]\npath = \"" + (dir_ / "journal.db") + "\"\n");
  MakeJournal(dir_ / "journal.db", true);
  options_.store_id = "0043";
  EXPECT_EQ(RunSetup(common_, options_), kConfiguration);
  EXPECT_FALSE(Exists("conf.d/50-setup.toml"));
}

TEST_F(SetupTest, AStoreWithWaitingEventsIsNotMoved) {
  Put("tillrelay.toml", "[journal]\npath = \"" + (dir_ / "journal.db") + "\"\n");
  MakeJournal(dir_ / "journal.db", false);
  options_.store_id = "0043";
  options_.move_store = true;
  EXPECT_EQ(RunSetup(common_, options_), kFault);
  EXPECT_FALSE(Exists("conf.d/50-setup.toml"));
  EXPECT_TRUE(Exists("journal.db"));
}

// By a daemon that no service manager here knows, or that does not stop.
TEST_F(SetupTest, AStoreWhoseJournalIsInUseIsNotMovedAndKeepsItsSettings) {
  Put("tillrelay.toml", "[journal]\npath = \"" + (dir_ / "journal.db") + "\"\n");
  options_.store_id = "0042";
  ASSERT_EQ(RunSetup(common_, options_), kOk);
  const std::string before = Text("conf.d/50-setup.toml");
  MakeJournal(dir_ / "journal.db", true);
  const Fd lock(open(journal::LockPath(dir_ / "journal.db").c_str(), O_RDWR | O_CREAT, 0600));
  ASSERT_EQ(flock(lock.get(), LOCK_EX | LOCK_NB), 0);
  options_.store_id = "0043";
  options_.move_store = true;
  std::vector<std::string> verbs;
  using Service = std::function<bool(const char* verb)>;
  const Service none;
  const Service stubborn = [&verbs](const char* verb) {
    verbs.emplace_back(verb);
    return true;
  };
  for (const Service& service : {none, stubborn}) {
    options_.service = service;
    EXPECT_EQ(RunSetup(common_, options_), kFault);
    EXPECT_EQ(Text("conf.d/50-setup.toml"), before);
    EXPECT_TRUE(Exists("journal.db"));
  }
  EXPECT_EQ(verbs, (std::vector<std::string>{"stop", "restart"})) << "what was stopped runs again";
}

TEST_F(SetupTest, AMovedStoresJournalIsSetAsideAndNotDeleted) {
  Put("tillrelay.toml", "[journal]\npath = \"" + (dir_ / "journal.db") + "\"\n");
  MakeJournal(dir_ / "journal.db", true);
  options_.store_id = "0043";
  options_.move_store = true;
  EXPECT_EQ(RunSetup(common_, options_), kOk);
  EXPECT_FALSE(Exists("journal.db"));
  int aside = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
    aside += entry.path().filename().string().starts_with("journal.db.store-0042-") ? 1 : 0;
  }
  EXPECT_EQ(aside, 1);
  const auto config = config::Load(common_.config);
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->store_id, "0043");
}

}  // namespace
}  // namespace tillrelay::cli
