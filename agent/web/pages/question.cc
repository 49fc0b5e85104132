#include "agent/web/pages/question.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "agent/web/view_strings.h"
#include "common/base/text.h"
#include "common/event/kind.h"
#include "common/event/time_text.h"
#include "common/language/language.h"

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
    if (c == ' ' || c == ',' || c == '\t' || c == '?') {
      if (!word.empty()) words.push_back(std::move(word));
      word.clear();
    } else {
      word += c;
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

// "2026-11-29", also of "29.11.2026"; empty for what is no day.
std::string DayIn(const std::string& word) {
  if (event::IsDay(word)) return word;
  if (word.size() != 10 || word[2] != '.' || word[5] != '.') return "";
  const std::string day = word.substr(6) + "-" + word.substr(3, 2) + "-" + word.substr(0, 2);
  return event::IsDay(day) ? day : "";
}

// Is it what some language says for a text of the pages?
bool Says(std::string_view word, std::string_view english) {
  const auto& all = strings::Languages();
  return std::any_of(all.begin(), all.end(), [&](const strings::Language* language) {
    const auto text = language->texts.find(english);
    return text != language->texts.end() && Lower(text->second) == word;
  });
}

// "return", also of "returns" and in the languages of the pages; empty for what is no kind.
std::string KindIn(const std::string& word) {
  for (const std::string_view kind : event::kKindWords) {
    std::string english(kind);
    std::replace(english.begin(), english.end(), '_', ' ');
    if (Says(word, english)) return std::string(kind);
  }
  for (const std::string& kind : {word, word.substr(0, word.size() - 1)}) {
    if ((kind == word || word.back() == 's') && event::ParseKind(kind)) return kind;
  }
  return "";
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
constexpr std::array<std::string_view, 17> kFillers = {"of",  "on",  "from", "the", "where",  "is",
                                                       "are", "at",  "in",   "did", "arrive", "wo",
                                                       "ist", "von", "vom",  "der", "am"};

bool NamesRegister(std::string_view word) {
  return In(kRegisterWords, word) || Says(word, strings::kRegister.english());
}
bool NamesNumber(std::string_view word) {
  return In(kNumberWords, word) || Says(word, strings::kReceipt.english()) ||
         Says(word, strings::kDocument.english()) || Says(word, strings::kNumber.english());
}

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
    if (NamesRegister(word) && IsName(next)) {
      filter.register_id = words[++i];
    } else if (NamesNumber(word) && !next.empty()) {
      filter.number = words[++i];
    } else if (IsUuid(word)) {
      filter.id = word;
    } else if (const std::string day = DayIn(word); !day.empty()) {
      filter.business_day = day;
    } else if (AllDigits(word) && filter.number.empty()) {
      filter.number = word;
    } else if (const std::string kind = KindIn(word); !kind.empty() && filter.kind.empty()) {
      filter.kind = kind;
    } else if (!In(kFillers, word)) {
      as_text(words[i]);
    }
  }
  return filter;
}

}  // namespace tillrelay::web
