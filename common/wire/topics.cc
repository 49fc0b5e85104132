#include "common/wire/topics.h"

namespace tillrelay::wire {

Topics TopicsOf(std::string_view prefix, std::string_view store) {
  const std::string base = std::string(prefix) + "/" + std::string(store) + "/";
  return {base + "events", base + "status", base + "confirm", base + "command", base + "reply"};
}

TopicParts SplitTopic(std::string_view prefix, std::string_view topic) {
  if (!topic.starts_with(prefix) || topic.size() <= prefix.size() || topic[prefix.size()] != '/') {
    return {};
  }
  const std::string_view rest = topic.substr(prefix.size() + 1);
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos || slash == 0) return {};
  const std::string_view leaf = rest.substr(slash + 1);
  if (leaf.empty() || leaf.find('/') != std::string_view::npos) return {};
  return {rest.substr(0, slash), leaf};
}

}  // namespace tillrelay::wire
