// What: the page for a browser that meets a problem: an unknown address, a wrong query, a refusal.
// Promise: it shows nothing of the store, whoever asks.
// Thread: any (pure).
#pragma once

#include <functional>
#include <string>

#include "common/http/router.h"

namespace tillrelay::web {

// `language`: a code, or "auto".
http::ProblemPageMaker ProblemPages(std::string language);

}  // namespace tillrelay::web
