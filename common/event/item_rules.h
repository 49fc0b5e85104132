// What: rules for the items and units of lines that every format shares.
// Thread: any (pure).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/event/event.h"

namespace tillrelay::event {

// Whether `code` is one of `patterns`: exactly, or by its beginning where a pattern ends in "*".
bool MatchesCode(std::string_view code, const std::vector<std::string>& patterns);

// By sku, or by GTIN in any of its lengths.
bool IsNonStock(const Item& item, const std::vector<std::string>& patterns);

// The unit of UN/ECE Recommendation 20 for a unit as tills write it ("kg", "PCE", "lb"; nothing is
// each); another code of the recommendation is taken at its word; "" if it can be none.
std::string UomOf(std::string_view written);

// The one code of units that are the same: C62 (one), H87 (piece) and PCE are EA. Others stay.
std::string OneUnit(const std::string& uom);

std::string_view WithoutBlanks(std::string_view id);

}  // namespace tillrelay::event
