#include "agent/formats/poslog/dialect.h"

#include <algorithm>

#include "common/base/text.h"

namespace tillrelay::formats::poslog {
namespace {

struct Uom {
  std::string_view written, code;
};
constexpr Uom kUoms[] = {
    {"", "EA"},     {"EA", "EA"},   {"EACH", "EA"}, {"PCE", "EA"},  {"PCS", "EA"},  {"ST", "EA"},
    {"KG", "KGM"},  {"KGM", "KGM"}, {"G", "GRM"},   {"GRM", "GRM"}, {"LB", "LBR"},  {"LBS", "LBR"},
    {"LBR", "LBR"}, {"OZ", "ONZ"},  {"L", "LTR"},   {"LT", "LTR"},  {"LTR", "LTR"}, {"ML", "MLT"},
    {"M", "MTR"},   {"MTR", "MTR"}, {"CM", "CMT"}};

char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

Dialect DialectOf(const XmlTransaction& transaction) {
  std::string_view version = transaction.root_version;
  const XmlElement root = transaction.tree.root();
  for (const char* body : {"RetailTransaction", "ControlTransaction"}) {
    if (const XmlElement found = root.Child(body); found && !found.Attribute("Version").empty()) {
      version = found.Attribute("Version");
    }
  }
  const std::string prefix = "poslog-" + (IsName(version) ? std::string(version) : "x") + "/";
  const Vendors& vendors = transaction.vendors;
  if (vendors.ncr_acs) {
    return {prefix + "ncr-acs", Voids::kContraLine, TaxRule::kExcluded, "LBR"};
  }
  if (vendors.wincor) return {prefix + "wincor-tpnet", Voids::kPointer, TaxRule::kAsTotalsSay};
  if (vendors.retalix) return {prefix + "retalix-r10", Voids::kInPlace, TaxRule::kIncluded};
  return {prefix + "generic", Voids::kInPlace, TaxRule::kAsTotalsSay};
}

std::string UomOf(std::string_view written) {
  std::string upper(written);
  std::transform(upper.begin(), upper.end(), upper.begin(), Upper);
  for (const Uom& uom : kUoms) {
    if (uom.written == upper) return std::string(uom.code);
  }
  // Another code of the recommendation: two or three letters or digits, taken at its word.
  const auto code = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  const bool plain = upper.size() >= 2 && upper.size() <= 3 && upper == written &&
                     std::all_of(upper.begin(), upper.end(), code);
  return plain ? upper : std::string();
}

}  // namespace tillrelay::formats::poslog
