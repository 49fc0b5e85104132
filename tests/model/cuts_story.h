// What: the run that journal_cuts cuts: 200 commits with confirmations, a quarantine, deletions,
// clean
//   restarts, a fork, a damaged row with its salvage, a backup and its restore.
// Promise: what a step does follows from its number and from what the journal says, so that a part
// of
//   the run can be played from an image of the disk.
// Thread: one, besides the journal's own.
#pragma once

#include <functional>
#include <string>

#include "tests/support/journal_run.h"

namespace tillrelay::testing {

class CutsStory {
 public:
  static constexpr int kSteps = 200;
  static constexpr int kForkAt = 60, kDamageAt = 110, kRestoreAt = 150;
  static constexpr int kFreshReceipt = 900'000;  // that no step tells

  // `folder` is the one that the fault disk watches. `note` is called after each thing that may
  // have told somebody something.
  CutsStory(const std::string& folder, JournalRun* run, std::function<void()> note)
      : folder_(folder), run_(*run), note_(std::move(note)) {}

  // A refusal or a failure ends the step, not the story.
  void Step(int number);
  // What every life of this journal is configured with.
  static void Configure(journal::JournalOptions* options);

 private:
  void DeliverAndConfirm();
  void Restart();
  void SpoilARow();
  void RestoreABackup(int number);

  const std::string folder_;
  JournalRun& run_;
  std::function<void()> note_;
};

}  // namespace tillrelay::testing
