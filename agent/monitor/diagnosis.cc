#include "agent/monitor/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "agent/monitor/strings.h"

namespace tillrelay::monitor {
namespace {

using std::chrono::seconds;
using uplink::LinkCause;
using uplink::LinkPhase;

constexpr seconds kFresh{60};          // an event this young is on its way, not waiting
constexpr seconds kSayAge{20 * 3600};  // older than that a clock face alone would mislead
constexpr int kCertificateAmber = 21, kCertificateRed = 7;  // days
constexpr seconds kClockAmber{120};                         // apart from head office
constexpr double kLeastRate = 0.01;                         // events a second that count as moving

seconds Age(const Snapshot& s, WallTime since) {
  return std::max(seconds(0), std::chrono::floor<seconds>(s.now - since));
}

bool IsSet(WallTime time) { return time != WallTime(); }

std::string Count(uint64_t number, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", Thousands(number), number == 1 ? one : many);
}
// Words from another room as a sentence of its own.
std::string Sentence(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 32);
  if (!text.empty() && text.back() != '.') text += '.';
  return text;
}

class Diagnosis {
 public:
  Diagnosis(const Snapshot& snapshot, const TimeText& time_text)
      : s_(snapshot), j_(snapshot.journal), u_(snapshot.uplink), time_text_(time_text) {}

  Verdict Run() {
    EstimateDrain();
    Assess();
    FindIssues();
    Finish();
    return std::move(v_);
  }

 private:
  std::string When(WallTime time) const {
    if (!IsSet(time)) return "the start";
    if (Age(s_, time) < kSayAge) return time_text_(time);
    return AgeText(Age(s_, time)) + " ago";
  }
  std::string WaitingText() const {
    if (j_.waiting == 0 && !s_.parked.empty()) {
      return fmt::format(strings::kBodiesWait, EventsText(s_.parked.size()));
    }
    if (j_.waiting == 0) return std::string(strings::kNoneWaiting);
    return fmt::format(strings::kWaiting, EventsText(j_.waiting), When(j_.oldest_waiting_at));
  }
  void Set(std::string_view state, Level level, std::string_view cause) {
    v_.state = state;
    v_.level = level;
    v_.cause = cause;
  }
  void Step(std::string_view step) { v_.steps.emplace_back(step); }

  // The first of these that holds is the verdict.
  void Assess() {
    if (!j_.poisoned.empty()) return Poisoned();
    if (!s_.configured) return Unconfigured();
    if (!j_.busy.empty()) return Busy();
    if (!j_.refusing.empty()) return Refusing();
    if (!u_.alarm.empty() || u_.phase == LinkPhase::kStopped) return Alarm();
    switch (u_.phase) {
      case LinkPhase::kUnconfigured:
        return NoBroker();
      case LinkPhase::kPaused:
        return Paused();
      case LinkPhase::kWaiting:
      case LinkPhase::kConnecting:
        return Unreachable();
      case LinkPhase::kOnline:
      case LinkPhase::kStopped:
        return Online();
    }
  }

  void Poisoned() {
    Set("refusing", Level::kRed, "journal");
    v_.headline = strings::kPoisoned;
    v_.reason = Sentence(j_.poisoned);
    v_.safe = strings::kSafePoisoned;
    Step(strings::kStepRestart);
    Step(strings::kStepDiskHealth);
  }

  void Unconfigured() {
    Set("unconfigured", Level::kAmber, "not-configured");
    v_.headline = strings::kUnconfigured;
    v_.reason = strings::kReasonUnconfigured;
    v_.safe = strings::kSafeUnconfigured;
    Step(strings::kStepSetup);
  }

  void Refusing() {
    Set("refusing", Level::kRed, "disk");
    v_.headline = strings::kRefusing;
    v_.reason = Sentence(j_.refusing);
    v_.safe = strings::kSafeRefusing;
    Step(strings::kStepSpace);
    if (j_.waiting > 0 && u_.phase != LinkPhase::kOnline) Step(strings::kStepDeliver);
  }

  void Busy() {
    Set("refusing", Level::kAmber, "journal-busy");
    v_.headline = strings::kBusy;
    v_.reason = strings::kReasonBusy;
    v_.safe = strings::kSafeRefusing;
    Step(strings::kStepBusy);
  }

  void Alarm() {
    const bool stopped = u_.phase != LinkPhase::kOnline;
    Set(u_.phase == LinkPhase::kStopped ? "paused"
        : stopped                       ? "offline"
                                        : "online",
        Level::kRed, "alarm");
    v_.headline = stopped ? strings::kAlarm : strings::kAlarmOnline;
    v_.reason = Sentence(u_.alarm.empty() ? std::string(strings::kNoDetail) : u_.alarm);
    Step(strings::kStepTwoServers);
    if (stopped) Step(strings::kStepAlarmResume);
  }

