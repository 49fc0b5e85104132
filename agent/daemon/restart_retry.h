// What: retries by itself what waits in quarantine because its number was known, once the books
// have
//   seen that the register's counter started again (docs/books.md).
// Promise: a document is taken only where the books place it in the new run, as at its first
//   arrival; the audit names each one. What cannot be asked now is asked again.
// Thread: Look on the journal thread; the work is done on the query thread, one document at a time.
// Limits: kMaxTickets of a round, the oldest; the next round takes the others. After a round that
//   took none the next one begins later, at most kMaxPause.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/capture/intake.h"
#include "agent/journal/query/query_thread.h"
#include "agent/reconcile/reconciliation.h"
#include "common/base/mutex.h"

namespace tillrelay {

class RestartRetry {
 public:
  static constexpr size_t kMaxTickets = 2'000;
  static constexpr std::chrono::seconds kMaxPause{300};

  // All outlive it, and the query thread is stopped before any of them goes.
  RestartRetry(journal::QueryThread* query, capture::Intake* intake,
               reconcile::Reconciliation* books, const Clock* clock)
      : query_(*query), intake_(*intake), books_(*books), clock_(*clock) {}

  // Begins a round where a page has counted further numbers; once a second.
  void CheckDue();

 private:
  struct Waiting {
    int64_t at_s = 0;
    uint64_t ticket = 0;
  };
  struct Round {
    std::set<std::string> pages;
    std::vector<Waiting> waiting;  // the earliest sale last
    bool took = false;
  };
  using RoundPtr = std::shared_ptr<Round>;

  void Collect(journal::Search& search, const RoundPtr& round);
  bool OfPages(const Round& round, const journal::QuarantineRow& row) const;
  capture::DecodedDocument Read(const journal::QuarantineRow& row);
  void Next(const RoundPtr& round);
  void Retry(journal::Search& search, const RoundPtr& round);
  void End(const Round& round);
  void GiveUp(const RoundPtr& round);

  journal::QueryThread& query_;
  capture::Intake& intake_;
  reconcile::Reconciliation& books_;
  const Clock& clock_;
  std::atomic<bool> running_{false};
  Mutex mutex_;
  std::set<std::string> again_ GUARDED_BY(mutex_);  // pages whose round could not be finished
  Instant not_before_ GUARDED_BY(mutex_){};
  std::chrono::seconds pause_ GUARDED_BY(mutex_){0};
};

}  // namespace tillrelay
