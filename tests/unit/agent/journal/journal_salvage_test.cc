// A damaged file: what can still be read goes on under the same ids in a new stream, what cannot is
// declared, and the damaged file is still there.
#include "agent/journal/repair/salvage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <set>

#include "agent/journal/journal.h"
#include "agent/journal/paths.h"
#include "agent/journal/repair/log_tail.h"
#include "agent/journal/repair/raw_rows.h"
#include "agent/journal/repair/witness.h"
#include "tests/unit/agent/journal/journal_store_fixture.h"

namespace tillrelay::journal {
namespace {

using testing::SaleDraft;
namespace fs = std::filesystem;

class JournalSalvageTest : public JournalStoreTest {
 protected:
  void Confirm(uint64_t through) {
    auto chain =
        JournalReader::Open(options_.path, "0042").value()->ChainAt(store_->current(), through);
    ASSERT_TRUE(store_->Begin().ok());
    store_->SaveConfirmed(through, *chain);
    ASSERT_TRUE(store_->Commit().ok());
  }
  // `count` sales, the first `confirmed` of them confirmed; the file is closed and complete.
  void Make(int count, uint64_t confirmed) {
    for (int first = 1; first <= count; first += 100) {
      std::vector<Entry> entries;
      for (int i = first; i < first + 100 && i <= count; ++i) {
        entries.emplace_back(SaleDraft("03", i));
      }
      ASSERT_TRUE(Append(std::move(entries)).ok());
    }
    Confirm(confirmed);
    old_stream_ = store_->current().stream;
    ASSERT_TRUE(store_->Checkpoint(true).ok());
    Close();
  }
  void Sql(const char* sql) {
    auto db = sqlite::Database::Open(options_.path, {});
    ASSERT_TRUE(db->Exec(sql).ok());
    ASSERT_TRUE(db->Checkpoint(true).ok());
  }
  void Overwrite(size_t offset, size_t size) {
    std::fstream file(options_.path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file << std::string(size, '\xa5');
  }
  void Open(bool known_damaged = false) {
    Begin(known_damaged);
    Finish();
  }
  void Begin(bool known_damaged) {
    auto store = OpenOrSalvage(options_, WallTime{std::chrono::hours(1)}, &random_, &reported_,
                               known_damaged ? "a test says so" : "");
    ASSERT_TRUE(store.ok()) << store.status().message();
    store_ = *std::move(store);
  }
  void Finish() {
    taken_ = lost_ = 0;
    for (;;) {
      auto more = store_->StepTakeOver(WallTime{std::chrono::hours(1)});
      ASSERT_TRUE(more.ok()) << more.status().message();
      if (!*more) break;
    }
    for (const TakeOverRow& row : store_->take_over().PopFinished()) {
      taken_ += row.taken;
      lost_ += row.lost;
    }
  }
  // How many of the sales `first` to `last` the journal says it knows.
  size_t KnownOf(int first, int last) {
    std::vector<Entry> entries;
    for (int i = first; i <= last; ++i) entries.emplace_back(SaleDraft("03", i));
    auto receipts = Append(std::move(entries));
    if (!receipts.ok()) return 0;
    return static_cast<size_t>(std::count_if(
        receipts->begin(), receipts->end(),
        [](const AppendResult& receipt) { return receipt.outcome == Outcome::kDuplicate; }));
  }
  std::string Kept() {
    auto rows = JournalReader::Open(options_.path, "0042").value()->Read(1, 100'000, SIZE_MAX);
    std::string kinds;
    size_t sales = 0, others = 0;
    for (const Row& row : *rows) (row.kind == "sale" ? sales : others) += 1;
    return std::to_string(sales) + " sales, " + std::to_string(others) + " losses";
  }
  std::string old_stream_;
  Salvaged reported_;
  uint64_t taken_ = 0, lost_ = 0;
};

TEST_F(JournalSalvageTest, AHealthyFileIsOpenedAsItIs) {
  Make(5, 2);
  Open();
  EXPECT_TRUE(reported_.moved_to.empty());
  EXPECT_EQ(store_->current().stream, old_stream_);
}

TEST_F(JournalSalvageTest, ADamagedRowIsDeclaredAndTheOthersGoOn) {
  Make(50, 10);
  Sql("UPDATE event SET data=replace(data,'100234','100235') WHERE position=20");
  Open(true);
  EXPECT_EQ(taken_, 39u);
  EXPECT_EQ(lost_, 1u);
  EXPECT_NE(store_->current().stream, old_stream_);
  EXPECT_EQ(Kept(), "39 sales, 1 losses");
  ASSERT_EQ(store_->losses().size(), 1u);
  EXPECT_EQ(store_->losses()[0].stream, old_stream_);
  EXPECT_EQ(store_->losses()[0].range.first, 20u);
  EXPECT_EQ(store_->losses()[0].reason, "damaged");
  EXPECT_TRUE(fs::exists(reported_.moved_to));
  // Told again: the one that is gone is new, the others are known.
  EXPECT_EQ(Tell(SaleDraft("03", 5)), "duplicate 5");
  EXPECT_EQ(Tell(SaleDraft("03", 11)), "duplicate 2");
  EXPECT_EQ(Tell(SaleDraft("03", 20)).substr(0, 6), "stored");
}

TEST_F(JournalSalvageTest, AMissingRowAtTheEndIsFoundAtTheStart) {
  Make(50, 10);
  Sql("DELETE FROM event WHERE position=50");
  Open();
  EXPECT_EQ(taken_, 39u);
  EXPECT_EQ(lost_, 1u);
}

// Without a header nothing can be asked of the file: its pages still have every event.
TEST_F(JournalSalvageTest, AnOwedBodyThatIsDamagedIsDeclared) {
  Make(600, 600);
  Reopen();
  ASSERT_TRUE(store_->Begin().ok());
  const Confirmation word{old_stream_, 600, store_->current().head_chain, {{7, 8}}, true};
  ASSERT_TRUE(store_->SaveConfirmation(word).ok());
  ASSERT_TRUE(store_->Commit().ok());
  Close();
  Sql("UPDATE event SET data='?' WHERE position=7");
  Open(true);
  ASSERT_EQ(store_->losses().size(), 1u);
  EXPECT_EQ(store_->losses()[0].range.first, 7u);
  EXPECT_EQ(store_->losses()[0].range.last, 7u);
  ASSERT_EQ(store_->Owed().size(), 1u);
  EXPECT_EQ(store_->Owed()[0].sequence, 8u);
}

// A row of the list that names another event than the one it points to: that receipt is not here.
TEST_F(JournalSalvageTest, AnIdThatIsNotItsEventsIsForgotten) {
  Make(10, 0);
  const event::Identity other = SaleDraft("03", 99).identity;
  Sql(("UPDATE known SET key='" + other.key + "',id=x'" + ToHex(BytesOf(other.id)) +
       "' WHERE position=5")
          .c_str());
  Open(true);
  EXPECT_EQ(Tell(SaleDraft("03", 99)).substr(0, 6), "stored");
  EXPECT_EQ(KnownOf(1, 10), 10u);
}

// Sound rows, and something beside them that acts on its own or costs every commit.
TEST_F(JournalSalvageTest, AForeignTriggerOrIndexIsDamage) {
  for (const char* sql :
       {"CREATE INDEX foreign_one ON event(kind)", "CREATE UNIQUE INDEX foreign_one ON known(id)",
        "CREATE TRIGGER foreign_one AFTER INSERT ON event BEGIN SELECT 1; END"}) {
    Close();
    for (const char* end : {"", "-wal", "-shm", ".witness"}) fs::remove(options_.path + end);
    Reopen();
    Make(10, 0);
    Sql(sql);
    reported_ = {};
    Open();
    EXPECT_NE(reported_.why.find("foreign_one"), std::string::npos) << sql << reported_.why;
    EXPECT_EQ(Kept(), "10 sales, 0 losses") << sql;
  }
}

TEST_F(JournalSalvageTest, GarbageInTheHeaderLosesNothing) {
  Make(50, 10);
  fs::remove(WalPath(options_.path));
  Overwrite(0, 100);
  Open();
  EXPECT_FALSE(reported_.moved_to.empty());
  EXPECT_EQ(taken_, 50u);  // how far they were confirmed stood in the part that cannot be read
  EXPECT_EQ(Kept(), "50 sales, 0 losses");
  EXPECT_GT(fs::file_size(reported_.moved_to), 0u);
}

// Whatever page is destroyed: it opens, accepts, and nothing that can be read is lost.
TEST_F(JournalSalvageTest, AnyDestroyedPageCostsOnlyWhatStoodOnIt) {
  Make(300, 0);
  const std::string whole = options_.path + ".whole";
  fs::copy_file(options_.path, whole);
  const size_t pages = fs::file_size(whole) / 4096;
  size_t salvages = 0;
  for (size_t page = 0; page < pages; page += 7) {
    Close();
    for (const char* end : {"-wal", "-shm"}) fs::remove(options_.path + end);
    fs::copy_file(whole, options_.path, fs::copy_options::overwrite_existing);
    Overwrite(page * 4096, 4096);
    reported_ = {};
    Open(true);
    if (::testing::Test::HasFatalFailure()) FAIL() << "page " << page;
    salvages += taken_ > 0 ? 1 : 0;
    ASSERT_EQ(Tell(SaleDraft("04", 1)).substr(0, 6), "stored") << page;
    Reopen();
  }
  EXPECT_GT(salvages, pages / 7 / 2);
}

TEST_F(JournalSalvageTest, ARunningJournalSalvagesItselfAndAcceptsAgain) {
  Make(50, 10);
  Sql("UPDATE event SET data=replace(data,'100234','100235') WHERE position=20");
  SystemClock clock;
  JournalOptions options;
  options.store = options_;
  options.min_free_bytes = 0;
  options.idle_tick = std::chrono::milliseconds(5);
  std::promise<void> salvaged;
  options.on_growth = [&, reported = false](const StreamRow&) mutable {
    if (!std::exchange(reported, true)) salvaged.set_value();
  };
  auto journal = Journal::Open(options, &clock, &random_);
  ASSERT_TRUE(journal.ok());
  (*journal)->Damaged("row 20 is damaged");
  (*journal)->Audit(
      {"test", "asks", "meanwhile", "", "", WallTime{}, 0});  // refused, forgets nothing
  ASSERT_EQ(salvaged.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
  (*journal)->Stop();
  EXPECT_EQ((*journal)->Stats().salvages_total, 1u);
  EXPECT_TRUE((*journal)->Refusing().empty()) << (*journal)->Refusing();
  EXPECT_EQ((*journal)->Streams().size(), 2u);
}

TEST_F(JournalSalvageTest, WhatIsBroughtOverIsKnownThoughTheListOfKnownIdsIsGone) {
  Make(40, 10);
  Sql("DELETE FROM known");
  Open(true);
  EXPECT_EQ(KnownOf(11, 40), 30u);
  EXPECT_EQ(Kept(), "30 sales, 0 losses");
}

TEST_F(JournalSalvageTest, WhatWasDeclaredLostComesBackAlsoBehindASalvage) {
  Make(20, 20);
  Sql("DELETE FROM event WHERE position<=2");
  Reopen();
  ASSERT_TRUE(store_->Begin().ok());
  const wire::Lost loss{old_stream_, {1, 2}, {}, "not_kept", true};
  ASSERT_TRUE(store_->DeclareLoss(loss, WallTime{}).ok());
  ASSERT_TRUE(store_->Commit().ok());
  Close();
  Open(true);
  for (int n = 1; n <= 2; ++n) EXPECT_EQ(Tell(SaleDraft("03", n)).substr(0, 6), "stored") << n;
  EXPECT_EQ(Tell(SaleDraft("03", 3)), "duplicate 3");
}

// What the broker alone has may still be lost to the centre. Where its word counts it is sent again
// as well, behind what waits: a mark in a damaged file is no proof, and a centre may be asked
// later.
TEST_F(JournalSalvageTest, WhatOnlyTheBrokerHasIsSentAgain) {
  for (const bool by_broker : {false, true}) {
    Close();
    for (const char* end : {"", "-wal", "-shm", ".witness"}) fs::remove(options_.path + end);
    options_.confirm_by_broker = by_broker;
    Reopen();
    Make(50, 10);
    Reopen();
    ASSERT_TRUE(store_->Begin().ok());
    store_->SaveAcked(40);
    ASSERT_TRUE(store_->Commit().ok());
    Close();
    Open(true);
    EXPECT_EQ(taken_, by_broker ? 10u : 40u);
    EXPECT_EQ(lost_, 0u);
    EXPECT_EQ(Kept(), "40 sales, 0 losses");
    for (const int n : {5, 12, 42}) {
      EXPECT_EQ(Tell(SaleDraft("03", n)).substr(0, 9), "duplicate") << n;
    }
  }
}

// Unreadable: what waited is declared, what the broker had acknowledged is not, and the page says
// so.
TEST_F(JournalSalvageTest, WhatTheBrokerAcknowledgedAndNobodyCanReadIsNoDeclaredLoss) {
  Make(40, 0);
  Reopen();
  ASSERT_TRUE(store_->Begin().ok());
  store_->SaveAcked(20);
  ASSERT_TRUE(store_->Commit().ok());
  Close();
  Sql("UPDATE event SET data='?' WHERE position IN (7,33); PRAGMA application_id=1");
  JournalOptions options;
  options.store = options_;
  options.confirm_by_broker = true;
  options.min_free_bytes = 0;
  SystemClock clock;
  auto journal = Journal::Open(options, &clock, &random_);
  ASSERT_TRUE(journal.ok()) << journal.status().message();
  const JournalStats stats = (*journal)->Stats();
  ASSERT_EQ(stats.losses.size(), 1u);
  EXPECT_EQ(stats.losses[0].stream, old_stream_);
  EXPECT_EQ(stats.losses[0].range.first, 33u);
  EXPECT_EQ(stats.losses[0].range.last, 33u);
  EXPECT_NE(stats.salvaged.find("19 events that wait were saved, 1 are lost"), std::string::npos)
      << stats.salvaged;
  EXPECT_NE(stats.salvaged.find("the rest is not declared lost"), std::string::npos)
      << stats.salvaged;
  journal->reset();
  EXPECT_EQ(Kept(), "38 sales, 1 losses");
}

// A stop between two pieces forgets nothing of what the first one brought over.
TEST_F(JournalSalvageTest, MoneyIsComparedAlsoBehindATakeOverThatWasInterrupted) {
  const int count = 2000;
  const auto sale = [](int number, int tendered) {
    event::Event paid = testing::Sale("03", number);
    paid.currency = "EUR";
    paid.lines[0].net_amount = Decimal::FromInt(5);
    paid.tenders.push_back({"cash", Decimal::FromInt(tendered)});
    return testing::DraftOf(paid);
  };
  std::vector<Entry> entries;
  for (int n = 1; n <= count; ++n) entries.emplace_back(sale(n, 5));
  ASSERT_TRUE(Append(std::move(entries)).ok());
  Close();
  Begin(true);
  for (uint64_t steps = 1; store_->take_over().remaining() > 0; ++steps) {
    ASSERT_TRUE(store_->StepTakeOver(WallTime{std::chrono::hours(1)}).ok());
    ASSERT_GT(static_cast<uint64_t>(count), steps) << "several events in one step";
    Close();
    Begin(false);
  }
  Finish();
  EXPECT_EQ(Kept(), "2000 sales, 0 losses");
  for (const int n : {1, 600, 1500, count}) {
    EXPECT_EQ(Tell(sale(n, 6)), "quarantined changed") << n;
    EXPECT_EQ(Tell(sale(n, 5)).substr(0, 9), "duplicate") << n;
  }
}

TEST_F(JournalSalvageTest, OtherEventsUnderTheNumbersThatTheWitnessSawAreALoss) {
  Make(5, 0);
  const std::string older = options_.path + ".older";
  fs::copy_file(options_.path, older);
  Reopen();
  for (int n = 6; n <= 10; ++n) Tell(SaleDraft("03", n));
  ASSERT_TRUE(WitnessFile(WitnessPath(options_.path)).Write(store_->WitnessOf(), true).ok());
  Close();
  for (const char* end : {"", "-wal", "-shm"}) fs::remove(options_.path + end);
  fs::rename(older, options_.path);
  Reopen();
  for (int n = 1; n <= 5; ++n) EXPECT_EQ(Tell(SaleDraft("04", n)).substr(0, 6), "stored");
  EXPECT_EQ(store_->current().head, 10u);
  Close();
  Open();
  EXPECT_FALSE(reported_.why.empty());
  ASSERT_EQ(store_->losses().size(), 1u);
  EXPECT_EQ(store_->losses()[0].stream, old_stream_);
  EXPECT_EQ(store_->losses()[0].range.last, 10u);
}

// An older file: what head office has said that it has is told apart from what is lost.
TEST_F(JournalSalvageTest, WhatHadBeenDeliveredBehindAnOlderFileIsNoLoss) {
  for (const auto& [confirmed, expected] :
       std::vector<std::pair<uint64_t, std::string>>{{0, "6-10 damaged"},
                                                     {3, "6-10 damaged"},
                                                     {5, "6-10 damaged"},
                                                     {8, "6-8 delivered,9-10 damaged"},
                                                     {10, "6-10 delivered"}}) {
    Close();
    for (const char* end : {"", "-wal", "-shm", ".witness"}) fs::remove(options_.path + end);
    Reopen();
    Make(5, 0);
    const std::string older = options_.path + ".older";
    fs::copy_file(options_.path, older, fs::copy_options::overwrite_existing);
    Reopen();
    for (int n = 6; n <= 10; ++n) Tell(SaleDraft("03", n));
    Confirm(confirmed);
    ASSERT_TRUE(WitnessFile(WitnessPath(options_.path)).Write(store_->WitnessOf(), true).ok());
    Close();
    for (const char* end : {"", "-wal", "-shm"}) fs::remove(options_.path + end);
    fs::rename(older, options_.path);
    Open();
    std::string declared;
    for (const wire::Lost& loss : store_->losses()) {
      declared += fmt::format("{}{}-{} {}", declared.empty() ? "" : ",", loss.range.first,
                              loss.range.last, loss.reason);
      EXPECT_EQ(loss.stream, old_stream_);
    }
    EXPECT_EQ(declared, expected) << confirmed;
  }
}

TEST_F(JournalSalvageTest, WhereNobodyKnowsWhetherMoreWasGivenNoNumberIsCalledLost) {
  Make(10, 0);
  Reopen();
  ASSERT_TRUE(store_->ExpectWitness().ok());
  Close();
  for (const char* end : {"-wal", "-shm"}) fs::remove(options_.path + end);
  std::ofstream(WitnessPath(options_.path)) << "what is no witness";
  Open();
  ASSERT_EQ(store_->losses().size(), 1u);
  const wire::Lost& loss = store_->losses()[0];
  EXPECT_TRUE(loss.open);
  EXPECT_EQ(loss.range, (wire::Range{11, 10}));
  EXPECT_EQ(KnownOf(1, 10), 10u);
}

// At whatever point the first one is interrupted by a second, and that by a third.
TEST_F(JournalSalvageTest, ASalvageAtAnyPointOfAnotherBringsEverythingOver) {
  constexpr int kSales = 300, kConfirmed = 7;
  const auto sale = [](int number, int tendered) {
    event::Event paid = testing::Sale("03", number);
    paid.currency = "EUR";
    paid.tenders.push_back({"cash", Decimal::FromInt(tendered)});
    return testing::DraftOf(paid);
  };
  bool done = false;
  for (int steps = 0; !done; ++steps) {
    SCOPED_TRACE(steps);
    fs::remove_all(dir_ / "journal");
    fs::create_directory(dir_ / "journal");
    options_.path = dir_ / "journal/journal.db";
    auto fresh = JournalStore::Open(options_, WallTime{}, &random_);
    ASSERT_TRUE(fresh.ok()) << fresh.status().message();
    store_ = *std::move(fresh);
    std::vector<Entry> entries;
    for (int n = 1; n <= kSales; ++n) entries.emplace_back(sale(n, 5));
    ASSERT_TRUE(Append(std::move(entries)).ok());
    Make(0, kConfirmed);
    for (int salvage = 0; salvage < 3; ++salvage) {
      Begin(true);
      for (int i = 0; i < steps && salvage < 2; ++i) {
        auto more = store_->StepTakeOver(WallTime{std::chrono::hours(1)});
        ASSERT_TRUE(more.ok()) << more.status().message();
        done = done || (salvage == 0 && !*more);
      }
      if (salvage < 2) Close();
    }
    Finish();
    EXPECT_EQ(Kept(), std::to_string(kSales - kConfirmed) + " sales, 0 losses");
    for (const int n : {1, kConfirmed, kConfirmed + 1, kSales}) {
      EXPECT_EQ(Tell(sale(n, 6)), "quarantined changed") << n;
      EXPECT_EQ(Tell(sale(n, 5)).substr(0, 9), "duplicate") << n;
    }
  }
}

// Pages that the log holds twice: the last one counts.
TEST_F(JournalSalvageTest, ALargeEventIsReadFromTheLogByItsPages) {
  const auto large = [](int number) {
    event::Draft draft = SaleDraft("03", number);
    const std::string more(20'000, static_cast<char>('a' + number));
    draft.data.insert(draft.data.size() - 1, R"(,"more":")" + more + '"');
    draft.data_digest = Sha256(draft.data);
    return draft;
  };
  EXPECT_EQ(Tell(large(1)), "stored 1");
  ASSERT_TRUE(sqlite::Database::Open(options_.path, {.keep_log = true})
                  ->Exec("DELETE FROM event WHERE position=1")
                  .ok());
  EXPECT_EQ(Tell(large(2)), "stored 2");  // on the pages that are free now
  RawRows raw(options_.path, WalPath(options_.path), 1);
  while (*raw.Scan(1 << 20)) {
  }
  const std::vector<Row> rows = raw.At(2);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows.front().data, large(2).data);
}

// A log that has begun anew still has frames of the one before behind its end.
TEST_F(JournalSalvageTest, WhatAnEarlierLogLeftBehindTheEndIsNoLostCommit) {
  const std::string log = WalPath(options_.path);
  for (int n = 1; n <= 20; ++n) Tell(SaleDraft("03", n));
  ASSERT_TRUE(store_->RestartLog().ok());
  Tell(SaleDraft("03", 21));
  Tell(SaleDraft("03", 22));
  auto tail = ReadLogTail(log);
  ASSERT_TRUE(tail.ok());
  EXPECT_TRUE(tail->has_frames);
  EXPECT_FALSE(tail->IsCut(true));
  EXPECT_FALSE(tail->IsCut(false));
  std::fstream file(log, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(32 + 24 + 100);
  file << "damage";
  file.close();
  tail = ReadLogTail(log);
  ASSERT_TRUE(tail.ok());
  EXPECT_FALSE(tail->has_frames);
  EXPECT_TRUE(tail->IsCut(false)) << "two commits stand behind the damage";
}

// Two places: the younger one counts, and a torn one leaves the other.
TEST(Witness, TheLastWordIsReadAndATornOneLeavesTheOneBefore) {
  const testing::TempDir dir;
  const std::string path = dir / "journal.db.witness";
  WitnessFile writer(path);
  Witness witness;
  witness.store_id = "0042";
  witness.streams.emplace_back().stream = "A";
  for (uint64_t head = 1; head <= 5; ++head) {
    witness.streams[0].head = head;
    ASSERT_TRUE(writer.Write(witness, false).ok());
    auto read = WitnessFile(path).Read();
    ASSERT_TRUE(read.ok() && *read);
    EXPECT_EQ((*read)->streams[0].head, head);
  }
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(8192 + 100);  // the odd ones stand in the second place
  file << "torn";
  file.close();
  auto read = WitnessFile(path).Read();
  ASSERT_TRUE(read.ok() && *read);
  EXPECT_EQ((*read)->streams[0].head, 4u);
}

// Of what does not fit nothing is left out that somebody has to be told of.
TEST_F(JournalSalvageTest, AWitnessOfMuchNamesWhatHeadOfficeKnowsAndEveryLostNumber) {
  Witness witness;
  witness.store_id = "0042";
  for (uint64_t number = 1; number <= 40; ++number) {
    StreamRow& row = witness.streams.emplace_back();
    row.stream = "01JD3V7Q8Z5W6K2M9T4RHX" + std::to_string(1000 + number);
    row.number = number;
    row.head = 123'456'789'012;
    row.confirmed_through = number == 1 ? 100 : 0;
    row.current = number == 40;
  }
  for (uint64_t first = 1; first <= 3'000; first += 3) {
    const std::string stream = witness.streams[first % 2].stream;
    witness.losses.push_back(
        {stream, {77'000'000'000 + first, 77'000'000'001 + first}, {}, "damaged", false, false});
  }
  ASSERT_TRUE(WitnessFile(dir_ / "much").Write(witness, false).ok());
  auto read = WitnessFile(dir_ / "much").Read();
  ASSERT_TRUE(read.ok() && *read);
  const Witness& seen = **read;
  ASSERT_EQ(seen.streams.size(), Witness::kMaxStreams);
  EXPECT_EQ(seen.streams.front().number, 1u);
  EXPECT_EQ(seen.streams.front().confirmed_through, 100u);
  EXPECT_TRUE(seen.streams.back().current);
  EXPECT_LE(seen.losses.size(), Witness::kMaxLosses);
  for (const wire::Lost& loss : witness.losses) {
    EXPECT_TRUE(std::any_of(seen.losses.begin(), seen.losses.end(), [&](const wire::Lost& row) {
      return row.stream == loss.stream && row.range.first <= loss.range.first &&
             row.range.last >= loss.range.last;
    })) << loss.range.first;
  }
}

TEST_F(JournalSalvageTest, AFewLossesStandInTheWitnessAsTheyAre) {
  Witness witness;
  witness.store_id = "0042";
  witness.streams.emplace_back().stream = "A";
  witness.losses = {{"A", {3, 3}, {}, "damaged", false, false},
                    {"A", {5, 7}, {}, "damaged", false, false},
                    {"B", {1, 1}, {}, "not_kept", false, false}};
  witness.losses.push_back({"A", {9, 9}, {}, "damaged", false, true});
  ASSERT_TRUE(WitnessFile(dir_ / "few").Write(witness, false).ok());
  auto read = WitnessFile(dir_ / "few").Read();
  ASSERT_TRUE(read.ok() && *read);
  std::set<std::string> keys, expected;
  for (const wire::Lost& loss : (*read)->losses) keys.insert(LossKey(loss) + " " + loss.reason);
  for (const wire::Lost& loss : witness.losses) expected.insert(LossKey(loss) + " " + loss.reason);
  EXPECT_EQ(keys, expected);
}

// A confirmation that passes what was declared ends it, though the stream ends below it here.
TEST_F(JournalSalvageTest, ADeclaredLossEndsWithTheConfirmationThatPassesIt) {
  Make(50, 10);
  Sql("UPDATE event SET data=replace(data,'100234','100235') WHERE position BETWEEN 20 AND 22");
  Open(true);
  const auto pass = [this](const std::string& stream, uint64_t through) {
    ASSERT_TRUE(store_->Begin().ok());
    ASSERT_TRUE(store_->PassLosses({stream, through, {}, {}, true}).ok());
    ASSERT_TRUE(store_->Commit().ok());
  };
  ASSERT_EQ(store_->losses().size(), 1u);
  pass(old_stream_, 19);
  pass(store_->current().stream, 30);
  ASSERT_EQ(store_->LossesLeft().size(), 1u);
  EXPECT_EQ(store_->LossesLeft()[0].range.first, 20u);
  pass(old_stream_, 21);
  ASSERT_EQ(store_->LossesLeft().size(), 1u);
  EXPECT_EQ(store_->LossesLeft()[0].range.first, 22u);
  EXPECT_EQ(store_->losses()[0].range.first, 20u) << "it stays known by its own range";
  pass(old_stream_, 22);
  EXPECT_TRUE(store_->LossesLeft().empty());
  Close();
  Open();
  EXPECT_TRUE(store_->losses().empty());
}

TEST_F(JournalSalvageTest, AnotherChainAtItsLastNumberEndsNoLoss) {
  wire::Chain ours{}, theirs{};
  ours[0] = 1;
  theirs[0] = 2;
  const std::string stream = store_->current().stream;
  ASSERT_TRUE(store_->Begin().ok());
  ASSERT_TRUE(
      store_->DeclareLoss({stream, {3, 4}, ours, "damaged", false, false}, WallTime{}).ok());
  ASSERT_TRUE(store_->PassLosses({stream, 4, theirs, {}, true}).ok());
  EXPECT_EQ(store_->LossesLeft().size(), 1u);
  ASSERT_TRUE(store_->PassLosses({stream, 4, ours, {}, true}).ok());
  EXPECT_TRUE(store_->LossesLeft().empty());
  ASSERT_TRUE(store_->Commit().ok());
}

TEST_F(JournalSalvageTest, WhatIsToldAgainBeforeItIsBroughtOverStandsOnce) {
  Make(40, 10);
  Sql("DELETE FROM known");
  Begin(true);
  EXPECT_EQ(KnownOf(11, 20), 0u);  // nobody can know yet
  Finish();
  EXPECT_EQ(Kept(), "30 sales, 0 losses");
  EXPECT_EQ(KnownOf(11, 40), 30u);
  EXPECT_EQ(lost_, 0u);
}

// The same receipt of before, named by another zone's day, or a till's row by another column.
TEST_F(JournalSalvageTest, WhatSettingsNameOtherwiseIsKnownBeforeItIsBroughtOver) {
  const auto sale = [](int number, const char* zone) {
    event::Event told = testing::Sale("03", number);
    told.transaction->business_day.clear();
    told.transaction->end_at = "2026-11-21T23:30:00Z";
    const event::Shop shop{"0042", {"9"}, event::StoreZone::Load(zone).value()};
    return std::get<event::Draft>(event::MakeDraft(std::move(told), shop));
  };
  const auto row = [](int number, const char* till) {
    event::Draft draft = SaleDraft(till, number);
    draft.identity.bytes = {static_cast<uint64_t>(1000 + number), true};
    return draft;
  };
  for (const bool list_is_gone : {false, true}) {
    Close();
    for (const char* end : {"", "-wal", "-shm", ".witness"}) fs::remove(options_.path + end);
    options_.naming_settings = "first";
    Reopen();
    for (int n = 1; n <= 8; ++n) {
      ASSERT_EQ(Tell(sale(n, "Europe/Berlin")).substr(0, 6), "stored");
      ASSERT_EQ(Tell(row(100 + n, "04")).substr(0, 6), "stored");
    }
    Close();
    if (list_is_gone) Sql("DELETE FROM known");
    options_.naming_settings = "second";
    Begin(true);
    const char* known = list_is_gone ? "stored" : "duplic";
    for (int n = 1; n <= 4; ++n) {
      EXPECT_EQ(Tell(sale(n, "America/New_York")).substr(0, 6), known) << n;
      if (list_is_gone) continue;  // nothing says what a till's row was called
      EXPECT_EQ(Tell(row(100 + n, "05")).substr(0, 6), known) << n;
    }
    Finish();
    for (int n = 1; n <= 8; ++n) {
      EXPECT_EQ(Tell(sale(n, "Pacific/Kiritimati")).substr(0, 9), "duplicate") << n;
      if (list_is_gone) continue;
      EXPECT_EQ(Tell(row(100 + n, "06")).substr(0, 9), "duplicate") << n;
    }
    EXPECT_EQ(Kept(), "16 sales, 0 losses") << list_is_gone;
    EXPECT_EQ(lost_, 0u);
  }
}

// Ids of delivered events stand in their list alone: one destroyed page costs what stood on it.
TEST_F(JournalSalvageTest, KnownIdsBehindTheDamageAreKept) {
  constexpr int kSales = 600, kOnOnePage = 80;
  Make(kSales, kSales);
  const std::string whole = options_.path + ".whole";
  fs::copy_file(options_.path, whole);
  std::ifstream file(whole, std::ios::binary);
  std::string page(4096, '\0');
  int leaves = 0;
  for (size_t number = 0; file.read(page.data(), 4096); ++number) {
    constexpr char kIndexLeaf = 10;
    if (page[0] != kIndexLeaf || page.find("r\x1f"
                                           "3") == std::string::npos)
      continue;
    ++leaves;
    Close();
    for (const char* end : {"-wal", "-shm"}) fs::remove(options_.path + end);
    fs::copy_file(whole, options_.path, fs::copy_options::overwrite_existing);
    Overwrite(number * 4096, 4096);
    Open(true);
    if (HasFatalFailure()) FAIL() << "page " << number;
    EXPECT_GE(KnownOf(1, kSales), static_cast<size_t>(kSales - kOnOnePage)) << "page " << number;
  }
  EXPECT_GT(leaves, 5);
}

// What stands in the log alone goes with the file that it belongs to.
TEST_F(JournalSalvageTest, TheLogMovesAsideWithItsFile) {
  ASSERT_TRUE(Append({SaleDraft("03", 1)}).ok());
  const std::string log = WalPath(options_.path), copy = dir_ / "copy", copied_log = dir_ / "log";
  fs::copy_file(options_.path, copy);
  fs::copy_file(log, copied_log);
  Close();
  fs::copy_file(copy, options_.path, fs::copy_options::overwrite_existing);
  fs::copy_file(copied_log, log, fs::copy_options::overwrite_existing);
  const auto size = fs::file_size(log);
  Open(true);
  EXPECT_EQ(fs::file_size(WalPath(reported_.moved_to)), size);
  EXPECT_EQ(Kept(), "1 sales, 0 losses");
}

}  // namespace
}  // namespace tillrelay::journal
