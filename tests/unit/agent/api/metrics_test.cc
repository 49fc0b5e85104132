#include "agent/api/metrics.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "tests/unit/agent/monitor/samples.h"

namespace tillrelay::api {
namespace {

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(Metrics, EveryLineIsOfTheTextFormat) {
  const std::regex comment(
      "# (HELP tillrelay_[a-z_]+ .+|TYPE tillrelay_[a-z_]+ (counter|gauge|histogram))");
  const std::regex sample(
      "tillrelay_[a-z_]+(\\{[a-z]+=\"([^\"\\\\]|\\\\.)*\"(,[a-z]+=\"[^\"]*\")*\\})? "
      "-?[0-9]+(\\.[0-9]+)?");
  for (const monitor::Sample& situation : monitor::Samples()) {
    for (const std::string& line : Lines(MetricsText(monitor::SampleNamed(situation.name)))) {
      EXPECT_TRUE(std::regex_match(line, line[0] == '#' ? comment : sample)) << line;
    }
  }
}

TEST(Metrics, CountersEndInTotalAndNoFamilyComesTwice) {
  std::set<std::string> seen;
  for (const std::string& line : Lines(MetricsText(monitor::Healthy()))) {
    if (!line.starts_with("# TYPE ")) continue;
    std::istringstream words(line.substr(7));
    std::string name, type;
    words >> name >> type;
    EXPECT_TRUE(seen.insert(name).second) << name;
    EXPECT_EQ(name.ends_with("_total"), type == "counter") << name;
  }
}

TEST(Metrics, SayWhatTheSnapshotSays) {
  const std::string text = MetricsText(monitor::SampleNamed("name"));
  for (const char* line :
       {"\ntillrelay_waiting_events 412\n", "\ntillrelay_oldest_waiting_age_seconds 2160.000\n",
        "\ntillrelay_link_up 0\n", "\ntillrelay_link_phase{phase=\"waiting\"} 1\n",
        "\ntillrelay_events_total{channel=\"http\",outcome=\"stored\",kind=\"sale\"} 1270\n",
        "\ntillrelay_events_total{channel=\"http\",outcome=\"stored\",kind=\"return\"} 17\n",
        "\ntillrelay_events_total{channel=\"file\",outcome=\"quarantined\",kind=\"none\"} 0\n",
        "\ntillrelay_register_events_total{register=\"01\",kind=\"sale\"} 412\n",
        "\ntillrelay_intake_ready 1\n", "\ntillrelay_disk_days_left 19.400\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

TEST(Metrics, LatenciesAddUpAndCertificatesSayTheirEnd) {
  monitor::Snapshot snapshot = monitor::SampleNamed("name");
  for (const double seconds : {0.0004, 0.003, 0.003, 7200.0})
    snapshot.uplink.to_centre.Add(seconds);
  snapshot.certificates = {{"broker.cert_file", snapshot.now}, {"broker.ca_file", WallTime()}};
  const std::string text = MetricsText(snapshot);
  for (const char* line :
       {"\ntillrelay_confirm_seconds_bucket{le=\"0.0005\"} 1\n",
        "\ntillrelay_confirm_seconds_bucket{le=\"0.005\"} 3\n",
        "\ntillrelay_confirm_seconds_bucket{le=\"3600\"} 3\n",
        "\ntillrelay_confirm_seconds_bucket{le=\"+Inf\"} 4\n",
        "\ntillrelay_confirm_seconds_sum 7200.006400\n", "\ntillrelay_confirm_seconds_count 4\n",
        "\ntillrelay_publish_seconds_count 0\n",
        "\ntillrelay_certificate_expiry_timestamp_seconds{setting=\"broker.cert_file\"} "
        "1795271832.000\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
  EXPECT_EQ(text.find("ca_file"), std::string::npos) << "an end that is not known";
}

TEST(Metrics, WhatIsUnknownIsLeftOut) {
  monitor::Snapshot snapshot = monitor::SampleNamed("delivered-broker");
  snapshot.journal.disk_days_left = -1;
  const std::string text = MetricsText(snapshot);
  EXPECT_EQ(text.find("disk_days_left"), std::string::npos);
  EXPECT_EQ(text.find("confirmed_through"), std::string::npos);
}

TEST(Metrics, ManyRegistersStayBounded) {
  monitor::Snapshot snapshot = monitor::Healthy();
  for (int i = 0; i < 5000; ++i) {
    snapshot.capture.registers[std::to_string(i)] = {};
    snapshot.registers.emplace_back().register_id = std::to_string(i);
  }
  EXPECT_LT(MetricsText(snapshot).size(), 200'000u);
}

TEST(Metrics, EachOneIsInTheDocument) {
  std::ifstream file(TILLRELAY_DOCS "/metrics.md");
  const std::string document((std::istreambuf_iterator<char>(file)), {});
  for (const std::string& line : Lines(MetricsText(monitor::Healthy()))) {
    if (!line.starts_with("# TYPE ")) continue;
    const std::string name = line.substr(7, line.find(' ', 7) - 7);
    EXPECT_NE(document.find("`" + name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace tillrelay::api
