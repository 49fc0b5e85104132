// tillrelayd: wiring only. The one file of the agent that knows all rooms.
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <future>
#include <memory>

#include "agent/admin_desk.h"
#include "agent/capture/drop_watch.h"
#include "agent/capture/http_door.h"
#include "agent/capture/token_routes.h"
#include "agent/config/config.h"
#include "agent/guard/card_guard.h"
#include "agent/journal/journal.h"
#include "agent/journal/paths.h"
#include "agent/reload_desk.h"
#include "agent/status/admin_routes.h"
#include "agent/status/routes.h"
#include "agent/status/status_json.h"
#include "agent/uplink/pump.h"
#include "common/http/address.h"
#include "common/http/server.h"
#include "common/mqtt/paho_link.h"
#include "common/service/credentials.h"
#include "common/service/exit_codes.h"
#include "common/service/heartbeat.h"
#include "common/service/notify.h"
#include "common/service/signals.h"
#include "common/wire/ulid.h"

namespace tillrelay {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kMainTick{5};
constexpr seconds kFlush{3};  // for what is still unconfirmed at a stop
constexpr milliseconds kHttpPatience{2000};
constexpr seconds kThreadBudget{30};   // a thread that does not move for this long is stuck
constexpr seconds kUplinkBudget{120};  // it may sit in a name lookup

const char* Environment(const char* name) { return std::getenv(name); }

struct Failure {
  int exit_code;
  Status status;
};

// The listening socket that the service manager holds for the intake, or -1.
int IntakeSocket(std::vector<service::InheritedSocket> sockets) {
  int intake = -1;
  for (const auto& socket : sockets) {
    if (socket.name == "intake" && intake < 0) {
      intake = socket.fd;
    } else {
      log::Warning("main", "the inherited socket \"{}\" is not used; only \"intake\" is",
                   socket.name);
      close(socket.fd);
    }
  }
  return intake;
}

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

formats::CsvProfile ProfileOf(const config::Config::Csv& csv, const std::string& store_id) {
  formats::CsvProfile profile;
  profile.name = csv.name;
  profile.files = csv.files;
  profile.delimiter = csv.delimiter.front();
  profile.decimal_mark = csv.decimal_mark.front();
  profile.encoding = formats::EncodingNamed(csv.encoding).value_or(formats::Encoding::kUtf8);
  profile.non_stock = csv.non_stock;
  profile.header = csv.header;
  profile.time_format = csv.time_format;
  profile.day_format = csv.day_format;
  profile.store_id = store_id;
  profile.register_id = csv.register_id;
  profile.uom = csv.uom;
  profile.currency = csv.currency;
  profile.columns = csv.columns;
  return profile;
}

class Agent {
 public:
  struct Process {
    std::string config_path;
    service::Signals* signals;
    int intake_socket;  // held by the service manager; -1: none
  };
  Agent(config::Config config, const Process& process)
      : config_(std::move(config)),
        signals_(*process.signals),
        reload_desk_(&config_, process.config_path, process.signals),
        notifier_(service::Notifier::FromEnvironment(Environment)),
        intake_socket_(process.intake_socket),
        host_(HostName()),
        session_(wire::NewUlid(clock_.Wall(), &random_)),
        started_at_(clock_.Wall()) {}

  std::optional<Failure> Start();
  // Until a signal says stop.
  void Run();
  void Stop();

 private:
  std::optional<Failure> StartStore();
  Status StartUplink();
  Status StartDropFolder();
  void StartDesk();
  Status StartHttp();
  Status OpenTokens();
  bool RunOffLoop(std::function<void()> work);
  http::ListenerOptions IntakeListener() const;
  http::ListenerOptions PageListener() const;
  Result<mqtt::LinkOptions> LinkOptionsOf() const;
  std::function<void()> Beat(const char* name, seconds budget);
  status::Snapshot Look() const;
  std::string LocalTime(WallTime time) const;
  void Reload();
  void Tell();
  void DrainJournal();

  const config::Config config_;
  service::Signals& signals_;
  ReloadDesk reload_desk_;
  const service::Notifier notifier_;
  const int intake_socket_;  // -1: none was inherited
  SystemClock clock_;
  SystemRandom random_;
  const std::string host_, session_;
  const WallTime started_at_;
  service::Heartbeat heartbeat_;
  capture::Counters counters_;
  std::string password_;

