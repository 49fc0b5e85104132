#include "common/event/item_rules.h"

#include <algorithm>

#include "common/event/identity.h"

namespace tillrelay::event {
namespace {

struct Uom {
  std::string_view written, code;
};
constexpr Uom kUoms[] = {
    {"", "EA"},      {"EA", "EA"},     {"EACH", "EA"},   {"PCE", "EA"},         {"PCS", "EA"},
    {"PC", "EA"},    {"ST", "EA"},     {"STK", "EA"},    {"UN", "EA"},          {"UNIT", "EA"},
    {"KG", "KGM"},   {"KGS", "KGM"},   {"KGM", "KGM"},   {"KILO", "KGM"},       {"G", "GRM"},
    {"GR", "GRM"},   {"GRM", "GRM"},   {"LB", "LBR"},    {"LBS", "LBR"},        {"LBR", "LBR"},
    {"OZ", "ONZ"},   {"ONZ", "ONZ"},   {"L", "LTR"},     {"LT", "LTR"},         {"LTR", "LTR"},
    {"ML", "MLT"},   {"MLT", "MLT"},   {"CL", "CLT"},    {"M", "MTR"},          {"MTR", "MTR"},
    {"CM", "CMT"},   {"CMT", "CMT"},   {"FT", "FOT"},    {"M2", "MTK"},         {"QM", "MTK"},
    {"PIECE", "EA"}, {"PIECES", "EA"}, {"STUECK", "EA"}, {"ST\303\274CK", "EA"}};

char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

bool MatchesCode(std::string_view code, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [code](std::string_view pattern) {
    if (!pattern.ends_with('*')) return code == pattern;
    pattern.remove_suffix(1);
    return code.starts_with(pattern);
  });
}

bool IsNonStock(const Item& item, const std::vector<std::string>& patterns) {
  if (patterns.empty()) return false;
  if (!item.sku.empty() && MatchesCode(item.sku, patterns)) return true;
  if (item.gtin.empty()) return false;
  return MatchesCode(item.gtin, patterns) || MatchesCode(WithoutLeadingZeros(item.gtin), patterns);
}

std::string UomOf(std::string_view written) {
  std::string upper(written);
  std::transform(upper.begin(), upper.end(), upper.begin(), Upper);
  for (const Uom& uom : kUoms) {
    if (uom.written == upper) return std::string(uom.code);
  }
  // Two or three letters or digits, in capitals.
  const auto code = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  const bool plain = upper.size() >= 2 && upper.size() <= 3 && upper == written &&
                     std::all_of(upper.begin(), upper.end(), code);
  return plain ? upper : std::string();
}

std::string OneUnit(const std::string& uom) {
  std::string upper(WithoutBlanks(uom));
  std::transform(upper.begin(), upper.end(), upper.begin(), Upper);
  std::string code = UomOf(upper);
  // One, a piece, a number of articles.
  for (const char* same : {"C62", "H87", "NAR"}) {
    if (code == same) return "EA";
  }
  return code.empty() ? uom : code;
}

std::string_view WithoutBlanks(std::string_view id) {
  // Also those that are seen by nobody: no-break, thin, narrow and wide blanks, the byte order
  // mark.
  constexpr std::string_view kBlanks[] = {" ",
                                          "\t",
                                          "\r",
                                          "\n",
                                          "\xC2\xA0",
                                          "\xE2\x80\x89",
                                          "\xE2\x80\x8B",
                                          "\xE2\x80\xAF",
                                          "\xE3\x80\x80",
                                          "\xEF\xBB\xBF"};
  for (bool more = true; more;) {
    more = false;
    for (const std::string_view blank : kBlanks) {
      if (id.starts_with(blank)) {
        id.remove_prefix(blank.size());
        more = true;
      } else if (id.ends_with(blank)) {
        id.remove_suffix(blank.size());
        more = true;
      }
    }
  }
  return id;
}

}  // namespace tillrelay::event
