#include "agent/formats/csv_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "agent/formats/poslog/element_readers.h"
#include "agent/formats/poslog/vocabulary.h"
#include "common/base/text.h"

namespace tillrelay::formats {
namespace {

using poslog::OneOf;

constexpr std::string_view kMinus = "\xE2\x88\x92";  // U+2212
constexpr std::string_view kNoBreak = "\xC2\xA0", kNarrow = "\xE2\x80\xAF";

// Dollar, euro, pound, yen, rupee, lira, rouble, won, shekel, dong, hryvnia, naira and baht.
constexpr std::string_view kCurrencySigns[] = {"$",
                                               "\xE2\x82\xAC",
                                               "\xC2\xA3",
                                               "\xC2\xA5",
                                               "\xE2\x82\xB9",
                                               "\xE2\x82\xBA",
                                               "\xE2\x82\xBD",
                                               "\xE2\x82\xA9",
                                               "\xE2\x82\xAA",
                                               "\xE2\x82\xAB",
                                               "\xE2\x82\xB4",
                                               "\xE2\x82\xA6",
                                               "\xE0\xB8\xBF"};

struct Meaning {
  std::string_view word, meaning;
};

constexpr Meaning kStatuses[] = {
    {"completed", "completed"},
    {"complete", "completed"},
    {"closed", "completed"},
    {"paid", "completed"},
    {"done", "completed"},
    {"finished", "completed"},
    {"ok", "completed"},
    {"success", "completed"},
    {"succeeded", "completed"},
    {"settled", "completed"},
    {"posted", "completed"},
    {"captured", "completed"},
    {"normal", "completed"},
    {"sold", "completed"},
    {"abgeschlossen", "completed"},
    {"bezahlt", "completed"},
    {"cancelled", "cancelled"},
    {"canceled", "cancelled"},
    {"cancel", "cancelled"},
    {"void", "cancelled"},
    {"voided", "cancelled"},
    {"aborted", "cancelled"},
    {"failed", "cancelled"},
    {"deleted", "cancelled"},
    {"abandoned", "cancelled"},
    {"storno", "cancelled"},
    {"storniert", "cancelled"},
    {"abgebrochen", "cancelled"},
    {"annule", "cancelled"},
    {"annul\xC3\xA9", "cancelled"},
    {"anulado", "cancelled"},
    {"anulada", "cancelled"},
    {"annullato", "cancelled"},
    {"geannuleerd", "cancelled"},
    {"suspended", "suspended"},
    {"parked", "suspended"},
    {"onhold", "suspended"},
    {"hold", "suspended"},
    {"pending", "suspended"},
    {"draft", "suspended"},
    {"geparkt", "suspended"},
    {"training", "training"},
    {"test", "training"},
    {"schulung", "training"},
    {"\xD0\xBE\xD0\xBF\xD0\xBB\xD0\xB0\xD1\x87\xD0\xB5\xD0\xBD", "completed"},
    {"\xD0\xBE\xD0\xBF\xD0\xBB\xD0\xB0\xD1\x87\xD0\xB5\xD0\xBD\xD0\xBE", "completed"},
    {"\xD0\xB7\xD0\xB0\xD0\xB2\xD0\xB5\xD1\x80\xD1\x88\xD0\xB5\xD0\xBD", "completed"},
    {"\xD0\xB7\xD0\xB0\xD0\xB2\xD0\xB5\xD1\x80\xD1\x88\xD1\x91\xD0\xBD", "completed"},
    {"\xD0\xB2\xD1\x8B\xD0\xBF\xD0\xBE\xD0\xBB\xD0\xBD\xD0\xB5\xD0\xBD", "completed"},
    {"\xE5\xB7\xB2\xE5\xAE\x8C\xE6\x88\x90", "completed"},
    {"\xE5\xB7\xB2\xE6\x94\xAF\xE4\xBB\x98", "completed"},
    {"\xE5\xB7\xB2\xE4\xBB\x98\xE6\xAC\xBE", "completed"},
    {"\xE5\xAE\x8C\xE4\xBA\x86", "completed"},
    {"\xE6\x94\xAF\xE6\x89\x95\xE6\xB8\x88", "completed"},
    {"\xE6\x94\xAF\xE6\x89\x95\xE6\xB8\x88\xE3\x81\xBF", "completed"},
    {"\xC3\xB6"
     "dendi",
     "completed"},
    {"tamamland\xC4\xB1", "completed"},
    {"zaplaceno", "completed"},
    {"uhrazeno", "completed"},
    {"dokon\xC4\x8D"
     "eno",
     "completed"},
    {"maksettu", "completed"},
    {"valmis", "completed"},
    {"pagado", "completed"},
    {"pagada", "completed"},
    {"completado", "completed"},
    {"completada", "completed"},
    {"pagato", "completed"},
    {"completato", "completed"},
    {"pay\xC3\xA9", "completed"},
    {"termin\xC3\xA9", "completed"},
    {"zap\xC5\x82"
     "acone",
     "completed"},
    {"op\xC5\x82"
     "acone",
     "completed"},
    {"\xD0\xBE\xD1\x82\xD0\xBC\xD0\xB5\xD0\xBD\xD0\xB5\xD0\xBD", "cancelled"},
    {"\xD0\xBE\xD1\x82\xD0\xBC\xD0\xB5\xD0\xBD\xD1\x91\xD0\xBD", "cancelled"},
    {"\xD0\xBE\xD1\x82\xD0\xBC\xD0\xB5\xD0\xBD\xD0\xB5\xD0\xBD\xD0\xBE", "cancelled"},
    {"\xE5\xB7\xB2\xE5\x8F\x96\xE6\xB6\x88", "cancelled"},
    {"\xE3\x82\xAD\xE3\x83\xA3\xE3\x83\xB3\xE3\x82\xBB\xE3\x83\xAB", "cancelled"},
    {"iptal", "cancelled"},
    {"zru\xC5\xA1"
     "eno",
     "cancelled"},
    {"zru\xC5\xA1"
     "en",
     "cancelled"},
    {"peruttu", "cancelled"},
    {"peruutettu", "cancelled"},
    {"anulowane", "cancelled"}};

constexpr Meaning kKinds[] = {{"sale", "sale"},
                              {"sales", "sale"},
                              {"sold", "sale"},
                              {"purchase", "sale"},
                              {"verkauf", "sale"},
                              {"vente", "sale"},
                              {"venta", "sale"},
                              {"vendita", "sale"},
                              {"verkoop", "sale"},
                              {"return", "return"},
                              {"returned", "return"},
                              {"refund", "return"},
                              {"refunded", "return"},
                              {"retoure", "return"},
                              {"r\xC3\xBC"
                               "ckgabe",
                               "return"},
                              {"rueckgabe", "return"},
                              {"retour", "return"},
                              {"remboursement", "return"},
                              {"devolucion", "return"},
                              {"devoluci\xC3\xB3n", "return"},
                              {"reso", "return"},
                              {"returns", "return"},
                              {"r\xC3\xBC"
                               "cknahme",
                               "return"},
                              {"ruecknahme", "return"},
                              {"stornierung", "cancelled"},
                              {"annulation", "cancelled"},
                              {"anulacion", "cancelled"},
                              {"anulaci\xC3\xB3n", "cancelled"},
                              {"tip", "no_goods"},
                              {"fee", "no_goods"},
                              {"service", "no_goods"},
                              {"giftcard", "no_goods"},
                              {"shipping", "no_goods"},
                              {"discount", "no_goods"},
                              {"void", "cancelled"},
                              {"voided", "cancelled"},
                              {"cancel", "cancelled"},
                              {"cancelled", "cancelled"},
                              {"canceled", "cancelled"},
                              {"cancellation", "cancelled"},
                              {"storno", "cancelled"},
                              {"storniert", "cancelled"},
                              {"abbruch", "cancelled"},
                              {"training", "training"},
                              {"test", "training"},
                              {"schulung", "training"}};

// Headings that are looked at although the profile does not name them.
constexpr Meaning kHeadings[] = {
    {"status", "status"},
    {"state", "status"},
    {"transactionstatus", "status"},
    {"receiptstatus", "status"},
    {"orderstatus", "status"},
    {"salestatus", "status"},
    {"type", "kind"},
    {"kind", "kind"},
    {"transactiontype", "kind"},
    {"receipttype", "kind"},
    {"saletype", "kind"},
    {"eventtype", "kind"},
    {"vorgang", "kind"},
    {"typ", "kind"},
    {"belegart", "kind"},
    {"buchungsart", "kind"},
    {"bewegungsart", "kind"},
    {"documenttype", "kind"},
    {"recordtype", "kind"},
    {"linetype", "kind"},
    {"movementtype", "kind"},
    {"txtype", "kind"},
    {"txntype", "kind"},
    {"transtype", "kind"},
    {"ordertype", "kind"},
    {"transaction", "kind"},
    {"event", "kind"},
    {"operation", "kind"},
    {"action", "kind"},
    {"mode", "kind"},
    {"financialstatus", "status"},
    {"paymentstatus", "status"},
    {"salestate", "status"},
    {"orderstate", "status"},
    {"statut", "status"},
    {"estado", "status"},
    {"stato", "status"},
    {"zustand", "status"},
    {"\xD1\x81\xD1\x82\xD0\xB0\xD1\x82\xD1\x83\xD1\x81", "status"},
    {"\xD1\x81\xD0\xBE\xD1\x81\xD1\x82\xD0\xBE\xD1\x8F\xD0\xBD\xD0\xB8\xD0\xB5", "status"},
    {"\xE7\x8A\xB6\xE6\x80\x81", "status"},
    {"\xE7\x8B\x80\xE6\x85\x8B", "status"},
    {"\xE3\x82\xB9\xE3\x83\x86\xE3\x83\xBC\xE3\x82\xBF\xE3\x82\xB9", "status"},
    {"\xE7\x8A\xB6\xE6\x85\x8B", "status"},
    {"durum", "status"},
    {"stav", "status"},
    {"tila", "status"},
    {"\xD1\x81\xD1\x82\xD0\xB0\xD1\x82\xD1\x83\xD1\x81\xD0\xB7\xD0\xB0\xD0\xBA\xD0\xB0\xD0\xB7\xD0"
     "\xB0",
     "status"},
    {"stockmovement", "kind"},
    {"movement", "kind"},
    {"lagerbewegung", "kind"},
    {"bewegung", "kind"},
    {"void", "void"},
    {"voided", "void"},
    {"isvoid", "void"},
    {"isvoided", "void"},
    {"voidflag", "void"},
    {"cancelled", "void"},
    {"canceled", "void"},
    {"iscancelled", "void"},
    {"iscanceled", "void"},
    {"cancelflag", "void"},
    {"storno", "void"},
    {"storniert", "void"},
    {"deleted", "void"},
    {"isdeleted", "void"},
    {"training", "training"},
    {"istraining", "training"},
    {"trainingflag", "training"},
    {"trainingmode", "training"},
    {"istest", "training"}};

template <size_t N>
std::string_view Find(const Meaning (&table)[N], std::string_view word) {
  for (const Meaning& known : table) {
    if (known.word == word) return known.meaning;
  }
  return {};
}

// "Payment result", "Vorgangsart"; not what becomes of other things than the receipt.
std::string_view DeciderByEnding(std::string_view heading) {
  const auto contains = [heading](std::string_view part) {
    return heading.find(part) != std::string_view::npos;
  };
  for (const std::string_view other : {"tax", "customer", "loyalty", "member", "stock", "fulfil",
                                       "ship", "deliver", "print", "product", "fiscal"}) {
    if (contains(other)) return {};
  }
  for (const std::string_view end : {"status", "statut", "outcome", "result"}) {
    if (heading.ends_with(end)) return "status";
  }
  for (const std::string_view end : {"transactiontype", "receipttype", "vorgangsart", "vorgangstyp",
                                     "belegtyp", "belegart", "buchungsart", "buchungstyp"}) {
    if (heading.ends_with(end)) return "kind";
  }
  return {};
}

bool Strip(std::string_view* text, std::string_view part) {
  if (text->starts_with(part)) {
    text->remove_prefix(part.size());
    return true;
  }
  if (text->ends_with(part)) {
    text->remove_suffix(part.size());
    return true;
  }
  return false;
}

// Takes blanks, signs and, of money, currencies off both ends. False if two signs contradict.
bool StripEnds(std::string_view* text, const NumberStyle& style, bool* negative,
               std::string_view* currency) {
  int signs = 0;
  for (bool more = true; more;) {
    more = Strip(text, " ") || Strip(text, kNoBreak) || Strip(text, kNarrow);
    if (text->size() > 2 && text->front() == '(' && text->back() == ')') {
      *text = text->substr(1, text->size() - 2);
      *negative = more = true;
      ++signs;
    }
    if (Strip(text, "-") || Strip(text, kMinus)) {
      *negative = more = true;
      ++signs;
    } else if (text->starts_with('+')) {
      text->remove_prefix(1);
      more = true;
      ++signs;
    }
    if (!style.money) continue;
    for (const std::string_view sign : kCurrencySigns) {
      if (!Strip(text, sign)) continue;
      if (!currency->empty() && *currency != sign) return false;
      *currency = sign;
      more = true;
    }
    if (!style.code.empty()) more = Strip(text, style.code) || more;
  }
  return signs <= 1;
}

// Groups of three behind a first one of one to three, before the decimal mark.
bool DropThousands(std::string* text, const NumberStyle& style) {
  if (style.thousands_mark == '\0') return true;
  const size_t whole = std::min(text->find(style.decimal_mark), text->size());
  std::string digits;
  size_t group = 0;
  bool marked = false;
  for (size_t i = 0; i < whole; ++i) {
    if ((*text)[i] == style.thousands_mark) {
      if (group == 0 || group > 3 || (marked && group != 3)) return false;
      marked = true;
      group = 0;
    } else {
      digits += (*text)[i];
      ++group;
    }
  }
  if (marked && group != 3) return false;
  *text = digits + text->substr(whole);
  return true;
}

}  // namespace

std::optional<Decimal> ReadCsvNumber(std::string_view text, const NumberStyle& style, bool* rounded,
                                     std::string_view* currency) {
  bool negative = false;
  std::string_view sign;
  if (!StripEnds(&text, style, &negative, &sign)) return std::nullopt;
  if (currency != nullptr) *currency = sign;
  std::string plain(text);
  if (style.thousands_mark == ' ') {
    for (const std::string_view blank : {kNoBreak, kNarrow}) {
      for (size_t at = plain.find(blank); at != std::string::npos; at = plain.find(blank)) {
        plain.replace(at, blank.size(), " ");
      }
    }
  }
  if (!DropThousands(&plain, style)) return std::nullopt;
  if (style.decimal_mark == ',') {
    if (plain.find('.') != std::string::npos) return std::nullopt;
    std::replace(plain.begin(), plain.end(), ',', '.');
  }
  if (plain.starts_with('.')) plain.insert(0, "0");
  if (plain.empty() || plain.front() == '-') return std::nullopt;
  const auto value = Decimal::Parse(plain, rounded);
  if (!value.ok()) return std::nullopt;
  return negative ? -*value : *value;
}

std::string Reformatted(const std::string& text, const std::string& pattern, const char* shape) {
  if (pattern.empty()) return text;
  std::tm parts{};
  const char* rest = strptime(text.c_str(), pattern.c_str(), &parts);
  if (rest == nullptr || *rest != '\0') return {};
  // "%Y" takes 26 for the year 26.
  constexpr int kFirst = 1970 - 1900, kLast = 2199 - 1900;
  if (SaysDay("", pattern) && (parts.tm_year < kFirst || parts.tm_year > kLast)) return {};
  char buffer[32];
  std::string out(buffer, std::strftime(buffer, sizeof buffer, shape, &parts));
  if (pattern.find("%z") != std::string::npos) {
    const long minutes = parts.tm_gmtoff / 60;
    const long size = minutes < 0 ? -minutes : minutes;
    out += fmt::format("{}{:02}:{:02}", minutes < 0 ? '-' : '+', size / 60, size % 60);
  } else if (pattern.ends_with('Z') || pattern.ends_with("UTC") || pattern.ends_with("GMT")) {
    out += 'Z';
  }
  return out;
}

bool SaysDay(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.find('-') != std::string_view::npos && text.size() >= 10;
  return pattern.find("%d") != std::string_view::npos ||
         pattern.find("%e") != std::string_view::npos ||
         pattern.find("%F") != std::string_view::npos ||
         pattern.find("%D") != std::string_view::npos;
}

bool SignFits(std::string_view sign, std::string_view code) {
  if (sign.empty() || code.empty()) return true;
  if (sign == "\xE2\x82\xAC") return code == "EUR";
  if (code == "EUR" || code == "GBP" || code == "CHF") {
    return code == "GBP" && sign == "\xC2\xA3";
  }
  return sign != "\xC2\xA3" || code.ends_with('P');
}

std::string Heading(std::string_view text) {
  std::string heading;
  for (const char c : poslog::SmallLetters(text)) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80) != 0) heading += c;
  }
  return heading;
}

std::string_view CsvMeaning(DecidingColumn column, std::string_view word) {
  const std::string normal = poslog::Normal(word);
  return column == DecidingColumn::kStatus ? Find(kStatuses, normal) : Find(kKinds, normal);
}

std::string_view DeciderByHeading(std::string_view written) {
  const std::string heading = Heading(written);
  const std::string_view decider = Find(kHeadings, heading);
  return decider.empty() ? DeciderByEnding(heading) : decider;
}

bool CouldMeanOthers(std::string_view heading) {
  return OneOf(Heading(heading),
               {"type", "typ", "kind", "transaction", "event", "operation", "action", "mode",
                "state", "orderstate", "estado", "stato", "zustand", "ordertype", "saletype",
                "stockmovement", "movement", "lagerbewegung", "bewegung"});
}

}  // namespace tillrelay::formats
