#include "common/language/retell.h"

#include <fmt/args.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <vector>

#include "common/language/text.h"

namespace tillrelay::strings {
namespace {

constexpr int kMaxDepth = 3;       // of formats in the places of formats
constexpr size_t kMaxText = 2000;  // bytes; longer ones are nobody's sentence

// A format cut at its places.
struct Pattern {
  std::vector<std::string> literals;  // one more than places
  std::vector<size_t> places;         // which argument stands there
  size_t weight = 0;                  // bytes of the literals
  const std::string* text = nullptr;  // the translation, or
  const std::vector<std::string>* forms = nullptr;
};

Pattern Cut(std::string_view format) {
  Pattern pattern;
  pattern.literals.emplace_back();
  while (!format.empty()) {
    const size_t open = std::min(format.find('{'), format.size());
    pattern.literals.back() += format.substr(0, open);
    pattern.weight += open;
    format.remove_prefix(open);
    const size_t close = format.find('}');
    if (format.empty() || close == std::string_view::npos) break;
    size_t place = pattern.places.size();
    std::from_chars(format.data() + 1, format.data() + close, place);
    pattern.places.push_back(place);
    pattern.literals.emplace_back();
    format.remove_prefix(close + 1);
  }
  return pattern;
}

constexpr std::string_view kBoundary = ". ";  // of sentences

// What stands in the places, by argument; nothing where the text is another. No place holds the end
// of a sentence: what follows one is a text of its own.
std::optional<std::vector<std::string_view>> Match(const Pattern& pattern, std::string_view text) {
  const auto& literals = pattern.literals;
  if (text.size() <= pattern.weight || !text.starts_with(literals.front()) ||
      !text.ends_with(literals.back())) {
    return std::nullopt;
  }
  text.remove_prefix(literals.front().size());
  text.remove_suffix(literals.back().size());
  std::vector<std::string_view> filled;
  for (size_t i = 0; i < pattern.places.size(); ++i) {
    const bool last = i + 1 == pattern.places.size();
    const size_t end = last ? text.size() : text.find(literals[i + 1]);
    if (end == std::string_view::npos || end == 0) return std::nullopt;
    if (text.substr(0, end).find(kBoundary) != std::string_view::npos) return std::nullopt;
    filled.resize(std::max(filled.size(), pattern.places[i] + 1));
    filled[pattern.places[i]] = text.substr(0, end);
    text.remove_prefix(last ? end : end + literals[i + 1].size());
  }
  return filled;
}

std::vector<Pattern> PatternsOf(const Language& language) {
  std::vector<Pattern> patterns;
  for (const auto& [english, text] : language.texts) {
    Pattern pattern = Cut(english);
    pattern.text = &text;
    if (!pattern.places.empty()) patterns.push_back(std::move(pattern));
  }
  for (const auto& [one, entry] : language.plurals) {
    for (const std::string& english : {one, language.plural_ids.at(one)}) {
      Pattern pattern = Cut(english);
      pattern.forms = &entry;
      if (!pattern.places.empty()) patterns.push_back(std::move(pattern));
    }
  }
  // The one that says the most is meant.
  std::stable_sort(patterns.begin(), patterns.end(),
                   [](const Pattern& a, const Pattern& b) { return a.weight > b.weight; });
  return patterns;
}

const std::vector<Pattern>& SpokenPatterns() {
  static const auto kAll = [] {
    std::map<const Language*, std::vector<Pattern>> all;
    for (const Language* language : Languages()) all.emplace(language, PatternsOf(*language));
    return all;
  }();
  return kAll.at(&Spoken());
}

// "1,234" and "12.50" as they are written here; other figures may be names.
std::string Figure(std::string_view text) {
  std::string bare(text);
  const size_t before = bare.size();
  std::erase(bare, ',');
  const bool whole =
      std::all_of(bare.begin(), bare.end(), [](char c) { return c >= '0' && c <= '9'; });
  uint64_t number = 0;
  if (whole && bare.size() != before && !bare.empty() &&
      std::from_chars(bare.data(), bare.data() + bare.size(), number).ec == std::errc()) {
    return Number(number);
  }
  return text.find('.') == std::string_view::npos ? Dated(text) : Amount(text);
}

uint64_t NumberIn(std::string_view text) {
  std::string bare(text);
  std::erase(bare, ',');
  uint64_t number = 0;
  std::from_chars(bare.data(), bare.data() + bare.size(), number);
  return number;
}

std::string RetoldWithin(std::string_view english, int depth);

std::string Filled(const Pattern& pattern, const std::vector<std::string_view>& places, int depth) {
  fmt::dynamic_format_arg_store<fmt::format_context> arguments;
  for (const std::string_view place : places) arguments.push_back(RetoldWithin(place, depth + 1));
  const std::string& format =
      pattern.text != nullptr ? *pattern.text : FormAmong(*pattern.forms, NumberIn(places.front()));
  return fmt::vformat(format, arguments);
}

// As one text of the catalogue, with or without the full stop that makes a sentence of it.
std::optional<std::string> Whole(std::string_view english, int depth) {
  const auto& texts = Spoken().texts;
  if (const auto exact = texts.find(english); exact != texts.end()) return exact->second;
  for (const Pattern& pattern : SpokenPatterns()) {
    if (pattern.weight < 3) break;  // fits everything
    if (const auto places = Match(pattern, english)) return Filled(pattern, *places, depth);
  }
  if (!english.ends_with('.')) return std::nullopt;
  auto bare = Whole(english.substr(0, english.size() - 1), depth);
  if (bare) *bare += '.';
  return bare;
}

// As many of the first sentences as are one text of the catalogue; of one that is none its own
// words. Leaves the rest.
std::string FirstSentences(std::string_view* english, int depth) {
  for (size_t end = english->size(); end != std::string_view::npos;) {
    if (auto retold = Whole(english->substr(0, end), depth)) {
      english->remove_prefix(std::min(english->size(), end + 1));
      return *std::move(retold);
    }
    const size_t before = end < 2 ? std::string_view::npos : english->rfind(kBoundary, end - 2);
    if (before == std::string_view::npos) break;
    end = before + 1;
  }
  const size_t stop = english->find(kBoundary);
  const std::string_view own = english->substr(0, stop == std::string_view::npos ? stop : stop + 1);
  english->remove_prefix(std::min(english->size(), own.size() + 1));
  return Figure(own);
}

std::string RetoldWithin(std::string_view english, int depth) {
  if (depth > kMaxDepth || english.size() > kMaxText) {
    const auto exact = Spoken().texts.find(english);
    return exact != Spoken().texts.end() ? exact->second : std::string(english);
  }
  std::string text;
  while (!english.empty()) {
    if (!text.empty()) text += ' ';
    text += FirstSentences(&english, depth);
  }
  return text;
}

}  // namespace

std::string Retold(std::string_view english) {
  if (&Spoken() == &English()) return std::string(english);
  return RetoldWithin(english, 0);
}

}  // namespace tillrelay::strings
