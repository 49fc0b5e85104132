// What: what stands around every page of the centre: head, links, when it was made, foot.
// Promise: complete without JavaScript. The title tells the state.
// Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/web/html.h"
#include "common/web/units.h"

namespace tillrelay::collector {

struct PageFrame {
  Level level = Level::kGreen;
  std::string sentence;     // of the title
  std::string_view path;    // which page this is: "/"
  std::string_view json;    // the same for programs: "/v1/stores"
  bool renews = true;       // what it shows changes
  std::string_view script;  // a further one: "/decide.js"; may be empty
  WallTime now{};
};

void BeginPage(const PageFrame& frame, http::Html* html);
void EndPage(const PageFrame& frame, http::Html* html);
// "2026-11-28 03:43:49 UTC"
std::string ClockText(WallTime time);
// The same of a text that a database holds.
std::string ClockText(std::string_view utc);

}  // namespace tillrelay::collector
