// What: the language of a page: which one a request gets, and what the answer says of it.
// Promise: the person's own choice (a cookie) before the configuration, before the browser's.
// Thread: any (pure).
#pragma once

#include <string>
#include <string_view>

#include "common/http/message.h"
#include "common/language/language.h"

namespace tillrelay::http {

inline constexpr std::string_view kLanguageCookie = "language";

// `configured`: a code, or "auto".
const strings::Language& LanguageOf(const Request& request, std::string_view configured);
// Content-Language, and what it depended on.
void AddLanguage(Response* response, const strings::Language& language);
// The value of Set-Cookie that keeps a choice for a year.
std::string LanguageCookie(const strings::Language& language);

}  // namespace tillrelay::http
