#include "agent/access/secured.h"

namespace tillrelay::access {

http::Response Secured(http::Response response) {
  response.headers.Add("Content-Security-Policy", kContentSecurityPolicy);
  // Not "no-referrer": with that, browsers send "Origin: null" with the page's own forms.
  response.headers.Add("Referrer-Policy", "same-origin");
  response.headers.Add("Cross-Origin-Opener-Policy", "same-origin");
  response.headers.Add("Cross-Origin-Resource-Policy", "same-origin");
  return response;
}

}  // namespace tillrelay::access
