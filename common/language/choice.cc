// Which language a reader gets.
#include <algorithm>
#include <cstdlib>

#include "common/language/language.h"

namespace tillrelay::strings {
namespace {

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// "0.8" in thousandths; 1 where nothing is said, 0 for what is not understood.
int WeightOf(std::string_view parameters) {
  parameters = Trimmed(parameters);
  if (parameters.empty()) return 1000;
  if (!parameters.starts_with("q=") && !parameters.starts_with("Q=")) return 0;
  const std::string_view text = parameters.substr(2);
  if (text == "1" || text.starts_with("1.")) return 1000;
  if (!text.starts_with('0')) return 0;
  int weight = 0, unit = 100;
  for (size_t at = 2; at < text.size() && unit > 0; ++at, unit /= 10) {
    if (text[at] < '0' || text[at] > '9') return 0;
    weight += (text[at] - '0') * unit;
  }
  return weight;
}

// "de-AT" is served by "de", unless it has a file of its own.
const Language* Serving(std::string_view tag) {
  const auto same = [tag](std::string_view code) {
    return code.size() == tag.size() &&
           std::equal(code.begin(), code.end(), tag.begin(),
                      [](char a, char b) { return (a | 0x20) == (b | 0x20); });
  };
  for (const Language* language : Languages()) {
    if (same(language->code)) return language;
  }
  const size_t dash = tag.rfind('-');
  return dash == std::string_view::npos ? nullptr : Serving(tag.substr(0, dash));
}

const Language* Accepted(std::string_view header) {
  const Language* best = nullptr;
  int weight = 0;
  while (!header.empty()) {
    const size_t end = std::min(header.find(','), header.size());
    const std::string_view part = header.substr(0, end);
    header.remove_prefix(std::min(header.size(), end + 1));
    const size_t semicolon = std::min(part.find(';'), part.size());
    const int wish = WeightOf(part.substr(std::min(part.size(), semicolon + 1)));
    const Language* language = Serving(Trimmed(part.substr(0, semicolon)));
    if (language == nullptr || wish <= weight) continue;
    best = language;
    weight = wish;
  }
  return best;
}

}  // namespace

const Language& ChooseLanguage(const Reader& reader) {
  for (const std::string_view code : {reader.chosen, reader.configured}) {
    if (const Language* language = FindLanguage(code)) return *language;
  }
  const Language* language = Accepted(reader.accepted);
  return language != nullptr ? *language : English();
}

}  // namespace tillrelay::strings
