#include "agent/cli/mistyped.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "common/base/text.h"

namespace tillrelay::cli {
namespace {

std::vector<const CLI::App*> CommandsOf(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_name().empty(); });
}

const CLI::App* CommandOf(const CLI::App& app, const std::string& name) {
  for (const CLI::App* command : CommandsOf(app)) {
    if (command->get_name() == name) return command;
  }
  return nullptr;
}

std::string Unknown(const CLI::App& app, const std::string& path, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* command : CommandsOf(app)) {
    if (!command->get_group().empty()) names.push_back(command->get_name());
  }
  const std::string_view near = Nearest(word, names);
  const std::string meant = near.empty() ? "" : fmt::format(" Did you mean \"{} {}\"?", path, near);
  return fmt::format("\"{0}\" is not a command of {1}.{2} \"{1} --help\" lists them all.",
                     Printable(word, 40), path, meant);
}

}  // namespace

HelpFor HelpOf(const CLI::App& root, const std::vector<std::string>& words) {
  const CLI::App* app = &root;
  std::string path = root.get_name();
  for (const std::string& word : words) {
    const CLI::App* next = CommandOf(*app, word);
    if (next == nullptr) return {"", Unknown(*app, path, word)};
    path += " " + word;
    app = next;
  }
  // Not by help(): that is the one of the command that the line has named.
  return {app->get_formatter()->make_help(app, path, CLI::AppFormatMode::Normal), ""};
}

std::string Mistyped(const CLI::App& root, int argc, const char* const* argv) {
  const CLI::App* app = &root;
  std::string path = root.get_name();
  for (int i = 1; i < argc && !CommandsOf(*app).empty(); ++i) {
    const std::string word = argv[i];
    if (word == "--config") ++i;  // and what it names
    if (word.starts_with('-')) continue;
    const CLI::App* next = CommandOf(*app, word);
    if (next == nullptr) return Unknown(*app, path, word);
    app = next;
    path += " " + word;
  }
  return "";
}

}  // namespace tillrelay::cli
