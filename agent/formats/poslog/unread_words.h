// What: decisive words and names in places of a POSLog document that no table names: a document is
//   refused for them, because it may say there that its goods did not move.
// Promise: pure. What is free text, a number, an amount or a name that the shop has taught as
//   harmless is left alone.
// Thread: any.
// Errors: rejection unknown-word with the line to configure.
#pragma once

#include <optional>
#include <string_view>

#include "agent/formats/poslog/vocabulary.h"

namespace tillrelay::formats::poslog {

// The first attribute or leaf of `element`, or of what stands in it at any depth, that decides
// something and is read by nobody. Of a document that takes another one back, words of taking back
// are no news.
std::optional<event::Rejection> UnreadWord(const Vocabulary& words, Place place, XmlElement element,
                                           bool takes_back);

// The same of a part of a line that speaks of money, people or papers: of its flags, only those
// that plainly say that nothing happened decide.
std::optional<event::Rejection> UnreadInOthers(const Vocabulary& words, XmlElement part,
                                               bool takes_back);

// Whether an element points at another transaction: a TransactionLink, or one that holds its number
// under another name.
bool PointsAtTransaction(XmlElement element);

// Whether an element below LineItem that nobody knows could be goods.
bool CouldBeGoods(XmlElement element);

}  // namespace tillrelay::formats::poslog
