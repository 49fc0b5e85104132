// What of a snapshot needs a person: one function for each kind of issue.
#include <algorithm>

#include "agent/monitor/diagnosis_text.h"
#include "agent/monitor/issue_strings.h"

namespace tillrelay::monitor {
namespace {

using std::chrono::seconds;

constexpr int kCertificateAmber = 21, kCertificateRed = 7;  // days
constexpr seconds kClockAmber{120};                         // apart from head office
constexpr seconds kOutageIssue{15 * 60};                    // what waits so long needs a person
constexpr size_t kMostLosses = 100;
constexpr std::string_view kUndelivered = "undelivered";

class IssueFinder {
 public:
  IssueFinder(const Snapshot& snapshot, const Verdict& situation, const TimeText& time_text)
      : s_(snapshot),
        j_(snapshot.journal),
        u_(snapshot.uplink),
        v_(situation),
        time_text_(time_text) {}

  Findings Run() {
    SituationIssue();
    JournalIssues();
    DocumentIssues();
    for (const CertificateRow& row : s_.certificates) CertificateIssue(row);
    ClockIssue();
    SharedCounter();
    for (const reconcile::RegisterRow& row : s_.registers) RegisterIssues(row);
    for (const reconcile::RegisterRow& row : s_.unbalanced_days) DayIssue(row);
    std::stable_sort(found_.begin(), found_.end(),
                     [](const Issue& a, const Issue& b) { return a.level > b.level; });
    return {std::move(found_), s_.settled_days};
  }

 private:
  void Add(std::string_view kind, Issue issue, std::string_view step = "") {
    issue.kind = kind;
    issue.step = step;
    found_.push_back(std::move(issue));
  }
  void AddKeyed(std::string_view kind, std::string key, Issue issue, std::string_view step) {
    issue.key = std::move(key);
    Add(kind, std::move(issue), step);
  }
  static Issue Weighed(uint64_t weight, Issue issue) {
    issue.weight = weight;
    return issue;
  }

  // How delivery and intake stand, where a person has to do something about it.
  void SituationIssue() {
    if (v_.cause == "alarm" || v_.level == Level::kGreen || v_.cause == "draining") return;
    const bool waits_long = IsSet(j_.oldest_waiting_at) && j_.waiting > 0 &&
                            Age(s_, j_.oldest_waiting_at) >= kOutageIssue;
    const bool by_person = v_.cause == "paused" || v_.cause == "no-broker" ||
                           v_.cause == "not-configured" || v_.cause == "journal-busy";
    const bool certain = v_.level == Level::kRed || by_person;
    if (!certain && !waits_long) return;
    // An outage is one issue, whatever each attempt to connect fails of.
    Add(certain ? std::string_view(v_.cause) : kUndelivered,
        {v_.level, std::string(TitleOf(v_.cause)), v_.reason,
         v_.state == "refusing" ? "/system" : "/delivery"},
        v_.steps.empty() ? std::string_view() : v_.steps.front());
  }

  static std::string_view TitleOf(std::string_view cause) {
    const std::pair<std::string_view, strings::Text> titles[] = {
        {"journal", strings::kTitleJournal},    {"disk", strings::kTitleDisk},
        {"journal-busy", strings::kTitleBusy},  {"not-configured", strings::kTitleUnconfigured},
        {"paused", strings::kTitlePaused},      {"no-broker", strings::kTitleNoBroker},
        {"broker-login", strings::kTitleLogin}, {"broker-rights", strings::kTitleRights},
        {"broker-tls", strings::kTitleTls},     {"broker-settings", strings::kTitleSettings},
        {"take-over", strings::kTitleTakeOver}, {"large-messages", strings::kTitleStuck},
    };
    for (const auto& [word, title] : titles) {
      if (word == cause) return title;
    }
    return strings::kTitleUndelivered;
  }

