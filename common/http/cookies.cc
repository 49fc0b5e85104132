#include "common/http/cookies.h"

#include <algorithm>

namespace tillrelay::http {

std::vector<std::string_view> CookiesNamed(std::string_view name, std::string_view header) {
  std::vector<std::string_view> values;
  while (!header.empty()) {
    const size_t end = std::min(header.find(';'), header.size());
    std::string_view pair = header.substr(0, end);
    header.remove_prefix(std::min(header.size(), end + 1));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
    values.push_back(pair.substr(equals + 1));
  }
  return values;
}

}  // namespace tillrelay::http
