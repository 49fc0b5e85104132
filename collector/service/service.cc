#include "collector/service/service.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "collector/db/reader.h"
#include "collector/intake/fair_inbox.h"
#include "collector/service/collector.h"
#include "collector/service/start_files.h"
#include "collector/sinks/sinks.h"
#include "collector/web/routes.h"
#include "common/base/process.h"
#include "common/http/server.h"
#include "common/mqtt/paho_link.h"
#include "common/service/heartbeat.h"
#include "common/service/notify.h"
#include "common/service/signals.h"

namespace tillrelay::collector {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kMainTick{5};
constexpr seconds kMaxIdle{1};            // the collector's loop comes round at least this often
constexpr seconds kCollectorBudget{150};  // a statement may take 60 s, a name lookup its time
constexpr seconds kReaderBudget{90};
constexpr seconds kSinkBudget{180};  // a try takes a minute, and a name lookup its time
constexpr seconds kHttpBudget{30};
constexpr seconds kDrain{10};  // of the inbox, at a stop
constexpr milliseconds kHttpPatience{2000};
constexpr size_t kHttpConnections = 128;

class Service {
 public:
  explicit Service(const Config& config)
      : config_(config),
        notifier_(service::Notifier::FromEnvironment(EnvironmentVariable)),
        inbox_(config.topic_prefix),
        writes_([this] { inbox_.Wake(); }) {}

  Status Start();
  void Run(service::Signals* signals);
  void Stop();

 private:
  Status StartCollector();
  Status StartHttp();
  Status MakeSinks(const std::string& owner);
  void Loop();
  std::string Sentence() const;
  std::function<void()> Beat(const char* name, seconds budget);

