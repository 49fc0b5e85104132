// What can be seen on this server without asking anybody.
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "agent/cli/doctor/doctor_strings.h"
#include "agent/cli/doctor/findings.h"
#include "agent/cli/journal_lock.h"
#include "agent/journal/query/reader.h"
#include "agent/journal/repair/verify.h"
#include "agent/validation/validation.h"
#include "common/base/files.h"
#include "common/base/json_reader.h"
#include "common/event/time_text.h"
#include "common/http/address.h"
#include "common/http/client.h"
#include "common/language/retell.h"

namespace tillrelay::cli::doctor {
namespace {

constexpr std::string_view kCredential = "credential:";
constexpr uint64_t kLastRows = 5'000;  // of the journal, unless all are asked for
constexpr std::chrono::minutes kClockSlack{10};
constexpr std::chrono::seconds kPatience{3};
constexpr std::chrono::seconds kFirstTry{15};
constexpr std::chrono::milliseconds kAgain{200};
constexpr std::chrono::hours kExpiresSoon{30 * 24};

// statfs(2): on these SQLite's log cannot be shared safely.
constexpr uint32_t kNetworkDisks[] = {0x6969, 0xff534d42, 0xfe534d42, 0x517b};

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<size_t>(slash, 1));
}

bool OthersMay(const std::string& path, mode_t bits) {
  struct stat file {};
  return stat(path.c_str(), &file) == 0 && (file.st_mode & bits) != 0;
}

void CheckFolder(const std::string& path, const Words& remedy, Findings* findings) {
  struct stat folder {};
  if (stat(path.c_str(), &folder) != 0) {
    findings->Fault("folders", fmt::format("{}: {}", path, ErrnoText(errno)), remedy);
  } else if (!S_ISDIR(folder.st_mode)) {
    findings->Fault("folders", strings::Say(strings::kDoctorNoFolder, path), remedy);
  } else if (geteuid() != 0 && access(path.c_str(), W_OK | X_OK) != 0) {
    findings->Note("folders", strings::Say(strings::kDoctorNotYours, path), strings::kDoctorAsRoot);
  } else {
    findings->Good("folders", path);
  }
}

}  // namespace

std::string Patient::FileOf(const std::string& setting) const {
  if (!setting.starts_with(kCredential)) return setting;
  return FolderOf(config_path) + "/credentials/" + setting.substr(kCredential.size());
}

void CheckStore(const Patient& patient, Findings* findings) {
  if (patient.config.store_id.empty()) {
    findings->Fault("store", strings::kDoctorNoStore, "tillrelay setup --store-id ID");
  } else {
    findings->Good("store", patient.config.store_id);
  }
  struct timex clock {};
  const int state = adjtimex(&clock);
  if (state == TIME_ERROR || (clock.status & STA_UNSYNC) != 0) {
    findings->Note("clock", strings::kDoctorClockOff, strings::kDoctorClockStep);
  } else {
    findings->Good("clock", strings::kDoctorClockGood);
  }
}

void CheckPlaces(const Patient& patient, Findings* findings) {
  const auto& config = patient.config;
  const std::string state = FolderOf(config.journal.path);
  CheckFolder(state, fmt::format("install -d -o tillrelay -g tillrelay -m 0750 {}", state),
              findings);
  if (OthersMay(state, 0007) && OthersMay(config.journal.path, 0004)) {
    findings->Fault("permissions", strings::Say(strings::kDoctorReadable, config.journal.path),
                    fmt::format("chmod 0600 {}", config.journal.path));
  }
  if (config.drop_folder.path.empty())
    return findings->Skipped("drop folder", strings::kDoctorNoDrop);
  for (const char* part : {"/incoming", "/done", "/rejected"}) {
    CheckFolder(config.drop_folder.path + part, strings::kDoctorDropStep, findings);
  }
}

