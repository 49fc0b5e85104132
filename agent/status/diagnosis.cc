#include "agent/status/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "agent/status/words.h"

namespace tillrelay::status {
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
    Judge();
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
      return fmt::format(words::kBodiesWait, EventsText(s_.parked.size()));
    }
    if (j_.waiting == 0) return std::string(words::kNoneWaiting);
    return fmt::format(words::kWaiting, EventsText(j_.waiting), When(j_.oldest_waiting_at));
  }
  void Set(std::string_view state, Level level, std::string_view cause) {
    v_.state = state;
    v_.level = level;
    v_.cause = cause;
  }
  void Step(std::string_view step) { v_.steps.emplace_back(step); }

  // The first of these that holds is the verdict.
  void Judge() {
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
    v_.headline = words::kPoisoned;
    v_.reason = Sentence(j_.poisoned);
    v_.safe = words::kSafePoisoned;
    Step(words::kStepRestart);
    Step(words::kStepDiskHealth);
  }

  void Unconfigured() {
    Set("unconfigured", Level::kAmber, "not-configured");
    v_.headline = words::kUnconfigured;
    v_.reason = words::kReasonUnconfigured;
    v_.safe = words::kSafeUnconfigured;
    Step(words::kStepSetup);
  }

  void Refusing() {
    Set("refusing", Level::kRed, "disk");
    v_.headline = words::kRefusing;
    v_.reason = Sentence(j_.refusing);
    v_.safe = words::kSafeRefusing;
    Step(words::kStepSpace);
    if (j_.waiting > 0 && u_.phase != LinkPhase::kOnline) Step(words::kStepDeliver);
  }

  void Busy() {
    Set("refusing", Level::kAmber, "journal-busy");
    v_.headline = words::kBusy;
    v_.reason = words::kReasonBusy;
    v_.safe = words::kSafeRefusing;
    Step(words::kStepBusy);
  }

  void Alarm() {
    const bool stopped = u_.phase != LinkPhase::kOnline;
    Set(u_.phase == LinkPhase::kStopped ? "paused"
        : stopped                       ? "offline"
                                        : "online",
        Level::kRed, "alarm");
    v_.headline = stopped ? words::kAlarm : words::kAlarmOnline;
    v_.reason = Sentence(u_.alarm.empty() ? std::string(words::kNoDetail) : u_.alarm);
    Step(words::kStepTwoServers);
    if (stopped) Step(words::kStepAlarmResume);
  }

  void NoBroker() {
    Set("offline", Level::kAmber, "no-broker");
    v_.headline = fmt::format(words::kNoBroker, WaitingText());
    v_.reason = words::kReasonNoBroker;
    Step(words::kStepBroker);
  }

  void Paused() {
    Set("paused", Level::kAmber, "paused");
    v_.headline = fmt::format(words::kPaused, WaitingText(), When(u_.state_since));
    v_.reason = words::kReasonPaused;
    Step(words::kStepResume);
  }

  void Unreachable() {
    const bool at_start = u_.cause == LinkCause::kNone;
    const bool ended = u_.cause == LinkCause::kSilent || u_.cause == LinkCause::kLost;
    Set("offline", Level::kAmber, "connecting");
    if (ended && Stuck()) return;
    if (at_start) {
      v_.headline = fmt::format(words::kConnecting, WaitingText());
    } else {
      v_.headline = fmt::format(words::kUnreachable, WaitingText(), When(DownSince()));
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
    v_.headline = fmt::format(words::kStuck, WaitingText(), Thousands(u_.stuck_bytes));
    v_.reason = words::kReasonStuck;
    Step(words::kStepStuck);
    Step(fmt::format(words::kStepDoctor, u_.broker));
    return true;
  }

  WallTime DownSince() const { return IsSet(u_.state_since) ? u_.state_since : s_.started_at; }

  std::string NextTry() const {
    if (!IsSet(u_.next_try_at) || u_.next_try_at <= s_.now) return std::string(words::kTrying);
    const auto left = std::chrono::ceil<seconds>(u_.next_try_at - s_.now);
    return fmt::format(words::kNextTry, AgeText(left));
  }

  // Whose clock or certificate it is.
  std::string_view TlsStep() const {
    return u_.last_error.find("expired") != std::string::npos ? words::kStepBrokerExpired
                                                              : words::kStepClock;
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
         words::kReasonName,
         {words::kStepRouter, words::kStepDns}},
        {LinkCause::kTcp,
         "broker-tcp",
         Level::kAmber,
         words::kReasonTcp,
         {words::kStepRouter, words::kStepFirewall}},
        {LinkCause::kTls,
         "broker-tls",
         Level::kRed,
         words::kReasonTls,
         {TlsStep(), words::kStepBrokerCertificate}},
        {LinkCause::kLogin,
         "broker-login",
         Level::kRed,
         words::kReasonLogin,
         {words::kStepLogin, words::kStepDoctor}},
        {LinkCause::kRights,
         "broker-rights",
         Level::kRed,
         words::kReasonRights,
         {words::kStepRights, words::kStepDoctor}},
        {LinkCause::kLost,
         "broker-lost",
         Level::kAmber,
         words::kReasonLost,
         {words::kStepRouter, words::kStepFirewall}},
        {LinkCause::kTakeOver,
         "take-over",
         Level::kRed,
         words::kReasonTakeOver,
         {words::kStepTwoServers}},
        {LinkCause::kSilent,
         "broker-silent",
         Level::kAmber,
         words::kReasonSilent,
         {words::kStepDoctor}},
        {LinkCause::kSettings,
         "broker-settings",
         Level::kRed,
         words::kReasonSettings,
         {words::kStepSettings}},
        {LinkCause::kOther,
         "broker-other",
         Level::kAmber,
         words::kReasonOther,
         {words::kStepDoctor}},
    };
    const std::string detail =
        u_.last_error.empty() ? std::string(words::kNoDetail) : u_.last_error;
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
        v_.reason = fmt::format(words::kReasonDraining, AgeText(seconds(*v_.drain_s)));
      v_.headline =
          fmt::format(words::kDraining, EventsText(j_.waiting), When(j_.oldest_waiting_at));
    } else if (j_.waiting > 0) {
      v_.headline = fmt::format(words::kOnTheirWay, EventsText(j_.waiting));
    } else if (j_.head == 0) {
      v_.headline = words::kNothingYet;
    } else {
      v_.headline = s_.by_broker() ? fmt::format(words::kDeliveredBroker, Thousands(j_.head))
                                   : fmt::format(words::kDelivered, Thousands(j_.head));
    }
    if (s_.by_broker()) {
      v_.reason += v_.reason.empty() ? "" : " ";
      v_.reason += words::kReasonBroker;
      if (!u_.gives_reasons) (v_.reason += " ") += words::kReasonNoReasons;
    }
    if (!old_waits) v_.safe = words::kSafeDelivered;
  }

  void NeverConfirmed() {
    Set("online", Level::kAmber, "no-confirmation");
    v_.headline = fmt::format(words::kUnconfirmed, WaitingText(), When(u_.last_confirmed_at));
    v_.reason = words::kReasonNeverConfirmed;
    Step(words::kStepReadConfirm);
  }

  void FellBack() {
    Set("online", Level::kAmber, "mqtt-3.1.1");
    v_.headline = fmt::format(words::kUnconfirmed, WaitingText(), When(u_.last_confirmed_at));
    v_.reason = words::kReasonFellBack;
    Step(words::kStepFellBack);
  }

  void Unconfirmed() {
    Set("online", Level::kAmber, "not-confirmed");
    v_.headline = fmt::format(words::kUnconfirmed, WaitingText(), When(u_.last_confirmed_at));
    if (u_.cause == LinkCause::kSilent) {
      ExplainCause();
    } else {
      v_.cause = "centre-away";
      v_.reason = words::kReasonAway;
      Step(words::kStepCollector);
    }
  }

  void Add(Issue issue, std::string_view step = "") {
    v_.issues.push_back(std::move(issue));
    if (!step.empty()) Step(step);
  }

  void FindIssues() {
    const capture::CaptureStats& c = s_.capture;
    if (!u_.alarm.empty()) {
      Add({Level::kRed, std::string(words::kIssueAlarm), u_.alarm, "/delivery"});
    }
    if (!c.drop_folder_error.empty()) {
      Add({Level::kRed, std::string(words::kIssueDropFolder), c.drop_folder_error, "/system"},
          words::kStepDropFolder);
    }
    if (j_.disk_days_left >= 0 && j_.disk_days_left < kDiskAmberDays) {
      Add({j_.disk_days_left < kDiskRedDays ? Level::kRed : Level::kAmber,
           std::string(words::kIssueDisk), DiskText(), "/system"},
          v_.cause == "disk" ? std::string_view() : words::kStepSpace);
    }
    if (j_.retention_cut_short) {
      Add({Level::kAmber, std::string(words::kIssueCutShort),
           fmt::format(words::kIssueCutShortDetail, When(j_.oldest_kept_at)), "/system"},
          v_.cause == "disk" ? std::string_view() : words::kStepSpace);
    }
    RepairIssue();
    LossIssue();
    UnknownStreamIssue();
    if (!s_.parked.empty()) {
      Add({Level::kAmber, fmt::format(words::kIssueOwed, EventsText(s_.parked.size())),
           std::string(words::kIssueOwedDetail), "/delivery"},
          words::kStepOwed);
    }
    if (u_.unapplied > 0) {
      Add({Level::kAmber, fmt::format(words::kIssueUnapplied, EventsText(u_.unapplied)),
           fmt::format(words::kIssueUnappliedDetail, u_.unapplied_numbers), "/delivery"},
          words::kStepUnapplied);
    }
    if (j_.quarantined > 0) {
      Add({Level::kAmber,
           fmt::format(words::kIssueQuarantine, Count(j_.quarantined, "document", "documents")),
           std::string(words::kIssueQuarantineDetail), "/quarantine"},
          words::kStepQuarantine);
    }
    if (c.files_unreadable > 0) {
      Add({Level::kAmber,
           fmt::format(words::kIssueUnreadable, Count(c.files_unreadable, "file", "files")),
           std::string(words::kIssueUnreadableDetail), "/system"},
          words::kStepDropFolder);
    }
    for (const CertificateRow& row : s_.certificates) CertificateIssue(row);
    ClockIssue();
    SharedCounter();
    for (const books::RegisterRow& row : s_.registers) RegisterIssues(row);
    std::stable_sort(v_.issues.begin(), v_.issues.end(),
                     [](const Issue& a, const Issue& b) { return a.level > b.level; });
  }

  void RepairIssue() {
    if (j_.salvaged.empty()) return;
    const std::string what = Sentence(j_.salvaged);
    const std::string bare = what.substr(0, what.find_last_not_of('.') + 1);
    Add({Level::kAmber, std::string(words::kIssueRepaired),
         j_.taking_over == 0 ? fmt::format(words::kIssueRepairedDetail, bare)
                             : fmt::format(words::kIssueTakingOver, bare,
                                           EventsText(j_.taking_over), j_.taking_over_file),
         "/system"},
        words::kStepRepaired);
  }
  void LossIssue() {
    if (s_.lost.empty()) return;
    uint64_t lost = 0;
    bool open = false;
    for (const LostRange& range : s_.lost) {
      lost += range.through - range.from + 1;
      open = open || range.open;
    }
    const std::string title = lost == 0 ? std::string(words::kIssueLostUnknown)
                                        : fmt::format(words::kIssueLost, EventsText(lost));
    Add({Level::kRed, title,
         std::string(open ? words::kIssueLostOpenDetail : words::kIssueLostDetail), "/delivery"},
        words::kStepLost);
  }

  // The last witness: nothing here knows of the journal that was.
  void UnknownStreamIssue() {
    if (s_.unknown_streams.empty()) return;
    const uplink::UnknownStream& first = s_.unknown_streams.front();
    const size_t more = s_.unknown_streams.size() - 1;
    std::string detail =
        fmt::format(words::kIssueUnknownStreamDetail, first.stream, Thousands(first.through));
    if (more > 0) detail += fmt::format(words::kIssueUnknownStreamMore, more);
    Add({Level::kRed, std::string(words::kIssueUnknownStream), std::move(detail), "/delivery"},
        words::kStepUnknownStream);
  }

  void CertificateIssue(const CertificateRow& row) {
    if (!IsSet(row.not_after)) return;
    const auto days = std::chrono::floor<std::chrono::days>(row.not_after - s_.now).count();
    if (days >= kCertificateAmber) return;
    const bool expired = row.not_after <= s_.now;
    Add({expired || days < kCertificateRed ? Level::kRed : Level::kAmber,
         expired
             ? std::string(words::kIssueExpired)
             : fmt::format(words::kIssueExpires, Count(static_cast<uint64_t>(days), "day", "days")),
         row.name, "/delivery"},
        row.name == kOwnCertificate ? words::kStepOwnCertificate : words::kStepCertificate);
  }

  void ClockIssue() {
    const auto ahead = u_.centre_clock_ahead;
    if (ahead >= -kClockAmber && ahead <= kClockAmber) return;
    const seconds by = std::chrono::abs(std::chrono::duration_cast<seconds>(ahead));
    Add({Level::kAmber, std::string(words::kIssueClock),
         fmt::format(
             fmt::runtime(ahead.count() > 0 ? words::kIssueClockBehind : words::kIssueClockAhead),
             AgeText(by)),
         "/system"},
        words::kStepClockSource);
  }

  void SharedCounter() {
    const auto row = std::find_if(s_.registers.begin(), s_.registers.end(),
                                  [](const auto& r) { return r.shares_counter; });
    if (row == s_.registers.end()) return;
    Add({Level::kAmber, std::string(words::kIssueShared),
         fmt::format(words::kIssueSharedDetail, row->business_day), "/registers"},
        words::kStepShared);
  }

  void RegisterIssues(const books::RegisterRow& row) {
    if (row.silent) {
      Add({Level::kAmber, fmt::format(words::kIssueSilent, row.register_id),
           fmt::format(words::kIssueSilentDetail, AgeText(seconds(row.silent_for_s))),
           "/registers"},
          words::kStepSilent);
    }
    if (row.result == "gaps") {
      Add({Level::kAmber, fmt::format(words::kIssueGaps, row.register_id),
           fmt::format(words::kIssueGapsDetail, row.business_day, row.gaps), "/days"},
          words::kStepDay);
    } else if (row.result == "mismatch") {
      Add({Level::kAmber, fmt::format(words::kIssueMismatch, row.register_id),
           fmt::format(words::kIssueMismatchDetail, row.business_day), "/days"},
          words::kStepDay);
    }
  }

  std::string DiskText() const {
    const auto days = static_cast<uint64_t>(std::max(0.0, j_.disk_days_left));
    return days == 0 ? std::string(words::kDiskOne) : fmt::format(words::kDisk, days);
  }

  // A green verdict with open issues is not green; the words that several situations share.
  void Finish() {
    if (!v_.issues.empty() && v_.level == Level::kGreen) {
      v_.cause = "needs-a-person";
      // One thing is named; of several only the number.
      v_.headline +=
          " " + (v_.issues.size() == 1 ? Sentence(v_.issues[0].title)
                                       : fmt::format(words::kHeadlineIssues, v_.issues.size()));
      v_.safe = words::kSafeIssues;
    }
    for (const Issue& issue : v_.issues) v_.level = std::max(v_.level, issue.level);
    v_.steps.erase(Unique(v_.steps), v_.steps.end());
    if (v_.steps.empty() && v_.level != Level::kGreen) Step(words::kStepNothing);
    const bool knows_days = j_.disk_days_left >= 1;
    if (v_.safe.empty()) {
      v_.safe = knows_days ? fmt::format(words::kSafeDays, static_cast<uint64_t>(j_.disk_days_left))
                           : std::string(words::kSafe);
    }
    // No word of safety beside a loss.
    const bool lost = !s_.lost.empty() || !s_.unknown_streams.empty();
    if (lost && v_.safe != words::kSafeIssues) v_.safe = words::kSafeButLost;
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

std::string_view Word(Level level) {
  static constexpr std::string_view kWords[] = {"green", "amber", "red"};
  return kWords[static_cast<size_t>(level)];
}

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

std::string Thousands(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string AgeText(seconds age) {
  const auto count = static_cast<uint64_t>(std::max<int64_t>(0, age.count()));
  if (count < 120) return fmt::format("{} s", count);
  if (count < 120 * 60) return fmt::format("{} min", count / 60);
  if (count < 48 * 3600) return fmt::format("{} h", count / 3600);
  return fmt::format("{} days", count / 86400);
}

std::string BytesText(uint64_t bytes) {
  static constexpr std::string_view kUnits[] = {"bytes", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1000 && unit + 1 < std::size(kUnits)) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} bytes", bytes)
                   : fmt::format("{:.{}f} {}", value, value < 10 ? 1 : 0, kUnits[unit]);
}

}  // namespace tillrelay::status
