#include "agent/validation/place_rules.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <filesystem>
#include <tuple>

#include "agent/journal/paths.h"
#include "common/base/file_kind.h"
#include "common/base/files.h"
#include "common/http/address.h"
#include "common/service/credentials.h"

namespace tillrelay::validation {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxSocketPath = 107;
// SQLite's own bound is 512 bytes; the longest name beside the journal ends in this.
constexpr size_t kMaxJournalPath = 480;
constexpr std::string_view kLongestEnd = ".centre-key.tmp";
constexpr std::string_view kParts[] = {"/incoming", "/done", "/rejected"};

// Where each setting's file lies, whatever links lead there.
std::string PlaceOf(const std::string& path) {
  std::error_code error;
  const fs::path place = fs::weakly_canonical(fs::absolute(path, error), error);
  return error ? fs::path(path).lexically_normal().string() : place.string();
}

// Renaming works only within one mount, and two mounts may show one device.
using Mount = std::tuple<uint32_t, uint32_t, uint64_t>;
std::optional<Mount> MountOf(const std::string& path) {
  struct statx info {};
  if (statx(AT_FDCWD, path.c_str(), 0, STATX_BASIC_STATS | STATX_MNT_ID, &info) != 0) {
    return std::nullopt;
  }
  const bool knows = (info.stx_mask & STATX_MNT_ID) != 0;
  return Mount(info.stx_dev_major, info.stx_dev_minor, knows ? info.stx_mnt_id : 0);
}

class PlaceRules {
 public:
  PlaceRules(const config::Config& config, const Viewpoint& viewpoint)
      : c_(config), v_(viewpoint) {}

  std::vector<Finding> Run() {
    if (!c_.store_id.empty()) {  // else nothing is stored yet
      JournalFile();
      DropFolder();
    }
    Socket(Verdict::kWarn, "control.socket", c_.control.socket,
           "until then the commands cannot reach the daemon");
    for (const auto& [key, listen] : Listeners()) {
      const auto address = http::ParseAddress(*listen);
      if (address.ok() && address->is_unix) {
        Socket(Verdict::kStop, key, address->host, "or listen on a port of 127.0.0.1");
      }
    }
    SamePlaces();
    return std::move(findings_);
  }

 private:
  using Setting = std::pair<std::string, const std::string*>;
  std::vector<Setting> Listeners() const {
    return {{"intake.listen", &c_.intake.listen}, {"status.listen", &c_.status.listen}};
  }

  void Add(Verdict verdict, std::string_view key, std::string text, std::string step,
           bool may_heal = false) {
    const bool known = std::any_of(findings_.begin(), findings_.end(), [&](const Finding& one) {
      return one.key == key && one.text == text;
    });
    if (known) return;
    findings_.push_back({verdict, std::string(key), std::move(text), std::move(step), may_heal});
  }

  // 0, or why the service cannot make files there.
  int WriteError(const std::string& folder) const {
    const ActAs act(v_.service_user);
    struct stat info {};
    if (stat(folder.c_str(), &info) != 0) return errno;
    if (!S_ISDIR(info.st_mode)) return ENOTDIR;
    return eaccess(folder.c_str(), W_OK | X_OK) == 0 ? 0 : errno;
  }

  void Writable(Verdict verdict, std::string_view key, const std::string& folder,
                const std::string& step) {
    // The unit's StateDirectory= and the package's tmpfiles make these before the start.
    const bool made = folder == "/var/lib/tillrelay" || folder == "/run/tillrelay";
    if (!v_.is_service && made && access(folder.c_str(), F_OK) != 0) return;
    const int error = WriteError(folder);
    if (error == 0) return;
    if (error == EACCES && IsOutsider(v_)) {
      return Add(Verdict::kUnchecked, key, folder + " cannot be written by you", kAsRoot);
    }
    const bool in_the_way = error == ENOTDIR;
    Add(verdict, key, folder + ": " + ErrnoText(error),
        in_the_way ? "move away what stands in its place; then " + step : step, true);
  }

