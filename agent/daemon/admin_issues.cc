// The service's answers about what needs a person.
#include "agent/daemon/admin_service.h"
#include "agent/redact/redact.h"

namespace tillrelay {
namespace {

admin::IssueRow RowOf(const monitor::Issue& issue) {
  admin::IssueRow row;
  row.id = issue.id();
  row.kind = issue.kind;
  row.key = issue.key;
  row.level = LevelWord(issue.level);
  row.title = issue.title;
  row.detail = issue.detail;
  row.view = issue.view;
  row.step = issue.step;
  row.state = StateWord(issue.state);
  row.since = issue.since;
  row.count = issue.count;
  row.by = issue.by;
  row.note = issue.note;
  row.acknowledged_at = issue.acknowledged_at;
  row.healed_at = issue.healed_at;
  return row;
}

}  // namespace

std::vector<admin::IssueRow> AdminService::Issues(bool healed) {
  r_.take_snapshot();  // the list is as new as what it is asked about
  std::vector<admin::IssueRow> rows;
  for (const monitor::Issue& issue : healed ? r_.issues.All() : r_.issues.Unsettled()) {
    rows.push_back(tillrelay::RowOf(issue));
  }
  return rows;
}

Status AdminService::Acknowledge(admin::Acknowledgement acknowledgement) {
  const std::string note = redact::RedactNote(acknowledgement.note);
  TRY(r_.issues.Acknowledge(acknowledgement.issue, acknowledgement.actor, note,
                            {r_.clock.Now(), r_.clock.Wall()}));
  r_.journal.Audit({acknowledgement.actor,
                    "issue-acknowledge",
                    "issue/" + acknowledgement.issue,
                    note,
                    "done",
                    {},
                    0});
  return Status::Ok();
}

}  // namespace tillrelay
