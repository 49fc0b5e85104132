// What: what the tables for the warehouse say of one event, read once out of its bytes.
// Promise: pure; never a reason not to apply an event: a text that cannot be a column is shown with
//   what is wrong in it escaped, and what is no number is left out.
// Thread: any.
// Limits: 10,000 lines, tenders and taxes each; texts of 128 bytes.
#pragma once

#include "collector/ledger/posting.h"

namespace tillrelay::collector {

// Nothing if the event has no transaction. The position is still to be given.
std::optional<Receipt> ReadReceipt(const PostingSource& from, JsonValue data);

}  // namespace tillrelay::collector
