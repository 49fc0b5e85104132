// What: the overview: the verdict, four numbers, delivery, registers, what needs a person.
// Promise: pure; complete without a script. The pieces are exactly what live updates replace.
// Thread: any.
#pragma once

#include <string>

#include "agent/web/frame.h"
#include "agent/web/tiles.h"

namespace tillrelay::web {

// Pieces, by the element's id.
std::string VerdictPiece(const PageContext& context);    // "verdict"
std::string BarPiece(const PageContext& context);        // "bar"
std::string NeedsPiece(const PageContext& context);      // "needs"
std::string RegistersPiece(const PageContext& context);  // "registers"

// The content of the page, for FrameHtml.
std::string OverviewContent(const PageContext& context, const Principal& viewer, const Past& past);

// Buttons for a person who is signed in: try now, pause, resume.
std::string DeliveryButtons(const Principal& viewer);

}  // namespace tillrelay::web
