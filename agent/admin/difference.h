// What: in which members two documents differ.
// Promise: pure; any bytes are taken. JSON is compared member by member, so that the order of
//   members does not matter; anything else line by line. Elements of lists, and lines, are set
//   against those that they are most like, so that an inserted one is one difference. Nothing is
//   left out silently.
// Thread: any.
// Limits: kMaxDifferences of them; the last one then says that there are more. Lists of more than
//   2,000 elements that differ are compared place by place.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace tillrelay::admin {

inline constexpr size_t kMaxDifferences = 200;
inline constexpr size_t kMaxDifferenceBytes = 200;  // of a value as it is shown

struct Difference {
  std::string member;                        // "lines[0].quantity", "line 7"
  std::optional<std::string> before, after;  // nothing: it is not there
  std::string now_at = {};  // the member as the later document has it, if elsewhere
};

// `leave_out`: members, with all below them, that do not count; "*.name" wherever it stands.
std::vector<Difference> DifferencesOf(const std::string& before, const std::string& after,
                                      const std::vector<std::string>& leave_out = {});

// "lines[0].quantity: 1,5 -> 1.5; ...", no longer than `limit` bytes.
std::string DifferenceText(const std::vector<Difference>& differences, size_t limit);

}  // namespace tillrelay::admin
