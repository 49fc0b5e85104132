#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/golden.h"

namespace tillrelay {
namespace {

using formats::Format;
using testing::Decode;
using testing::ExpectGolden;
using testing::ReadGolden;
using testing::Render;

// Every document of a folder against the reference beside it: x.in has x.ref, x.json has
// x.json.ref.
void ExpectFolder(const std::string& folder, Format format) {
  size_t count = 0;
  const std::filesystem::path root(testing::GoldenPath(""));
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(testing::GoldenPath(folder))) {
    const std::string name = entry.path().lexically_relative(root).string();
    const std::string kind = entry.path().extension().string();
    if (kind != ".in" && kind != ".xml" && kind != ".json") continue;
    SCOPED_TRACE(name);
    const std::string reference =
        kind == ".in" ? name.substr(0, name.size() - 3) + ".ref" : name + ".ref";
    ExpectGolden(reference, Render(Decode(format, ReadGolden(name))));
    ++count;
  }
  EXPECT_GT(count, 0u) << folder;
}

TEST(Golden, PosLogOfEveryDialect) { ExpectFolder("poslog", Format::kPosLog); }
TEST(Golden, CanonicalDocuments) { ExpectFolder("canonical", Format::kJson); }
TEST(Golden, CloudEventBatch) { ExpectFolder("cloudevents", Format::kCloudEventBatch); }
TEST(Golden, JsonLines) { ExpectFolder("ndjson", Format::kNdjson); }

}  // namespace
}  // namespace tillrelay
