// Claims about the configuration: every mistake is named, nothing wrong is accepted.
#include "collector/service/config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "collector/db/secret_files.h"
#include "collector/db/sql.h"
#include "collector/service/start_files.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::collector {
namespace {

std::string Mistake(const std::string& text) {
  const auto config = ParseConfig(text, "collector.toml");
  return config.ok() ? "good" : config.status().message();
}

TEST(ConfigTest, TheSmallestConfigurationNamesOnlyTheBroker) {
  const auto config = ParseConfig("[broker]\nurl = \"mqtt://127.0.0.1:1883\"\n", "c");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->topic_prefix, "tillrelay/v1");
  EXPECT_EQ(config->database, "sqlite:/var/lib/tillrelay-collector/central.db");
}

TEST(ConfigTest, EveryKeyIsRead) {
  const auto config = ParseConfig(R"(
[broker]
url = "mqtts://b:8883"
username = "u"
password_file = "/p"
ca_file = "/ca"
cert_file = "/c"
key_file = "/k"
[store]
url = "postgresql://tillrelay@db/central"
retention_days = 400
[delivery]
topic_prefix = "shop/v1"
shared_group = "g"
[metrics]
listen = "127.0.0.1:9470"
[exceptions]
transit_overdue_days = 21
count_off_percent = 20
count_off_units = 5
returns_off_percent = 9
clock_off_s = 60
disk_days = 7
silent_register_h = 24
sink_behind_minutes = 5
least_version = "0.2.1"
[sink.erp]
url = "https://erp.example/hooks"
secret_file = "credential:hook"
ca_file = "/ca"
proxy = "http://proxy.example:3128"
stores = ["0042"]
kinds = ["sale", "count_applied"]
data = true
batch = 10
timeout_s = 5
)",
                                  "c");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->database, "postgresql://tillrelay@db/central");
  EXPECT_EQ(config->thresholds.transit_overdue_days, 21);
  EXPECT_EQ(config->thresholds.count_off_percent, 20);
  EXPECT_EQ(config->thresholds.count_off_units, 5);
  EXPECT_EQ(config->thresholds.returns_off_percent, 9);
  EXPECT_EQ(config->thresholds.clock_off_s, 60);
  EXPECT_EQ(config->thresholds.disk_days, 7);
  EXPECT_EQ(config->thresholds.silent_register_h, 24);
  EXPECT_EQ(config->thresholds.least_version, "0.2.1");
  EXPECT_EQ(config->thresholds.sink_behind_minutes, 5);
  ASSERT_EQ(config->sinks.size(), 1u);
  const SinkConfig& sink = config->sinks[0];
  EXPECT_EQ(sink.name + " " + sink.url, "erp https://erp.example/hooks");
  EXPECT_EQ(sink.secret_file + sink.ca_file + sink.proxy,
            "credential:hook/cahttp://proxy.example:3128");
  EXPECT_EQ(sink.stores.size() + sink.kinds.size(), 3u);
  EXPECT_TRUE(sink.data);
  EXPECT_EQ(sink.batch * 100 + sink.timeout_s, 1005);
  EXPECT_EQ(Subscriptions(*config),
            (std::vector<std::string>{"$share/g/shop/v1/+/events", "shop/v1/+/status",
                                      "shop/v1/+/reply"}));
}

TEST(ConfigTest, MistakesAreNamedWithTheirPlace) {
  EXPECT_NE(Mistake("").find("broker.url"), std::string::npos);
  EXPECT_NE(Mistake("[broker]\nurl = \"http://x\"").find("collector.toml:2"), std::string::npos);
  EXPECT_NE(Mistake("[broker]\nurl = \"mqtt://x\"\nusernam = \"u\"").find("username"),
            std::string::npos);
  const std::string good = "[broker]\nurl = \"mqtt://x\"\n";
  EXPECT_EQ(Mistake(good), "good");
  EXPECT_NE(Mistake(good + "[exceptions]\nleast_version = \"new\"").find("least_version"),
            std::string::npos);
  EXPECT_NE(Mistake(good + "[exceptions]\ncount_off_percent = 101").find("count_off_percent"),
            std::string::npos);
  for (const char* rest :
       {"[store]\nurl = \"mysql:x\"", "[store]\nurl = \"sqlite:\"",
        "[delivery]\ntopic_prefix = \"a/#\"", "[delivery]\ntopic_prefix = \"a/\"",
        "[delivery]\nshared_group = \"a/b\"", "[broker2]\nx = 1", "[metrics]\nlisten = 9"}) {
    EXPECT_NE(Mistake(good + rest), "good") << rest;
  }
  EXPECT_NE(Mistake(good + "cert_file = \"/c\""), "good");
}

