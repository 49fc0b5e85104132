// An id is found whether its block was written with the events, made from them, or is missing.
#include "agent/journal/id_blocks.h"

#include "agent/journal/query/search.h"
#include "tests/unit/agent/journal/journal_store_fixture.h"

namespace tillrelay::journal {
namespace {

constexpr uint64_t kIds = IdBlockWriter::kIds;

class IdBlocksTest : public JournalStoreTest {
 protected:
  // Sales of register 1, in one transaction.
  std::vector<Uuid> Sell(uint64_t first, uint64_t last) {
    std::vector<Entry> entries;
    std::vector<Uuid> ids;
    for (uint64_t number = first; number <= last; ++number) {
      entries.emplace_back(testing::SaleDraft("1", static_cast<int>(number)));
      ids.push_back(std::get<event::Draft>(entries.back()).identity.id);
    }
    EXPECT_TRUE(Append(std::move(entries)).ok());
    return ids;
  }
  sqlite::Database Beside() {
    auto db = sqlite::Database::Open(options_.path, {});
    EXPECT_TRUE(db.ok());
    return *std::move(db);
  }
  int64_t Blocks() { return Beside().QueryInt("SELECT count(*) FROM id_block").value(); }
  void Fill() {
    for (bool more = true; more;) more = store_->FillIdBlocks().value();
  }
  std::optional<uint64_t> Find(const Uuid& id) {
    sqlite::Database db = Beside();
    return FindId(&db, id).value();
  }
  void ExpectAll(const std::vector<Uuid>& ids) {
    for (const size_t at : {size_t{0}, size_t{kIds - 2}, size_t{kIds - 1}, size_t{kIds},
                            ids.size() / 2, ids.size() - 1}) {
      EXPECT_EQ(Find(ids[at]), std::optional<uint64_t>(at + 1));
    }
    EXPECT_EQ(Find(Uuid{1, 2, 3}), std::nullopt);
    EXPECT_EQ(Find(Uuid{}), std::nullopt) << "a place without an event is no id";
  }
};

TEST_F(IdBlocksTest, ABlockIsWrittenWithTheEventThatFillsIt) {
  Sell(1, kIds - 1);  // positions count from 1: the first block has one place that stays empty
  Reopen();           // the growing block is forgotten
  const auto more = Sell(kIds, 3 * kIds - 1);
  EXPECT_EQ(Blocks(), 2) << "all but the one that was growing at the start";
  Fill();
  EXPECT_EQ(Blocks(), 3);
  EXPECT_EQ(Find(more.back()), std::optional<uint64_t>(3 * kIds - 1));
}

TEST_F(IdBlocksTest, EveryIdIsFoundWithBlocksAndWithout) {
  const auto ids = Sell(1, 5 * kIds + 100);
  ExpectAll(ids);
  ASSERT_TRUE(Beside().Exec("DELETE FROM id_block WHERE number IN (0,2)").ok());
  ExpectAll(ids);
  ASSERT_TRUE(Beside().Exec("DELETE FROM id_block").ok());
  ExpectAll(ids);
  Reopen();
  Fill();
  EXPECT_EQ(Blocks(), 5);
  ExpectAll(ids);
  ASSERT_TRUE(Beside().Exec("DROP TABLE id_block").ok());
  ExpectAll(ids);
}

TEST_F(IdBlocksTest, ARollbackLeavesNoForeignIdBehind) {
  Sell(1, kIds - 10);
  ASSERT_TRUE(store_->Begin().ok());
  AppendRequest lost;
  for (int number = 5000; number < 5020; ++number) {  // over the border of the block
    lost.entries.emplace_back(testing::SaleDraft("1", number));
  }
  ASSERT_TRUE(store_->Append(lost, WallTime{}).ok());
  store_->Rollback();
  EXPECT_EQ(Blocks(), 0);
  const auto ids = Sell(kIds - 9, 2 * kIds);
  Fill();
  EXPECT_EQ(Blocks(), 2);
  EXPECT_EQ(Find(ids.front()), std::optional<uint64_t>(kIds - 9));
  for (const Entry& entry : lost.entries) {
    EXPECT_EQ(Find(std::get<event::Draft>(entry).identity.id), std::nullopt);
  }
}

TEST_F(IdBlocksTest, AnIdWhoseEventWasDeletedIsKnownAsLongAsItsBlock) {
  const auto ids = Sell(1, 3 * kIds);
  Fill();
  ASSERT_TRUE(Beside().Exec("DELETE FROM event WHERE position<2000").ok());
  EXPECT_EQ(Find(ids[10]), std::optional<uint64_t>(11));
  sqlite::Database db = Beside();
  IdBlockWriter writer;
  ASSERT_TRUE(writer.Open(&db).ok());
  ASSERT_TRUE(writer.Forget(2 * kIds + 1).ok());
  EXPECT_EQ(Find(ids[10]), std::nullopt);
  EXPECT_EQ(Find(ids[2500]), std::optional<uint64_t>(2501));
}

TEST_F(IdBlocksTest, WhatIsDeletedAtTheBottomIsPassedBy) {
  Sell(1, 4 * kIds);
  ASSERT_TRUE(store_->Begin().ok());
  store_->SaveConfirmed(2999, kUnknownChain);  // what was not delivered is not deleted
  ASSERT_TRUE(store_->Commit().ok());
  ASSERT_TRUE(Beside().Exec("DELETE FROM id_block; DELETE FROM event WHERE position<3000").ok());
  Reopen();
  Fill();
  EXPECT_EQ(Blocks(), 2) << "2 in part, 3 whole";
}

TEST_F(IdBlocksTest, TheEventPageSaysThatADeletedOneIsNotKept) {
  const auto ids = Sell(1, 2 * kIds);
  Fill();
  ASSERT_TRUE(Beside().Exec("DELETE FROM event WHERE position=5").ok());
  auto search = Search::Open(options_.path).value();
  EXPECT_EQ(search->PositionOfId(UuidText(ids[4])).value(), 5u);
  EXPECT_EQ(search->Event(5).status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace tillrelay::journal
