#include "agent/daemon/agent.h"

#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <future>

#include "agent/daemon/intake_socket.h"
#include "agent/monitor/status_json.h"
#include "agent/validation/validation.h"
#include "agent/web/page_context.h"
#include "common/base/process.h"
#include "common/service/credentials.h"
#include "common/service/exit_codes.h"
#include "common/wire/rounds.h"
#include "common/wire/ulid.h"

namespace tillrelay {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kMainTick{5};
constexpr seconds kFlush{3};  // for what is still unconfirmed at a stop
constexpr milliseconds kHttpPatience{2000};

// A credential's place is known only where the service manager hands it over.
std::vector<std::pair<std::string, std::string>> CertificateFiles(const config::Config& config) {
  std::vector<std::pair<std::string, std::string>> files = {
      {"broker.ca_file", config.broker.ca_file},
      {"broker.cert_file", config.broker.cert_file},
      {"intake.tls_cert_file", config.intake.tls_cert_file},
      {"status.tls_cert_file", config.status.tls_cert_file}};
  for (auto& [key, path] : files) {
    const auto place = service::CredentialPath(key, path, EnvironmentVariable);
    path = place.ok() ? *place : "";
  }
  return files;
}

}  // namespace

Agent::Agent(config::Config config, const Process& process)
    : config_(std::move(config)),
      signals_(*process.signals),
      config_reloader_(&config_, process.config_path, process.signals),
      notifier_(service::Notifier::FromEnvironment(EnvironmentVariable)),
      intake_socket_(TakeIntakeSocket(process.sockets, config_.intake.listen, notifier_)),
      host_(MachineName()),
      session_(wire::NewUlid(clock_.Wall(), &random_)),
      started_at_(clock_.Wall()),
      memory_(std::make_shared<MemoryBudget>(static_cast<size_t>(config_.limits.memory_bytes))),
      certificates_(CertificateFiles(config_)) {}

std::function<void()> Agent::Beat(const char* name, seconds budget) {
  auto* pulse = &heartbeat_.Add(name, budget, clock_.Now());
  return [this, pulse] { pulse->Beat(clock_.Now()); };
}

// What the configuration would do, before anything is opened.
std::optional<Failure> Agent::CheckConfiguration() const {
  using validation::Verdict;
  const auto findings = validation::Validate(config_, validation::DaemonAtStart());
  bool may_heal = true;
  for (const auto& finding : findings) {
    if (finding.verdict == Verdict::kStop) {
      may_heal = may_heal && finding.may_heal;
      continue;
    }
    log::Warning("config", "{}: {} ({})", finding.key, finding.text,
                 validation::NameOf(finding.verdict));
  }
  if (!validation::Has(findings, Verdict::kStop)) return std::nullopt;
  return Failure{may_heal ? service::kExitFault : service::kExitConfiguration,
                 Invalid(validation::TextOf(findings, Verdict::kStop))};
}