TEST(ConfigTest, ASinkNeedsAnAddressASecretAndALineThatNobodyReads) {
  const std::string good = "[broker]\nurl = \"mqtt://x\"\n[sink.erp]\n";
  const std::string secret = "secret_file = \"/s\"\n";
  EXPECT_EQ(Mistake(good + secret + "url = \"https://erp.example/\""), "good");
  EXPECT_EQ(Mistake(good + secret + "url = \"http://127.0.0.1:80/\""), "good");
  EXPECT_EQ(Mistake(good + secret + "url = \"http://erp.example/\"\nplain_http = true"), "good");
  const char* wrong[] = {"",
                         "url = \"http://erp.example/\"",
                         "url = \"https://u:p@erp.example/\"",
                         "url = \"https://erp.example/\"\nproxy = \"proxy.example\"",
                         "url = \"https://erp.example/\"\nkinds = [\"sail\"]",
                         "url = \"https://erp.example/\"\nstores = [\"a b\"]",
                         "url = \"https://erp.example/\"\nbatch = 0",
                         "url = \"https://erp.example/\"\ntimeout_s = 61",
                         "url = \"https://erp.example/\"\nbatches = 5"};
  for (const char* rest : wrong) EXPECT_NE(Mistake(good + secret + rest), "good") << rest;
  EXPECT_NE(Mistake(good + "url = \"https://erp.example/\""), "good");
  std::string many = "[broker]\nurl = \"mqtt://x\"\n";
  for (int i = 0; i < 17; ++i) {
    many += "[sink.s" + std::to_string(i) + "]\nurl = \"https://erp.example/\"\n" + secret;
  }
  EXPECT_NE(Mistake(many), "good");
}

TEST(ConfigTest, TokensNeedAFileAndKnownScopes) {
  const std::string good = "[broker]\nurl = \"mqtt://x\"\n[api.tokens.erp]\n";
  const auto config = ParseConfig(
      good + "file = \"/e\"\nscopes = [\"stock\", \"receipts\"]\nper_minute = 60\n", "c");
  ASSERT_TRUE(config.ok()) << config.status().message();
  ASSERT_EQ(config->tokens.size(), 1u);
  EXPECT_EQ(config->tokens[0].name, "erp");
  EXPECT_EQ(config->tokens[0].per_minute, 60);
  for (const char* rest :
       {"scopes = [\"stock\"]", "file = \"/e\"", "file = \"/e\"\nscopes = [\"everything\"]",
        "file = \"/e\"\nscopes = [\"stock\"]\nper_minute = 0"}) {
    EXPECT_NE(Mistake(good + rest), "good") << rest;
  }
}

TEST(ConfigTest, BeyondLoopbackTokensTravelEncryptedOrBehindAProxyThatIsNamed) {
  const std::string good =
      "[broker]\nurl = \"mqtt://x\"\n[metrics]\ntoken_file = \"/t\"\nlisten = ";
  const std::string tls = "\ntls_cert_file = \"/c\"\ntls_key_file = \"/k\"";
  for (const char* local : {"\"127.0.0.1:1\"", "\"localhost:1\"", "\"[::1]:1\"", "\"unix:/s\""}) {
    EXPECT_EQ(Mistake(good + local), "good") << local;
  }
  for (const char* open : {"\"0.0.0.0:1\"", "\"[::]:1\"", "\"10.0.0.1:1\"", "\"hq.example:1\"",
                           "\"127.example:1\"", "\"localhost.example:1\""}) {
    EXPECT_NE(Mistake(good + open).find("behind_proxy"), std::string::npos) << open;
    EXPECT_NE(Mistake(good + open + "\nbehind_proxy = false"), "good") << open;
    EXPECT_EQ(Mistake(good + open + "\nbehind_proxy = true"), "good") << open;
    EXPECT_EQ(Mistake(good + open + tls), "good") << open;
  }
  EXPECT_NE(Mistake(good + "\"127.0.0.1:1\"\ntls_cert_file = \"/c\""), "good");
  EXPECT_NE(Mistake(good + "\"127.0.0.1:1\"\ntls_key_file = \"/k\""), "good");
}

TEST(SecretFilesTest, AFileThatEverybodyCanReadIsNoSecret) {
  testing::TempDir dir;
  const std::string path = dir / "token";
  std::ofstream(path) << "s";
  chmod(path.c_str(), 0644);
  EXPECT_EQ(CheckSecretFile("k", path).code(), Code::kInvalid);
  chmod(path.c_str(), 0640);
  EXPECT_TRUE(CheckSecretFile("k", path).ok());
  EXPECT_TRUE(CheckSecretFile("k", "").ok());
  const std::string file = dir / "c.toml";
  std::ofstream(file) << "[broker]\nurl = \"mqtt://x\"\n[store]\n"
                         "url = \"postgresql://u:pw@h/d\"\n";
  chmod(file.c_str(), 0644);
  EXPECT_EQ(ReadConfig(file).status().code(), Code::kInvalid);
  EXPECT_EQ(ReadConfig(file).status().message().find("pw@"), std::string::npos);
  chmod(file.c_str(), 0640);
  EXPECT_TRUE(ReadConfig(file).ok());
}