namespace {

// Which of the doctor's checks a setting belongs to.
std::string CheckOf(const std::string& key) {
  if (key == "time_zone") return "time zone";
  if (key == "store_id") return "journal";
  if (key == "journal.path") return "folders";
  if (key == "drop_folder.path") return "drop folder";
  if (key.ends_with("_file")) return "secrets";
  return key == "broker.url" ? "broker" : "configuration";
}

}  // namespace

void CheckSettings(const Patient& patient, Findings* findings) {
  using validation::Verdict;
  const auto found = validation::Validate(
      patient.config, validation::CommandLine(patient.config_path, patient.config));
  for (const auto& finding : found) {
    const std::string check = CheckOf(finding.key);
    const std::string text = strings::Retold(finding.text);
    const std::string what = finding.key + ": " + text;
    const auto& before = findings->all();
    const bool known = std::any_of(before.begin(), before.end(), [&](const Finding& one) {
      return one.level == Level::kFault && one.what == text;  // CheckPlaces has told
    });
    if (known) continue;
    if (finding.verdict >= Verdict::kFilesOff) {
      findings->Fault(check, what, finding.step);
    } else {
      findings->Note(check, what, finding.step);
    }
  }
  if (found.empty()) findings->Good("settings", strings::kDoctorSettingsGood);
}

// A key that a group may read is as the manual wants it; others have no business with one.
void CheckSecrets(const Patient& patient, Findings* findings) {
  const auto& c = patient.config;
  const struct {
    const char* key;
    const std::string& value;
  } secrets[] = {{"broker.password_file", c.broker.password_file},
                 {"broker.key_file", c.broker.key_file},
                 {"intake.tls_key_file", c.intake.tls_key_file},
                 {"status.tls_key_file", c.status.tls_key_file},
                 {"guard.operator_key_file", c.guard.operator_key_file}};
  for (const auto& secret : secrets) {
    if (secret.value.empty()) continue;
    const std::string path = patient.FileOf(secret.value);
    if (!OthersMay(path, 0007)) continue;
    findings->Fault("secrets", strings::Say(strings::kDoctorSecretOpen, secret.key, path),
                    "chmod o= " + path);
  }
}

void CheckDisk(const Patient& patient, Findings* findings) {
  const std::string folder = FolderOf(patient.config.journal.path);
  struct statvfs disk {};
  struct statfs kind {};
  if (statvfs(folder.c_str(), &disk) != 0 || statfs(folder.c_str(), &kind) != 0) {
    return findings->Skipped("disk", folder + ": " + ErrnoText(errno));
  }
  for (const uint32_t network : kNetworkDisks) {
    if (static_cast<uint32_t>(kind.f_type) != network) continue;
    return findings->Fault("disk", strings::Say(strings::kDoctorNetworkDisk, folder),
                           strings::kDoctorNetworkStep);
  }
  if ((disk.f_flag & ST_RDONLY) != 0) {
    return findings->Fault("disk", strings::Say(strings::kDoctorReadOnly, folder),
                           strings::kDoctorReadOnlyStep);
  }
  const uint64_t free = static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize;
  const auto least = static_cast<uint64_t>(patient.config.journal.min_free_bytes);
  const std::string text = strings::Say(strings::kDoctorFree, free / 1'000'000, folder);
  if (free < least) {
    findings->Fault("disk", strings::Say(strings::kDoctorFreeTooLittle, text, least),
                    strings::kDoctorFreeStep);
  } else if (disk.f_favail == 0 && disk.f_files > 0) {
    findings->Fault("disk", strings::Say(strings::kDoctorNoInode, folder),
                    strings::kDoctorNoInodeStep);
  } else if (free < 4 * least) {
    findings->Note("disk", text, strings::kDoctorFreeSoon);
  } else {
    findings->Good("disk", text);
  }
}

