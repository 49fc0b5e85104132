#include "agent/access/rules.h"

#include <algorithm>
#include <iterator>

namespace tillrelay::access {
namespace {

struct Rule {
  std::string_view path;  // exact, or everything below where it ends in "/"
  Need need;
};

constexpr Rule kReading[] = {
    {"/", Need::kOpenRead},           {"/assets/", Need::kNobody},
    {"/openapi.json", Need::kNobody}, {"/api/openapi.json", Need::kNobody},
    {"/login", Need::kNobody},        {"/login/link", Need::kNobody},
    {"/healthz", Need::kHere},        {"/readyz", Need::kHere},
    {"/v1/status", Need::kOpenRead},  {"/v1/live", Need::kOpenRead},
    {"/metrics", Need::kMetrics},
};

// A login needs nobody, a logout without a session changes nothing, and a language is the
// browser's.
constexpr Rule kChanging[] = {
    {"/login", Need::kNobody}, {"/logout", Need::kNobody}, {"/language", Need::kNobody}};

template <size_t N>
Need Find(const Rule (&rules)[N], std::string_view path, Need otherwise) {
  for (const Rule& rule : rules) {
    const bool below = rule.path.size() > 1 && rule.path.back() == '/';
    if (path == rule.path || (below && path.starts_with(rule.path))) return rule.need;
  }
  return otherwise;
}

constexpr size_t kMaxTarget = 512;

}  // namespace

bool OnlyReads(std::string_view method) { return method == "GET" || method == "HEAD"; }

Need NeedOf(std::string_view method, std::string_view path) {
  return OnlyReads(method) ? Find(kReading, path, Need::kView)
                           : Find(kChanging, path, Need::kOperate);
}

bool IsLocalPath(std::string_view target) {
  if (target.empty() || target.front() != '/' || target.size() > kMaxTarget) return false;
  if (target.size() > 1 && target[1] == '/') return false;
  return std::all_of(target.begin(), target.end(),
                     [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
}

bool IsHere(std::string_view remote) {
  return remote.starts_with("uid:") || remote.starts_with("127.") || remote == "::1" ||
         remote.starts_with("::ffff:127.");
}

}  // namespace tillrelay::access
