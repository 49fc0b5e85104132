#include "tests/fuzz/fuzz_formats.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tillrelay::testing::DecodeHostile(tillrelay::formats::Format::kEpcis,
                                    std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
