#include "common/service/credentials.h"

#include <fmt/format.h>

#include "common/base/file_kind.h"
#include "common/base/files.h"
#include "common/base/text.h"

namespace tillrelay::service {
namespace {

constexpr size_t kMaxSecretBytes = 4096;
constexpr std::string_view kHandedOver = "tillrelay_";  // the unit's name for the directory

}  // namespace

Result<std::string> CredentialPath(std::string_view key, const std::string& value,
                                   const Environment& environment) {
  if (!value.starts_with(kCredentialScheme)) return value;
  const std::string name = value.substr(kCredentialScheme.size());
  if (!IsName(name)) {
    return Invalid(fmt::format("{}: a credential's name matches [A-Za-z0-9._-]{{1,32}}", key));
  }
  const char* directory = environment("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || *directory == '\0') {
    return Invalid(
        fmt::format("{}: {} needs the service manager; outside it give a path", key, value));
  }
  return fmt::format("{}/{}{}", directory, kHandedOver, name);
}

Result<std::string> ReadSecret(std::string_view key, const std::string& value,
                               const Environment& environment) {
  auto path = CredentialPath(key, value, environment);
  if (!path.ok() || path->empty()) return path;
  if (Status s = CheckIsFile(*path); !s.ok()) {
    return Invalid(fmt::format("{}: {}", key, s.message()));
  }
  auto secret = ReadFile(*path, kMaxSecretBytes);
  if (!secret.ok()) return Invalid(fmt::format("{}: {}", key, secret.status().message()));
  while (secret->ends_with('\n') || secret->ends_with('\r')) secret->pop_back();
  if (secret->empty()) return Invalid(fmt::format("{}: {} is empty", key, *path));
  return secret;
}

}  // namespace tillrelay::service
