// The file as one thread sees it: numbers, duplicates, conflicts, quarantine, reopening.
#include <gmock/gmock.h>

#include "agent/journal/query/search.h"
#include "common/base/json_reader.h"
#include "tests/unit/agent/journal/journal_store_fixture.h"

namespace tillrelay::journal {
namespace {

using testing::SaleDraft;

TEST_F(JournalStoreTest, NumbersStartAtOneAndHaveNoHoles) {
  EXPECT_EQ(Tell(SaleDraft("03", 1)), "stored 1");
  EXPECT_EQ(Tell(SaleDraft("03", 2)), "stored 2");
  EXPECT_EQ(Tell(SaleDraft("04", 1)), "stored 3");
}

TEST_F(JournalStoreTest, RepeatGetsTheFirstReceiptAlsoAfterReopening) {
  Tell(SaleDraft("03", 1));
  EXPECT_EQ(Tell(SaleDraft("03", 1)), "duplicate 1");
  Reopen();
  EXPECT_EQ(Tell(SaleDraft("03", 1)), "duplicate 1");
  EXPECT_EQ(Tell(SaleDraft("03", 2)), "stored 2");
}

TEST_F(JournalStoreTest, RepeatInsideOneRequestIsADuplicate) {
  auto receipts = Append({SaleDraft("03", 1), SaleDraft("03", 1)});
  ASSERT_TRUE(receipts.ok());
  EXPECT_EQ((*receipts)[1].outcome, Outcome::kDuplicate);
  EXPECT_EQ((*receipts)[1].sequence, 1u);
}

TEST_F(JournalStoreTest, RegisterThreeAndZeroThreeAreOne) {
  Tell(SaleDraft("03", 1, "2"));
  EXPECT_EQ(Tell(SaleDraft("3", 1, "2.0")), "duplicate 1");
}

TEST_F(JournalStoreTest, OtherContentUnderOneNumberIsQuarantinedAndUsesNoNumber) {
  Tell(SaleDraft("03", 1, "2"));
  EXPECT_EQ(Tell(SaleDraft("03", 1, "3")), "quarantined changed");
  EXPECT_EQ(Tell(SaleDraft("03", 2)), "stored 2");
}

TEST_F(JournalStoreTest, SameGoodsAtAnotherTimeAreNeverCountedTwice) {
  Tell(SaleDraft("03", 1));
  event::Event later = testing::Sale("03", 1);
  later.transaction->end_at = "2026-11-21T18:42:08+01:00";
  EXPECT_EQ(Tell(testing::DraftOf(later)), "quarantined time_changed");
}

TEST_F(JournalStoreTest, OtherMoneyUnderOneNumberIsQuarantinedAndADescriptionIsNot) {
  event::Event sale = testing::Sale("03", 1);
  sale.currency = "EUR";
  sale.lines[0].net_amount = Decimal::FromInt(5);
  sale.tenders.push_back({"cash", Decimal::FromInt(5)});
  EXPECT_EQ(Tell(testing::DraftOf(sale)), "stored 1");
  Reopen();
  event::Event other = sale;
  other.currency = "USD";
  EXPECT_EQ(Tell(testing::DraftOf(other)), "quarantined changed");
  other = sale;
  other.lines[0].net_amount = Decimal::FromInt(6);
  EXPECT_EQ(Tell(testing::DraftOf(other)), "quarantined changed");
  other = sale;
  other.tenders[0].type = "card";
  EXPECT_EQ(Tell(testing::DraftOf(other)), "quarantined changed");
  other = sale;
  other.lines[0].item.description = "Poncho";
  EXPECT_EQ(Tell(testing::DraftOf(other)), "duplicate 1");
  // Another way in may tell less.
  EXPECT_EQ(Tell(testing::DraftOf(testing::Sale("03", 1))), "duplicate 1");
}

// An id that does not follow from the lines says nothing of them: the digest does.
TEST_F(JournalStoreTest, TheSameNumberWithOtherLinesIsAConflictForEveryDocument) {
  const auto document = [](event::Kind kind, const char* quantity) {
    event::Event event;
    event.kind = kind;
    if (event::IsTransfer(kind)) {
      auto& t = event.transfer.emplace();
      t.transfer_id = "T1";
      t.receipt_id = kind == event::Kind::kTransferReceived ? "R1" : "";
      t.from_store_id = kind == event::Kind::kTransferReceived ? "0043" : "0042";
      t.to_store_id = kind == event::Kind::kTransferReceived ? "0042" : "0043";
      t.business_day = "2026-11-21";
      (kind == event::Kind::kTransferReceived ? t.received_at : t.shipped_at) =
          "2026-11-21T10:00:00+01:00";
    } else if (kind == event::Kind::kStockCounted) {
      auto& c = event.count.emplace();
      c.count_id = "C1";
      c.store_id = "0042";
      c.business_day = "2026-11-21";
      c.as_of = "2026-11-21T10:00:00+01:00";
    } else {
      auto& a = event.adjustment.emplace();
      a.adjustment_id = "A1";
      a.store_id = "0042";
      a.business_day = "2026-11-21";
      a.adjusted_at = "2026-11-21T10:00:00+01:00";
      a.reason = "damage";
    }
    auto& line = event.lines.emplace_back();
    line.item.sku = "100234";
    line.uom = "EA";
    const auto number = Decimal::Parse(quantity).value();
    (kind == event::Kind::kStockCounted ? line.counted : line.quantity) = number;
    return testing::DraftOf(std::move(event));
  };
  uint64_t stored = 0;
  for (const event::Kind kind :
       {event::Kind::kTransferShipped, event::Kind::kTransferReceived, event::Kind::kTransferVoided,
        event::Kind::kStockCounted, event::Kind::kStockAdjusted}) {
    SCOPED_TRACE(event::KindWord(kind));
    const std::string number = std::to_string(++stored);
    EXPECT_EQ(Tell(document(kind, "2")), "stored " + number);
    EXPECT_EQ(Tell(document(kind, "3")), "quarantined changed");
    EXPECT_EQ(Tell(document(kind, "2")), "duplicate " + number);
  }
}

// A file of before holds the digest of the content alone.
TEST_F(JournalStoreTest, RowsOfBeforeAreComparedByTheirContentAlone) {
  event::Event sale = testing::Sale("03", 1);
  sale.currency = "EUR";
  Tell(testing::DraftOf(sale));
  store_.reset();
  {
    auto db = sqlite::Database::Open(options_.path, {});
    ASSERT_TRUE(db.ok());
    ASSERT_TRUE(db->Exec("UPDATE known SET digest=substr(digest,1,16)").ok());
  }
  Reopen();
  sale.currency = "USD";
  EXPECT_EQ(Tell(testing::DraftOf(sale)), "duplicate 1");
  EXPECT_EQ(Tell(SaleDraft("03", 1, "3")), "quarantined changed");
}

TEST_F(JournalStoreTest, QuarantinedConflictCanBeSentAgainAsItStands) {
  Tell(SaleDraft("03", 1, "2"));
  Tell(SaleDraft("03", 1, "3"));
  auto search = Search::Open(options_.path);
  auto rows = (*search)->Quarantined(0, 10, true);
  ASSERT_TRUE(rows.ok() && rows->size() == 1);
  JsonParser parser;
  std::string document = rows->front().document;
  auto value = parser.Parse(document);
  ASSERT_TRUE(value.ok()) << document;
  EXPECT_EQ(value->String("kind"), "sale");
  EXPECT_TRUE(value->Find("transaction"));
}

TEST_F(JournalStoreTest, QuarantineGivesOneTicketPerDocument) {
  const RejectedDocument unfit{
      {"bad-value", "lines[0].quantity", ""}, "http", "", "{\"kind\":\"sale\"}"};
  auto first = Append({unfit});
  auto again = Append({unfit});
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_EQ(first->front().ticket, again->front().ticket);
  EXPECT_EQ(store_->quarantined(), 1u);
}

TEST_F(JournalStoreTest, FullQuarantineRefusesInsteadOfOverwriting) {
  options_.quarantine_max_count = 1;
  Reopen();
  EXPECT_EQ(Tell(RejectedDocument{{"a", "", ""}, "http", "", "one"}), "quarantined a");
  auto second = Append({RejectedDocument{{"a", "", ""}, "http", "", "two"}});
  EXPECT_EQ(second.status().code(), Code::kFull);
  EXPECT_EQ(Tell(SaleDraft("03", 1)), "stored 1");
}

TEST_F(JournalStoreTest, AFileOfWhichADocumentWaitsIsNotOneThatWasTaken) {
  options_.quarantine_max_count = 1;
  Reopen();
  const auto drop = [&](const char* unfit) {
    AppendRequest request;
    request.entries = {SaleDraft("03", 1), RejectedDocument{{"a", "", ""}, "file", "", unfit}};
    request.file = FileMark{Sha256(unfit), unfit};
    ASSERT_TRUE(store_->Begin().ok());
    ASSERT_TRUE(store_->Append(request, WallTime{}).ok());
    ASSERT_TRUE(store_->Commit().ok());
  };
  drop("one");
  drop("two");  // for which the quarantine has no room
  auto db = sqlite::Database::Open(options_.path, {.read_only = true});
  EXPECT_EQ(db->QueryText("SELECT group_concat(name) FROM file").value(), "one");
}

// Bytes and not characters, also of what was there at the start and of what has gone since.
TEST_F(JournalStoreTest, TheQuarantineIsBoundedInBytes) {
  options_.quarantine_max_bytes = 100;
  Reopen();
  const auto unfit = [](std::string document) {
    return RejectedDocument{{"a", "", ""}, "http", "", std::move(document)};
  };
  const std::string full = "the quarantine is full; a person has to look at it first";
  std::string umlauts;
  for (int i = 0; i < 30; ++i) umlauts += "\xc3\xa4";  // 60 bytes
  EXPECT_EQ(Tell(unfit(umlauts)), "quarantined a");
  EXPECT_EQ(Tell(unfit(std::string(41, 'x'))), full);
  Reopen();
  EXPECT_EQ(Tell(unfit(std::string(41, 'x'))), full);
  EXPECT_EQ(Tell(unfit(std::string(40, 'x'))), "quarantined a");
  AppendRequest resolving;
  resolving.entries = {SaleDraft("03", 1)};
  resolving.resolves = 1;
  ASSERT_TRUE(store_->Begin().ok());
  ASSERT_TRUE(store_->Append(resolving, WallTime{}).ok());
  ASSERT_TRUE(store_->Commit().ok());
  EXPECT_EQ(Tell(unfit(std::string(60, 'y'))), "quarantined a") << "its room is free again";
  EXPECT_EQ(Tell(unfit("z")), full);
}

class QuarantineShareTest : public JournalStoreTest {
 protected:
  // "quarantined", or why not.
  std::string Put(const std::string& sender, const std::string& document) {
    AppendRequest request;
    request.sender = sender;
    request.entries = {RejectedDocument{{"bad", "", ""}, "http", "", document}};
    EXPECT_TRUE(store_->Begin().ok());
    auto receipts = store_->Append(request, WallTime{});
    if (!receipts.ok()) {
      store_->Rollback();
      return receipts.status().message();
    }
    EXPECT_TRUE(store_->Commit().ok());
    return "quarantined";
  }
  int Fill(const std::string& sender) {
    int kept = 0;
    while (Put(sender, sender + std::to_string(kept)) == "quarantined") ++kept;
    return kept;
  }
};

TEST_F(QuarantineShareTest, OneSenderFillsItsShareAndTheOthersDoNotNotice) {
  options_.quarantine_max_count = 2000;
  Reopen();
  EXPECT_EQ(Fill("register 03"), 500);
  EXPECT_THAT(Put("register 03", "one more"),
              ::testing::AllOf(::testing::HasSubstr("those of register 03"),
                               ::testing::HasSubstr("at most 500 documents")));
  EXPECT_EQ(Put("register 03", "register 037"), "quarantined") << "that one is known";
  EXPECT_EQ(Put("", "of nobody"), "quarantined");
  Reopen();
  EXPECT_NE(Put("register 03", "one more"), "quarantined") << "after a restart as well";
  EXPECT_EQ(Fill("the drop folder"), 500);
  EXPECT_EQ(store_->quarantined(), 1001u);
}

TEST_F(QuarantineShareTest, WhatAPersonTakesOutIsRoomForItsSender) {
  options_.quarantine_max_count = 400;
  Reopen();
  EXPECT_EQ(Fill("token 1"), 300) << "some hundred at least";
  AppendRequest resolving;
  resolving.entries = {SaleDraft("03", 1)};
  resolving.resolves = 1;
  ASSERT_TRUE(store_->Begin().ok());
  ASSERT_TRUE(store_->Append(resolving, WallTime{}).ok());
  store_->Rollback();
  EXPECT_NE(Put("token 1", "new"), "quarantined") << "it was not taken out after all";
  ASSERT_TRUE(store_->Begin().ok());
  ASSERT_TRUE(store_->Append(resolving, WallTime{}).ok());
  ASSERT_TRUE(store_->Commit().ok());
  EXPECT_EQ(Put("token 1", "new"), "quarantined");
  EXPECT_NE(Put("token 1", "newer"), "quarantined");
}

// As where the disk is full at the first start after an upgrade.
TEST_F(QuarantineShareTest, WithoutItsTableTheQuarantineIsBoundedAsAWhole) {
  options_.quarantine_max_count = 1000;
  Reopen();
  EXPECT_EQ(Fill("a"), 300);
  store_.reset();
  {
    auto db = sqlite::Database::Open(options_.path, {});
    ASSERT_TRUE(db.ok());
    ASSERT_TRUE(
        db->Exec("DROP TABLE quarantine_sender; CREATE VIEW quarantine_sender AS SELECT 1").ok());
  }
  Reopen();
  EXPECT_EQ(Put("a", "new"), "quarantined");
  EXPECT_EQ(Fill("a"), 999) << "300 are known, and the whole has 1,000";
  AppendRequest resolving;
  resolving.entries = {SaleDraft("03", 1)};
  resolving.resolves = 1;
  ASSERT_TRUE(store_->Begin().ok());
  ASSERT_TRUE(store_->Append(resolving, WallTime{}).ok());
  ASSERT_TRUE(store_->Commit().ok());
  EXPECT_EQ(store_->quarantined(), 999u);
}

TEST_F(QuarantineShareTest, ItCountsBytesAsWell) {
  options_.quarantine_max_bytes = 32 * 1024 * 1024;
  Reopen();
  int kept = 0;
  while (Put("a", std::string(1024 * 1024, static_cast<char>('a' + kept))) == "quarantined") ++kept;
  EXPECT_EQ(kept, 8);
  EXPECT_EQ(Put("b", "small"), "quarantined");
}

TEST_F(JournalStoreTest, RolledBackNumbersAreGivenAgain) {
  AppendRequest request;
  request.entries = {SaleDraft("03", 1)};
  ASSERT_TRUE(store_->Begin().ok());
  ASSERT_TRUE(store_->Append(request, WallTime{}).ok());
  store_->Rollback();
  EXPECT_EQ(Tell(SaleDraft("03", 2)), "stored 1");
}

TEST_F(JournalStoreTest, ChainFollowsFromTheRows) {
  for (int i = 1; i <= 600; ++i) Tell(SaleDraft("03", i));
  auto reader = JournalReader::Open(options_.path, "0042");
  ASSERT_TRUE(reader.ok());
  const StreamRow stream = store_->current();
  auto chain = (*reader)->ChainAt(stream, 600);
  ASSERT_TRUE(chain.ok()) << chain.status().message();
  EXPECT_EQ(*chain, stream.head_chain);
  auto rows = (*reader)->Read(stream.base + 1, 1000, 10'000'000);
  ASSERT_TRUE(rows.ok());
  wire::Chain walked = wire::FirstChain("0042", stream.stream);
  uint64_t sequence = 0;
  for (const Row& row : *rows) {
    walked = wire::NextChain(walked, ++sequence, row.id, row.data_digest);
  }
  EXPECT_EQ(sequence, 600u);
  EXPECT_EQ(walked, stream.head_chain);
}

TEST_F(JournalStoreTest, TrimDeletesOnlyWhatIsConfirmedAndOld) {
  for (int i = 1; i <= 600; ++i) Tell(SaleDraft("03", i));
  const Duration old_enough{0}, not_yet{std::chrono::hours(1)};
  EXPECT_FALSE(*store_->Trim(old_enough));  // nothing confirmed
  const StreamRow stream = store_->current();
  auto reader = JournalReader::Open(options_.path, "0042");
  ASSERT_TRUE(reader.ok());
  ASSERT_TRUE(store_->Begin().ok());
  store_->SaveConfirmed(520, *(*reader)->ChainAt(stream, 520));
  ASSERT_TRUE(store_->Commit().ok());
  EXPECT_FALSE(*store_->Trim(not_yet));  // not old enough
  EXPECT_TRUE(*store_->Trim(old_enough));
  EXPECT_TRUE(*store_->Trim(old_enough));
  EXPECT_FALSE(*store_->Trim(old_enough));  // 513..600 hold unconfirmed numbers
  EXPECT_EQ(store_->floor(), 513u);
  EXPECT_EQ(*(*reader)->ChainAt(stream, 600), stream.head_chain);
  EXPECT_EQ((*reader)->ChainAt(stream, 400).status().code(), Code::kNotFound);
  Reopen();
  EXPECT_EQ(store_->floor(), 513u);
  EXPECT_EQ(Tell(SaleDraft("03", 1)), "duplicate 1");  // known for longer than it is kept
  EXPECT_EQ(Tell(SaleDraft("03", 601)), "stored 601");
}

TEST_F(JournalStoreTest, SecondOpenerIsRefused) {
  auto second = JournalStore::Open(options_, WallTime{}, &random_);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find("another tillrelayd"), std::string::npos);
}

TEST_F(JournalStoreTest, JournalOfAnotherStoreIsRefused) {
  store_.reset();
  options_.store_id = "0017";
  auto other = JournalStore::Open(options_, WallTime{}, &random_);
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.status().code(), Code::kConflict);
  EXPECT_NE(other.status().message().find("--move-store"), std::string::npos);
}