// Each file that a setting names: not there, for everybody to read, not what it should be, right.
TEST(StartFilesTest, WhatTheStartWouldRefuseIsNamedBeforehand) {
  const testing::TempDir dir;
  const auto write = [&dir](const std::string& name, const std::string& text, mode_t mode = 0600) {
    const std::string path = dir / name;
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  };
  const testing::Authority authority;
  const testing::Identity identity = authority.Issue(), other = authority.Issue();
  const std::string cert = write("cert", identity.certificate), key = write("key", identity.key);
  const std::string word = write("word", "0123456789abcdef0123456789abcdef");
  const std::string hook = write("hook", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
  const std::string signing = write("signing", wire::SigningKey::NewPem());
  const std::string open = write("open", "0123456789abcdef0123456789abcdef", 0644);
  const std::string nowhere = dir / "nowhere";
  const auto good = [&] {
    Config config;
    config.broker.url = "mqtts://b:8883";
    config.broker.password_file = config.token_file = word;
    config.broker.ca_file = config.broker.cert_file = config.tls_cert_file = cert;
    config.broker.key_file = config.tls_key_file = key;
    config.signing_key_file = signing;
    config.tokens.push_back({});
    config.tokens[0].name = "erp";
    config.tokens[0].file = word;
    config.sinks.push_back({});
    config.sinks[0].name = "shop";
    config.sinks[0].url = "https://shop.example/hook";
    config.sinks[0].secret_file = hook;
    return config;
  };
  const auto checked = CheckStartFiles(good());
  ASSERT_TRUE(checked.ok()) << checked.status().message();
  EXPECT_TRUE(checked->empty());
  struct Slot {
    const char* setting;
    std::function<std::string*(Config*)> in;
    bool secret = true;
    std::string wrong;  // "": any text will do
  };
  const std::vector<Slot> slots = {
      {"broker.password_file", [](Config* c) { return &c->broker.password_file; }, true, ""},
      {"broker.ca_file", [](Config* c) { return &c->broker.ca_file; }, false, ""},
      {"broker.cert_file", [](Config* c) { return &c->broker.cert_file; }, false, ""},
      {"broker.key_file", [](Config* c) { return &c->broker.key_file; }, true, ""},
      {"delivery.signing_key_file", [](Config* c) { return &c->signing_key_file; }, true, word},
      {"metrics.token_file", [](Config* c) { return &c->token_file; }, true, ""},
      {"metrics.tls_cert_file", [](Config* c) { return &c->tls_cert_file; }, false, word},
      {"metrics.tls_key_file", [](Config* c) { return &c->tls_key_file; }, true,
       write("otherkey", other.key)},
      {"api.tokens.erp", [](Config* c) { return &c->tokens[0].file; }, true, ""},
      {"sink.shop.secret_file", [](Config* c) { return &c->sinks[0].secret_file; }, true, word},
  };
  for (const Slot& slot : slots) {
    const auto said = [&](const std::string& file) {
      Config config = good();
      *slot.in(&config) = file;
      const auto result = CheckStartFiles(std::move(config));
      return result.ok() ? "good" : result.status().message();
    };
    EXPECT_NE(said(nowhere), "good") << slot.setting;
    EXPECT_NE(said(nowhere).find("nowhere"), std::string::npos) << said(nowhere);
    if (slot.secret) {
      EXPECT_NE(said(open), "good") << slot.setting;
    }
    if (!slot.wrong.empty()) {
      EXPECT_NE(said(slot.wrong), "good") << slot.setting;
    }
    EXPECT_EQ(said(slot.wrong.empty() ? open : slot.wrong).find("0123456789abcdef"),
              std::string::npos);
    Config config = good();
    *slot.in(&config) = "credential:of-the-service";
    const auto unseen = CheckStartFiles(std::move(config));
    ASSERT_TRUE(unseen.ok()) << unseen.status().message();
    EXPECT_EQ(*unseen, std::vector<std::string>{slot.setting});
    EXPECT_NE(said("credential:../x"), "good") << "no name of a credential";
  }
}

TEST(SecretFilesTest, NoMessageRepeatsThePassword) {
  for (const char* url :
       {"postgresql://u:s3cret%zz@h/d", "postgresql://u:s3cret%zz@h:99999/d",
        "postgresql://u:s3cret", "postgresql://u:a@s3cret@h/d",
        "postgresql://u@h/d?password=s3cret%zz", "postgresql://u:s3cret%zz/@h/d"}) {
    EXPECT_FALSE(PasswordIn(url).empty()) << url;
    const auto opened = OpenWriter(url);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.status().message().find("s3cret"), std::string::npos)
        << opened.status().message();
    EXPECT_EQ(ShownUrl(url).find("s3cret"), std::string::npos) << ShownUrl(url);
  }
  EXPECT_EQ(PasswordIn("postgresql://u@h/d"), "");
  EXPECT_EQ(PasswordIn("sqlite:/a"), "");
}

}  // namespace
}  // namespace tillrelay::collector
