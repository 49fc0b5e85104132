#include "common/web/security_headers.h"

#include <utility>

namespace tillrelay::http {

Response Secured(Response response) {
  static constexpr std::pair<std::string_view, std::string_view> kHeaders[] = {
      {"Content-Security-Policy", kContentSecurityPolicy},
      // Not "no-referrer": with that, browsers send "Origin: null" with the page's own forms.
      {"Referrer-Policy", "same-origin"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"}};
  for (const auto& [name, value] : kHeaders) response.headers.Add(name, value);
  return response;
}

}  // namespace tillrelay::http