TEST_F(JournalStoreTest, NewerSchemaIsRefusedUntouched) {
  store_.reset();
  {
    auto db = sqlite::Database::Open(options_.path, {});
    ASSERT_TRUE(db->Exec("PRAGMA user_version=99").ok());
  }
  auto refused = JournalStore::Open(options_, WallTime{}, &random_);
  EXPECT_EQ(refused.status().code(), Code::kConflict);
  auto db = sqlite::Database::Open(options_.path, {});
  EXPECT_EQ(*db->QueryInt("PRAGMA user_version"), 99);
}

// What acts on its own in the file could change what was accepted, or keep it out.
TEST_F(JournalStoreTest, AFileThatIsNotAsItWasMadeIsCorrupt) {
  Tell(SaleDraft("03", 1));
  Close();
  const std::pair<const char*, const char*> changes[] = {
      {"CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM event; END", "DROP TRIGGER t"},
      {"CREATE UNIQUE INDEX i ON event(subject)", "DROP INDEX i"},
      {"ALTER TABLE event ADD COLUMN more TEXT", "ALTER TABLE event DROP COLUMN more"}};
  for (const auto& [change, back] : changes) {
    SCOPED_TRACE(change);
    ASSERT_TRUE(sqlite::Database::Open(options_.path, {})->Exec(change).ok());
    EXPECT_EQ(JournalStore::Open(options_, WallTime{}, &random_).status().code(), Code::kCorrupt);
    ASSERT_TRUE(sqlite::Database::Open(options_.path, {})->Exec(back).ok());
  }
  Reopen();
  EXPECT_EQ(Tell(SaleDraft("03", 1)), "duplicate 1");
}

