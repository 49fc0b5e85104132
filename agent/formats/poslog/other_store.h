// What: whether a line of a receipt says that its goods leave another store's shelf: an order that
//   another branch ships or hands over, a register that sells from a warehouse.
// Promise: what a receipt points at (the receipt that a return goes back to) is not meant, nor a
//   place within the store.
// Thread: any (pure).
#pragma once

#include <optional>
#include <string_view>

#include "agent/formats/poslog/vocabulary.h"
#include "agent/formats/poslog/xml_tree.h"
#include "common/event/draft.h"

namespace tillrelay::formats::poslog {

// `store_id`: as the receipt names the store; `words` knows its other names.
std::optional<event::Rejection> GoodsOfAnotherStore(XmlElement basket, std::string_view store_id,
                                                    const Vocabulary& words);

}  // namespace tillrelay::formats::poslog