  void NoBroker() {
    Set("offline", Level::kAmber, "no-broker");
    v_.headline = fmt::format(strings::kNoBroker, WaitingText());
    v_.reason = strings::kReasonNoBroker;
    Step(strings::kStepBroker);
  }

  void Paused() {
    Set("paused", Level::kAmber, "paused");
    v_.headline = fmt::format(strings::kPaused, WaitingText(), When(u_.state_since));
    v_.reason = strings::kReasonPaused;
    Step(strings::kStepResume);
  }

  void Unreachable() {
    const bool at_start = u_.cause == LinkCause::kNone;
    const bool ended = u_.cause == LinkCause::kSilent || u_.cause == LinkCause::kLost;
    Set("offline", Level::kAmber, "connecting");
    if (ended && Stuck()) return;
    if (at_start) {
      v_.headline = fmt::format(strings::kConnecting, WaitingText());
    } else {
      v_.headline = fmt::format(strings::kUnreachable, WaitingText(), When(DownSince()));
      ExplainCause();
    }
    v_.reason += v_.reason.empty() ? "" : " ";
    v_.reason += NextTry();
  }

  // Does not heal by itself.
  bool Stuck() {
    if (u_.stuck_bytes == 0 || j_.waiting == 0) return false;
    v_.level = Level::kRed;
    v_.cause = "large-messages";
    v_.headline = fmt::format(strings::kStuck, WaitingText(), Thousands(u_.stuck_bytes));
    v_.reason = strings::kReasonStuck;
    Step(strings::kStepStuck);
    Step(fmt::format(strings::kStepDoctor, u_.broker));
    return true;
  }

  WallTime DownSince() const { return IsSet(u_.state_since) ? u_.state_since : s_.started_at; }

  std::string NextTry() const {
    if (!IsSet(u_.next_try_at) || u_.next_try_at <= s_.now) return std::string(strings::kTrying);
    const auto left = std::chrono::ceil<seconds>(u_.next_try_at - s_.now);
    return fmt::format(strings::kNextTry, AgeText(left));
  }

  // Whose clock or certificate it is.
  std::string_view TlsStep() const {
    return u_.last_error.find("expired") != std::string::npos ? strings::kStepBrokerExpired
                                                              : strings::kStepClock;
  }

  struct CauseRow {
    LinkCause cause;
    std::string_view word;
    Level level;
    fmt::string_view reason;
    std::vector<std::string_view> steps;
  };

  void ExplainCause() {
    // What does not heal by itself is red.
    const std::vector<CauseRow> rows = {
        {LinkCause::kName,
         "broker-name",
         Level::kAmber,
         strings::kReasonName,
         {strings::kStepRouter, strings::kStepDns}},
        {LinkCause::kTcp,
         "broker-tcp",
         Level::kAmber,
         strings::kReasonTcp,
         {strings::kStepRouter, strings::kStepFirewall}},
        {LinkCause::kTls,
         "broker-tls",
         Level::kRed,
         strings::kReasonTls,
         {TlsStep(), strings::kStepBrokerCertificate}},
        {LinkCause::kLogin,
         "broker-login",
         Level::kRed,
         strings::kReasonLogin,
         {strings::kStepLogin, strings::kStepDoctor}},
        {LinkCause::kRights,
         "broker-rights",
         Level::kRed,
         strings::kReasonRights,
         {strings::kStepRights, strings::kStepDoctor}},
        {LinkCause::kLost,
         "broker-lost",
         Level::kAmber,
         strings::kReasonLost,
         {strings::kStepRouter, strings::kStepFirewall}},
        {LinkCause::kTakeOver,
         "take-over",
         Level::kRed,
         strings::kReasonTakeOver,
         {strings::kStepTwoServers}},
        {LinkCause::kSilent,
         "broker-silent",
         Level::kAmber,
         strings::kReasonSilent,
         {strings::kStepDoctor}},
        {LinkCause::kSettings,
         "broker-settings",
         Level::kRed,
         strings::kReasonSettings,
         {strings::kStepSettings}},
        {LinkCause::kOther,
         "broker-other",
         Level::kAmber,
         strings::kReasonOther,
         {strings::kStepDoctor}},
    };
    const std::string detail =
        u_.last_error.empty() ? std::string(strings::kNoDetail) : u_.last_error;
    for (const CauseRow& row : rows) {
      if (row.cause != u_.cause) continue;
      v_.cause = row.word;
      v_.level = row.level;
      v_.reason = fmt::format(fmt::runtime(row.reason), detail);
      for (const std::string_view step : row.steps) {
        Step(fmt::format(fmt::runtime(fmt::string_view(step)), u_.broker));
      }
    }
  }

