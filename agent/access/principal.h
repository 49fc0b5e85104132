// What: who looks at the page, and what the login form has to say. For whoever renders them.
// Thread: any (values).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "common/language/language.h"

namespace tillrelay::access {

enum class Role { kMetrics, kView, kOperate };

// "metrics", "view", "operate".
std::string_view RoleWord(Role role);
std::optional<Role> RoleNamed(std::string_view word);

struct Principal {
  bool signed_in = false;
  std::string who;   // as the audit names it, without the address
  std::string csrf;  // what forms carry as `csrf`; empty where none is needed
  bool may_operate = false;
  // Without TLS a browser sends its cookies to every port of this machine, so that a page read with
  // the cookie must not tell `csrf`: the login did, to the browser alone.
  bool csrf_in_pages = true;
};

// Why the last try did not work.
enum class LoginTrouble { kNone, kWrong, kLockedOut, kLinkUsed, kBusy };

struct LoginForm {
  std::string user;  // what was typed
  LoginTrouble trouble = LoginTrouble::kNone;
  std::chrono::seconds wait{0};  // of kLockedOut
  std::string next;              // where to go afterwards, a path; empty: the page
  std::string link;  // the one-time token; then the form has one button and nothing to type
  const strings::Language* language = nullptr;  // of the reader; null: English
  bool has_password = true;  // false: nobody has set one, and the form would be in vain
};

}  // namespace tillrelay::access
