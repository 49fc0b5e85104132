// The agent's configuration: defaults, every key, every mistake with its place.
#include "agent/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace tillrelay::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// All of a text's mistakes, a line each.
std::string Mistakes(std::string_view text) {
  const auto config = Parse(text, "t.toml");
  return config.ok() ? "" : config.status().message();
}

TEST(ConfigTest, ACsvProfileIsReadWithItsColumns) {
  const auto c = Parse(R"(
[drop_folder.csv.till]
files = "till_*.csv"
delimiter = ";"
decimal_mark = ","
register = "03"
[drop_folder.csv.till.columns]
number = "Bon"
time = "Zeit"
sku = "Artikel"
quantity = "Menge"
)",
                       "t.toml");
  ASSERT_TRUE(c.ok()) << c.status().message();
  ASSERT_EQ(1u, c->drop_folder.csv.size());
  const auto& till = c->drop_folder.csv[0];
  EXPECT_EQ("till", till.name);
  EXPECT_EQ(";", till.delimiter);
  EXPECT_EQ("Zeit", till.columns.at("time"));
}

std::string CsvWith(const std::string& lines, const std::string& columns = "") {
  return Mistakes("[drop_folder.csv.till]\nregister = \"03\"\n" + lines +
                  "\n[drop_folder.csv.till.columns]\nnumber = \"n\"\ntime = \"t\"\nsku = \"s\"\n"
                  "quantity = \"q\"\n" +
                  columns);
}

TEST(ConfigTest, PatternsOfTimeThatAreReadInTwoWaysAreRefused) {
  for (const char* good :
       {"%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%y %H:%M", "%F %T", "%m/%d/%Y %I:%M %p",
        "%Y-%m-%dT%H:%M:%S%z", "%F %T UTC", "%D %R", "%d %b %Y %H:%M", "100%% %F %T"}) {
    EXPECT_EQ("", CsvWith("time_format = \"" + std::string(good) + "\"")) << good;
  }
  for (const char* bad : {"%s", "%Y-%m-%d %H:%M:%S %Z", "%c", "%x %X", "%F %T%", "%F %H:%M:%f",
                          "%m/%d/%Y %I:%M", "%m/%d/%Y %H:%M %p", "%Y-%m %H:%M", "%j %Y %H:%M",
                          "%H:%M:%S", "%A %H:%M", "%G-W%V-%u %T"}) {
    EXPECT_THAT(CsvWith("time_format = \"" + std::string(bad) + "\""), HasSubstr("time_format"))
        << bad;
  }
  EXPECT_EQ("", CsvWith("time_format = \"%H:%M:%S\"", "date = \"d\"\n"));
  EXPECT_EQ("", CsvWith("time_format = \"%H:%M:%S\"", "business_day = \"d\"\n"));
  EXPECT_THAT(CsvWith("day_format = \"%d.%m\""), HasSubstr("day_format"));
  EXPECT_THAT(CsvWith("day_format = \"%s\""), HasSubstr("day_format"));
}

TEST(ConfigTest, ACsvProfileSaysWhatEachRowHasAndWhatItsWordsMean) {
  const auto c = Parse(R"(
[drop_folder.csv.till]
register = "03"
thousands_mark = ","
skip_lines = 3
final_line_end = false
ignored = ["Type"]
[drop_folder.csv.till.columns]
number = "Bon"
time = "Zeit"
sku = "Artikel"
status = "Status"
[drop_folder.csv.till.constants]
quantity = "1"
[drop_folder.csv.till.words]
status."Teils bezahlt" = "completed"
status."" = "suspended"
)",
                       "t.toml");
  ASSERT_TRUE(c.ok()) << c.status().message();
  const auto& till = c->drop_folder.csv[0];
  EXPECT_EQ("1", till.constants.at("quantity"));
  EXPECT_EQ("completed", till.words.at("status").at("Teils bezahlt"));
  EXPECT_EQ("suspended", till.words.at("status").at(""));
  EXPECT_THAT(CsvWith("words.void.\"\" = \"yes\""), HasSubstr("an empty cell is"));
  EXPECT_EQ(3, till.skip_lines);
  EXPECT_FALSE(till.final_line_end);
  EXPECT_THAT(CsvWith("words.status.x = \"sold\""), HasSubstr("sold is none of completed"));
  EXPECT_THAT(CsvWith("words.weather.x = \"sold\""), HasSubstr("unknown key"));
  EXPECT_THAT(CsvWith("constants.sku = \"A\""), HasSubstr("is a column already"));
  EXPECT_THAT(CsvWith("thousands_mark = \".\""), HasSubstr("thousands_mark"));
  EXPECT_THAT(CsvWith("delimiter = \".\""), HasSubstr("must differ from the delimiter"));
}