  // At the rate of the last minute; what comes in meanwhile has to be delivered too.
  void EstimateDrain() {
    const double net = s_.rates.delivered_per_s - std::max(0.0, s_.rates.stored_per_s);
    if (j_.waiting == 0 || u_.phase != LinkPhase::kOnline || net < kLeastRate) return;
    v_.drain_s = static_cast<int64_t>(static_cast<double>(j_.waiting) / net) + 1;
  }

  void Online() {
    Set("online", Level::kGreen, "delivered");
    const bool old_waits = j_.waiting > 0 && Age(s_, j_.oldest_waiting_at) >= kFresh;
    if (Stuck()) return;
    if (u_.never_confirmed && !s_.by_broker() && j_.waiting > 0) return NeverConfirmed();
    if (u_.cause == LinkCause::kSilent || (u_.centre_away && !s_.by_broker() && j_.waiting > 0)) {
      return Unconfirmed();
    }
    if (u_.fell_back && s_.by_broker() && j_.waiting > 0) return FellBack();
    if (old_waits) {
      Set("online", Level::kAmber, "draining");
      if (v_.drain_s)
        v_.reason = fmt::format(strings::kReasonDraining, AgeText(seconds(*v_.drain_s)));
      v_.headline =
          fmt::format(strings::kDraining, EventsText(j_.waiting), When(j_.oldest_waiting_at));
    } else if (j_.waiting > 0) {
      v_.headline = fmt::format(strings::kOnTheirWay, EventsText(j_.waiting));
    } else if (j_.head == 0) {
      v_.headline = strings::kNothingYet;
    } else {
      v_.headline = s_.by_broker() ? fmt::format(strings::kDeliveredBroker, EventsText(j_.head))
                                   : fmt::format(strings::kDelivered, EventsText(j_.head));
    }
    if (s_.by_broker()) {
      v_.reason += v_.reason.empty() ? "" : " ";
      v_.reason += strings::kReasonBroker;
      if (!u_.gives_reasons) (v_.reason += " ") += strings::kReasonNoReasons;
    }
    if (!old_waits) v_.safe = strings::kSafeDelivered;
  }

  void NeverConfirmed() {
    Set("online", Level::kAmber, "no-confirmation");
    v_.headline = fmt::format(strings::kUnconfirmed, WaitingText(), When(u_.last_confirmed_at));
    v_.reason = strings::kReasonNeverConfirmed;
    Step(strings::kStepReadConfirm);
  }

  void FellBack() {
    Set("online", Level::kAmber, "mqtt-3.1.1");
    v_.headline = fmt::format(strings::kUnconfirmed, WaitingText(), When(u_.last_confirmed_at));
    v_.reason = strings::kReasonFellBack;
    Step(strings::kStepFellBack);
  }

  void Unconfirmed() {
    Set("online", Level::kAmber, "not-confirmed");
    v_.headline = fmt::format(strings::kUnconfirmed, WaitingText(), When(u_.last_confirmed_at));
    if (u_.cause == LinkCause::kSilent) {
      ExplainCause();
    } else {
      v_.cause = "centre-away";
      v_.reason = strings::kReasonAway;
      Step(strings::kStepCollector);
    }
  }

  void Add(Issue issue, std::string_view step = "") {
    v_.issues.push_back(std::move(issue));
    if (!step.empty()) Step(step);
  }

