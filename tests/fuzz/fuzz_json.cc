#include "tests/fuzz/fuzz_formats.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tillrelay::formats::Format;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const Format format : {Format::kJson, Format::kNdjson, Format::kCloudEventBatch}) {
    tillrelay::testing::DecodeHostile(format, input);
  }
  return 0;
}
