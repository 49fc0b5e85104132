#include "agent/formats/csv_unread.h"

#include <algorithm>
#include <vector>

#include "agent/formats/csv_values.h"
#include "agent/formats/poslog/decisive_words.h"
#include "agent/formats/poslog/element_readers.h"
#include "agent/formats/poslog/vocabulary.h"
#include "common/event/item_rules.h"

namespace tillrelay::formats {
namespace {

using Words = std::initializer_list<std::string_view>;
using poslog::Contains;
using poslog::OneOf;

constexpr size_t kMaxValueBytes = 48, kMaxTokens = 4;

bool StartsWith(std::string_view text, Words starts) {
  return std::any_of(starts.begin(), starts.end(),
                     [text](std::string_view start) { return text.starts_with(start); });
}

// Headings of who did something and of what was granted, unless they speak of goods that came back
// or of what did not happen.
bool NamesPeopleOrOffers(std::string_view heading) {
  return Contains(heading, {"cashier", "kassierer", "bediener", "operator", "employee", "staff",
                            "salesperson", "sales person", "verk\xC3\xA4ufer", "verkaeufer",
                            "vendeur", "cajero", "cassiere", "coupon", "promo", "served"}) &&
         !Contains(heading, {"return", "refund", "void", "cancel", "storn", "training"});
}

// Headings whose cells are written by people, or name things.
bool IsFreeText(std::string_view heading) {
  if (NamesPeopleOrOffers(heading)) return true;
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

bool SaysBack(std::string_view token) {
  return StartsWith(token, {"return",
                            "refund",
                            "retour",
                            "devoluci",
                            "devuelt",
                            "r\xC3\xBC"
                            "ckgabe",
                            "rueckgabe",
                            "r\xC3\xBC"
                            "cknahme",
                            "ruecknahme",
                            "rembours",
                            "reembols",
                            "rimbors",
                            "erstatt",
                            "zur\xC3\xBC"
                            "ck",
                            "zurueck",
                            "restock",
                            "zwrot",
                            "zwr\xC3\xB3"
                            "c",
                            "\xD0\xB2\xD0\xBE\xD0\xB7\xD0\xB2\xD1\x80\xD0\xB0",
                            "vr\xC3\xA1"
                            "cen",
                            "iade",
                            "palaut",
                            "\xE8\xBF\x94\xE5\x93\x81",
                            "\xE8\xBF\x94\xE9\x87\x91",
                            "\xE9\x80\x80\xE8\xB4\xA7",
                            "\xE9\x80\x80\xE6\xAC\xBE",
                            "devolu",
                            "devolv",
                            "r\xC3\xBC"
                            "cksend",
                            "ruecksend",
                            "retur",
                            "hyvitys",
                            "vissz\xC3\xA1r",
                            "visszav\xC3\xA9t",
                            "dobropis",
                            "kreditnot",
                            "kreditfakt",
                            "creditnot",
                            "creditfact",
                            "rechnungskorr",
                            "\xCE\xB5\xCF\x80\xCE\xB9\xCF\x83\xCF\x84\xCF\x81\xCE\xBF\xCF\x86",
                            "\xCF\x80\xCE\xB9\xCF\x83\xCF\x84\xCF\x89\xCF\x84\xCE\xB9\xCE\xBA",
                            "\xCE\x95\xCF\x80\xCE\xB9\xCF\x83\xCF\x84\xCF\x81\xCE\xBF\xCF\x86",
                            "\xCE\xA0\xCE\xB9\xCF\x83\xCF\x84\xCF\x89\xCF\x84\xCE\xB9\xCE\xBA",
                            "\xE5\xB7\xB2\xE9\x80\x80",
                            "\xE8\xB5\xA4\xE4\xBC\x9D",
                            "\xEB\xB0\x98\xED\x92\x88",
                            "\xED\x99\x98\xEB\xB6\x88",
                            "\xD9\x85\xD8\xB1\xD8\xAA\xD8\xAC\xD8\xB9",
                            "\xD8\xA5\xD8\xB1\xD8\xAC\xD8\xA7\xD8\xB9",
                            "\xD7\x94\xD7\x97\xD7\x96\xD7\xA8",
                            "\xD7\x96\xD7\x99\xD7\x9B\xD7\x95\xD7\x99",
                            "\xE0\xB8\x84\xE0\xB8\xB7\xE0\xB8\x99\xE0\xB8\xAA\xE0\xB8\xB4\xE0\xB8"
                            "\x99\xE0\xB8\x84\xE0\xB9\x89\xE0\xB8\xB2",
                            "\xE0\xB8\x84\xE0\xB8\xB7\xE0\xB8\x99\xE0\xB9\x80\xE0\xB8\x87\xE0\xB8"
                            "\xB4\xE0\xB8\x99",
                            "tr\xE1\xBA\xA3 h\xC3\xA0ng",
                            "tr\xE1\xBA\xA3h\xC3\xA0ng"}) ||
         OneOf(token, {"rtn", "gutschrift", "reso", "ritorno", "terug", "chargeback", "exchange",
                       "umtausch", "avoir", "abono", "korekta", "\xE8\xB5\xA4", "resi", "vratka",
                       "retorno"});
}

bool SaysNotHappened(std::string_view token) {
  return StartsWith(token,
                    {"void",
                     "cancel",
                     "storn",
                     "training",
                     "suspend",
                     "annul",
                     "anula",
                     "anulow",
                     "abgebrochen",
                     "abort",
                     "revers",
                     "geannuleerd",
                     "geschult",
                     "declin",
                     "gel\xC3\xB6scht",
                     "geloescht",
                     "abgelehnt",
                     "zru\xC5\xA1"
                     "en",
                     "zrusen",
                     "perut",
                     "peruut",
                     "\xD0\xBE\xD1\x82\xD0\xBC\xD0\xB5\xD0\xBD",
                     "\xD0\xB0\xD0\xBD\xD0\xBD\xD1\x83\xD0\xBB\xD0\xB8\xD1\x80",
                     "iptal",
                     "\xE5\x8F\x96\xE6\xB6\x88",
                     "\xE5\xB7\xB2\xE5\x8F\x96\xE6\xB6\x88",
                     "\xE5\xB7\xB2\xE4\xBD\x9C\xE5\xBA\x9F",
                     "\xE3\x82\xAD\xE3\x83\xA3\xE3\x83\xB3\xE3\x82\xBB\xE3\x83\xAB",
                     "\xD1\x81\xD1\x82\xD0\xBE\xD1\x80\xD0\xBD",
                     "\xD0\xA1\xD1\x82\xD0\xBE\xD1\x80\xD0\xBD",
                     "sztorn",
                     "\xCE\xB1\xCE\xBA\xCF\x85\xCF\x81",
                     "\xCE\x91\xCE\xBA\xCF\x85\xCF\x81",
                     "\xE4\xBA\xA4\xE6\x98\x93\xE5\x85\xB3\xE9\x97\xAD",
                     "\xEC\xB7\xA8\xEC\x86\x8C",
                     "\xD9\x85\xD9\x84\xD8\xBA",
                     "\xD8\xA5\xD9\x84\xD8\xBA\xD8\xA7\xD8\xA1",
                     "\xD7\x9E\xD7\x91\xD7\x95\xD7\x98\xD7\x9C",
                     "\xD7\x91\xD7\x99\xD7\x98\xD7\x95\xD7\x9C",
                     "\xE0\xB8\xA2\xE0\xB8\x81\xE0\xB9\x80\xE0\xB8\xA5\xE0\xB8\xB4\xE0\xB8\x81",
                     "h\xE1\xBB\xA7y",
                     "hu\xE1\xBB\xB7",
                     "batal"}) ||
         OneOf(token, {"postvoid",   "deleted",    "schulung",
                       "abbruch",    "parked",     "geparkt",
                       "quote",      "quoted",     "quotation",
                       "draft",      "unpaid",     "rejected",
                       "failed",     "incomplete", "layaway",
                       "layby",      "proforma",   "presupuesto",
                       "preventivo", "devis",      "cotizaci\xC3\xB3n",
                       "cotizacion"});
}

// "Not delivered": of goods that moved nobody says so.
bool SaysNot(const std::vector<std::string>& tokens) {
  return tokens.size() == 2 &&
         OneOf(tokens[0], {"not", "nicht", "niet", "non", "no", "ikke", "inte"}) &&
         StartsWith(tokens[1], {"deliver", "sold", "collect", "paid", "ship", "picked", "geliefert",
                                "verkauf", "bezahlt", "abgeholt", "livr", "pay", "betaald",
                                "entreg", "pagad", "consegnat", "pagat"});
}

// "Nota de credito"; of a card's credit nobody says so.
bool SaysCreditNote(const std::vector<std::string>& tokens) {
  return tokens.size() > 1 && OneOf(tokens.front(), {"nota", "note", "credit"}) &&
         StartsWith(tokens.back(), {"credit", "credito",
                                    "cr\xC3\xA9"
                                    "dit",
                                    "note", "memo"});
}

Unread TokenTells(std::string_view token) {
  if (token.ends_with("able")) return Unread::kNothing;
  if (SaysBack(token)) return Unread::kCameBack;
  return SaysNotHappened(token) ? Unread::kNotHappened : Unread::kNothing;
}

// Of a column of statuses or kinds.
const Words kNoSale = {"pending",
                       "test",
                       "testing",
                       "testbon",
                       "dummy",
                       "demo",
                       "hold",
                       "onhold",
                       "held",
                       "estimate",
                       "kostenvoranschlag",
                       "angebot",
                       "lieferschein",
                       "waste",
                       "wasted",
                       "spoilage",
                       "spoiled",
                       "verderb",
                       "shrink",
                       "shrinkage",
                       "schwund",
                       "loss",
                       "lost",
                       "verlust",
                       "damage",
                       "damaged",
                       "breakage",
                       "broken",
                       "bruch",
                       "expired",
                       "theft",
                       "stolen",
                       "transfer",
                       "transferred",
                       "umlagerung",
                       "umbuchung",
                       "inbound",
                       "receiving",
                       "zugang",
                       "undelivered",
                       "unfulfilled",
                       "unconfirmed",
                       "unposted",
                       "unapproved",
                       "unsent",
                       "abandoned",
                       "preorder",
                       "preordered",
                       "backorder",
                       "vorbestellung",
                       "reserved",
                       "reservation",
                       "reserviert",
                       "eigenverbrauch",
                       "entnahme",
                       "writeoff",
                       "abschreibung",
                       "ausschuss",
                       "adjustment",
                       "correction",
                       "korrektur",
                       "donation",
                       "stocktake",
                       "inventur",
                       "scheduled",
                       "deferred",
                       "awaiting",
                       "initiated",
                       "offen",
                       "pendiente",
                       "pendente",

                       "trasferimento",
                       "angeboten",
                       "ausstehend",
                       "offerte",
                       "tilbud",
                       "oferta"};
bool SaysNoSale(std::string_view token) { return OneOf(token, kNoSale); }

// Which way money or goods went, by a sign or a letter.
bool IsDirection(std::string_view heading) {
  return OneOf(heading, {"direction", "sign", "inout", "dc", "drcr", "debitcredit", "plusminus",
                         "vorzeichen", "richtung", "sollhaben", "sens", "signo", "segno", "sh",
                         "movement", "movementtype"});
}

// "Is parked" and "Parked flag" are "parked".
bool IsOneOf(std::string_view heading, Words names) {
  for (const std::string_view end :
       {"", "flag", "indicator", "kennzeichen", "yn", "\xE3\x83\x95\xE3\x83\xA9\xE3\x82\xB0"}) {
    if (!heading.ends_with(end)) continue;
    std::string_view core = heading.substr(0, heading.size() - end.size());
    for (const std::string_view start : {"", "is", "has", "was", "ist"}) {
      if (core.starts_with(start) && OneOf(core.substr(start.size()), names)) return true;
    }
  }
  return false;
}

// "Original payment ID": what was sold anew points at nothing.
bool IsLinkBack(std::string_view heading) {
  const bool origin = heading.starts_with("origin") && !heading.starts_with("original") &&
                      !heading.starts_with("originvoice");
  return !origin && StartsWith(heading, {"orig", "ursprung"}) &&
         Contains(heading, {"payment", "receipt", "trans", "order", "invoice", "sale", "bon",
                            "beleg", "ticket", "document"}) &&
         !Contains(heading, {"date", "time", "price", "amount", "total", "currency", "quantity"});
}

std::string_view WithoutOrigin(std::string_view heading) {
  for (const std::string_view start : {"original", "originating", "orig", "urspr\xC3\xBCnglicher",
                                       "urspr\xC3\xBCngliche", "ursprungs", "ursprung"}) {
    if (heading.starts_with(start)) return heading.substr(start.size());
  }
  return heading;
}

// A number as it is compared.
std::string Bare(std::string_view written) {
  std::string bare;
  for (const char c : poslog::SmallLetters(written)) {
    const bool mark = c == ' ' || c == '\t' || c == '#' || (c == '0' && bare.empty());
    if (!mark) bare += c;
  }
  return bare;
}

bool IsTrue(std::string_view heading, std::string_view value) {
  const auto flag = poslog::ReadFlag(value);
  return (flag && *flag) || Heading(value) == heading ||
         OneOf(poslog::Normal(value),
               {"x", "xx", "\xD0\xB4\xD0\xB0", "\xE6\x98\xAF", "\xE3\x81\xAF\xE3\x81\x84", "evet",
                "ano", "kyll\xC3\xA4", "tak"});
}

bool IsFactorOfOne(std::string_view value) {
  const size_t mark = std::min(value.find_first_of(".,"), value.size());
  return value.substr(0, mark) == "1" &&
         value.find_first_not_of("0", std::min(mark + 1, value.size())) == std::string_view::npos;
}

// What a cell that says anything tells under these headings.
const Words kBackHeadings = {"return",
                             "returns",
                             "customerrefund",
                             "customerreturn",
                             "returntostock",
                             "returnedtostock",
                             "restock",
                             "restocked",
                             "gutschrift",
                             "creditnote",
                             "creditmemo",
                             "devoluci\xC3\xB3n",
                             "devolucion",
                             "reembolso",
                             "rimborso",
                             "remboursement",
                             "avoir",
                             "zwrot",
                             "reso",
                             "returnfor",
                             "r\xC3\xBC"
                             "cksendung",
                             "ruecksendung",
                             "devolu\xC3\xA7\xC3\xA3o",
                             "devolucao",
                             "rechnungskorrektur",
                             "\xD0\xB2\xD0\xBE\xD0\xB7\xD0\xB2\xD1\x80\xD0\xB0\xD1\x82",
                             "\xE8\xBF\x94\xE5\x93\x81",
                             "\xE6\x98\xAF\xE5\x90\xA6\xE9\x80\x80\xE8\xB4\xA7",
                             "motivoreso",
                             "motivodedevoluci\xC3\xB3n",
                             "motivodedevolucion",
                             "motifretour",
                             "creditforinvoice",
                             "creditnotefor",
                             "returnof",
                             "refundfor",
                             "refundof"};
const Words kNoSaleHeadings = {"test",
                               "demo",
                               "testmodus",
                               "\xC3\xBC"
                               "bungsbuchung",
                               "uebungsbuchung",
                               "sandbox",
                               "vorbestellung",
                               "\xD1\x81\xD1\x82\xD0\xBE\xD1\x80\xD0\xBD\xD0\xBE",
                               "peruutettu",
                               "schulung",
                               "schulungsbon",
                               "geparkt",
                               "parked",
                               "layaway",
                               "layby",
                               "rejected",
                               "failed",
                               "onhold",
                               "writeoff",
                               "abschreibung",
                               "bruch",
                               "eigenverbrauch",
                               "abandoned",
                               "undelivered",
                               "unpaid",
                               "proforma",
                               "preorder",
                               "correctionof",
                               "correctionfor",
                               "corrects",
                               "replaces",
                               "replacementof",
                               "replacementfor",
                               "supersedes",
                               "voids",
                               "reverses",
                               "korrekturvon",
                               "korrigiert",
                               "ersetzt"};

}  // namespace

bool IsSameNumber(std::string_view one, std::string_view other) {
  const std::string bare = Bare(one);
  return !bare.empty() && bare == Bare(other);
}

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

UnreadColumn::UnreadColumn(std::string_view written) : heading_(Heading(written)) {
  const std::string& heading = heading_;
  direction_ = IsDirection(heading) || (heading.empty() && !written.empty());
  factor_ = OneOf(heading, {"factor", "faktor", "multiplier", "multiplikator"});
  expected_ = poslog::IsExpectedTrue(heading) ||
              IsOneOf(heading, {"paid", "complete", "finished", "finalised", "live", "livemode",
                                "settled", "captured", "closed", "done", "bezahlt", "gebucht",
                                "geliefert", "ausgeliefert", "pickedup",
                                "\xD0\xBF\xD1\x80\xD0\xBE\xD0\xB2\xD0\xB5\xD0\xB4\xD0\xB5\xD0\xBD",
                                "abgeschlossen", "g\xC3\xBCltig", "gueltig"});
  hand_over_ =
      Contains(heading, {"fulfil"}) && !poslog::EndsWith(heading, {"note", "date", "time", "at"});
  supply_ =
      Contains(heading, {"fulfil", "deliver", "lieferart", "versandart", "shipping", "shipment",
                         "supply", "source", "handover", "ordertype", "ordermethod", "bestellart"});
  pieces_ = Contains(heading, {"delivered", "shipped", "pickedup", "collected", "handedover",
                               "fulfilled", "geliefert", "ausgegeben", "abgeholt"}) &&
            Contains(heading, {"qty", "quantity", "menge", "units", "anzahl", "pieces"}) &&
            !Contains(heading, {"not", "un", "nicht"});
  code_ = OneOf(heading, {"flag", "flags", "kz", "kennzeichen", "marker", "mode", "modus", "st"});
  document_ = OneOf(heading, {"beleg", "dokument", "document", "vorgang", "voucher"});
  goods_type_ = OneOf(
      heading, {"itemizationtype", "itemtype", "producttype", "lineitemtype", "lineitemproducttype",
                "category", "itemcategory", "salescategory", "productcategory", "warengruppe",
                "produktgruppe", "artikelgruppe", "itemgroup", "productgroup"});
  free_text_ = IsFreeText(heading);
  by_heading_ = HeadingTells();
  remark_ = Contains(heading, {"note", "notiz", "comment", "kommentar", "remark", "bemerk"});
  if (IsLinkBack(heading)) points_at_ = WithoutOrigin(heading);
  matters_ = !free_text_ || goods_type_ || remark_ || by_heading_ != Unread::kNothing;
}

Unread UnreadColumn::HeadingTells() {
  const std::string& heading = heading_;
  if (IsLinkBack(heading) || IsOneOf(heading, kBackHeadings)) return Unread::kCameBack;
  const bool test =
      heading.starts_with("test") &&
      poslog::EndsWith(heading, {"bon", "order", "buchung", "receipt", "sale", "transaction"});
  if (test || IsOneOf(heading, kNoSaleHeadings)) return Unread::kNotHappened;
  only_true_ = IsOneOf(
      heading,
      {"quote",    "quotation",      "angebot",  "lieferschein",   "pending",       "loss",
       "verlust",  "duplicate",      "duplikat", "estimate",       "waste",         "transfer",
       "reserved", "reservation",    "damaged",  "correction",     "korrektur",     "correccion",
       "deferred", "negative",       "negativ",  "giftcard",       "geschenkkarte", "gutschein",
       "service",  "dienstleistung", "nonstock", "nonmerchandise", "dropship",      "dropshipped"});
  if (only_true_) return Unread::kNotHappened;
  if ((free_text_ && !IsRemark(heading)) ||
      Contains(heading, {"able", "window", "count", "until", "policy"})) {
    return Unread::kNothing;
  }
  if (Contains(heading, {"returned", "refund", "exchanged", "retoure", "rueckgabe",
                         "r\xC3\xBC"
                         "ckgabe"}) ||
      OneOf(heading, {"returnreason", "returndate", "retour", "exchangefor", "exchangeof"}) ||
      (heading.starts_with("return") &&
       poslog::EndsWith(heading, {"order", "receipt", "invoice", "ticket", "bon", "transaction",
                                  "number", "nr", "no", "id", "ref", "reference", "quantity", "qty",
                                  "amount", "units", "total"}))) {
    return Unread::kCameBack;
  }
  if (poslog::NameDecides(heading, false) ||
      Contains(heading, {"void", "cancel", "storn", "training", "suspend", "annul", "anulad",
                         "reversal", "reversed", "deletedat", "aborted", "makuler", "notsold",
                         "\xC3\xA5ngrad", "notshipped", "notdeliver", "notcollect", "notpaid"}) ||
      IsOneOf(heading, {"testmode", "deleted", "draft"})) {
    return Unread::kNotHappened;
  }
  return Unread::kNothing;
}

Unread UnreadColumn::Tells(std::string_view value) const {
  if (event::WithoutBlanks(value).empty() || !matters_) return Unread::kNothing;
  if (factor_ && !IsFactorOfOne(event::WithoutBlanks(value))) return Unread::kMultiplies;
  if (by_heading_ != Unread::kNothing &&
      (only_true_ ? IsTrue(heading_, value) : !IsNothing(value))) {
    return by_heading_;
  }
  const std::string normal = poslog::Normal(value);
  if (hand_over_ && OneOf(normal, {"unfulfilled", "partial", "partiallyfulfilled", "pending",
                                   "onhold", "scheduled", "open", "inprogress"})) {
    return Unread::kNotHappened;
  }
  if (goods_type_ &&
      OneOf(normal, {"giftcard", "giftcards", "egiftcard", "giftcertificate", "giftvoucher",
                     "gutschein", "geschenkgutschein", "geschenkkarte", "tarjetaregalo",
                     "cartecadeau", "buonoregalo", "cadeaubon"})) {
    return Unread::kNotHappened;  // money is no goods
  }
  if (supply_ && poslog::IsFromElsewhere(normal)) return Unread::kNotHappened;
  if (pieces_ && IsNothing(value)) return Unread::kNotHappened;
  if (code_ && (IsDecisiveCode(value) || OneOf(normal, {"t", "s"}))) return Unread::kNotHappened;
  if (document_ && DecidingWordsTell(value)) return Unread::kNotHappened;
  const auto flag = poslog::ReadFlag(value);
  if (expected_ && flag && !*flag) return Unread::kNotHappened;
  if (free_text_) return remark_ && Tokens(value).size() == 1 ? WordsTell(value) : Unread::kNothing;
  if (direction_ && OneOf(poslog::Normal(value),
                          {"-", "\xE2\x88\x92", "-1", "in", "inbound", "incoming", "minus",
                           "negative", "c", "cr", "credit", "h", "haben", "eingang", "zugang"})) {
    return Unread::kCameBack;
  }
  return WordsTell(value);
}

Unread WordsTell(std::string_view value) {
  if (value.size() > kMaxValueBytes) return Unread::kNothing;
  const auto tokens = Tokens(value);
  if (tokens.size() > kMaxTokens) return Unread::kNothing;
  if (SaysNot(tokens)) return Unread::kNotHappened;
  Unread reported = SaysCreditNote(tokens) ? Unread::kCameBack : Unread::kNothing;
  for (const std::string& token : tokens) reported = std::max(reported, TokenTells(token));
  return reported;
}

bool DecidingWordsTell(std::string_view value) {
  const auto tokens = Tokens(value);
  if (value.size() > kMaxValueBytes || tokens.empty() || tokens.size() > kMaxTokens) return false;
  if (tokens.size() > 1 && OneOf(tokens.front(), {"not", "nicht"})) return true;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const std::string pair = i == 0 ? std::string() : tokens[i - 1] + " " + tokens[i];
    if (OneOf(pair,
              {"goods receipt", "own use", "personal use", "staff use", "write off", "pre order",
               "back order", "pro forma", "in progress", "stock take", "lay away", "lay by"}) ||
        tokens[i].starts_with("wareneing") || SaysNoSale(tokens[i])) {
      return true;
    }
  }
  return false;
}

}  // namespace tillrelay::formats
