// What: the one style sheet of all pages, the store's and the centre's, compiled in.
// Thread: immutable.
#pragma once

#include <string_view>

namespace tillrelay::http {

std::string_view StyleSheet();

}  // namespace tillrelay::http
