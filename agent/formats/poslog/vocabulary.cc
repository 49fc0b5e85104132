#include "agent/formats/poslog/vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "agent/formats/poslog/element_readers.h"
#include "common/base/text.h"
#include "common/event/identity.h"

namespace tillrelay::formats::poslog {
namespace {

using event::Rejection;

constexpr size_t kMaxHintWords = 60;

const Slot kSlots[] = {
    {Question::kStatus, Place::kTransaction, "TransactionStatus"},
    {Question::kStatus, Place::kTransaction, "TransactionStatusCode"},
    {Question::kStatus, Place::kTransaction, "Status"},
    {Question::kStatus, Place::kTransaction, "StatusCode"},
    {Question::kStatus, Place::kReceipt, "TransactionStatus"},
    {Question::kStatus, Place::kReceipt, "TransactionStatusCode"},
    {Question::kStatus, Place::kReceipt, "Status"},
    {Question::kStatus, Place::kReceipt, "StatusCode"},
    {Question::kStatus, Place::kControl, "TransactionStatus"},
    {Question::kStatus, Place::kControl, "TransactionStatusCode"},
    {Question::kType, Place::kTransaction, "TransactionType"},
    {Question::kType, Place::kTransaction, "TransactionTypeCode"},
    {Question::kType, Place::kTransaction, "TypeCode"},
    {Question::kType, Place::kReceipt, "TransactionType"},
    {Question::kType, Place::kReceipt, "TransactionTypeCode"},
    {Question::kType, Place::kReceipt, "TypeCode"},
    {Question::kLink, Place::kLink, "ReasonCode"},
    {Question::kLink, Place::kLink, "LinkTypeCode"},
    {Question::kLink, Place::kLink, "TypeCode"},
    {Question::kLineStatus, Place::kLineItem, "Status"},
    {Question::kLineStatus, Place::kLineItem, "StatusCode"},
    {Question::kLineStatus, Place::kLineItem, "LineItemStatus"},
    {Question::kLineStatus, Place::kGoods, "Status"},
    {Question::kLineStatus, Place::kGoods, "StatusCode"},
    {Question::kLineStatus, Place::kGoods, "LineItemStatus"},
    {Question::kLineStatus, Place::kInventoryLine, "Status"},
    {Question::kLineStatus, Place::kInventoryLine, "StatusCode"},
    {Question::kLineStatus, Place::kInventoryLine, "LineItemStatus"},
    {Question::kLineType, Place::kLineItem, "TypeCode"},
    {Question::kLineType, Place::kLineItem, "LineItemType"},
    {Question::kLineType, Place::kGoods, "TypeCode"},
    {Question::kLineType, Place::kGoods, "SaleType"},
    {Question::kLineType, Place::kGoods, "LineItemType"},
    {Question::kItemType, Place::kGoods, "ItemType"},
    {Question::kItemType, Place::kGoods, "ItemTypeCode"},
    {Question::kDisposal, Place::kDisposal, "Method"},
    {Question::kDisposal, Place::kDisposal, "MethodCode"},
    {Question::kDisposal, Place::kDisposal, "TypeCode"},
    {Question::kDisposal, Place::kDisposal, "BucketId"},
    {Question::kDocumentType, Place::kInventory, "DocumentTypeCode"},
    {Question::kDocumentType, Place::kInventory, "TypeCode"},
    {Question::kDocumentType, Place::kInventory, "DocumentType"},
    {Question::kDocumentState, Place::kInventory, "InventoryControlDocumentState"},
    {Question::kDocumentState, Place::kInventory, "DocumentStateCode"},
    {Question::kDocumentState, Place::kInventory, "DocumentState"},
    {Question::kDocumentState, Place::kInventory, "DocumentStatus"},
    {Question::kDocumentState, Place::kInventory, "DocumentStatusCode"},
    {Question::kDocumentState, Place::kInventory, "StateCode"},
    {Question::kDocumentState, Place::kInventory, "Status"},
    {Question::kDocumentState, Place::kInventory, "StatusCode"},
    {Question::kDocumentState, Place::kInventory, "State"},
    {Question::kReason, Place::kInventory, "ReasonCode"},
    {Question::kReason, Place::kInventory, "AdjustmentReasonCode"},
    {Question::kReason, Place::kInventory, "InventoryAdjustmentType"},
    {Question::kReason, Place::kInventory, "AdjustmentType"},
    {Question::kReason, Place::kInventoryLine, "ReasonCode"},
    {Question::kReason, Place::kInventoryLine, "AdjustmentReasonCode"},
    {Question::kCondition, Place::kInventoryLine, "InventoryConditionCode"},
    {Question::kCondition, Place::kInventoryLine, "ConditionCode"},
    {Question::kCondition, Place::kInventoryLine, "Condition"},
    {Question::kCondition, Place::kInventoryLine, "Disposition"},
    {Question::kCondition, Place::kInventoryLine, "BucketId"},
    {Question::kDirection, Place::kInventory, "Direction"},
    {Question::kDirection, Place::kInventory, "DirectionCode"},
    {Question::kDirection, Place::kInventory, "AdjustmentDirection"},
    {Question::kDirection, Place::kInventory, "AdjustmentSign"},
    {Question::kDirection, Place::kInventory, "Sign"},
    {Question::kDirection, Place::kInventoryLine, "Direction"},
    {Question::kDirection, Place::kInventoryLine, "DirectionCode"},
    {Question::kDirection, Place::kInventoryLine, "AdjustmentDirection"},
    {Question::kDirection, Place::kInventoryLine, "AdjustmentSign"},
    {Question::kDirection, Place::kInventoryLine, "AdjustmentType"},
    {Question::kDirection, Place::kInventoryLine, "Sign"},
    {Question::kDirection, Place::kInventoryLine, "Action"},
};

const QuestionTable* TableNamed(std::string_view name, Question* question) {
  for (size_t i = 0; i < kQuestionCount; ++i) {
    *question = static_cast<Question>(i);
    if (TableOf(*question).name == name) return &TableOf(*question);
  }
  return nullptr;
}

// Letters and digits are what tells two names apart.
bool SameName(std::string_view one, std::string_view other) {
  const auto skip = [](std::string_view text, size_t* at) {
    while (*at < text.size() && (text[*at] == '_' || text[*at] == '-' || text[*at] == '.')) ++*at;
  };
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  size_t i = 0, j = 0;
  for (;; ++i, ++j) {
    skip(one, &i);
    skip(other, &j);
    if (i >= one.size() || j >= other.size()) return i >= one.size() && j >= other.size();
    if (lower(one[i]) != lower(other[j])) return false;
  }
}

// <VoidFlag value="true"/>
std::string_view ValueBeside(XmlElement element) {
  const std::string_view value = element.Attribute("value");
  return value.empty() ? element.Attribute("val") : value;
}

bool IsNumber(std::string_view text) { return OneOf(Normal(text), {"0", "1", "-1"}); }

// Latin-1 but for the sign of multiplication, Latin Extended-A and Cyrillic.
char16_t Small(char16_t c) {
  if (c >= 0xC0 && c <= 0xDE && c != 0xD7) return c + 0x20;
  if (c == 0x130) return 'i';
  if (c == 0x178) return 0xFF;
  const bool even = (c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177);
  const bool odd = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
  if ((even && c % 2 == 0) || (odd && c % 2 == 1)) return c + 1;
  if (c >= 0x400 && c <= 0x40F) return c + 0x50;
  return c >= 0x410 && c <= 0x42F ? c + 0x20 : c;
}

void AddSmall(char16_t c, std::string* out) {
  c = Small(c);
  if (c < 0x80) {
    *out += static_cast<char>(c);
    return;
  }
  *out += static_cast<char>(0xC0 | c >> 6);
  *out += static_cast<char>(0x80 | (c & 0x3F));
}

// "decrementsStock", "inventoryRelevant", "Lagerbewegung".
bool SaysThatStockMoves(std::string_view word) {
  for (const std::string_view stock :
       {"stock", "inventory", "lager", "bestands", "bestand", "goods"}) {
    const bool first = word.starts_with(stock), last = word.ends_with(stock);
    if (first == last) continue;
    std::string_view rest = word;
    first ? rest.remove_prefix(stock.size()) : rest.remove_suffix(stock.size());
    for (const std::string_view verb :
         {"updat",    "mov",    "affect",    "deduct",   "reduc",    "book",   "chang",
          "post",     "adjust", "decrement", "decreas",  "subtract", "deplet", "consum",
          "withdraw", "track",  "manag",     "maintain", "control",  "impact", "reliev"}) {
      if (!rest.starts_with(verb)) continue;
      if (OneOf(rest.substr(verb.size()), {"", "e", "s", "es", "ed", "d", "ing", "ement", "led"})) {
        return true;
      }
    }
    if (first &&
        OneOf(rest, {"relevant", "relevance", "effective", "wirksam", "bewegung", "relevanz",
                     "buchung", "gebucht", "bewegt", "item"}) &&
        stock != "goods") {
      return true;
    }
  }
  return false;
}

// "delivered", "is_delivered", "goods delivered", "update stock".
bool SaysItHappened(std::string_view word) {
  constexpr size_t kMaxNameBytes = 64;
  if (word.size() > kMaxNameBytes) return false;
  if (OneOf(
          word,
          {"stockitem",     "inventoryitem", "approved",      "posted",        "confirmed",
           "completed",     "complete",      "valid",         "successful",    "success",
           "final",         "finalized",     "delivered",     "fulfilled",     "sold",
           "committed",     "executed",      "processed",     "shipped",       "received",
           "sent",          "dispatched",    "paid",          "finished",      "live",
           "livemode",      "settled",       "pickedup",      "collected",     "handedover",
           "handedout",     "booked",        "goodsissue",    "stockrelevant", "stockmoved",
           "goodsmovement", "bezahlt",       "gebucht",       "verkauft",      "geliefert",
           "abgeholt",      "ausgeliefert",  "abgeschlossen", "gueltig",       "g\xC3\xBCltig"})) {
    return true;
  }
  if (SaysThatStockMoves(word)) return true;
  for (const std::string_view before :
       {"is", "was", "has", "hasbeen", "goods", "item", "items", "article", "articles", "stock",
        "inventory", "sale", "line", "order", "transaction", "merchandise"}) {
    if (word.size() > before.size() && word.starts_with(before) &&
        SaysItHappened(word.substr(before.size()))) {
      return true;
    }
  }
  return OneOf(word, {"handedtocustomer", "takenaway", "takenbycustomer", "customertookgoods",
                      "taken", "handed", "active", "effective"});
}

}  // namespace

bool IsExpectedTrue(std::string_view written) {
  const std::string name = Normal(written);
  if (OneOf(name, {"stockflag", "inventoryflag"})) return true;
  std::string_view bare = name;
  for (const std::string_view end : {"flag", "indicator", "ind"}) {
    if (bare.size() > end.size() && bare.ends_with(end)) {
      bare.remove_suffix(end.size());
      break;
    }
  }
  return SaysItHappened(bare);
}

bool NamedLikeAFlag(std::string_view name) {
  const std::string word = Normal(name);
  const bool asks = name.size() > 3 && (name.starts_with("is") || name.starts_with("Is")) &&
                    (name[2] == '_' || (name[2] >= 'A' && name[2] <= 'Z'));
  return asks || word.ends_with("flag") || word.ends_with("indicator") || word.ends_with("mode");
}

std::span<const Slot> Slots() { return kSlots; }

bool IsSlot(Place place, std::string_view name) {
  return std::any_of(std::begin(kSlots), std::end(kSlots), [&](const Slot& slot) {
    return slot.place == place && SameName(slot.name, name);
  });
}

std::string Normal(std::string_view written) {
  if (const size_t prefix = written.rfind(':'); prefix != std::string_view::npos) {
    written.remove_prefix(prefix + 1);
  }
  std::string word;
  // A minus that is a sign stays.
  if (written == "-" ||
      (written.size() > 1 && written[0] == '-' && written[1] >= '0' && written[1] <= '9')) {
    word = "-";
  }
  for (const char c : written) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '-' || c == '_' || c == '.') {
      continue;
    }
    word += c;
  }
  return SmallLetters(word);
}

