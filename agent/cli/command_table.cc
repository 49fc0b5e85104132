#include "agent/cli/command_table.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>

#include "agent/cli/access_commands.h"
#include "agent/cli/list_commands.h"
#include "agent/cli/mistyped.h"
#include "common/base/text.h"
#include "common/event/kind.h"
#include "common/event/time_text.h"

namespace tillrelay::cli {
namespace {

constexpr const char* kFooter =
    "Exit codes: 0 healthy or done, 1 needs attention or failed, 2 wrong use, 3 the daemon does "
    "not "
    "answer, 4 critical, 5 no store configured, 78 wrong configuration.";

// "29.11.2026" as people here write it.
std::string DayMeant(const std::string& text) {
  if (text.size() != 10 || text[2] != text[5] || AllDigits(text.substr(2, 1))) return "";
  const std::string day = text.substr(6) + "-" + text.substr(3, 2) + "-" + text.substr(0, 2);
  return event::IsDay(day) ? day : "";
}

std::string WrongDay(std::string& text) {
  if (event::IsDay(text)) return "";
  const std::string meant = DayMeant(text);
  return meant.empty() ? "\"" + Printable(text, 40) + "\" is no day; write it as 2026-11-21"
                       : "write the day as " + meant;
}

std::string WrongKind(std::string& text) {
  if (event::ParseKind(text)) return "";
  const std::string near(Nearest(text, event::kKindWords));
  if (!near.empty())
    return "there is no kind \"" + Printable(text, 40) + "\"; did you mean " + near;
  std::string all;
  for (const std::string_view kind : event::kKindWords) {
    all += (all.empty() ? "" : ", ") + std::string(kind);
  }
  return "there is no kind \"" + Printable(text, 40) + "\"; there are " + all;
}

// Without a name: the type in help and manual stays TEXT.
CLI::Validator Day() { return {WrongDay, "", ""}; }
CLI::Validator KindOfEvent() { return {WrongKind, "", ""}; }

std::string ValueWord(const CLI::Option& option) {
  if (option.get_expected_max() == 0 || option.get_type_size_max() == 0) return "";
  const std::string type = option.get_type_name();
  if (type.starts_with("FILE") || type.starts_with("FOLDER")) return type.substr(0, type.find(' '));
  return type.starts_with("TEXT") ? "TEXT" : "NUMBER";
}

OptionPage PageOf(const CLI::Option& option) {
  OptionPage page;
  page.name =
      option.nonpositional() ? "--" + option.get_lnames().front() : option.get_name(true, false);
  page.value = option.nonpositional() ? ValueWord(option) : "TEXT";
  page.what = option.get_description();
  if (option.nonpositional() && !page.value.empty()) page.default_text = option.get_default_str();
  page.required = option.get_required();
  return page;
}

CommandPage PageOf(const CLI::App& app, bool is_root) {
  const std::string footer = app.get_footer();  // inherited where a command has none of its own
  CommandPage page{app.get_name(), app.get_description(), footer == kFooter ? "" : footer, {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    if (is_root || option != app.get_help_ptr()) page.options.push_back(PageOf(*option));
  }
  for (const CLI::App* below : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!below->get_group().empty()) page.commands.push_back(PageOf(*below, false));
  }
  return page;
}

}  // namespace

// Fills the table. Options live as long as the command that reads them.
class TableWriter {
 public:
  explicit TableWriter(CommandTable* table) : table_(*table), app_(*table->app_) {}

  void Write() {
    Status();
    Issues();
    Doctor();
    Events();
    Days();
    AuditAndLog();
    Send();
    Profile();
    Quarantine();
    Delivery();
    Replay();
    Registers();
    Access();
    Tokens();
    Configuration();
    Journal();
    Setup();
    Simulate();
    Help();
    Pages();
  }

 private:
  template <class Options>
  void Runs(CLI::App* command, std::shared_ptr<Options> options,
            int (*run)(const Common&, const Options&)) {
    command->callback([this_table = &table_, options, run] {
      this_table->code_ = run(this_table->common_, *options);
    });
  }
  void Runs(CLI::App* command, int (*run)(const Common&)) {
    command->callback(
        [this_table = &table_, run] { this_table->code_ = run(this_table->common_); });
  }
  static CLI::Option* File(CLI::App* command, const std::string& name, std::string* file,
                           const std::string& what) {
    return command->add_option(name, *file, what)->type_name("FILE");
  }

