#include "agent/config/reach.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "agent/config/config.h"
#include "common/base/files.h"
#include "common/base/settings.h"

namespace tillrelay::config {
namespace {

constexpr size_t kMaxFileBytes = 1024 * 1024;

// Only these keys, whatever else the file holds.
void ReadSocket(const std::string& path, std::string* socket) {
  auto text = ReadFile(path, kMaxFileBytes);
  if (!text.ok()) return;
  auto settings = Settings::Parse(*text, path);
  if (settings.ok()) settings->String("control.socket", socket);
}

}  // namespace

Reach FindReach(const std::string& path) {
  Reach reach;
  auto config = Load(path);
  if (config.ok()) {
    reach.socket = config->control.socket;
    return reach;
  }
  reach.fault = config.status();
  reach.socket = Config().control.socket;
  ReadSocket(path, &reach.socket);
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<std::string> fragments;
  fs::directory_iterator entry(fs::path(path).parent_path() / "conf.d", error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() == ".toml") fragments.push_back(entry->path().string());
  }
  std::sort(fragments.begin(), fragments.end());
  for (const std::string& fragment : fragments) ReadSocket(fragment, &reach.socket);
  return reach;
}

}  // namespace tillrelay::config
