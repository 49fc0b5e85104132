#include "collector/control/confirmer.h"

namespace tillrelay::collector {

std::optional<Instant> Confirmer::Peer::due() const {
  if (!sent_at) return wanted || online ? std::optional(Instant{}) : std::nullopt;
  if (wanted) return *sent_at + kConfirmSpacing;
  if (look_again) return *sent_at + kConfirmAgain;
  if (online) return *sent_at + kConfirmHeartbeat;
  return std::nullopt;
}

void Confirmer::List(const std::string& store, Peer* peer) {
  const auto due = peer->due();
  if (due == peer->listed) return;
  if (peer->listed) due_.erase({*peer->listed, store});
  if (due) due_.emplace(*due, store);
  peer->listed = due;
}

void Confirmer::Request(const std::string& store) {
  Peer& peer = stores_[store];
  peer.wanted = true;
  List(store, &peer);
}

void Confirmer::Online(const std::string& store, bool online) {
  Peer& peer = stores_[store];
  peer.online = online;
  List(store, &peer);
}

std::vector<std::string> Confirmer::Due(Instant now, size_t most) const {
  std::vector<std::string> stores;
  for (const auto& [at, store] : due_) {
    if (at > now || stores.size() >= most) break;
    stores.push_back(store);
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
  if (sent) {
    peer.wanted = false;
    peer.sent_at = now;
    if (shared_) peer.reported = streams;
  }
  List(store, &peer);
}

std::optional<Instant> Confirmer::NextDeadline() const {
  return due_.empty() ? std::nullopt : std::optional(due_.begin()->first);
}

namespace {

void Shorten(std::vector<wire::Range>* ranges, size_t most) {
  if (ranges->size() <= most) return;
  (*ranges)[most - 1].last = ranges->back().last;
  ranges->resize(most);
}

}  // namespace

std::string ConfirmText(const std::string& store, const std::string& at,
                        const std::vector<wire::StreamConfirm>& streams,
                        const std::vector<wire::HeardSession>& sessions,
                        const wire::SigningKey* key, size_t most_bytes) {
  wire::Confirm confirm;
  confirm.store = store;
  confirm.at = at;
  confirm.streams = streams;
  confirm.sessions = sessions;
  confirm.accepts_batches = confirm.accepts_zstd = true;  // wire::MessageReader
  const auto written = [&] {
    if (key != nullptr) key->Sign(&confirm);
    return wire::WriteConfirm(confirm);
  };
  std::string text = written();
  for (size_t most = 256; most_bytes > 0 && text.size() > most_bytes && most > 0; most /= 4) {
    for (wire::StreamConfirm& stream : confirm.streams) {
      Shorten(&stream.owed, most);
      Shorten(&stream.unapplied, most);
    }
    text = written();
  }
  return text;
}

}  // namespace tillrelay::collector
