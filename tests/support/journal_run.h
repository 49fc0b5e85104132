// What: one life of the real Journal in a folder, driven step by step: registers tell receipts, the
//   uplink reads and confirms, time passes; everything that is said goes into an oracle.
// Promise: between two calls the journal's thread rests, so that a run repeats: time is a manual
//   clock's, and every call waits until the thread is through with it.
// Thread: one, besides the journal's own.
// Errors: a journal that does not answer within kHang ends the process with kHangExit.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/journal/journal.h"
#include "tests/support/manual_clock.h"
#include "tests/support/oracle.h"
#include "tests/support/seeded_random.h"

namespace tillrelay::testing {

inline constexpr std::chrono::seconds kHang{30};
inline constexpr int kHangExit = 86;

// Waits until everything that was ordered before is done. The journal's thread rests then.
void AwaitRest(journal::Journal* journal);
// The journal's answer to a request.
Result<std::vector<journal::AppendResult>> SubmitAndWait(journal::Journal* journal,
                                                         journal::AppendRequest request);

class JournalRun {
 public:
  JournalRun(const std::string& folder, Oracle* oracle, SeededRandom* random, ManualClock* clock);
  ~JournalRun();

  journal::JournalOptions options;
  std::string path() const { return options.store.path; }

  Status Start();
  // Up to `opens` times, as a service manager would; a conflict is a fault, for it ends the service
  // for good.
  bool StartAgainAndAgain(int opens);
  bool running() const { return journal_ != nullptr; }
  void Stop();

  // Receipts with these numbers, as one request; the oracle learns what was accepted.
  Status SubmitNumbers(const std::vector<int>& numbers);
  // A document that is no event.
  Status TellUnfit(const std::string& document);
  // Until a receipt is accepted, `ticks` at most. A fault if none is.
  void MustAccept(int number, int ticks);
  void Confirm(const std::string& stream, uint64_t through);
  // What the centre says of a stream whenever it is asked.
  void Hear(const journal::Confirmation& word);
  void Acknowledge(const std::string& stream, uint64_t through);
  void Fork(uint64_t position);
  void Damaged(const std::string& why);
  void AllowDeletion();
  void Audit(const std::string& subject);
  // Waits until everything that was ordered is done.
  void Settle();
  // The clock moves on by a tick and the journal has seen it.
  void Tick(int times = 1);

  // The oracle learns which number every event has now.
  void Survey();
  // Everything that is not confirmed goes to the centre, as the uplink reads it; what is damaged is
  // reported to the journal as the uplink does. False: something could not be read.
  bool Drain();
  // Drains and ticks until nothing is missing, `ticks` at most.
  void DrainAll(int ticks);
  // Told again, an event that is kept is a duplicate, and one that is gone is stored. `strict`: no
  // known id can have been damaged, so nothing is stored twice.
  void TellAgain(const std::vector<int>& numbers, bool strict);
  // Drained, accepting, nothing twice in the journal.
  void Judge(int fresh_number, bool strict);

  journal::JournalStats Stats() const { return journal_->Stats(); }
  // How many ticks passed before a receipt was accepted again; -1: none was.
  int back_after() const { return back_after_; }
  journal::Journal* journal() { return journal_.get(); }
  Oracle& oracle() { return oracle_; }

 private:
  class DrainedFile* OpenDrained();
  bool DrainOwed(class DrainedFile* file);
  bool DrainStream(class DrainedFile* file, const journal::StreamRow& row);
  void CheckNothingTwice();

  Oracle& oracle_;
  SeededRandom& random_;
  ManualClock& clock_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<class DrainedFile> drained_;  // kept open, as the uplink does
  int back_after_ = -1;
};

// The receipt with this number; the same draft each time.
const event::Draft& ReceiptDraft(int number);

}  // namespace tillrelay::testing
