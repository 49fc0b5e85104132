#include <fmt/format.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <iostream>
#include <optional>

#include "agent/cli/commands.h"
#include "agent/cli/findings_text.h"
#include "agent/cli/journal_lock.h"
#include "agent/config/config.h"
#include "agent/journal/repair/backup.h"
#include "agent/journal/repair/verify.h"
#include "agent/validation/validation.h"
#include "common/base/files.h"
#include "common/base/json_writer.h"
#include "common/base/settings.h"
#include "common/base/text.h"

namespace tillrelay::cli {
namespace {

using Service = std::function<bool(const char*)>;

constexpr size_t kMaxAnswerBytes = 64 * 1024;
constexpr const char* kSecretName = "broker-password";
constexpr const char* kCaName = "broker-ca";

struct Places {
  std::string fragment, credentials;
};

Places PlacesOf(const Common& common) {
  const size_t slash = common.config.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : common.config.substr(0, slash);
  return {folder + "/conf.d/50-setup.toml", folder + "/credentials"};
}

// What the file that setup itself writes holds.
struct Fragment {
  std::string store_id, time_zone, url, username, password_file, ca_file;
};

Result<Fragment> ReadFragment(const std::string& path) {
  Fragment f;
  auto text = ReadFile(path, kMaxAnswerBytes);
  if (text.status().code() == Code::kNotFound) return f;
  if (!text.ok()) return std::move(text).status();
  auto settings = Settings::Parse(*text, path);
  if (!settings.ok()) return std::move(settings).status();
  settings->String("store_id", &f.store_id);
  settings->String("time_zone", &f.time_zone);
  settings->String("broker.url", &f.url);
  settings->String("broker.username", &f.username);
  settings->String("broker.password_file", &f.password_file);
  settings->String("broker.ca_file", &f.ca_file);
  TRY(settings->Finish());
  return f;
}

std::string FragmentText(const Fragment& f) {
  std::string text = "# Written by \"tillrelay setup\"; run it again to change something.\n";
  const auto line = [&text](std::string_view key, const std::string& value) {
    if (value.empty()) return;
    text += fmt::format("{} = ", key);
    JsonWriter(&text).String(value);  // a JSON text is a TOML text
    text += '\n';
  };
  line("store_id", f.store_id);
  line("time_zone", f.time_zone);
  text += "\n[broker]\n";
  line("url", f.url);
  line("username", f.username);
  line("password_file", f.password_file);
  line("ca_file", f.ca_file);
  return text;
}

// Flags win over the file.
Status ReadAnswers(SetupOptions* options) {
  if (options->answers.empty()) return Status::Ok();
  auto text = ReadFile(options->answers, kMaxAnswerBytes);
  if (!text.ok()) return std::move(text).status();
  auto settings = Settings::Parse(*text, options->answers);
  if (!settings.ok()) return std::move(settings).status();
  const struct {
    const char* key;
    std::string* value;
  } answers[] = {{"store_id", &options->store_id},     {"time_zone", &options->time_zone},
                 {"broker_url", &options->broker_url}, {"username", &options->username},
                 {"ca_file", &options->ca_file},       {"password_file", &options->password_file}};
  for (const auto& answer : answers) {
    std::string said;
    settings->String(answer.key, &said);
    if (answer.value->empty()) *answer.value = said;
  }
  return settings->Finish();
}

void Ask(std::string_view question, const std::string& before, std::string* answer) {
  if (!answer->empty()) return;
  fmt::print("{}{}: ", question, before.empty() ? "" : fmt::format(" [{}]", before));
  std::fflush(stdout);
  std::getline(std::cin, *answer);
}

// Without showing what is typed.
std::string AskSecret(std::string_view question) {
  termios before{};
  const bool can_hide = tcgetattr(STDIN_FILENO, &before) == 0;
  termios hidden = before;
  hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  if (can_hide) tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  std::string secret;
  Ask(question, "", &secret);
  if (can_hide) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
  fmt::print("\n");
  return secret;
}

Status StoreSecret(const Places& places, const char* name, std::string_view secret) {
  if (mkdir(places.credentials.c_str(), 0700) != 0 && errno != EEXIST) {
    return Unavailable(places.credentials + ": " + ErrnoText(errno));
  }
  return WriteFileDurably(places.credentials + "/" + name, secret, 0600);
}

Result<std::string> ReadGiven(const std::string& path) {
  return path == "-" ? ReadAll(STDIN_FILENO, kMaxAnswerBytes) : ReadFile(path, kMaxAnswerBytes);
}

// The files as they were before, to put back.
class SavedFiles {
 public:
  Status Save(const std::string& path) {
    auto text = ReadFile(path, kMaxAnswerBytes);
    if (!text.ok() && text.status().code() != Code::kNotFound) return std::move(text).status();
    files_.emplace_back(path, text.ok() ? std::optional(*std::move(text)) : std::nullopt);
    return Status::Ok();
  }
  void PutBack() const {
    for (const auto& [path, text] : files_) {
      struct stat info {};
      const unsigned mode = stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : 0600;
      if (!text) {
        unlink(path.c_str());
      } else if (Status s = WriteFileDurably(path, *text, mode); !s.ok()) {
        fmt::print(stderr, "{}\n", s.message());
      }
    }
  }

