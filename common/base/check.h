// What: CHECK(condition), always on: our own bug ends the process at once with file, line and text.
// Promise: never used on input, on disks or on the network; those get a Status.
// Thread: any.
#pragma once

namespace tillrelay {
[[noreturn]] void CheckFailed(const char* file, int line, const char* text);
}

#define CHECK(condition)                                        \
  do {                                                          \
    if (!(condition)) [[unlikely]]                              \
      ::tillrelay::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)
