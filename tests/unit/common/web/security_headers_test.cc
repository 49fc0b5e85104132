#include "common/web/security_headers.h"

#include <gtest/gtest.h>

namespace tillrelay::http {
namespace {

TEST(SecurityHeaders, EachIsThereOnce) {
  const Response response = Secured(Text(200, "ok"));
  for (const char* name : {"Content-Security-Policy", "Referrer-Policy",
                           "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy"}) {
    EXPECT_EQ(response.headers.Count(name), 1u) << name;
  }
  EXPECT_EQ(response.headers.Find("Referrer-Policy"), "same-origin");
  const std::string_view policy = response.headers.Find("Content-Security-Policy");
  EXPECT_EQ(policy.find("default-src 'none'"), 0u);
  EXPECT_EQ(policy.find("unsafe"), std::string_view::npos);
  EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string_view::npos);
}

}  // namespace
}  // namespace tillrelay::http
