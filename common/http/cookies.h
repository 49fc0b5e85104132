// What: the values that a request's Cookie header gives a name.
// Promise: pure; any bytes are taken. More than one value is told as such: what it means is the
//   caller's to say.
// Thread: any.
#pragma once

#include <string_view>
#include <vector>

namespace tillrelay::http {

// Views of `header`, in its order.
std::vector<std::string_view> CookiesNamed(std::string_view name, std::string_view header);

}  // namespace tillrelay::http
