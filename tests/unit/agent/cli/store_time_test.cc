#include "agent/cli/store_time.h"

#include <gtest/gtest.h>

#include "common/language/language.h"
#include "common/language/text.h"

namespace tillrelay::cli {
namespace {

TEST(StoreTime, IsTheStoresClockFaceWithItsZone) {
  const struct {
    const char *utc, *zone, *text;
  } rows[] = {
      {"2026-11-28T03:43:49Z", "Europe/Berlin", "2026-11-28 04:43:49 Europe/Berlin"},
      {"2026-07-28T22:43:49.123Z", "Europe/Berlin", "2026-07-29 00:43:49 Europe/Berlin"},
      {"2026-11-28T03:43:49Z", "America/New_York", "2026-11-27 22:43:49 America/New_York"},
      {"2026-11-28T03:43:49Z", "UTC", "2026-11-28 03:43:49 UTC"},
      {"2026-11-28T03:43:49Z", "Nowhere/City", "2026-11-28 03:43:49 UTC"},
      {"", "Europe/Berlin", ""},
      {"yesterday", "Europe/Berlin", "yesterday"},
  };
  for (const auto& row : rows) EXPECT_EQ(StoreTimeText(row.utc, row.zone), row.text);
  const strings::Speaking german(*strings::FindLanguage("de"));
  EXPECT_EQ(StoreTimeText("2026-11-28T03:43:49Z", "Europe/Berlin"),
            "28.11.2026 04:43:49 Europe/Berlin");
}

}  // namespace
}  // namespace tillrelay::cli
