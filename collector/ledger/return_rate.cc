#include "collector/ledger/return_rate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tillrelay::collector {
namespace {

constexpr double kMads = 6;  // of days that scatter as chance does, one in some ten thousand
constexpr double kOfNormal = 1.4826;  // a MAD of them times this is their standard deviation

double PercentOf(const ReturnCounts& day) {
  return 100.0 * static_cast<double>(day.returned) / static_cast<double>(day.receipts());
}

double MedianOf(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

}  // namespace

std::string FarFromUsual(const ReturnCounts& day, const std::vector<ReturnCounts>& before,
                         int64_t least_percent) {
  std::vector<double> usual;
  for (const ReturnCounts& one : before) {
    if (one.receipts() >= kLeastReceipts) usual.push_back(PercentOf(one));
  }
  if (day.receipts() < kLeastReceipts || usual.size() < kLeastDays) return "";
  const double median = MedianOf(usual);
  std::vector<double> distances;
  for (const double percent : usual) distances.push_back(std::abs(percent - median));
  const double reach =
      std::max(kMads * kOfNormal * MedianOf(distances), static_cast<double>(least_percent));
  const double percent = PercentOf(day);
  if (std::abs(percent - median) <= reach) return "";
  return fmt::format("{:.1f} percent of {} receipts took something back, {:.1f} usually", percent,
                     day.receipts(), median);
}

}  // namespace tillrelay::collector