std::string SmallLetters(std::string_view written) {
  std::string small;
  small.reserve(written.size());
  for (size_t i = 0; i < written.size(); ++i) {
    const char c = written[i];
    const bool two = (c & 0xE0) == 0xC0 && i + 1 < written.size();
    if (two) {
      AddSmall(static_cast<char16_t>((c & 0x1F) << 6 | (written[++i] & 0x3F)), &small);
    } else {
      small += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return small;
}

std::optional<bool> ReadFlag(std::string_view text) {
  const std::string word = Normal(text);
  if (OneOf(word, {"true",
                   "1",
                   "-1",
                   "yes",
                   "y",
                   "t",
                   "on",
                   "j",
                   "ja",
                   "wahr",
                   "oui",
                   "vrai",
                   "si",
                   "s\xC3\xAD",
                   "sim",
                   "vero",
                   "verdadero",
                   "verdadeiro",
                   "waar",
                   "evet",
                   "ano",
                   "tak",
                   "kyll\xC3\xA4",
                   "\xD0\xB4\xD0\xB0",
                   "\xE6\x98\xAF",
                   "\xE3\x81\xAF\xE3\x81\x84"})) {
    return true;
  }
  if (OneOf(word, {"false",
                   "0",
                   "no",
                   "n",
                   "f",
                   "off",
                   "nein",
                   "falsch",
                   "non",
                   "faux",
                   "nee",
                   "n\xC3\xA3o",
                   "falso",
                   "onwaar",
                   "hay\xC4\xB1r",
                   "ne",
                   "nie",
                   "ei",
                   "\xD0\xBD\xD0\xB5\xD1\x82",
                   "\xE5\x90\xA6",
                   "\xE3\x81\x84\xE3\x81\x84\xE3\x81\x88"})) {
    return false;
  }
  return std::nullopt;
}

Status Vocabulary::Teach(std::string_view question_name, std::string_view word,
                         std::string_view meaning) {
  Question question{};
  const QuestionTable* table = TableNamed(question_name, &question);
  if (table == nullptr) {
    return Invalid(fmt::format("there is no question {}", Printable(question_name, 40)));
  }
  if (std::find(table->meanings.begin(), table->meanings.end(), meaning) == table->meanings.end()) {
    return Invalid(fmt::format("{}: {} is none of {}", question_name, Printable(meaning, 40),
                               fmt::join(table->meanings, ", ")));
  }
  const std::string normal = Normal(word);
  for (const KnownWord& known : table->words) {
    if (known.word == normal && known.meaning != meaning) {
      return Invalid(fmt::format("{}: {} means {} already", question_name, Printable(word, 40),
                                 known.meaning));
    }
  }
  taught_[{question, normal}] = meaning;
  return Status::Ok();
}

void Vocabulary::KnowStore(std::string_view name) {
  stores_.emplace(event::WithoutLeadingZeros(name));
}

bool Vocabulary::IsOwnStore(std::string_view name) const {
  return stores_.contains(event::WithoutLeadingZeros(name));
}

std::string_view Vocabulary::Meaning(Question question, std::string_view written) const {
  const std::string word = Normal(written);
  for (const KnownWord& known : TableOf(question).words) {
    if (known.word == word) return known.meaning;
  }
  const auto taught = taught_.find({question, word});
  return taught == taught_.end() ? std::string_view() : std::string_view(taught->second);
}

bool Vocabulary::IsHarmlessTrue(std::string_view written) const {
  const std::string_view own = Meaning(Question::kFlag, written);
  if (!own.empty()) return OneOf(own, {"harmless", "offline"});
  std::string name = Normal(written);
  if (name.ends_with("indicator")) name.resize(name.size() - 9);
  if (Meaning(Question::kFlag, name + "flag") == "harmless") return true;
  return name.starts_with("is") && Meaning(Question::kFlag, name.substr(2) + "flag") == "harmless";
}

Rejection Vocabulary::Unknown(Question question, std::string_view slot,
                              std::string_view written) const {
  const QuestionTable& table = TableOf(question);
  std::vector<std::string_view> known;
  for (const KnownWord& word : table.words) {
    if (known.size() < kMaxHintWords && word.meaning != "harmless") known.push_back(word.word);
  }
  std::string quoted;
  for (const char c : Printable(written, 80)) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return {"unknown-word", std::string(slot),
          fmt::format("\"{}\" is not known; known are {}. If you know what it means, add to "
                      "[formats.poslog.words]: {}.\"{}\" = \"{}\", with one of {}",
                      Printable(written, 80), fmt::join(known, ", "), table.name, quoted,
                      table.meanings.front(), fmt::join(table.meanings, ", "))};
}

std::optional<Rejection> Vocabulary::Read(Question question, Place place, XmlElement element,
                                          const Found& found) const {
  std::optional<Rejection> rejection;
  if (!element) return rejection;
  for (const Slot& slot : kSlots) {
    if (slot.question != question || slot.place != place) continue;
    const auto one = [&](std::string_view name, std::string_view text) {
      if (text.empty() || rejection || !SameName(name, slot.name)) return;
      const std::string_view meaning = Meaning(question, text);
      if (meaning.empty()) {
        rejection = Unknown(question, slot.name, text);
      } else {
        found(meaning);
      }
    };
    element.ForEachAttribute([&](std::string_view name, std::string_view text) {
      if (SameName(name, slot.name)) element.Attribute(name);  // it counts as read
      one(name, text);
    });
    for (const XmlElement child : element) {
      if (SameName(child.name(), slot.name)) one(child.name(), child.text());
    }
  }
  return rejection;
}

std::optional<Rejection> Vocabulary::ReadFlags(XmlElement element, const Found& found) const {
  std::optional<Rejection> rejection;
  const auto one = [&](std::string_view name, std::string_view text) {
    if (rejection) return;
    const std::string_view meaning = Meaning(Question::kFlag, name);
    if (meaning == "harmless") return;
    const auto value = ReadFlag(text);
    if (!value) {
      if (!meaning.empty() || Normal(name).ends_with("flag")) {
        rejection = Rejection{"bad-value", std::string(name),
                              fmt::format("\"{}\" is neither true nor false", Printable(text, 40))};
      }
    } else if (*value && !meaning.empty()) {
      found(meaning);
    } else if (*value ? NamedLikeAFlag(name) || !IsNumber(text) : IsExpectedTrue(name)) {
      if (*value && (IsExpectedTrue(name) || IsHarmlessTrue(name))) return;
      rejection = Unknown(Question::kFlag, name, name);
    }
  };
  element.ForEachAttribute(one);
  for (const XmlElement child : element) {
    const bool leaf = !(child.begin() != child.end());
    const bool named = !Meaning(Question::kFlag, child.name()).empty();
    const bool asks = NamedLikeAFlag(child.name()) || IsExpectedTrue(child.name());
    if (leaf &&
        (named || (asks && ReadFlag(child.PeekText())) || Normal(child.name()).ends_with("flag"))) {
      one(child.name(), child.PeekText().empty() ? ValueBeside(child) : child.PeekText());
    }
  }
  return rejection;
}

const Vocabulary& BuiltInVocabulary() {
  static const Vocabulary vocabulary;
  return vocabulary;
}

}  // namespace tillrelay::formats::poslog
