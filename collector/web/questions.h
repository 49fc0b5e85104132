// What: the questions of the API, read from a request.
// Promise: what is not understood is refused, by its name.
// Thread: http (pure).
// Errors: invalid, which a ProblemOf tells as 400.
#pragma once

#include <cstdint>

#include "collector/exceptions/exception_table.h"
#include "collector/ledger/changes.h"
#include "collector/web/receipts.h"
#include "collector/web/stock.h"
#include "common/http/message.h"

namespace tillrelay::collector {

// `wait`: how many seconds an answer may wait for a change.
Result<ChangesQuestion> ReadChangesQuestion(const http::Request& request, uint64_t* wait);
Result<StockQuestion> ReadStockQuestion(const http::Request& request);
Result<ReceiptsQuestion> ReadReceiptsQuestion(const http::Request& request);
Result<ExceptionsQuestion> ReadExceptionsQuestion(const http::Request& request);

}  // namespace tillrelay::collector
