// What: whether a line of a receipt says that its goods leave another store's shelf: an order that
//   another branch ships or hands over, a register that sells from a warehouse.
// Promise: what a receipt points at (the receipt that a return goes back to) is not meant, nor a
//   place within the store.
// Thread: any (pure).
#pragma once

#include <optional>
#include <string_view>

#include "agent/formats/poslog/xml_tree.h"
#include "common/event/draft.h"

namespace tillrelay::formats::poslog {

std::optional<event::Rejection> GoodsOfAnotherStore(XmlElement basket, std::string_view store_id);

}  // namespace tillrelay::formats::poslog
