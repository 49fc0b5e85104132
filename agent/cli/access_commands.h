// What: the commands for who may act on the admin port (login, set-password, token), and the
// support
//   bundle.
// Thread: main.
#pragma once

#include <string>

#include "agent/cli/commands.h"

namespace tillrelay::cli {

// Prints a link that is good for one login.
int RunLogin(const Common& common);

// The password comes from the terminal or from standard input, never from an argument.
struct PasswordOptions {
  std::string user = "admin";
  std::string role = "operate";
  bool remove = false;  // the user
};
int RunSetPassword(const Common& common, const PasswordOptions& options);

// API tokens for scripts.
struct TokenOptions {
  enum class Action { kList, kAdd, kRemove };
  Action action = Action::kList;
  std::string name;  // of one to add; the id of one to remove
  std::string role = "view";
};
int RunToken(const Common& common, const TokenOptions& options);

// Writes it to `file`.
int RunSupportBundle(const Common& common, const std::string& file);

}  // namespace tillrelay::cli
