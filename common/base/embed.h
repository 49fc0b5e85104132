// What: a file of the source tree as bytes of the program: TILLRELAY_EMBED(symbol, "path") declares
//   symbol[] and symbol_end[]. A zero byte follows.
// Thread: immutable. Once per program and symbol; CMake names the file in OBJECT_DEPENDS.
#pragma once

#include <string_view>

#define TILLRELAY_EMBED(symbol, path)                                      \
  __asm__(".section .rodata\n" #symbol ":\n.incbin \"" path "\"\n" #symbol \
          "_end:\n.byte 0\n.previous\n");                                  \
  extern "C" const char symbol[];                                          \
  extern "C" const char symbol##_end[]

namespace tillrelay {

inline std::string_view Embedded(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

}  // namespace tillrelay
