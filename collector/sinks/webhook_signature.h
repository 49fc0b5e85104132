// What: how a webhook is signed: Standard Webhooks, version 1 with a shared secret.
// Promise: pure; no message repeats a secret.
// Thread: any.
// Errors: invalid (no secret of that form).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace tillrelay::collector {

// The keys of "whsec_BASE64" texts with blanks or line ends between: one, or while it is being
// exchanged the new one and the old one. Each has 24 to 64 bytes.
Result<std::vector<std::string>> ReadWebhookSecrets(std::string_view text);

// The value of webhook-signature: "v1,BASE64", one for each key, blanks between.
std::string WebhookSignature(const std::vector<std::string>& keys, std::string_view id,
                             int64_t timestamp_s, std::string_view body);

}  // namespace tillrelay::collector
