#include "common/web/reader_language.h"

#include <algorithm>

namespace tillrelay::http {
namespace {

std::string_view CookieOf(std::string_view rest, std::string_view name) {
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(';'), rest.size());
    std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(rest.size(), end + 1));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      return pair.substr(equals + 1);
    }
  }
  return {};
}

}  // namespace

const strings::Language& LanguageOf(const Request& request, std::string_view configured) {
  return strings::ChooseLanguage({CookieOf(request.Header("Cookie"), kLanguageCookie), configured,
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
