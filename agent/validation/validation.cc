#include "agent/validation/validation.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "agent/capture/drop_names.h"
#include "agent/journal/identity.h"
#include "agent/journal/paths.h"
#include "agent/redact/redact.h"
#include "agent/validation/format_settings.h"
#include "agent/validation/place_rules.h"
#include "common/base/clock.h"
#include "common/base/file_kind.h"
#include "common/base/files.h"
#include "common/base/process.h"
#include "common/event/item_map.h"
#include "common/event/time_text.h"
#include "common/http/address.h"
#include "common/http/tls.h"
#include "common/http/tls_check.h"
#include "common/mqtt/broker_url.h"
#include "common/service/credentials.h"

namespace tillrelay::validation {
namespace {

constexpr size_t kMaxSecretBytes = 4096;

// The unit's PrivateTmp= and ProtectHome= give the service other folders of these names.
bool HiddenFromService(std::string_view path) {
  for (const std::string_view folder : {"/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/"}) {
    if (path.starts_with(folder)) return true;
  }
  return false;
}

class Validator {
 public:
  Validator(const config::Config& config, const Viewpoint& viewpoint) : c_(config), v_(viewpoint) {}

  std::vector<Finding> Run() {
    Rules();
    Listeners();
    ServerFiles();
    for (Finding& finding : JudgePlaces(c_, v_)) findings_.push_back(std::move(finding));
    Journal();
    Brokers();
    std::stable_sort(findings_.begin(), findings_.end(),
                     [](const Finding& a, const Finding& b) { return a.verdict > b.verdict; });
    return std::move(findings_);
  }

 private:
  void Add(Verdict verdict, std::string_view key, std::string text, std::string step,
           bool may_heal = false) {
    findings_.push_back({verdict, std::string(key), std::move(text), std::move(step), may_heal});
  }

  void Rules() {
    if (auto zone = event::StoreZone::Load(c_.time_zone); !zone.ok()) {
      Add(Verdict::kStop, "time_zone", zone.status().message(),
          "set it to a name such as \"Europe/Berlin\" (timedatectl list-timezones)");
    }
    if (auto guard = redact::MakeRedactOptions(c_.guard.receipt_pattern); !guard.ok()) {
      Add(Verdict::kStop, "guard.receipt_pattern",
          fmt::format("\"{}\" is no regular expression", c_.guard.receipt_pattern),
          "correct it, or remove the line");
    }
    if (auto words = VocabularyOf(c_); !words.ok()) {
      Add(Verdict::kStop, "formats.poslog.words", words.status().message(),
          "remove the word: it has a meaning already");
    }
    Secret(Verdict::kStop, "guard.operator_key_file", c_.guard.operator_key_file);
    if (!c_.registers.expected.empty() && c_.registers.silent_after_min == 0) {
      Add(Verdict::kWarn, "registers.expected",
          "nobody is missed while registers.silent_after_min is 0",
          "set registers.silent_after_min, such as 120, and registers.opening_hours");
    }
    ItemMap();
    for (const config::Config::Csv& csv : c_.drop_folder.csv) {
      Pattern(csv, "files", csv.files);
      Pattern(csv, "head_files", csv.head_files);
    }
  }

  // What a pattern's signs stand for is no part of a name's end.
  void Pattern(const config::Config::Csv& csv, const char* key, std::string pattern) {
    std::replace_if(
        pattern.begin(), pattern.end(), [](char c) { return c == '*' || c == '?'; }, 'a');
    if (pattern.empty() || !capture::IsUnfinished(pattern)) return;
    Add(Verdict::kWarn, fmt::format("drop_folder.csv.{}.{}", csv.name, key),
        "no file of such a name is ever taken: it is one that is still being written",
        "name the files as they are called once they are complete");
  }

  // Documents are taken without it: their articles go by their own names.
  void ItemMap() {
    const auto path = Readable(Verdict::kWarn, "items.map", c_.items.map);
    if (!path) return;
    const auto text = ReadFile(*path, event::kMaxItemMapBytes);
    const Status status = text.ok() ? event::ItemMap::Parse(*text).status() : text.status();
    if (!status.ok()) {
      Add(Verdict::kWarn, "items.map", *path + ": " + std::string(status.message()),
          "correct the file; it is read again by itself");
    }
  }

