#include "collector/confirmer.h"

namespace tillrelay::collector {

std::optional<Instant> Confirmer::Peer::due() const {
  if (!wanted && !online) return std::nullopt;
  if (!sent_at) return Instant{};
  return *sent_at + (wanted ? Duration(kConfirmSpacing) : Duration(kConfirmHeartbeat));
}

std::vector<std::string> Confirmer::Due(Instant now) const {
  std::vector<std::string> stores;
  for (const auto& [store, peer] : stores_) {
    const auto due = peer.due();
    if (due && *due <= now) stores.push_back(store);
  }
  return stores;
}

void Confirmer::Sent(const std::string& store, Instant now) {
  Peer& peer = stores_[store];
  peer.wanted = false;
  peer.sent_at = now;
}

std::optional<Instant> Confirmer::NextDeadline() const {
  std::optional<Instant> next;
  for (const auto& [store, peer] : stores_) {
    const auto due = peer.due();
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

Result<std::string> ConfirmText(Store* store, const std::string& store_id, const std::string& at) {
  auto streams = store->Confirmed(store_id, kConfirmStreams);
  if (!streams.ok()) return std::move(streams).status();
  wire::Confirm confirm;
  confirm.store = store_id;
  confirm.at = at;
  confirm.streams = *std::move(streams);
  return wire::WriteConfirm(confirm);
}

}  // namespace tillrelay::collector
