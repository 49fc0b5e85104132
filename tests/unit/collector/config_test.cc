// Claims about the configuration: every mistake is named, nothing wrong is accepted.
#include "collector/service/config.h"

#include <gtest/gtest.h>

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
)",
                                  "c");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->database, "postgresql://tillrelay@db/central");
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
  for (const char* rest :
       {"[store]\nurl = \"mysql:x\"", "[store]\nurl = \"sqlite:\"",
        "[delivery]\ntopic_prefix = \"a/#\"", "[delivery]\ntopic_prefix = \"a/\"",
        "[delivery]\nshared_group = \"a/b\"", "[broker2]\nx = 1", "[metrics]\nlisten = 9"}) {
    EXPECT_NE(Mistake(good + rest), "good") << rest;
  }
  EXPECT_NE(Mistake(good + "cert_file = \"/c\""), "good");
}

}  // namespace
}  // namespace tillrelay::collector