void CheckJournal(const Patient& patient, Findings* findings) {
  const std::string& path = patient.config.journal.path;
  if (access(path.c_str(), F_OK) != 0) {
    return errno == ENOENT ? findings->Skipped("journal", strings::kDoctorNoJournal)
                           : findings->Note("journal", path + ": " + ErrnoText(errno),
                                            strings::kDoctorRunAsRoot);
  }
  if (access(path.c_str(), R_OK) != 0) {
    return findings->Note("journal", strings::Say(strings::kDoctorUnreadable, path),
                          strings::kDoctorRunAsRoot);
  }
  auto reported = journal::Verify(path, nullptr, patient.deep ? 0 : kLastRows);
  if (!reported.ok()) {
    return findings->Fault("journal", reported.status().message(), strings::kDoctorVerifyStep);
  }
  if (!reported->faults.empty()) {
    findings->Fault("journal", reported->faults.front(), strings::kDoctorDamagedStep);
  } else {
    findings->Good("journal",
                   strings::Say(strings::kDoctorRowsGood, reported->rows, reported->waiting));
  }
  auto reader = journal::JournalReader::Open(path, reported->store_id);
  if (!reader.ok()) return;
  auto stream = (*reader)->CurrentStream();
  if (!stream.ok() || stream->head < stream->own_first()) return;
  auto last = (*reader)->Read(stream->base + stream->head, 1, 1);
  if (!last.ok() || last->empty()) return;
  const auto ahead = last->front().recorded_at - SystemClock().Wall();
  if (ahead > kClockSlack) {
    findings->Fault("clock",
                    strings::Say(strings::kDoctorFuture,
                                 std::chrono::duration_cast<std::chrono::minutes>(ahead).count()),
                    strings::kDoctorFutureStep);
  }
}

namespace {

// What the page and the status say of it, in the doctor's words.
std::string CentreFault(JsonValue broker) {
  const std::string_view doubt = broker.String("centre_doubt");
  if (doubt == "centre-away") {
    return std::string(strings::kDoctorAway);
  }
  if (doubt == "not-confirmed") {
    return strings::Say(strings::kDoctorUnconfirmed, broker.String("unconfirmed_since"));
  }
  const bool never = !doubt.empty() || broker.Find("never_confirmed").is_true();
  return never ? std::string(strings::kDoctorNeverConfirmed) : "";
}

// A confirmation that the broker keeps from former days proves no running collector.
void CheckCentre(JsonValue status, Findings* findings) {
  const JsonValue broker = status.Find("broker");
  if (status.String("confirm") != "centre" || !broker.Find("connected").is_true()) return;
  const std::string fault = CentreFault(broker);
  if (fault.empty()) return;
  findings->Fault("head office", fault, strings::kDoctorCentreStep);
}

// Their numbers are confirmed, what they say is still here.
void CheckParked(JsonValue status, Findings* findings) {
  const uint32_t parked = status.Find("parked").size();
  if (parked == 0) return;
  findings->Fault("head office", strings::Say(strings::kDoctorParked, parked),
                  strings::kDoctorParkedStep);
}

}  // namespace

namespace {

// The page's port may want TLS or a login, the socket never does.
Result<http::ClientResponse> AskForStatus(const config::Config& config) {
  auto answer = http::Client("unix:" + config.control.socket, kPatience).Get("/v1/status");
  if (answer.ok() && answer->status == 200) return answer;
  return http::Client(config.status.listen, kPatience).Get("/v1/status");
}

// On its way to the broker for the first time, so that nothing is known of it.
bool IsFirstTry(const Result<http::ClientResponse>& answer) {
  if (!answer.ok() || answer->status != 200) return false;
  JsonParser parser;
  std::string body = answer->body;
  const auto status = parser.Parse(body);
  if (!status.ok() || status->String("state") != "offline") return false;
  const JsonValue broker = status->Find("broker");
  return !broker.Find("connected").is_true() && !broker.Find("last_error").is_string() &&
         !broker.String("url").empty();
}

// What the service will know in a moment says more than a login beside it: head office may hear of
// a new store by that login alone.
Result<http::ClientResponse> AskOnceTried(const config::Config& config) {
  const SystemClock clock;
  const Instant until = clock.Now() + kFirstTry;
  auto answer = AskForStatus(config);
  while (IsFirstTry(answer) && clock.Now() < until) {
    std::this_thread::sleep_for(kAgain);
    answer = AskForStatus(config);
  }
  return answer;
}

}  // namespace

