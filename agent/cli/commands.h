// What: the commands of `tillrelay`, each a function from its options to an exit code.
// Thread: main.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tillrelay::cli {

// Exit codes, also in the man page: 0 ok, 1 fault found, 2 usage, 3 daemon not reachable,
// 78 configuration.
inline constexpr int kOk = 0;
inline constexpr int kFault = 1;
inline constexpr int kUsage = 2;
inline constexpr int kUnreachable = 3;
inline constexpr int kConfiguration = 78;

struct Common {
  std::string config = "/etc/tillrelay/tillrelay.toml";
  bool json = false;
};

struct StatusOptions {
  std::string address;  // empty: from the configuration
};
int RunStatus(const Common& common, const StatusOptions& options);

struct SendOptions {
  std::string file;
  std::string type;     // media type; empty: by name and first bytes
  std::string address;  // empty: from the configuration
  bool check = false;   // ask with dry_run, store nothing
};
int RunSend(const Common& common, const SendOptions& options);

struct SimulateOptions {
  std::string address;  // intake; empty: from the configuration
  std::string drop;     // drop folder; documents go there instead, in files
  double drop_share = 1.0;
  std::string store_id;
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

// Reads the journal itself, so that it answers while the daemon is down. `ticket` 0: the newest.
struct QuarantineOptions {
  uint64_t ticket = 0;
  uint64_t most = 50;
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
};
int RunResolve(const Common& common, const ResolveOptions& options);

// Every document of the quarantine, one JSON object a line, to standard output.
int RunQuarantineExport(const Common& common);

// `word` is pause, resume or retry.
int RunDelivery(const Common& common, const std::string& word);

int RunConfigCheck(const Common& common);

}  // namespace tillrelay::cli
