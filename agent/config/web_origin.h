// What: whether a text is the origin of web pages as browsers write it (RFC 6454, 6.2).
// Promise: pure. What passes names one site: there are no wildcards, and no second spelling.
// Thread: any.
#pragma once

#include <string>
#include <string_view>

namespace tillrelay::config {

// What is wrong with it and how it should look; "" if nothing is.
std::string OriginMistake(std::string_view origin);

}  // namespace tillrelay::config