std::optional<Failure> Agent::Start() {
  if (auto failure = CheckConfiguration()) return failure;
  if (Status s = ReadAdminTls(); !s.ok()) {
    const bool wrong = s.code() == Code::kInvalid;
    return Failure{wrong ? service::kExitConfiguration : service::kExitFault, std::move(s)};
  }
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

// The list of issues learns what this moment shows, and the moment shows what the list holds.
void Agent::FeedIssues(Instant tick, monitor::Snapshot* snapshot) const {
  snapshot->unbalanced_days = reconciliation_.Unbalanced();
  for (const monitor::Issue& issue : issues_.Unsettled()) {
    if (issue.kind == "day" && reconciliation_.IsSettled(issue.key)) {
      snapshot->settled_days.push_back(issue.id());
    }
  }
  const auto findings = monitor::FindIssues(*snapshot, [this](WallTime t) { return LocalTime(t); });
  issues_.Update(findings, {tick, snapshot->now});
  snapshot->issues = issues_.Unsettled();
}

namespace {

// As many as a status names beside the current one, other ones in each round.
std::vector<journal::StreamRow> OlderStreams(const std::vector<journal::StreamRow>& streams,
                                             uint64_t round) {
  std::vector<const journal::StreamRow*> older;
  for (auto row = streams.rbegin(); row != streams.rend(); ++row) {
    // A centre that hears of what only the broker has had would ask for it.
    const bool unsaid = !journal::HoldsRows(*row) && journal::DeletedOnBrokersWord(*row);
    if (!row->current && !unsaid) older.push_back(&*row);
  }
  std::vector<journal::StreamRow> named;
  for (const size_t i : wire::OlderNamed(older.size(), round)) named.push_back(*older[i]);
  return named;
}

}  // namespace

monitor::Snapshot Agent::TakeSnapshot() const {
  const Instant tick = clock_.Now();
  monitor::Snapshot snapshot;
  if (journal_ != nullptr) snapshot.journal = journal_->Stats();
  if (uplink_ != nullptr) snapshot.uplink = uplink_->Stats();
  snapshot.capture = counters_.Copy();
  if (admin_service_ != nullptr) snapshot.registers = admin_service_->Registers();
  snapshot.version = TILLRELAY_VERSION;
  snapshot.host = host_;
  snapshot.session = session_;
  snapshot.now = clock_.Wall();
  snapshot.started_at = started_at_;
  snapshot.configured = journal_ != nullptr;
  snapshot.confirm_mode = config_.delivery.confirm;
  snapshot.intake_address = config_.intake.listen;
  snapshot.older_streams = OlderStreams(snapshot.journal.streams, wire::RoundAt(tick));
  const auto& known = snapshot.journal.acknowledged_streams;
  for (const uplink::UnknownStream& unknown : snapshot.uplink.unknown_streams) {
    if (std::find(known.begin(), known.end(), unknown.stream) == known.end()) {
      snapshot.unknown_streams.push_back(unknown);
    }
  }
  snapshot.certificates = certificates_.Rows();
  if (item_map_) snapshot.capture.item_map = item_map_->State();
  snapshot.rates = rates_.Feed(clock_.Now(), snapshot);
  snapshot.median_ms = latency_.Feed(
      clock_.Now(), snapshot.by_broker() ? snapshot.uplink.to_broker : snapshot.uplink.to_centre);
  FeedIssues(tick, &snapshot);
  return snapshot;
}

std::string Agent::LocalStamp(WallTime time) const {
  if (!intake_options_) return web::UtcStampText(time);
  event::ParsedTime parsed;
  parsed.local_s = std::chrono::floor<seconds>(time.time_since_epoch()).count();
  parsed.offset_s = 0;
  std::string wall = intake_options_->shop.zone.Resolve(parsed).wall.substr(0, 19);
  wall[10] = ' ';
  return wall;
}

std::string Agent::LocalTime(WallTime time) const {
  return intake_options_ ? LocalStamp(time).substr(11, 5) : monitor::UtcTimeText(time);
}

void Agent::Run() {
  long_start_.End();
  notifier_.Ready().ok();
  for (;;) {
    NotifyManager();
    switch (signals_.Wait(kMainTick)) {
      case service::Signal::kStop:
        return;
      case service::Signal::kReload:
        Reload();
        break;
      case service::Signal::kWoken:
        if (config_reloader_.asked()) Reload();
        break;
      default:
        break;
    }
  }
}

void Agent::RefreshItemMap() {
  if (!item_map_ || !item_map_->Refresh()) return;
  const auto state = item_map_->State();
  if (state.error.empty()) {
    log::Info("main", "items.map: version {}, {} rows", state.version, state.rows);
  } else {
    log::Warning("main", "items.map: {}; {}", state.error,
                 state.version.empty() ? "articles go by their own names"
                                       : "the last good one, " + state.version + ", stays");
  }
}

// The sentence to the service manager; the watchdog only while every thread moves.
void Agent::NotifyManager() {
  certificates_.Refresh(clock_.Now());
  RefreshItemMap();
  memory_->ReturnToSystem();
  const auto verdict =
      monitor::Diagnose(TakeSnapshot(), [this](WallTime t) { return LocalTime(t); });
  if (verdict.sentence != status_sentence_) notifier_.StatusText(verdict.sentence).ok();
  status_sentence_ = verdict.sentence;
  const auto stalled = heartbeat_.Stalled(clock_.Now());
  if (stalled.empty()) {
    notifier_.Watchdog().ok();
  } else {
    log::Error("main", "thread {} does not move", fmt::join(stalled, ", "));
  }
}

void Agent::Reload() {
  notifier_.Reloading(clock_.Now()).ok();
  config_reloader_.Reload();
  notifier_.Ready(status_sentence_).ok();
}

void Agent::DrainJournal() {
  auto drained = std::make_shared<std::promise<void>>();
  auto done = drained->get_future();
  journal::AppendRequest request;
  request.done = [drained](auto) { drained->set_value(); };
  if (journal_->Submit(std::move(request)).ok()) done.wait_for(kThreadBudget);
}

// In the order of the data path: channels, journal, uplink, and the answers last.
void Agent::Stop() {
  notifier_.Stopping().ok();
  if (server_ != nullptr) server_->CloseListener(intake_listener_);
  if (drop_watch_ != nullptr) drop_watch_->Stop();
  if (query_ != nullptr) query_->Stop();
  if (journal_ != nullptr) DrainJournal();
  if (uplink_ != nullptr) uplink_->Stop(kFlush);
  if (journal_ != nullptr) journal_->Stop();
  if (server_ != nullptr) server_->Stop(kHttpPatience);
}

}  // namespace tillrelay
