#include "agent/formats/poslog/decisive_words.h"

#include <algorithm>
#include <optional>
#include <string>

#include "agent/formats/csv_unread.h"
#include "agent/formats/poslog/element_readers.h"

namespace tillrelay::formats::poslog {
namespace {

using Words = std::initializer_list<std::string_view>;

constexpr size_t kMaxWordBytes = 40;

bool StartsWith(std::string_view text, Words starts) {
  return std::any_of(starts.begin(), starts.end(),
                     [text](std::string_view start) { return text.starts_with(start); });
}

// Something comes back in it, so that it is no news that it is called a return.
bool HoldsReturn(XmlElement element, int depth = 3) {
  if (element.name() == "Return") return true;
  for (const XmlElement child : element) {
    if (child.name() == "Quantity" && child.PeekText().starts_with('-')) return true;
    if (depth > 0 && HoldsReturn(child, depth - 1)) return true;
  }
  return false;
}
bool HoldsOrder(const Vocabulary& words, XmlElement element, int depth = 3) {
  if (OneOf(words.Meaning(Question::kElement, element.name()), {"order", "pick_up"})) return true;
  if (depth == 0) return false;
  for (const XmlElement child : element) {
    if (HoldsOrder(words, child, depth - 1)) return true;
  }
  return false;
}

bool IsLine(Place place) { return place == Place::kLineItem || place == Place::kGoods; }
bool IsInventory(Place place) {
  return place == Place::kInventory || place == Place::kInventoryLine;
}

// What may come back, for how long and how is no news of what did.
bool SpeaksOfRules(std::string_view name) {
  return Contains(name, {"able", "polic", "period", "until", "limit", "deadline", "allow", "eligib",
                         "permit", "prohibit", "noreturn", "nonreturn", "notreturn", "norefund",
                         "returncode", "returnvalue", "returnby", "days"});
}
bool SpeaksOfReturns(std::string_view name) {
  return Contains(name, {"return", "refund", "devol", "retour",
                         "r\xC3\xBC"
                         "ckgabe",
                         "rueckgabe", "gutschrift", "creditnote"}) &&
         !SpeaksOfRules(name);
}

bool SaysNotMoved(std::string_view name) {
  return Contains(name, {"undeliver",    "notdeliver",    "nondeliver",  "notsold",     "unsold",
                         "notcollected", "uncollected",   "notpickedup", "notshipped",  "unshipped",
                         "notreceived",  "notdispatched", "notsent",     "unsent",      "notpaid",
                         "unpaid",       "notposted",     "unposted",    "notcomplete", "notbooked",
                         "unconfirmed",  "notconfirmed",  "notmoved",    "notgiven",    "nosale"});
}

// A name that decides where it is true.
bool TrueDecides(const WordContext& around, std::string_view name) {
  if (SpeaksOfRules(name)) return false;
  const std::string_view bare = name.starts_with("is") ? name.substr(2) : name;
  if (StartsWith(bare, {"test", "demo", "schul"}) && !bare.starts_with("demograph")) return true;
  if (SaysNotMoved(name) ||
      Contains(name, {"quot", "estimate", "proforma", "draft", "ownconsumption", "ownuse",
                      "internaluse", "eigenverbrauch", "pending", "backorder", "raincheck",
                      "reject", "declined", "refused", "dropship", "discarded", "deactivated"}) ||
      OneOf(bare, {"skipped", "ignored", "inactive", "ghost"})) {
    return true;
  }
  if (Contains(name, {"layaway", "reserved", "reservation", "preorder"}) && !around.Orders()) {
    return true;
  }
  return !around.takes_back && SpeaksOfReturns(name) && !around.Returns();
}

// A name that is told of a thing that comes back, and of no other.
bool BelongsToReturn(std::string_view name) {
  return SpeaksOfReturns(name) &&
         EndsWith(name, {"reason", "reasoncode", "date", "datetime", "time", "type", "typecode",
                         "method", "condition", "disposition"});
}

// A receipt that is corrected or replaced by this one.
bool NamesAnother(std::string_view name) {
  return Contains(
      name, {"originaltransaction", "originalreceipt", "originaldocument", "originalticket",
             "correctstransaction", "correctedtransaction", "correctsreceipt", "correctedreceipt",
             "replacestransaction", "replacedtransaction", "replacesreceipt", "replacedreceipt",
             "supersededby", "replacedby", "correctedby", "creditnotefor"});
}

// A number of pieces that did not move with the others.
bool IsPartNotMoved(const WordContext& around, std::string_view name, std::string_view value) {
  if (!IsLine(around.place) && around.place != Place::kInventoryLine) return false;
  if (around.takes_back || !EndsWith(name, {"quantity", "qty", "unitcount", "units"})) return false;
  if (value.find_first_of("123456789") == std::string_view::npos) return false;
  if (Contains(name, {"void", "cancel", "revers", "reject", "undeliver", "missing", "refus", "lost",
                      "delet", "remov", "backorder", "storn", "notreceived", "notshipped"})) {
    return true;
  }
  return Contains(name, {"return", "refund"}) && !SpeaksOfRules(name) && !around.Returns();
}

// Of who did something, and of what was granted.
bool NamesPeopleOrOffers(std::string_view name) {
  return Contains(name, {"cashier", "coupon", "promotion", "campaign", "salesperson"}) &&
         !Contains(name, {"return", "refund", "void", "cancel", "storn", "training", "status",
                          "state", "reason"});
}

// Goods that lie in another bucket than what is sold from.
bool NamesOtherBucket(const WordContext& around, std::string_view name, std::string_view value) {
  if (!IsLine(around.place) && around.place != Place::kInventoryLine) return false;
  if (!Contains(name, {"stocktype", "stockcategory", "stockstate", "stockstatus", "stockbucket",
                       "inventorystate", "inventorystatus", "inventorytype", "inventorybucket",
                       "bucket", "subinventory"})) {
    return false;
  }
  const std::string bucket = Normal(value);
  if (Contains(bucket, {"damag", "defect", "transit", "block", "quarantin", "reserv", "expired",
                        "recall", "hold", "gesperrt", "scrap"})) {
    return true;
  }
  // Of goods that are on sale; a category may be one of merchandise.
  const bool other = Contains(name, {"category", "inventorytype", "status"});
  return !other &&
         !OneOf(bucket, {"onhand",   "available",  "sellable",  "saleable",     "salable",
                         "good",     "goods",      "normal",    "regular",      "standard",
                         "default",  "main",       "new",       "unrestricted", "unrestricteduse",
                         "free",     "freestock",  "store",     "shop",         "sales",
                         "sale",     "salesfloor", "shopfloor", "floor",        "shelf",
                         "backroom", "backstock",  "stockroom", "retail",       "physical",
                         "own",      "owned",      "frei",      "verkauf",      "filiale"});
}

// That none of the goods was handed over.
bool IsNoneMoved(const WordContext& around, std::string_view name, std::string_view value) {
  if (!IsLine(around.place) || around.takes_back || around.Orders()) return false;
  const bool pieces = EndsWith(name, {"quantity", "qty", "unitcount", "units"}) ||
                      StartsWith(name, {"quantity", "qty", "units"});
  if (!pieces) return false;
  const bool zero = value.find('0') != std::string_view::npos &&
                    value.find_first_not_of("0.,+- ") == std::string_view::npos;
  return zero &&
         Contains(name, {"delivered", "picked", "shipped", "dispatched", "collected", "handed",
                         "taken", "fulfilled", "issued", "geliefert", "ausgegeben"}) &&
         !SaysNotMoved(name) && !Contains(name, {"already", "previous", "before", "open", "nicht"});
}

// A reason of one word that says it of the whole.
bool IsReasonOfNothing(const WordContext& around, std::string_view name, std::string_view value) {
  if (around.takes_back || !EndsWith(name, {"reason", "reasoncode"}) || around.Returns()) {
    return false;
  }
  const Vocabulary& words = around.words;
  return words.Meaning(Question::kLineStatus, value) == "cancelled" ||
         words.Meaning(Question::kStatus, value) == "cancelled" ||
         words.Meaning(Question::kType, value) == "post_void" ||
         OneOf(Normal(value), {"linevoid", "training"}) ||
         (value.find(' ') == std::string_view::npos &&
          StartsWith(Normal(value), {"void", "cancel", "storn"}));
}

// Names whose values are free text, numbers or things.
bool TellsNothing(std::string_view name) {
  return EndsWith(
      name, {"description", "name",  "text",    "note",       "comment",   "message", "reason",
             "reasoncode",  "id",    "number",  "date",       "time",      "amount",  "price",
             "quantity",    "count", "barcode", "department", "hierarchy", "brand",   "title"});
}

bool IsTypeName(std::string_view name) {
  if (Contains(name, {"terminal", "workstation", "device", "register", "printer", "scanner",
                      "vendor", "system", "till"})) {
    return false;
  }
  return name.starts_with("tipo") || OneOf(name, {"art", "type", "function", "operation"}) ||
         EndsWith(name, {"type", "typecode", "kind", "belegart", "vorgangsart", "operation",
                         "function", "class", "documento", "doctype"});
}

// "StatusText", "TransactionTypeName": the status or kind of a document or a line, told in words.
bool IsToldInWords(std::string_view name) {
  for (const std::string_view end : {"description", "name", "text", "id"}) {
    if (!name.ends_with(end)) continue;
    const std::string_view of = name.substr(0, name.size() - end.size());
    if (IsStatusName(of) || OneOf(of, {"status", "state"}) ||
        EndsWith(of, {"transactiontype", "linetype", "lineitemtype", "documenttype", "receipttype",
                      "saletype", "salestype", "transactionkind"})) {
      return true;
    }
  }
  return false;
}

bool IsReturnWord(std::string_view word) {
  if (OneOf(word, {"avoir", "reso", "remboursement", "creditnote", "creditmemo", "notadecredito",
                   "notacredito",
                   "notadecr\xC3\xA9"
                   "dito"})) {
    return true;
  }
  if (SpeaksOfRules(word) ||
      StartsWith(word, {"sale", "sales", "non", "no", "purchaseand", "returning"})) {
    return false;
  }
  const Words words = {"return",
                       "returned",
                       "returns",
                       "refund",
                       "refunded",
                       "retoure",
                       "retour",
                       "devoluci",
                       "devolu\xC3\xA7",
                       "gutschrift",
                       "rueckgabe",
                       "r\xC3\xBC"
                       "ckgabe"};
  return StartsWith(word, words) || EndsWith(word, words);
}

// How goods come to the customer, in words: later, or from elsewhere than this store's shelf.
bool ComesFromElsewhere(const WordContext& around, std::string_view name, std::string_view value) {
  if (IsInventory(around.place) || around.takes_back || around.Orders()) return false;
  if (!Contains(name, {"fulfil", "deliver", "shipping", "shipment", "supply", "source", "sourcing",
                       "handover", "handling", "collect", "pickup", "ordertype", "ordermethod"}) &&
      !IsTypeName(name)) {
    return false;
  }
  return IsFromElsewhere(Normal(value));
}

// One word of another language, as it is looked for in a CSV file's columns.
bool SaysInOtherTongue(const WordContext& around, std::string_view value) {
  const bool number = value.front() >= '0' && value.front() <= '9';
  if (number || value.find_first_of(" /") != std::string_view::npos) return false;
  const std::string small = SmallLetters(value);
  const std::string_view word = small;
  if (StartsWith(word, {"return", "refund", "exchange", "restock", "chargeback"})) return false;
  const Unread reported = WordsTell(word);
  if (reported == Unread::kNotHappened) return true;
  return reported == Unread::kCameBack && !IsInventory(around.place) && !around.Returns();
}

// Short words, which tell a kind only where a kind is told.
bool IsKindOfNoSale(const WordContext& around, std::string_view value) {
  const std::string word = Normal(value);
  if (word == "cot") return true;
  if (around.words.Meaning(Question::kType, value) == "order") return !around.Orders();
  return OneOf(word, {"ncr", "dev", "ret", "rtn", "crn"}) && !around.Returns();
}

// A word that says that something did not happen, or was taken back.
bool ValueDecides(const WordContext& around, std::string_view value) {
  const Vocabulary& words = around.words;
  const std::string word = Normal(value);
  if (word.empty() || word.size() > kMaxWordBytes) return false;
  if (OneOf(word, {"test",       "demo",        "simulation", "quote",    "quotation",
                   "estimate",   "proforma",    "draft",      "rejected", "declined",
                   "parked",     "onhold",      "school",     "schulung", "practice",
                   "cotizacion", "presupuesto", "angebot",    "devis",    "preventivo"}) ||
      Contains(word, {"training", "suspend", "orphan"})) {
    return true;
  }
  if (around.place == Place::kGoods && words.Meaning(Question::kItemType, value) == "no_goods") {
    return true;
  }
  if (around.place == Place::kInventoryLine &&
      (words.Meaning(Question::kCondition, value) == "damaged" ||
       Contains(word, {"expired", "recalled", "quarantine"}))) {
    return true;
  }
  if (around.takes_back) return false;
  if (SaysInOtherTongue(around, value)) return true;
  if (!IsInventory(around.place) && IsReturnWord(word) && !around.Returns()) return true;
  if (OneOf(word, {"delete", "remove"}) || (IsLine(around.place) && word == "removed")) return true;
  return words.Meaning(Question::kLineStatus, value) == "cancelled" ||
         words.Meaning(Question::kStatus, value) == "cancelled" ||
         words.Meaning(Question::kType, value) == "post_void" ||
         Contains(word, {"postvoid", "linevoid", "voidsale", "voidedsale", "salevoid", "cancelled",
                         "canceled", "reversal", "storno"}) ||
         word.starts_with("void") || word.ends_with("voided");
}

// What a sender says that is to be done with what it sends.
bool IsSendersVerb(std::string_view value) {
  return OneOf(
      Normal(value),
      {"add",     "begin",    "create",       "createorupdate", "publish",     "store",    "save",
       "post",    "notify",   "notification", "sync",           "synchronize", "complete", "end",
       "close",   "new",      "insert",       "update",         "upsert",      "record",   "log",
       "process", "transmit", "send",         "submit",         "total",       "finalize", "commit",
       "export",  "report"});
}

// What should be true of goods that moved, and is not.
bool IsMissed(std::string_view name, std::string_view value) {
  const auto flag = ReadFlag(value);
  if (!flag || *flag) return false;
  return IsExpectedTrue(name) || (Contains(Normal(name), {"movement", "inventory", "stock"}) &&
                                  EndsWith(Normal(name), {"success", "successful"}));
}

}  // namespace

bool WordContext::Returns() const {
  if (!returns_) returns_ = HoldsReturn(part_);
  return *returns_;
}

bool WordContext::Orders() const {
  if (!orders_) orders_ = HoldsOrder(words, part_);
  return *orders_;
}

bool Contains(std::string_view text, Words parts) {
  return std::any_of(parts.begin(), parts.end(), [text](std::string_view part) {
    return text.find(part) != std::string_view::npos;
  });
}

bool EndsWith(std::string_view text, Words ends) {
  return std::any_of(ends.begin(), ends.end(),
                     [text](std::string_view end) { return text.ends_with(end); });
}

bool NameDecides(std::string_view name, bool takes_back) {
  if (Contains(name, {"avoid", "voidable", "cancelable", "cancellable", "reversible"}) ||
      EndsWith(name, {"count", "counter", "amount", "total", "totals", "qty", "quantity", "units",
                      "timeout", "allowed", "threshold", "limit"})) {
    return false;
  }
  if (OneOf(name, {"test", "demo", "training", "istest", "testmode", "demomode"})) return true;
  if (Contains(name,
               {"training", "schulung", "suspend", "orphan", "simulat", "onhold", "parked",
                "isdraft", "quotation", "rejected", "incomplete", "nonstock", "nonmerchandise"})) {
    return true;
  }
  return !takes_back &&
         Contains(name, {"void",
                         "cancel",
                         "abort",
                         "revers",
                         "storn",
                         "annul",
                         "anulad",
                         "anulow",
                         "rollback",
                         "abandon",
                         "deleted",
                         "geannul",
                         "zru\xC5\xA1"
                         "en",
                         "\xC4\xB0ptal",
                         "iptal",
                         "\xD0\xBE\xD1\x82\xD0\xBC\xD0\xB5\xD0\xBD",
                         "\xD0\xB0\xD0\xBD\xD0\xBD\xD1\x83\xD0\xBB",
                         "\xE5\x8F\x96\xE6\xB6\x88",
                         "\xE4\xBD\x9C\xE5\xBA\x9F",
                         "\xE3\x82\xAD\xE3\x83\xA3\xE3\x83\xB3\xE3\x82\xBB\xE3\x83\xAB"});
}

bool SaysNothingHappened(std::string_view value) {
  const auto flag = ReadFlag(value);
  return (flag && !*flag) || OneOf(Normal(value), {"none", "null", "nil", "na"});
}

bool SpeaksOfOthers(std::string_view written) {
  const std::string name = Normal(written);
  if (Contains(name, {"tender", "payment", "tax", "loyalty", "modif", "discount", "promotion",
                      "coupon", "voucher", "signature", "printer", "card", "fiscal", "survey"})) {
    return true;
  }
  // What people do with goods is no matter of theirs alone.
  return Contains(name, {"customer", "operator", "employee", "associate", "member", "author",
                         "approval"}) &&
         !Contains(name, {"return", "refund", "void", "cancel", "storn", "handed", "took", "taken",
                          "pickedup", "collected", "delivered"});
}

bool IsStatusName(std::string_view name) {
  return EndsWith(name, {"status", "statuscode", "state", "statecode", "outcome"}) &&
         !Contains(name, {"tax", "customer", "loyalty", "tender", "price", "member", "printer",
                          "coupon", "promotion"}) &&
         !OneOf(name, {"state", "status"});
}

bool IsGoodState(std::string_view meaning) {
  return OneOf(meaning, {"completed", "kept", "done", "resumed"});
}

Question StatusQuestion(Place place) {
  switch (place) {
    case Place::kLineItem:
    case Place::kGoods:
    case Place::kInventoryLine:
      return Question::kLineStatus;
    case Place::kInventory:
      return Question::kDocumentState;
    default:
      return Question::kStatus;
  }
}

bool IsFromElsewhere(std::string_view word) {
  return Contains(word, {"dropship",
                         "vendordirect",
                         "directfromvendor",
                         "supplierdirect",
                         "directship",
                         "fromvendor",
                         "fromsupplier",
                         "fromwarehouse",
                         "fromdc",
                         "distributioncent",
                         "warehousedelivery",
                         "specialorder",
                         "preorder",
                         "backorder",
                         "futuredelivery",
                         "laterpickup",
                         "pickuplater",
                         "laterdelivery",
                         "deliverlater",
                         "collectlater",
                         "reservation",
                         "layaway",
                         "layby",
                         "streckengesch",
                         "vorbestell",
                         "nachliefer"});
}

bool NothingMoved(const Vocabulary& words, std::string_view written, bool takes_back) {
  const std::string_view flag = words.Meaning(Question::kFlag, written);
  if (flag == "cancelled") return !takes_back;
  if (!flag.empty()) return !OneOf(flag, {"harmless", "offline"});
  const std::string name = Normal(written);
  return NameDecides(name, takes_back) || SaysNotMoved(name) || name.find("declined") != name.npos;
}

bool WordDecides(const WordContext& around, std::string_view word) {
  return ValueDecides(around, word);
}

bool Decides(const WordContext& around, std::string_view name, std::string_view value) {
  const std::string_view flag = around.words.Meaning(Question::kFlag, name);
  if (value.empty() || OneOf(flag, {"harmless", "offline"})) return false;
  const std::string normal = Normal(name);
  if (around.place == Place::kAround && normal == "actioncode") return !IsSendersVerb(value);
  const bool nothing = SaysNothingHappened(value);
  if (!nothing && (!flag.empty() || NameDecides(normal, around.takes_back))) return true;
  if (IsMissed(name, value) || IsPartNotMoved(around, normal, value) ||
      IsNoneMoved(around, normal, value) || IsReasonOfNothing(around, normal, value) ||
      NamesOtherBucket(around, normal, value) || ComesFromElsewhere(around, normal, value)) {
    return true;
  }
  if (ReadFlag(value).value_or(false) && TrueDecides(around, normal)) return true;
  if (!nothing && !around.takes_back && !IsInventory(around.place) &&
      (BelongsToReturn(normal) || NamesAnother(normal)) && !around.Returns()) {
    return true;
  }
  if (IsStatusName(normal) &&
      !IsGoodState(around.words.Meaning(StatusQuestion(around.place), value))) {
    return true;
  }
  if (IsTypeName(normal) && !IsInventory(around.place) && !around.takes_back &&
      IsKindOfNoSale(around, value)) {
    return true;
  }
  if (NamesPeopleOrOffers(normal)) return false;
  return (OneOf(normal, {"status", "state"}) || !TellsNothing(normal) || IsToldInWords(normal)) &&
         ValueDecides(around, value);
}

}  // namespace tillrelay::formats::poslog
