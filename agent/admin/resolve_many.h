// What: one order for many documents in quarantine.
// Promise: each is resolved as if it were alone, one after the other; what cannot be taken stays,
//   and the others are done all the same. Where the store cannot take anything now (full, too many
//   questions), the rest stays untouched.
// Thread: called on http; the reply comes from any thread, once.
// Limits: kMaxBulk tickets an order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/admin/admin.h"

namespace tillrelay::admin {

inline constexpr size_t kMaxBulk = 1'000;

struct BulkOrder {
  std::vector<uint64_t> tickets;
  Resolution::Way way = Resolution::Way::kRetry;  // not kResubmit
  std::string reason, actor;
};

struct BulkOutcome {
  uint64_t resolved = 0;
  uint64_t gone = 0;           // somebody else has resolved them before
  std::vector<uint64_t> left;  // still in quarantine
  std::string stopped;         // why the rest was not tried; empty: all were
};

void ResolveMany(std::shared_ptr<Admin> admin, BulkOrder order, Reply<BulkOutcome> reply);

}  // namespace tillrelay::admin