  std::optional<capture::IntakeOptions> intake_options_;
  books::Books books_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<uplink::Pump> pump_;
  std::unique_ptr<capture::Intake> http_intake_, file_intake_, desk_intake_;
  std::unique_ptr<journal::QueryThread> query_;
  std::shared_ptr<AdminDesk> desk_;
  std::unique_ptr<capture::TokenBook> tokens_;
  std::unique_ptr<capture::DoorGuard> door_guard_;
  std::unique_ptr<capture::HttpDoor> http_door_;
  std::unique_ptr<capture::DropWatch> drop_watch_;
  std::unique_ptr<http::Server> server_;
  size_t intake_listener_ = 0;
  std::string told_;
};

std::function<void()> Agent::Beat(const char* name, seconds budget) {
  auto* pulse = &heartbeat_.Add(name, budget, clock_.Now());
  return [this, pulse] { pulse->Beat(clock_.Now()); };
}

std::optional<Failure> Agent::Start() {
  if (!config_.store_id.empty()) {
    if (auto failure = StartStore()) return failure;
  } else {
    log::Warning("main", "no store_id is configured: nothing is accepted until there is one");
  }
  if (Status s = StartHttp(); !s.ok()) {
    const bool wrong = s.code() == Code::kInvalid;
    return Failure{wrong ? service::kExitConfiguration : service::kExitFault, std::move(s)};
  }
  return std::nullopt;
}

std::optional<Failure> Agent::StartStore() {
  auto zone = event::StoreZone::Load(config_.time_zone);
  if (!zone.ok()) return Failure{service::kExitConfiguration, std::move(zone).status()};
  intake_options_.emplace(capture::IntakeOptions{
      {config_.store_id, config_.store_aliases, *std::move(zone), config_.items.non_stock},
      {},
      {}});
  auto& limits = intake_options_->limits;
  limits.depth = static_cast<int>(config_.limits.depth);
  limits.string_bytes = static_cast<size_t>(config_.limits.string_bytes);
  limits.event_bytes = static_cast<size_t>(config_.limits.event_bytes);
  limits.events = static_cast<size_t>(config_.limits.file_events);
  auto operator_key =
      service::ReadSecret("guard.operator_key_file", config_.guard.operator_key_file, Environment);
  if (!operator_key.ok()) return Failure{service::kExitConfiguration, operator_key.status()};
  auto guard = guard::MakeGuardOptions(config_.guard.receipt_pattern, *std::move(operator_key));
  if (!guard.ok()) return Failure{service::kExitConfiguration, std::move(guard).status()};
  intake_options_->guard = *std::move(guard);
  for (const auto& csv : config_.drop_folder.csv) {
    intake_options_->csv.push_back(ProfileOf(csv, config_.store_id));
  }

  journal::JournalOptions options;
  options.store.path = config_.journal.path;
  options.store.store_id = config_.store_id;
  options.store.books = &books_;
  options.store.quarantine_max_count = static_cast<uint64_t>(config_.limits.quarantine_documents);
  options.store.quarantine_max_bytes = static_cast<uint64_t>(config_.limits.quarantine_bytes);
  options.retention = std::chrono::hours(24 * config_.journal.retention_days);
  options.max_bytes = static_cast<uint64_t>(config_.journal.max_bytes);
  options.min_free_bytes = static_cast<uint64_t>(config_.journal.min_free_bytes);
  options.queue_events = static_cast<size_t>(config_.limits.queue_events);
  options.queue_bytes = static_cast<size_t>(config_.limits.queue_bytes);
  options.beat = Beat("journal", kThreadBudget);
  options.on_growth = [this](const journal::StreamRow& stream) {
    if (pump_ != nullptr) pump_->JournalGrew(stream);
  };
  auto journal = journal::Journal::Open(std::move(options), &clock_, &random_);
  if (!journal.ok()) {
    // Another store's journal, or a newer one: only a person can put that right.
    const bool person = journal.status().code() == Code::kConflict;
    return Failure{person ? service::kExitConfiguration : service::kExitFault,
                   std::move(journal).status()};
  }
  journal_ = *std::move(journal);
  if (Status s = StartUplink(); !s.ok()) {
    const bool wrong = s.code() == Code::kInvalid;
    return Failure{wrong ? service::kExitConfiguration : service::kExitFault, std::move(s)};
  }
  if (Status s = StartDropFolder(); !s.ok()) return Failure{service::kExitFault, std::move(s)};
  return std::nullopt;
}

Result<mqtt::LinkOptions> Agent::LinkOptionsOf() const {
  mqtt::LinkOptions link;
  link.url = config_.broker.url;
  link.client_id = "tillrelay-" + config_.store_id;
  link.username = config_.broker.username;
  link.password = password_;
  const struct {
    const char* key;
    const std::string& value;
    std::string* out;
  } files[] = {{"broker.ca_file", config_.broker.ca_file, &link.ca_file},
               {"broker.cert_file", config_.broker.cert_file, &link.cert_file},
               {"broker.key_file", config_.broker.key_file, &link.key_file}};
  for (const auto& file : files) {
    auto path = service::CredentialPath(file.key, file.value, Environment);
    if (!path.ok()) return std::move(path).status();
    *file.out = *std::move(path);
  }
  link.will_topic = wire::TopicsOf(config_.delivery.topic_prefix, config_.store_id).status;
  link.will_payload = wire::WriteWill(session_);
  link.content_type = "application/cloudevents+json; charset=utf-8";
  return link;
}

Status Agent::StartUplink() {
  auto password =
      service::ReadSecret("broker.password_file", config_.broker.password_file, Environment);
  if (!password.ok()) return std::move(password).status();
  password_ = *std::move(password);
  uplink::PumpOptions options;
  options.sender.has_broker = !config_.broker.url.empty();
  options.sender.session = session_;
  options.sender.retry_min = milliseconds(config_.broker.retry_min_ms);
  options.sender.retry_max = milliseconds(config_.broker.retry_max_ms);
  options.store_id = config_.store_id;
  options.journal_path = config_.journal.path;
  options.broker = config_.broker.url;
  options.topics = wire::TopicsOf(config_.delivery.topic_prefix, config_.store_id);
  if (options.sender.has_broker) {
    auto link = LinkOptionsOf();
    if (!link.ok()) return std::move(link).status();
    options.make_link = [link = *std::move(link)](mqtt::Deliver deliver) {
      return mqtt::MakePahoLink(link, std::move(deliver));
    };
  }
  options.status_json = [this] {
    return status::StatusJson(Look(), [this](WallTime t) { return LocalTime(t); });
  };
  options.beat = Beat("uplink", kUplinkBudget);
  pump_ = std::make_unique<uplink::Pump>(std::move(options), journal_.get(), &clock_, &random_);
  StartDesk();  // before the first status is told: it is part of it
  return pump_->Start();
}

void Agent::StartDesk() {
  desk_intake_ =
      std::make_unique<capture::Intake>(&*intake_options_, journal_.get(), &counters_, &clock_);
  query_ =
      std::make_unique<journal::QueryThread>(config_.journal.path, Beat("query", kThreadBudget));
  query_->Start();
  const auto& registers = config_.registers;
  desk_ = std::make_shared<AdminDesk>(
      AdminDesk::Rooms{*query_, *desk_intake_, *journal_, *pump_, books_,
                       intake_options_->shop.zone, clock_},
      books::SilenceRule{registers.expected, registers.opening_hours,
                         std::chrono::minutes(registers.silent_after_min)});
  desk_->LoadRegisters();
}

Status Agent::StartDropFolder() {
  if (config_.drop_folder.path.empty()) return Status::Ok();
  file_intake_ =
      std::make_unique<capture::Intake>(&*intake_options_, journal_.get(), &counters_, &clock_);
  capture::DropFolderOptions options;
  options.path = config_.drop_folder.path;
  options.file_bytes = static_cast<size_t>(config_.limits.file_bytes);
  options.settle = seconds(config_.drop_folder.settle_s);
  options.archive_keep = std::chrono::hours(24 * config_.drop_folder.archive_days);
  auto folder = capture::DropFolder::Open(options, file_intake_.get(), &counters_, &clock_);
  if (!folder.ok()) return std::move(folder).status();
  drop_watch_ = std::make_unique<capture::DropWatch>(
      *std::move(folder), seconds(config_.drop_folder.rescan_s), options.settle,
      Beat("capture", kThreadBudget));
  return drop_watch_->Start();
}

// Who may send.
Status Agent::OpenTokens() {
  auto intake = intake_socket_ >= 0 ? Result<http::Address>(http::LocalAddress(intake_socket_))
                                    : http::ParseAddress(config_.intake.listen);
  auto page = http::ParseAddress(config_.status.listen);
  if (!intake.ok()) return std::move(intake).status().Within("intake.listen");
  if (!page.ok()) return std::move(page).status().Within("status.listen");
  const bool is_local = http::IsLocal(*intake);
  TRY(config::CheckDoors(config_, is_local, http::IsLocal(*page)));
  auto tokens =
      capture::TokenBook::Open(journal::TokensPath(config_.journal.path), &clock_, &random_);
  if (!tokens.ok()) return std::move(tokens).status();
  tokens_ = *std::move(tokens);
  const capture::DoorGuardOptions options{
      config::NeedsToken(config_.intake, is_local),
      capture::RateLimit::PerSecond(config_.intake.rate_per_s, config_.intake.burst)};
  door_guard_ = std::make_unique<capture::DoorGuard>(options, tokens_.get(), &clock_);
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
  intake.inherited_fd = intake_socket_;
  intake.allowed_hosts = config_.intake.allowed_hosts;
  intake.max_body_bytes = static_cast<size_t>(config_.limits.body_bytes);
  intake.max_header_bytes = static_cast<size_t>(config_.limits.header_bytes);
  intake.tls = {config_.intake.tls_cert_file, config_.intake.tls_key_file,
                config_.intake.client_ca_file};
  return intake;
}

http::ListenerOptions Agent::PageListener() const {
  http::ListenerOptions page = IntakeListener();
  page.name = "status";
  page.address = config_.status.listen;
  page.inherited_fd = -1;
  page.allowed_hosts = config_.status.allowed_hosts;
  page.tls = {config_.status.tls_cert_file, config_.status.tls_key_file, ""};
  return page;
}

Status Agent::StartHttp() {
  TRY(OpenTokens());
  if (intake_options_) {
    http_intake_ =
        std::make_unique<capture::Intake>(&*intake_options_, journal_.get(), &counters_, &clock_);
  }
  http_door_ =
      std::make_unique<capture::HttpDoor>(http_intake_.get(), door_guard_.get(), &counters_);
  auto intake_router = std::make_shared<http::Router>();
  http_door_->AddRoutes(intake_router.get());
  status::Queries queries;
  queries.snapshot = [this] { return Look(); };
  queries.time_text = [this](WallTime t) { return LocalTime(t); };
  // Reading is open to the page's listener; what changes something is on the control socket only,
  // where the file's mode decides who may.
  auto status_router = std::make_shared<http::Router>();
  auto control_router = std::make_shared<http::Router>();
  status::AddRoutes(*status_router, queries);
  status::AddRoutes(*control_router, queries);
  capture::AddTokenRoutes(control_router.get(), tokens_.get(), [this](std::function<void()> work) {
    return RunOffLoop(std::move(work));
  });
  reload_desk_.AddRoute(control_router.get());
  if (desk_ != nullptr) {
    status::AddReadingRoutes(*control_router, desk_);
    status::AddChangingRoutes(*control_router, desk_);
  }

  http::ServerOptions options;
  options.heartbeat = Beat("http", kThreadBudget);
  server_ = std::make_unique<http::Server>(clock_, options);
  http::ListenerOptions intake = IntakeListener();
  intake.router = intake_router;
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

status::Snapshot Agent::Look() const {
  status::Snapshot snapshot;
  if (journal_ != nullptr) snapshot.journal = journal_->Stats();
  if (pump_ != nullptr) snapshot.uplink = pump_->Stats();
  snapshot.capture = counters_.Copy();
  if (desk_ != nullptr) snapshot.registers = desk_->Registers();
  snapshot.version = TILLRELAY_VERSION;
  snapshot.host = host_;
  snapshot.session = session_;
  snapshot.now = clock_.Wall();
  snapshot.started_at = started_at_;
  snapshot.configured = journal_ != nullptr;
  snapshot.confirm_mode = config_.delivery.confirm;
  snapshot.intake_address = config_.intake.listen;
  return snapshot;
}

std::string Agent::LocalTime(WallTime time) const {
  if (!intake_options_) return status::UtcTimeText(time);
  event::ParsedTime parsed;
  parsed.local_s = std::chrono::floor<seconds>(time.time_since_epoch()).count();
  parsed.offset_s = 0;
  return intake_options_->shop.zone.Resolve(parsed).wall.substr(11, 5);
}

void Agent::Run() {
  notifier_.Ready().ok();
  for (;;) {
    Tell();
    switch (signals_.Wait(kMainTick)) {
      case service::Signal::kStop:
        return;
      case service::Signal::kReload:
        Reload();
        break;
      case service::Signal::kWoken:
        if (reload_desk_.asked()) Reload();
        break;
      default:
        break;
    }
  }
}

// The sentence to the service manager; the watchdog only while every thread moves.
void Agent::Tell() {
  const auto verdict = status::Diagnose(Look(), [this](WallTime t) { return LocalTime(t); });
  if (verdict.sentence != told_) notifier_.StatusText(verdict.sentence).ok();
  told_ = verdict.sentence;
  const auto stalled = heartbeat_.Stalled(clock_.Now());
  if (stalled.empty()) {
    notifier_.Watchdog().ok();
  } else {
    log::Error("main", "thread {} does not move", fmt::join(stalled, ", "));
  }
}

void Agent::Reload() {
  notifier_.Reloading(clock_.Now()).ok();
  reload_desk_.Reload();
  notifier_.Ready(told_).ok();
}

void Agent::DrainJournal() {
  auto drained = std::make_shared<std::promise<void>>();
  auto done = drained->get_future();
  journal::AppendRequest request;
  request.done = [drained](auto) { drained->set_value(); };
  if (journal_->Submit(std::move(request)).ok()) done.wait_for(kThreadBudget);
}

// In the order of the data path: doors, journal, uplink, and the answers last.
void Agent::Stop() {
  notifier_.Stopping().ok();
  if (server_ != nullptr) server_->CloseListener(intake_listener_);
  if (drop_watch_ != nullptr) drop_watch_->Stop();
  if (query_ != nullptr) query_->Stop();
  if (journal_ != nullptr) DrainJournal();
  if (pump_ != nullptr) pump_->Stop(kFlush);
  if (journal_ != nullptr) journal_->Stop();
  if (server_ != nullptr) server_->Stop(kHttpPatience);
}

int Usage() {
  std::fputs("usage: tillrelayd --config FILE [--check]\n", stderr);
  return service::kExitUsage;
}

int Main(int argc, char** argv) {
  std::string config_path = "/etc/tillrelay/tillrelay.toml";
  bool check = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--version") {
      fmt::print("tillrelayd {}\n", TILLRELAY_VERSION);
      return service::kExitOk;
    }
    if (argument == "--config" && i + 1 < argc) {
      config_path = argv[++i];
    } else if (argument == "--check") {
      check = true;
    } else {
      return Usage();
    }
  }
  log::Setup(log::Level::kInfo, guard::ScrubLine);
  auto config = config::Load(config_path);
  if (!config.ok()) {
    fmt::print(stderr, "{}\n", config.status().message());
    return service::kExitConfiguration;
  }
  if (check) return service::kExitOk;
  log::Setup(LogLevelOf(config->log_level), guard::ScrubLine);
  umask(0077);
  prctl(PR_SET_DUMPABLE, 0);  // no core with a password in it
  auto signals = service::Signals::Block();
  if (!signals.ok()) {
    log::Error("main", "{}", signals.status().message());
    return service::kExitFault;
  }
  const int intake_socket = IntakeSocket(service::InheritedSockets(Environment, getpid()));
  service::ForgetInheritedSockets();
  Agent agent(*std::move(config), {config_path, &*signals, intake_socket});
  if (auto failure = agent.Start()) {
    log::Error("main", "cannot start: {}", failure->status.message());
    agent.Stop();
    return failure->exit_code;
  }
  log::Info("main", "tillrelayd {} is ready", TILLRELAY_VERSION);
  agent.Run();
  log::Info("main", "stopping");
  agent.Stop();
  return service::kExitOk;
}

}  // namespace
}  // namespace tillrelay

int main(int argc, char** argv) { return tillrelay::Main(argc, argv); }