  void JournalIssues() {
    const bool disk_is_known = v_.cause == "disk";
    if (!u_.alarm.empty()) {
      Add("alarm", {Level::kRed, std::string(strings::kIssueAlarm), u_.alarm, "/delivery"},
          strings::kStepTwoServers);
    }
    if (j_.disk_days_left >= 0 && j_.disk_days_left < kDiskAmberDays) {
      Add("disk-low",
          {j_.disk_days_left < kDiskRedDays ? Level::kRed : Level::kAmber,
           std::string(strings::kIssueDisk), DiskText(j_), "/system"},
          disk_is_known ? std::string_view() : strings::kStepSpace);
    }
    if (j_.retention_cut_short) {
      Add("retention",
          {Level::kAmber, std::string(strings::kIssueCutShort),
           strings::Say(strings::kIssueCutShortDetail, When(j_.oldest_kept_at)), "/system"},
          disk_is_known ? std::string_view() : strings::kStepSpace);
    }
    if (!u_.twin.empty() && u_.cause != uplink::LinkCause::kTakeOver) {
      Add("two-servers",
          {Level::kRed, std::string(strings::kIssueAlarm),
           strings::Say(strings::kIssueTwin, u_.twin), "/delivery"},
          strings::kStepTwoServers);
    }
    RepairIssue();
    LossIssue();
    UnknownStreamIssue();
    if (!j_.owed.empty()) {
      Add("parked",
          Weighed(j_.owed.size(),
                  {Level::kAmber, strings::Say(strings::kIssueOwed, EventsText(j_.owed.size())),
                   std::string(strings::kIssueOwedDetail), "/delivery"}),
          strings::kStepOwed);
    }
    if (!u_.refused_confirmation.empty()) {
      Add("confirmation-refused",
          {Level::kRed, std::string(strings::kIssueForged), u_.refused_confirmation, "/delivery"},
          strings::kStepForged);
    }
    if (u_.unapplied > 0) {
      Add("unapplied",
          Weighed(
              u_.unapplied,
              {Level::kAmber, strings::Say(strings::kIssueUnapplied, EventsText(u_.unapplied)),
               strings::Say(strings::kIssueUnappliedDetail, u_.unapplied_numbers), "/delivery"}),
          strings::kStepUnapplied);
    }
  }

  void DocumentIssues() {
    const capture::CaptureStats& c = s_.capture;
    if (!c.drop_folder_error.empty()) {
      Add("drop-folder",
          {Level::kRed, std::string(strings::kIssueDropFolder), c.drop_folder_error, "/system"},
          strings::kStepDropFolder);
    }
    if (j_.quarantined > 0) {
      const std::string documents = strings::Count(strings::kDocumentCount, j_.quarantined);
      Add("quarantine",
          Weighed(j_.quarantined,
                  {Level::kAmber, strings::Say(strings::kIssueQuarantine, documents),
                   std::string(strings::kIssueQuarantineDetail), "/quarantine"}),
          strings::kStepQuarantine);
    }
    if (c.files_unreadable > 0) {
      Add("unreadable",
          Weighed(c.files_unreadable,
                  {Level::kAmber,
                   strings::Say(strings::kIssueUnreadable,
                                strings::Count(strings::kFileCount, c.files_unreadable)),
                   std::string(strings::kIssueUnreadableDetail), "/system"}),
          strings::kStepDropFolder);
    }
    for (const capture::CaptureStats::RejectedFile& file : c.rejected) RejectedFileIssue(file);
  }

  // Rejected later is worse: the same name may be tried again.
  void RejectedFileIssue(const capture::CaptureStats::RejectedFile& file) {
    Issue issue = Weighed(
        static_cast<uint64_t>(Micros(file.at)),
        {Level::kAmber, strings::Say(strings::kIssueRejected, file.name), file.reason, "/system"});
    issue.stays = true;
    AddKeyed("file-rejected", file.name, std::move(issue), strings::kStepRejected);
  }

  void RepairIssue() {
    if (j_.salvaged.empty()) return;
    const std::string what = Sentence(j_.salvaged);
    const std::string bare = what.substr(0, what.find_last_not_of('.') + 1);
    Add("repaired",
        {Level::kAmber, std::string(strings::kIssueRepaired),
         j_.taking_over == 0 ? strings::Say(strings::kIssueRepairedDetail, bare)
                             : strings::Say(strings::kIssueTakingOver, bare,
                                            EventsText(j_.taking_over), j_.taking_over_file),
         "/system"},
        strings::kStepRepaired);
  }

  void LossIssue() {
    size_t named = 0;
    for (const wire::Lost& loss : j_.losses) {
      if (!loss.was_delivered() && named++ < kMostLosses) LossIssue(loss);
    }
  }
  // What is lost stays lost after head office has heard of it.
  void LossIssue(const wire::Lost& loss) {
    const uint64_t lost = loss.range.size();
    Issue issue{Level::kRed,
                lost == 0 ? std::string(strings::kIssueLostUnknown)
                          : strings::Say(strings::kIssueLost, EventsText(lost)),
                std::string(loss.open ? strings::kIssueLostOpenDetail : strings::kIssueLostDetail),
                "/delivery"};
    issue.weight = lost;
    issue.stays = true;
    AddKeyed("loss", fmt::format("{}/{}", loss.stream, loss.range.first), std::move(issue),
             strings::kStepLost);
  }

