#include "collector/intake/fair_inbox.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/wire/batch.h"
#include "common/wire/topics.h"

namespace tillrelay::collector {
namespace {

// Topics that name no store share one place.
constexpr const char* kNobody = "";

}  // namespace

void FairInbox::Share::Add(const Waiting& message, bool taken) {
  const size_t size = message.event.payload.size() + message.event.topic.size();
  messages += taken ? size_t{1} : -size_t{1};
  bytes += taken ? size : -size;
  unpacked += taken ? message.unpacked : -message.unpacked;
}

bool FairInbox::Share::Above(size_t most_messages, size_t most_bytes, size_t most_unpacked) const {
  return messages > most_messages || bytes > most_bytes || unpacked > most_unpacked;
}

void FairInbox::Deliver(mqtt::LinkEvent&& event) {
  {
    Lock lock(mutex_);
    if (closed_) return;
    if (event.what != mqtt::LinkEventType::kMessage) {
      own_.push_back(std::move(event));
    } else {
      const auto [name, leaf] = wire::SplitTopic(prefix_, event.topic);
      const std::string store = IsName(name) ? std::string(name) : std::string(kNobody);
      const bool taken = leaf == "status" ? TakeStatus(store, &event) : TakeMessage(store, &event);
      if (!taken) {
        ++dropped_.messages;
        dropped_.store = store;
        return;
      }
    }
  }
  condition_.NotifyOne();
}

// A retained status never takes the place of a live one, which is younger.
bool FairInbox::TakeStatus(const std::string& store, mqtt::LinkEvent* event) {
  if (store == kNobody) return false;
  const size_t size = event->payload.size() + event->topic.size();
  const auto found = statuses_.find(event->topic);
  if (found == statuses_.end()) {
    if (!statuses_.empty() && status_bytes_ + size > kMaxStatusBytes) return false;
    status_bytes_ += size;
    std::string topic = event->topic;
    statuses_.emplace(std::move(topic), std::move(*event));
    return true;
  }
  if (event->retained && !found->second.retained) return true;
  status_bytes_ -= found->second.payload.size() + found->second.topic.size();
  status_bytes_ += size;
  found->second = std::move(*event);
  return true;
}

bool FairInbox::TakeMessage(const std::string& store, mqtt::LinkEvent* event) {
  Waiting message{std::move(*event), 0};
  message.unpacked = wire::UnpackedSize(message.event.payload);
  Queue& queue = queues_[store];
  Share mine = queue.share, all = all_;
  mine.Add(message, true);
  all.Add(message, true);
  const bool greedy = mine.Above(kMaxMessages / 2, kMaxBytes / 2, kMaxUnpacked / 4);
  // One message always finds a place, so that none can be refused for ever.
  const bool room =
      queue.waiting.empty() || (!greedy && !all.Above(kMaxMessages, kMaxBytes, kMaxUnpacked));
  if (!room) queue.greedy = queue.greedy || greedy;
  if (!room) return false;
  queue.share = mine;
  all_ = all;
  queue.waiting.push_back(std::move(message));
  return true;
}

bool FairInbox::Empty() const { return own_.empty() && statuses_.empty() && queues_.empty(); }

std::vector<mqtt::LinkEvent> FairInbox::Pop(Duration timeout) {
  Lock lock(mutex_);
  if (Empty() && !closed_ && !woken_ && timeout.count() > 0) condition_.WaitFor(mutex_, timeout);
  woken_ = false;
  std::vector<mqtt::LinkEvent> slice = std::exchange(own_, {});
  for (size_t n = 0; n < kSliceStatuses && !statuses_.empty(); ++n) {
    auto first = statuses_.extract(statuses_.begin());
    status_bytes_ -= first.mapped().payload.size() + first.mapped().topic.size();
    slice.push_back(std::move(first.mapped()));
  }
  FillSlice(&slice);
  return slice;
}

void FairInbox::Wake() {
  {
    Lock lock(mutex_);
    woken_ = true;
  }
  condition_.NotifyOne();
}

// Round the stores, behind the one that was served last.
void FairInbox::FillSlice(std::vector<mqtt::LinkEvent>* slice) {
  Share taken;
  const auto full = [&] {
    return taken.messages >= kSliceMessages || taken.unpacked >= kSliceUnpacked;
  };
  for (size_t stores = queues_.size(); stores > 0 && !full(); --stores) {
    auto next = queues_.upper_bound(turn_);
    if (next == queues_.end()) next = queues_.begin();
    Queue& queue = next->second;
    turn_ = next->first;
    const bool alone = stores == 1 && taken.messages == 0 && !queue.greedy;
    const size_t most = alone ? kSliceUnpacked : kStoreUnpacked;
    const size_t most_messages = queue.greedy ? kGreedyMessages : kSliceMessages;
    const Share before = taken;
    while (!queue.waiting.empty() && !full() && taken.unpacked - before.unpacked < most &&
           taken.messages - before.messages < most_messages) {
      Waiting message = std::move(queue.waiting.front());
      queue.waiting.pop_front();
      queue.share.Add(message, false);
      all_.Add(message, false);
      taken.Add(message, true);
      slice->push_back(std::move(message.event));
    }
    if (queue.waiting.empty()) queues_.erase(next);
  }
}

void FairInbox::Close() {
  {
    Lock lock(mutex_);
    closed_ = true;
  }
  condition_.NotifyAll();
}

bool FairInbox::closed() {
  Lock lock(mutex_);
  return closed_;
}

FairInbox::Dropped FairInbox::dropped() {
  Lock lock(mutex_);
  return dropped_;
}

}  // namespace tillrelay::collector
