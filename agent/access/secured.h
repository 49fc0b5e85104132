// What: the strict headers that every answer of the admin port carries.
// Thread: any (pure).
#pragma once

#include <string_view>

#include "common/http/message.h"

namespace tillrelay::access {

// What a page of ours may load, and who may frame it.
inline constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

http::Response Secured(http::Response response);

}  // namespace tillrelay::access
