// The journal as a file: verify, backup, restore-backup, salvage, export. All of them read or move
// the file itself; the first two and the last one may run beside the daemon.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "agent/cli/commands.h"
#include "agent/cli/journal_lock.h"
#include "agent/cli/terminal.h"
#include "agent/config/config.h"
#include "agent/journal/query/reader.h"
#include "agent/journal/repair/backup.h"
#include "agent/journal/repair/salvage.h"
#include "common/base/json_writer.h"
#include "common/base/log.h"
#include "common/event/time_text.h"

namespace tillrelay::cli {
namespace {

constexpr size_t kRowsPerRead = 500;
constexpr size_t kBytesPerRead = 4 * 1024 * 1024;

int Fail(const char* command, const Status& status) {
  fmt::print(stderr, "tillrelay {}: {}\n", command, status.message());
  return status.code() == Code::kConflict ? kConfiguration : kFault;
}

// The configuration, or an exit code after having said what is wrong.
int LoadConfig(const Common& common, config::Config* config) {
  auto loaded = config::Load(common.config);
  if (!loaded.ok()) {
    fmt::print(stderr, "{}\n", loaded.status().message());
    return kConfiguration;
  }
  *config = *std::move(loaded);
  return kOk;
}

// What replaces the journal is asked for at a terminal, or said with --yes.
bool Agreed(const JournalFileOptions& options, const std::string& question) {
  if (options.yes) return true;
  if (isatty(STDIN_FILENO) == 0) {
    fmt::print(stderr, "this replaces the journal: say --yes\n");
    return false;
  }
  fmt::print(stderr, "{} [y/N] ", question);
  const int answer = std::getchar();
  return answer == 'y' || answer == 'Y';
}

// Files that appear belong to whom the folder belongs to. Root only.
void BecomeOwnerOf(const std::string& journal) {
  struct stat folder {};
  const std::string path = journal.substr(0, journal.rfind('/') + 1);
  if (geteuid() != 0 || stat(path.empty() ? "." : path.c_str(), &folder) != 0) return;
  if (setegid(folder.st_gid) != 0 || seteuid(folder.st_uid) != 0) {
    fmt::print(stderr, "note: new files will belong to root\n");
  }
}

void WriteVerified(JsonWriter& json, const journal::Verified& reported) {
  json.Field("store_id", reported.store_id)
      .Field("stream", reported.stream)
      .Field("head", reported.head)
      .Field("head_chain", reported.head_chain)
      .Field("waiting", reported.waiting)
      .Field("rows", reported.rows)
      .Field("streams", reported.streams);
  json.Key("faults").BeginArray();
  for (const std::string& fault : reported.faults) json.String(fault);
  json.EndArray();
}

std::string Sentence(const journal::Verified& reported) {
  return fmt::format("store {}, stream {}: {} events up to number {}, {} not confirmed",
                     reported.store_id, reported.stream, reported.rows, reported.head,
                     reported.waiting);
}

}  // namespace

int RunVerify(const Common& common, const JournalFileOptions& options) {
  std::string file = options.file;
  if (file.empty()) {
    config::Config config;
    if (const int code = LoadConfig(common, &config); code != kOk) return code;
    file = config.journal.path;
  }
  Progress bar("Verifying");
  auto reported = journal::Verify(file, [&bar](uint64_t done, uint64_t of) { bar.Show(done, of); });
  if (!reported.ok()) return Fail("verify", reported.status());
  if (common.json) {
    std::string out;
    JsonWriter json(&out);
    json.BeginObject();
    WriteVerified(json, *reported);
    json.EndObject();
    fmt::print("{}\n", out);
  } else {
    fmt::print("{}\n", Sentence(*reported));
    for (const std::string& fault : reported->faults) fmt::print("  {}\n", fault);
    if (reported->faults.empty()) fmt::print("Every row is as it was written.\n");
  }
  if (reported->faults.empty()) return kOk;
  fmt::print(stderr,
             "The journal is damaged. Unconfirmed events that can be read are saved by \"tillrelay "
             "salvage\"; the daemon does it by itself when it meets the damage.\n");
  return kFault;
}

int RunBackup(const Common& common, const JournalFileOptions& options) {
  config::Config config;
  if (const int code = LoadConfig(common, &config); code != kOk) return code;
  umask(0077);
  Progress bar("Copying");
  auto reported = journal::Backup(config.journal.path, options.file,
                                  [&bar](uint64_t done, uint64_t of) { bar.Show(done, of); });
  if (!reported.ok()) return Fail("backup", reported.status());
  if (common.json) {
    std::string out;
    JsonWriter json(&out);
    json.BeginObject().Field("file", options.file).Field("bytes", reported->bytes);
    json.Field("sha256", reported->sha256);
    WriteVerified(json, reported->verified);
    json.EndObject();
    fmt::print("{}\n", out);
  } else {
    fmt::print("{}\n{}  {}\n", Sentence(reported->verified), reported->sha256, options.file);
  }
  if (!reported->verified.faults.empty()) {
    fmt::print(stderr, "The journal itself is damaged: tillrelay verify\n");
    return kFault;
  }
  return kOk;
}

int RunRestoreBackup(const Common& common, const JournalFileOptions& options) {
  config::Config config;
  if (const int code = LoadConfig(common, &config); code != kOk) return code;
  if (config.store_id.empty()) {
    fmt::print(stderr, "no store_id is configured yet: run tillrelay setup first\n");
    return kConfiguration;
  }
  if (DaemonRuns(config.journal.path)) {
    fmt::print(stderr, "tillrelayd runs: systemctl stop tillrelay first\n");
    return kFault;
  }
  if (!Agreed(options,
              fmt::format("Put {} in the place of {}?", options.file, config.journal.path))) {
    return kUsage;
  }
  umask(0077);
  const SystemClock clock;
  SystemRandom random;
  journal::StoreOptions store;
  store.path = config.journal.path;
  store.store_id = config.store_id;
  auto reported = journal::RestoreBackup(options.file, store, clock.Wall(), &random);
  if (!reported.ok()) return Fail("restore-backup", reported.status());
  if (common.json) {
    std::string out;
    JsonWriter json(&out);
    json.BeginObject().Field("new_stream", reported->stream).Field("moved_to", reported->moved_to);
    WriteVerified(json, reported->verified);
    json.EndObject();
    fmt::print("{}\n", out);
    return kOk;
  }
  fmt::print("{}\n", Sentence(reported->verified));
  if (!reported->moved_to.empty())
    fmt::print("the journal that was there is now {}\n", reported->moved_to);
  fmt::print("new stream {}; go on with: systemctl start tillrelay\n", reported->stream);
  return kOk;
}

int RunSalvage(const Common& common, const JournalFileOptions& options) {
  config::Config config;
  if (const int code = LoadConfig(common, &config); code != kOk) return code;
  if (DaemonRuns(config.journal.path)) {
    fmt::print(stderr,
               "tillrelayd runs, and salvages by itself what it finds damaged; to force it: "
               "systemctl stop tillrelay first\n");
    return kFault;
  }
  if (access(config.journal.path.c_str(), F_OK) != 0) {
    fmt::print(stderr, "{}: there is no journal\n", config.journal.path);
    return kFault;
  }
  if (!Agreed(options,
              fmt::format("Move {} aside and save what can be read of it?", config.journal.path))) {
    return kUsage;
  }
  umask(0077);
  BecomeOwnerOf(config.journal.path);
  const SystemClock clock;
  SystemRandom random;
  journal::StoreOptions store;
  store.path = config.journal.path;
  store.store_id = config.store_id;
  journal::Salvaged reported;
  auto opened = journal::OpenOrSalvage(store, clock.Wall(), &random, &reported, "by order");
  if (!opened.ok()) return Fail("salvage", opened.status());
  for (;;) {
    auto more = (*opened)->StepTakeOver(clock.Wall());
    if (!more.ok()) return Fail("salvage", more.status());
    if (!*more) break;
  }
  uint64_t saved = 0, lost = 0;
  for (const journal::TakeOverRow& row : (*opened)->take_over().PopFinished()) {
    saved += row.taken;
    lost += row.lost;
  }
  if (common.json) {
    std::string out;
    JsonWriter json(&out);
    json.BeginObject().Field("moved_to", reported.moved_to).Field("saved", saved);
    json.Field("lost", lost).Field("new_stream", (*opened)->current().stream).EndObject();
    fmt::print("{}\n", out);
  } else {
    fmt::print("{} unconfirmed events are saved, {} are lost; the old file is {}\n", saved, lost,
               reported.moved_to);
  }
  return lost == 0 ? kOk : kFault;
}

int RunExport(const Common& common, const ExportOptions& options) {
  config::Config config;
  if (const int code = LoadConfig(common, &config); code != kOk) return code;
  auto reader = journal::JournalReader::Open(config.journal.path, config.store_id);
  if (!reader.ok()) return Fail("export", reader.status());
  for (uint64_t position = options.after + 1;;) {
    auto rows = (*reader)->Read(position, kRowsPerRead, kBytesPerRead);
    if (!rows.ok()) return Fail("export", rows.status());
    if (rows->empty()) return kOk;
    position = rows->back().position + 1;
    for (const journal::Row& row : *rows) {
      const bool wanted = (options.kind.empty() || row.kind == options.kind) &&
                          (options.business_day.empty() ||
                           row.subject.find("/" + options.business_day + "/") != std::string::npos);
      if (!wanted) continue;
      std::string line;
      JsonWriter json(&line);
      json.BeginObject().Field("position", row.position).Field("id", UuidText(row.id));
      json.Field("kind", row.kind).Field("subject", row.subject).Field("time", row.time);
      json.Field("recorded_at", event::UtcText(row.recorded_at));
      json.Key("data").Raw(row.data).EndObject();
      fmt::print("{}\n", line);
    }
  }
}

}  // namespace tillrelay::cli
