// What: a document's bytes as UTF-8 text, so that the card-number guard and a person can read it.
// Promise: UTF-16 (with a byte order mark, or with a NUL in its first pair) becomes UTF-8; all else
//   stays as it is. What cannot be decoded becomes U+FFFD, never an error.
// Thread: any (pure).
#pragma once

#include <string>
#include <string_view>

namespace tillrelay::capture {

std::string PlainText(std::string_view bytes);

}  // namespace tillrelay::capture