TEST(ConfigTest, WhatOneCellCannotSayIsNotAskedOfOne) {
  EXPECT_THAT(CsvWith("", "net_amount = \"q\"\n"),
              HasSubstr("columns.net_amount: is the column of quantity already"));
  const std::string same =
      "[drop_folder.csv.till]\nregister = \"03\"\n[drop_folder.csv.till.columns]\n"
      "number = \"x\"\ntime = \"x\"\nsku = \"x\"\nquantity = \"x\"\n";
  EXPECT_THAT(Mistakes(same), HasSubstr("columns.sku: is the column of number already"));
  EXPECT_THAT(Mistakes(same), HasSubstr("columns.quantity: is the column of number already"));
  EXPECT_EQ("", CsvWith("", "gtin = \"s\"\ndate = \"t\"\n"));
}

TEST(ConfigTest, APatternOfFilesNamesNoFolder) {
  for (const char* key : {"files", "head_files"}) {
    EXPECT_THAT(CsvWith(std::string(key) + " = \"sub/*.csv\""), HasSubstr("which has no /"));
  }
}

TEST(ConfigTest, TwoFilesThatAreOneSayHowTheyBelongTogether) {
  const std::string good =
      "files = \"lines*.csv\"\nhead_files = \"heads*.csv\"\njoined_by = [\"id\"]\n";
  EXPECT_EQ("", CsvWith(good));
  EXPECT_THAT(CsvWith("files = \"lines*.csv\"\nhead_files = \"heads*.csv\"\n"),
              HasSubstr("joined_by"));
  EXPECT_THAT(
      CsvWith("files = \"lines*.csv\"\nhead_files = \"lines*.csv\"\njoined_by = [\"id\"]\n"),
      HasSubstr("must differ from files"));
  for (const char* bad : {"heads.csv", "*heads*.csv", "heads?*.csv"}) {
    EXPECT_THAT(CsvWith("files = \"lines*.csv\"\nhead_files = \"" + std::string(bad) +
                        "\"\njoined_by = [\"id\"]\n"),
                HasSubstr("head_files"))
        << bad;
  }
}

TEST(ConfigTest, ADoorToTheStoresNetworkNeedsTlsAndThenTokens) {
  Config config;
  config.intake.listen = "0.0.0.0:8470";
  EXPECT_TRUE(CheckListeners(config, true).ok());
  const Status open = CheckListeners(config, false);
  EXPECT_EQ(open.code(), Code::kInvalid);
  EXPECT_THAT(open.message(), AllOf(HasSubstr("0.0.0.0:8470"), HasSubstr("tls_cert_file")));
  config.intake.tls_cert_file = "c";
  EXPECT_TRUE(CheckListeners(config, false).ok());
  EXPECT_TRUE(NeedsToken(config.intake, false));
  EXPECT_FALSE(NeedsToken(config.intake, true));
  config.intake.client_ca_file = "ca";
  EXPECT_FALSE(NeedsToken(config.intake, false));
  config.intake.require_token = true;
  EXPECT_TRUE(NeedsToken(config.intake, false));
  EXPECT_TRUE(NeedsToken(config.intake, true));
}

