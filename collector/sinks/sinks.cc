#include "collector/sinks/sinks.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "collector/sinks/kafka.h"
#include "collector/sinks/webhook.h"
#include "collector/sinks/webhook_signature.h"
#include "common/base/files.h"
#include "common/base/mutex.h"

namespace tillrelay::collector {

class Sinks::Worker {
 public:
  Worker(SinkSetup setup, std::unique_ptr<Transport> transport, Fd wake, const Deps& deps)
      : name_(setup.config.name),
        database_(deps.database),
        beat_(std::move(setup.beat)),
        wake_(std::move(wake)),
        transport_(std::move(transport)),
        sink_(std::move(setup.config), DepsOf(deps, setup.witness_path)) {}

  const std::string& name() const { return name_; }
  void Start() {
    thread_ = std::thread([this] { Run(); });
  }
  void BeginStop() {
    {
      Lock lock(mutex_);
      stopping_ = true;
    }
    const uint64_t one = 1;
    CHECK(write(wake_.get(), &one, sizeof one) == sizeof one);  // it cannot be full
    condition_.NotifyAll();
  }
  void Join() {
    if (thread_.joinable()) thread_.join();
  }
  SinkCounters Counters() const {
    Lock lock(mutex_);
    return counters_;
  }

 private:
  SinkDeps DepsOf(const Deps& deps, const std::string& witness_path) {
    SinkDeps out;
    out.clock = deps.clock;
    out.write = [queue = deps.writes](const std::function<Status(Sql*)>& work) {
      return queue->Run(work);
    };
    out.reader = [this] { return Connection(); };
    out.send = [this](const SinkMessage& message) { return transport_->Send(message); };
    out.stopping = [this] { return IsStopping(); };
    out.owner = deps.owner;
    out.alone = deps.alone;
    out.witness_path = witness_path;
    return out;
  }
  // A snapshot that a failure left open is ended.
  Result<Sql*> Connection() {
    if (sql_ != nullptr) sql_->Rollback();
    if (sql_ != nullptr && sql_->usable()) return sql_.get();
    auto opened = OpenReader(database_);
    if (!opened.ok()) return std::move(opened).status();
    sql_ = *std::move(opened);
    return sql_.get();
  }
  bool IsStopping() const {
    Lock lock(mutex_);
    return stopping_;
  }
  void Run() {
    pthread_setname_np(pthread_self(), "sink");
    while (!IsStopping()) {
      const Duration wait = sink_.Step();
      if (sink_.troubled()) sql_.reset();
      Pause(wait);
    }
    sink_.Release();
  }
  // At most a second, so that the thread is seen to move.
  void Pause(Duration wait) {
    const Duration most = std::chrono::seconds(1);
    for (Duration left = wait;; left -= most) {
      beat_();
      Lock lock(mutex_);
      counters_ = sink_.counters();
      if (stopping_ || left <= Duration::zero()) return;
      condition_.WaitFor(mutex_, std::min(left, most));
    }
  }

  const std::string name_, database_;
  const std::function<void()> beat_;
  const Fd wake_;
  const std::unique_ptr<Transport> transport_;
  std::unique_ptr<Sql> sql_;
  Sink sink_;
  mutable Mutex mutex_;
  Condition condition_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  SinkCounters counters_ GUARDED_BY(mutex_);
  std::thread thread_;
};

Sinks::Sinks() = default;
Sinks::~Sinks() { Stop(); }

namespace {

using Made = Result<std::unique_ptr<Transport>>;

Made MakeWebhook(const SinkSetup& setup, int wake, const Clock* clock) {
  WebhookSettings settings;
  auto url = ParseWebhookUrl(setup.config.url);
  if (!url.ok()) return std::move(url).status().Within("url");
  settings.url = *std::move(url);
  auto keys = ReadWebhookSecrets(setup.secret);
  if (!keys.ok()) return std::move(keys).status().Within("secret_file");
  settings.keys = *std::move(keys);
  settings.ca_file = setup.ca_file;
  if (!setup.config.proxy.empty()) {
    auto proxy = ParseWebhookProxy(setup.config.proxy);
    if (!proxy.ok()) return std::move(proxy).status().Within("proxy");
    settings.proxy = *std::move(proxy);
  }
  settings.deadline = std::chrono::seconds(setup.config.timeout_s);
  settings.wake = wake;
  return Made(std::make_unique<Webhook>(std::move(settings), clock));
}

Made MakeKafka(const SinkSetup& setup, int wake) {
  KafkaSettings settings;
  auto url = ParseKafkaUrl(setup.config.url);
  if (!url.ok()) return std::move(url).status().Within("url");
  settings.url = *std::move(url);
  settings.username = setup.config.username;
  settings.mechanism = setup.config.mechanism;
  settings.password = setup.secret;
  if (!settings.username.empty() && settings.password.empty()) {
    return Invalid("secret_file: it is empty");
  }
  settings.ca_file = setup.ca_file;
  settings.deadline = std::chrono::seconds(setup.config.timeout_s);
  settings.wake = wake;
  auto kafka = Kafka::Make(std::move(settings));
  if (!kafka.ok()) return std::move(kafka).status();
  return Made(*std::move(kafka));
}

// `wake` becomes readable when it shall stop.
Made MakeTransport(const SinkSetup& setup, int wake, const Clock* clock) {
  Made made =
      IsKafkaUrl(setup.config.url) ? MakeKafka(setup, wake) : MakeWebhook(setup, wake, clock);
  if (!made.ok()) return std::move(made).status().Within("sink." + setup.config.name);
  return made;
}

}  // namespace

Status CheckSink(const SinkSetup& setup) {
  const SystemClock clock;
  auto transport = MakeTransport(setup, -1, &clock);
  return transport.ok() ? Status::Ok() : std::move(transport).status();
}

Result<std::unique_ptr<Sinks>> Sinks::Make(std::vector<SinkSetup> setups, const Deps& deps) {
  std::unique_ptr<Sinks> sinks(new Sinks());
  for (SinkSetup& setup : setups) {
    Fd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake.valid()) return Unavailable("eventfd: " + ErrnoText(errno));
    auto transport = MakeTransport(setup, wake.get(), deps.clock);
    if (!transport.ok()) return std::move(transport).status();
    sinks->workers_.push_back(
        std::make_unique<Worker>(std::move(setup), *std::move(transport), std::move(wake), deps));
  }
  return sinks;
}

void Sinks::Start() {
  for (const auto& worker : workers_) worker->Start();
}

void Sinks::Stop() {
  for (const auto& worker : workers_) worker->BeginStop();
  for (const auto& worker : workers_) worker->Join();
}

std::map<std::string, SinkCounters> Sinks::Counters() const {
  std::map<std::string, SinkCounters> counters;
  for (const auto& worker : workers_) counters[worker->name()] = worker->Counters();
  return counters;
}

}  // namespace tillrelay::collector
