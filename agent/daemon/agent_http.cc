// The agent's listeners: who may come in where, and what is answered there.
#include "agent/daemon/agent.h"

#include <cstdlib>

#include "agent/api/admin_routes.h"
#include "agent/api/status_routes.h"
#include "agent/capture/token_routes.h"
#include "agent/daemon/intake_socket.h"
#include "agent/journal/paths.h"
#include "agent/web/page_routes.h"
#include "agent/web/problem_view.h"
#include "common/http/address.h"
#include "common/http/own_certificate.h"
#include "common/service/credentials.h"

namespace tillrelay {

// Who may send.
Status Agent::OpenTokens() {
  auto intake = http::ParseAddress(config_.intake.listen);
  if (!intake.ok()) return std::move(intake).status().Within("intake.listen");
  const bool is_local = http::IsLocal(*intake);
  TRY(config::CheckListeners(config_, is_local));
  auto tokens =
      capture::TokenStore::Open(journal::TokensPath(config_.journal.path), &clock_, &random_);
  if (!tokens.ok()) return std::move(tokens).status();
  tokens_ = *std::move(tokens);
  const capture::IntakeAuthOptions options{
      config::NeedsToken(config_.intake, is_local),
      capture::RateLimit::PerSecond(config_.intake.rate_per_s, config_.intake.burst)};
  intake_auth_ = std::make_unique<capture::IntakeAuth>(options, tokens_.get(), &clock_);
  return Status::Ok();
}

Status Agent::ReadIntakeTls() {
  const struct {
    const char* key;
    const std::string& value;
    std::string* out;
  } files[] = {
      {"intake.tls_cert_file", config_.intake.tls_cert_file, &intake_tls_.cert_file},
      {"intake.tls_key_file", config_.intake.tls_key_file, &intake_tls_.key_file},
      {"intake.client_ca_file", config_.intake.client_ca_file, &intake_tls_.client_ca_file}};
  for (const auto& file : files) {
    auto path = service::CredentialPath(file.key, file.value, std::getenv);
    if (!path.ok()) return std::move(path).status();
    *file.out = *std::move(path);
  }
  return Status::Ok();
}

// Who may look at the admin port, and act there.
Status Agent::ReadAdminTls() {
  auto tls = AdminTls(config_, clock_, host_);
  if (!tls.ok()) return std::move(tls).status().Within("status.listen");
  admin_tls_ = *std::move(tls);
  if (admin_tls_.empty()) return Status::Ok();
  auto read = http::CertificateFingerprint(admin_tls_.cert_file);
  if (!read.ok()) return Invalid("status.tls_cert_file: " + read.status().message());
  fingerprint_ = *std::move(read);
  if (config_.status.tls_cert_file.empty()) {
    certificates_.Add(std::string(monitor::kOwnCertificate), admin_tls_.cert_file);
  }
  return Status::Ok();
}

Status Agent::OpenAdminAuth() {
  const auto run = [this](std::function<void()> work) { return RunOffLoop(std::move(work)); };
  auto access =
      AdminAccess::Open({config_, clock_, random_, journal_.get(), run, host_, fingerprint_});
  if (!access.ok()) return std::move(access).status();
  admin_access_ = *std::move(access);
  return Status::Ok();
}

// What waits for the disk goes to the thread `query`. Without a store there is none, and nobody
// whom the loop would keep waiting.
bool Agent::RunOffLoop(std::function<void()> work) {
  if (query_ != nullptr) return query_->Ask([work = std::move(work)](auto&&) { work(); });
  work();
  return true;
}

http::ListenerOptions Agent::IntakeListener() const {
  http::ListenerOptions intake;
  intake.name = "intake";
  intake.address = config_.intake.listen;
  intake.allowed_hosts = config_.intake.allowed_hosts;
  intake.allowed_origins = config_.intake.allowed_origins;
  intake.max_body_bytes = static_cast<size_t>(config_.limits.body_bytes);
  intake.max_header_bytes = static_cast<size_t>(config_.limits.header_bytes);
  intake.tls = intake_tls_;
  return intake;
}

http::ListenerOptions Agent::PageListener() const {
  http::ListenerOptions page = IntakeListener();
  page.name = "status";
  page.address = config_.status.listen;
  page.allowed_hosts = config_.status.allowed_hosts;
  page.allowed_origins.clear();
  page.tls = admin_tls_;
  return page;
}

Status Agent::StartHttp() {
  TRY(ReadIntakeTls());
  TRY(OpenTokens());
  TRY(OpenAdminAuth());
  if (intake_options_) {
    http_intake_ =
        std::make_unique<capture::Intake>(&*intake_options_, journal_.get(), &counters_, &clock_);
  }
  http_intake_routes_ =
      std::make_unique<capture::HttpIntake>(http_intake_.get(), intake_auth_.get(), &counters_);
  if (!config_.intake.allowed_origins.empty()) http_intake_routes_->TakePages();
  auto intake_router = std::make_shared<http::Router>();
  http_intake_routes_->AddRoutes(intake_router.get());
  web::StatusSources queries;
  queries.snapshot = [this] { return TakeSnapshot(); };
  queries.faces = {[this](WallTime t) { return LocalTime(t); },
                   [this](WallTime t) { return LocalStamp(t); }};
  queries.admin = admin_service_;
  queries.language = config_.status.language;
  // The page's port asks who somebody is; on the control socket the file's mode has decided.
  auto status_router = std::make_shared<http::Router>();
  auto control_router = std::make_shared<http::Router>();
  queries.viewer = [](const http::Request& request) {
    return access::Principal{true, request.remote, "", true};
  };
  api::AddStatusRoutes(*control_router, queries.snapshot, queries.faces.time);
  web::AddPageRoutes(*control_router, queries);
  queries.viewer = [this](const http::Request& r) { return admin_access_->PrincipalOf(r); };
  api::AddStatusRoutes(*status_router, queries.snapshot, queries.faces.time);
  web::AddPageRoutes(*status_router, queries);
  admin_access_->AddAuth(status_router.get());
  admin_access_->AddRoutes(control_router.get());
  capture::AddTokenRoutes(control_router.get(), tokens_.get(), [this](std::function<void()> work) {
    return RunOffLoop(std::move(work));
  });
  for (http::Router* router : {control_router.get(), status_router.get()}) {
    router->RefuseUnknownParameters();
    router->SetProblemPage(web::ProblemPages(config_.status.language));
    config_reloader_.AddRoute(router);
    if (admin_service_ == nullptr) continue;
    api::AddReadingRoutes(*router, admin_service_);
    api::AddChangingRoutes(*router, admin_service_);
  }

  http::ServerOptions options;
  options.memory = memory_;
  options.heartbeat = Beat("http", kThreadBudget);
  server_ = std::make_unique<http::Server>(clock_, options);
  if (!intake_socket_.valid()) {
    auto opened = OpenIntakeSocket(config_.intake.listen, notifier_);
    if (!opened.ok()) return std::move(opened).status();
    intake_socket_ = *std::move(opened);
  }
  http::ListenerOptions intake = IntakeListener();
  intake.router = intake_router;
  intake.inherited_fd = intake_socket_.Release();
  intake_listener_ = server_->AddListener(intake);
  http::ListenerOptions page = PageListener();
  page.router = status_router;
  server_->AddListener(page);
  if (!config_.control.socket.empty()) {
    http::ListenerOptions control = page;
    control.name = "control";
    control.router = control_router;
    control.address = "unix:" + config_.control.socket;
    control.tls = {};
    control.optional = true;  // a run by hand has no /run/tillrelay
    server_->AddListener(control);
  }
  return server_->Start();
}

}  // namespace tillrelay
