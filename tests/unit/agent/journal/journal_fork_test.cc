// Several streams in one file: what a fork moves and what it leaves, losses, owed bodies, and how
// far rows may be deleted.
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "agent/journal/seal.h"
#include "agent/journal/stream_tables.h"
#include "tests/unit/agent/journal/journal_store_fixture.h"

namespace tillrelay::journal {
namespace {

using testing::SaleDraft;

const WallTime kLater{std::chrono::hours(1000)};
constexpr Duration kAnyAge{0};

class JournalForkTest : public JournalStoreTest {
 protected:
  void Fill(int first, int last) {
    std::vector<Entry> entries;
    for (int i = first; i <= last; ++i) entries.emplace_back(SaleDraft("03", i));
    ASSERT_TRUE(Append(std::move(entries)).ok());
  }
  std::unique_ptr<JournalReader> Reader() {
    return JournalReader::Open(options_.path, "0042").value();
  }
  wire::Chain ChainAt(const StreamRow& stream, uint64_t n) { return *Reader()->ChainAt(stream, n); }
  void Confirm(const StreamRow& stream, uint64_t through, std::vector<wire::Range> owed = {},
               bool live = true) {
    ASSERT_TRUE(store_->Begin().ok());
    const Confirmation word{stream.stream, through, ChainAt(stream, through), owed, live};
    ASSERT_TRUE(store_->SaveConfirmation(word).ok());
    ASSERT_TRUE(store_->Commit().ok());
  }
  void Fork(uint64_t position) {
    const Status forked = store_->Fork(position, "test", kLater, &random_);
    ASSERT_TRUE(forked.ok()) << forked.message();
  }
  // The stream's numbers from 1 (or the floor) to its head carry the chain that its row states.
  void ExpectWhole(const StreamRow& stream) {
    auto reader = Reader();
    uint64_t n = stream.floor - 1;
    wire::Chain chain = *reader->ChainAt(stream, n);
    while (++n <= stream.head) {
      Row row;
      if (n == 1 && stream.has_opening()) {
        row = *reader->Opening(stream);
      } else {
        auto rows = reader->Read(stream.base + n, 1, 1 << 20);
        ASSERT_TRUE(rows.ok() && rows->size() == 1) << n;
        row = rows->front();
      }
      ASSERT_EQ(row.position, stream.base + n);
      chain = wire::NextChain(chain, n, row.id, row.data_digest);
    }
    EXPECT_EQ(chain, stream.head_chain);
    EXPECT_EQ(chain, *reader->ChainAt(stream, stream.head));
    if (stream.confirmed_through + 1 < stream.floor) return;
    EXPECT_EQ(stream.confirmed_chain, *reader->ChainAt(stream, stream.confirmed_through));
  }
  void ExpectAllWhole() {
    for (const StreamRow& stream : store_->streams()) ExpectWhole(stream);
  }
  int64_t Count(const std::string& sql) {
    auto db = sqlite::Database::Open(options_.path, {.read_only = true});
    return db->QueryInt("SELECT count(*) FROM " + sql).value();
  }
  // "head/confirmed" of each stream, oldest first.
  std::string Told() {
    std::string reported;
    for (const StreamRow& s : store_->streams()) {
      reported += std::to_string(s.head) + "/" + std::to_string(s.confirmed_through) + " ";
    }
    return reported;
  }
};

TEST_F(JournalForkTest, UnconfirmedEventsGoOnUnderNewNumbersWithTheSameIdsAndBytes) {
  Fill(1, 600);
  const StreamRow old = store_->current();
  Confirm(old, 300);
  const auto before = *Reader()->Read(301, 1, 1 << 20);
  Fork(old.base + 301);
  EXPECT_EQ(Told(), "300/300 301/0 ");
  const StreamRow& fresh = store_->current();
  EXPECT_NE(fresh.stream, old.stream);
  const auto after = *Reader()->Read(fresh.base + 2, 1, 1 << 20);
  EXPECT_EQ(after[0].id, before[0].id);
  EXPECT_EQ(after[0].data, before[0].data);
  ExpectAllWhole();
  EXPECT_EQ(Tell(SaleDraft("03", 601)), "stored 302");
  EXPECT_EQ(Tell(SaleDraft("03", 301)), "duplicate 2");
  EXPECT_EQ(Tell(SaleDraft("03", 300)), "duplicate 300");
  Reopen();
  EXPECT_EQ(Told(), "300/300 302/0 ");
  ExpectAllWhole();
}

TEST_F(JournalForkTest, TheOpeningNamesWhereThePreviousStreamEnds) {
  Fill(1, 5);
  const StreamRow old = store_->current();
  Confirm(old, 3);
  Fork(old.base + 4);
  const Row opening = *Reader()->Opening(store_->current());
  EXPECT_EQ(opening.kind, "stream_opened");
  EXPECT_EQ(opening.subject, "stream/" + store_->current().stream);
  EXPECT_NE(opening.data.find(old.stream), std::string::npos);
  EXPECT_NE(opening.data.find("\"through\":\"00000000000000000003\""), std::string::npos);
  EXPECT_EQ(opening.id, event::OwnEventId("stream_opened", "0042", store_->current().stream));
}

TEST_F(JournalForkTest, ForksBeforeAnythingIsConfirmedMoveEverythingAgain) {
  Fork(1);  // of an empty journal
  EXPECT_EQ(Told(), "0/0 1/0 ");
  Fill(1, 3);
  Fork(1);
  Fork(1);
  EXPECT_EQ(Told(), "0/0 1/0 1/0 4/0 ");
  EXPECT_EQ(Tell(SaleDraft("03", 1)), "duplicate 2");
  EXPECT_EQ(Tell(SaleDraft("03", 4)), "stored 5");
  ExpectAllWhole();
  Reopen();
  EXPECT_EQ(Told(), "0/0 1/0 1/0 5/0 ");
  ExpectAllWhole();
}

TEST_F(JournalForkTest, AForkBelowOlderStreamsTakesTheirRowsToo) {
  Fill(1, 10);
  Confirm(store_->current(), 6);
  Fork(7);
  Fill(11, 12);
  Confirm(store_->current(), 4);
  Fork(3);  // the centre proves another history from number 3 of the first stream on
  EXPECT_EQ(Told(), "2/2 1/1 11/0 ");
  ExpectAllWhole();
  EXPECT_EQ(Tell(SaleDraft("03", 3)), "duplicate 2");
}

TEST_F(JournalForkTest, AForkThatFailsChangesNothing) {
  Fill(1, 300);
  store_.reset();
  {
    auto db = sqlite::Database::Open(options_.path, {});
    ASSERT_TRUE(db->Exec("DELETE FROM event WHERE position=40").ok());
  }
  Reopen();
  EXPECT_EQ(store_->Fork(1, "test", kLater, &random_).code(), Code::kCorrupt);
  EXPECT_EQ(Told(), "300/0 ");
  EXPECT_EQ(Tell(SaleDraft("03", 301)), "stored 301");
}

TEST_F(JournalForkTest, WhatAPersonKnowsOfAStreamThatIsNotHereStaysKnown) {
  const std::vector<std::string> gone{"01JD3V7Q8Z5W6K2M9T4RHXG0NE"};
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(store_->Begin().ok());
    ASSERT_TRUE(store_->AcknowledgeStream(gone[0], kLater).ok());
    if (i > 0) {
      ASSERT_TRUE(store_->Commit().ok());
    } else {
      store_->Rollback();
      EXPECT_TRUE(store_->acknowledged_streams().empty());
    }
  }
  EXPECT_EQ(store_->acknowledged_streams(), gone);
  Reopen();
  EXPECT_EQ(store_->acknowledged_streams(), gone);
}

TEST_F(JournalForkTest, RowsAreDeletedOnlyWithinThePermit) {
  Fill(1, 600);
  const StreamRow stream = store_->current();
  Confirm(stream, 600);
  EXPECT_FALSE(*store_->Trim(kAnyAge, std::make_unique<DeletionPermit>().get()));
  const DeletionPermit permit{false, {{stream.stream, 300}}};
  EXPECT_TRUE(*store_->Trim(kAnyAge, &permit));
  EXPECT_FALSE(*store_->Trim(kAnyAge, &permit));
  EXPECT_EQ(store_->floor(), 257u);
}

TEST_F(JournalForkTest, APermitThatReachesFurtherThanTheWatermarkDeletesNothingMore) {
  Fill(1, 600);
  const StreamRow stream = store_->current();
  Confirm(stream, 300);
  const DeletionPermit permit{false, {{stream.stream, 600}}};
  EXPECT_TRUE(*store_->Trim(kAnyAge, &permit));
  EXPECT_FALSE(*store_->Trim(kAnyAge, &permit));
  EXPECT_FALSE(*store_->TrimForRoom(permit));
  EXPECT_EQ(store_->floor(), 257u);
}

TEST_F(JournalForkTest, AStreamThatIsOverIsDeletedToItsEndAndItsChainIsStillKnown) {
  Fill(1, 300);
  const StreamRow old = store_->current();
  Confirm(old, 300);
  Fork(301);
  Fill(301, 310);
  const DeletionPermit permit{false, {{old.stream, 300}}};
  while (*store_->Trim(kAnyAge, &permit)) {
  }
  EXPECT_EQ(Count("event"), 10);
  EXPECT_EQ(store_->streams()[0].floor, 301u);
  EXPECT_EQ(store_->floor(), 1u);
  ExpectAllWhole();
  Reopen();
  EXPECT_EQ(store_->streams()[0].floor, 301u);
  ExpectAllWhole();
  EXPECT_EQ(ChainAt(store_->streams()[0], 300), old.head_chain);
}

TEST_F(JournalForkTest, AnOwedBodyOutlivesItsBlockUntilALiveWordNoLongerListsIt) {
  Fill(1, 600);
  const StreamRow stream = store_->current();
  const wire::Chain below = ChainAt(stream, 6);
  Confirm(stream, 600, {{7, 7}});
  while (*store_->Trim(kAnyAge)) {
  }
  EXPECT_EQ(store_->floor(), 513u);
  EXPECT_EQ(Count("event WHERE position<513"), 1);
  ASSERT_EQ(store_->Owed().size(), 1u);
  EXPECT_EQ(store_->Owed()[0].sequence, 7u);
  Reopen();
  const auto kept = Reader()->ChainAt(store_->current(), 6);  // it is sent with this
  ASSERT_TRUE(kept.ok()) << kept.status().message();
  EXPECT_EQ(*kept, below);
  EXPECT_EQ(store_->floor(), 513u);
  Confirm(store_->current(), 600, {}, false);  // an old retained word frees nothing
  EXPECT_EQ(store_->Owed().size(), 1u);
  Confirm(store_->current(), 600);
  EXPECT_TRUE(store_->Owed().empty());
}

TEST_F(JournalForkTest, ALossIsDeclaredOnceAndForgottenWhenTheWatermarkHasPassedIt) {
  Fill(1, 3);
  const StreamRow stream = store_->current();
  const wire::Lost loss{stream.stream, {1, 2}, ChainAt(stream, 2), "not_kept", true};
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(store_->Begin().ok());
    ASSERT_TRUE(store_->DeclareLoss(loss, kLater).ok());
    ASSERT_TRUE(store_->Commit().ok());
  }
  EXPECT_EQ(store_->current().head, 4u);
  EXPECT_EQ(store_->losses().size(), 1u);
  const auto rows = *Reader()->Read(4, 1, 1 << 20);
  EXPECT_EQ(rows[0].kind, "loss");
  Confirm(store_->current(), 4);
  EXPECT_TRUE(store_->losses().empty());
}

