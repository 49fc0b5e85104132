#include "common/metrics/prometheus.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace tillrelay::metrics {

PrometheusWriter& PrometheusWriter::Family(std::string_view name, std::string_view type,
                                           std::string_view help) {
  name_ = fmt::format("{}{}", prefix_, name);
  fmt::format_to(std::back_inserter(out_), "# HELP {} {}\n# TYPE {} {}\n", name_, help, name_,
                 type);
  return *this;
}

PrometheusWriter& PrometheusWriter::Sample(uint64_t value, std::string_view labels) {
  return Line(std::to_string(value), labels);
}

PrometheusWriter& PrometheusWriter::Real(double value, std::string_view labels) {
  return Line(fmt::format("{:.3f}", value), labels);
}

PrometheusWriter& PrometheusWriter::Counter(std::string_view name, std::string_view help,
                                            uint64_t value) {
  return Family(name, "counter", help).Sample(value);
}

PrometheusWriter& PrometheusWriter::Gauge(std::string_view name, std::string_view help,
                                          uint64_t value) {
  return Family(name, "gauge", help).Sample(value);
}

PrometheusWriter& PrometheusWriter::Time(std::string_view name, std::string_view help,
                                         WallTime time) {
  if (time == WallTime()) return *this;
  return Family(name, "gauge", help).Real(UnixSeconds(time));
}

PrometheusWriter& PrometheusWriter::Distribution(std::string_view name, std::string_view help,
                                                 std::span<const double> bounds,
                                                 std::span<const uint64_t> counts, uint64_t count,
                                                 double sum) {
  Family(name, "histogram", help);
  const std::string family = name_;
  name_ = family + "_bucket";
  uint64_t at_most = 0;  // Prometheus wants the classes added up
  for (size_t i = 0; i < bounds.size(); ++i) {
    Sample(at_most += counts[i], fmt::format("le=\"{}\"", bounds[i]));
  }
  Sample(count, "le=\"+Inf\"");
  name_ = family + "_sum";
  Line(fmt::format("{:.6f}", sum), "");
  name_ = family + "_count";
  return Sample(count);
}

PrometheusWriter& PrometheusWriter::Line(std::string_view value, std::string_view labels) {
  if (labels.empty()) {
    fmt::format_to(std::back_inserter(out_), "{} {}\n", name_, value);
  } else {
    fmt::format_to(std::back_inserter(out_), "{}{{{}}} {}\n", name_, labels, value);
  }
  return *this;
}

double UnixSeconds(WallTime time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1'000'000.0;
}

std::string Escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace tillrelay::metrics
