// What: the login form as one HTML document, complete without a script.
// Promise: pure; every text from outside is escaped; nothing is loaded but the style.
// Thread: any.
#pragma once

#include <string>

#include "agent/access/principal.h"

namespace tillrelay::web {

std::string LoginPage(const access::LoginForm& form);

}  // namespace tillrelay::web
