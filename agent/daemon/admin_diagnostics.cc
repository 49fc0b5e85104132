// The service's answers about itself: history, log, system, support bundle, and an event's life.
#include <fmt/format.h>

#include <charconv>

#include "agent/api/admin_json.h"
#include "agent/api/diagnostics_json.h"
#include "agent/api/metrics.h"
#include "agent/daemon/admin_service.h"
#include "agent/monitor/status_json.h"
#include "common/base/log.h"
#include "common/base/tar_gz.h"
#include "common/event/time_text.h"
#include "common/redact/card_redaction.h"

namespace tillrelay {
namespace {

constexpr size_t kBundleLines = 500, kBundleActs = 500, kBundleDocuments = 200;
constexpr std::string_view kProgram = "tillrelayd ";  // and its version
constexpr size_t kMostUpgrades = 50;
constexpr size_t kLifeTickets = 10;  // that became one event
constexpr size_t kLifeActs = 200;    // of the audit, searched for replays of one event

const char* WordOf(log::Level level) {
  switch (level) {
    case log::Level::kInfo:
      return "info";
    case log::Level::kWarning:
      return "warning";
    case log::Level::kError:
      return "error";
  }
  return "";
}

log::Level LevelNamed(std::string_view word) {
  if (word == "warning") return log::Level::kWarning;
  return word == "error" ? log::Level::kError : log::Level::kInfo;
}

std::string Scrubbed(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    out += redact::RedactLine(text.substr(0, end));
    if (end < text.size()) out += '\n';
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return out;
}

// "current/12-30" or "STREAM/12-30": does it name this number?
bool Covers(std::string_view subject, const admin::EventRow& row, bool is_current) {
  const size_t slash = subject.find('/'), dash = subject.find('-', slash + 1);
  if (slash == std::string_view::npos || dash == std::string_view::npos) return false;
  const std::string_view stream = subject.substr(0, slash);
  if (stream != row.stream && !(is_current && stream == "current")) return false;
  uint64_t first = 0, last = 0;
  std::from_chars(subject.data() + slash + 1, subject.data() + dash, first);
  std::from_chars(subject.data() + dash + 1, subject.data() + subject.size(), last);
  return first <= row.sequence && row.sequence <= last;
}

// "ticket/17 anna@192.0.2.7 lines[0].quantity: 1,5 -> 1.5"
std::string TicketDetail(const journal::AuditRow& act) {
  const size_t changed = act.outcome.find("; ");
  return act.subject + " " + act.actor +
         (changed == std::string::npos ? "" : " " + act.outcome.substr(changed + 2));
}

// Versions that began to run on this journal, the newest first.
std::vector<journal::AuditRow> UpgradesIn(journal::Search& search) {
  auto acts = search.AuditNaming(std::string(kProgram), kMostUpgrades);
  std::vector<journal::AuditRow> found;
  for (auto& act : acts.ok() ? *acts : std::vector<journal::AuditRow>()) {
    if (act.action == "upgrade") found.push_back(std::move(act));
  }
  return found;
}

}  // namespace

// Only another version is written down: a service that is started again and again says nothing.
void AdminService::NoteVersion() {
  r_.query.Ask([this](Result<journal::Search*> search) {
    if (!search.ok()) return;
    const std::string now = std::string(kProgram) + TILLRELAY_VERSION;
    const auto before = UpgradesIn(**search);
    if (!before.empty() && before.front().outcome == now) return;
    r_.journal.Audit({"system", "upgrade", "service", "", now, {}, 0});
  });
}

void AdminService::History(std::string range, admin::Reply<admin::HistoryTable> reply) {
  const auto* wanted = api::FindHistoryRange(range);
  if (wanted == nullptr) return reply(Invalid("range: 1h, 24h, 7d or 90d"));
  const auto places = api::PlacesOf(*wanted, r_.clock.Wall());
  Ask<admin::HistoryTable>(std::move(reply),
                           [places](journal::Search& search) -> Result<admin::HistoryTable> {
                             auto found = search.History(places);
                             if (!found.ok()) return std::move(found).status();
                             admin::HistoryTable table = api::TableOf(*found);
                             for (const auto& act : UpgradesIn(search))
                               table.upgrades.push_back(act.at);
                             return table;
                           });
}

std::vector<admin::LogLine> AdminService::Log(std::string level, size_t limit) {
  std::vector<admin::LogLine> lines;
  for (log::Line& line : log::Recent(LevelNamed(level), limit)) {
    lines.push_back({line.at, WordOf(line.level), std::move(line.text)});
  }
  return lines;
}

admin::SystemFacts AdminService::System() {
  const monitor::Snapshot now = r_.take_snapshot();
  admin::SystemFacts facts;
  facts.facts = {{"version", now.version},
                 {"host", now.host},
                 {"store_id", now.journal.store_id},
                 {"stream", now.journal.stream},
                 {"started_at", event::UtcStamp(now.started_at)},
                 {"now", event::UtcStamp(now.now)},
                 {"journal_bytes", std::to_string(now.journal.journal_bytes)},
                 {"disk_free_bytes", std::to_string(now.journal.disk_free_bytes)},
                 {"certificate_fingerprint", r_.fingerprint}};
  if (now.journal.disk_days_left >= 0) {
    facts.facts.emplace_back("disk_days_left", fmt::format("{:.1f}", now.journal.disk_days_left));
  }
  for (const auto& pulse : r_.heartbeat.pulses()) {
    const auto ms = [](Duration time) {
      return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
    };
    facts.threads.push_back({pulse.name(), ms(pulse.Silence(r_.clock.Now())), ms(pulse.budget())});
  }
  for (const SettingValue& value : r_.config.effective) {
    facts.settings.push_back({value.key, config::ShownValue(value), value.file});
  }
  return facts;
}

// Texts only, each line searched for card numbers; no event, no document, no secret.
void AdminService::SupportBundle(admin::Reply<std::string> reply) {
  Ask<std::string>(std::move(reply), [this](journal::Search& search) -> Result<std::string> {
    const monitor::Snapshot now = r_.take_snapshot();
    NamedTexts files = {{"status.json", monitor::StatusJson(now)},
                        {"metrics.txt", api::MetricsText(now)},
                        {"system.json", api::SystemJson(System())},
                        {"registers.json", api::RegistersJson(Registers())}};
    std::string lines;
    for (const auto& line : Log("info", kBundleLines)) {
      lines += event::UtcStamp(line.at) + " " + line.level + " " + line.text + "\n";
    }
    files.emplace_back("log.txt", std::move(lines));
    auto history = search.History(api::PlacesOf(*api::FindHistoryRange("24h"), r_.clock.Wall()));
    if (history.ok()) {
      files.emplace_back("history.json", api::HistoryJson(api::TableOf(*history)));
    }
    if (auto acts = search.Audit(0, kBundleActs); acts.ok()) {
      files.emplace_back("audit.json", api::AuditJson(*acts));
    }
    std::string reasons;
    auto kept = search.Quarantined(0, kBundleDocuments, false);
    for (const auto& row : kept.ok() ? *kept : std::vector<journal::QuarantineRow>()) {
      reasons += fmt::format("ticket {} {} {} {} seen {}\n", row.ticket,
                             event::UtcStamp(row.created_at), row.reason, row.field, row.seen);
    }
    files.emplace_back("quarantine.txt", std::move(reasons));
    for (auto& [name, text] : files) text = Scrubbed(text);
    return TarGz(files, r_.clock.Wall());
  });
}

std::vector<admin::LifeStep> AdminService::LifeOf(const admin::EventRow& row, bool is_current,
                                                  journal::Search& search) const {
  using Kind = monitor::WatermarkTimes::Kind;
  std::vector<admin::LifeStep> life = {{{}, "captured", row.time}};
  auto resolved = search.AuditNaming(row.id, kLifeTickets);
  for (const auto& act : resolved.ok() ? *resolved : std::vector<journal::AuditRow>()) {
    life.push_back({act.at, act.action == "quarantine-resubmit" ? "corrected" : "released",
                    TicketDetail(act)});
  }
  life.push_back({row.recorded_at, "stored", ""});
  const struct {
    const char* step;
    Kind kind;
    bool reached;
  } steps[] = {{"sent", Kind::kSent, row.state != "waiting"},
               {"acked", Kind::kAcked, row.state == "acked" || row.state == "confirmed"},
               {"confirmed", Kind::kConfirmed, row.state == "confirmed"}};
  for (const auto& [step, kind, reached] : steps) {
    if (!reached) break;
    life.push_back({r_.watermark_times.When(kind, row.stream, row.sequence), step, ""});
  }
  auto acts = search.Audit(0, kLifeActs);
  for (const auto& act : acts.ok() ? *acts : std::vector<journal::AuditRow>()) {
    if (act.action != "replay" || !Covers(act.subject, row, is_current)) continue;
    life.push_back({act.at, "replayed", act.actor});
  }
  return life;
}

}  // namespace tillrelay
