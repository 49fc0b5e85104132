#include "agent/web/pages/question.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "common/base/text.h"
#include "common/event/kind.h"

namespace tillrelay::web {
namespace {

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::vector<std::string> WordsOf(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    if (c == ' ' || c == ',' || c == '\t') {
      if (!word.empty()) words.push_back(std::move(word));
      word.clear();
    } else {
      word += c;
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

bool IsDay(std::string_view word) {
  return word.size() == 10 && word[4] == '-' && word[7] == '-' && AllDigits(word.substr(0, 4)) &&
         AllDigits(word.substr(5, 2)) && AllDigits(word.substr(8, 2));
}

bool IsUuid(std::string_view word) {
  return word.size() == 36 && word[8] == '-' && word[13] == '-' && word[18] == '-' &&
         word[23] == '-';
}

template <size_t n>
bool In(const std::array<std::string_view, n>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

constexpr std::array<std::string_view, 4> kRegisterWords = {"register", "reg", "till", "pos"};
constexpr std::array<std::string_view, 6> kNumberWords = {"receipt", "number", "no",
                                                          "nr",      "#",      "transaction"};
constexpr std::array<std::string_view, 4> kFillers = {"of", "on", "from", "the"};

}  // namespace

admin::EventFilter ReadQuestion(std::string_view text) {
  admin::EventFilter filter;
  const auto words = WordsOf(text);
  const auto as_text = [&filter](const std::string& word) {
    filter.text += (filter.text.empty() ? "" : " ") + word;
  };
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string word = Lower(words[i]);
    const std::string next = i + 1 < words.size() ? words[i + 1] : "";
    if (In(kRegisterWords, word) && IsName(next)) {
      filter.register_id = words[++i];
    } else if (In(kNumberWords, word) && !next.empty()) {
      filter.number = words[++i];
    } else if (IsUuid(word)) {
      filter.id = word;
    } else if (IsDay(word)) {
      filter.business_day = word;
    } else if (AllDigits(word) && filter.number.empty()) {
      filter.number = word;
    } else if (event::ParseKind(word) && filter.kind.empty()) {
      filter.kind = word;
    } else if (!In(kFillers, word)) {
      as_text(words[i]);
    }
  }
  return filter;
}

}  // namespace tillrelay::web
