// What: the admin port without a socket: its checks, the login, and a reading and a changing route.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/access/access_routes.h"
#include "agent/access/login_routes.h"
#include "agent/access/password.h"
#include "tests/support/manual_clock.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::access {

constexpr const char* kPassword = "correct horse battery";

class AccessTest : public ::testing::Test {
 protected:
  void SetUp() override { Make({}); }
  void Make(AdminAuthOptions options);
  // One hash serves all users; it costs 30 ms.
  void AddUser(const std::string& name, Role role = Role::kOperate);

  struct Ask {
    std::string method = "GET", path = "/", query = {}, body = {}, type = {};
    std::string remote = "127.0.0.1";
    std::map<std::string, std::string> headers = {};
  };
  // Through both gates and the route, as the server does.
  http::Response Call(const Ask& ask);
  int StatusOf(const Ask& ask) { return Call(ask).status; }
  static std::string Word(const http::Response& response);
  http::Response Login(const std::string& user, const std::string& password,
                       const std::string& remote = "127.0.0.1");
  http::Response PostForm(const std::string& path, const std::string& body,
                          std::map<std::string, std::string> headers = {},
                          const std::string& remote = "127.0.0.1");
  // The session's id in the answer's cookie.
  static std::string CookieIn(const http::Response& response);
  std::string SignedIn(const std::string& user);

  tillrelay::testing::TempDir dir_;
  tillrelay::testing::ManualClock clock_;
  tillrelay::testing::SeededRandom random_{11};
  std::unique_ptr<UserStore> book_;
  std::unique_ptr<Sessions> sessions_;
  std::unique_ptr<AdminAuth> gate_;
  std::unique_ptr<LoginRoutes> desk_;
  http::Router router_, control_;
  std::vector<AuditNote> audit_;
  std::vector<std::function<void()>> waiting_;  // off the loop
  bool run_at_once_ = true, refuse_to_run_ = false;
  int changes_ = 0;
  std::string actor_;  // of the last change
};

}  // namespace tillrelay::access
