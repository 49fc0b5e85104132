// What: elements and attributes of a transaction that its mapping has not read.
// Promise: an element counts as read where its own text or an attribute was asked for, or anything
//   in it; words that are looked through only for what they might decide do not.
// Thread: the tree's.
#pragma once

#include "agent/formats/not_read.h"
#include "agent/formats/poslog/vocabulary.h"
#include "agent/formats/poslog/xml_tree.h"

namespace tillrelay::formats::poslog {

// After the mapping. Paths such as "Transaction/RetailTransaction/Customer" and "…/Sale/@Brand".
void ListNotRead(XmlElement root, const Vocabulary& words, NotRead* not_read);

}  // namespace tillrelay::formats::poslog
