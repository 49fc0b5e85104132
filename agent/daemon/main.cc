// tillrelayd: the process around the agent: arguments, signals, exit code.
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include "agent/daemon/agent.h"
#include "agent/validation/validation.h"
#include "common/base/memory_budget.h"
#include "common/base/process.h"
#include "common/redact/card_redaction.h"
#include "common/service/exit_codes.h"

namespace tillrelay {
namespace {

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
  CLI::App app{"The daemon on the store's server", "tillrelayd"};
  std::string config_path = "/etc/tillrelay/tillrelay.toml";
  bool check = false;
  app.set_version_flag("--version", "tillrelayd " TILLRELAY_VERSION);
  app.add_option("--config", config_path, "The configuration file")
      ->envname("TILLRELAY_CONFIG")
      ->type_name("FILE");
  app.add_flag("--check", check, "Read the configuration and end");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? service::kExitOk : service::kExitUsage;
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
  auto sockets = service::InheritedSockets(EnvironmentVariable, getpid());
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
