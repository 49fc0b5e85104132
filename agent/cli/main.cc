// The `tillrelay` command: options to commands, nothing else.
#include <CLI/CLI.hpp>

#include <memory>

#include "agent/cli/access_commands.h"
#include "agent/cli/commands.h"

namespace tillrelay::cli {
namespace {

constexpr const char* kFooter =
    "Exit codes: 0 good, 1 a fault was found, 2 wrong usage, 3 the daemon does not answer, "
    "78 wrong configuration.";

// The command that was chosen runs while the line is parsed and leaves its exit code.
struct Cli {
  CLI::App app{"Tillrelay: what a store has sold, brought to head office without loss."};
  Common common;
  int code = kUsage;

  // Options live as long as the command that reads them.
  template <class Options>
  void Runs(CLI::App* command, std::shared_ptr<Options> options,
            int (*run)(const Common&, const Options&)) {
    command->callback([this, options, run] { code = run(common, *options); });
  }
  void Runs(CLI::App* command, int (*run)(const Common&)) {
    command->callback([this, run] { code = run(common); });
  }
};

void AddIntake(CLI::App* command, IntakeOptions* intake) {
  command->add_option("--intake", intake->address, "host:port or https://host:port of the intake");
  command->add_option("--ca-file", intake->ca_file, "Authority of the intake's certificate, PEM");
  command->add_option("--token-file", intake->token_file, "File with the register's token");
  command->add_option("--cert-file", intake->cert_file, "The register's certificate, PEM");
  command->add_option("--key-file", intake->key_file, "Its key, PEM");
}

void AddStatus(Cli* cli) {
  auto options = std::make_shared<StatusOptions>();
  auto* status = cli->app.add_subcommand("status", "Is this store's data getting through?");
  status->add_option("--address", options->address, "host:port or unix:PATH of the daemon");
  cli->Runs(status, options, RunStatus);
}

void AddSend(Cli* cli) {
  auto options = std::make_shared<SendOptions>();
  auto* send = cli->app.add_subcommand("send", "Send one file through the intake");
  send->add_option("file", options->file, "The document")->required();
  send->add_flag("--check", options->check, "Ask what would happen; nothing is stored");
  send->add_option("--type", options->type, "Its media type; guessed when not given");
  AddIntake(send, &options->intake);
  cli->Runs(send, options, RunSend);
}

void AddSimulate(Cli* cli) {
  auto play = std::make_shared<SimulateOptions>();
  auto* simulate =
      cli->app.add_subcommand("simulate", "Play a store: registers, receipts, transfers");
  AddIntake(simulate, &play->intake);
  simulate->add_option("--drop", play->drop, "Drop folder for files");
  simulate->add_option("--drop-share", play->drop_share, "Share of the documents sent as files")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  simulate->add_option("--store", play->store_id, "Store id");
  simulate->add_option("--events", play->events, "Number of documents")->capture_default_str();
  simulate->add_option("--seed", play->seed, "The same seed plays the same day")
      ->capture_default_str();
  simulate->add_option("--registers", play->registers, "Registers")
      ->check(CLI::Range(1, 99))
      ->capture_default_str();
  simulate->add_option("--connections", play->connections, "Parallel connections")
      ->check(CLI::Range(1, 512))
      ->capture_default_str();
  simulate->add_option("--group", play->group, "Documents per request or file")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  simulate->add_option("--rate", play->rate, "Documents per second, 0 for as fast as possible")
      ->capture_default_str();
  simulate->add_option("--day", play->day, "First business day")->capture_default_str();
  simulate->add_option("--sums", play->sums_file, "Write the registers' own sums to this file");
  simulate->add_option("--patience", play->patience_s, "Seconds to keep repeating a document")
      ->capture_default_str();
  cli->Runs(simulate, play, RunSimulate);
}

void AddResolve(Cli* cli, CLI::App* quarantine, ResolveOptions::Way way, const char* name,
                const char* what) {
  auto options = std::make_shared<ResolveOptions>();
  options->way = way;
  auto* command = quarantine->add_subcommand(name, what);
  command->add_option("ticket", options->ticket, "Its ticket")->required();
  if (way == ResolveOptions::Way::kResubmit) {
    command->add_option("file", options->file, "The corrected document")->required();
    command->add_option("--type", options->type,
                        "Its media type; the kept document's if not given");
  }
  auto* reason = command->add_option("--reason", options->reason, "For the audit");
  if (way == ResolveOptions::Way::kDiscard) {
    reason->required();
    command->add_flag("--yes", options->yes, "Do not ask");
  }
  cli->Runs(command, options, RunResolve);
}

void AddQuarantine(Cli* cli) {
  auto* quarantine = cli->app.add_subcommand("quarantine", "Documents that wait for a person");
  quarantine->require_subcommand(1);
  auto list_options = std::make_shared<QuarantineOptions>();
  auto* list = quarantine->add_subcommand("list", "One line each, the newest first");
  list->add_option("--most", list_options->most, "At most so many")->capture_default_str();
  cli->Runs(list, list_options, RunQuarantine);
  auto show_options = std::make_shared<QuarantineOptions>();
  auto* show = quarantine->add_subcommand("show", "One document, scrubbed");
  show->add_option("ticket", show_options->ticket, "Its ticket")->required();
  cli->Runs(show, show_options, RunQuarantine);
  using Way = ResolveOptions::Way;
  AddResolve(cli, quarantine, Way::kRetry, "retry",
             "Try it again, after a change of configuration");
  AddResolve(cli, quarantine, Way::kResubmit, "resubmit", "Put a corrected document in its place");
  AddResolve(cli, quarantine, Way::kDiscard, "discard", "Give it up, with a reason");
  cli->Runs(quarantine->add_subcommand("export", "All of them, one JSON object a line"),
            RunQuarantineExport);
}

void AddRegister(Cli* cli) {
  using Action = RegisterOptions::Action;
  auto* registers = cli->app.add_subcommand("register", "The registers' tokens for the intake");
  registers->require_subcommand(1);
  cli->Runs(registers->add_subcommand("list", "Who may send"), std::make_shared<RegisterOptions>(),
            RunRegister);
  auto add_options = std::make_shared<RegisterOptions>();
  add_options->action = Action::kAdd;
  auto* add = registers->add_subcommand("add", "Make a token; it is shown once");
  add->add_option("register", add_options->id, "The register that it belongs to");
  add->add_flag("--any", add_options->any, "It may speak for any register");
  cli->Runs(add, add_options, RunRegister);
  auto remove_options = std::make_shared<RegisterOptions>();
  remove_options->action = Action::kRemove;
  auto* remove = registers->add_subcommand("remove", "End a token at once");
  remove->add_option("id", remove_options->id, "Its id, from the list")->required();
  cli->Runs(remove, remove_options, RunRegister);
}

void AddAccess(Cli* cli) {
  cli->Runs(cli->app.add_subcommand("login", "Print a link that is good for one login"), RunLogin);
  auto password = std::make_shared<PasswordOptions>();
  auto* set = cli->app.add_subcommand(
      "set-password", "Set a password of the status page; it is read from standard input");
  set->add_option("user", password->user, "Whose")->capture_default_str();
  set->add_option("--role", password->role, "view or operate")
      ->check(CLI::IsMember({"view", "operate"}))
      ->capture_default_str();
  set->add_flag("--remove", password->remove, "Remove the user instead");
  cli->Runs(set, password, RunSetPassword);
}

void AddToken(Cli* cli) {
  using Action = TokenOptions::Action;
  auto* tokens = cli->app.add_subcommand("token", "Tokens for scripts that use the admin API");
  tokens->require_subcommand(1);
  cli->Runs(tokens->add_subcommand("list", "Which there are"), std::make_shared<TokenOptions>(),
            RunToken);
  auto add_options = std::make_shared<TokenOptions>();
  add_options->action = Action::kAdd;
  auto* add = tokens->add_subcommand("add", "Make one; it is shown once");
  add->add_option("name", add_options->name, "What it is for")->required();
  add->add_option("--role", add_options->role, "view, operate or metrics")
      ->check(CLI::IsMember({"view", "operate", "metrics"}))
      ->capture_default_str();
  cli->Runs(add, add_options, RunToken);
  auto remove_options = std::make_shared<TokenOptions>();
  remove_options->action = Action::kRemove;
  auto* remove = tokens->add_subcommand("remove", "End one at once");
  remove->add_option("id", remove_options->name, "Its id, from the list")->required();
  cli->Runs(remove, remove_options, RunToken);
}

void AddDelivery(Cli* cli) {
  const struct {
    const char *name, *what, *word;
  } switches[] = {{"pause", "Stop sending to head office; capture goes on", "pause"},
                  {"resume", "Send again", "resume"}};
  for (const auto& [name, what, word] : switches) {
    cli->Runs(cli->app.add_subcommand(name, what), std::make_shared<std::string>(word),
              RunDelivery);
  }
}

void AddConfig(Cli* cli) {
  auto* config = cli->app.add_subcommand("config", "The configuration");
  config->require_subcommand(1);
  cli->Runs(config->add_subcommand("check", "Is it complete and correct?"), RunConfigCheck);
  cli->Runs(config->add_subcommand("show", "Every key in effect and who set it"), RunConfigShow);
  cli->Runs(cli->app.add_subcommand("reload", "Have the daemon read its configuration again"),
            RunReload);
}

void AddSetup(Cli* cli) {
  auto options = std::make_shared<SetupOptions>();
  auto* setup = cli->app.add_subcommand("setup", "First configuration: which store, which broker");
  setup->add_option("--answers", options->answers, "TOML file with the answers, for fleets");
  setup->add_option("--store-id", options->store_id, "The id that head office knows");
  setup->add_option("--time-zone", options->time_zone, "Such as Europe/Berlin");
  setup->add_option("--broker-url", options->broker_url, "mqtt://host:port or mqtts://host:port");
  setup->add_option("--username", options->username, "Login at the broker");
  setup->add_option("--password-file", options->password_file,
                    "File with the password, - for standard input; it is copied");
  setup->add_option("--ca-file", options->ca_file,
                    "Certificate of the broker's authority, PEM; it is copied");
  setup->add_flag("!--no-questions", options->ask, "Ask nothing, even on a terminal");
  setup->add_flag("!--no-restart", options->restart, "Leave the service as it is");
  cli->Runs(
      setup, options,
      +[](const Common& common, const SetupOptions& answers) { return RunSetup(common, answers); });
}

int Main(int argc, char** argv) {
  Cli cli;
  cli.app.set_version_flag("--version", TILLRELAY_VERSION);
  cli.app.require_subcommand(1);
  cli.app.footer(kFooter);
  cli.app.add_option("--config", cli.common.config, "Configuration file")->capture_default_str();
  cli.app.add_flag("--json", cli.common.json, "Print JSON");
  cli.app.fallthrough();
  for (const auto add : {AddStatus, AddSend, AddSimulate, AddQuarantine, AddRegister, AddAccess,
                         AddToken, AddDelivery, AddConfig, AddSetup}) {
    add(&cli);
  }
  try {
    cli.app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int code = cli.app.exit(e);
    return code == 0 ? kOk : kUsage;
  }
  return cli.code;
}

}  // namespace
}  // namespace tillrelay::cli

int main(int argc, char** argv) { return tillrelay::cli::Main(argc, argv); }
