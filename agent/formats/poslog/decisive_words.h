// What: whether a name and its value, which no table knows, plainly say that goods did not move,
//   came back, or that nothing of it was meant.
// Promise: one judgement for attributes, elements and pairs of a name and a value, at any depth.
// Thread: any (pure).
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

#include "agent/formats/poslog/vocabulary.h"

namespace tillrelay::formats::poslog {

// What is known of the part of a document in which a word stands.
class WordContext {
 public:
  WordContext(const Vocabulary& known, Place where, bool is_post_void, XmlElement part)
      : words(known), place(where), takes_back(is_post_void), part_(part) {}

  // Something in it comes back, or is ordered or laid away.
  bool Returns() const;
  bool Orders() const;

  const Vocabulary& words;
  const Place place;
  const bool takes_back;  // it is a post-void: no news that something is taken back

 private:
  const XmlElement part_;
  mutable std::optional<bool> returns_, orders_;  // asked for seldom
};

bool Contains(std::string_view text, std::initializer_list<std::string_view> parts);
bool EndsWith(std::string_view text, std::initializer_list<std::string_view> ends);

// A name that says what happened, whatever its value says, as long as that is not false or nothing.
bool NameDecides(std::string_view name, bool takes_back);
bool SaysNothingHappened(std::string_view value);

// Names of parts that speak of money, people and papers, whatever words stand in them.
bool SpeaksOfOthers(std::string_view name);

// A name that ends in status, state or the like, and is not about something else.
bool IsStatusName(std::string_view name);
bool IsGoodState(std::string_view meaning);
Question StatusQuestion(Place place);

// Of how goods come to the customer: later, or from another shelf than this store's.
bool IsFromElsewhere(std::string_view word);

// Whether a true of this name plainly says that nothing happened, whatever part it is told of.
bool NothingMoved(const Vocabulary& words, std::string_view name, bool takes_back);

// Whether a word says so, whatever asks for it.
bool WordDecides(const WordContext& around, std::string_view word);

// Whether it decides. Names that the words say to be harmless never do.
bool Decides(const WordContext& around, std::string_view name, std::string_view value);

}  // namespace tillrelay::formats::poslog
