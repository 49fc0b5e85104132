#include "agent/formats/csv_constants.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/formats/csv_values.h"
#include "agent/formats/poslog/element_readers.h"
#include "agent/formats/poslog/vocabulary.h"
#include "common/base/text.h"
#include "common/event/identity.h"
#include "common/event/item_rules.h"

namespace tillrelay::formats {
namespace {

using poslog::OneOf;

bool IsUnit(std::string_view heading) {
  return OneOf(heading,
               {"uom", "uomcode", "unitofmeasure", "unitofmeasurecode", "unitofmeasurement",
                "quantityunit", "quantityuom", "qtyuom", "qtyunit", "salesuom", "salesunit",
                "sellinguom", "sellingunit", "mengeneinheit", "verkaufseinheit",
                "unit\xC3\xA9"
                "demesure",
                "unidaddemedida",
                "unit\xC3\xA0"
                "dimisura",
                "jednostkamiary"});
}

// A department may be called a unit as well: only a unit that is known counts.
bool MayBeUnit(std::string_view heading) {
  return OneOf(heading, {"unit", "unitcode", "me", "einheit", "vke", "unite", "unit\xC3\xA9",
                         "unidad", "unidade", "unita", "unit\xC3\xA0", "eenheid", "enhet", "enhed",
                         "jm", "birim", "yksikk\xC3\xB6"});
}

bool IsCurrency(std::string_view heading) {
  return OneOf(heading,
               {"currency", "currencycode", "transactioncurrency", "waehrung", "w\xC3\xA4hrung",
                "devise", "moneda", "moeda", "valuta", "waluta", "valuutta", "parabirimi"});
}

bool IsStore(std::string_view heading) {
  return OneOf(heading, {"store",          "storeid",      "storeno",       "storenr",
                         "storenumber",    "storecode",    "filiale",       "filialid",
                         "filialnr",       "filialnummer", "branch",        "branchid",
                         "branchno",       "branchnumber", "branchcode",    "shop",
                         "shopid",         "shopno",       "shopnumber",    "outlet",
                         "outletid",       "outletno",     "outletnumber",  "site",
                         "siteid",         "markt",        "marktnr",       "marktnummer",
                         "tienda",         "magasin",      "negozio",       "loja",
                         "winkel",         "butik",        "sklep",         "location",
                         "locationid",     "warehouse",    "warehouseid",   "lager",
                         "lagerort",       "fromstore",    "shipfromstore", "fulfillmentstore",
                         "fulfilmentstore"});
}

bool IsOwnStore(const CsvProfile& profile, std::string_view value) {
  const auto is_it = [bare = event::WithoutLeadingZeros(value)](const std::string& name) {
    return event::WithoutLeadingZeros(name) == bare;
  };
  return is_it(profile.store_id) ||
         std::any_of(profile.store_aliases.begin(), profile.store_aliases.end(), is_it);
}

event::Rejection Refusal(const CsvProfile& profile, std::string_view heading, const char* reason,
                         const char* column, std::string_view text) {
  return {
      reason, Printable(heading, 60),
      fmt::format("{}: name it as columns.{} in [drop_folder.csv.{}.columns], or put its heading "
                  "into `ignored` if it decides nothing",
                  text, column, profile.name)};
}

}  // namespace

UnreadConstant::UnreadConstant(const std::string& written) : written_(written) {
  const std::string heading = Heading(written);
  if (IsUnit(heading)) of_ = Of::kUnit;
  if (MayBeUnit(heading)) of_ = Of::kPerhapsUnit;
  if (IsCurrency(heading)) of_ = Of::kCurrency;
  if (IsStore(heading)) of_ = Of::kStore;
}

bool UnreadConstant::matters(const CsvProfile& profile) const {
  switch (of_) {
    case Of::kNothing:
      return false;
    case Of::kUnit:
    case Of::kPerhapsUnit:
      return !profile.columns.contains("uom");
    case Of::kCurrency:
      return !profile.columns.contains("currency") && !profile.currency.empty();
    case Of::kStore:
      return !profile.columns.contains("store");
  }
  return false;
}

std::optional<event::Rejection> UnreadConstant::Contradicts(const CsvProfile& profile,
                                                            std::string_view cell) const {
  const std::string_view value = event::WithoutBlanks(cell);
  if (value.empty()) return std::nullopt;
  const std::string shown = Printable(value, 40);
  if (of_ == Of::kUnit || of_ == Of::kPerhapsUnit) {
    const bool unknown = event::UomOf(value).empty();
    if (AllDigits(value) || (unknown && of_ == Of::kPerhapsUnit)) return std::nullopt;
    if (event::OneUnit(std::string(value)) == event::OneUnit(profile.uom)) return std::nullopt;
    return Refusal(
        profile, written_, "bad-value", "uom",
        fmt::format("the unit is \"{}\" here, and the profile says {}", shown, profile.uom));
  }
  if (of_ == Of::kCurrency) {
    const bool code = value.size() == 3 && std::all_of(value.begin(), value.end(), [](char c) {
                        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                      });
    if (!code || poslog::Normal(value) == poslog::Normal(profile.currency)) return std::nullopt;
    return Refusal(profile, written_, "bad-value", "currency",
                   fmt::format("the currency is \"{}\" here, and the profile says {}", shown,
                               profile.currency));
  }
  // A place within the store has a name, or a number of another length.
  const bool like_a_store = AllDigits(value) && value.size() == profile.store_id.size();
  if (of_ != Of::kStore || !like_a_store || IsOwnStore(profile, value)) return std::nullopt;
  return Refusal(
      profile, written_, "foreign-store", "store",
      fmt::format("this row is of \"{}\", and this server is store {}", shown, profile.store_id));
}

}  // namespace tillrelay::formats
