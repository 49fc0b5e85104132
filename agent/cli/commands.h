// What: the commands of `tillrelay`, each a function from its options to an exit code.
// Thread: main.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tillrelay::cli {

// Exit codes, also in the man page: 0 healthy or done, 1 needs attention or failed, 2 wrong use,
// 3 daemon not reachable, 4 critical, 5 not configured, 78 wrong configuration.
inline constexpr int kOk = 0;
inline constexpr int kFault = 1;
inline constexpr int kUsage = 2;
inline constexpr int kUnreachable = 3;
inline constexpr int kCritical = 4;
inline constexpr int kNotConfigured = 5;
inline constexpr int kConfiguration = 78;

struct Common {
  std::string config = "/etc/tillrelay/tillrelay.toml";
  bool json = false;
};

struct StatusOptions {
  std::string address;  // empty: from the configuration
};
int RunStatus(const Common& common, const StatusOptions& options);

struct EventsOptions {
  std::string register_id, number, business_day, kind, text;
  uint64_t before = 0;  // position; 0: the newest
  int most = 20;
};
int RunEvents(const Common& common, const EventsOptions& options);
// `id` is a UUID, or a number in the current stream.
int RunShow(const Common& common, const std::string& id);

// How to reach the intake and what to show there.
struct IntakeOptions {
  std::string address;     // "host:port" or "https://host:port"; empty: from the configuration
  std::string ca_file;     // authority of the intake's certificate
  std::string token_file;  // this register's token; never an argument, those can be read by others
  std::string cert_file, key_file;  // this register's certificate
};

struct SendOptions {
  std::string file;
  std::string type;    // media type; empty: by name and first bytes
  bool check = false;  // ask with dry_run, store nothing
  IntakeOptions intake;
};
int RunSend(const Common& common, const SendOptions& options);

struct ProfileOptions {
  std::string file;
  std::string name;  // empty: from the file's
};
int RunProfileSuggest(const Common& common, const ProfileOptions& options);

struct SimulateOptions {
  IntakeOptions intake;
  std::string drop;  // drop folder; documents go there instead, in files
  double drop_share = 1.0;
  std::string store_id;
  bool yes = false;  // play into a store that may be a live one, without asking
  uint64_t events = 1000;
  uint64_t seed = 1;
  int registers = 4;
  int connections = 4;
  int group = 1;    // documents per request or file
  double rate = 0;  // per second, 0: as fast as answers come
  std::string day = "2026-11-21";
  std::string sums_file;  // where its own sums are written as JSON
  int patience_s = 120;   // how long a document may stay unaccepted
};
int RunSimulate(const Common& common, const SimulateOptions& options);

// Asks the daemon; where none answers the journal itself is read. `ticket` 0: the newest.
struct QuarantineOptions {
  uint64_t ticket = 0;
  uint64_t most = 50;
  std::string reason, register_id, text;  // of the list; they need the running daemon
};
int RunQuarantine(const Common& common, const QuarantineOptions& options);

// What to do with a ticket; asks the running daemon.
struct ResolveOptions {
  enum class Way { kRetry, kResubmit, kDiscard };
  Way way = Way::kRetry;
  uint64_t ticket = 0;
  std::string file, type;  // of a resubmit
  std::string reason;
  bool yes = false;  // discard without asking
  int restarts = 0;  // retry: the register's counter started again so many times
};
int RunResolve(const Common& common, const ResolveOptions& options);

// Every ticket of one reason, the oldest first, after its cause is put right.
struct RetryMatchingOptions {
  std::string reason;
};
int RunRetryMatching(const Common& common, const RetryMatchingOptions& options);

// Every ticket of a register's business day whose number was known: its counter started again.
struct RestartedOptions {
  std::string register_id, business_day, why;
  int times = 1;
};
int RunRestarted(const Common& common, const RestartedOptions& options);

// Every document of the quarantine, one JSON object a line, to standard output.
int RunQuarantineExport(const Common& common);

// `word` is pause, resume or retry.
int RunDelivery(const Common& common, const std::string& word);

// One of: numbers, a business day, a time of recording.
struct ReplayOptions {
  uint64_t from = 0, through = 0;
  std::string stream, business_day, recorded_from, recorded_through, reason;
  bool preview = false, wait = true, yes = false;
};
int RunReplay(const Common& common, const ReplayOptions& options);

// Tokens of registers.
struct RegisterOptions {
  enum class Action { kList, kAdd, kRemove };
  Action action = Action::kList;
  std::string id;    // a register to add, or a token to remove
  bool any = false;  // the token may speak for any register
};
int RunRegister(const Common& common, const RegisterOptions& options);

// The journal as a file. `file` empty: the configured one.
struct JournalFileOptions {
  std::string file;
  bool yes = false;  // without asking
};
int RunVerify(const Common& common, const JournalFileOptions& options);
int RunBackup(const Common& common, const JournalFileOptions& options);
int RunRestoreBackup(const Common& common, const JournalFileOptions& options);
int RunSalvage(const Common& common, const JournalFileOptions& options);

// Events as they are kept, one JSON object a line, to standard output.
struct ExportOptions {
  std::string kind, business_day;
  uint64_t after = 0;  // position
};
int RunExport(const Common& common, const ExportOptions& options);

int RunConfigCheck(const Common& common);
// Every key in effect, with the file that set it.
int RunConfigShow(const Common& common);

// Asks the daemon to read its configuration again, and says what that changed.
int RunReload(const Common& common);

// Everything that can be wrong, and what to do about each.
struct DoctorOptions {
  bool deep = false;   // every row of the journal
  bool daemon = true;  // it should be running
};
int RunDoctor(const Common& common, const DoctorOptions& options);

// The first configuration: conf.d/50-setup.toml and the secrets beside the main file. What is left
// empty keeps the answer of the time before.
struct SetupOptions {
  std::string answers;  // a TOML file with these names; flags win
  std::string store_id, time_zone, broker_url, username;
  std::string password_file;  // its text is copied; "-": standard input
  std::string ca_file;        // its text is copied
  bool ask = true;            // questions, if on a terminal
  bool restart = true;        // the service afterwards
  bool doctor = true;         // after the restart
  bool move_store = false;    // this server serves another store from now on
  // Restarts or stops the service; empty: systemctl, where systemd runs. False: it failed.
  std::function<bool(const char* verb)> service;
};
int RunSetup(const Common& common, SetupOptions options);

}  // namespace tillrelay::cli
