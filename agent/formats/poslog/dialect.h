// What: what makers of tills disagree about in POSLog, and which maker wrote a document.
// Promise: one enum per question; nothing else in the mapper asks for a maker's name.
// Thread: any (values).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/formats/poslog/xml_reader.h"

namespace tillrelay::formats::poslog {

// How a line is taken back. docs/formats.md, "Line voids".
enum class Voids : uint8_t {
  kInPlace,     // the flag stands on the line itself: drop it
  kContraLine,  // a flagged line of negative quantity cancels an earlier, unflagged one
  kPointer,     // a flagged line names the line that it cancels: drop both
};

// Whether prices hold the tax already.
enum class TaxRule : uint8_t { kExcluded, kIncluded, kAsTotalsSay };

struct Dialect {
  std::string name;  // "poslog-2.1/ncr-acs"
  Voids voids = Voids::kInPlace;
  TaxRule tax = TaxRule::kAsTotalsSay;
  std::string_view weight_uom = "KGM";  // of a weighed line that names no unit
};

Dialect DialectOf(const XmlTransaction& transaction);

// The unit of UN/ECE Recommendation 20 for a unit as tills write it; "" if it is none.
std::string UomOf(std::string_view written);

}  // namespace tillrelay::formats::poslog
