#include "common/metrics/prometheus.h"

#include <gtest/gtest.h>

namespace tillrelay::metrics {
namespace {

TEST(PrometheusWriter, AFamilyIsDescribedOnceAndThenSampled) {
  PrometheusWriter writer("shop_");
  writer.Family("events_total", "counter", "Events.").Sample(3, "kind=\"sale\"").Sample(0);
  EXPECT_EQ(writer.Take(),
            "# HELP shop_events_total Events.\n# TYPE shop_events_total counter\n"
            "shop_events_total{kind=\"sale\"} 3\nshop_events_total 0\n");
}

TEST(PrometheusWriter, ATimeThatIsNotKnownIsLeftOut) {
  PrometheusWriter writer("shop_");
  writer.Time("seen_seconds", "Seen.", WallTime());
  EXPECT_EQ(writer.Take(), "");
  writer.Time("seen_seconds", "Seen.", WallTime(std::chrono::milliseconds(1'500)));
  EXPECT_EQ(writer.Take(),
            "# HELP shop_seen_seconds Seen.\n# TYPE shop_seen_seconds gauge\n"
            "shop_seen_seconds 1.500\n");
}

TEST(PrometheusWriter, ClassesAreAddedUp) {
  Histogram histogram({1, 2, 5, 10, 25, 50, 100, 250, 500, 1000});
  for (const double value : {0.5, 2.0, 3.0, 5000.0}) histogram.Add(value);
  PrometheusWriter writer("shop_");
  writer.Distribution("size", "Sizes.", histogram);
  const std::string text = writer.Take();
  EXPECT_NE(text.find("shop_size_bucket{le=\"1\"} 1\nshop_size_bucket{le=\"2\"} 2\n"
                      "shop_size_bucket{le=\"5\"} 3\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("shop_size_bucket{le=\"1000\"} 3\nshop_size_bucket{le=\"+Inf\"} 4\n"
                      "shop_size_sum 5005.500000\nshop_size_count 4\n"),
            std::string::npos)
      << text;
}

TEST(HistogramTest, WhatCameSinceHasItsOwnQuantiles) {
  HistogramOf<3> values({1, 10, 100});
  EXPECT_EQ(values.Quantile(0.5), std::nullopt);
  for (int i = 0; i < 90; ++i) values.Add(0.5);
  const HistogramOf<3> before = values;
  for (int i = 0; i < 10; ++i) values.Add(50);
  EXPECT_EQ(values.Since(before).count(), 10u);
  EXPECT_DOUBLE_EQ(values.Since(before).sum(), 500);
  EXPECT_DOUBLE_EQ(values.Since(before).Quantile(0.5).value(), 55) << "half way through its class";
  EXPECT_LT(values.Quantile(0.5).value(), 1);
  for (int i = 0; i < 900; ++i) values.Add(1e9);
  EXPECT_DOUBLE_EQ(values.Quantile(0.99).value(), 100) << "above every bound";
}

TEST(PrometheusWriter, ALabelFromOutsideCannotEndItself) {
  EXPECT_EQ(Escaped("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
}

}  // namespace
}  // namespace tillrelay::metrics
