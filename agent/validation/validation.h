// What: what a configuration would do: every key, and every file that it names, judged as a start
//   of the daemon judges it. Start, reload, `config check`, `setup` and `doctor` ask here and
//   nowhere else.
// Promise: nothing is changed and nobody outside this machine is asked. A fault of the uplink's
//   settings or files, or of the drop folder, never keeps the daemon from capturing.
// Thread: any; where root looks for the service, the only one (service_user.h). Waits for the disk.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
#include "agent/validation/service_user.h"

namespace tillrelay::validation {

enum class Verdict {
  kUnchecked,  // this user may not read what has to be read; a start would judge it
  kWarn,
  kFilesOff,   // the registers are served, and no file is taken
  kUplinkOff,  // events are taken and kept, none is sent
  kStop        // the daemon refuses to start
};
// "unchecked", "warn", "files off", "uplink off", "stop"
std::string_view NameOf(Verdict verdict);

struct Finding {
  Verdict verdict = Verdict::kWarn;
  std::string key;   // "broker.ca_file"
  std::string text;  // what is wrong
  std::string step;  // what to do about it
  // A stop that may end without a change of the configuration: the service manager tries again.
  bool may_heal = false;
};

// Where the answers come from.
struct Viewpoint {
  // The file behind a setting's value, which may be "credential:NAME".
  std::function<Result<std::string>(std::string_view key, const std::string& value)> file_of;
  // This process is the service: what it may not read, the service may not read.
  bool is_service = true;
  // A credential that is missing now may be there at the next start.
  bool credentials_come_later = false;
  std::optional<ServiceUser> service_user;  // whose rights count, where they are not this process's
  bool look_into_journal = true;            // a start does that by opening it
};
// The daemon at its start, and while it runs.
Viewpoint DaemonAtStart();
Viewpoint RunningDaemon();
// A command: credentials lie beside the configuration, where the service manager takes them from.
Viewpoint CommandLine(const std::string& config_path, const config::Config& config);

// The worst first.
std::vector<Finding> Validate(const config::Config& config, const Viewpoint& viewpoint);

bool Has(const std::vector<Finding>& findings, Verdict verdict);
// The findings of that verdict, a line each: "broker.url: it must start with ...".
std::string TextOf(const std::vector<Finding>& findings, Verdict verdict);

}  // namespace tillrelay::validation
