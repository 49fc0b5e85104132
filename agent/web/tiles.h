// What: the overview's four numbers: what waits, what came in, how long it takes, how much room.
// Promise: pure. A number's text is a piece that live updates replace; its course stays as it was
//   when the page was made.
// Thread: any.
#pragma once

#include <array>
#include <string>
#include <utility>

#include "agent/web/page_context.h"

namespace tillrelay::web {

// The last day as small pictures, each empty where it is not to be had.
struct Past {
  std::string connection;  // the strip, with its words
  std::string waiting, captured, latency;
};

// By the element's id.
using TileFragments = std::array<std::pair<std::string, std::string>, 4>;
TileFragments TileFragmentsOf(const PageContext& context);

std::string TilesHtml(const PageContext& context, const Past& past);

}  // namespace tillrelay::web
