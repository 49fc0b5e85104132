// What: the chain that ties every event of a stream to all before it, docs/wire.md.
// Thread: any.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "common/base/digest.h"

namespace tillrelay::wire {

using Chain = std::array<uint8_t, 16>;

Chain FirstChain(std::string_view store, std::string_view stream);
Chain NextChain(const Chain& previous, uint64_t sequence, const Uuid& id,
                const Sha256Digest& data_digest);
bool ParseChain(std::string_view hex, Chain* out);

}  // namespace tillrelay::wire
