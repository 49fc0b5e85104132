// What: a problem document as people's browsers get it: a page around a sentence.
// Promise: status, Allow, Retry-After and WWW-Authenticate stay; nothing of the request is repeated
//   but what the problem's own detail tells, escaped. In the language that is spoken.
// Thread: any (pure).
#pragma once

#include <string>
#include <string_view>

#include "common/http/message.h"

namespace tillrelay::http {

// The sentence for the problem's word, as a section of a page, markup; a way `home` below it.
std::string ProblemSection(const Response& problem, std::string_view home);
// The page `html` with the problem's status and headers.
Response ProblemPage(const Response& problem, std::string html);

}  // namespace tillrelay::http
