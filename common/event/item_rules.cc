#include "common/event/item_rules.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <span>

#include "common/event/identity.h"

namespace tillrelay::event {
namespace {

struct Uom {
  std::string_view code;
  std::initializer_list<std::string_view> written;
};
const Uom kUoms[] = {
    {"EA",
     {"",
      "EA",
      "EACH",
      "PCE",
      "PCS",
      "PC",
      "ST",
      "STK",
      "UN",
      "UNIT",
      "PIECE",
      "PIECES",
      "PI\303\210CE",
      "PI\303\250CE",
      "PI\303\210CES",
      "PI\303\250CES",
      "STUECK",
      "ST\303\234CK",
      "ST\303\274CK",
      "STUK",
      "STUKS",
      "UNITS",
      "UNIT(S)",
      "UNIT\303\211",
      "UNIT\303\251",
      "UNIT\303\211S",
      "UNIT\303\251S",
      "UNIT\303\211(S)",
      "UNIT\303\251(S)",
      "UNITE",
      "UNITES",
      "UNIDAD",
      "UNIDADES",
      "UNIDAD(ES)",
      "UNIDADE",
      "UNIT\303\200",
      "UNIT\303\240",
      "UNITA",
      "PEZZO",
      "PEZZI",
      "PIEZA",
      "PIEZAS",
      "PE\303\207A",
      "PE\303\247A",
      "ADET",
      "ITEM",
      "ITEMS"}},
    {"KGM",
     {"KG", "KGS", "KGM", "KILO", "KILOS", "KILOGRAM", "KILOGRAMS", "KILOGRAMM", "KILOGRAMME"}},
    {"GRM", {"G", "GR", "GRM", "GRAM", "GRAMS", "GRAMM"}},
    {"LBR", {"LB", "LBS", "LBR", "POUND", "POUNDS"}},
    {"ONZ", {"OZ", "ONZ"}},
    {"LTR", {"L", "LT", "LTR", "LITER", "LITERS", "LITRE", "LITRES"}},
    {"MLT", {"ML", "MLT"}},
    {"CLT", {"CL", "CLT"}},
    {"MTR", {"M", "MTR", "METER", "METERS", "METRE", "METRES"}},
    {"CMT", {"CM", "CMT"}},
    {"FOT", {"FT", "FOT"}},
    {"MTK", {"M2", "QM", "MTK"}}};
// Written all in capitals they may be codes.
const Uom kWords[] = {{"EA", {"NOS", "SZT", "KUS", "PZ", "UD", "UDS", "\321\210\321\202"}}};

std::optional<std::string_view> CodeOf(std::span<const Uom> uoms, std::string_view written) {
  for (const Uom& uom : uoms) {
    if (std::find(uom.written.begin(), uom.written.end(), written) != uom.written.end()) {
      return uom.code;
    }
  }
  return std::nullopt;
}

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
  if (upper.size() > 1 && upper.back() == '.') upper.pop_back();  // "Stk."
  if (const auto code = CodeOf(kUoms, upper)) return std::string(*code);
  // Two or three letters or digits, in capitals.
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  const bool plain = upper.size() >= 2 && upper.size() <= 3 && upper == written &&
                     std::all_of(upper.begin(), upper.end(), letter);
  return plain ? upper : std::string(CodeOf(kWords, upper).value_or(""));
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