TEST(ConfigTest, AnAdminPortThatOthersCanReachAlwaysSpeaksTls) {
  Config::StatusPage status;
  EXPECT_FALSE(NeedsTls(status, true));
  EXPECT_TRUE(NeedsTls(status, false));
  status.tls_cert_file = "c";
  EXPECT_TRUE(NeedsTls(status, true));
  status = {};
  status.tls = "always";
  EXPECT_TRUE(NeedsTls(status, true));
  EXPECT_THAT(Mistakes("[status]\ntls = \"never\"\n"), HasSubstr("status.tls"));
  EXPECT_THAT(Mistakes("[status]\nlanguage = \"xx\"\n"),
              HasSubstr("status.language: expected one of auto, en"));
}

TEST(ConfigTest, ACertificateWithoutItsKeyIsAMistake) {
  EXPECT_THAT(Mistakes("[intake]\ntls_cert_file = \"c\"\n"), HasSubstr("needs tls_key_file"));
  EXPECT_THAT(Mistakes("[status]\ntls_key_file = \"k\"\n"), HasSubstr("needs tls_cert_file"));
  EXPECT_THAT(Mistakes("[intake]\nclient_ca_file = \"a\"\n"), HasSubstr("client_ca_file: needs"));
  EXPECT_THAT(Mistakes("[intake]\nrate_per_s = -1\nburst = 0\n"),
              AllOf(HasSubstr("rate_per_s"), HasSubstr("burst")));
}

TEST(ConfigTest, OriginsAreWrittenAsBrowsersWriteThem) {
  const auto mistakes = [](const std::string& origin) {
    return Mistakes("[intake]\nallowed_origins = [\"" + origin + "\"]\n");
  };
  for (const char* good :
       {"https://till.example", "http://localhost:8080", "https://127.0.0.1:8443",
        "http://[::1]:3000", "https://xn--kse-qla.example", "https://till", "https://a-b.c:1"}) {
    EXPECT_EQ(mistakes(good), "") << good;
  }
  for (const char* bad : {"",
                          "*",
                          "null",
                          "till.example",
                          "https://",
                          "https://*.till.example",
                          "https://till.example/",
                          "https://till.example/pos",
                          "https://Till.example",
                          "HTTPS://till.example",
                          "https://till.example:443",
                          "http://till.example:80",
                          "https://till.example:",
                          "https://till.example:0",
                          "https://till.example:08",
                          "https://till.example:65536",
                          "https://till.example:8x",
                          "https://user@till.example",
                          "https://till.example?x",
                          "https://till.example#x",
                          "https://till..example",
                          "https://.till.example",
                          "https://till.example.",
                          "https://k\u00e4se.example",
                          "https://till.example ",
                          "file:///pos.html",
                          "ws://till.example",
                          "https://[::1",
                          "https://::1",
                          "https://[]"}) {
    EXPECT_THAT(mistakes(bad), AllOf(HasSubstr("intake.allowed_origins"), HasSubstr("https://")))
        << bad;
  }
}

TEST(ConfigTest, ACsvProfileThatCannotWorkSaysWhatIsMissing) {
  const std::string mistakes = Mistakes(R"(
[drop_folder.csv.till]
delimiter = ";;"
decimal_mark = ";"
[drop_folder.csv.till.columns]
nummer = "Bon"
)");
  for (const char* part : {"needs columns.number", "needs columns.time", "needs columns.sku",
                           "delimiter", "decimal_mark", "columns.nummer: unknown key"}) {
    EXPECT_THAT(mistakes, HasSubstr(part));
  }
}

