#include "agent/monitor/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "agent/monitor/diagnosis_text.h"
#include "agent/monitor/strings.h"
#include "common/language/retell.h"

namespace tillrelay::monitor {
namespace {

using std::chrono::seconds;
using uplink::LinkCause;
using uplink::LinkPhase;

constexpr seconds kFresh{60};        // an event this young is on its way, not waiting
constexpr double kLeastRate = 0.01;  // events a second that count as moving

// As this snapshot shows them; the others from their stored words.
void Translate(const std::vector<Issue>& found, std::vector<Issue>* issues) {
  for (Issue& issue : *issues) {
    const auto same = std::find_if(found.begin(), found.end(), [&issue](const Issue& one) {
      return one.kind == issue.kind && one.key == issue.key;
    });
    const bool shown = same != found.end();
    issue.title = shown ? same->title : strings::Retold(issue.title);
    issue.detail = shown ? same->detail : strings::Retold(issue.detail);
    issue.step = shown ? same->step : strings::Retold(issue.step);
  }
}

class Diagnosis {
 public:
  Diagnosis(const Snapshot& snapshot, const TimeText& time_text)
      : s_(snapshot), j_(snapshot.journal), u_(snapshot.uplink), time_text_(time_text) {}

  Verdict Run() {
    EstimateDrain();
    Assess();
    if (s_.issues) {
      v_.issues = *s_.issues;
      if (&strings::Spoken() != &strings::English()) {
        Translate(FindIssues(s_, v_, time_text_).found, &v_.issues);
      }
    } else {
      v_.issues = FindIssues(s_, v_, time_text_).found;
    }
    Finish();
    return std::move(v_);
  }

  Verdict Situation() {
    Assess();
    return std::move(v_);
  }

 private:
  std::string When(WallTime time) const { return WhenText(s_, time, time_text_); }
  std::string Since(WallTime time) const { return SinceWhenText(s_, time, time_text_); }
  std::string WaitingText() const {
    if (j_.waiting == 0 && !j_.owed.empty()) {
      return strings::Say(strings::kBodiesWait, EventsText(j_.owed.size()));
    }
    if (j_.waiting == 0) return std::string(strings::kNoneWaiting);
    return strings::Say(strings::kWaiting, EventsText(j_.waiting), When(j_.oldest_waiting_at));
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
    using NoRoom = journal::JournalStats::NoRoom;
    if (j_.no_room == NoRoom::kReader) Step(strings::kStepReader);
    Step(j_.no_room == NoRoom::kOwnLimit ? strings::kStepOwnLimit : strings::kStepSpace);
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
    v_.headline = strings::Say(strings::kNoBroker, WaitingText());
    v_.reason = strings::kReasonNoBroker;
    Step(strings::kStepBroker);
  }

  void Paused() {
    Set("paused", Level::kAmber, "paused");
    v_.headline = strings::Say(strings::kPaused, WaitingText(), Since(u_.state_since));
    v_.reason = strings::kReasonPaused;
    Step(strings::kStepResume);
  }