TEST_F(JournalStoreTest, FlippedBitInAPayloadIsSeenByTheReader) {
  Tell(SaleDraft("03", 1));
  Tell(SaleDraft("03", 2));
  store_.reset();
  {
    auto db = sqlite::Database::Open(options_.path, {});
    ASSERT_TRUE(
        db->Exec("UPDATE event SET data=replace(data,'100234','100235') WHERE position=2").ok());
  }
  auto reader = JournalReader::Open(options_.path, "0042");
  auto rows = (*reader)->Read(1, 10, 1'000'000);
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->size(), 1u);
  EXPECT_EQ((*reader)->Read(2, 10, 1'000'000).status().code(), Code::kCorrupt);
}

// Whatever decides which number comes next, what is sent and what may be deleted.
TEST_F(JournalStoreTest, NoAlteredColumnOfAStreamIsBelieved) {
  for (int n = 1; n <= 20; ++n) Tell(SaleDraft("03", n));
  Close();
  for (const char* change :
       {"base=base+1", "head=head-1", "head_chain=zeroblob(16)", "confirmed_through=20",
        "confirmed_chain=zeroblob(16)", "acked_through=20", "current=0", "number=2", "first=2",
        "stream='0'||substr(stream,2,24)||'0'", "seal=zeroblob(length(seal))"}) {
    SCOPED_TRACE(change);
    {
      auto db = sqlite::Database::Open(options_.path, {});
      ASSERT_TRUE(
          db->Exec("DROP TABLE IF EXISTS was; CREATE TABLE was AS SELECT * FROM stream").ok());
      ASSERT_TRUE(db->Exec((std::string("UPDATE stream SET ") + change).c_str()).ok());
    }
    EXPECT_EQ(JournalStore::Open(options_, WallTime{}, &random_).status().code(), Code::kCorrupt);
    auto db = sqlite::Database::Open(options_.path, {});
    ASSERT_TRUE(
        db->Exec("DELETE FROM stream; INSERT INTO stream SELECT * FROM was; DROP TABLE was").ok());
  }
  Reopen();
  EXPECT_EQ(Tell(SaleDraft("03", 21)), "stored 21");
}

