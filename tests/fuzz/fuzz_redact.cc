#include <cstdint>
#include <string>

#include "agent/redact/redact.h"
#include "common/base/check.h"

// Scrubbing is complete: what was scrubbed holds no card any more.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tillrelay;
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::string scrubbed = redact::RedactDocument(input);
  CHECK(redact::RedactDocument(scrubbed) == scrubbed);
  CHECK(!redact::ContainsCard(redact::RedactLine(input)));
  CHECK(!redact::ContainsCard(input) || scrubbed != input);
  return 0;
}
