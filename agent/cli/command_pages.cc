#include "agent/cli/command_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>

namespace tillrelay::cli {
namespace {

constexpr const char* kManualHead = R"(.Dd November 25, 2026
.Dt TILLRELAY 1
.Os
.Sh NAME
.Nm tillrelay
.Nd asks and tends the Tillrelay daemon of this store
.Sh SYNOPSIS
.Nm
.Op Fl -config Ar file
.Op Fl -json
.Ar command
.Op Ar option ...
.Sh DESCRIPTION
Answers go to standard output, everything else to standard error.
Commands that change something ask the running daemon over its control socket, which members of the
group tillrelay-admin may use.
.Pp
Options of every command:
)";

constexpr const char* kManualFoot = R"(.Sh ENVIRONMENT
.Bl -tag -width TILLRELAY_CONFIG
.It Ev TILLRELAY_CONFIG
the configuration file, where
.Fl -config
is not given; the daemon reads it too
.It Ev NO_COLOR
switches colours off
.El
.Sh FILES
.Bl -tag -width Ds
.It Pa /etc/tillrelay/tillrelay.toml , Pa /etc/tillrelay/conf.d/*.toml
configuration
.It Pa /etc/tillrelay/credentials/
secrets, for root only
.It Pa /run/tillrelay/control.sock
the daemon's control socket
.El
.Sh EXIT STATUS
.Bl -tag -width Ds
.It 0
healthy, or done
.It 1
something needs attention, or the command failed
.It 2
wrong use of the command
.It 3
the daemon does not answer
.It 4
critical: the store's status is red
.It 5
no store is configured yet
.It 78
wrong configuration
.El
.Sh EXAMPLES
.Dl tillrelay setup --store-id 0042 --broker-url mqtts://broker.example:8883 \
--username 0042 --password-file /root/password
.Pp
.Dl tillrelay events --register 3 --number 004711
.Pp
.Dl tillrelay send --check receipt.xml
.Sh SEE ALSO
.Xr tillrelay.toml 5 ,
.Xr tillrelayd 8 ,
.Pa /usr/share/doc/tillrelay-doc/docs/operations.md
)";

// Text that mdoc would take for a command or an escape.
std::string Plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') out += "\\e";
    if (c == '-') out += "\\-";
    if (c != '\\' && c != '-') out += c;
  }
  if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
  return out;
}

// A line for each, as mdoc wants it.
std::string Sentences(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t end = text.find(". ");
    out += Plain(text.substr(0, end == std::string_view::npos ? end : end + 1)) + "\n";
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  }
  return out;
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  return text;
}

// "Fl -reason Ar text" or "Ar ticket".
std::string Macro(const OptionPage& option) {
  if (option.positional()) return "Ar " + option.name;
  // Fl writes the first dash.
  std::string macro = "Fl " + option.name.substr(1);
  if (!option.value.empty()) macro += " Ar " + Lower(option.value);
  return macro;
}

void OptionList(const std::vector<OptionPage>& options, std::string* out) {
  if (options.empty()) return;
  *out += ".Bl -tag -width Ds\n";
  for (const OptionPage& option : options) {
    *out += ".It " + Macro(option) + "\n" + Plain(option.what);
    if (!option.default_text.empty()) *out += "; default " + Plain(option.default_text);
    *out += '\n';
  }
  *out += ".El\n";
}

void CommandText(const CommandPage& command, const std::string& path, std::string* out) {
  if (command.commands.empty()) {
    *out += ".It Cm " + path;
    for (const OptionPage& option : command.options) {
      *out += option.required ? " " + Macro(option) : " Oo " + Macro(option) + " Oc";
    }
    *out += "\n" + Plain(command.what) + (command.what.ends_with('?') ? "\n" : ".\n");
    if (!command.more.empty()) *out += Sentences(command.more);
    OptionList(command.options, out);
  }
  for (const CommandPage& below : command.commands) {
    CommandText(below, path + " " + below.name, out);
  }
}

// Every command with its path, the root's being empty.
void Walk(const CommandPage& command, const std::string& path,
          const std::function<void(const std::string&, const CommandPage&)>& visit) {
  visit(path, command);
  for (const CommandPage& below : command.commands) {
    Walk(below, path.empty() ? below.name : path + " " + below.name, visit);
  }
}

std::string Quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += "'\\'";
    out += c;
  }
  return out + "'";
}

// The words that may follow: commands, and options with the root's own.
std::vector<std::pair<std::string, std::string>> Words(const CommandPage& root,
                                                       const CommandPage& command) {
  std::vector<std::pair<std::string, std::string>> words;
  for (const CommandPage& below : command.commands) words.emplace_back(below.name, below.what);
  const auto add = [&words](const CommandPage& page) {
    for (const OptionPage& option : page.options) {
      if (!option.positional()) words.emplace_back(option.name, option.what);
    }
  };
  add(command);
  if (&command != &root) add(root);
  return words;
}

// Options after which a value stands: only the shell's own file names help there.
std::string WithValue(const CommandPage& root) {
  std::vector<std::string> names;
  Walk(root, "", [&names](const std::string&, const CommandPage& command) {
    for (const OptionPage& option : command.options) {
      if (!option.positional() && !option.value.empty()) names.push_back(option.name);
    }
  });
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return fmt::format("{}", fmt::join(names, "|"));
}

}  // namespace

std::string ManualPage(const CommandPage& root) {
  std::string out = kManualHead;
  OptionList(root.options, &out);
  out += ".Sh COMMANDS\n.Bl -tag -width Ds\n";
  for (const CommandPage& command : root.commands) CommandText(command, command.name, &out);
  return out + ".El\n" + kManualFoot;
}

std::string BashCompletion(const CommandPage& root) {
  std::string table;
  Walk(root, "", [&](const std::string& path, const CommandPage& command) {
    std::string words;
    for (const auto& [word, what] : Words(root, command)) {
      words += (words.empty() ? "" : " ") + word;
    }
    table += fmt::format("    {}) words={} ;;\n", Quoted(path), Quoted(words));
  });
  return fmt::format(R"(# bash completion of tillrelay; made from its table of commands
_tillrelay() {{
  local i path='' words='' skip=
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ -n $skip ]]; then skip=; continue; fi
    case ${{COMP_WORDS[i]}} in
      {0}) skip=1 ;;
      -*) ;;
      *) [[ ${{COMP_WORDS[i]}} =~ ^[a-z-]+$ ]] && path="${{path:+$path }}${{COMP_WORDS[i]}}" ;;
    esac
  done
  COMPREPLY=()
  [[ -z $skip ]] || return
  case $path in
{1}    *) return ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _tillrelay tillrelay
)",
                     WithValue(root), table);
}

std::string ZshCompletion(const CommandPage& root) {
  std::string table;
  Walk(root, "", [&](const std::string& path, const CommandPage& command) {
    table += fmt::format("  {}) choices=(\n", Quoted(path));
    for (const auto& [word, what] : Words(root, command)) {
      table += "    " + Quoted(word + ":" + what) + "\n";
    }
    table += "  ) ;;\n";
  });
  return fmt::format(R"(#compdef tillrelay
# zsh completion of tillrelay; made from its table of commands
local word way='' skip=
local -a choices
for word in ${{words[2,CURRENT-1]}}; do
  if [[ -n $skip ]]; then skip=; continue; fi
  case $word in
    {0}) skip=1 ;;
    -*) ;;
    *) [[ $word =~ '^[a-z-]+$' ]] && way="${{way:+$way }}$word" ;;
  esac
done
if [[ -n $skip ]]; then _files; return; fi
case $way in
{1}  *) _files; return ;;
esac
_describe -o tillrelay choices
_files
)",
                     WithValue(root), table);
}

}  // namespace tillrelay::cli