  void FindIssues() {
    const capture::CaptureStats& c = s_.capture;
    if (!u_.alarm.empty()) {
      Add({Level::kRed, std::string(strings::kIssueAlarm), u_.alarm, "/delivery"});
    }
    if (!c.drop_folder_error.empty()) {
      Add({Level::kRed, std::string(strings::kIssueDropFolder), c.drop_folder_error, "/system"},
          strings::kStepDropFolder);
    }
    if (j_.disk_days_left >= 0 && j_.disk_days_left < kDiskAmberDays) {
      Add({j_.disk_days_left < kDiskRedDays ? Level::kRed : Level::kAmber,
           std::string(strings::kIssueDisk), DiskText(), "/system"},
          v_.cause == "disk" ? std::string_view() : strings::kStepSpace);
    }
    if (j_.retention_cut_short) {
      Add({Level::kAmber, std::string(strings::kIssueCutShort),
           fmt::format(strings::kIssueCutShortDetail, When(j_.oldest_kept_at)), "/system"},
          v_.cause == "disk" ? std::string_view() : strings::kStepSpace);
    }
    RepairIssue();
    LossIssue();
    UnknownStreamIssue();
    if (!s_.parked.empty()) {
      Add({Level::kAmber, fmt::format(strings::kIssueOwed, EventsText(s_.parked.size())),
           std::string(strings::kIssueOwedDetail), "/delivery"},
          strings::kStepOwed);
    }
    if (u_.unapplied > 0) {
      Add({Level::kAmber, fmt::format(strings::kIssueUnapplied, EventsText(u_.unapplied)),
           fmt::format(strings::kIssueUnappliedDetail, u_.unapplied_numbers), "/delivery"},
          strings::kStepUnapplied);
    }
    if (j_.quarantined > 0) {
      Add({Level::kAmber,
           fmt::format(strings::kIssueQuarantine, Count(j_.quarantined, "document", "documents")),
           std::string(strings::kIssueQuarantineDetail), "/quarantine"},
          strings::kStepQuarantine);
    }
    if (c.files_unreadable > 0) {
      Add({Level::kAmber,
           fmt::format(strings::kIssueUnreadable, Count(c.files_unreadable, "file", "files")),
           std::string(strings::kIssueUnreadableDetail), "/system"},
          strings::kStepDropFolder);
    }
    for (const CertificateRow& row : s_.certificates) CertificateIssue(row);
    ClockIssue();
    SharedCounter();
    for (const reconcile::RegisterRow& row : s_.registers) RegisterIssues(row);
    std::stable_sort(v_.issues.begin(), v_.issues.end(),
                     [](const Issue& a, const Issue& b) { return a.level > b.level; });
  }

  void RepairIssue() {
    if (j_.salvaged.empty()) return;
    const std::string what = Sentence(j_.salvaged);
    const std::string bare = what.substr(0, what.find_last_not_of('.') + 1);
    Add({Level::kAmber, std::string(strings::kIssueRepaired),
         j_.taking_over == 0 ? fmt::format(strings::kIssueRepairedDetail, bare)
                             : fmt::format(strings::kIssueTakingOver, bare,
                                           EventsText(j_.taking_over), j_.taking_over_file),
         "/system"},
        strings::kStepRepaired);
  }
  void LossIssue() {
    if (s_.lost.empty()) return;
    uint64_t lost = 0;
    bool open = false;
    for (const LostRange& range : s_.lost) {
      lost += range.through - range.from + 1;
      open = open || range.open;
    }
    const std::string title = lost == 0 ? std::string(strings::kIssueLostUnknown)
                                        : fmt::format(strings::kIssueLost, EventsText(lost));
    Add({Level::kRed, title,
         std::string(open ? strings::kIssueLostOpenDetail : strings::kIssueLostDetail),
         "/delivery"},
        strings::kStepLost);
  }

  // The last witness: nothing here knows of the journal that was.
  void UnknownStreamIssue() {
    if (s_.unknown_streams.empty()) return;
    const uplink::UnknownStream& first = s_.unknown_streams.front();
    const size_t more = s_.unknown_streams.size() - 1;
    std::string detail =
        fmt::format(strings::kIssueUnknownStreamDetail, first.stream, Thousands(first.through));
    if (more > 0) detail += fmt::format(strings::kIssueUnknownStreamMore, more);
    Add({Level::kRed, std::string(strings::kIssueUnknownStream), std::move(detail), "/delivery"},
        strings::kStepUnknownStream);
  }

  void CertificateIssue(const CertificateRow& row) {
    if (!IsSet(row.not_after)) return;
    const auto days = std::chrono::floor<std::chrono::days>(row.not_after - s_.now).count();
    if (days >= kCertificateAmber) return;
    const bool expired = row.not_after <= s_.now;
    Add({expired || days < kCertificateRed ? Level::kRed : Level::kAmber,
         expired ? std::string(strings::kIssueExpired)
                 : fmt::format(strings::kIssueExpires,
                               Count(static_cast<uint64_t>(days), "day", "days")),
         row.name, "/delivery"},
        row.name == kOwnCertificate ? strings::kStepOwnCertificate : strings::kStepCertificate);
  }

  void ClockIssue() {
    const auto ahead = u_.centre_clock_ahead;
    if (ahead >= -kClockAmber && ahead <= kClockAmber) return;
    const seconds by = std::chrono::abs(std::chrono::duration_cast<seconds>(ahead));
    Add({Level::kAmber, std::string(strings::kIssueClock),
         fmt::format(fmt::runtime(ahead.count() > 0 ? strings::kIssueClockBehind
                                                    : strings::kIssueClockAhead),
                     AgeText(by)),
         "/system"},
        strings::kStepClockSource);
  }

