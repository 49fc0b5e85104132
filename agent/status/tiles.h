// What: the overview's four numbers: what waits, what came in, how long it takes, how much room.
// Promise: pure. A number's text is a piece that live updates replace; its course stays as it was
//   when the page was made.
// Thread: any.
#pragma once

#include <array>
#include <string>
#include <utility>

#include "agent/status/look.h"

namespace tillrelay::status {

// The last day as small pictures, each empty where it is not to be had.
struct Past {
  std::string connection;  // the strip, with its words
  std::string waiting, captured, latency;
};

// By the element's id.
using TilePieces = std::array<std::pair<std::string, std::string>, 4>;
TilePieces TilePiecesOf(const Look& look);

std::string TilesHtml(const Look& look, const Past& past);

}  // namespace tillrelay::status