  void Unreachable() {
    const bool at_start = u_.cause == LinkCause::kNone;
    const bool ended = u_.cause == LinkCause::kSilent || u_.cause == LinkCause::kLost;
    Set("offline", Level::kAmber, "connecting");
    if (ended && Stuck()) return;
    if (u_.cause == LinkCause::kUnconfirmed) return NotConfirmed();
    if (at_start) {
      v_.headline = strings::Say(strings::kConnecting, WaitingText());
    } else {
      v_.headline = strings::Say(strings::kUnreachable, WaitingText(), Since(DownSince()));
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
    v_.headline = strings::Say(strings::kStuck, WaitingText(), Thousands(u_.stuck_bytes));
    v_.reason = strings::kReasonStuck;
    Step(strings::kStepStuck);
    Step(strings::kStepDoctor);
    return true;
  }

  WallTime DownSince() const {
    if (IsSet(u_.outage_since)) return u_.outage_since;
    return IsSet(u_.state_since) ? u_.state_since : s_.started_at;
  }

  std::string NextTry() const {
    if (!IsSet(u_.next_try_at) || u_.next_try_at <= s_.now) return std::string(strings::kTrying);
    const auto left = std::chrono::ceil<seconds>(u_.next_try_at - s_.now);
    return strings::Say(strings::kNextTry, AgeText(left));
  }

  // Whose clock or certificate it is.
  strings::Text TlsStep() const {
    return u_.last_error.find("expired") != std::string::npos ? strings::kStepBrokerExpired
                                                              : strings::kStepClock;
  }

  strings::Text SilentStep() const {
    const bool no_tls = u_.last_error.find("before TLS") != std::string::npos;
    return no_tls ? strings::kStepNoTls : strings::kStepNoAnswer;
  }

  struct CauseRow {
    LinkCause cause;
    std::string_view word;
    Level level;
    std::string_view reason;  // in the language that is spoken, as the steps
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
         {SilentStep(), strings::kStepDoctor}},
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
    const std::string_view doubt = CentreDoubt(s_);
    // That a connection ended tells less than what is known of the centre.
    const bool says_little = u_.cause == LinkCause::kLost || u_.cause == LinkCause::kUnconfirmed;
    if (!doubt.empty() && (u_.cause == LinkCause::kNone || says_little)) return Doubtful(doubt);
    if (u_.cause != LinkCause::kNone) return NotProven();
    if (u_.fell_back && s_.by_broker() && j_.waiting > 0) return FellBack();
    if (old_waits || (u_.awaits_proof && j_.waiting > 0)) {
      Set("online", Level::kAmber, "draining");
      if (v_.drain_s)
        v_.reason = strings::Say(strings::kReasonDraining, AgeText(seconds(*v_.drain_s)));
      v_.headline =
          strings::Say(strings::kDraining, EventsText(j_.waiting), When(j_.oldest_waiting_at));
    } else if (u_.older_missing > 0 && !s_.by_broker()) {
      Set("online", Level::kAmber, "draining");
      v_.headline = strings::Say(strings::kOlderMissing, EventsText(u_.older_missing));
    } else if (j_.waiting > 0) {
      v_.headline = strings::Say(strings::kOnTheirWay, EventsText(j_.waiting));
    } else if (j_.head == 0) {
      v_.headline = strings::kNothingYet;
    } else if (!j_.owed.empty()) {
      v_.headline = strings::Say(strings::kDeliveredWhole, EventsText(j_.head - OwedHere()));
    } else {
      v_.headline = s_.by_broker() ? strings::Say(strings::kDeliveredBroker, EventsText(j_.head))
                                   : strings::Say(strings::kDelivered, EventsText(j_.head));
    }
    if (s_.by_broker()) {
      v_.reason += v_.reason.empty() ? "" : " ";
      v_.reason += strings::kReasonBroker;
      if (!u_.gives_reasons) (v_.reason += " ") += strings::kReasonNoReasons;
    }
    if (v_.level == Level::kGreen) {
      v_.safe = j_.waiting > 0 ? strings::kSafeOnTheirWay : strings::kSafeDelivered;
    }
  }

  // Those of the current stream whose contents are still here.
  uint64_t OwedHere() const {
    const auto owed = std::count_if(j_.owed.begin(), j_.owed.end(), [this](const auto& event) {
      return event.stream == j_.stream;
    });
    return std::min(j_.head, static_cast<uint64_t>(owed));
  }

  void NeverConfirmed() {
    Set("online", Level::kAmber, "no-confirmation");
    v_.headline = strings::Say(strings::kUnconfirmed, WaitingText(), Since(u_.last_confirmed_at));
    v_.reason = strings::kReasonNeverConfirmed;
    Step(strings::kStepReadConfirm);
  }

  void FellBack() {
    Set("online", Level::kAmber, "mqtt-3.1.1");
    v_.headline = strings::Say(strings::kUnconfirmed, WaitingText(), Since(u_.last_confirmed_at));
    v_.reason = strings::kReasonFellBack;
    Step(strings::kStepFellBack);
  }

  // The connection stands again, and what ended the last one has not been disproved.
  void NotProven() {
    if (u_.cause == LinkCause::kUnconfirmed) return NotConfirmed();
    Set("online", Level::kAmber, "not-confirmed");
    v_.headline =
        j_.waiting > 0
            ? strings::Say(strings::kUnconfirmed, WaitingText(), Since(u_.last_confirmed_at))
            : strings::Say(strings::kUnreachable, WaitingText(), Since(DownSince()));
    ExplainCause();
  }

  void Doubtful(std::string_view doubt) {
    if (doubt == "no-confirmation") return NeverConfirmed();
    if (doubt == "not-confirmed") return NotConfirmed();
    v_.level = Level::kAmber;
    v_.cause = doubt;
    v_.headline =
        j_.waiting > 0
            ? strings::Say(strings::kUnconfirmed, WaitingText(), Since(u_.last_confirmed_at))
            : strings::Say(strings::kCentreGone, WaitingText(), Since(u_.centre_heard_at));
    if (j_.waiting > 0) v_.reason = strings::kReasonAway;
    Step(strings::kStepCollector);
  }

