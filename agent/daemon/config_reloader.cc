#include "agent/daemon/config_reloader.h"

#include "agent/api/admin_routes.h"
#include "agent/validation/validation.h"

#include <fmt/format.h>

#include "common/base/json_writer.h"

namespace tillrelay {
namespace {

void List(JsonWriter* json, std::string_view name, const std::vector<std::string>& keys) {
  json->Key(name).BeginArray();
  for (const std::string& key : keys) json->String(key);
  json->EndArray();
}

}  // namespace

log::Level LogLevelOf(const std::string& word) {
  if (word == "warning") return log::Level::kWarning;
  return word == "error" ? log::Level::kError : log::Level::kInfo;
}

ConfigReloader::ConfigReloader(const config::Config* running, std::string path,
                               service::Signals* signals)
    : running_(*running),
      path_(std::move(path)),
      signals_(*signals),
      log_level_(running->log_level) {}

void ConfigReloader::AddRoute(http::Router* control) {
  api::AddReloadRoute(*control, [this](const http::Responder& responder) { Ask(responder); });
}

void ConfigReloader::Ask(const http::Responder& responder) {
  bool taken = false;
  {
    const Lock lock(mutex_);
    taken = waiting_.size() < kMaxWaiting;
    if (taken) waiting_.push_back(responder);
  }
  if (taken) return signals_.Wake();
  responder.Send(http::Problem(503, "busy", "Too many reloads wait already"));
}

bool ConfigReloader::asked() {
  const Lock lock(mutex_);
  return !waiting_.empty();
}

void ConfigReloader::Reload() {
  std::vector<http::Responder> asked;
  {
    const Lock lock(mutex_);
    asked.swap(waiting_);
  }
  const http::Response answer = Apply();
  for (const auto& responder : asked) responder.Send(answer);
}

http::Response ConfigReloader::Apply() {
  auto fresh = config::Load(path_);
  if (!fresh.ok()) {
    log::Error("main", "the new configuration is wrong, the old one stays: {}",
               fresh.status().message());
    return http::Problem(409, "configuration", "The new configuration is wrong, the old one stays",
                         fresh.status().message());
  }
  const auto findings = validation::Validate(*fresh, validation::RunningDaemon());
  if (validation::Has(findings, validation::Verdict::kStop)) {
    const std::string stops = validation::TextOf(findings, validation::Verdict::kStop);
    log::Error("main", "the new configuration would not start, the old one stays: {}", stops);
    return http::Problem(409, "configuration",
                         "The new configuration would not start, the old one stays", stops);
  }
  std::vector<std::string> applied, warnings;
  for (const auto& finding : findings) {
    if (finding.verdict == validation::Verdict::kUnchecked) continue;
    warnings.push_back(
        fmt::format("{}: {} ({})", finding.key, finding.text, validation::NameOf(finding.verdict)));
    log::Warning("config", "{}", warnings.back());
  }
  if (fresh->log_level != log_level_) applied.emplace_back("log_level");
  log_level_ = fresh->log_level;
  log::SetLevel(LogLevelOf(log_level_));
  auto needs_restart = config::Differences(running_, *fresh);
  std::erase(needs_restart, "log_level");
  log::Info("main", "reloaded: applied [{}], needs a restart [{}]", fmt::join(applied, ", "),
            fmt::join(needs_restart, ", "));
  std::string text;
  JsonWriter json(&text);
  json.BeginObject();
  List(&json, "applied", applied);
  List(&json, "needs_restart", needs_restart);
  List(&json, "warnings", warnings);
  json.EndObject();
  return http::Json(std::move(text));
}

}  // namespace tillrelay
