#include "agent/access/secured.h"

namespace tillrelay::access {

http::Response Secured(http::Response response) {
  response.headers.Add("Content-Security-Policy", kContentSecurityPolicy);
  response.headers.Add("Referrer-Policy", "no-referrer");
  response.headers.Add("Cross-Origin-Opener-Policy", "same-origin");
  response.headers.Add("Cross-Origin-Resource-Policy", "same-origin");
  return response;
}

}  // namespace tillrelay::access
