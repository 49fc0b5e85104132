// What: the command line of tillrelay-collector.
// Exit: 0 after a signal or a finished command; 78 for a configuration that cannot work, so that
//   the service manager does not try again; 2 for a wrong command line; 1 otherwise.
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>

#include "collector/intake/unapplied.h"
#include "collector/ledger/rebuild.h"
#include "collector/service/config.h"
#include "collector/service/service.h"
#include "collector/service/start_files.h"
#include "common/base/files.h"
#include "common/base/log.h"
#include "common/base/memory_budget.h"
#include "common/redact/card_redaction.h"
#include "common/service/exit_codes.h"
#include "common/wire/signature.h"

namespace {

using tillrelay::Code;
using tillrelay::Status;

int Fail(const Status& failure) {
  fmt::print(stderr, "tillrelay-collector: {}\n", failure.message());
  const bool configuration = failure.code() == Code::kInvalid || failure.code() == Code::kNotFound;
  return configuration ? tillrelay::service::kExitConfiguration : tillrelay::service::kExitFault;
}

int RebuildLedger(const std::string& url) {
  auto sql = tillrelay::collector::OpenWriter(url);
  if (!sql.ok()) return Fail(sql.status());
  auto rebuilt = tillrelay::collector::RebuildLedger(sql->get(), tillrelay::SystemClock().Wall());
  if (!rebuilt.ok()) return Fail(rebuilt.status());
  fmt::print("rebuilt from {} events, {} cells corrected\n", rebuilt->events,
             rebuilt->corrected_cells);
  return 0;
}

// Writes a new key to the file and prints its public half.
int MakeSigningKey(const std::string& path) {
  const tillrelay::Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) {
    return Fail(tillrelay::Unavailable(path + ": " + tillrelay::ErrnoText(errno)));
  }
  const std::string pem = tillrelay::wire::SigningKey::NewPem();
  auto key = tillrelay::wire::SigningKey::FromPem(pem);
  if (Status s = tillrelay::WriteFileDurably(path, pem, 0600); !s.ok()) return Fail(s);
  fmt::print("{}\n", tillrelay::wire::KeyText(key->public_key()));
  return 0;
}

struct KeptOrder {
  std::string store, stream, time;
  uint64_t sequence = 0;
};

// A person's word: one event of table `unapplied`, if need be under another time.
int ApplyKept(const std::string& url, const KeptOrder& order) {
  auto applied = tillrelay::collector::ApplyOneKept(
      url, {{order.store, order.stream}, order.sequence}, order.time);
  if (!applied.ok()) return Fail(applied.status());
  if (!*applied) return Fail(tillrelay::Unavailable("it still cannot be applied; it stays kept"));
  fmt::print("applied\n");
  return 0;
}

int CheckFiles(const std::string& path, const tillrelay::collector::Config& config) {
  const auto unseen = tillrelay::collector::CheckStartFiles(config);
  if (!unseen.ok()) return Fail(unseen.status());
  fmt::print("{}: good\n", path);
  if (!unseen->empty()) {
    fmt::print("not looked at, since only the service has these credentials: {}\n",
               fmt::join(*unseen, ", "));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  umask(0077);  // the database and what lies beside it are for its user alone
  CLI::App app{"Collects the events of all stores, once each, and keeps the stock ledger."};
  std::string path = "/etc/tillrelay/collector.toml";
  std::string new_key;
  bool check = false;
  app.add_option("--config", path, "configuration file")->capture_default_str();
  app.add_option("--make-signing-key", new_key,
                 "write a new key for signing confirmations to this file, print its public half");
  app.add_flag("--check-config", check, "read the configuration and say what is wrong with it");
  app.set_version_flag("--version", std::string("tillrelay-collector ") + TILLRELAY_VERSION);
  CLI::App* rebuild =
      app.add_subcommand("rebuild-ledger", "compute stock anew from the stored events")
          ->fallthrough();
  KeptOrder kept;
  CLI::App* apply =
      app.add_subcommand("apply-kept", "apply one event of table unapplied")->fallthrough();
  apply->add_option("--store", kept.store, "its store")->required();
  apply->add_option("--stream", kept.stream, "its stream")->required();
  apply->add_option("--sequence", kept.sequence, "its number")->required();
  apply->add_option("--time", kept.time, "RFC 3339 with offset; takes the place of its own time");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? tillrelay::service::kExitOk : tillrelay::service::kExitUsage;
  }

  tillrelay::ConfigureAllocator();
  tillrelay::log::Setup(tillrelay::log::Level::kInfo, tillrelay::redact::RedactLine);
  if (!new_key.empty()) return MakeSigningKey(new_key);
  auto config = tillrelay::collector::ReadConfig(path);
  if (!config.ok()) return Fail(config.status());
  if (check) return CheckFiles(path, *config);
  if (rebuild->parsed()) return RebuildLedger(config->database);
  if (apply->parsed()) return ApplyKept(config->database, kept);
  const Status ended = tillrelay::collector::RunService(*config);
  return ended.ok() ? 0 : Fail(ended);
}
