// What: the overview: the verdict, four numbers, delivery, registers, what needs a person.
// Promise: pure; complete without a script. The pieces are exactly what live updates replace.
// Thread: any.
#pragma once

#include <string>

#include "agent/status/frame.h"
#include "agent/status/tiles.h"

namespace tillrelay::status {

// Pieces, by the element's id.
std::string VerdictPiece(const Look& look);    // "verdict"
std::string BarPiece(const Look& look);        // "bar"
std::string NeedsPiece(const Look& look);      // "needs"
std::string RegistersPiece(const Look& look);  // "registers"

// The content of the page, for FrameHtml.
std::string OverviewContent(const Look& look, const Viewer& viewer, const Past& past);

// Buttons for a person who is signed in: try now, pause, resume.
std::string DeliveryButtons(const Viewer& viewer);

}  // namespace tillrelay::status
