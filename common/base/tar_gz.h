// What: a few texts as one .tar.gz: ustar, compressed by zlib.
// Promise: what gzip(1) and tar(1) open; the same texts and time give the same bytes.
// Thread: any (pure).
// Limits: names of at most 99 bytes; texts below 4 GiB together.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"

namespace tillrelay {

using NamedTexts = std::vector<std::pair<std::string, std::string>>;
std::string TarGz(const NamedTexts& files, WallTime at);

}  // namespace tillrelay
