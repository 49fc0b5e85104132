// What: what the table of commands says, as plain values, and the texts that are made from them:
//   the manual page and the shells' completion. Help is made by the parser from the same table.
// Promise: every command and option of the table is in each text; the same table gives the same
//   bytes.
// Thread: any.
#pragma once

#include <string>
#include <vector>

namespace tillrelay::cli {

struct OptionPage {
  std::string name;   // "--reason", or "ticket" for what stands without a dash
  std::string value;  // "FILE", "TEXT", "NUMBER"; empty: a flag
  std::string what;
  std::string default_text;  // empty: none worth telling
  bool required = false;

  bool positional() const { return !name.starts_with('-'); }
};

struct CommandPage {
  std::string name, what;
  std::string more;  // a paragraph for those who want to know; may be empty
  std::vector<OptionPage> options;
  std::vector<CommandPage> commands;
};

// tillrelay(1) in mdoc.
std::string ManualPage(const CommandPage& root);
std::string BashCompletion(const CommandPage& root);
std::string ZshCompletion(const CommandPage& root);

}  // namespace tillrelay::cli