  static void Intake(CLI::App* command, IntakeOptions* intake) {
    command->add_option("--intake", intake->address,
                        "host:port or https://host:port of the intake");
    File(command, "--ca-file", &intake->ca_file, "Authority of the intake's certificate, PEM");
    File(command, "--token-file", &intake->token_file, "File with the register's token");
    File(command, "--cert-file", &intake->cert_file, "The register's certificate, PEM");
    File(command, "--key-file", &intake->key_file, "Its key, PEM");
  }

  void Status() {
    auto options = std::make_shared<StatusOptions>();
    auto* status = app_.add_subcommand("status", "Is this store's data getting through?");
    status->add_option("--address", options->address, "host:port or unix:PATH of the daemon");
    Runs(status, options, RunStatus);
  }

  void Issues() {
    auto* issues = app_.add_subcommand("issues", "What needs a person, since when, what to do");
    issues->require_subcommand(1);
    auto list_options = std::make_shared<IssuesOptions>();
    auto* list = issues->add_subcommand("list", "Open ones first, the worst first");
    list->add_flag("--all", list_options->all, "The healed ones too");
    Runs(list, list_options, RunIssues);
    auto options = std::make_shared<IssuesOptions>();
    auto* acknowledge = issues->add_subcommand("acknowledge", "Say that it is known, with a note");
    acknowledge->footer("An acknowledged issue is no alarm; it opens again when it becomes worse.");
    acknowledge->add_option("name", options->issue, "Its name, as the list shows it")->required();
    acknowledge->add_option("--note", options->note, "What was found or done")->required();
    Runs(acknowledge, options, RunAcknowledge);
  }

  void Doctor() {
    auto options = std::make_shared<DoctorOptions>();
    auto* doctor =
        app_.add_subcommand("doctor", "Check this store step by step and say what to do");
    doctor->footer(
        "Configuration, folders, secrets, certificates, disk, clock, daemon, journal, and the way "
        "to the broker step by step; each fault with what to do. Run it as root.");
    doctor->add_flag("--deep", options->deep, "Read every row of the journal");
    doctor->add_flag("!--no-daemon", options->daemon, "Do not ask for the running daemon");
    Runs(doctor, options, RunDoctor);
  }

  void Events() {
    auto options = std::make_shared<EventsOptions>();
    auto* events = app_.add_subcommand("events", "Search the events that this store has told");
    events->footer("Without options the newest come first.");
    events->add_option("--register", options->register_id, "Of this register");
    events->add_option("--number", options->number, "With this receipt or document number");
    events->add_option("--day", options->business_day, "Of this business day, such as 2026-11-21")
        ->check(Day());
    events->add_option("--kind", options->kind, "Of this kind, such as sale")->check(KindOfEvent());
    events->add_option("--text", options->text, "With this text in the document");
    events->add_option("--before", options->before, "Older than this position");
    events->add_option("--most", options->most, "At most so many")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    Runs(events, options, RunEvents);
    auto id = std::make_shared<std::string>();
    auto* show = app_.add_subcommand("show", "One event: its document, and how far it has come");
    show->add_option("id", *id, "Its id, or its number in the current stream")->required();
    Runs(show, id, RunShow);
  }

  void Days() {
    auto options = std::make_shared<DaysOptions>();
    auto* days = app_.add_subcommand("days", "What the registers reported of each business day");
    days->footer("The register's own amount stands beside what came here.");
    days->add_option("--from", options->from, "First business day, such as 2026-11-21")
        ->check(Day());
    days->add_option("--through", options->through, "Last business day")->check(Day());
    days->add_flag("--csv", options->csv, "As CSV for a spreadsheet");
    Runs(days, options, RunDays);
  }

