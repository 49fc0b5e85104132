// What: a document in quarantine as JSON: what the API answers and what the command line prints.
// Promise: pure. docs/api/admin.json, "Quarantined".
// Thread: any.
#pragma once

#include <string>

#include "agent/admin/admin.h"
#include "common/base/json_writer.h"

namespace tillrelay::admin {

void WriteTicket(JsonWriter& json, const QuarantineRow& row);
std::string TicketJson(const QuarantineRow& row);

}  // namespace tillrelay::admin
