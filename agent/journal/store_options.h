// What: how a journal's file is opened.
// Thread: any (values).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "common/event/bookkeeper.h"

namespace tillrelay::journal {

struct StoreOptions {
  std::string path;
  std::string store_id;
  std::string vfs;  // tests: a disk that fails or forgets
  uint64_t quarantine_max_count = 10'000;
  uint64_t quarantine_max_bytes = 64 * 1024 * 1024;
  std::chrono::seconds age_mark_every{3600};  // how exactly the age of events is known
  event::Bookkeeper* books = nullptr;         // outlives the store; none: no books are kept
  bool confirm_by_broker = false;             // what the broker acknowledged counts as delivered
  std::string naming_settings;                // which decide how documents are named; empty: unsaid
  std::function<void()> progress;             // called in every long loop: it moves
};

}  // namespace tillrelay::journal
