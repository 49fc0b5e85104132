// What: which command a line names, for `help COMMAND` and for lines that name none.
// Thread: main.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tillrelay::cli {

// The help of the command that `words` name one after the other, or what is wrong with them.
struct HelpFor {
  std::string text, error;
};
HelpFor HelpOf(const CLI::App& root, const std::vector<std::string>& words);

// What to say of a line whose first words name no command, with the one that may be meant; "": they
// name one, and something else is wrong.
std::string Mistyped(const CLI::App& root, int argc, const char* const* argv);

}  // namespace tillrelay::cli