TEST(ConfigTest, TheSmallestConfigurationGivesTheDocumentedDefaults) {
  const auto c = Parse("store_id = \"0042\"\n", "t.toml");
  ASSERT_TRUE(c.ok()) << c.status().message();
  EXPECT_EQ(c->store_id, "0042");
  EXPECT_EQ(c->time_zone, "");
  EXPECT_TRUE(c->store_aliases.empty());
  EXPECT_EQ(c->log_level, "info");
  EXPECT_EQ(c->intake.listen, "127.0.0.1:8470");
  EXPECT_EQ(c->status.listen, "127.0.0.1:8471");
  EXPECT_TRUE(c->status.open_read);
  EXPECT_EQ(c->control.socket, "/run/tillrelay/control.sock");
  EXPECT_EQ(c->journal.path, "/var/lib/tillrelay/journal.db");
  EXPECT_EQ(c->journal.retention_days, 30);
  EXPECT_EQ(c->drop_folder.path, "/var/spool/tillrelay");
  EXPECT_EQ(c->drop_folder.rescan_s, 10);
  EXPECT_EQ(c->drop_folder.settle_s, 2);
  EXPECT_EQ(c->drop_folder.archive_days, 90);
  EXPECT_EQ(c->broker.url, "");
  EXPECT_EQ(c->broker.retry_min_ms, 1000);
  EXPECT_EQ(c->broker.retry_max_ms, 120'000);
  EXPECT_EQ(c->delivery.form, "auto");
  EXPECT_EQ(c->delivery.confirm, "centre");
  EXPECT_EQ(c->delivery.topic_prefix, "tillrelay/v1");
  EXPECT_EQ(c->limits.body_bytes, 8 * 1024 * 1024);
  EXPECT_EQ(c->limits.queue_events, 8192);
}

TEST(ConfigTest, NothingAtAllIsAnUnconfiguredAgent) {
  const auto c = Parse("", "t.toml");
  ASSERT_TRUE(c.ok());
  EXPECT_EQ(c->store_id, "");
}

constexpr const char* kEveryKey = R"(
store_id = "S1"
time_zone = "Europe/Berlin"
store_aliases = ["9", "old"]
log_level = "warning"
[guard]
receipt_pattern = "R[0-9]+"
[intake]
listen = "127.0.0.1:1"
allowed_hosts = ["tills"]
[status]
listen = "127.0.0.1:2"
allowed_hosts = ["page"]
open_read = false
[control]
socket = "/run/s"
[journal]
path = "/j.db"
retention_days = 3
max_bytes = 16777216
min_free_bytes = 5
[drop_folder]
path = "/drop"
rescan_s = 6
settle_s = 7
archive_days = 9
[broker]
url = "mqtts://broker:8883"
username = "u"
password_file = "/p"
ca_file = "/ca"
cert_file = "/cert"
key_file = "/key"
retry_min_ms = 11
retry_max_ms = 12
[delivery]
form = "events"
confirm = "centre"
topic_prefix = "shop/1"
[limits]
body_bytes = 2001
header_bytes = 2002
event_bytes = 2003
file_bytes = 2004
file_events = 2005
depth = 65
string_bytes = 2007
queue_events = 2008
queue_bytes = 2000009
memory_bytes = 5000000
quarantine_documents = 2010
quarantine_bytes = 2011
)";

TEST(ConfigTest, EveryKeyIsRead) {
  const auto c = Parse(kEveryKey, "t.toml");
  ASSERT_TRUE(c.ok()) << c.status().message();
  EXPECT_EQ(c->store_id, "S1");
  EXPECT_EQ(c->time_zone, "Europe/Berlin");
  EXPECT_THAT(c->store_aliases, ElementsAre("9", "old"));
  EXPECT_EQ(c->log_level, "warning");
  EXPECT_EQ(c->guard.receipt_pattern, "R[0-9]+");
  EXPECT_EQ(c->intake.listen, "127.0.0.1:1");
  EXPECT_THAT(c->intake.allowed_hosts, ElementsAre("tills"));
  EXPECT_EQ(c->status.listen, "127.0.0.1:2");
  EXPECT_THAT(c->status.allowed_hosts, ElementsAre("page"));
  EXPECT_FALSE(c->status.open_read);
  EXPECT_EQ(c->control.socket, "/run/s");
  EXPECT_EQ(c->journal.path, "/j.db");
  EXPECT_EQ(c->journal.retention_days, 3);
  EXPECT_EQ(c->journal.max_bytes, 16777216);
  EXPECT_EQ(c->journal.min_free_bytes, 5);
  EXPECT_EQ(c->drop_folder.path, "/drop");
  EXPECT_EQ(c->drop_folder.rescan_s, 6);
  EXPECT_EQ(c->drop_folder.settle_s, 7);
  EXPECT_EQ(c->drop_folder.archive_days, 9);
}

