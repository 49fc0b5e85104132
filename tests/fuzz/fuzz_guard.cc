#include <cstdint>
#include <string>

#include "agent/guard/guard.h"
#include "common/base/check.h"

// Scrubbing is complete: what was scrubbed holds no card any more.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tillrelay;
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::string scrubbed = guard::Scrub(input);
  CHECK(guard::Scrub(scrubbed) == scrubbed);
  CHECK(!guard::ContainsCard(guard::ScrubLine(input)));
  CHECK(!guard::ContainsCard(input) || scrubbed != input);
  return 0;
}
