// A disk that fails at any write, and one that forgets what was not synced: whatever was
// acknowledged is there afterwards, once, in order, with its chain.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "agent/journal/query/reader.h"
#include "agent/journal/store.h"
#include "tests/support/drafts.h"
#include "tests/support/fault_vfs.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::journal {
namespace {

using testing::FaultVfs;

struct Acknowledged {
  Uuid id;
  uint64_t sequence;
};

StoreOptions Options(const std::string& path, const char* vfs) {
  StoreOptions options;
  options.path = path;
  options.store_id = "0042";
  options.vfs = vfs;
  return options;
}

// Appends groups until one fails or all are done; what was acknowledged is collected.
void Work(JournalStore* store, int groups, testing::SeededRandom* random,
          std::vector<Acknowledged>* acknowledged) {
  int number = static_cast<int>(store->current().head);
  for (int group = 0; group < groups; ++group) {
    AppendRequest request;
    const auto size = static_cast<int>(1 + random->Below(6));
    for (int i = 0; i < size; ++i) {
      request.entries.emplace_back(testing::SaleDraft("03", ++number, std::to_string(i + 1)));
    }
    if (!store->Begin().ok()) return;
    auto receipts = store->Append(request, WallTime{});
    const bool confirm = receipts.ok() && random->Chance(0.3);
    const StreamRow row = store->current();
    Status status = receipts.ok() ? Status::Ok() : receipts.status();
    if (confirm) store->SaveConfirmed(row.head, row.head_chain);
    if (status.ok()) status = store->Commit();
    if (!status.ok()) {
      store->Rollback();
      return;
    }
    for (const AppendResult& receipt : *receipts) {
      acknowledged->push_back({receipt.id, receipt.sequence});
    }
  }
}

// Opens with the ordinary VFS and checks every promise.
void Check(const std::string& path, const std::vector<Acknowledged>& acknowledged,
           testing::SeededRandom* random) {
  auto store = JournalStore::Open(Options(path, ""), WallTime{}, random);
  if (!store.ok() && acknowledged.empty()) return;  // not even created yet
  ASSERT_TRUE(store.ok()) << store.status().message();
  const StreamRow stream = (*store)->current();
  auto reader = JournalReader::Open(path, "0042");
  ASSERT_TRUE(reader.ok());
  auto rows = (*reader)->Read(stream.base + 1, 100'000, 100'000'000);
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  ASSERT_EQ(rows->size(), stream.head);
  ASSERT_GE(rows->size(), acknowledged.size());
  std::set<Uuid> ids;
  wire::Chain chain = wire::FirstChain("0042", stream.stream);
  for (size_t i = 0; i < rows->size(); ++i) {
    const Row& row = (*rows)[i];
    ASSERT_EQ(row.position - stream.base, i + 1);
    ASSERT_TRUE(ids.insert(row.id).second) << "stored twice";
    chain = wire::NextChain(chain, i + 1, row.id, row.data_digest);
  }
  EXPECT_EQ(chain, stream.head_chain);
  for (const Acknowledged& event : acknowledged) {
    ASSERT_EQ((*rows)[event.sequence - 1].id, event.id) << "lost or moved: " << event.sequence;
  }
}

uint64_t Images() {
  const char* wanted = std::getenv("TILLRELAY_CRASH_IMAGES");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 150;
}

TEST(JournalPowerTest, NothingAcknowledgedIsLostByAPowerCutAtAnyWrite) {
  FaultVfs& vfs = FaultVfs::Instance();
  for (uint64_t seed = 1; seed <= Images(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    testing::TempDir dir;
    testing::SeededRandom random(seed);
    std::vector<Acknowledged> acknowledged;
    vfs.Reset();
    vfs.FailAt(5 + random.Below(300), FaultVfs::Failure::kIo, true);
    {
      auto store =
          JournalStore::Open(Options(dir / "journal.db", FaultVfs::kName), WallTime{}, &random);
      if (store.ok()) Work(store->get(), 40, &random, &acknowledged);
    }
    vfs.Cut(&random);
    Check(dir / "journal.db", acknowledged, &random);
    if (HasFatalFailure()) return;
  }
}

TEST(JournalPowerTest, EveryFailingWriteIsReportedAndHarmless) {
  FaultVfs& vfs = FaultVfs::Instance();
  for (const auto failure : {FaultVfs::Failure::kIo, FaultVfs::Failure::kFull}) {
    bool reached_end = false;
    for (uint64_t at = 1; at < 400 && !reached_end; ++at) {
      SCOPED_TRACE("operation " + std::to_string(at));
      testing::TempDir dir;
      testing::SeededRandom random(at);
      std::vector<Acknowledged> acknowledged;
      vfs.Reset();
      vfs.FailAt(at, failure, false);
      {
        auto store =
            JournalStore::Open(Options(dir / "journal.db", FaultVfs::kName), WallTime{}, &random);
        if (store.ok()) Work(store->get(), 8, &random, &acknowledged);
      }
      reached_end = !vfs.failed();
      vfs.FailAt(0, failure, false);
      Check(dir / "journal.db", acknowledged, &random);
      if (HasFatalFailure()) return;
    }
    EXPECT_TRUE(reached_end) << "the loop ended before a run passed";
  }
}

}  // namespace
}  // namespace tillrelay::journal