 private:
  std::vector<std::pair<std::string, std::optional<std::string>>> files_;
};

// What would keep the service from starting, or from using what setup itself was told. A journal of
// another store is no fault where it is about to be set aside.
Status WouldStart(const Common& common, bool move_store) {
  auto config = config::Load(common.config);
  if (!config.ok()) return Invalid(config.status().message());
  const auto findings =
      validation::Validate(*config, validation::CommandLine(common.config, *config));
  std::vector<validation::Finding> faults, notes;
  for (const auto& finding : findings) {
    if (move_store && finding.key == "store_id") continue;
    const bool own = finding.key == "broker.url" || finding.key == "broker.password_file" ||
                     finding.key == "broker.ca_file";
    const bool stops = finding.verdict == validation::Verdict::kStop && !finding.may_heal;
    const bool useless = finding.verdict == validation::Verdict::kUplinkOff && own;
    (stops || useless ? faults : notes).push_back(finding);
  }
  PrintFindings(notes);
  if (faults.empty()) return Status::Ok();
  std::string text;
  for (const auto& fault : faults) text += fmt::format("{}: {}\n", fault.key, fault.text);
  return Invalid(text + "Nothing was changed.");
}

Status WriteFragment(const std::string& path, const Fragment& fragment) {
  const size_t slash = path.rfind('/');
  if (mkdir(path.substr(0, slash).c_str(), 0755) != 0 && errno != EEXIST) {
    return Unavailable(path.substr(0, slash) + ": " + ErrnoText(errno));
  }
  return WriteFileDurably(path, FragmentText(fragment), 0644);
}

bool HasSystemd() { return access("/run/systemd/system", F_OK) == 0; }

bool Systemctl(const char* verb) {
  std::string words[] = {"systemctl", verb, "tillrelay.service"};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  pid_t child = 0;
  int status = 0;
  return posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments, environ) == 0 &&
         waitpid(child, &status, 0) == child && status == 0;
}

// Where there is no service manager there is nothing to restart.
Service ServiceOf(const SetupOptions& options) {
  if (options.service) return options.service;
  return HasSystemd() ? Service(Systemctl) : Service();
}

// A service that does not start with the new settings gets the old ones again.
int RestartService(const Common& common, const SetupOptions& options, const Service& service,
                   const SavedFiles& saved) {
  if (service("restart")) {
    fmt::print("The service runs with it. \"tillrelay status\" tells how it goes.\n\n");
    return options.doctor ? RunDoctor(common, {}) : kOk;
  }
  if (options.move_store) {
    fmt::print(stderr, "The service could not be restarted: journalctl -u tillrelay\n");
    return kFault;
  }
  saved.PutBack();
  const bool runs = service("restart");
  fmt::print(stderr,
             "The service did not start with it: journalctl -u tillrelay\nThe old settings are in "
             "place again, and the service {}.\n",
             runs ? "runs with them" : "does not start with them either");
  return kFault;
}

constexpr const char* kRunsHere = "tillrelayd runs with this journal: stop it first";

// The journal of another store is set aside, but only when nothing in it waits. `only_ask`: says
// whether it could be, and moves nothing.
Status MoveStore(const Common& common, const std::string& store_id, const Service& service,
                 bool only_ask) {
  auto config = config::Load(common.config);
  if (!config.ok()) return std::move(config).status();
  const std::string& journal = config->journal.path;
  if (access(journal.c_str(), F_OK) != 0) return Status::Ok();
  auto reported = journal::Verify(journal, nullptr, 1);
  if (!reported.ok()) return std::move(reported).status();
  if (reported->store_id == store_id) return Status::Ok();
  if (reported->waiting > 0) {
    return Unavailable(fmt::format(
        "{} events of store {} have not reached head office; wait until \"tillrelay status\" says "
        "that nothing waits, or make a backup and move {} away by hand",
        reported->waiting, reported->store_id, journal));
  }
  if (only_ask) {
    return service || !DaemonRuns(journal) ? Status::Ok() : Unavailable(std::string(kRunsHere));
  }
  if (service) service("stop");
  if (DaemonRuns(journal)) return Unavailable(std::string(kRunsHere));
  auto moved =
      journal::MoveJournalAside(journal, "store-" + reported->store_id, SystemClock().Wall());
  if (!moved.ok()) return std::move(moved).status();
  fmt::print("The journal of store {} is now {}\n", reported->store_id, *moved);
  return Status::Ok();
}

int Fail(const Status& status, int code) {
  fmt::print(stderr, "tillrelay setup: {}\n", status.message());
  return code;
}

Status StoreSecrets(const SetupOptions& options, const Places& places, std::string secret,
                    Fragment* fragment) {
  if (!options.password_file.empty()) {
    auto given = ReadGiven(options.password_file);
    if (!given.ok()) return std::move(given).status();
    secret = *std::move(given);
  }
  if (!secret.empty()) {
    TRY(StoreSecret(places, kSecretName, secret));
    fragment->password_file = fmt::format("credential:{}", kSecretName);
  }
  if (options.ca_file.empty()) return Status::Ok();
  auto authority = ReadGiven(options.ca_file);
  if (!authority.ok()) return std::move(authority).status();
  TRY(StoreSecret(places, kCaName, *authority));
  fragment->ca_file = fmt::format("credential:{}", kCaName);
  return Status::Ok();
}

}  // namespace