  // The path, if the file behind a setting is there and the service may read it.
  std::optional<std::string> Readable(Verdict verdict, std::string_view key,
                                      const std::string& value) {
    if (value.empty()) return std::nullopt;
    const bool credential = value.starts_with(service::kCredentialScheme);
    auto path = v_.file_of(key, value);
    if (!path.ok()) {
      Add(verdict, key, path.status().message(),
          "give the path of a file that the service can read");
      return std::nullopt;
    }
    // A credential is read by the service manager, which is root.
    const int error = ReadError(*path, !credential);
    if (const Status file = CheckIsFile(*path); file.code() == Code::kInvalid) {
      Add(verdict, key, file.message(), "give the path of a file that the service can read");
    } else if (error == 0) {
      if (credential || !v_.service_user || !HiddenFromService(*path)) return path.value();
      Add(verdict, key, *path + " is in a folder that the service cannot see",
          "move it to /etc/tillrelay, or use \"credential:NAME\"");
    } else if (credential && v_.credentials_come_later) {
      Add(Verdict::kUnchecked, key, value + " is handed over at the next start", "");
    } else if (error == EACCES && IsOutsider(v_)) {
      Add(Verdict::kUnchecked, key, *path + " cannot be read by you", kAsRoot);
    } else {
      Add(verdict, key, *path + ": " + ErrnoText(error),
          error == EACCES
              ? fmt::format("let the service read it: chgrp tillrelay {0}; chmod g+r {0}", *path)
              : "put the file there, or remove the setting");
    }
    return std::nullopt;
  }

  int ReadError(const std::string& path, bool as_service) const {
    const ActAs act(as_service ? v_.service_user : std::nullopt);
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file.valid()) return errno;
    char byte = 0;
    return read(file.get(), &byte, 1) < 0 ? errno : 0;  // a folder can be opened, not read
  }

  void Secret(Verdict verdict, std::string_view key, const std::string& value) {
    const auto path = Readable(verdict, key, value);
    if (!path) return;
    auto secret = ReadFile(*path, kMaxSecretBytes);
    if (!secret.ok()) return Add(verdict, key, secret.status().message(), "write it again");
    if (secret->find_first_not_of("\r\n") == std::string::npos) {
      Add(verdict, key, *path + " is empty", "write the secret into it");
    }
  }

  void Listeners() {
    const struct {
      const char* key;
      const std::string& listen;
    } places[] = {{"intake.listen", c_.intake.listen}, {"status.listen", c_.status.listen}};
    std::vector<http::Address> addresses;
    for (const auto& place : places) {
      auto address = http::ParseAddress(place.listen);
      if (!address.ok()) {
        Add(Verdict::kStop, place.key, address.status().message(),
            "set host:port, such as 127.0.0.1:8470");
        continue;
      }
      if (!address->is_unix && address->port == 0) {
        Add(Verdict::kStop, place.key, place.listen + " has no port", "give it one, such as 8470");
      }
      Bindable(place.key, *address);
      addresses.push_back(*std::move(address));
    }
    if (addresses.size() == 2 && Collide(addresses[0], addresses[1])) {
      Add(Verdict::kStop, "status.listen",
          fmt::format("{} and intake.listen = {} are the same port", c_.status.listen,
                      c_.intake.listen),
          "give one of them another port");
    }
    if (auto intake = http::ParseAddress(c_.intake.listen); intake.ok()) {
      if (Status s = config::CheckListeners(c_, http::IsLocal(*intake)); !s.ok()) {
        Add(Verdict::kStop, "intake.listen", s.message(),
            "set the certificate and its key, or listen on 127.0.0.1");
      }
    }
  }

  // Whether two spellings are one address the system knows best: asked by a port that nobody has.
  static bool Collide(const http::Address& a, const http::Address& b) {
    if (a.is_unix || b.is_unix) return a.is_unix && b.is_unix && a.host == b.host;
    if (a.port != b.port) return false;
    const auto first = http::ListenOn({false, a.host, 0}, 0);
    const auto other = http::ListenOn({false, b.host, 0}, 0);
    if (!first.ok() || !other.ok()) return false;  // told already
    const uint16_t port = http::LocalAddress(first->get()).port;
    return !http::ListenOn({false, b.host, port}, 0).ok();
  }

