// What: the files of the page, compiled in.
// Thread: immutable.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tillrelay::web {

struct Asset {
  std::string_view content_type;
  std::string_view bytes;
  std::string etag;  // quoted, from the content
};

// "style.css", "live.js", "state-green.svg" ...; null for another name.
const Asset* FindAsset(std::string_view name);

}  // namespace tillrelay::web