// Ranges are joined where there are too many of them: what is still there is no new document.
TEST_F(JournalForkTest, WhatIsStillHereIsKnownThoughADeclaredRangeCoversIt) {
  Fill(1, 3);
  ASSERT_TRUE(store_->Begin().ok());
  const wire::Lost loss{store_->current().stream, {1, 2}, {}, "damaged", false};
  ASSERT_TRUE(store_->DeclareLoss(loss, kLater).ok());
  ASSERT_TRUE(store_->Commit().ok());
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(Tell(SaleDraft("03", 1)), "duplicate 1");
    Reopen();
  }
}

// More than the same numbers: another declaration, which has to be told.
TEST_F(JournalForkTest, ALossWithoutAnEndIsAnotherOneThanThatOfItsNumbers) {
  Fill(1, 3);
  const StreamRow stream = store_->current();
  for (const bool open : {false, true, true}) {
    ASSERT_TRUE(store_->Begin().ok());
    const wire::Lost loss{stream.stream, {1, 2}, {}, "damaged", false, open};
    ASSERT_TRUE(store_->DeclareLoss(loss, kLater).ok());
    ASSERT_TRUE(store_->Commit().ok());
  }
  EXPECT_EQ(store_->current().head, 5u);
  const auto rows = *Reader()->Read(4, 2, 1 << 20);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_NE(rows[0].id, rows[1].id);
}

