// A journal file in a directory of its own, as one thread sees it; outcomes as strings.
#pragma once

#include <gtest/gtest.h>

#include "agent/journal/query/reader.h"
#include "agent/journal/schema.h"
#include "agent/journal/store.h"
#include "tests/support/drafts.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::journal {

class JournalStoreTest : public ::testing::Test {
 protected:
  JournalStoreTest() { Reopen(); }

  void Close() { store_.reset(); }
  void Reopen() {
    store_.reset();
    options_.path = dir_ / "journal.db";
    options_.store_id = "0042";
    auto store = JournalStore::Open(options_, WallTime{}, &random_);
    ASSERT_TRUE(store.ok()) << store.status().message();
    store_ = *std::move(store);
  }

  Result<std::vector<AppendResult>> Append(std::vector<Entry> entries, WallTime now = WallTime{}) {
    AppendRequest request;
    request.entries = std::move(entries);
    TRY(store_->Begin());
    auto receipts = store_->Append(request, now);
    if (!receipts.ok()) {
      store_->Rollback();
      return receipts;
    }
    TRY(store_->Commit());
    return receipts;
  }
  // "stored 1", "duplicate 1", "quarantined changed"
  std::string Tell(Entry entry) {
    auto receipts = Append({std::move(entry)});
    if (!receipts.ok()) return receipts.status().message();
    const AppendResult& receipt = receipts->front();
    switch (receipt.outcome) {
      case Outcome::kStored:
        return "stored " + std::to_string(receipt.sequence);
      case Outcome::kDuplicate:
        return "duplicate " + std::to_string(receipt.sequence);
      case Outcome::kQuarantined:
        return "quarantined " + receipt.reason;
      case Outcome::kRefused:
        return "refused " + receipt.reason;
    }
    return "";
  }

  testing::TempDir dir_;
  testing::SeededRandom random_;
  StoreOptions options_;
  std::unique_ptr<JournalStore> store_;
};

}  // namespace tillrelay::journal
