// tillrelayd: the process around the agent: arguments, signals, exit code.
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "agent/daemon/agent.h"
#include "agent/redact/card_redaction.h"
#include "agent/validation/validation.h"
#include "common/base/memory_budget.h"
#include "common/service/exit_codes.h"

namespace tillrelay {
namespace {

const char* Environment(const char* name) { return std::getenv(name); }

int Usage() {
  std::fputs("usage: tillrelayd --config FILE [--check]\n", stderr);
  return service::kExitUsage;
}

// Without starting: what a start would say.
int Check(const config::Config& config) {
  auto viewpoint = validation::DaemonAtStart();
  viewpoint.look_into_journal = true;
  const auto findings = validation::Validate(config, viewpoint);
  for (const auto& finding : findings) {
    fmt::print(stderr, "{}: {}: {}\n", validation::NameOf(finding.verdict), finding.key,
               finding.text);
  }
  return validation::Has(findings, validation::Verdict::kStop) ? service::kExitConfiguration
                                                               : service::kExitOk;
}

int Main(int argc, char** argv) {
  const char* from_environment = Environment("TILLRELAY_CONFIG");
  std::string config_path =
      from_environment != nullptr ? from_environment : "/etc/tillrelay/tillrelay.toml";
  bool check = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--version") {
      fmt::print("tillrelayd {}\n", TILLRELAY_VERSION);
      return service::kExitOk;
    }
    if (argument == "--config" && i + 1 < argc) {
      config_path = argv[++i];
    } else if (argument == "--check") {
      check = true;
    } else {
      return Usage();
    }
  }
  ConfigureAllocator();
  log::Setup(log::Level::kInfo, redact::RedactLine);
  auto config = config::Load(config_path);
  if (!config.ok()) {
    fmt::print(stderr, "{}\n", config.status().message());
    return service::kExitConfiguration;
  }
  if (check) return Check(*config);
  log::Setup(LogLevelOf(config->log_level), redact::RedactLine);
  for (const std::string& note : config->notes) log::Warning("config", "{}", note);
  umask(0077);
  prctl(PR_SET_DUMPABLE, 0);  // no core with a password in it
  auto signals = service::Signals::Block();
  if (!signals.ok()) {
    log::Error("main", "{}", signals.status().message());
    return service::kExitFault;
  }
  auto sockets = service::InheritedSockets(Environment, getpid());
  service::ForgetInheritedSockets();
  Agent agent(*std::move(config), {config_path, &*signals, std::move(sockets)});
  if (auto failure = agent.Start()) {
    log::Error("main", "cannot start: {}", failure->status.message());
    agent.Stop();
    return failure->exit_code;
  }
  log::Info("main", "tillrelayd {} is ready", TILLRELAY_VERSION);
  agent.Run();
  log::Info("main", "stopping");
  agent.Stop();
  return service::kExitOk;
}

}  // namespace
}  // namespace tillrelay

int main(int argc, char** argv) { return tillrelay::Main(argc, argv); }