  void SharedCounter() {
    const auto row = std::find_if(s_.registers.begin(), s_.registers.end(),
                                  [](const auto& r) { return r.shares_counter; });
    if (row == s_.registers.end()) return;
    Add({Level::kAmber, std::string(strings::kIssueShared),
         fmt::format(strings::kIssueSharedDetail, row->business_day), "/registers"},
        strings::kStepShared);
  }

  void RegisterIssues(const reconcile::RegisterRow& row) {
    if (row.silent) {
      Add({Level::kAmber, fmt::format(strings::kIssueSilent, row.register_id),
           fmt::format(strings::kIssueSilentDetail, AgeText(seconds(row.silent_for_s))),
           "/registers"},
          strings::kStepSilent);
    }
    if (row.result == "gaps") {
      Add({Level::kAmber, fmt::format(strings::kIssueGaps, row.register_id),
           fmt::format(strings::kIssueGapsDetail, row.business_day, row.gaps), "/days"},
          strings::kStepDay);
    } else if (row.result == "mismatch") {
      Add({Level::kAmber, fmt::format(strings::kIssueMismatch, row.register_id),
           fmt::format(strings::kIssueMismatchDetail, row.business_day), "/days"},
          strings::kStepDay);
    }
  }

  std::string DiskText() const {
    const auto days = static_cast<uint64_t>(std::max(0.0, j_.disk_days_left));
    return days == 0 ? std::string(strings::kDiskOne) : fmt::format(strings::kDisk, days);
  }

  // A green verdict with open issues is not green; the words that several situations share.
  void Finish() {
    if (!v_.issues.empty() && v_.level == Level::kGreen) {
      v_.cause = "needs-a-person";
      // One thing is named; of several only the number.
      v_.headline +=
          " " + (v_.issues.size() == 1 ? Sentence(v_.issues[0].title)
                                       : fmt::format(strings::kHeadlineIssues, v_.issues.size()));
      v_.safe = strings::kSafeIssues;
    }
    for (const Issue& issue : v_.issues) v_.level = std::max(v_.level, issue.level);
    v_.steps.erase(Unique(v_.steps), v_.steps.end());
    if (v_.steps.empty() && v_.level != Level::kGreen) Step(strings::kStepNothing);
    const bool knows_days = j_.disk_days_left >= 1;
    if (v_.safe.empty()) {
      v_.safe = knows_days
                    ? fmt::format(strings::kSafeDays, static_cast<uint64_t>(j_.disk_days_left))
                    : std::string(strings::kSafe);
    }
    // No word of safety beside a loss.
    const bool lost = !s_.lost.empty() || !s_.unknown_streams.empty();
    if (lost && v_.safe != strings::kSafeIssues) v_.safe = strings::kSafeButLost;
    v_.sentence = v_.headline;
    if (!v_.reason.empty()) v_.sentence += " " + v_.reason;
    if (j_.disk_days_left >= 0 && v_.state != "online") v_.sentence += " " + DiskText();
  }

  static std::vector<std::string>::iterator Unique(std::vector<std::string>& steps) {
    auto end = steps.begin();
    for (auto it = steps.begin(); it != steps.end(); ++it) {
      if (std::find(steps.begin(), end, *it) != end) continue;
      if (end != it) *end = std::move(*it);
      ++end;
    }
    return end;
  }

  const Snapshot& s_;
  const journal::JournalStats& j_;
  const uplink::UplinkStats& u_;
  const TimeText& time_text_;
  Verdict v_;
};

}  // namespace

std::string UtcTimeText(WallTime time) {
  const auto minutes = std::chrono::floor<std::chrono::minutes>(time.time_since_epoch()).count();
  const auto of_day = ((minutes % 1440) + 1440) % 1440;
  return fmt::format("{:02}:{:02}Z", of_day / 60, of_day % 60);
}

std::string EventsText(uint64_t number) { return Count(number, "event", "events"); }

Verdict Diagnose(const Snapshot& snapshot, const TimeText& time_text) {
  return Diagnosis(snapshot, time_text).Run();
}

std::optional<std::string_view> IntakeRefusal(const Snapshot& snapshot) {
  if (!snapshot.journal.poisoned.empty()) return "journal";
  if (!snapshot.configured) return "not-configured";
  if (!snapshot.journal.busy.empty()) return "journal-busy";
  if (!snapshot.journal.refusing.empty()) return "disk";
  return std::nullopt;
}

}  // namespace tillrelay::monitor
