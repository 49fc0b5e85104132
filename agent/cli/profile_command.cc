#include <fmt/format.h>

#include "agent/cli/commands.h"
#include "agent/config/config.h"
#include "agent/config/csv_suggest.h"
#include "common/base/files.h"
#include "common/base/text.h"

namespace tillrelay::cli {
namespace {

constexpr size_t kMaxFileBytes = 64 * 1024 * 1024;

// "till 2026.csv" is till-2026.
std::string NameOf(std::string_view file) {
  std::string name;
  for (const char c : file.substr(0, file.rfind('.'))) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain) name += c;
    if (!plain && !name.empty() && name.back() != '-') name += '-';
  }
  name.resize(std::min<size_t>(name.size(), 32));
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name.empty() ? "till" : name;
}

}  // namespace

int RunProfileSuggest(const Common&, const ProfileOptions& options) {
  auto bytes = ReadFile(options.file, kMaxFileBytes);
  if (!bytes.ok()) {
    fmt::print(stderr, "{}\n", bytes.status().message());
    return kUsage;
  }
  const std::string file = options.file.substr(options.file.rfind('/') + 1);
  const std::string name = options.name.empty() ? NameOf(file) : options.name;
  if (!IsName(name)) {
    fmt::print(stderr, "a name matches [A-Za-z0-9._-]{{1,32}}\n");
    return kUsage;
  }
  auto profile = config::SuggestCsvProfile(name, file, *bytes);
  if (!profile.ok()) {
    fmt::print(stderr, "{}\n", profile.status().message());
    return kFault;
  }
  fmt::print("{}", *profile);
  if (const auto parsed = config::Parse(*profile, name); !parsed.ok()) {
    fmt::print(stderr, "still to be done:\n{}\n", parsed.status().message());
    return kFault;
  }
  return kOk;
}

}  // namespace tillrelay::cli