  void AuditAndLog() {
    auto audit_options = std::make_shared<AuditOptions>();
    auto* audit = app_.add_subcommand("audit", "Who did what, when and why, the newest first");
    audit->add_option("--before", audit_options->before, "Older than this number");
    audit->add_option("--most", audit_options->most, "At most so many")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    Runs(audit, audit_options, RunAudit);
    auto log_options = std::make_shared<LogOptions>();
    auto* log = app_.add_subcommand("log", "The last lines of the daemon's log");
    log->add_option("--level", log_options->level, "info, warning or error, and above")
        ->check(CLI::IsMember({"info", "warning", "error"}))
        ->capture_default_str();
    log->add_option("--most", log_options->most, "At most so many")
        ->check(CLI::Range(1, 500))
        ->capture_default_str();
    Runs(log, log_options, RunLog);
  }

  void Send() {
    auto options = std::make_shared<SendOptions>();
    auto* send = app_.add_subcommand("send", "Send one file through the intake");
    File(send, "file", &options->file, "The document")->required();
    send->add_flag("--check", options->check, "Ask what would happen; nothing is stored");
    send->add_option("--type", options->type, "Its media type; guessed when not given");
    Intake(send, &options->intake);
    Runs(send, options, RunSend);
  }

  void Profile() {
    auto options = std::make_shared<ProfileOptions>();
    auto* profile = app_.add_subcommand("profile", "How CSV files are read");
    profile->require_subcommand(1);
    auto* suggest = profile->add_subcommand("suggest", "Propose a profile for a CSV file");
    File(suggest, "file", &options->file, "The file, as the till or shop writes it")->required();
    suggest->add_option("--name", options->name, "Its name; from the file's when not given");
    Runs(suggest, options, RunProfileSuggest);
  }

  void Resolve(CLI::App* quarantine, ResolveOptions::Way way, const char* name, const char* what) {
    auto options = std::make_shared<ResolveOptions>();
    options->way = way;
    auto* command = quarantine->add_subcommand(name, what);
    command->add_option("ticket", options->ticket, "Its ticket")->required();
    if (way == ResolveOptions::Way::kResubmit) {
      File(command, "file", &options->file, "The corrected document")->required();
      command->add_option("--type", options->type,
                          "Its media type; the kept document's if not given");
    }
    auto* reason = command->add_option("--reason", options->reason, "For the audit");
    if (way == ResolveOptions::Way::kDiscard) {
      reason->required();
      command->add_flag("--yes", options->yes, "Do not ask");
    }
    Runs(command, options, RunResolve);
  }

  void Quarantine() {
    auto* quarantine = app_.add_subcommand("quarantine", "Documents that wait for a person");
    quarantine->require_subcommand(1);
    auto list_options = std::make_shared<QuarantineOptions>();
    auto* list = quarantine->add_subcommand("list", "One line each, the newest first");
    list->add_option("--reason", list_options->reason, "With this reason, such as bad-value");
    list->add_option("--register", list_options->register_id, "Of this register");
    list->add_option("--text", list_options->text, "With this text in the document or its reason");
    list->add_option("--most", list_options->most, "At most so many")->capture_default_str();
    Runs(list, list_options, RunQuarantine);
    auto show_options = std::make_shared<QuarantineOptions>();
    auto* show = quarantine->add_subcommand("show", "One document, scrubbed");
    show->add_option("ticket", show_options->ticket, "Its ticket")->required();
    Runs(show, show_options, RunQuarantine);
    using Way = ResolveOptions::Way;
    Resolve(quarantine, Way::kRetry, "retry", "Try it again, after a change of configuration");
    auto all = std::make_shared<RetryMatchingOptions>();
    auto* matching = quarantine->add_subcommand("retry-all", "Try all of one reason again");
    matching->add_option("reason", all->reason, "Such as unknown-word")->required();
    Runs(matching, all, RunRetryMatching);
    auto again = std::make_shared<RestartedOptions>();
    auto* restarted = quarantine->add_subcommand(
        "restarted", "Say that a register's counter started again on a day, and try its documents");
    restarted->add_option("register", again->register_id, "Its id")->required();
    restarted->add_option("day", again->business_day, "Business day, 2026-11-21")->required();
    restarted->add_option("--reason", again->why, "For the audit")->required();
    restarted->add_option("--times", again->times, "How often it started again (1)")
        ->check(CLI::Range(1, 8));
    Runs(restarted, again, RunRestarted);
    auto given_up = std::make_shared<DiscardMatchingOptions>();
    auto* discard_all = quarantine->add_subcommand("discard-all", "Give up all of one reason");
    discard_all->add_option("reason", given_up->reason, "Such as unknown-word")->required();
    discard_all->add_option("--reason", given_up->why, "For the audit")->required();
    discard_all->add_flag("--yes", given_up->yes, "Do not ask");
    Runs(discard_all, given_up, RunDiscardMatching);
    Resolve(quarantine, Way::kResubmit, "resubmit", "Put a corrected document in its place");
    Resolve(quarantine, Way::kDiscard, "discard", "Give it up, with a reason");
    Runs(quarantine->add_subcommand("export", "All of them, one JSON object a line"),
         RunQuarantineExport);
  }