TEST(ConfigTest, EveryKeyOfBrokerDeliveryAndLimitsIsRead) {
  const auto c = Parse(kEveryKey, "t.toml");
  ASSERT_TRUE(c.ok()) << c.status().message();
  EXPECT_EQ(c->broker.url, "mqtts://broker:8883");
  EXPECT_EQ(c->broker.username, "u");
  EXPECT_EQ(c->broker.password_file, "/p");
  EXPECT_EQ(c->broker.ca_file, "/ca");
  EXPECT_EQ(c->broker.cert_file, "/cert");
  EXPECT_EQ(c->broker.key_file, "/key");
  EXPECT_EQ(c->broker.retry_min_ms, 11);
  EXPECT_EQ(c->broker.retry_max_ms, 12);
  EXPECT_EQ(c->delivery.topic_prefix, "shop/1");
  EXPECT_EQ(c->limits.body_bytes, 2001);
  EXPECT_EQ(c->limits.header_bytes, 2002);
  EXPECT_EQ(c->limits.event_bytes, 2003);
  EXPECT_EQ(c->limits.file_bytes, 2004);
  EXPECT_EQ(c->limits.file_events, 2005);
  EXPECT_EQ(c->limits.depth, 65);
  EXPECT_EQ(c->limits.string_bytes, 2007);
  EXPECT_EQ(c->limits.queue_events, 2008);
  EXPECT_EQ(c->limits.queue_bytes, 2'000'009);
  EXPECT_EQ(c->limits.memory_bytes, 5'000'000);
  EXPECT_EQ(c->limits.quarantine_documents, 2010);
  EXPECT_EQ(c->limits.quarantine_bytes, 2011);
}

TEST(ConfigTest, AllMistakesAreToldAtOnceEachWithItsPlace) {
  const std::string reported = Mistakes(
      "store_id = 42\n"
      "[intake]\n"
      "listen = [\"a\"]\n"
      "[status]\n"
      "  open_read = \"yes\"\n"
      "[journal]\n"
      "retention_days = -1\n"
      "[broker]\n"
      "retry_min_ms = 1.5\n"
      "[delivery]\n"
      "confirm = \"never\"\n"
      "[limits]\n"
      "depth = 1000\n");
  EXPECT_THAT(reported, HasSubstr("t.toml:1:12: store_id: expected text in quotes"));
  EXPECT_THAT(reported, HasSubstr("t.toml:3:10: intake.listen: expected text"));
  EXPECT_THAT(reported, HasSubstr("t.toml:5:15: status.open_read: expected true or false"));
  EXPECT_THAT(reported, HasSubstr("t.toml:7:18: journal.retention_days: expected a whole number"));
  EXPECT_THAT(reported, HasSubstr("t.toml:9:16: broker.retry_min_ms: expected a whole number"));
  EXPECT_THAT(reported,
              HasSubstr("t.toml:11:11: delivery.confirm: expected one of centre, broker"));
  EXPECT_THAT(reported,
              HasSubstr("t.toml:13:9: limits.depth: expected a whole number from 8 to 256"));
  EXPECT_EQ(std::count(reported.begin(), reported.end(), '\n'), 6);
}

TEST(ConfigTest, WhatIsNoTomlIsToldWithItsPlace) {
  EXPECT_THAT(Mistakes("store_id = \"0042\"\n[intake\n"), StartsWith("t.toml:2:"));
  EXPECT_THAT(Mistakes("store_id = \"1\"\nstore_id = \"2\"\n"), StartsWith("t.toml:2:"));
}