  void StateFolder(Verdict verdict, std::string_view key, const std::string& folder) {
    Writable(verdict, key, folder,
             fmt::format("install -d -o tillrelay -g tillrelay -m 0750 {}; elsewhere than in /var "
                         "the unit needs ReadWritePaths=",
                         folder));
  }

  void JournalFile() {
    const std::string& path = c_.journal.path;
    const std::string name = journal::NameOf(path);
    const bool too_long =
        name.size() + kLongestEnd.size() > NAME_MAX || PlaceOf(path).size() > kMaxJournalPath;
    if (name.empty() || too_long) {
      return Add(Verdict::kStop, "journal.path",
                 name.empty() ? path + " names no file"
                              : fmt::format("the path is too long: {} bytes", path.size()),
                 "set it to a file such as /var/lib/tillrelay/journal.db");
    }
    StateFolder(Verdict::kStop, "journal.path", DirectoryOf(path));
    for (const std::string& file :
         {path, journal::WalPath(path), path + "-shm", path + "-journal", journal::LockPath(path),
          journal::BallastPath(path), journal::WitnessPath(path)}) {
      const Status status = CheckIsFile(file);
      if (status.code() != Code::kInvalid) continue;  // there, not there yet, or not for us to see
      Add(Verdict::kStop, "journal.path", status.message(),
          file == path ? "set it to a file such as /var/lib/tillrelay/journal.db"
                       : "move it away: the journal needs that name");
    }
  }

  void DropFolder() {
    const std::string& drop = c_.drop_folder.path;
    if (drop.empty()) return;
    // The daemon makes what is missing, where it may.
    if (access(drop.c_str(), F_OK) != 0) {
      return StateFolder(Verdict::kFilesOff, "drop_folder.path", DirectoryOf(drop));
    }
    std::optional<Mount> first;
    for (const std::string_view part : kParts) {
      const std::string own = drop + std::string(part);
      std::error_code error;
      if (fs::is_symlink(own, error)) {
        Add(Verdict::kFilesOff, "drop_folder.path", own + " is a link",
            "make it a folder, and set drop_folder.path to where the three of them lie");
        continue;
      }
      const std::string& folder = access(own.c_str(), F_OK) == 0 ? own : drop;
      StateFolder(Verdict::kFilesOff, "drop_folder.path", folder);
      const auto mount = MountOf(folder);
      if (!first) first = mount;
      if (!mount || mount == first) continue;
      Add(Verdict::kFilesOff, "drop_folder.path", own + " is on another file system than incoming",
          "all three must be on one, since a taken file is renamed", true);
    }
  }

  void Socket(Verdict verdict, std::string_view key, const std::string& path,
              const std::string& consequence) {
    if (path.empty()) return;
    if (path.size() > kMaxSocketPath) {
      return Add(verdict, key,
                 fmt::format("the path of a socket has at most {} bytes", kMaxSocketPath),
                 "choose a shorter one: " + consequence);
    }
    struct stat info {};
    if (stat(path.c_str(), &info) == 0) {
      if (S_ISSOCK(info.st_mode)) return;  // of this daemon, or of the service manager
      const std::string_view odd = OddKind(info.st_mode);
      return Add(verdict, key,
                 fmt::format("{} is {}, no socket", path, odd.empty() ? "a file" : odd),
                 "choose another path: " + consequence);
    }
    const std::string folder = DirectoryOf(path);
    Writable(verdict, key, folder,
             fmt::format("install -d -o tillrelay -g tillrelay-admin -m 2750 {}: {}", folder,
                         consequence));
  }

  struct Named {
    std::string key, place;
    bool written;  // by the daemon
  };

  void Name(std::string_view key, const std::string& path, bool written) {
    if (path.empty() || path.starts_with(service::kCredentialScheme)) return;
    named_.push_back({std::string(key), PlaceOf(path), written});
  }

