#include "agent/formats/poslog/dialect.h"

#include "common/base/text.h"

namespace tillrelay::formats::poslog {

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
    return {prefix + "ncr-acs", Voids::kContraLine, TaxRule::kExcluded, "LBR", PostVoids::kUnknown};
  }
  if (vendors.wincor) return {prefix + "wincor-tpnet", Voids::kPointer, TaxRule::kAsTotalsSay};
  if (vendors.retalix) return {prefix + "retalix-r10", Voids::kInPlace, TaxRule::kIncluded};
  if (vendors.roqqio) return {prefix + "roqqio", Voids::kVanished, TaxRule::kAsTotalsSay};
  return {prefix + "generic", Voids::kInPlace, TaxRule::kAsTotalsSay};
}

}  // namespace tillrelay::formats::poslog
