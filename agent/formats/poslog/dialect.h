// What: what makers of tills disagree about in POSLog, and which maker wrote a document.
// Promise: one enum per question; nothing else in the mapper asks for a maker's name.
// Thread: any (values).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/formats/poslog/xml_reader.h"
#include "agent/formats/self_check.h"

namespace tillrelay::formats::poslog {

// How a line is taken back. docs/formats.md, "Voided lines".
enum class Voids : uint8_t {
  kInPlace,     // A: the flag stands on the line itself: drop it
  kContraLine,  // B: a flagged line of negative quantity cancels an earlier, unflagged one
  kPointer,     // C: a flagged line names the line that it cancels: drop both
  kVanished,    // D: the line is not there any more; a gap in the line numbers tells of it
};

// How a post-void tells the lines that it takes back. docs/formats.md, "Post-voids".
enum class PostVoids : uint8_t {
  kByStandard,  // as the original told them, or all of them negated
  kUnknown,     // returns are negative sales: a negated sale looks like one, so it is refused
};

struct Dialect {
  std::string name;  // "poslog-2.1/ncr-acs"
  Voids voids = Voids::kInPlace;
  TaxRule tax = TaxRule::kAsTotalsSay;
  std::string_view weight_uom = "KGM";  // of a weighed line that names no unit
  PostVoids post_voids = PostVoids::kByStandard;
};

Dialect DialectOf(const XmlTransaction& transaction);

}  // namespace tillrelay::formats::poslog
