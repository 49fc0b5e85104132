// What: a small journal with one of everything in it, and what becomes of it when its files are not
//   what they were: it is opened, drained as the uplink drains it, takes a new sale and is told old
//   ones again.
// Promise: the outcome's fault is empty if no altered event was sent, no accepted one vanished
//   without a declaration, and the journal accepts again.
// Thread: one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/journal/record.h"
#include "tests/support/case_runner.h"
#include "tests/support/disk_model.h"
#include "tests/support/oracle.h"

namespace tillrelay::testing {

// The journal before it is damaged, as another process finds it while it is open, and what was
// promised of it.
struct FilledJournal {
  DiskImage image;
  Oracle oracle;
  journal::Confirmation confirmation;  // as the centre repeats it
  struct Byte {
    std::string file;
    size_t at;
  };
  std::vector<Byte> bytes;  // every one of its files
};

FilledJournal FillJournal(const std::string& folder);

// `folder` keeps the reserve of the case before.
CaseOutcome OpenDamaged(const FilledJournal& filled, const DiskImage& image, uint64_t seed,
                        const std::string& folder);

}  // namespace tillrelay::testing
