#include "common/web/reader_language.h"

#include "common/http/cookies.h"

namespace tillrelay::http {

const strings::Language& LanguageOf(const Request& request, std::string_view configured) {
  const auto chosen = CookiesNamed(kLanguageCookie, request.Header("Cookie"));
  return strings::ChooseLanguage({chosen.empty() ? std::string_view() : chosen[0], configured,
                                  request.Header("Accept-Language")});
}

void AddLanguage(Response* response, const strings::Language& language) {
  response->headers.Add("Content-Language", language.code);
  response->headers.Add("Vary", "Accept-Language, Cookie");
}

std::string LanguageCookie(const strings::Language& language) {
  return std::string(kLanguageCookie) + "=" + language.code +
         "; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000";
}

}  // namespace tillrelay::http
