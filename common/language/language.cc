#include "common/language/language.h"

#include <algorithm>
#include <memory>

#include "common/language/catalogue_files.h"
#include "common/language/text.h"

namespace tillrelay::strings {
namespace {

thread_local const Language* spoken = nullptr;

bool AreDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool IsDay(std::string_view text) {
  return text.size() >= 10 && text[4] == '-' && text[7] == '-' && AreDigits(text.substr(0, 4)) &&
         AreDigits(text.substr(5, 2)) && AreDigits(text.substr(8, 2)) &&
         (text.size() == 10 || text[10] == ' ');
}

std::string Grouped(std::string digits) {
  for (size_t at = digits.size(); at > 3;) digits.insert(at -= 3, Spoken().thousands_mark);
  return digits;
}

std::vector<std::unique_ptr<const Language>> LoadAll() {
  std::vector<std::unique_ptr<const Language>> all;
  all.push_back(std::make_unique<const Language>());
  for (const CatalogueText& file : CatalogueFiles()) {
    all.push_back(std::make_unique<const Language>(ReadCatalogue(file)));
  }
  return all;
}

}  // namespace

const std::vector<const Language*>& Languages() {
  static const auto kAll = LoadAll();
  static const auto kPointers = [] {
    std::vector<const Language*> pointers;
    for (const auto& language : kAll) pointers.push_back(language.get());
    return pointers;
  }();
  return kPointers;
}

const Language& English() { return *Languages().front(); }

const Language* FindLanguage(std::string_view code) {
  const auto& all = Languages();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [code](const Language* one) { return one->code == code; });
  return found == all.end() ? nullptr : *found;
}

const Language& Spoken() { return spoken == nullptr ? English() : *spoken; }

Speaking::Speaking(const Language& language) : before_(spoken) { spoken = &language; }
Speaking::~Speaking() { spoken = before_; }

std::string_view Translated(std::string_view english) {
  if (spoken == nullptr) return english;
  const auto found = spoken->texts.find(english);
  return found == spoken->texts.end() ? english : std::string_view(found->second);
}

std::string_view FormOf(const Plural& plural, uint64_t number) {
  const Language& language = Spoken();
  const auto found = language.plurals.find(plural.one.english());
  if (found == language.plurals.end()) {
    return number == 1 ? plural.one.english() : plural.many.english();
  }
  return FormAmong(found->second, number);
}

const std::string& FormAmong(const std::vector<std::string>& forms, uint64_t number) {
  const auto rule = Spoken().plural;
  const size_t form = rule != nullptr ? rule(number) : number == 1 ? 0 : 1;
  return forms[std::min(form, forms.size() - 1)];
}

namespace {

// Nothing else than a number is changed.
std::string OneAmount(std::string_view text) {
  const bool negative = text.starts_with('-');
  const std::string_view bare = text.substr(negative ? 1 : 0);
  const size_t point = bare.find('.');
  const std::string_view whole = bare.substr(0, point);
  const bool has_part = point != std::string_view::npos;
  if (!AreDigits(whole) || (has_part && !AreDigits(bare.substr(point + 1)))) {
    return std::string(text);
  }
  std::string out = negative ? "-" : "";
  out += Grouped(std::string(whole));
  if (has_part) (out += spoken->decimal_mark) += bare.substr(point + 1);
  return out;
}

}  // namespace

std::string Number(uint64_t number) { return Grouped(std::to_string(number)); }

std::string Fraction(std::string text) {
  const size_t point = text.find('.');
  if (point != std::string::npos) text.replace(point, 1, Spoken().decimal_mark);
  return text;
}

std::string Amount(std::string_view text) {
  if (spoken == nullptr || spoken == &English()) return std::string(text);
  std::string out;
  for (;;) {
    const size_t end = std::min(text.find(", "), text.size());
    const std::string_view one = text.substr(0, end);
    const size_t unit = std::min(one.find(' '), one.size());
    (out += OneAmount(one.substr(0, unit))) += one.substr(unit);
    if (end == text.size()) return out;
    out += ", ";
    text.remove_prefix(end + 2);
  }
}

std::string Dated(std::string_view text) {
  if (spoken == nullptr || spoken == &English() || !IsDay(text)) return std::string(text);
  std::string out = spoken->day;
  const std::pair<std::string_view, std::string_view> parts[] = {
      {"YYYY", text.substr(0, 4)}, {"MM", text.substr(5, 2)}, {"DD", text.substr(8, 2)}};
  for (const auto& [name, digits] : parts) {
    const size_t at = out.find(name);
    if (at != std::string::npos) out.replace(at, name.size(), digits);
  }
  return out += text.substr(10);
}

}  // namespace tillrelay::strings
