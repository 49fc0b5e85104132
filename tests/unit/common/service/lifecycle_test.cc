#include "common/service/lifecycle.h"

#include <gtest/gtest.h>

namespace tillrelay::service {
namespace {

class LifecycleTest : public testing::Test {
 protected:
  Stage Named(const std::string& name, Status outcome = Status::Ok()) {
    Stage stage;
    stage.name = name;
    stage.start = [this, name, outcome] {
      said_ += "+" + name;
      return outcome;
    };
    stage.stop = [this, name](std::chrono::milliseconds) { said_ += "-" + name; };
    return stage;
  }
  std::string said_;
};

TEST_F(LifecycleTest, StagesStopInReverseExactlyOnce) {
  {
    Lifecycle lifecycle;
    for (const char* name : {"journal", "uplink", "http"}) lifecycle.Add(Named(name));
    EXPECT_TRUE(lifecycle.Start().ok());
    std::string reported;
    lifecycle.Stop(
        [&](const std::string& name, std::chrono::milliseconds) { reported += name + " "; });
    EXPECT_EQ(reported, "http uplink journal ");
  }
  EXPECT_EQ(said_, "+journal+uplink+http-http-uplink-journal");
}

TEST_F(LifecycleTest, AStageThatFailsStopsThoseBeforeIt) {
  Lifecycle lifecycle;
  lifecycle.Add(Named("journal"));
  lifecycle.Add(Named("http", Unavailable("the port is taken")));
  lifecycle.Add(Named("uplink"));
  EXPECT_EQ(lifecycle.Start().message(), "http: the port is taken");
  EXPECT_EQ(said_, "+journal+http-journal");
}

TEST_F(LifecycleTest, TheEndOfTheScopeStopsWhatRuns) {
  {
    Lifecycle lifecycle;
    lifecycle.Add(Named("journal"));
    EXPECT_TRUE(lifecycle.Start().ok());
  }
  EXPECT_EQ(said_, "+journal-journal");
}

}  // namespace
}  // namespace tillrelay::service
