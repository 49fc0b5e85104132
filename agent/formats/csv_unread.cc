#include "agent/formats/csv_unread.h"

#include <algorithm>
#include <vector>

#include "agent/formats/csv_values.h"
#include "agent/formats/poslog/element_readers.h"
#include "agent/formats/poslog/vocabulary.h"

namespace tillrelay::formats {
namespace {

using Words = std::initializer_list<std::string_view>;
using poslog::OneOf;

constexpr size_t kMaxValueBytes = 48, kMaxTokens = 4;

bool Contains(std::string_view text, Words parts) {
  return std::any_of(parts.begin(), parts.end(), [text](std::string_view part) {
    return text.find(part) != std::string_view::npos;
  });
}
bool StartsWith(std::string_view text, Words starts) {
  return std::any_of(starts.begin(), starts.end(),
                     [text](std::string_view start) { return text.starts_with(start); });
}

// Headings whose cells are written by people, or name things.
bool IsFreeText(std::string_view heading) {
  return Contains(
             heading,
             {"product",   "produkt", "artikel",  "article", "name",     "desc",       "beschreib",
              "bezeichn",  "title",   "titel",    "note",    "notiz",    "comment",    "kommentar",
              "remark",    "bemerk",  "brand",    "marke",   "category", "kategorie",  "department",
              "gruppe",    "group",   "customer", "kunde",   "address",  "vendor",     "supplier",
              "text",      "tags",    "policy",   "url",     "email",    "collection", "variant",
              "modifier",  "memo",    "detail",   "label",   "libel",    "design",     "nombre",
              "omschrijv", "opis",    "beskriv",  "model",   "style",    "author",     "publisher",
              "family",    "famille", "familia",  "colour",  "color"}) ||
         OneOf(heading, {"item", "items", "info", "information", "message", "size", "class",
                         "subclass", "nom", "nome", "line", "goods", "ware", "sku"});
}

// Remarks about something that did not happen, or was taken back, are there only if it was.
bool IsRemark(std::string_view heading) {
  return Contains(heading, {"note", "notiz", "comment", "kommentar", "remark", "bemerk", "memo",
                            "detail", "message", "info", "text", "desc"});
}

// In small letters; bytes outside ASCII belong to a word.
std::vector<std::string> Tokens(std::string_view value) {
  std::vector<std::string> tokens;
  bool open = false;
  for (const char c : poslog::SmallLetters(value)) {
    if ((c < 'a' || c > 'z') && (c & 0x80) == 0) {
      open = false;
      continue;
    }
    if (!open) tokens.emplace_back();
    open = true;
    tokens.back() += c;
  }
  return tokens;
}

Unread TokenTells(std::string_view token) {
  if (token.ends_with("able")) return Unread::kNothing;
  if (StartsWith(token, {"return", "refund", "retour", "devoluci",
                         "r\xC3\xBC"
                         "ckgabe",
                         "rueckgabe",
                         "r\xC3\xBC"
                         "cknahme",
                         "ruecknahme", "remboursement", "erstatt",
                         "zur\xC3\xBC"
                         "ck",
                         "zurueck"}) ||
      OneOf(token, {"rtn", "gutschrift", "reso", "rimborso", "ritorno", "terug", "chargeback",
                    "exchange", "umtausch"})) {
    return Unread::kCameBack;
  }
  if (StartsWith(token, {"void", "cancel", "storn", "training", "suspend", "annul", "anula",
                         "abgebrochen", "abort", "revers", "geannuleerd", "geschult", "declin",
                         "gel\xC3\xB6scht", "geloescht", "abgelehnt"}) ||
      OneOf(token, {"postvoid", "deleted", "schulung", "abbruch", "parked", "quote", "quoted",
                    "quotation", "draft", "unpaid", "rejected", "failed", "incomplete"})) {
    return Unread::kNotHappened;
  }
  return Unread::kNothing;
}

// Which way money or goods went, by a sign or a letter.
bool IsDirection(std::string_view heading) {
  return OneOf(heading, {"direction", "sign", "inout", "dc", "drcr", "debitcredit", "plusminus",
                         "vorzeichen", "richtung", "sollhaben", "sens", "signo", "segno"});
}

}  // namespace

bool IsNothing(std::string_view value) {
  const auto flag = poslog::ReadFlag(value);
  if (flag && !*flag) return true;
  const bool digits = value.find_first_of("123456789") == std::string_view::npos &&
                      value.find('0') != std::string_view::npos &&
                      value.find_first_of("abcdefghijklmnopqrstuvwxyz") == std::string_view::npos;
  const std::string word = poslog::Normal(value);
  return digits || OneOf(word, {"", "-", "none", "null", "nil", "n/a", "na", "never", "keine"});
}

bool IsDecisiveCode(std::string_view value) {
  return OneOf(poslog::Normal(value), {"r", "rt", "rtn", "ret", "rf", "rfd", "sr", "cn", "v", "vd",
                                       "vo", "x", "xx", "c", "st"});
}

UnreadColumn::UnreadColumn(std::string_view written) {
  const std::string heading = Heading(written);
  direction_ = IsDirection(heading) || (heading.empty() && !written.empty());
  matters_ = !IsFreeText(heading) || IsRemark(heading);
  free_text_ = IsFreeText(heading);
  if (!matters_ || Contains(heading, {"able", "window", "count", "until", "policy"})) return;
  if (Contains(heading, {"returned", "refund", "exchanged", "retoure", "rueckgabe",
                         "r\xC3\xBC"
                         "ckgabe"}) ||
      OneOf(heading,
            {"return", "isreturn", "returns", "returnflag", "returnreason", "returnid", "returnno",
             "returndate", "retour", "originalreceipt", "originalreceiptno"})) {
    by_heading_ = Unread::kCameBack;
  } else if (Contains(heading, {"void", "cancel", "storn", "training", "suspend", "annul", "anulad",
                                "reversal", "reversed", "deletedat", "aborted"}) ||
             OneOf(heading, {"test", "istest", "testmode", "demo", "isdemo", "deleted", "parked",
                             "draft", "isdraft"})) {
    by_heading_ = Unread::kNotHappened;
  }
  remark_ = Contains(heading, {"note", "notiz", "comment", "kommentar", "remark", "bemerk"});
  matters_ = !free_text_ || remark_ || by_heading_ != Unread::kNothing;
}

Unread UnreadColumn::Tells(std::string_view value) const {
  if (value.empty() || !matters_) return Unread::kNothing;
  if (by_heading_ != Unread::kNothing && !IsNothing(value)) return by_heading_;
  if (free_text_) return remark_ && Tokens(value).size() == 1 ? WordsTell(value) : Unread::kNothing;
  if (direction_ && OneOf(poslog::Normal(value), {"-", "-1", "in", "minus", "negative", "c", "cr",
                                                  "credit", "h", "haben", "eingang", "zugang"})) {
    return Unread::kCameBack;
  }
  return WordsTell(value);
}

Unread WordsTell(std::string_view value) {
  if (value.size() > kMaxValueBytes) return Unread::kNothing;
  const auto tokens = Tokens(value);
  if (tokens.size() > kMaxTokens) return Unread::kNothing;
  Unread reported = Unread::kNothing;
  for (const std::string& token : tokens) reported = std::max(reported, TokenTells(token));
  return reported;
}

}  // namespace tillrelay::formats