int RunSetup(const Common& common, SetupOptions options) {
  const Places places = PlacesOf(common);
  auto fragment = ReadFragment(places.fragment);
  if (!fragment.ok()) return Fail(fragment.status(), kConfiguration);
  if (Status read = ReadAnswers(&options); !read.ok()) return Fail(read, kConfiguration);
  std::string secret;
  if (options.ask && options.answers.empty() && options.store_id.empty() &&
      isatty(STDIN_FILENO) == 1) {
    Ask("Store id, as head office knows it", fragment->store_id, &options.store_id);
    Ask("Time zone, empty for the system's", fragment->time_zone, &options.time_zone);
    Ask("Broker, such as mqtts://broker.example:8883", fragment->url, &options.broker_url);
    Ask("User name at the broker, empty for none", fragment->username, &options.username);
    if (options.password_file.empty()) secret = AskSecret("Password, empty for none or unchanged");
    const std::string& url = options.broker_url.empty() ? fragment->url : options.broker_url;
    if (url.starts_with("mqtts:") || url.starts_with("wss:")) {
      Ask("Certificate of the broker's authority (a PEM file), empty for the system's or unchanged",
          "", &options.ca_file);
    }
  }
  const auto keep = [](const std::string& said, std::string* kept) {
    if (!said.empty()) *kept = said;
  };
  keep(options.store_id, &fragment->store_id);
  keep(options.time_zone, &fragment->time_zone);
  keep(options.broker_url, &fragment->url);
  keep(options.username, &fragment->username);
  if (!IsName(fragment->store_id)) {
    return Fail(Invalid("--store-id is needed: [A-Za-z0-9._-]{1,32}"), kUsage);
  }
  const Service service = ServiceOf(options);
  if (options.move_store) {
    Status movable = MoveStore(common, fragment->store_id, service, true);
    if (!movable.ok()) return Fail(movable, kFault);
  }
  SavedFiles saved;
  for (const std::string& file : {places.credentials + "/" + kSecretName,
                                  places.credentials + "/" + kCaName, places.fragment}) {
    if (Status s = saved.Save(file); !s.ok()) return Fail(s, kFault);
  }
  Status done = StoreSecrets(options, places, std::move(secret), &*fragment);
  if (done.ok()) done = WriteFragment(places.fragment, *fragment);
  if (done.ok()) done = WouldStart(common, options.move_store);
  if (!done.ok()) {
    saved.PutBack();
    return Fail(done, done.code() == Code::kInvalid ? kConfiguration : kFault);
  }
  fmt::print("{} is written, the configuration is good.\n", places.fragment);
  if (options.move_store) {
    if (Status moved = MoveStore(common, fragment->store_id, service, false); !moved.ok()) {
      // A journal that stayed, under another store's id, would not be opened at the next start.
      saved.PutBack();
      if (service) service("restart");
      return Fail(moved, kFault);
    }
  }
  return options.restart && service ? RestartService(common, options, service, saved) : kOk;
}

}  // namespace tillrelay::cli
