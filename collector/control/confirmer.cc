#include "collector/control/confirmer.h"

namespace tillrelay::collector {

std::optional<Instant> Confirmer::Peer::due() const {
  if (!sent_at) return wanted || online ? std::optional(Instant{}) : std::nullopt;
  if (wanted) return *sent_at + kConfirmSpacing;
  if (look_again) return *sent_at + kConfirmAgain;
  if (online) return *sent_at + kConfirmHeartbeat;
  return std::nullopt;
}

std::vector<std::string> Confirmer::Due(Instant now) const {
  std::vector<std::string> stores;
  for (const auto& [store, peer] : stores_) {
    const auto due = peer.due();
    if (due && *due <= now) stores.push_back(store);
  }
  return stores;
}

bool Confirmer::HasActivity(const std::string& store, const std::string& streams) const {
  const auto peer = stores_.find(store);
  return peer == stores_.end() || peer->second.wanted || !peer->second.look_again ||
         peer->second.reported != streams;
}

void Confirmer::Done(const std::string& store, const std::string& streams, bool sent, Instant now) {
  Peer& peer = stores_[store];
  peer.look_again = shared_ && sent;
  if (!sent) return;
  peer.wanted = false;
  peer.sent_at = now;
  if (shared_) peer.reported = streams;
}

std::optional<Instant> Confirmer::NextDeadline() const {
  std::optional<Instant> next;
  for (const auto& [store, peer] : stores_) {
    const auto due = peer.due();
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

std::string ConfirmText(const std::string& store, const std::string& at,
                        const std::vector<wire::StreamConfirm>& streams,
                        const std::vector<wire::HeardSession>& sessions) {
  wire::Confirm confirm;
  confirm.store = store;
  confirm.at = at;
  confirm.streams = streams;
  confirm.sessions = sessions;
  confirm.accepts_batches = confirm.accepts_zstd = true;  // wire::MessageReader
  return wire::WriteConfirm(confirm);
}

}  // namespace tillrelay::collector
