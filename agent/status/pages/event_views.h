// What: the search over events, and one event with its whole life.
// Promise: pure; every text from outside is escaped.
// Thread: any.
#pragma once

#include <string>

#include "agent/status/admin.h"
#include "agent/status/frame.h"

namespace tillrelay::status {

struct EventSearch {
  std::string words;   // as typed
  EventFilter filter;  // what they came to
};

std::string EventsContent(const Look& look, const EventSearch& search, const EventPage& page);
std::string EventContent(const Look& look, const EventRow& row);
// The steps of its life as a list; also shown beside a search with a single answer.
std::string LifeList(const Look& look, const EventRow& row);

}  // namespace tillrelay::status
