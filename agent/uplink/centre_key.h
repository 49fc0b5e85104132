// What: by which key this store knows head office: keys that the settings name, or the first one
//   that signed a confirmation here.
// Promise: once a key is known nothing counts as confirmed that it has not signed, unless the
//   settings take unsigned confirmations. What was learned is on the disk before it counts.
// Thread: uplink.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/wire/signature.h"

namespace tillrelay::uplink {

struct CentreKeyOptions {
  std::vector<wire::PublicKey> pinned;     // by the settings; then nothing is learned
  std::optional<wire::PublicKey> learned;  // in an earlier life
  bool accept_unsigned = false;
  std::string fault;  // why nothing can be believed: what was learned cannot be read
  std::function<Status(const wire::PublicKey&)> keep;  // durably
};

class CentreKey {
 public:
  explicit CentreKey(CentreKeyOptions options) : options_(std::move(options)) {}

  // Why the confirmation does not count; empty: it does.
  std::string Refuses(const wire::Confirm& confirm);
  // "signed", "unsigned": how the last one that counted came; empty before.
  const char* trust() const { return trust_; }

 private:
  std::string RefusesUnsigned() const;
  bool Knows(const wire::PublicKey& key) const;

  CentreKeyOptions options_;
  const char* trust_ = "";
};

}  // namespace tillrelay::uplink
