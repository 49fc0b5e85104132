// What: a text that was stored in English, in the language that is spoken now: found again in the
//   catalogue by its format, with what filled the places told in that language too.
// Promise: what no format of the catalogue fits stays as it is, sentence by sentence. A text that
//   can be made anew from its figures is better made anew; this is for what is over.
// Thread: any.
#pragma once

#include <string>
#include <string_view>

namespace tillrelay::strings {

std::string Retold(std::string_view english);

}  // namespace tillrelay::strings
