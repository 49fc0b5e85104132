// What: a person's words -> what to search for: "004711 register 3", "return 2026-11-25", an id.
// Promise: pure. Every word is used: what is no receipt, register, day, kind or id is looked for as
//   text.
// Thread: any.
#pragma once

#include <string_view>

#include "agent/admin/admin.h"

namespace tillrelay::web {

// The filter's texts only; limits and bounds stay as they are by default.
admin::EventFilter ReadQuestion(std::string_view words);

}  // namespace tillrelay::web