  void NameJournal() {
    const std::string& path = c_.journal.path;
    for (const std::string_view end :
         {"", "-wal", "-shm", ".lock", ".ballast", ".witness", ".centre-key"}) {
      Name("journal.path", path + std::string(end), true);
    }
    for (const std::string& file : {journal::TokensPath(path), journal::AccessPath(path),
                                    journal::AdminCertPath(path), journal::AdminKeyPath(path)}) {
      Name("journal.path", file, true);
    }
  }

  void NameBroker(const std::string& section, const config::Config::BrokerAddress& broker) {
    Name(section + ".password_file", broker.password_file, false);
    Name(section + ".ca_file", broker.ca_file, false);
    Name(section + ".cert_file", broker.cert_file, false);
    Name(section + ".key_file", broker.key_file, false);
  }

  void NameAll() {
    NameJournal();
    Name("drop_folder.path", c_.drop_folder.path, true);
    for (const auto& [key, listen] : Listeners()) {
      const auto address = http::ParseAddress(*listen);
      if (address.ok() && address->is_unix) Name(key, address->host, true);
    }
    Name("control.socket", c_.control.socket, true);
    Name("items.map", c_.items.map, false);
    Name("guard.operator_key_file", c_.guard.operator_key_file, false);
    Name("intake.tls_cert_file", c_.intake.tls_cert_file, false);
    Name("intake.tls_key_file", c_.intake.tls_key_file, false);
    Name("intake.client_ca_file", c_.intake.client_ca_file, false);
    Name("status.tls_cert_file", c_.status.tls_cert_file, false);
    Name("status.tls_key_file", c_.status.tls_key_file, false);
    Name("broker.proxy_password_file", c_.broker.proxy_password_file, false);
    NameBroker("broker", c_.broker);
    for (size_t i = 0; i < c_.broker.others.size(); ++i) {
      NameBroker(fmt::format("broker.{}", i + 2), c_.broker.others[i]);
    }
  }

  // Files that are only read may be shared; what the daemon writes is its own.
  void SamePlaces() {
    NameAll();
    for (size_t i = 0; i < named_.size(); ++i) {
      for (size_t k = 0; k < i; ++k) Compare(named_[k], named_[i]);
      InDropFolder(named_[i]);
    }
  }

  void Compare(const Named& first, const Named& second) {
    const bool listeners = first.key == "intake.listen" && second.key == "status.listen";
    if (first.place != second.place || first.key == second.key || listeners) return;
    if (!first.written && !second.written) return;
    Add(Verdict::kStop, second.key,
        fmt::format("{} and {} name the same place", second.place, first.key),
        "give one of them another path");
  }

  // What lies there is taken for a document, or deleted with the archive.
  void InDropFolder(const Named& named) {
    if (c_.drop_folder.path.empty() || named.key == "drop_folder.path") return;
    for (const std::string_view part : kParts) {
      const std::string folder = PlaceOf(c_.drop_folder.path + std::string(part));
      if (named.place != folder && DirectoryOf(named.place) != folder) continue;
      const std::string text = fmt::format("{} is in the drop folder", named.place);
      // One of several files beside the journal tells enough.
      if (!findings_.empty() && findings_.back().key == named.key) return;
      return Add(named.written ? Verdict::kStop : Verdict::kWarn, named.key, text,
                 "move it elsewhere: files there are taken for documents, or deleted in time");
    }
  }

  const config::Config& c_;
  const Viewpoint& v_;
  std::vector<Named> named_;
  std::vector<Finding> findings_;
};

}  // namespace

bool IsOutsider(const Viewpoint& viewpoint) { return !viewpoint.is_service && geteuid() != 0; }

std::vector<Finding> JudgePlaces(const config::Config& config, const Viewpoint& viewpoint) {
  return PlaceRules(config, viewpoint).Run();
}

}  // namespace tillrelay::validation
