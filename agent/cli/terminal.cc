#include "agent/cli/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace tillrelay::cli {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};
constexpr size_t kWidth = 30;

bool HasColour() { return isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr; }

}  // namespace

const char* Colour(const std::string& level) {
  if (!HasColour()) return "";
  if (level == "green") return "\x1b[32m";
  return level == "amber" ? "\x1b[33m" : "\x1b[31m";
}

const char* NoColour() { return HasColour() ? "\x1b[0m" : ""; }

const strings::Language& LanguageOfLocale(std::string_view locale) {
  const std::string_view charset =
      locale.find('.') == std::string_view::npos ? "" : locale.substr(locale.find('.') + 1);
  const bool readable = charset.empty() || charset.starts_with("UTF-8") ||
                        charset.starts_with("utf8") || charset.starts_with("utf-8");
  const strings::Language* language =
      readable ? strings::FindLanguage(locale.substr(0, locale.find_first_of("_.@"))) : nullptr;
  return language != nullptr ? *language : strings::English();
}

const strings::Language& TerminalLanguage() {
  if (isatty(STDOUT_FILENO) != 1) return strings::English();
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* locale = std::getenv(name);
    if (locale != nullptr && *locale != '\0') return LanguageOfLocale(locale);
  }
  return strings::English();
}

Progress::Progress(std::string what)
    : what_(std::move(what)), visible_(isatty(STDERR_FILENO) == 1), began_(clock_.Now()) {}

Progress::~Progress() {
  if (visible_ && drawn_ != Instant{}) std::fputs("\r\x1b[K", stderr);
}

void Progress::Show(uint64_t done, uint64_t of) {
  const Instant now = clock_.Now();
  if (!visible_ || of == 0 || now - drawn_ < kRedraw) return;
  drawn_ = now;
  done = std::min(done, of);
  const double share = static_cast<double>(done) / static_cast<double>(of);
  const auto filled = static_cast<size_t>(share * kWidth);
  const double spent = std::chrono::duration<double>(now - began_).count();
  std::string left;
  if (done > 0 && spent > 1) left = fmt::format(", {:.0f} s left", spent / share - spent);
  fmt::print(stderr, "\r\x1b[K{} [{}{}] {} of {}{}", what_, std::string(filled, '#'),
             std::string(kWidth - filled, '.'), done, of, left);
  std::fflush(stderr);
}

}  // namespace tillrelay::cli
