// Files that people write: no crash, every mistake has its place, and what is taken is taken again.
#include <cstdint>
#include <string>

#include "agent/config/config.h"
#include "collector/service/config.h"
#include "common/base/check.h"

namespace {

template <class Parse>
void Check(std::string_view text, Parse parse) {
  const auto first = parse(text);
  const auto second = parse(text);
  CHECK(first.ok() == second.ok());
  if (!first.ok()) CHECK(first.status().message().starts_with("fuzz.toml"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Check(text, [](std::string_view t) { return tillrelay::config::Parse(t, "fuzz.toml"); });
  Check(text, [](std::string_view t) { return tillrelay::collector::ParseConfig(t, "fuzz.toml"); });
  return 0;
}
