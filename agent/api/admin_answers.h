// What: what the admin API's routes share: how a reply is sent, who asks, numbers in paths.
// Thread: any (pure), replies as the Responder allows.
#pragma once

#include <string>
#include <string_view>

#include "agent/access/admin_auth.h"
#include "agent/admin/admin.h"
#include "common/http/router.h"
#include "common/web/security_headers.h"

namespace tillrelay::api {

// The problem document of a failure; with Retry-After where waiting helps.
http::Response FromStatus(const Status& status);

// A reply that writes its value with `json` and sends it.
template <class T, class Json>
admin::Reply<T> Answering(const http::Responder& responder, Json json) {
  return [responder, json](Result<T> result) {
    responder.Send(Secured(result.ok() ? http::Json(json(*result)) : FromStatus(result.status())));
  };
}

// Decimal digits only.
bool ReadUnsigned(std::string_view text, uint64_t* out);

// The caller as the audit names it.
using access::ActorOf;

}  // namespace tillrelay::api