  void Delivery() {
    const struct {
      const char *name, *what, *word;
    } switches[] = {{"pause", "Stop sending to head office; capture goes on", "pause"},
                    {"resume", "Send again", "resume"},
                    {"retry", "Try to connect to the broker now", "retry"}};
    for (const auto& [name, what, word] : switches) {
      Runs(app_.add_subcommand(name, what), std::make_shared<std::string>(word), RunDelivery);
    }
  }

  void Replay() {
    auto options = std::make_shared<ReplayOptions>();
    auto* replay = app_.add_subcommand("replay", "Send again what was sent and is kept");
    replay->footer(
        "By number, by business day, or by the time of recording. Head office counts each event "
        "once. Live events keep at least half of the line.");
    replay->add_option("--from", options->from, "First number");
    replay->add_option("--through", options->through, "Last number");
    replay->add_option("--stream", options->stream, "Of this stream; the current one if not given");
    replay->add_option("--day", options->business_day, "A business day, such as 2026-11-21")
        ->check(Day());
    replay->add_option("--recorded-from", options->recorded_from, "UTC, 2026-11-21T16:42:09Z");
    replay->add_option("--recorded-through", options->recorded_through, "UTC, inclusive");
    replay->add_option("--reason", options->reason, "For the audit");
    replay->add_flag("--preview", options->preview, "Only say how many it would be");
    replay->add_flag("!--no-wait", options->wait, "Start it and end");
    replay->add_flag("--yes", options->yes, "Do not ask");
    Runs(replay, options, RunReplay);
  }

  void Registers() {
    using Action = RegisterOptions::Action;
    auto* registers = app_.add_subcommand("register", "The registers' tokens for the intake");
    registers->require_subcommand(1);
    Runs(registers->add_subcommand("list", "Who may send"), std::make_shared<RegisterOptions>(),
         RunRegister);
    auto add_options = std::make_shared<RegisterOptions>();
    add_options->action = Action::kAdd;
    auto* add = registers->add_subcommand("add", "Make a token; it is shown once");
    add->add_option("register", add_options->id, "The register that it belongs to");
    add->add_flag("--any", add_options->any, "It may speak for any register");
    Runs(add, add_options, RunRegister);
    auto remove_options = std::make_shared<RegisterOptions>();
    remove_options->action = Action::kRemove;
    auto* remove = registers->add_subcommand("remove", "End a token at once");
    remove->add_option("id", remove_options->id, "Its id, from the list")->required();
    Runs(remove, remove_options, RunRegister);
  }

  void Access() {
    Runs(app_.add_subcommand("login", "Print a link that is good for one login"), RunLogin);
    auto password = std::make_shared<PasswordOptions>();
    auto* set = app_.add_subcommand(
        "set-password", "Set a password of the status page; it is read from standard input");
    set->add_option("user", password->user, "Whose")->capture_default_str();
    set->add_option("--role", password->role, "view or operate")
        ->check(CLI::IsMember({"view", "operate"}))
        ->capture_default_str();
    set->add_flag("--remove", password->remove, "Remove the user instead");
    Runs(set, password, RunSetPassword);
    auto file = std::make_shared<std::string>("tillrelay-support.tar.gz");
    auto* bundle = app_.add_subcommand(
        "support-bundle", "Write what the maker needs to see: no event, document or secret");
    bundle->add_option("file", *file, "Where to")->capture_default_str();
    Runs(bundle, file, RunSupportBundle);
  }

