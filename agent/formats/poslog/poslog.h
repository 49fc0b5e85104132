// What: POSLog XML (ARTS / OMG, 2.x to 6.x, in the dialects of docs/formats.md) to events.
// Promise: every Transaction is one item: an event whose sums agree with the document's own grand
//   total, or a rejection that says why not. Element order does not matter. Of a tender only type
//   and amount are read; operators, customers and loyalty never are.
// Thread: any (pure).
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "agent/formats/format.h"
#include "agent/formats/not_read.h"
#include "agent/formats/poslog/vocabulary.h"

namespace tillrelay::formats {

std::optional<SyntaxError> DecodePosLog(std::string_view bytes, const poslog::Vocabulary& words,
                                        const Limits& limits,
                                        const std::function<void(Item&&)>& sink,
                                        NotRead* not_read = nullptr);

}  // namespace tillrelay::formats
