// What: GS1 identifiers and vocabulary words in their spellings: URN (EPC Tag Data Standard 1.13,
// 6),
//   Digital Link (GS1 Digital Link 1.2), and CBV 2.0 words (bare, URN, web, CURIE).
// Promise: pure; anything else is "", never a guess.
// Thread: any.
#pragma once

#include <string>
#include <string_view>

namespace tillrelay::formats {

struct TradeItem {
  std::string gtin;  // 14 digits; empty: names no trade item
  std::string serial;
};
TradeItem TradeItemOf(std::string_view epc);

struct Place {
  std::string gln;        // 13 digits; empty: names no location
  std::string extension;  // a part of it, such as a register
};
Place PlaceOf(std::string_view id);

// "shipping" of "urn:epcglobal:cbv:bizstep:shipping"; `list` is the URN's part ("bizstep"),
// `prefix` the web vocabulary's ("BizStep"). A foreign vocabulary gives "".
std::string_view CbvWord(std::string_view text, std::string_view list, std::string_view prefix);

// What follows the last separator of a name: "TR-318" of "urn:epcglobal:cbv:bt:9521…:TR-318".
std::string_view LastPart(std::string_view name);

}  // namespace tillrelay::formats
