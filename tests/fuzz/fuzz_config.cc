// Any text as the configuration of the agent: refused with a reason, or a configuration that is
// equal to itself.
#include <cstdint>
#include <string_view>

#include "agent/config/config.h"
#include "common/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tillrelay;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = config::Parse(text, "fuzz.toml");
  if (config.ok()) {
    CHECK(config::Differences(*config, *config).empty());
  } else {
    CHECK(!config.status().message().empty());
  }
  return 0;
}
