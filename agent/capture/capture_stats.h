// What: the channels' numbers for people and for Prometheus; a plain copy, no behaviour.
// Thread: any (value).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "agent/journal/record.h"
#include "common/base/clock.h"
#include "common/event/kind.h"

namespace tillrelay::capture {

// What one channel took in, by outcome and kind; a document that is no event has no kind.
class ChannelCounts {
 public:
  using Kinds = std::array<uint64_t, event::kKindCount + 1>;
  void Add(journal::Outcome outcome, std::optional<event::Kind> kind, uint64_t count = 1) {
    const size_t place = kind ? static_cast<size_t>(*kind) : event::kKindCount;
    counts_[static_cast<size_t>(outcome)][place] += count;
  }
  const Kinds& of(journal::Outcome outcome) const { return counts_[static_cast<size_t>(outcome)]; }
  uint64_t all(journal::Outcome outcome) const {
    return std::accumulate(of(outcome).begin(), of(outcome).end(), uint64_t{0});
  }
  uint64_t stored() const { return all(journal::Outcome::kStored); }
  uint64_t duplicate() const { return all(journal::Outcome::kDuplicate); }
  uint64_t quarantined() const { return all(journal::Outcome::kQuarantined); }

 private:
  std::array<Kinds, 4> counts_{};  // by outcome
};

struct CaptureStats {
  ChannelCounts http, file;
  uint64_t http_refused = 0;
  uint64_t files_done = 0, files_rejected = 0, files_waiting = 0, files_unreadable = 0;
  struct RejectedFile {
    std::string name, reason;
    WallTime at{};
  };
  // Rejected as a whole, so that no ticket tells of them; the last kMaxRejected since the start.
  static constexpr size_t kMaxRejected = 100;
  std::vector<RejectedFile> rejected;
  uint64_t redactions = 0;                        // card numbers that were masked
  uint64_t lines_mapped = 0, lines_unmapped = 0;  // stored ones, by the item map
  struct ItemMap {
    std::string version, error;  // "" without a map; why the file as it is now cannot be used
    uint64_t rows = 0;
  };
  std::optional<ItemMap> item_map;  // none where no map is configured
  std::string drop_folder_error;    // empty: healthy
  struct Register {
    WallTime last_heard_at{};
    uint64_t sales = 0, returns = 0, others = 0;  // since start
  };
  std::map<std::string, Register> registers;
};

}  // namespace tillrelay::capture
