#include "agent/uplink/centre_key.h"

#include <algorithm>

#include "common/base/log.h"

namespace tillrelay::uplink {

bool CentreKey::Knows(const wire::PublicKey& key) const {
  const auto& pinned = options_.pinned;
  if (!pinned.empty()) return std::find(pinned.begin(), pinned.end(), key) != pinned.end();
  return options_.learned == key;
}

std::string CentreKey::RefusesUnsigned() const {
  if (options_.accept_unsigned) return "";
  if (options_.pinned.empty() && !options_.learned) return "";
  return "it is not signed, and this store knows head office's key";
}

std::string CentreKey::Refuses(const wire::Confirm& confirm) {
  if (!options_.fault.empty() && options_.pinned.empty()) return options_.fault;
  if (confirm.kid.empty() && confirm.sig.empty()) {
    std::string refusal = RefusesUnsigned();
    if (refusal.empty()) trust_ = "unsigned";
    return refusal;
  }
  if (!wire::IsSigned(confirm)) return "its signature is wrong";
  const wire::PublicKey key = *wire::ParseKey(confirm.kid);
  if (!Knows(key)) {
    if (!options_.pinned.empty() || options_.learned) {
      return "it is signed with a key that this store does not know: " + confirm.kid;
    }
    if (Status kept = options_.keep(key); !kept.ok()) return kept.message();
    options_.learned = key;
    log::Info("uplink", "head office is known by the key {} from now on", confirm.kid);
  }
  trust_ = "signed";
  return "";
}

}  // namespace tillrelay::uplink
