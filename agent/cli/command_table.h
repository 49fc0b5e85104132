// What: every command of `tillrelay`: its words, its options, what it runs. Help, manual page and
//   completion come from here and from nowhere else.
// Thread: main.
#pragma once

#include <memory>

#include "agent/cli/command_pages.h"
#include "agent/cli/commands.h"

namespace CLI {
class App;
}

namespace tillrelay::cli {

class CommandTable {
 public:
  CommandTable();
  ~CommandTable();

  // Runs the command that the line names; its exit code.
  int Run(int argc, char** argv);
  // The same table as values.
  CommandPage Pages() const;

 private:
  friend class TableWriter;
  std::unique_ptr<CLI::App> app_;
  Common common_;
  int code_ = kUsage;
};

}  // namespace tillrelay::cli
