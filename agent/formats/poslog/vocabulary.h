// What: the words by which a POSLog document tells what became of its goods: one table per
// question,
//   and the slots of a document where each question is answered.
// Promise: a word that is not in the table, and that the shop has not taught, has no meaning: the
//   document that holds it is refused by name. docs/formats.md prints these tables.
// Thread: any, once it has been taught.
// Errors: rejection unknown-word, which names the word, the known ones and the line to configure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "agent/formats/poslog/xml_tree.h"
#include "common/base/status.h"
#include "common/event/event.h"

namespace tillrelay::formats::poslog {

enum class Question : uint8_t {
  kStatus,         // what became of the whole transaction
  kType,           // what kind of transaction it is
  kLink,           // why it points at another one
  kFlag,           // what a flag that is true says; its word is the flag's name
  kLineStatus,     // what became of a line
  kLineType,       // what a line does, where its element says it too
  kElement,        // what an element below LineItem does; its word is the element's name
  kItemType,       // whether an item is goods
  kDisposal,       // where returned goods went
  kDocumentType,   // what an inventory document does
  kDocumentState,  // what became of an inventory document
  kReason,         // why stock was adjusted
  kCondition,      // in which condition goods arrived
  kDirection,      // whether an adjustment is more or less
};
inline constexpr size_t kQuestionCount = 14;

struct KnownWord {
  std::string_view word;  // as Normal() leaves it
  std::string_view meaning;
};

struct QuestionTable {
  std::string_view name;                       // of the setting: "status"
  std::string_view asks;                       // for the page
  std::span<const std::string_view> meanings;  // what a word can be taught to mean
  std::span<const KnownWord> words;
};
const QuestionTable& TableOf(Question question);

// Where in a document a question is answered, as an attribute and as a child element alike.
enum class Place : uint8_t {
  kTransaction,
  kReceipt,  // RetailTransaction and its kin
  kControl,  // every other body of a transaction
  kLineItem,
  kGoods,  // Sale, Return and their kin below a LineItem
  kLink,   // TransactionLink
  kDisposal,
  kInventory,  // InventoryControlTransaction and the document in it
  kInventoryLine,
  kAround,  // the root of a document, and what holds or stands beside its transactions
};
struct Slot {
  Question question;
  Place place;
  std::string_view name;
};
std::span<const Slot> Slots();
// Whether something of this name is read there, in any case of letters and with any marks.
bool IsSlot(Place place, std::string_view name);

// A maker's prefix, blanks, marks and the case of letters do not matter: "dtv:Post-Void" is
// "postvoid". Bytes outside ASCII stay.
std::string Normal(std::string_view written);
// The letters of ASCII, Latin-1, Latin Extended-A and Cyrillic as small ones.
std::string SmallLetters(std::string_view written);

// True and false as XML and people spell them; nothing if the text is neither.
std::optional<bool> ReadFlag(std::string_view text);

// What would have to be true of goods that moved, such as "approved".
bool IsExpectedTrue(std::string_view name);

// An attribute that nobody knows is taken for a flag if it says true in a word, or if its name says
// that it is one.
bool NamedLikeAFlag(std::string_view name);

class Vocabulary {
 public:
  // Invalid if the question is not known, the word is already in the table with another meaning, or
  // the meaning is none of the question's.
  Status Teach(std::string_view question, std::string_view word, std::string_view meaning);

  // A name of the store itself: its own, and its aliases.
  void KnowStore(std::string_view name);
  // Whether goods of a store so named are this store's; leading zeros do not matter.
  bool IsOwnStore(std::string_view name) const;

  // "" for a word that is not known.
  std::string_view Meaning(Question question, std::string_view written) const;
  // A true of this name decides nothing: "taxable" and "isTaxable" as "taxableFlag".
  bool IsHarmlessTrue(std::string_view written) const;
  event::Rejection Unknown(Question question, std::string_view slot,
                           std::string_view written) const;

  // Calls `found` with the meaning of each word that `element` tells at this place. The first word
  // that is not known comes back as a rejection.
  using Found = std::function<void(std::string_view meaning)>;
  std::optional<event::Rejection> Read(Question question, Place place, XmlElement element,
                                       const Found& found) const;
  // The same for the flags that are true. A flag that is no boolean, and a true one whose name is
  // not known, are rejections.
  std::optional<event::Rejection> ReadFlags(XmlElement element, const Found& found) const;

 private:
  std::map<std::pair<Question, std::string>, std::string> taught_;
  std::set<std::string, std::less<>> stores_;  // without leading zeros
};

// The tables alone.
const Vocabulary& BuiltInVocabulary();

}  // namespace tillrelay::formats::poslog
