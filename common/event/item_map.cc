#include "common/event/item_map.h"

#include <optional>
#include <vector>

#include "common/base/digest.h"
#include "common/base/text.h"
#include "common/event/bounds.h"
#include "common/event/gtin.h"
#include "common/event/item_rules.h"

namespace tillrelay::event {
namespace {

constexpr size_t kMaxRows = 500'000, kVersionDigits = 12;

std::string CodeOf(std::string_view written) {
  const std::string_view code = WithoutBlanks(written);
  std::string gtin = NormaliseGtin(code);
  return gtin.empty() ? std::string(code) : gtin;
}

std::vector<std::string_view> FieldsOf(std::string_view line, char mark) {
  std::vector<std::string_view> fields;
  for (size_t at = 0; at <= line.size();) {
    const size_t end = std::min(line.find(mark, at), line.size());
    std::string_view field = WithoutBlanks(line.substr(at, end - at));
    if (field.size() >= 2 && field.front() == '"' && field.back() == '"') {
      field = field.substr(1, field.size() - 2);
    }
    fields.push_back(field);
    at = end + 1;
  }
  return fields;
}

// Where each column stands.
struct Columns {
  char mark = ',';
  std::optional<size_t> key, code, uom, factor;

  bool Read(std::string_view header) {
    for (const char candidate : {';', '\t'}) {
      if (header.find(candidate) != std::string_view::npos) mark = candidate;
    }
    const auto names = FieldsOf(header, mark);
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i] == "key") key = i;
      if (names[i] == "code") code = i;
      if (names[i] == "uom") uom = i;
      if (names[i] == "factor") factor = i;
    }
    return key && code;
  }
};

std::string_view At(const std::vector<std::string_view>& fields, std::optional<size_t> place) {
  return place && *place < fields.size() ? fields[*place] : std::string_view();
}

Status FaultAt(size_t line, std::string_view what) {
  return Invalid("line " + std::to_string(line) + ": " + std::string(what));
}

Status ReadFactor(std::string_view written, std::optional<Decimal>* factor) {
  if (written.empty()) return Status::Ok();
  const auto value = Decimal::Parse(written);
  if (!value.ok() || value->negative() || value->zero() || !FaultOfQuantity(*value).empty()) {
    return Invalid("the factor is no number above 0");
  }
  if (*value != Decimal::FromMicros(Decimal::kUnit, 0)) *factor = *value;
  return Status::Ok();
}

}  // namespace

Result<ItemMap> ItemMap::Parse(std::string_view text) {
  ItemMap map;
  Columns columns;
  size_t number = 0;
  map.version_ = ToHex(BytesOf(Sha256(text))).substr(0, kVersionDigits);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = WithoutBlanks(text.substr(at, end - at));
    at = end + 1;
    ++number;
    if (line.empty() || line.front() == '#') continue;
    if (!columns.key) {
      if (!columns.Read(line)) return FaultAt(number, "it must name the columns key and code");
      continue;
    }
    if (map.entries_.size() >= kMaxRows) return FaultAt(number, "more than 500,000 rows");
    const auto fields = FieldsOf(line, columns.mark);
    Entry entry{std::string(At(fields, columns.key)), std::nullopt};
    const std::string code = CodeOf(At(fields, columns.code));
    const std::string unit(At(fields, columns.uom));
    for (const std::string& id : {entry.key, code}) {
      if (id.empty() || !FaultOfId(id).empty()) return FaultAt(number, "key or code is none");
    }
    if (auto status = ReadFactor(At(fields, columns.factor), &entry.factor); !status.ok()) {
      return FaultAt(number, status.message());
    }
    const auto [known, fresh] =
        map.entries_.emplace(std::pair(code, unit.empty() ? "" : OneUnit(unit)), entry);
    const bool same = known->second.key == entry.key && known->second.factor == entry.factor;
    if (!fresh && !same) return FaultAt(number, "this code is mapped twice, differently");
  }
  if (!columns.key) return Invalid("it is empty");
  return map;
}

const ItemMap::Entry* ItemMap::Find(const Item& item, std::string_view uom) const {
  const std::string unit = OneUnit(std::string(uom));
  const Entry* by_sku = FindCode(item.sku, unit);
  const Entry* by_gtin = FindCode(item.gtin, unit);
  if (by_sku != nullptr && by_gtin != nullptr) {
    const bool same = by_sku->key == by_gtin->key && by_sku->factor == by_gtin->factor;
    return same ? by_sku : nullptr;
  }
  return by_sku != nullptr ? by_sku : by_gtin;
}

const ItemMap::Entry* ItemMap::FindCode(std::string_view written, const std::string& unit) const {
  if (written.empty()) return nullptr;
  const std::string code = CodeOf(written);
  for (const std::string& of_unit : {unit, std::string()}) {
    const auto found = entries_.find({code, of_unit});
    if (found != entries_.end()) return &found->second;
  }
  return nullptr;
}

}  // namespace tillrelay::event
