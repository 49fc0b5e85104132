#include "collector/service.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "collector/collector.h"
#include "common/base/inbox.h"
#include "common/mqtt/paho_link.h"
#include "common/service/credentials.h"

namespace tillrelay::collector {
namespace {

constexpr size_t kInboxMessages = 4096;
constexpr size_t kInboxBytes = 64 * 1024 * 1024;
// What the connection itself has to say is never dropped: it is little, bounded by the window.
constexpr size_t kInboxEntries = kInboxMessages + 1024;

class LinkInbox {
 public:
  void Deliver(mqtt::LinkEvent&& event) {
    const bool message = event.what == mqtt::Happening::kMessage;
    const size_t bytes = event.payload.size() + event.topic.size();
    const bool taken = (!message || inbox_.size() < kInboxMessages) &&
                       inbox_.Push(std::move(event), message ? bytes : 0);
    if (!taken) ++dropped_;
  }
  std::vector<mqtt::LinkEvent> PopAll(Duration timeout) { return inbox_.PopAll(timeout); }
  void Close() { inbox_.Close(); }
  bool closed() { return inbox_.closed(); }
  uint64_t dropped() const { return dropped_; }

 private:
  Inbox<mqtt::LinkEvent> inbox_{kInboxEntries, kInboxBytes};
  std::atomic<uint64_t> dropped_{0};
};

// Blocks the two signals in every thread and closes the inbox when one of them comes.
class StopSignals {
 public:
  explicit StopSignals(LinkInbox* inbox) {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    signal(SIGPIPE, SIG_IGN);
    thread_ = std::thread([this, inbox] {
      int caught = 0;
      sigwait(&set_, &caught);
      inbox->Close();
    });
  }
  ~StopSignals() {
    pthread_kill(thread_.native_handle(), SIGTERM);  // ends the wait if no signal has come
    thread_.join();
  }

 private:
  sigset_t set_;
  std::thread thread_;
};

std::string HostName() {
  char name[256] = {};
  if (gethostname(name, sizeof(name) - 1) != 0) return "unknown";
  return name;
}

const char* Environment(const char* name) { return std::getenv(name); }

Result<mqtt::LinkOptions> Options(const Config& config) {
  mqtt::LinkOptions options;
  options.url = config.broker.url;
  options.client_id = "tillrelay-collector-" + HostName() + "-1";
  options.username = config.broker.username;
  const auto path = [](const char* key, const std::string& value, std::string* out) {
    auto found = service::CredentialPath(key, value, Environment);
    if (found.ok()) *out = *found;
    return found.ok() ? Status::Ok() : std::move(found).status();
  };
  TRY(path("broker.ca_file", config.broker.ca_file, &options.ca_file));
  TRY(path("broker.cert_file", config.broker.cert_file, &options.cert_file));
  TRY(path("broker.key_file", config.broker.key_file, &options.key_file));
  auto password =
      service::ReadSecret("broker.password_file", config.broker.password_file, Environment);
  if (!password.ok()) return std::move(password).status();
  options.password = *std::move(password);
  return options;
}

void Loop(Collector* collector, LinkInbox* inbox, const Clock& clock) {
  log::Repeated dropped{log::Level::kWarning, "collector"};
  uint64_t told = 0;
  while (!inbox->closed()) {
    collector->Tick();
    const Duration wait = collector->NextDeadline() - clock.Now();
    collector->Handle(inbox->PopAll(std::max(wait, Duration::zero())));
    if (const uint64_t now = inbox->dropped(); now != told) {
      told = now;
      dropped.Report("the inbox was full; messages were dropped unconfirmed", clock.Now());
    }
  }
}

}  // namespace

Status RunService(const Config& config) {
  const SystemClock clock;
  SystemRandom random;
  auto options = Options(config);
  if (!options.ok()) return std::move(options).status();
  auto store = Store::Open(config.database);
  if (!store.ok()) return std::move(store).status().Within("store");
  LinkInbox inbox;
  StopSignals signals(&inbox);
  auto link = mqtt::MakePahoLink(
      *options, [&inbox](mqtt::LinkEvent&& event) { inbox.Deliver(std::move(event)); });
  if (!link.ok()) return std::move(link).status().Within("broker");
  Collector collector(config, store->get(), {&clock, &random, link->get()});
  TRY(collector.Start());
  log::Info("collector", "tillrelay-collector {} runs on {}", TILLRELAY_VERSION, config.database);
  if (!config.metrics_listen.empty()) {
    log::Warning("collector", "metrics.listen is set, but this version serves no metrics yet");
  }
  Loop(&collector, &inbox, clock);
  collector.Stop();
  log::Info("collector", "stopped");
  return Status::Ok();
}

}  // namespace tillrelay::collector
