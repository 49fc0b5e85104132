// What: inventory control documents (ARTS InventoryControlTransaction) to transfers, adjustments
//   and counts.
// Promise: which stock moves and in which direction is told by the document, or it is refused.
// Thread: any (pure).
// Errors: rejections missing-field, bad-value, unsupported, unknown-word.
#pragma once

#include <optional>

#include "agent/formats/poslog/vocabulary.h"
#include "agent/formats/poslog/xml_tree.h"
#include "common/event/event.h"

namespace tillrelay::formats::poslog {

struct InventorySource {
  const event::Transaction& head;  // store, day, times and number of the transaction
  XmlElement body;                 // InventoryControlTransaction
  const Vocabulary& words;
};

// `*mapped` is false where nothing moved: a draft, or one whose lines were all taken back.
std::optional<event::Rejection> ReadInventory(const InventorySource& source, event::Event* event,
                                              bool* mapped);

}  // namespace tillrelay::formats::poslog
