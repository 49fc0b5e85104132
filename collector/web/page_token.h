// What: where the next page of an answer begins, as an opaque text: three values, in hex.
// Thread: any (pure).
#pragma once

#include <array>
#include <optional>
#include <string>

namespace tillrelay::collector {

using PagePlace = std::array<std::string, 3>;

std::string PageToken(const PagePlace& place);
// Nothing for a text that PageToken does not write.
std::optional<PagePlace> ReadPageToken(const std::string& token);

}  // namespace tillrelay::collector
