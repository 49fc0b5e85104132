// What: whether a path names a file whose contents can be read to its end: a FIFO would keep the
//   reader waiting for ever.
// Thread: any.
// Errors: not found; unavailable (with errno's words); invalid (something else is there).
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "common/base/status.h"

namespace tillrelay {

// "a folder", "a FIFO", "a socket", "a device"; "" of a file.
std::string_view OddKind(mode_t mode);
// Ok, or why not: "/path is a FIFO, not a file".
Status CheckIsFile(const std::string& path);

}  // namespace tillrelay
