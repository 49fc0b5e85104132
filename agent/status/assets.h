// What: the files of the page, compiled in.
// Thread: immutable.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tillrelay::status {

struct Asset {
  std::string_view content_type;
  std::string_view bytes;
  std::string etag;  // quoted, from the content
};

// "style.css", "state-green.svg", "state-amber.svg", "state-red.svg"; null for another name.
const Asset* FindAsset(std::string_view name);

}  // namespace tillrelay::status
