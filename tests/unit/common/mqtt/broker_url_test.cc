// One address of one broker, or a refusal.
#include <gtest/gtest.h>

#include "common/mqtt/broker_url.h"

namespace tillrelay::mqtt {
namespace {

TEST(BrokerUrlTest, TakesOneAddress) {
  const struct {
    const char *url, *host, *port;
    bool tls;
  } rows[] = {{"mqtt://broker", "broker", "1883", false},
              {"mqtts://broker.example", "broker.example", "8883", true},
              {"mqtt://10.0.0.1:1884/", "10.0.0.1", "1884", false},
              {"mqtts://[2001:db8::1]:8884", "2001:db8::1", "8884", true},
              {"mqtt://[::1]", "::1", "1883", false}};
  for (const auto& row : rows) {
    const auto url = ParseBrokerUrl(row.url);
    ASSERT_TRUE(url.ok()) << row.url << ": " << url.status().message();
    EXPECT_EQ(url->host, row.host);
    EXPECT_EQ(url->port, row.port);
    EXPECT_EQ(url->tls, row.tls);
  }
}

TEST(BrokerUrlTest, AWebSocketHasAPath) {
  const struct {
    const char *url, *host, *port, *path;
    bool tls;
  } rows[] = {{"ws://broker", "broker", "80", "/mqtt", false},
              {"wss://broker.example", "broker.example", "443", "/mqtt", true},
              {"wss://broker.example/", "broker.example", "443", "/mqtt", true},
              {"wss://broker.example:8443/a/b", "broker.example", "8443", "/a/b", true},
              {"ws://[::1]:9001/ws", "::1", "9001", "/ws", false}};
  for (const auto& row : rows) {
    const auto url = ParseBrokerUrl(row.url);
    ASSERT_TRUE(url.ok()) << row.url << ": " << url.status().message();
    EXPECT_TRUE(url->websocket);
    EXPECT_EQ(url->host, row.host);
    EXPECT_EQ(url->port, row.port);
    EXPECT_EQ(url->path, row.path);
    EXPECT_EQ(url->tls, row.tls);
  }
  for (const char* url : {"ws://", "ws:///mqtt", "ws://a/?x=1", "ws://a/#x", "ws://a/b c",
                          "wss://user:s3cret@a/mqtt", "http://a", "wss://a:0/mqtt"}) {
    const auto parsed = ParseBrokerUrl(url);
    ASSERT_FALSE(parsed.ok()) << url;
    EXPECT_EQ(parsed.status().message().find("s3cret"), std::string::npos) << url;
  }
}

TEST(BrokerUrlTest, AProxyIsAnHttpAddress) {
  const auto proxy = ParseProxyUrl("http://proxy.example:8080");
  ASSERT_TRUE(proxy.ok());
  EXPECT_EQ(HostAndPort(*proxy), "proxy.example:8080");
  EXPECT_EQ(ParseProxyUrl("http://[::1]")->port, "3128");
  for (const char* url : {"", "proxy:3128", "https://proxy", "socks5://proxy",
                          "http://user:s3cret@proxy", "http://proxy:3128/x", "http://a,http://b"}) {
    const auto parsed = ParseProxyUrl(url);
    ASSERT_FALSE(parsed.ok()) << url;
    EXPECT_NE(parsed.status().message().find("http://proxy.example:3128"), std::string::npos);
    EXPECT_EQ(parsed.status().message().find("s3cret"), std::string::npos) << url;
  }
}

TEST(BrokerUrlTest, RefusesWhatIsNotExactlyOne) {
  for (const char* url : {"",
                          "broker",
                          "broker:1883",
                          "tcp://broker",
                          "MQTT://broker",
                          "mqtt:broker",
                          "mqtt://",
                          "mqtt:///",
                          "mqtt://:1883",
                          "mqtt://a:1,mqtt://b:2",
                          "mqtt://a,b:1",
                          "mqtt://a b:1",
                          "mqtt://user:s3cret@broker:1883",
                          "mqtt://broker:",
                          "mqtt://broker:0",
                          "mqtt://broker:65536",
                          "mqtt://broker:18x3",
                          "mqtt://broker:1883/path",
                          "mqtt://::1:1883",
                          "mqtt://[::1",
                          "mqtt://[::1]x",
                          "mqtt://[broker]:1",
                          "mqtt://-broker"}) {
    const auto parsed = ParseBrokerUrl(url);
    EXPECT_FALSE(parsed.ok()) << url;
    if (parsed.ok()) continue;
    EXPECT_NE(parsed.status().message().find("mqtts://"), std::string::npos) << url;
    EXPECT_EQ(parsed.status().message().find("s3cret"), std::string::npos) << url;
  }
}

}  // namespace
}  // namespace tillrelay::mqtt
