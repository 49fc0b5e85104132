// What: the overview: the verdict, four numbers, delivery, registers, what needs a person.
// Promise: pure; complete without a script. The pieces are exactly what live updates replace.
// Thread: any.
#pragma once

#include <string>

#include "agent/status/frame.h"

namespace tillrelay::status {

// Pieces, by the element's id.
std::string VerdictPiece(const Look& look);    // "verdict"
std::string TilesPiece(const Look& look);      // "tiles"
std::string BarPiece(const Look& look);        // "bar"
std::string NeedsPiece(const Look& look);      // "needs"
std::string RegistersPiece(const Look& look);  // "registers"

// The content of the page, for FrameHtml. `connection` is the strip of the last day, or empty.
std::string OverviewContent(const Look& look, const Viewer& viewer, std::string_view connection);

// Buttons for a person who is signed in: try now, pause, resume.
std::string DeliveryButtons(const Viewer& viewer);

}  // namespace tillrelay::status
