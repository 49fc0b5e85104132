// What: the text format of Prometheus (exposition format 0.0.4): families of samples, in the
//   order of the calls.
// Promise: names and labels come from the code; a label's value that does not is passed through
//   Escaped.
// Thread: one.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/metrics/histogram.h"

namespace tillrelay::metrics {

class PrometheusWriter {
 public:
  // What every name begins with: "tillrelay_".
  explicit PrometheusWriter(std::string_view prefix) : prefix_(prefix) {}

  // Starts a family: HELP and TYPE once, then its samples.
  PrometheusWriter& Family(std::string_view name, std::string_view type, std::string_view help);
  // `labels` is the text between the braces.
  PrometheusWriter& Sample(uint64_t value, std::string_view labels = "");
  PrometheusWriter& Real(double value, std::string_view labels = "");

  // A family of one sample, or none where a time is not known.
  PrometheusWriter& Counter(std::string_view name, std::string_view help, uint64_t value);
  PrometheusWriter& Gauge(std::string_view name, std::string_view help, uint64_t value);
  PrometheusWriter& Time(std::string_view name, std::string_view help, WallTime time);
  template <size_t N>
  PrometheusWriter& Distribution(std::string_view name, std::string_view help,
                                 const HistogramOf<N>& values) {
    return Distribution(name, help, values.bounds(), values.counts(), values.count(), values.sum());
  }

  std::string Take() { return std::move(out_); }

 private:
  // `counts` per class, not added up.
  PrometheusWriter& Distribution(std::string_view name, std::string_view help,
                                 std::span<const double> bounds, std::span<const uint64_t> counts,
                                 uint64_t count, double sum);
  PrometheusWriter& Line(std::string_view value, std::string_view labels);

  const std::string prefix_;
  std::string out_, name_;
};

double UnixSeconds(WallTime time);
// A text from outside as a label's value.
std::string Escaped(std::string_view value);

}  // namespace tillrelay::metrics
