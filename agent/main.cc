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
#include "agent/config/config.h"
#include "agent/guard/card_guard.h"
#include "agent/journal/journal.h"
#include "agent/status/admin_routes.h"
#include "agent/status/routes.h"
#include "agent/status/status_json.h"
#include "agent/uplink/pump.h"
#include "common/http/server.h"
#include "common/mqtt/paho_link.h"
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
constexpr size_t kMaxSecretBytes = 4096;

const char* Environment(const char* name) { return std::getenv(name); }

struct Failure {
  int exit_code;
  Status status;
};

// Loopback and unix sockets need no tokens; other addresses are refused without them.
bool IsLocal(const std::string& address) {
  return address.starts_with("127.") || address.starts_with("localhost:") ||
         address.starts_with("[::1]:") || address.starts_with("unix:");
}

// The text of a secret's file without its last line end; empty where no file is configured.
Result<std::string> ReadSecret(const char* key, const std::string& path) {
  if (path.empty()) return std::string();
  auto secret = ReadFile(path, kMaxSecretBytes);
  if (!secret.ok()) return Invalid(fmt::format("{}: {}", key, secret.status().message()));
  while (secret->ends_with('\n') || secret->ends_with('\r')) secret->pop_back();
  if (secret->empty()) return Invalid(fmt::format("{}: {} is empty", key, path));
  return secret;
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
  profile.latin1 = csv.encoding == "latin-1";
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
  Agent(config::Config config, service::Notifier notifier)
      : config_(std::move(config)),
        notifier_(std::move(notifier)),
        host_(HostName()),
        session_(wire::NewUlid(clock_.Wall(), &random_)),
        started_at_(clock_.Wall()) {}

  std::optional<Failure> Start();
  // Until a signal says stop.
  void Run(service::Signals* signals, const std::string& config_path);
  void Stop();

 private:
  std::optional<Failure> StartStore();
  Status StartUplink();
  Status StartDropFolder();
  void StartDesk();
  Status StartHttp();
  mqtt::LinkOptions LinkOptionsOf() const;
  std::function<void()> Beat(const char* name, seconds budget);
  status::Snapshot Look() const;
  std::string LocalTime(WallTime time) const;
  void Reload(const std::string& path);
  void Tell();
  void DrainJournal();

  const config::Config config_;
  const service::Notifier notifier_;
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
  intake_options_.emplace(
      capture::IntakeOptions{{config_.store_id, config_.store_aliases, *std::move(zone)}, {}, {}});
  auto& limits = intake_options_->limits;
  limits.depth = static_cast<int>(config_.limits.depth);
  limits.string_bytes = static_cast<size_t>(config_.limits.string_bytes);
  limits.event_bytes = static_cast<size_t>(config_.limits.event_bytes);
  limits.events = static_cast<size_t>(config_.limits.file_events);
  auto operator_key = ReadSecret("guard.operator_key_file", config_.guard.operator_key_file);
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

mqtt::LinkOptions Agent::LinkOptionsOf() const {
  mqtt::LinkOptions link;
  link.url = config_.broker.url;
  link.client_id = "tillrelay-" + config_.store_id;
  link.username = config_.broker.username;
  link.password = password_;
  link.ca_file = config_.broker.ca_file;
  link.cert_file = config_.broker.cert_file;
  link.key_file = config_.broker.key_file;
  link.will_topic = wire::TopicsOf(config_.delivery.topic_prefix, config_.store_id).status;
  link.will_payload = wire::WriteWill(session_);
  link.content_type = "application/cloudevents+json; charset=utf-8";
  return link;
}

Status Agent::StartUplink() {
  auto password = ReadSecret("broker.password_file", config_.broker.password_file);
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
    options.make_link = [this](mqtt::Deliver deliver) {
      return mqtt::MakePahoLink(LinkOptionsOf(), std::move(deliver));
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
  auto folder = capture::DropFolder::Open(options, file_intake_.get(), &counters_, &clock_);
  if (!folder.ok()) return std::move(folder).status();
  drop_watch_ = std::make_unique<capture::DropWatch>(
      *std::move(folder), seconds(config_.drop_folder.rescan_s), options.settle,
      Beat("capture", kThreadBudget));
  return drop_watch_->Start();
}

Status Agent::StartHttp() {
  for (const std::string& address : {config_.intake.listen, config_.status.listen}) {
    if (!IsLocal(address)) {
      return Invalid(address +
                     ": only loopback addresses can be listened on without TLS and "
                     "tokens; use 127.0.0.1");
    }
  }
  if (intake_options_) {
    http_intake_ =
        std::make_unique<capture::Intake>(&*intake_options_, journal_.get(), &counters_, &clock_);
  }
  http_door_ = std::make_unique<capture::HttpDoor>(http_intake_.get(), &counters_);
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
  if (desk_ != nullptr) {
    status::AddReadingRoutes(*control_router, desk_);
    status::AddChangingRoutes(*control_router, desk_);
  }

  http::ServerOptions options;
  options.heartbeat = Beat("http", kThreadBudget);
  server_ = std::make_unique<http::Server>(clock_, options);
  http::ListenerOptions intake;
  intake.name = "intake";
  intake.address = config_.intake.listen;
  intake.router = intake_router;
  intake.allowed_hosts = config_.intake.allowed_hosts;
  intake.max_body_bytes = static_cast<size_t>(config_.limits.body_bytes);
  intake.max_header_bytes = static_cast<size_t>(config_.limits.header_bytes);
  intake_listener_ = server_->AddListener(intake);
  http::ListenerOptions page = intake;
  page.name = "status";
  page.address = config_.status.listen;
  page.router = status_router;
  page.allowed_hosts = config_.status.allowed_hosts;
  server_->AddListener(page);
  if (!config_.control.socket.empty()) {
    http::ListenerOptions control = page;
    control.name = "control";
    control.router = control_router;
    control.address = "unix:" + config_.control.socket;
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

void Agent::Run(service::Signals* signals, const std::string& config_path) {
  notifier_.Ready().ok();
  for (;;) {
    Tell();
    switch (signals->Wait(kMainTick)) {
      case service::Signal::kStop:
        return;
      case service::Signal::kReload:
        Reload(config_path);
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

void Agent::Reload(const std::string& path) {
  notifier_.Reloading(clock_.Now()).ok();
  auto fresh = config::Load(path);
  if (!fresh.ok()) {
    log::Error("main", "the new configuration is wrong, the old one stays: {}",
               fresh.status().message());
  } else {
    log::Info("main", "the configuration is good; what has changed is used after a restart");
  }
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

log::Level LevelOf(const std::string& word) {
  if (word == "debug") return log::Level::kDebug;
  if (word == "warning") return log::Level::kWarning;
  return word == "error" ? log::Level::kError : log::Level::kInfo;
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
  log::Setup(LevelOf(config->log_level), guard::ScrubLine);
  umask(0077);
  prctl(PR_SET_DUMPABLE, 0);  // no core with a password in it
  auto signals = service::Signals::Block();
  if (!signals.ok()) {
    log::Error("main", "{}", signals.status().message());
    return service::kExitFault;
  }
  Agent agent(*std::move(config), service::Notifier::FromEnvironment(Environment));
  if (auto failure = agent.Start()) {
    log::Error("main", "cannot start: {}", failure->status.message());
    agent.Stop();
    return failure->exit_code;
  }
  log::Info("main", "tillrelayd {} is ready", TILLRELAY_VERSION);
  agent.Run(&*signals, config_path);
  log::Info("main", "stopping");
  agent.Stop();
  return service::kExitOk;
}

}  // namespace
}  // namespace tillrelay

int main(int argc, char** argv) { return tillrelay::Main(argc, argv); }
