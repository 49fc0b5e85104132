// What: the daemon: its rooms, made in the order of the data path and ended in it.
// Promise: wiring only; whatever decides lives in a room. The one class that knows all of them.
// Thread: main; TakeSnapshot and LocalTime from any after Start.
// Errors: Start says with which code the process has to end.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "agent/capture/drop_watch.h"
#include "agent/capture/http_intake.h"
#include "agent/config/config.h"
#include "agent/daemon/admin_access.h"
#include "agent/daemon/admin_service.h"
#include "agent/daemon/certificate_watch.h"
#include "agent/daemon/config_reloader.h"
#include "agent/daemon/restart_retry.h"
#include "agent/journal/journal.h"
#include "agent/monitor/history.h"
#include "agent/monitor/issue_list.h"
#include "agent/monitor/latency_meter.h"
#include "agent/monitor/rate_meter.h"
#include "agent/monitor/snapshot.h"
#include "agent/monitor/watermark_times.h"
#include "agent/uplink/uplink_thread.h"
#include "common/http/server.h"
#include "common/service/heartbeat.h"
#include "common/service/notify.h"
#include "common/service/signals.h"

namespace tillrelay {

struct Failure {
  int exit_code;
  Status status;
};

class Agent {
 public:
  static constexpr std::chrono::seconds kThreadBudget{30};   // one that does not move is stuck
  static constexpr std::chrono::seconds kUplinkBudget{120};  // it may sit in a name lookup

  struct Process {
    std::string config_path;
    service::Signals* signals;
    std::vector<service::InheritedSocket> sockets;  // that the service manager has kept
  };
  Agent(config::Config config, const Process& process);

  std::optional<Failure> Start();
  // Until a signal says stop.
  void Run();
  void Stop();

 private:
  std::optional<Failure> CheckConfiguration() const;
  std::optional<Failure> ReadRules();
  std::optional<Failure> StartStore();
  Status StartUplink();
  Status StartDropFolder();
  void StartAdmin();
  Status StartHttp();
  Status OpenTokens();
  Status ReadIntakeTls();
  Status ReadAdminTls();
  Status OpenAdminAuth();
  std::optional<journal::HistoryPoint> Minute(const journal::JournalStats& stats);
  bool RunOffLoop(std::function<void()> work);
  http::ListenerOptions IntakeListener() const;
  http::ListenerOptions PageListener() const;
  Result<mqtt::LinkOptions> LinkOptionsOf(const config::Config::BrokerAddress& broker) const;
  Result<std::string> ProxyOf() const;
  uplink::CentreKeyOptions CentreKeyOptionsOf() const;
  Result<std::unique_ptr<mqtt::Link>> MakeLink(mqtt::Deliver deliver);
  std::function<void()> Beat(const char* name, std::chrono::seconds budget);
  monitor::Snapshot TakeSnapshot() const;
  void FeedIssues(Instant tick, monitor::Snapshot* snapshot) const;
  std::string LocalTime(WallTime time) const;   // "14:02"
  std::string LocalStamp(WallTime time) const;  // "2026-11-25 14:02:07"
  void Reload();
  void NotifyManager();
  void RefreshItemMap();
  void DrainJournal();

  const config::Config config_;
  service::Signals& signals_;
  ConfigReloader config_reloader_;
  const service::Notifier notifier_;
  service::LongStart long_start_{&notifier_};
  Fd intake_socket_;  // kept by the service manager, or opened by StartHttp
  SystemClock clock_;
  SystemRandom random_;
  const std::string host_, session_;
  const WallTime started_at_;
  service::Heartbeat heartbeat_;
  const std::shared_ptr<MemoryBudget> memory_;  // of all channels
  mutable monitor::RateMeter rates_;
  mutable monitor::LatencyMeter latency_;
  CertificateWatch certificates_;
  capture::Counters counters_;

  ClockTrust clock_trust_;                          // the uplink hears, the channels ask
  std::unique_ptr<capture::ItemMapFile> item_map_;  // none where no map is configured
  std::optional<capture::IntakeOptions> intake_options_;
  reconcile::Reconciliation reconciliation_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<uplink::UplinkThread> uplink_;
  std::atomic<bool> uplink_runs_{false};
  monitor::HistoryGauge history_;  // journal thread
  monitor::WatermarkTimes watermark_times_;
  mutable monitor::IssueList issues_;
  std::unique_ptr<capture::Intake> http_intake_, file_intake_, admin_intake_;
  std::unique_ptr<journal::QueryThread> query_;
  std::shared_ptr<AdminService> admin_service_;
  std::unique_ptr<RestartRetry> restart_retry_;
  std::atomic<bool> books_ask_{false};  // restart_retry_ is there
  http::TlsFiles intake_tls_;           // empty: plain HTTP
  http::TlsFiles admin_tls_;            // empty: plain HTTP
  std::string fingerprint_;             // of its certificate
  std::unique_ptr<AdminAccess> admin_access_;
  std::unique_ptr<capture::TokenStore> tokens_;
  std::unique_ptr<capture::IntakeAuth> intake_auth_;
  std::unique_ptr<capture::HttpIntake> http_intake_routes_;
  std::unique_ptr<capture::DropWatch> drop_watch_;
  std::unique_ptr<http::Server> server_;
  size_t intake_listener_ = 0;
  std::string status_sentence_;
};

}  // namespace tillrelay