  // The host alone, by a port that nobody has.
  void Bindable(const char* key, const http::Address& address) {
    if (address.is_unix) return;
    if (auto fd = http::ListenOn({false, address.host, 0}, 0); !fd.ok()) {
      Add(Verdict::kStop, key, fd.status().message(),
          "use an address of this server (ip address), or 127.0.0.1", true);
    }
    if (v_.service_user && address.port > 0 && address.port < 1024) {
      Add(Verdict::kWarn, key, "a port below 1024 needs a privilege that the unit does not give",
          "choose a higher one");
    }
  }

  void ServerFiles() {
    ServerTls("intake", c_.intake.tls_cert_file, c_.intake.tls_key_file, c_.intake.client_ca_file);
    ServerTls("status", c_.status.tls_cert_file, c_.status.tls_key_file, "");
  }

  void ServerTls(const std::string& section, const std::string& cert, const std::string& key,
                 const std::string& client_ca) {
    if (cert.empty() || key.empty()) return;
    const auto cert_file = Readable(Verdict::kStop, section + ".tls_cert_file", cert);
    const auto key_file = Readable(Verdict::kStop, section + ".tls_key_file", key);
    const auto ca_file = Readable(Verdict::kStop, section + ".client_ca_file", client_ca);
    if (cert_file && key_file)
      KeyPair(Verdict::kStop, section + ".tls_cert_file", *cert_file, *key_file);
    if (ca_file) Authorities(Verdict::kStop, section + ".client_ca_file", *ca_file);
  }

  void KeyPair(Verdict verdict, const std::string& key, const std::string& cert_file,
               const std::string& key_file) {
    if (Status s = http::CheckKeyPair(cert_file, key_file); !s.ok()) {
      return Add(verdict, key, s.message(),
                 "the two files must hold a certificate and its own key, in PEM, without a "
                 "password");
    }
    const auto end = http::CertificateEnd(cert_file);
    if (end.ok() && *end < SystemClock().Wall()) {
      Add(Verdict::kWarn, key,
          fmt::format("{} has expired on {}", cert_file, event::UtcText(*end).substr(0, 10)),
          "replace the file; \"Rotate certificates\" in operations.md");
    }
  }

  void Authorities(Verdict verdict, const std::string& key, const std::string& file) {
    if (Status s = http::CheckAuthorities(file); !s.ok()) {
      Add(verdict, key, s.message(), "the file must hold the authority's certificate, in PEM");
    }
  }

  void Journal() {
    // A FIFO of that name would keep the reader waiting.
    const bool odd = CheckIsFile(c_.journal.path).code() == Code::kInvalid;
    if (c_.store_id.empty() || !v_.look_into_journal || odd) return;
    const auto identity = journal::ReadIdentity(c_.journal.path);
    if (!identity.ok()) {
      // A damaged one is saved by the daemon; one that is not there yet is made.
      if (identity.status().code() != Code::kUnavailable || !IsOutsider(v_)) return;
      return Add(Verdict::kUnchecked, "journal.path", c_.journal.path + " cannot be read by you",
                 kAsRoot);
    }
    if (identity->newer_schema) {
      Add(Verdict::kStop, "journal.path",
          fmt::format("the journal was written by a newer version (schema {})", identity->schema),
          "install the newer package again; nothing was changed");
    }
    if (!identity->store_id.empty() && identity->store_id != c_.store_id) {
      Add(Verdict::kStop, "store_id",
          fmt::format("the journal belongs to store {}, the configuration says {}",
                      identity->store_id, c_.store_id),
          "put store_id right, or run tillrelay setup --move-store if this server now serves "
          "another store");
    }
  }

  void Proxy() {
    if (c_.broker.proxy.empty()) return;
    if (auto proxy = mqtt::ParseProxyUrl(c_.broker.proxy); !proxy.ok()) {
      Add(Verdict::kUplinkOff, "broker.proxy", proxy.status().message(), "correct broker.proxy");
    }
    Secret(Verdict::kUplinkOff, "broker.proxy_password_file", c_.broker.proxy_password_file);
  }