  void Tokens() {
    using Action = TokenOptions::Action;
    auto* tokens = app_.add_subcommand("token", "Tokens for scripts that use the admin API");
    tokens->require_subcommand(1);
    Runs(tokens->add_subcommand("list", "Which there are"), std::make_shared<TokenOptions>(),
         RunToken);
    auto add_options = std::make_shared<TokenOptions>();
    add_options->action = Action::kAdd;
    auto* add = tokens->add_subcommand("add", "Make one; it is shown once");
    add->add_option("name", add_options->name, "What it is for")->required();
    add->add_option("--role", add_options->role, "view, operate or metrics")
        ->check(CLI::IsMember({"view", "operate", "metrics"}))
        ->capture_default_str();
    Runs(add, add_options, RunToken);
    auto remove_options = std::make_shared<TokenOptions>();
    remove_options->action = Action::kRemove;
    auto* remove = tokens->add_subcommand("remove", "End one at once");
    remove->add_option("id", remove_options->name, "Its id, from the list")->required();
    Runs(remove, remove_options, RunToken);
  }

  void Configuration() {
    auto* config = app_.add_subcommand("config", "The configuration");
    config->require_subcommand(1);
    Runs(config->add_subcommand("check", "Is it complete and correct?"), RunConfigCheck);
    Runs(config->add_subcommand("show", "Every key in effect and who set it"), RunConfigShow);
    Runs(app_.add_subcommand("reload", "Have the daemon read its configuration again"), RunReload);
  }

  void Journal() {
    const auto add = [this](const char* name, const char* what, const char* more) {
      auto* command = app_.add_subcommand(name, what);
      command->footer(more);
      return std::pair(command, std::make_shared<JournalFileOptions>());
    };
    auto [verify, verify_options] =
        add("verify", "Check every row of the journal against its hashes",
            "May run beside the daemon. Without a file: the configured journal; a backup may be "
            "named too.");
    File(verify, "file", &verify_options->file, "A journal or a backup");
    Runs(verify, verify_options, RunVerify);
    auto [backup, backup_options] =
        add("backup", "Copy the journal into one file while the daemon runs",
            "Everything stored before it began is in it, verified row by row. The registers' "
            "tokens are in it too, as hashes.");
    File(backup, "file", &backup_options->file, "Where to; it must not exist")->required();
    Runs(backup, backup_options, RunBackup);
    auto [restore, restore_options] =
        add("restore-backup", "Put a backup in the journal's place; the service must be stopped",
            "What is there is moved aside, never deleted. A new stream is opened: what the centre "
            "had not confirmed is sent again under new numbers, and counts once.");
    File(restore, "file", &restore_options->file, "The backup")->required();
    restore->add_flag("--yes", restore_options->yes, "Do not ask");
    Runs(restore, restore_options, RunRestoreBackup);
    auto [salvage, salvage_options] =
        add("salvage", "Save what can be read of a damaged journal; the service must be stopped",
            "The daemon does this by itself when it meets damage. The old file is moved aside, "
            "never deleted.");
    salvage->add_flag("--yes", salvage_options->yes, "Do not ask");
    Runs(salvage, salvage_options, RunSalvage);
    auto options = std::make_shared<ExportOptions>();
    auto* events = app_.add_subcommand("export", "Every kept event, one JSON object a line");
    events->footer("Reads the journal itself, so that it works while the daemon is down.");
    events->add_option("--kind", options->kind, "Of this kind only")->check(KindOfEvent());
    events->add_option("--day", options->business_day, "Of this business day only")->check(Day());
    events->add_option("--after", options->after, "Behind this position only");
    Runs(events, options, RunExport);
  }

  void Setup() {
    auto options = std::make_shared<SetupOptions>();
    auto* setup = app_.add_subcommand("setup", "First configuration: which store, which broker");
    setup->footer(
        "Asks on a terminal, or takes flags. Writes conf.d/50-setup.toml, copies secrets into "
        "credentials, checks what the service would check at its start, restarts it and runs the "
        "doctor; if it does not start, the old settings are put back. What is not said keeps its "
        "earlier value.");
    File(setup, "--answers", &options->answers,
         "TOML file with store_id, time_zone, broker_url, username, password_file, ca_file");
    setup->add_option("--store-id", options->store_id, "The id that head office knows");
    setup->add_option("--time-zone", options->time_zone, "Such as Europe/Berlin");
    setup->add_option("--broker-url", options->broker_url,
                      "mqtts://host:port, mqtt://, wss://host:port/path or ws://");
    setup->add_option("--username", options->username, "Login at the broker");
    File(setup, "--password-file", &options->password_file,
         "File with the password, - for standard input; it is copied");
    File(setup, "--ca-file", &options->ca_file,
         "Certificate of the broker's authority, PEM; it is copied");
    setup->add_flag("!--no-questions", options->ask, "Ask nothing, even on a terminal");
    setup->add_flag("!--no-restart", options->restart, "Leave the service as it is");
    setup->add_flag("!--no-doctor", options->doctor, "Do not run the doctor after the restart");
    setup->add_flag("--move-store", options->move_store,
                    "This server serves another store now: the old journal is set aside");
    Runs(
        setup, options, +[](const Common& common, const SetupOptions& answers) {
          return RunSetup(common, answers);
        });
  }