  const Config& config_;
  const service::Notifier notifier_;
  const SystemClock clock_;
  SystemRandom random_;
  service::Heartbeat heartbeat_;
  Fleet fleet_;
  FairInbox inbox_;
  WriteQueue writes_;
  Orders orders_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<mqtt::Link> link_;
  std::optional<wire::SigningKey> signing_key_;
  std::unique_ptr<Collector> collector_;
  std::unique_ptr<Sinks> sinks_;
  std::unique_ptr<Reader> reader_;
  std::unique_ptr<http::Server> server_;
  std::function<void()> beat_;
  std::thread thread_;
};

std::function<void()> Service::Beat(const char* name, seconds budget) {
  auto* pulse = &heartbeat_.Add(name, budget, clock_.Now());
  return [this, pulse] { pulse->Beat(clock_.Now()); };
}

Status Service::Start() {
  TRY(StartCollector());
  if (!config_.metrics_listen.empty()) TRY(StartHttp());
  thread_ = std::thread([this] { Loop(); });
  if (sinks_ != nullptr) sinks_->Start();
  log::Info("collector", "tillrelay-collector {} runs on {}", TILLRELAY_VERSION,
            ShownUrl(config_.database));
  if (Status reported = notifier_.Ready(Sentence()); !reported.ok()) {
    log::Warning("collector", "{}", reported.message());
  }
  return Status::Ok();
}

Status Service::StartCollector() {
  auto key = SigningKeyOf(config_);
  if (!key.ok()) return std::move(key).status();
  signing_key_ = *std::move(key);
  if (signing_key_) {
    log::Info("collector", "confirmations are signed with the key {}",
              wire::KeyText(signing_key_->public_key()));
  }
  auto options = LinkOptionsOf(config_);
  if (!options.ok()) return std::move(options).status();
  auto store = Store::Open(config_.database);
  if (!store.ok()) return std::move(store).status().Within("store");
  store_ = *std::move(store);
  auto link = mqtt::MakePahoLink(
      *options, [this](mqtt::LinkEvent&& event) { inbox_.Deliver(std::move(event)); });
  if (!link.ok()) return std::move(link).status().Within("broker");
  link_ = *std::move(link);
  collector_ = std::make_unique<Collector>(config_, store_.get(),
                                           Deps{&clock_, &random_, link_.get(), &fleet_, &orders_,
                                                &writes_, signing_key_ ? &*signing_key_ : nullptr});
  TRY(MakeSinks(options->client_id));
  beat_ = Beat("collector", kCollectorBudget);
  return collector_->Start();
}

Status Service::MakeSinks(const std::string& owner) {
  std::vector<SinkSetup> setups;
  for (const SinkConfig& sink : config_.sinks) {
    auto setup = SinkSetupOf(config_, sink);
    if (!setup.ok()) return std::move(setup).status();
    if (setup->witness_path.empty()) {
      log::Warning("sinks",
                   "sink {}: STATE_DIRECTORY is not set, so that a database that is set back"
                   " is noticed only while this process runs",
                   sink.name);
    }
    const std::string name = "sink " + sink.name;
    setup->beat = Beat(name.c_str(), kSinkBudget);
    setups.push_back(*std::move(setup));
  }
  auto sinks = Sinks::Make(std::move(setups),
                           {&clock_, &writes_, config_.database, owner, !store_->sql()->shared()});
  if (!sinks.ok()) return std::move(sinks).status();
  sinks_ = *std::move(sinks);
  return Status::Ok();
}

Status Service::StartHttp() {
  auto tls = TlsOf(config_);
  if (!tls.ok()) return std::move(tls).status();
  auto tokens = TokensOf(config_);
  if (!tokens.ok()) return std::move(tokens).status();
  reader_ = std::make_unique<Reader>(config_.database, Beat("reader", kReaderBudget));
  RoutesOptions options;
  options.clock = &clock_;
  options.fleet = &fleet_;
  options.reader = reader_.get();
  options.expected = {config_.expected_stores.begin(), config_.expected_stores.end()};
  options.silent_after = seconds(config_.silent_after_s);
  options.thresholds = config_.thresholds;
  options.tokens = *std::move(tokens);
  options.orders = &orders_;
  options.sink_counters = [this] { return sinks_->Counters(); };
  options.stalled = [this] { return heartbeat_.Stalled(clock_.Now()); };
  auto router = std::make_shared<http::Router>();
  AddRoutes(*router, std::move(options));
  http::ListenerOptions listener;
  listener.name = "metrics";
  listener.address = config_.metrics_listen;
  listener.router = router;
  listener.allowed_hosts = config_.allowed_hosts;
  listener.tls = *std::move(tls);
  listener.max_body_bytes = 8 * 1024;
  listener.max_connections = kHttpConnections;
  http::ServerOptions server;
  server.heartbeat = Beat("http", kHttpBudget);
  server_ = std::make_unique<http::Server>(clock_, std::move(server));
  server_->AddListener(std::move(listener));
  return server_->Start();
}

void Service::Loop() {
  log::RateLimitedLog dropped{log::Level::kWarning, "collector"};
  uint64_t reported = 0;
  std::optional<Instant> drain_until;
  for (;;) {
    beat_();
    collector_->Tick();
    if (inbox_.closed() && !drain_until) drain_until = clock_.Now() + kDrain;
    const Duration wait = std::min<Duration>(collector_->NextDeadline() - clock_.Now(), kMaxIdle);
    auto events = inbox_.Pop(std::max(wait, Duration::zero()));
    if (drain_until && (events.empty() || clock_.Now() >= *drain_until)) break;
    collector_->Handle(std::move(events));
    if (const FairInbox::Dropped now = inbox_.dropped(); now.messages != reported) {
      reported = now.messages;
      collector_->InboxDropped(reported);
      dropped.Report(fmt::format("store {} sends more than its share; messages were dropped"
                                 " unconfirmed",
                                 now.store),
                     clock_.Now());
    }
  }
  collector_->Stop();
}

std::string Service::Sentence() const {
  const CollectorActivity news = fleet_.Collector();
  if (news.failing) return "the database fails, nothing is confirmed";
  if (!news.connected) return "no connection to the broker";
  return fmt::format("{} stores, {} events counted since the start", fleet_.Stores().size(),
                     news.ingest.counted);
}

void Service::Run(service::Signals* signals) {
  const auto interval = service::WatchdogInterval(EnvironmentVariable, getpid());
  const auto half =
      interval ? std::chrono::duration_cast<milliseconds>(*interval) / 2 : milliseconds(kMainTick);
  std::string reported;
  for (;;) {
    const auto signal = signals->Wait(std::min(half, milliseconds(kMainTick)));
    if (signal == service::Signal::kStop) return;
    if (signal == service::Signal::kReload) {
      log::Info("collector", "nothing can change while running; restart for a new configuration");
    }
    const auto stalled = heartbeat_.Stalled(clock_.Now());
    if (stalled.empty()) {
      (void)notifier_.Watchdog();
    } else {
      log::Error("collector", "thread {} is stuck", stalled.front());
    }
    if (std::string now = Sentence(); now != reported) {
      (void)notifier_.StatusText(now);
      reported = std::move(now);
    }
  }
}

// The way of the data: the collector drains first, HTTP goes last. Sinks write through the
// collector, so that they end before it.
void Service::Stop() {
  (void)notifier_.Stopping();
  if (sinks_ != nullptr) sinks_->Stop();
  inbox_.Close();
  if (thread_.joinable()) thread_.join();
  if (server_ != nullptr) server_->Stop(kHttpPatience);
  if (reader_ != nullptr) reader_->Stop();
  log::Info("collector", "stopped");
}

}  // namespace

Status RunService(const Config& config) {
  auto signals = service::Signals::Block();
  if (!signals.ok()) return std::move(signals).status();
  Service service(config);
  Status started = service.Start();
  if (started.ok()) service.Run(&*signals);
  service.Stop();
  return started;
}

}  // namespace tillrelay::collector