TEST_F(JournalStoreTest, AnAlteredChainMarkIsNotBelieved) {
  std::vector<Entry> entries;
  for (int n = 1; n <= 300; ++n) entries.emplace_back(SaleDraft("03", n));
  ASSERT_TRUE(Append(std::move(entries)).ok());
  const auto chain_at = [&](uint64_t number) {
    return JournalReader::Open(options_.path, "0042").value()->ChainAt(store_->current(), number);
  };
  ASSERT_EQ(chain_at(300).value(), store_->current().head_chain);
  {
    auto db = sqlite::Database::Open(options_.path, {});
    ASSERT_TRUE(db->Exec("UPDATE chain_mark SET chain=zeroblob(16)").ok());
  }
  EXPECT_EQ(chain_at(256).status().code(), Code::kCorrupt);
  EXPECT_EQ(chain_at(300).status().code(), Code::kCorrupt);
  EXPECT_TRUE(chain_at(255).ok()) << "what stands below it does not need it";
}

TEST_F(JournalStoreTest, MissingLastRowIsCalledCorrupt) {
  Tell(SaleDraft("03", 1));
  Tell(SaleDraft("03", 2));
  store_.reset();
  {
    auto db = sqlite::Database::Open(options_.path, {});
    ASSERT_TRUE(db->Exec("DELETE FROM event WHERE position=2").ok());
  }
  auto opened = JournalStore::Open(options_, WallTime{}, &random_);
  EXPECT_EQ(opened.status().code(), Code::kCorrupt);
}

TEST_F(JournalStoreTest, DurabilityIsReadBack) {
  auto db = sqlite::Database::Open(options_.path, {});
  EXPECT_EQ(*db->QueryText("PRAGMA journal_mode"), "wal");
}

}  // namespace
}  // namespace tillrelay::journal
