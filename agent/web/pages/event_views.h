// What: the search over events, and one event with its whole life.
// Promise: pure; every text from outside is escaped.
// Thread: any.
#pragma once

#include <string>

#include "agent/admin/admin.h"
#include "agent/web/frame.h"

namespace tillrelay::web {

struct EventSearch {
  std::string words;          // as typed
  admin::EventFilter filter;  // what they came to
};

std::string EventsContent(const PageContext& context, const EventSearch& search,
                          const admin::EventPage& page);
std::string EventContent(const PageContext& context, const admin::EventRow& row);
// The steps of its life as a list; also shown beside a search with a single answer.
std::string LifeList(const PageContext& context, const admin::EventRow& row);

}  // namespace tillrelay::web
