// What: the shop's map of articles: numbers, GTINs, units and packs to one key.
// Promise: pure and immutable. A map with a fault is refused as a whole, by its line. Valid GTINs
// are
//   one code whatever their leading zeros, and units one by UN/ECE Recommendation 20.
// Thread: any.
// Limits: 500,000 rows; kMaxItemMapBytes is for whoever reads the file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/decimal.h"
#include "common/base/status.h"
#include "common/event/event.h"

namespace tillrelay::event {

inline constexpr size_t kMaxItemMapBytes = 64 * 1024 * 1024;

class ItemMap {
 public:
  struct Entry {
    std::string key;
    std::optional<Decimal> factor;  // of the key's unit in one of the code's; none: one
  };

  // Lines of `key`, `code` and, if wanted, `uom` and `factor`, named by the first one, parted by
  // comma, semicolon or tab; what begins with "#" is left out.
  static Result<ItemMap> Parse(std::string_view text);

  // Nothing where neither number nor GTIN is known in that unit, or where they name two articles.
  const Entry* Find(const Item& item, std::string_view uom) const;
  // Tells contents apart: 12 hexadecimal digits.
  const std::string& version() const { return version_; }
  size_t rows() const { return entries_.size(); }

 private:
  const Entry* FindCode(std::string_view code, const std::string& unit) const;

  std::string version_;
  std::map<std::pair<std::string, std::string>, Entry> entries_;  // by code and unit; "" is any
};

}  // namespace tillrelay::event
