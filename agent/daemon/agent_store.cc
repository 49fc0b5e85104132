// The agent's journal, uplink, admin service and drop folder, as configured.
#include "agent/daemon/agent.h"
#include "agent/monitor/status_json.h"
#include "agent/validation/format_settings.h"
#include "common/base/process.h"
#include "common/event/identity.h"
#include "common/redact/card_redaction.h"
#include "common/service/credentials.h"
#include "common/service/exit_codes.h"
#include "common/wire/ulid.h"

namespace tillrelay {
namespace {

constexpr size_t kFormerSessions = 50;
constexpr size_t kMaxSessionsFile = 64 * 1024;

using std::chrono::milliseconds;
using std::chrono::seconds;

reconcile::NumberingRule NumberingOf(const config::Config::Registers& registers) {
  reconcile::NumberingRule rule{reconcile::NumberingNamed(registers.numbering), {}};
  for (const auto& [id, word] : registers.numbering_of) {
    rule.of[std::string(event::WithoutLeadingZeros(id))] = reconcile::NumberingNamed(word);
  }
  return rule;
}

// What decides under which register, number and kind a document is stored.
std::string NamingSettings(const config::Config& config) {
  std::string text = config.store_id + '\n';
  for (const SettingValue& setting : config.effective) {
    const bool names = setting.key.starts_with("drop_folder.csv.") ||
                       setting.key.starts_with("formats.") || setting.key == "time_zone";
    if (names) text += setting.key + '=' + setting.text + '\n';
  }
  return text;
}

// The sessions of earlier runs, the last ones; this one is written behind them. A file that cannot
// be used costs nothing but an alarm too many after a broker's crash.
std::vector<std::string> KeepSession(const std::string& path, const std::string& session) {
  std::vector<std::string> former;
  const auto text = ReadFile(path, kMaxSessionsFile);
  std::string_view rest = text.ok() ? std::string_view(*text) : std::string_view();
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (wire::IsUlid(line)) former.emplace_back(line);
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  if (former.size() >= kFormerSessions) {
    former.erase(former.begin(), former.end() - (kFormerSessions - 1));
  }
  std::string kept;
  for (const std::string& one : former) kept += one + '\n';
  if (Status s = WriteFileDurably(path, kept + session + '\n', 0600); !s.ok()) {
    log::Warning("uplink", "{}", s.message());
  }
  return former;
}

}  // namespace

// What the settings say of documents: rules, guard, words, profiles.
std::optional<Failure> Agent::ReadRules() {
  auto zone = event::StoreZone::Load(config_.time_zone);
  if (!zone.ok()) return Failure{service::kExitConfiguration, std::move(zone).status()};
  intake_options_.emplace(
      capture::IntakeOptions{{config_.store_id, config_.store_aliases, *std::move(zone),
                              config_.items.non_stock, config_.business_day_ends_s},
                             {},
                             {}});
  intake_options_->clock_trust = &clock_trust_;
  if (!config_.items.map.empty()) {
    item_map_ = std::make_unique<capture::ItemMapFile>(config_.items.map);
    RefreshItemMap();
    intake_options_->items = item_map_.get();
  }
  auto& limits = intake_options_->limits;
  limits.depth = static_cast<int>(config_.limits.depth);
  limits.string_bytes = static_cast<size_t>(config_.limits.string_bytes);
  limits.event_bytes = static_cast<size_t>(config_.limits.event_bytes);
  limits.events = static_cast<size_t>(config_.limits.file_events);
  limits.text_bytes =
      static_cast<size_t>(std::max(config_.limits.file_bytes, config_.limits.body_bytes));
  intake_options_->quarantine_share =
      journal::ShareOf({static_cast<uint64_t>(config_.limits.quarantine_documents),
                        static_cast<uint64_t>(config_.limits.quarantine_bytes)});
  auto operator_key = service::ReadSecret("guard.operator_key_file",
                                          config_.guard.operator_key_file, EnvironmentVariable);
  if (!operator_key.ok()) return Failure{service::kExitConfiguration, operator_key.status()};
  auto guard = redact::MakeRedactOptions(config_.guard.receipt_pattern, *std::move(operator_key));
  if (!guard.ok()) return Failure{service::kExitConfiguration, std::move(guard).status()};
  intake_options_->guard = *std::move(guard);
  reconciliation_.SetNumbering(NumberingOf(config_.registers));
  auto words = VocabularyOf(config_);
  if (!words.ok()) return Failure{service::kExitConfiguration, std::move(words).status()};
  intake_options_->poslog_words = *std::move(words);
  for (const auto& csv : config_.drop_folder.csv) {
    intake_options_->csv.push_back(ProfileOf(csv, config_));
    intake_options_->csv.back().zone = intake_options_->shop.zone;
  }
  return std::nullopt;
}

std::optional<Failure> Agent::StartStore() {
  if (auto failure = ReadRules()) return failure;
  journal::JournalOptions options;
  options.store.path = config_.journal.path;
  options.store.store_id = config_.store_id;
  options.store.books = &reconciliation_;
  options.store.naming_settings = NamingSettings(config_);
  options.store.quarantine_max_count = static_cast<uint64_t>(config_.limits.quarantine_documents);
  options.store.quarantine_max_bytes = static_cast<uint64_t>(config_.limits.quarantine_bytes);
  options.retention = std::chrono::hours(24 * config_.journal.retention_days);
  options.max_bytes = static_cast<uint64_t>(config_.journal.max_bytes);
  options.min_free_bytes = static_cast<uint64_t>(config_.journal.min_free_bytes);
  options.queue_events = static_cast<size_t>(config_.limits.queue_events);
  options.queue_bytes = static_cast<size_t>(config_.limits.queue_bytes);
  options.confirm_by_broker = config_.delivery.confirm == "broker";
  auto& pulse = heartbeat_.Add("journal", kThreadBudget, clock_.Now());
  options.beat = [this, &pulse] { pulse.Beat(clock_.Now()); };
  // Opening is done by the main thread, before the manager was told that the service is ready.
  options.store.progress = [this, &pulse] {
    const Instant now = clock_.Now();
    pulse.Beat(now);
    long_start_.Moved(now);
  };
  options.expect_silence = [this, &pulse](seconds most) {
    pulse.ExpectSilence(clock_.Now(), most);
  };
  options.on_growth = [this](const journal::StreamRow& stream) {
    if (uplink_ != nullptr) uplink_->JournalGrew(stream);
  };
  options.issues = [this](bool all) { return issues_.TakeChanges(all); };
  options.history = [this](const journal::JournalStats& stats) { return Minute(stats); };
  // A log that was left long is read in one step.
  long_start_.Expect(clock_.Now(), journal::OpeningPatience(config_.journal.path));
  auto journal = journal::Journal::Open(std::move(options), &clock_, &random_);
  if (!journal.ok()) {
    // Another store's journal, or a newer one: only a person can put that right.
    const bool person = journal.status().code() == Code::kConflict;
    return Failure{person ? service::kExitConfiguration : service::kExitFault,
                   std::move(journal).status()};
  }
  journal_ = *std::move(journal);
  issues_.Load(journal_->PopIssuesFound());
  if (Status s = StartUplink(); !s.ok()) {
    const bool wrong = s.code() == Code::kInvalid;
    return Failure{wrong ? service::kExitConfiguration : service::kExitFault, std::move(s)};
  }
  if (Status s = StartDropFolder(); !s.ok()) return Failure{service::kExitFault, std::move(s)};
  return std::nullopt;
}

// On the journal thread, once a second.
std::optional<journal::HistoryPoint> Agent::Minute(const journal::JournalStats& stats) {
  if (books_ask_) restart_retry_->CheckDue();
  if (!uplink_runs_) return std::nullopt;
  const uplink::UplinkStats link = uplink_->Stats();
  const WallTime now = clock_.Wall();
  watermark_times_.Saw({stats.stream,
                        {link.sent_through, std::max(link.acked_through, stats.acked_through),
                         stats.confirmed_through},
                        now});
  return history_.Tick({stats, link, clock_.Now(), now});
}

Status Agent::StartUplink() {
  uplink::UplinkThreadOptions options;
  uplink::UplinkDriverOptions& driver = options.driver;
  driver.sender.has_broker = !config_.broker.url.empty();
  driver.sender.session = session_;
  driver.sender.retry_min = milliseconds(config_.broker.retry_min_ms);
  driver.sender.retry_max = milliseconds(config_.broker.retry_max_ms);
  const auto& delivery = config_.delivery;
  driver.batches = delivery.form == "batches";
  driver.automatic = delivery.form == "auto" && delivery.confirm == "centre";
  driver.zstd = delivery.zstd;
  driver.sender.by_broker = delivery.confirm == "broker";
  driver.sender.events_per_message =
      delivery.form == "events" ? 1 : static_cast<uint64_t>(delivery.batch_events);
  driver.sender.max_unconfirmed_events = static_cast<uint64_t>(delivery.max_unconfirmed);
  driver.sender.max_events_per_s = static_cast<uint64_t>(delivery.max_events_per_s);
  driver.sender.max_bytes_per_s = static_cast<uint64_t>(delivery.max_bytes_per_s);
  const Sha256Digest share = Sha256(config_.store_id);
  driver.sender.first_retry = std::min<Duration>(Duration(uplink::kOutageSpread) * share[0] / 256,
                                                 milliseconds(config_.broker.retry_max_ms));
  if (const auto agreed = journal_->clock_agreed()) clock_trust_.Restore(*agreed);
  driver.clock_trust = &clock_trust_;
  driver.centre_key = CentreKeyOptionsOf();
  driver.watch_own_status = true;
  driver.former_sessions = KeepSession(config_.journal.path + ".sessions", session_);
  driver.store_id = config_.store_id;
  driver.journal_path = config_.journal.path;
  driver.broker = config_.broker.url;
  driver.topics = wire::TopicsOf(config_.delivery.topic_prefix, config_.store_id);
  if (driver.sender.has_broker) {
    options.make_link = [this](mqtt::Deliver deliver) { return MakeLink(std::move(deliver)); };
  }
  driver.status_json = [this](size_t most) {
    return monitor::StatusJson(
        TakeSnapshot(), [this](WallTime t) { return LocalTime(t); }, most);
  };
  options.beat = Beat("uplink", kUplinkBudget);
  uplink_ =
      std::make_unique<uplink::UplinkThread>(std::move(options), journal_.get(), &clock_, &random_);
  uplink_runs_ = true;
  StartAdmin();  // before the first status is told: it is part of it
  return uplink_->Start();
}

void Agent::StartAdmin() {
  admin_intake_ =
      std::make_unique<capture::Intake>(&*intake_options_, journal_.get(), &counters_, &clock_);
  query_ =
      std::make_unique<journal::QueryThread>(config_.journal.path, Beat("query", kThreadBudget));
  query_->Start();
  const auto& registers = config_.registers;
  admin_service_ = std::make_shared<AdminService>(
      AdminService::Rooms{*query_, *admin_intake_, *journal_, *uplink_, reconciliation_,
                          intake_options_->shop.zone, clock_, heartbeat_, config_, watermark_times_,
                          issues_, fingerprint_, [this] { return TakeSnapshot(); }},
      reconcile::SilenceRule{registers.expected, registers.opening_hours,
                             std::chrono::minutes(registers.silent_after_min)});
  admin_service_->LoadRegisters();
  admin_service_->NoteVersion();
  restart_retry_ =
      std::make_unique<RestartRetry>(query_.get(), admin_intake_.get(), &reconciliation_, &clock_);
  books_ask_ = true;
}

Status Agent::StartDropFolder() {
  if (config_.drop_folder.path.empty()) return Status::Ok();
  file_intake_ =
      std::make_unique<capture::Intake>(&*intake_options_, journal_.get(), &counters_, &clock_);
  capture::DropFolderOptions options;
  options.path = config_.drop_folder.path;
  options.file_bytes = static_cast<size_t>(config_.limits.file_bytes);
  options.memory = memory_;
  options.settle = seconds(config_.drop_folder.settle_s);
  options.archive_keep = std::chrono::hours(24 * config_.drop_folder.archive_days);
  options.beat = Beat("capture", kThreadBudget);
  options.observed = [this] { return journal_->Observed(); };
  drop_watch_ = std::make_unique<capture::DropWatch>(
      std::make_unique<capture::DropFolder>(options, file_intake_.get(), &counters_, &clock_),
      seconds(config_.drop_folder.rescan_s), options.settle, options.beat);
  return drop_watch_->Start();
}

}  // namespace tillrelay