// In the file as in memory: a start must not make an open loss disappear.
TEST_F(JournalForkTest, ALossThatTheWatermarkHasPassedInPartStaysDeclared) {
  Fill(1, 6);
  const StreamRow stream = store_->current();
  for (const auto& [first, last] : {std::pair<uint64_t, uint64_t>{1, 2}, {3, 5}}) {
    ASSERT_TRUE(store_->Begin().ok());
    const wire::Lost loss{stream.stream, {first, last}, ChainAt(stream, last), "not_kept", true};
    ASSERT_TRUE(store_->DeclareLoss(loss, kLater).ok());
    ASSERT_TRUE(store_->Commit().ok());
  }
  Confirm(store_->current(), 3);
  for (int start = 0; start < 2; ++start) {
    ASSERT_EQ(store_->losses().size(), 1u);
    EXPECT_EQ(store_->losses().front().range.last, 5u);
    Reopen();
  }
  Confirm(store_->current(), 5);
  Reopen();
  EXPECT_TRUE(store_->losses().empty());
}

TEST_F(JournalForkTest, ARolledBackWordLeavesWhatIsOwedAsItWas) {
  Fill(1, 10);
  const StreamRow stream = store_->current();
  Confirm(stream, 5, {{2, 3}});
  ASSERT_TRUE(store_->Begin().ok());
  ASSERT_TRUE(
      store_->SaveConfirmation({stream.stream, 6, ChainAt(stream, 6), {{5, 5}}, true}).ok());
  store_->Rollback();
  EXPECT_EQ(store_->Owed().size(), 2u);
  EXPECT_EQ(Told(), "10/5 ");
}

