// What: a basket to a sale, return, exchange, post-void or filler, with its own totals checked.
// Promise: what comes out agrees with the document's grand total, or the rejection names both sums.
// Thread: any (pure).
#pragma once

#include <optional>
#include <string_view>

#include "agent/formats/poslog/dialect.h"
#include "agent/formats/poslog/receipt_state.h"
#include "common/event/event.h"

namespace tillrelay::formats::poslog {

struct ReceiptSource {
  XmlElement root, body;
  const Dialect& dialect;
  const Vocabulary& words;
  ReadStateResult reported;  // its state is kCarriedOut or kPostVoid
};

// `event` has its transaction's head already.
std::optional<event::Rejection> ReadReceipt(const ReceiptSource& source, event::Event* event);

// A number of the register without goods.
void MakeFiller(std::string_view status, event::Event* event);

}  // namespace tillrelay::formats::poslog
