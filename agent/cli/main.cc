// The `tillrelay` command: options to commands, nothing else.
#include <CLI/CLI.hpp>

#include "agent/cli/commands.h"

namespace {

constexpr const char* kFooter =
    "Exit codes: 0 good, 1 a fault was found, 2 wrong usage, 3 the daemon does not answer, "
    "78 wrong configuration.";

void AddIntake(CLI::App* command, tillrelay::cli::IntakeOptions* intake) {
  command->add_option("--intake", intake->address, "host:port or https://host:port of the intake");
  command->add_option("--ca-file", intake->ca_file, "Authority of the intake's certificate, PEM");
  command->add_option("--token-file", intake->token_file, "File with the register's token");
  command->add_option("--cert-file", intake->cert_file, "The register's certificate, PEM");
  command->add_option("--key-file", intake->key_file, "Its key, PEM");
}

CLI::App* AddSimulate(CLI::App* app, tillrelay::cli::SimulateOptions* play) {
  auto* simulate = app->add_subcommand("simulate", "Play a store: registers, receipts, transfers");
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
  return simulate;
}

void AddSetup(CLI::App* setup, tillrelay::cli::SetupOptions* options) {
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
}

}  // namespace

int main(int argc, char** argv) {
  using namespace tillrelay::cli;
  CLI::App app{"Tillrelay: what a store has sold, brought to head office without loss."};
  app.set_version_flag("--version", TILLRELAY_VERSION);
  app.require_subcommand(1);
  app.footer(kFooter);
  Common common;
  app.add_option("--config", common.config, "Configuration file")->capture_default_str();
  app.add_flag("--json", common.json, "Print JSON");
  app.fallthrough();

  StatusOptions status;
  auto* status_command = app.add_subcommand("status", "Is this store's data getting through?");
  status_command->add_option("--address", status.address, "host:port or unix:PATH of the daemon");

  SendOptions send;
  auto* send_command = app.add_subcommand("send", "Send one file through the intake");
  send_command->add_option("file", send.file, "The document")->required();
  send_command->add_flag("--check", send.check, "Ask what would happen; nothing is stored");
  send_command->add_option("--type", send.type, "Its media type; guessed when not given");
  AddIntake(send_command, &send.intake);

  SimulateOptions play;
  auto* simulate = AddSimulate(&app, &play);

  QuarantineOptions tickets;
  auto* quarantine = app.add_subcommand("quarantine", "Documents that wait for a person");
  quarantine->require_subcommand(1);
  auto* quarantine_list = quarantine->add_subcommand("list", "One line each, the newest first");
  quarantine_list->add_option("--most", tickets.most, "At most so many")->capture_default_str();
  auto* quarantine_show = quarantine->add_subcommand("show", "One document, scrubbed");
  quarantine_show->add_option("ticket", tickets.ticket, "Its ticket")->required();

  RegisterOptions registers;
  auto* register_command = app.add_subcommand("register", "The registers' tokens for the intake");
  register_command->require_subcommand(1);
  auto* register_list = register_command->add_subcommand("list", "Who may send");
  auto* register_add = register_command->add_subcommand("add", "Make a token; it is shown once");
  register_add->add_option("register", registers.id, "The register that it belongs to");
  register_add->add_flag("--any", registers.any, "It may speak for any register");
  auto* register_remove = register_command->add_subcommand("remove", "End a token at once");
  register_remove->add_option("id", registers.id, "Its id, from the list")->required();

  auto* config = app.add_subcommand("config", "The configuration");
  config->require_subcommand(1);
  auto* config_check = config->add_subcommand("check", "Is it complete and correct?");

  auto* config_show = config->add_subcommand("show", "Every key in effect and who set it");
  auto* reload = app.add_subcommand("reload", "Have the daemon read its configuration again");
  SetupOptions answers;
  auto* setup = app.add_subcommand("setup", "First configuration: which store, which broker");
  AddSetup(setup, &answers);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int code = app.exit(e);
    return code == 0 ? kOk : kUsage;
  }
  if (*status_command) return RunStatus(common, status);
  if (*send_command) return RunSend(common, send);
  if (*simulate) return RunSimulate(common, play);
  if (*quarantine_list || *quarantine_show) return RunQuarantine(common, tickets);
  if (*register_add) registers.action = RegisterOptions::Action::kAdd;
  if (*register_remove) registers.action = RegisterOptions::Action::kRemove;
  if (*register_list || *register_add || *register_remove) return RunRegister(common, registers);
  if (*config_check) return RunConfigCheck(common);
  if (*config_show) return RunConfigShow(common);
  if (*reload) return RunReload(common);
  if (*setup) return RunSetup(common, answers);
  return kUsage;
}
