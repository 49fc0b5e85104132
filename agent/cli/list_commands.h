// What: commands that show or settle the lists of the running daemon: issues, days, audit, log, and
//   documents in quarantine of one reason.
// Thread: main; they block.
#pragma once

#include "agent/cli/commands.h"

namespace tillrelay::cli {

// What needs a person.
struct IssuesOptions {
  std::string issue, note;  // of one to acknowledge
  bool all = false;         // the healed ones too
};
int RunIssues(const Common& common, const IssuesOptions& options);
int RunAcknowledge(const Common& common, const IssuesOptions& options);

// Cells of a CSV are text for every spreadsheet.
struct DaysOptions {
  std::string from, through;  // inclusive; empty: no bound
  bool csv = false;
};
int RunDays(const Common& common, const DaysOptions& options);

struct AuditOptions {
  uint64_t before = 0, most = 50;
};
int RunAudit(const Common& common, const AuditOptions& options);

struct LogOptions {
  std::string level = "info";
  uint64_t most = 200;
};
int RunLog(const Common& common, const LogOptions& options);

// Every ticket of one reason, the oldest first, is given up.
struct DiscardMatchingOptions {
  std::string reason;
  std::string why;  // for the audit
  bool yes = false;
};
int RunDiscardMatching(const Common& common, const DiscardMatchingOptions& options);

}  // namespace tillrelay::cli