  // The last witness: nothing here knows of the journal that was.
  void UnknownStreamIssue() {
    if (s_.unknown_streams.empty()) return;
    const uplink::UnknownStream& first = s_.unknown_streams.front();
    const size_t more = s_.unknown_streams.size() - 1;
    std::string detail =
        strings::Say(strings::kIssueUnknownStreamDetail, first.stream, Thousands(first.through));
    if (more > 0) detail += strings::Count(strings::kIssueUnknownStreamMore, more);
    Add("unknown-stream",
        Weighed(more + 1, {Level::kRed, std::string(strings::kIssueUnknownStream),
                           std::move(detail), "/delivery"}),
        strings::kStepUnknownStream);
  }

  void CertificateIssue(const CertificateRow& row) {
    if (!IsSet(row.not_after)) return;
    const auto days = std::chrono::floor<std::chrono::days>(row.not_after - s_.now).count();
    if (days >= kCertificateAmber) return;
    const bool expired = row.not_after <= s_.now;
    AddKeyed(
        "certificate", row.name,
        {expired || days < kCertificateRed ? Level::kRed : Level::kAmber,
         expired ? std::string(strings::kIssueExpired)
                 : strings::Say(strings::kIssueExpires,
                                strings::Count(strings::kDayCount, static_cast<uint64_t>(days))),
         row.name, "/delivery"},
        row.name == kOwnCertificate ? strings::kStepOwnCertificate : strings::kStepCertificate);
  }

  void ClockIssue() {
    const auto ahead = u_.centre_clock_ahead;
    if (ahead >= -kClockAmber && ahead <= kClockAmber) return;
    const seconds by = std::chrono::abs(std::chrono::duration_cast<seconds>(ahead));
    Add("clock",
        {Level::kAmber, std::string(strings::kIssueClock),
         ahead.count() > 0 ? strings::Say(strings::kIssueClockBehind, AgeText(by))
                           : strings::Say(strings::kIssueClockAhead, AgeText(by)),
         "/system"},
        strings::kStepClockSource);
  }

  void SharedCounter() {
    const auto row = std::find_if(s_.registers.begin(), s_.registers.end(),
                                  [](const auto& r) { return r.shares_counter; });
    if (row == s_.registers.end()) return;
    Add("shared-counter",
        {Level::kAmber, std::string(strings::kIssueShared),
         strings::Say(strings::kIssueSharedDetail, strings::Dated(row->business_day)),
         "/registers"},
        strings::kStepShared);
  }

  void RegisterIssues(const reconcile::RegisterRow& row) {
    if (row.silent) {
      AddKeyed("silent", row.register_id,
               {Level::kAmber, strings::Say(strings::kIssueSilent, row.register_id),
                strings::Say(strings::kIssueSilentDetail, AgeText(seconds(row.silent_for_s))),
                "/registers"},
               strings::kStepSilent);
    }
    const bool closed_wrong = row.result == "gaps" || row.result == "mismatch";
    if (closed_wrong && s_.unbalanced_days.empty()) DayIssue(row);
  }

  // It stays until it balances, or a person has seen it.
  void DayIssue(const reconcile::RegisterRow& row) {
    const bool missing = row.missing > 0 && (row.result == "gaps" || row.result == "no_totals");
    if (!missing && row.result != "mismatch") return;
    const std::string day = strings::Dated(row.business_day);
    Issue issue;
    issue.title = missing ? strings::Say(strings::kIssueGaps, row.register_id)
                          : strings::Say(strings::kIssueMismatch, row.register_id);
    issue.detail = missing ? strings::Say(strings::kIssueGapsDetail, day, row.gaps)
                           : strings::Say(strings::kIssueMismatchDetail, day);
    if (!missing && row.reported_net_amount != row.net_amount) {
      issue.detail =
          strings::Say(strings::kIssueMismatchAmounts, day,
                       strings::Amount(row.reported_net_amount), strings::Amount(row.net_amount));
    }
    issue.view = "/days";
    issue.weight = row.distance;
    issue.stays = true;
    AddKeyed("day", row.business_day + "/" + row.register_id, std::move(issue), strings::kStepDay);
  }

  std::string When(WallTime time) const { return WhenText(s_, time, time_text_); }

  const Snapshot& s_;
  const journal::JournalStats& j_;
  const uplink::UplinkStats& u_;
  const Verdict& v_;
  const TimeText& time_text_;
  std::vector<Issue> found_;
};

}  // namespace

Findings FindIssues(const Snapshot& snapshot, const Verdict& situation, const TimeText& time_text) {
  return IssueFinder(snapshot, situation, time_text).Run();
}

}  // namespace tillrelay::monitor