TEST_F(JournalForkTest, ALongRenumberingShowsThatItMoves) {
  Close();
  int moved = 0;
  options_.progress = [&] { ++moved; };
  Reopen();
  std::vector<Entry> sales;
  for (int n = 1; n <= 3000; ++n) sales.emplace_back(SaleDraft("03", n));
  ASSERT_TRUE(Append(std::move(sales)).ok());
  moved = 0;
  ASSERT_TRUE(store_->Fork(1, "a test", WallTime{}, &random_).ok());
  EXPECT_GE(moved, 3000 / static_cast<int>(kMarkEvery));
}

template <class Row>
void ExpectAllSealed(const std::function<Seal(const Row&)>& seal,
                     const std::vector<std::function<void(Row*)>>& changes) {
  std::set<Seal> seals{seal(Row{})};
  for (size_t i = 0; i < changes.size(); ++i) {
    Row row{};
    changes[i](&row);
    EXPECT_TRUE(seals.insert(seal(row)).second) << "column " << i << " is under no seal";
  }
}

// Each column by itself, so that no damage to one of them is believed.
TEST(Seals, EveryColumnIsUnderItsRowsSeal) {
  ExpectAllSealed<StreamRow>(
      [](const StreamRow& row) { return SealOfStream("0042", row); },
      {[](auto* r) { r->stream = "a"; }, [](auto* r) { r->base = 9; }, [](auto* r) { r->head = 9; },
       [](auto* r) { r->confirmed_through = 9; }, [](auto* r) { r->acked_through = 9; },
       [](auto* r) { r->head_chain.back() = 9; }, [](auto* r) { r->confirmed_chain.back() = 9; },
       [](auto* r) { r->current = true; }, [](auto* r) { r->number = 9; },
       [](auto* r) { r->first = 9; }});
  EXPECT_NE(SealOfStream("0042", {}), SealOfStream("0043", {}));
  ExpectAllSealed<wire::Lost>(
      SealOfLoss, {[](auto* r) { r->stream = "a"; }, [](auto* r) { r->range.first = 9; },
                   [](auto* r) { r->range.last = 9; }, [](auto* r) { r->chain.back() = 9; },
                   [](auto* r) { r->reason = "a"; }, [](auto* r) { r->compared = false; },
                   [](auto* r) { r->open = true; }});
  ExpectAllSealed<Row>([](const Row& row) { return SealOfOpening("a", row); },
                       {[](auto* r) { r->id.back() = 9; }, [](auto* r) { r->subject = "a"; },
                        [](auto* r) { r->time = "a"; }, [](auto* r) { r->data = "a"; },
                        [](auto* r) { r->recorded_at = WallTime{std::chrono::microseconds(9)}; }});
  EXPECT_NE(SealOfOpening("a", {}), SealOfOpening("b", {}));
  ExpectAllSealed<ChainMark>(
      [](const ChainMark& row) { return SealOfMark(row.stream, row.sequence, row.chain); },
      {[](auto* r) { r->stream = "a"; }, [](auto* r) { r->sequence = 9; },
       [](auto* r) { r->chain.back() = 9; }});
  ExpectAllSealed<Row>(
      [](const Row& row) {
        return SealOf({row.position, row.id, Micros(row.recorded_at), row.data_digest, row.kind,
                       row.subject, row.time});
      },
      {[](auto* r) { r->position = 9; }, [](auto* r) { r->id.back() = 9; },
       [](auto* r) { r->data_digest.back() = 9; }, [](auto* r) { r->kind = "a"; },
       [](auto* r) { r->subject = "a"; }, [](auto* r) { r->time = "a"; },
       [](auto* r) { r->recorded_at = WallTime{std::chrono::microseconds(9)}; }});
}

}  // namespace
}  // namespace tillrelay::journal