TEST(ConfigTest, AnUnknownKeyNamesTheNearest) {
  EXPECT_THAT(Mistakes("stor_id = \"1\"\n"),
              AllOf(StartsWith("t.toml:1:"), HasSubstr("did you mean store_id?")));
  EXPECT_THAT(Mistakes("[intake]\nlisten = \"a\"\nlissten = \"b\"\n"),
              AllOf(StartsWith("t.toml:3:"), HasSubstr("did you mean intake.listen?")));
  EXPECT_THAT(Mistakes("[journal.deep]\npath = \"x\"\n"), HasSubstr("unknown key"));
  EXPECT_THAT(Mistakes("xyzzy_plugh = 1\n"), HasSubstr("xyzzy_plugh: unknown key"));
}

TEST(ConfigTest, AnUnknownSectionNamesTheNearest) {
  EXPECT_THAT(Mistakes("[intak]\nlisten = \"a\"\n"),
              AllOf(StartsWith("t.toml:1:"), HasSubstr("did you mean intake?")));
}

TEST(ConfigTest, ASectionThatIsAValueIsAMistake) {
  EXPECT_THAT(Mistakes("intake = 5\n"), HasSubstr("t.toml:1:"));
}

TEST(ConfigTest, IdsThatAreNoNamesAreRefused) {
  for (const char* id : {"a b", "a/b", "\\u00e9", "aaaaaaaaaabbbbbbbbbbccccccccccddd", "+", "#"}) {
    EXPECT_THAT(Mistakes("store_id = \"" + std::string(id) + "\"\n"),
                StartsWith("t.toml:1:12: store_id: must match"))
        << id;
  }
  EXPECT_THAT(Mistakes("store_id = \"1\"\nstore_aliases = [\"ok\", \"a b\"]\n"),
              StartsWith("t.toml:2:17: store_aliases:"));
  EXPECT_THAT(Mistakes("store_aliases = [\"ok\", 2]\n"), HasSubstr("expected a list of texts"));
}

TEST(ConfigTest, AJournalThatCouldHoldNothingIsRefused) {
  for (const char* bytes : {"1", "65536", "16777215"}) {
    EXPECT_THAT(Mistakes("[journal]\nmax_bytes = " + std::string(bytes) + "\n"),
                StartsWith("t.toml:2:13: journal.max_bytes: must be 0"));
  }
  for (const char* bytes : {"0", "16777216"}) {
    EXPECT_EQ(Mistakes("[journal]\nmax_bytes = " + std::string(bytes) + "\n"), "");
  }
}

TEST(ConfigTest, ATopicPrefixWithWildcardsIsRefused) {
  const std::string longest(200, 'a');
  EXPECT_EQ(Mistakes("[delivery]\ntopic_prefix = \"" + longest + "\"\n"), "");
  for (const std::string& prefix :
       {std::string(), std::string("a/#"), std::string("a/+/b"), std::string("a/"),
        std::string("/a"), std::string("$SYS/a"), std::string("a\\u0000b"), longest + "a"}) {
    EXPECT_THAT(Mistakes("[delivery]\ntopic_prefix = \"" + prefix + "\"\n"),
                StartsWith("t.toml:2:16: delivery.topic_prefix:"))
        << prefix;
  }
}

TEST(ConfigTest, ALongestWaitBelowTheShortestIsRefusedWhereItStands) {
  EXPECT_THAT(Mistakes("[broker]\nretry_min_ms = 500\nretry_max_ms = 100\n"),
              StartsWith("t.toml:3:16: broker.retry_max_ms:"));
  // Only the shortest is given; the longest is the default.
  EXPECT_THAT(Mistakes("[broker]\nretry_min_ms = 200000\n"),
              StartsWith("t.toml:2:16: broker.retry_min_ms:"));
}

class ConfigFilesTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(dir_ / name).parent_path());
    std::ofstream(dir_ / name) << text;
  }
  Result<Config> LoadIt() { return Load(dir_ / "tillrelay.toml"); }
  testing::TempDir dir_;
};

TEST_F(ConfigFilesTest, FragmentsAreLaidOverInTheOrderOfTheirNames) {
  Write("tillrelay.toml", "store_id = \"1\"\n[broker]\nurl = \"mqtt://a\"\nusername = \"u\"\n");
  Write("conf.d/20-b.toml", "[broker]\nurl = \"mqtt://c\"\n[journal]\nretention_days = 9\n");
  Write("conf.d/10-a.toml", "store_id = \"2\"\n[broker]\nurl = \"mqtt://b\"\n");
  Write("conf.d/30-ignored.txt", "this is no fragment");
  const auto c = LoadIt();
  ASSERT_TRUE(c.ok()) << c.status().message();
  EXPECT_EQ(c->store_id, "2");
  EXPECT_EQ(c->broker.url, "mqtt://c");
  EXPECT_EQ(c->broker.username, "u");
  EXPECT_EQ(c->journal.retention_days, 9);
}

TEST_F(ConfigFilesTest, AMistakeNamesTheFragmentItStandsIn) {
  Write("tillrelay.toml", "store_id = \"1\"\n");
  Write("conf.d/10-a.toml", "\n[broker]\nurl = 5\n");
  const auto c = LoadIt();
  ASSERT_FALSE(c.ok());
  EXPECT_THAT(c.status().message(), HasSubstr("conf.d/10-a.toml:3:7: broker.url:"));
}

TEST_F(ConfigFilesTest, NoFileIsNotFound) { EXPECT_EQ(LoadIt().status().code(), Code::kNotFound); }

TEST_F(ConfigFilesTest, AFragmentThatCannotBeReadIsNeverSkipped) {
  Write("tillrelay.toml", "store_id = \"1\"\n");
  std::filesystem::create_directories(dir_ / "conf.d/10-a.toml");
  EXPECT_FALSE(LoadIt().ok());
}

TEST_F(ConfigFilesTest, AFragmentFolderThatCannotBeReadIsNeverSkipped) {
  Write("tillrelay.toml", "store_id = \"1\"\n");
  Write("conf.d", "not a folder");
  EXPECT_FALSE(LoadIt().ok());
}

TEST(ConfigTest, FurtherBrokersLogInAsTheFirstDoesButForWhatIsTheirOwn) {
  const auto c = Parse(R"([broker]
urls = ["mqtts://a", "wss://b/mqtt", "mqtt://c"]
username = "0042"
password_file = "credential:one"
[broker.3]
password_file = "credential:three"
)",
                       "test");
  ASSERT_TRUE(c.ok()) << c.status().message();
  EXPECT_EQ(c->broker.url, "mqtts://a");
  ASSERT_EQ(c->broker.others.size(), 2u);
  EXPECT_EQ(c->broker.others[0].url, "wss://b/mqtt");
  EXPECT_EQ(c->broker.others[0].username, "0042");
  EXPECT_EQ(c->broker.others[0].password_file, "credential:one");
  EXPECT_EQ(c->broker.others[1].password_file, "credential:three");
  for (const char* wrong : {"[broker]\nurl = \"mqtt://a\"\nurls = [\"mqtt://b\"]\n",
                            "[broker]\nurls = [\"mqtt://a\"]\n[broker.2]\nusername = \"x\"\n",
                            "[broker]\nurls = [\"a\",\"b\",\"c\",\"d\",\"e\"]\n",
                            "[broker]\nurls = [\"a\",\"b\"]\n[broker.2]\nurl = \"mqtt://x\"\n",
                            "[delivery]\nconfirm_keys = [\"ab\"]\n"}) {
    EXPECT_FALSE(Parse(wrong, "test").ok()) << wrong;
  }
}

}  // namespace
}  // namespace tillrelay::config
