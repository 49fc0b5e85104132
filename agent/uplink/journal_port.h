// What: what the uplink wants of the journal's writing side.
// Promise: an order is carried out later or, if the journal cannot, not at all; the uplink sees
// what
//   became of it in Streams() and never relies on it before.
// Thread: uplink.
#pragma once

#include <string>
#include <vector>

#include "agent/journal/record.h"

namespace tillrelay::uplink {

class JournalPort {
 public:
  struct JournalState {
    std::vector<journal::StreamRow> streams;  // by number, the current one last
    std::vector<journal::OwedEvent> owed;
    std::vector<wire::Lost> losses;  // declared, and not known to have been passed
  };

  virtual ~JournalPort() = default;
  // As committed.
  virtual JournalState ReadState() = 0;
  virtual void SaveConfirmation(const journal::Confirmation& word) = 0;
  virtual void SaveAcked(const std::string& stream, uint64_t through) = 0;
  virtual void DeclareLoss(const wire::Lost& loss) = 0;
  // A row is damaged: the file has to be salvaged. A new stream follows.
  virtual void Damaged(const std::string& why) = 0;
  virtual void Fork(uint64_t position, const std::string& reason) = 0;
  // Head office has everything of a stream up to there, or knows that it is lost; also of one that
  // the journal does not have any more.
  virtual void PassLosses(const journal::Confirmation& word) = 0;
  // Head office's clock is `ahead` of ours, which shows `own` at `at`.
  virtual void ClocksCompared(Instant /*at*/, WallTime /*own*/, Duration /*ahead*/) {}
  virtual void AllowDeletion(const std::string& stream, uint64_t through, Instant until) = 0;
};

}  // namespace tillrelay::uplink
