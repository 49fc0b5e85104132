// Whatever a broker hands out on the topics confirm, status, command and reply: no crash, and what
// is taken comes out of its own writing again.
#include <cstdint>
#include <string>

#include "common/base/check.h"
#include "common/base/json_reader.h"
#include "common/wire/control.h"
#include "tests/support/status_streams.h"

namespace {

using namespace tillrelay;

template <class Read, class Write>
void Check(JsonValue value, Read read, Write write) {
  const auto first = read(value);
  if (!first.ok()) return;
  std::string text = write(*first);
  JsonParser parser;
  const auto again = parser.Parse(text);
  CHECK(again.ok());
  const auto second = read(*again);
  CHECK(second.ok());
  CHECK(write(*second) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  JsonParser parser;
  const auto value = parser.Parse(bytes);
  if (!value.ok()) return 0;
  Check(*value, wire::ReadConfirm, wire::WriteConfirm);
  Check(*value, wire::ReadCommand, wire::WriteCommand);
  Check(*value, wire::ReadReply, wire::WriteReply);
  const auto status = wire::ReadStatus(*value);
  if (status.ok()) {
    CHECK(!status->store.empty());
    wire::WriteStreams(status->streams);
  }
  return 0;
}
