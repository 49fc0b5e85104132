// What: the quarantine as a worklist: filter, order, check boxes, and what to do with those chosen.
// Promise: pure; every text from outside is escaped. Complete without a script.
// Thread: any.
#pragma once

#include <set>
#include <string>

#include "agent/admin/admin.h"
#include "agent/admin/resolve_many.h"
#include "agent/web/frame.h"

namespace tillrelay::web {

// What a person has chosen without success, or has just done.
struct TicketChoice {
  std::set<uint64_t> tickets;
  bool all = false;
  std::string reason, problem, done;
};

struct TicketList {
  const admin::TicketFilter& filter;
  const admin::TicketPage& page;
  const TicketChoice& choice;
};
std::string QuarantineContent(const PageContext& context, const Principal& viewer,
                              const TicketList& list);

// "10 documents were stored. 2 are still in quarantine."
std::string BulkDoneText(admin::Resolution::Way way, const admin::BulkOutcome& outcome);

}  // namespace tillrelay::web