  void NotConfirmed() {
    const WallTime since =
        IsSet(u_.unconfirmed_since) ? u_.unconfirmed_since : u_.last_confirmed_at;
    v_.level = Level::kAmber;
    v_.cause = "not-confirmed";
    v_.headline = strings::Say(strings::kUnconfirmed, WaitingText(), Since(since));
    v_.reason = strings::kReasonNotConfirmed;
    Step(strings::kStepCollector);
  }

  // One thing is named; of several only the number.
  void NameIssues(size_t open) {
    if (open == 0) {
      v_.cause = "known";
      v_.headline += " " + strings::Say(strings::kHeadlineKnown,
                                        strings::Count(strings::kIssueCount, v_.issues.size()));
      v_.safe = strings::kSafeKnown;
      return;
    }
    v_.cause = "needs-a-person";
    v_.headline += " " + (open == 1 ? Sentence(v_.issues[0].title)
                                    : strings::Say(strings::kHeadlineIssues, open));
    v_.safe = strings::kSafeIssues;
  }

  // What makes it red is said, also where the situation alone would be amber.
  void NameWorse() {
    const auto worse = std::find_if(v_.issues.begin(), v_.issues.end(), [this](const Issue& one) {
      return one.state == IssueState::kOpen && one.level > v_.level;
    });
    if (worse == v_.issues.end()) return;
    if (!v_.headline.ends_with('.')) v_.headline += '.';
    v_.headline += " " + Sentence(worse->title);
  }

  // A green verdict with issues is not green; the words that several situations share.
  void Finish() {
    const size_t open = v_.open_issues();
    if (v_.level != Level::kGreen) NameWorse();
    if (v_.level == Level::kGreen && !v_.issues.empty()) NameIssues(open);
    for (const Issue& issue : v_.issues) {
      const bool is_open = issue.state == IssueState::kOpen;
      v_.level = std::max(v_.level, is_open ? issue.level : Level::kAmber);
      if (is_open && !issue.step.empty()) Step(issue.step);
    }
    v_.steps.erase(Unique(v_.steps), v_.steps.end());
    if (v_.steps.empty() && v_.level != Level::kGreen) Step(strings::kStepNothing);
    const bool knows_days = j_.disk_days_left >= 1;
    if (v_.safe.empty()) {
      v_.safe = knows_days
                    ? strings::Count(strings::kSafeDays, static_cast<uint64_t>(j_.disk_days_left))
                    : std::string(strings::kSafe);
    }
    // No word of safety beside a loss.
    const bool gone = std::any_of(j_.losses.begin(), j_.losses.end(),
                                  [](const wire::Lost& loss) { return !loss.was_delivered(); });
    const bool lost = gone || !s_.unknown_streams.empty() || HasOpenLoss();
    if (lost && v_.safe != std::string_view(strings::kSafeIssues)) v_.safe = strings::kSafeButLost;
    v_.sentence = v_.headline;
    if (!v_.reason.empty()) v_.sentence += " " + v_.reason;
    if (j_.disk_days_left >= 0 && v_.state != "online") v_.sentence += " " + DiskText(j_);
  }

  bool HasOpenLoss() const {
    return std::any_of(v_.issues.begin(), v_.issues.end(), [](const Issue& issue) {
      return issue.kind == "loss" && issue.state == IssueState::kOpen;
    });
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

std::string EventsText(uint64_t number) { return strings::Count(strings::kEventCount, number); }

Verdict Diagnose(const Snapshot& snapshot, const TimeText& time_text) {
  return Diagnosis(snapshot, time_text).Run();
}

Findings FindIssues(const Snapshot& snapshot, const TimeText& time_text) {
  return FindIssues(snapshot, Diagnosis(snapshot, time_text).Situation(), time_text);
}

size_t Verdict::open_issues() const {
  return static_cast<size_t>(std::count_if(issues.begin(), issues.end(), [](const Issue& issue) {
    return issue.state == IssueState::kOpen;
  }));
}

std::string_view CentreDoubt(const Snapshot& s) {
  const uplink::UplinkStats& u = s.uplink;
  if (s.by_broker() || u.phase != LinkPhase::kOnline) return "";
  const bool waits = s.journal.waiting > 0;
  if (waits && u.never_confirmed) return "no-confirmation";
  if (u.centre_away) return "centre-away";
  return waits && IsSet(u.unconfirmed_since) ? "not-confirmed" : "";
}

std::optional<std::string_view> IntakeRefusal(const Snapshot& snapshot) {
  if (!snapshot.journal.poisoned.empty()) return "journal";
  if (!snapshot.configured) return "not-configured";
  if (!snapshot.journal.busy.empty()) return "journal-busy";
  if (!snapshot.journal.refusing.empty()) return "disk";
  return std::nullopt;
}

}  // namespace tillrelay::monitor