  void Simulate() {
    auto play = std::make_shared<SimulateOptions>();
    auto* simulate =
        app_.add_subcommand("simulate", "Play a store: registers, receipts, transfers");
    simulate->footer(
        "For tests: what it plays counts as real sales. It asks first, unless the configuration "
        "says "
        "test_store = true.");
    Intake(simulate, &play->intake);
    simulate->add_option("--drop", play->drop, "Drop folder for files")->type_name("FOLDER");
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
    simulate->add_option("--day", play->day, "First business day")
        ->check(Day())
        ->capture_default_str();
    simulate->add_flag("--yes", play->yes, "Do not ask, whatever store it is");
    File(simulate, "--sums", &play->sums_file, "Write the registers' own sums to this file");
    simulate->add_option("--patience", play->patience_s, "Seconds to keep repeating a document")
        ->capture_default_str();
    Runs(simulate, play, RunSimulate);
  }

  void Help() {
    auto words = std::make_shared<std::vector<std::string>>();
    auto* help = app_.add_subcommand("help", "Show what a command does");
    help->add_option("command", *words, "Its words, as in \"help quarantine list\"");
    help->callback([this_table = &table_, words] {
      const HelpFor found = HelpOf(*this_table->app_, *words);
      std::fputs(found.error.empty() ? found.text.c_str() : (found.error + "\n").c_str(),
                 found.error.empty() ? stdout : stderr);
      this_table->code_ = found.error.empty() ? kOk : kUsage;
    });
  }

  // For the build: not in help, not in the texts.
  void Pages() {
    auto kind = std::make_shared<std::string>();
    auto* pages = app_.add_subcommand("pages", "Print the manual page or a completion")->group("");
    pages->add_option("kind", *kind, "man, bash or zsh")
        ->required()
        ->check(CLI::IsMember({"man", "bash", "zsh"}));
    pages->callback([this_table = &table_, kind] {
      const CommandPage root = this_table->Pages();
      const std::string text = *kind == "man"    ? ManualPage(root)
                               : *kind == "bash" ? BashCompletion(root)
                                                 : ZshCompletion(root);
      std::fwrite(text.data(), 1, text.size(), stdout);
      this_table->code_ = kOk;
    });
  }

  CommandTable& table_;
  CLI::App& app_;
};

CommandTable::CommandTable()
    : app_(std::make_unique<CLI::App>(
          "Tillrelay: what a store has sold, brought to head office without loss.", "tillrelay")) {
  app_->set_version_flag("--version", TILLRELAY_VERSION);
  app_->require_subcommand(1);
  app_->footer(kFooter);
  app_->add_option("--config", common_.config, "Configuration file")
      ->type_name("FILE")
      ->envname("TILLRELAY_CONFIG")
      ->capture_default_str();
  app_->add_flag("--json", common_.json, "Print JSON");
  app_->fallthrough();
  TableWriter(this).Write();
}

CommandTable::~CommandTable() = default;

int CommandTable::Run(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const std::string wrong = e.get_exit_code() == 0 ? "" : Mistyped(*app_, argc, argv);
    if (!wrong.empty()) {
      std::fputs((wrong + "\n").c_str(), stderr);
      return kUsage;
    }
    const int code = app_->exit(e);
    return code == 0 ? kOk : kUsage;
  }
  return code_;
}

CommandPage CommandTable::Pages() const { return PageOf(*app_, true); }

}  // namespace tillrelay::cli
