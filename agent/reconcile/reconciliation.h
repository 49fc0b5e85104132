// What: the store's own books: one page for each register and business day, kept by the journal in
//   the transaction of the events (docs/books.md).
// Promise: what is rolled back leaves no trace; pages are loaded when they are needed.
// Thread: the Bookkeeper's part on the journal thread; Registers from any.
// Limits: kMaxPages in memory; at most kMaxRegisters rows in the overview.
#pragma once

#include <map>
#include <set>
#include <string>

#include "agent/reconcile/reconcile_stats.h"
#include "common/base/mutex.h"
#include "common/event/bookkeeper.h"
#include "common/reconcile/day_summary.h"
#include "common/reconcile/numbering.h"

namespace tillrelay::reconcile {

class Reconciliation final : public event::Bookkeeper {
 public:
  static constexpr size_t kMaxPages = 512;  // two days of 256 registers
  static constexpr size_t kMaxRegisters = 256;
  static constexpr size_t kMaxJudged = 1'000, kRecentDays = 7;

  // Before the first document.
  void SetNumbering(NumberingRule rule) { rule_ = std::move(rule); }

  void Attach(Load load) override;
  Result<bool> Reused(const event::Draft& draft, const std::vector<event::Telling>& known,
                      WallTime now) override;
  Result<bool> ReusedOnAnotherDay(const event::Draft& draft,
                                  const std::vector<event::Telling>& known, WallTime now) override;
  Result<std::string> Stored(const event::Draft& draft, const Place& place) override;
  Status Repeated(const event::Draft& draft, WallTime now) override;
  std::vector<std::pair<std::string, std::string>> Changed() override;
  bool Overflows() const override { return changed_.size() >= kMaxPages; }
  void Saved() override;
  void Committed() override;
  void RolledBack() override;

  // Pages read at the start, so that the overview knows yesterday's registers.
  void Remember(const std::string& key, const std::string& text);
  std::vector<RegisterRow> Registers() const;
  // Closed days that do not balance, of any age: those that were heard since the start, and the
  // remembered ones of the last kRecentDays days.
  std::vector<RegisterRow> Unbalanced() const;
  // Pages whose counter was seen to start again and that have counted further numbers since this
  // was asked last: what waits in quarantine for such a page may be countable now.
  std::vector<std::string> TakeRestarted();
  // The day of this key was closed, and balances now; false where that is not known.
  bool IsSettled(const std::string& key) const;

 private:
  static bool OfAnotherSeries(const event::Draft& draft, const NumberPlace& counted,
                              const DaySummary& page, const DaySummary& numbers);
  Result<DaySummary*> SummaryOf(const event::Draft& draft, WallTime now);
  Result<DaySummary*> PageAt(const std::string& key, WallTime now);
  Result<DaySummary> ReadPage(const std::string& key) const;
  // Whether the counter starts again each day, and nothing that waits may be the same document.
  Result<bool> StartsAgainDaily(const event::Draft& draft, const NumberPlace& counted) const;
  // Whether the registers of that day count together what each of them misses alone.
  bool LooksShared(const std::string& business_day) const;
  void Show(RegisterRow row);
  void AssessDay(const RegisterRow& row);
  void SeeRestart(const std::string& key, uint64_t restarts, uint64_t numbers);

  NumberingRule rule_;
  Load load_;
  uint64_t commits_ = 0;
  std::map<std::string, DaySummary> pages_;
  std::set<std::string> changed_;
  std::map<std::string, RegisterRow> saved_;  // of pages that were saved before the commit
  std::set<std::string> remembered_days_;

  mutable Mutex mutex_;
  // Guarded by mutex_:
  std::map<std::string, RegisterRow> rows_ GUARDED_BY(mutex_);
  std::map<std::string, RegisterRow> unbalanced_ GUARDED_BY(mutex_);
  std::set<std::string> settled_ GUARDED_BY(mutex_);
  // By key: numbers counted, now and when they were taken last.
  std::map<std::string, std::pair<uint64_t, uint64_t>> restarted_ GUARDED_BY(mutex_);
  std::string shared_day_ GUARDED_BY(mutex_);  // the last one on which a shared counter was seen
};

// The row of a page's key; the register's part is what follows the first slash.
RegisterRow RowOf(const std::string& key, const DaySummary& page);

}  // namespace tillrelay::reconcile
