#include "agent/daemon/admin_access.h"

#include <cstdlib>

#include "agent/access/access_routes.h"
#include "agent/journal/paths.h"
#include "agent/web/login_page.h"
#include "common/base/process.h"
#include "common/http/address.h"
#include "common/http/own_certificate.h"
#include "common/service/credentials.h"

namespace tillrelay {
namespace {

// Where a browser finds the page.
std::string PageUrl(const AdminAccess::Rooms& rooms) {
  const auto& status = rooms.config.status;
  const auto address = http::ParseAddress(status.listen);
  const std::string port = address.ok() ? std::to_string(address->port) : "";
  std::string name = address.ok() ? address->host : status.listen;
  if (!status.allowed_hosts.empty()) {
    name = status.allowed_hosts.front();
  } else if (address.ok() && !http::IsLocal(*address)) {
    name = rooms.host;
  }
  if (name.find(':') != std::string::npos) name = "[" + name + "]";
  return (rooms.fingerprint.empty() ? "http://" : "https://") + name + ":" + port;
}

}  // namespace

Result<http::TlsFiles> AdminTls(const config::Config& config, const Clock& clock,
                                const std::string& host) {
  const auto& status = config.status;
  const auto address = http::ParseAddress(status.listen);
  if (!address.ok()) return address.status();
  if (!config::NeedsTls(status, http::IsLocal(*address))) return http::TlsFiles{};
  http::TlsFiles files{journal::AdminCertPath(config.journal.path),
                       journal::AdminKeyPath(config.journal.path), ""};
  if (status.tls_cert_file.empty()) {
    std::vector<std::string> names = {host, "localhost", "127.0.0.1", "::1", address->host};
    names.insert(names.end(), status.allowed_hosts.begin(), status.allowed_hosts.end());
    TRY(http::EnsureOwnCertificate(files, names, clock));
    return files;
  }
  const struct {
    const char* key;
    const std::string& value;
    std::string* out;
  } own[] = {{"status.tls_cert_file", status.tls_cert_file, &files.cert_file},
             {"status.tls_key_file", status.tls_key_file, &files.key_file}};
  for (const auto& file : own) {
    auto path = service::CredentialPath(file.key, file.value, EnvironmentVariable);
    if (!path.ok()) return std::move(path).status();
    *file.out = *std::move(path);
  }
  return files;
}

Result<std::unique_ptr<AdminAccess>> AdminAccess::Open(Rooms rooms) {
  auto users = access::UserStore::Open(journal::AccessPath(rooms.config.journal.path), &rooms.clock,
                                       &rooms.random);
  if (!users.ok()) return std::move(users).status();
  return std::unique_ptr<AdminAccess>(new AdminAccess(std::move(rooms), *std::move(users)));
}

AdminAccess::AdminAccess(Rooms rooms, std::unique_ptr<access::UserStore> users)
    : r_(std::move(rooms)),
      users_(std::move(users)),
      sessions_(&r_.clock, &r_.random),
      auth_({r_.config.status.open_read, !r_.fingerprint.empty()}, users_.get(), &sessions_),
      login_routes_({*users_, sessions_, auth_, r_.clock},
                    {r_.run, Auditor(), web::LoginPage, r_.config.status.language}, &r_.random) {}

access::Audit AdminAccess::Auditor() const {
  return [journal = r_.journal](access::AuditNote note) {
    if (journal == nullptr) return;
    journal->Audit({std::move(note.actor),
                    std::move(note.action),
                    std::move(note.subject),
                    "",
                    std::move(note.outcome),
                    {},
                    0});
  };
}

void AdminAccess::AddAuth(http::Router* page) {
  page->SetAuthorizer([this](http::Request& request) { return auth_.Admit(request); });
  page->SetBodyGate([this](http::Request& request) { return auth_.Complete(request); });
  login_routes_.AddRoutes(page);
}

void AdminAccess::AddRoutes(http::Router* control) {
  access::AccessServices services;
  services.users = users_.get();
  services.sessions = &sessions_;
  services.random = &r_.random;
  services.run = r_.run;
  services.audit = Auditor();
  services.page_url = PageUrl(r_);
  services.fingerprint = r_.fingerprint;
  access::AddAccessRoutes(control, services);
}

}  // namespace tillrelay
