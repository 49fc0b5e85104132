// What: the MQTT topics between store and centre, docs/wire.md.
// Thread: any.
#pragma once

#include <string>
#include <string_view>

namespace tillrelay::wire {

inline constexpr std::string_view kDefaultPrefix = "tillrelay/v1";

struct Topics {
  std::string events, status, confirm, command, reply;
};

// The topics of one store; "+" as store gives the collector's subscriptions.
Topics TopicsOf(std::string_view prefix, std::string_view store);

// The store that a topic below `prefix` names and the last level; empty views if it is not ours.
struct TopicParts {
  std::string_view store, leaf;
};
TopicParts SplitTopic(std::string_view prefix, std::string_view topic);

}  // namespace tillrelay::wire
