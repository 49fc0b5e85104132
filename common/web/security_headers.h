// What: the headers that every answer of a page or an API of ours carries.
// Thread: any (pure).
#pragma once

#include <string_view>

#include "common/http/message.h"

namespace tillrelay::http {

// Only what this server itself serves; in no frame.
inline constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

Response Secured(Response response);

}  // namespace tillrelay::http
