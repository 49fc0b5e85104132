// Reads catalogues: gettext's .po as far as we need it, and the rules that its header names.
#include <algorithm>
#include <iterator>

#include "common/language/language.h"

namespace tillrelay::strings {
namespace {

std::string Unquoted(std::string_view line) {
  const size_t begin = line.find('"'), end = line.rfind('"');
  std::string text;
  if (begin == std::string_view::npos || end <= begin) return text;
  for (size_t at = begin + 1; at < end; ++at) {
    if (line[at] != '\\' || at + 1 >= end) {
      text += line[at];
      continue;
    }
    ++at;
    text += line[at] == 'n' ? '\n' : line[at];
  }
  return text;
}

// One entry: msgid, msgid_plural, msgstr or msgstr[0] and on.
struct Entry {
  bool begun = false;
  std::string id, id_plural;
  std::vector<std::string> forms;
};

size_t One(uint64_t number) { return number == 1 ? 0 : 1; }
size_t OneOrNone(uint64_t number) { return number <= 1 ? 0 : 1; }
size_t Never(uint64_t) { return 0; }
size_t Polish(uint64_t number) {
  if (number == 1) return 0;
  const bool few = number % 10 >= 2 && number % 10 <= 4 && (number % 100 < 12 || number % 100 > 14);
  return few ? 1 : 2;
}

// As gettext's manual lists them.
constexpr std::pair<std::string_view, size_t (*)(uint64_t)> kPlurals[] = {
    {"nplurals=2; plural=(n != 1);", One},
    {"nplurals=2; plural=(n > 1);", OneOrNone},
    {"nplurals=1; plural=0;", Never},
    {"nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);",
     Polish}};

std::string_view HeaderOf(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const size_t end = std::min(header.find('\n'), header.size());
    const std::string_view line = header.substr(0, end);
    header.remove_prefix(std::min(header.size(), end + 1));
    if (line.starts_with(name) && line.substr(name.size()).starts_with(": ")) {
      return line.substr(name.size() + 2);
    }
  }
  return {};
}

void TakeHeader(std::string_view header, Language* language) {
  const std::pair<std::string_view, std::string*> parts[] = {
      {"X-Name", &language->name},
      {"X-Decimal-Mark", &language->decimal_mark},
      {"X-Thousands-Mark", &language->thousands_mark},
      {"X-Day", &language->day}};
  for (const auto& [name, out] : parts) {
    if (const std::string_view value = HeaderOf(header, name); !value.empty()) *out = value;
  }
  const std::string_view rule = HeaderOf(header, "Plural-Forms");
  for (const auto& [text, function] : kPlurals) {
    if (text == rule) language->plural = function;
  }
}

void Take(Entry entry, Language* language) {
  if (!entry.begun || entry.forms.empty()) return;
  if (entry.id.empty()) return TakeHeader(entry.forms.front(), language);
  if (std::any_of(entry.forms.begin(), entry.forms.end(),
                  [](const std::string& form) { return form.empty(); })) {
    return;  // not translated yet
  }
  if (entry.id_plural.empty()) {
    language->texts.emplace(std::move(entry.id), std::move(entry.forms.front()));
  } else {
    language->plural_ids.emplace(entry.id, std::move(entry.id_plural));
    language->plurals.emplace(std::move(entry.id), std::move(entry.forms));
  }
}

}  // namespace

Language ReadCatalogue(const CatalogueText& file) {
  Language language;
  language.code = language.name = file.code;
  Entry entry;
  std::string* open = nullptr;  // what a line that begins with a quote goes on with
  std::string_view rest = file.text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(rest.size(), end + 1));
    if (line.starts_with("msgid_plural ")) {
      open = &entry.id_plural;
    } else if (line.starts_with("msgid ")) {
      Take(std::move(entry), &language);
      entry = {};
      entry.begun = true;
      open = &entry.id;
    } else if (line.starts_with("msgstr")) {
      open = &entry.forms.emplace_back();
    } else if (!line.starts_with('"')) {
      continue;
    }
    if (open != nullptr) *open += Unquoted(line);
  }
  Take(std::move(entry), &language);
  return language;
}

}  // namespace tillrelay::strings
