// What: of an event that is stored, what its document was called: enough to know the document again
//   where the list of known ones is gone.
// Promise: pure. What it says is what was said when the document was stored.
// Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/digest.h"

namespace tillrelay::event {

struct StoredDocument {
  std::string key;              // Identity::key
  Sha256Digest digest{};        // Identity::digest
  std::string taking_back_key;  // Draft::taking_back_key
  int64_t at_s = 0;             // as in BookEntry
  bool time_trusted = true;
};

// `kind`, `time` and `data` as the event was stored. Nothing: no document lies behind it (an event
// of the agent's own).
std::optional<StoredDocument> ReadStoredDocument(std::string_view kind, std::string_view time,
                                                 std::string data);

// `Identity::key` of a document with its kind, as WithKind writes it; "" where it names none.
std::string KeyOfDocument(std::string document);

}  // namespace tillrelay::event