  void Brokers() {
    if (c_.broker.url.empty()) return;
    Proxy();
    Broker("broker", c_.broker.others.empty() ? "broker.url" : "broker.urls", c_.broker);
    for (size_t i = 0; i < c_.broker.others.size(); ++i) {
      Broker(fmt::format("broker.{}", i + 2), "broker.urls", c_.broker.others[i]);
    }
  }

  void Broker(const std::string& section, const std::string& url_key,
              const config::Config::BrokerAddress& broker) {
    auto url = mqtt::ParseBrokerUrl(broker.url);
    if (!url.ok()) {
      Add(Verdict::kUplinkOff, url_key, url.status().message(),
          "tillrelay setup --broker-url mqtts://HOST:8883");
    }
    Secret(Verdict::kUplinkOff, section + ".password_file", broker.password_file);
    if (!url.ok()) return;
    if (!url->tls) {
      if ((broker.ca_file + broker.cert_file + broker.key_file).empty()) return;
      return Add(
          Verdict::kWarn, url_key,
          fmt::format("{} uses no certificate, and some are set",
                      url->websocket ? "ws://" : "mqtt://"),
          fmt::format("{} if the line is to be encrypted", url->websocket ? "wss://" : "mqtts://"));
    }
    const auto ca = Readable(Verdict::kUplinkOff, section + ".ca_file", broker.ca_file);
    const auto cert = Readable(Verdict::kUplinkOff, section + ".cert_file", broker.cert_file);
    const auto key = Readable(Verdict::kUplinkOff, section + ".key_file", broker.key_file);
    if (ca) Authorities(Verdict::kUplinkOff, section + ".ca_file", *ca);
    // The certificate's own file may hold the key.
    if (cert && broker.key_file.empty()) {
      KeyPair(Verdict::kUplinkOff, section + ".cert_file", *cert, *cert);
    } else if (cert && key) {
      KeyPair(Verdict::kUplinkOff, section + ".cert_file", *cert, *key);
    } else if (broker.cert_file.empty() && !broker.key_file.empty()) {
      Add(Verdict::kWarn, section + ".key_file", "a key without cert_file is not used",
          "set cert_file, the certificate that belongs to it");
    }
  }

  const config::Config& c_;
  const Viewpoint& v_;
  std::vector<Finding> findings_;
};

}  // namespace

std::string_view NameOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kUnchecked:
      return "unchecked";
    case Verdict::kWarn:
      return "warn";
    case Verdict::kFilesOff:
      return "files off";
    case Verdict::kUplinkOff:
      return "uplink off";
    case Verdict::kStop:
      return "stop";
  }
  return "stop";
}

Viewpoint DaemonAtStart() {
  Viewpoint viewpoint;
  viewpoint.file_of = [](std::string_view key, const std::string& value) {
    return service::CredentialPath(key, value, EnvironmentVariable);
  };
  viewpoint.look_into_journal = false;
  return viewpoint;
}

Viewpoint RunningDaemon() {
  Viewpoint viewpoint = DaemonAtStart();
  viewpoint.credentials_come_later = true;
  viewpoint.look_into_journal = true;
  return viewpoint;
}

Viewpoint CommandLine(const std::string& config_path, const config::Config& config) {
  Viewpoint viewpoint;
  const std::string folder = DirectoryOf(config_path) + "/credentials/";
  viewpoint.is_service = false;
  viewpoint.file_of = [folder](std::string_view, const std::string& value) -> Result<std::string> {
    if (!value.starts_with(service::kCredentialScheme)) return value;
    return folder + value.substr(service::kCredentialScheme.size());
  };
  viewpoint.service_user = FindServiceUser(DirectoryOf(config.journal.path));
  return viewpoint;
}

std::vector<Finding> Validate(const config::Config& config, const Viewpoint& viewpoint) {
  return Validator(config, viewpoint).Run();
}

bool Has(const std::vector<Finding>& findings, Verdict verdict) {
  return std::any_of(findings.begin(), findings.end(),
                     [verdict](const Finding& finding) { return finding.verdict == verdict; });
}

std::string TextOf(const std::vector<Finding>& findings, Verdict verdict) {
  std::string text;
  for (const Finding& finding : findings) {
    if (finding.verdict != verdict) continue;
    text += fmt::format("{}{}: {}", text.empty() ? "" : "\n", finding.key, finding.text);
  }
  return text;
}

}  // namespace tillrelay::validation
