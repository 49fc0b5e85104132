#include "agent/formats/gs1_names.h"

#include "common/base/text.h"
#include "common/event/gtin.h"

namespace tillrelay::formats {
namespace {

constexpr size_t kMaxExtensionBytes = 32;

// The key with the check digit that makes it right.
std::string WithCheckDigit(std::string digits) {
  digits += '0';
  for (char c = '0'; c <= '9'; ++c) {
    digits.back() = c;
    if (event::HasGs1CheckDigit(digits)) return digits;
  }
  return {};
}

// "a.b.c" in three; the last may hold further points.
struct Parts {
  std::string_view company, reference, rest;
};
bool Split(std::string_view text, Parts* parts) {
  const size_t first = text.find('.');
  if (first == std::string_view::npos) return false;
  const size_t second = text.find('.', first + 1);
  parts->company = text.substr(0, first);
  parts->reference = text.substr(
      first + 1, second == std::string_view::npos ? std::string_view::npos : second - first - 1);
  parts->rest = second == std::string_view::npos ? std::string_view() : text.substr(second + 1);
  return AllDigits(parts->company) && AllDigits(parts->reference);
}

bool Strip(std::string_view* text, std::string_view prefix) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

// A serial number is the same with its marks written as they are or as %2F.
std::string Unescaped(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](size_t at) {
      const char c = text[at];
      if (c >= '0' && c <= '9') return c - '0';
      if (c >= 'A' && c <= 'F') return c - 'A' + 10;
      return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    };
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && digit(i + 1) >= 0 && digit(i + 2) >= 0;
    if (escape) {
      plain += static_cast<char>(digit(i + 1) * 16 + digit(i + 2));
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// The value behind an application identifier in a Digital Link: ".../01/09521234000013/21/7".
std::string_view LinkValue(std::string_view link, std::string_view ai) {
  if (!link.starts_with("https://") && !link.starts_with("http://")) return {};
  link = link.substr(0, link.find_first_of("?#"));
  const std::string part = "/" + std::string(ai) + "/";
  const size_t at = link.find(part);
  if (at == std::string_view::npos) return {};
  const std::string_view value = link.substr(at + part.size());
  return value.substr(0, value.find('/'));
}

}  // namespace

TradeItem TradeItemOf(std::string_view epc) {
  TradeItem item;
  const bool serial = epc.starts_with("urn:epc:id:sgtin:");
  std::string_view name = epc;
  if (Strip(&name, "urn:epc:id:sgtin:") || Strip(&name, "urn:epc:idpat:sgtin:") ||
      Strip(&name, "urn:epc:class:lgtin:")) {
    Parts parts;
    if (!Split(name, &parts) || parts.company.size() + parts.reference.size() != 13 ||
        parts.reference.empty()) {
      return item;
    }
    item.gtin = WithCheckDigit(std::string(parts.reference.substr(0, 1)) +
                               std::string(parts.company) + std::string(parts.reference.substr(1)));
    if (serial) item.serial = Unescaped(parts.rest);
    return item;
  }
  const std::string_view gtin = LinkValue(epc, "01");
  if (!AllDigits(gtin) || gtin.size() < 8 || gtin.size() > 14) return item;
  item.gtin = std::string(14 - gtin.size(), '0') + std::string(gtin);
  if (!event::HasGs1CheckDigit(item.gtin)) item.gtin.clear();
  if (!item.gtin.empty()) item.serial = Unescaped(LinkValue(epc, "21"));
  return item;
}

Place PlaceOf(std::string_view id) {
  Place place;
  std::string_view name = id;
  if (Strip(&name, "urn:epc:id:sgln:") || Strip(&name, "urn:epc:id:pgln:")) {
    Parts parts;
    if (!Split(name, &parts) || parts.company.size() + parts.reference.size() != 12) return place;
    place.gln = WithCheckDigit(std::string(parts.company) + std::string(parts.reference));
    if (parts.rest != "0") place.extension = parts.rest.substr(0, kMaxExtensionBytes);
    return place;
  }
  for (const char* ai : {"414", "417"}) {
    const std::string_view gln = LinkValue(id, ai);
    if (gln.size() != 13 || !event::HasGs1CheckDigit(gln)) continue;
    place.gln = gln;
    place.extension = LinkValue(id, "254").substr(0, kMaxExtensionBytes);
    return place;
  }
  return place;
}

std::string_view CbvWord(std::string_view text, std::string_view list, std::string_view prefix) {
  if (Strip(&text, "urn:epcglobal:cbv:")) {
    return Strip(&text, list) && Strip(&text, ":") ? text : std::string_view();
  }
  const bool vocabulary = Strip(&text, "https://ref.gs1.org/cbv/") || Strip(&text, "cbv:");
  if (vocabulary) return Strip(&text, prefix) && Strip(&text, "-") ? text : std::string_view();
  return text.find(':') == std::string_view::npos ? text : std::string_view();
}

std::string_view LastPart(std::string_view name) {
  name = name.substr(0, name.find('?'));
  const size_t at = name.find_last_of(":/;");
  return at == std::string_view::npos ? name : name.substr(at + 1);
}

}  // namespace tillrelay::formats