std::string StatusOfDaemon(const Patient& patient) {
  auto answer = AskForStatus(patient.config);
  return answer.ok() && answer->status == 200 ? std::move(answer->body) : "";
}

void CheckDaemon(Patient* patient, Findings* findings) {
  const auto& config = patient->config;
  auto answer = AskOnceTried(config);
  JsonParser parser;
  std::string body = answer.ok() ? answer->body : "";
  const auto status = parser.Parse(body);
  patient->daemon_runs = answer.ok() && answer->status == 200 && status.ok();
  if (!patient->daemon_runs) {
    if (answer.ok()) {
      findings->Fault(
          "daemon",
          strings::Say(strings::kDoctorOtherProgram, config.status.listen, answer->status),
          strings::kDoctorOtherStep);
    } else if (DaemonRuns(config.journal.path)) {
      findings->Fault("daemon", strings::Say(strings::kDoctorNotThere, config.status.listen),
                      strings::kDoctorNotThereStep);
    } else {
      findings->Fault("daemon", strings::Say(strings::kDoctorNotRunning, answer.status().message()),
                      "systemctl status tillrelay; journalctl -u tillrelay -n 50");
    }
    return;
  }
  const JsonValue broker = status->Find("broker");
  if (broker.Find("connected").is_true()) patient->session_at = broker.String("url");
  const std::string sentence = strings::Retold(status->String("sentence"));
  std::string steps;
  for (const JsonValue step : status->Find("steps")) {
    steps += (steps.empty() ? "" : " ") + strings::Retold(step.text());
  }
  const auto level = status->String("level");
  if (level == "green") {
    findings->Good("daemon", sentence);
  } else if (level == "amber") {
    findings->Note("daemon", sentence, steps);
  } else {
    findings->Fault("daemon", sentence, steps);
  }
  CheckCentre(*status, findings);
  CheckParked(*status, findings);
  if (status->String("store_id") != config.store_id) {
    findings->Fault(
        "daemon", strings::Say(strings::kDoctorServes, status->String("store_id"), config.store_id),
        strings::kDoctorServesStep);
  }
}

void CheckCertificates(const Patient& patient, Findings* findings) {
  const struct {
    const char* key;
    const std::string& value;
  } files[] = {{"broker.cert_file", patient.config.broker.cert_file},
               {"intake.tls_cert_file", patient.config.intake.tls_cert_file},
               {"status.tls_cert_file", patient.config.status.tls_cert_file}};
  const auto now = std::chrono::floor<std::chrono::seconds>(SystemClock().Wall());
  for (const auto& file : files) {
    const std::string path = patient.FileOf(file.value);
    if (path.empty() || access(path.c_str(), R_OK) != 0) continue;  // told by CheckSettings
    auto expires = http::CertificateExpires(path);
    if (!expires.ok()) continue;
    const auto days = std::chrono::duration_cast<std::chrono::hours>(*expires - now).count() / 24;
    const std::string text = strings::Say(strings::kDoctorDaysLeft, file.key, days);
    if (*expires < now) {
      findings->Fault("certificates", strings::Say(strings::kDoctorExpired, file.key, path),
                      strings::kDoctorExpiredStep);
    } else if (*expires - now < kExpiresSoon) {
      findings->Note("certificates", text, strings::kDoctorReplaceSoon);
    } else {
      findings->Good("certificates", text);
    }
  }
}

}  // namespace tillrelay::cli::doctor
