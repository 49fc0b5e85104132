// What: whether a name and its value, which no table knows, plainly say that goods did not move,
// came
//   back, or that nothing of it was meant.
// Promise: one judgement for attributes, elements and pairs of a name and a value, at any depth.
// Thread: any (pure).
#pragma once

#include <initializer_list>
#include <string_view>

#include "agent/formats/poslog/vocabulary.h"

namespace tillrelay::formats::poslog {

// What is known of the part of a document in which a word stands.
struct WordContext {
  const Vocabulary& words;
  Place place;
  bool takes_back = false;  // it is a post-void, so that it is no news that something is taken back
  bool returns = false;     // something in it comes back
  bool orders = false;      // something in it is ordered or laid away
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

// Whether it decides. Names that the words say to be harmless never do.
bool Decides(const WordContext& around, std::string_view name, std::string_view value);

}  // namespace tillrelay::formats::poslog
