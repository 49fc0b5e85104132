// What: the list of things that need a person: fed with what each snapshot finds, acknowledged by
//   people, kept in the journal's optional table `issue`.
// Promise: docs/access.md, "Issues". An issue is open until nothing reports it any more, or, where
//   its cause does not show any longer (a day, a loss, a file), until a person has acknowledged it.
//   What comes back within kFold goes on as what it was, acknowledged or not. What becomes worse is
//   open again. Nothing here waits for a disk: changes are handed over when they can be written.
// Thread: any.
// Limits: kMost issues that are not healed, of more only the number; kMostHealed healed ones in
//   memory; texts of kMaxText bytes.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/journal/rows.h"
#include "agent/monitor/issue.h"
#include "common/base/mutex.h"
#include "common/base/status.h"

namespace tillrelay::monitor {

class IssueList {
 public:
  static constexpr size_t kMost = 500, kMostHealed = 1'000, kMaxText = 600;
  static constexpr std::chrono::hours kFold{1};
  // So long what stays is shown as known after it was acknowledged; time that the service runs.
  static constexpr std::chrono::hours kKnown{24};

  struct Now {
    Instant tick{};
    WallTime wall{};
  };
  // What an earlier life has written; rows that are not understood are left out.
  void Load(const std::vector<journal::IssueRow>& rows);

  // A snapshot older than the last one changes nothing.
  void Update(const Findings& findings, const Now& now);
  // Not found: no such issue needs a person. Conflict: it is acknowledged already.
  Status Acknowledge(const std::string& id, const std::string& by, const std::string& note,
                     const Now& now);

  // Open ones first, then the acknowledged, each the worst first; without the healed.
  std::vector<Issue> Unsettled() const;
  // The same and behind them the healed, the last first.
  std::vector<Issue> All() const;

  // What has changed since the last call; `all`: everything, for a file that may have none of it.
  std::vector<journal::IssueRow> TakeChanges(bool all);

 private:
  struct Row {
    Issue issue;
    Level acknowledged_level = Level::kGreen;
    uint64_t acknowledged_weight = 0;
    bool was_acknowledged = false;  // before it healed
    int64_t known_ms = 0;           // time seen since it was acknowledged
    Instant healed_tick{};
    bool changed = false;
  };
  static std::string BodyOf(const Row& row);
  static bool ReadBody(const journal::IssueRow& kept, Row* row);
  static bool Worse(const Row& row, const Issue& found);
  static void Refresh(Issue&& found, Row* row);
  static void Heal(const Now& now, Row* row);
  // True: one more is not healed.
  bool Take(Issue found, const Now& now) REQUIRES(mutex_);
  void Reopen(Row* row, const Now& now) REQUIRES(mutex_);
  void AgeKnown(Row* row, const Now& now) REQUIRES(mutex_);
  void DropHealed() REQUIRES(mutex_);
  size_t unsettled() const REQUIRES(mutex_);

  mutable Mutex mutex_;
  // Guarded by mutex_:
  std::map<std::string, Row> rows_ GUARDED_BY(mutex_);
  Instant last_ GUARDED_BY(mutex_){};
};

}  // namespace tillrelay::monitor
