// A day of trade on a small volume: the line is away for half of it, a program reads the journal
// twice for long, the clock is wrong once. TILLRELAY_SMALL_VOLUME names the volume;
// small_volume_test.py mounts one of 100 MB and runs this.
#include <sys/statvfs.h>

#include <cstdlib>
#include <set>

#include "agent/journal/query/reader.h"
#include "common/sqlite/sqlite.h"
#include "tests/unit/agent/journal/journal_fixture.h"

namespace tillrelay::journal {
namespace {

constexpr int kRounds = 1200;      // of the day
constexpr int kSalesARound = 100;  // of some 3 KB each: three times what the volume holds
constexpr uint64_t kFreeMb = 4;    // journal.min_free_bytes
constexpr int kRowsPerDelivery = 4000;

// Runs as the system does; its wall clock is what the test says.
class DayClock : public Clock {
 public:
  Instant Now() const override { return system_.Now(); }
  WallTime Wall() const override { return system_.Wall() + ahead_.load(); }
  void Set(std::chrono::hours ahead) { ahead_ = ahead; }

 private:
  SystemClock system_;
  std::atomic<std::chrono::hours> ahead_{std::chrono::hours(0)};
};

class JournalDay : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* volume = std::getenv("TILLRELAY_SMALL_VOLUME");
    ASSERT_NE(volume, nullptr) << "TILLRELAY_SMALL_VOLUME names no volume";
    path_ = std::string(volume) + "/journal.db";
    options_.store.path = path_;
    options_.store.store_id = "0042";
    options_.min_free_bytes = kFreeMb * 1024 * 1024;
    options_.idle_tick = std::chrono::milliseconds(20);
    auto journal = Journal::Open(options_, &clock_, &random_);
    ASSERT_TRUE(journal.ok()) << journal.status().message();
    journal_ = *std::move(journal);
    auto reader = JournalReader::Open(path_, "0042");
    ASSERT_TRUE(reader.ok());
    line_ = *std::move(reader);
  }

  static event::Draft LargeSale(int number) {
    event::Event sale = testing::Sale("03", number);
    const event::Line line = sale.lines.front();
    for (int i = 0; i < 12; ++i) sale.lines.push_back(line);
    return testing::DraftOf(std::move(sale));
  }

  // A round's sales; a register sends what is refused again in the next round.
  bool Sell() {
    while (unsold_.size() < kSalesARound) unsold_.push_back(next_number_++);
    AppendRequest request;
    for (const int number : unsold_) request.entries.emplace_back(LargeSale(number));
    std::promise<Result<std::vector<AppendResult>>> promise;
    auto answer = promise.get_future();
    request.done = [&](auto receipts) { promise.set_value(std::move(receipts)); };
    if (!journal_->Submit(std::move(request)).ok()) return false;
    auto receipts = answer.get();
    if (!receipts.ok()) return false;
    for (const AppendResult& receipt : *receipts) {
      if (receipt.outcome == Outcome::kStored) accepted_.insert(UuidText(receipt.id));
    }
    unsold_.clear();
    return true;
  }

  // What waits reaches the centre, which confirms it.
  void Deliver(int most = kRowsPerDelivery) {
    const StreamRow stream = journal_->Streams().back();
    if (stream.head == delivered_) return;
    auto rows = line_->Read(stream.base + delivered_ + 1, static_cast<size_t>(most), 64 << 20);
    ASSERT_TRUE(rows.ok()) << rows.status().message();
    for (const Row& row : *rows) at_centre_.insert(UuidText(row.id));
    delivered_ += rows->size();
    auto chain = line_->ChainAt(stream, delivered_);
    ASSERT_TRUE(chain.ok()) << chain.status().message();
    journal_->SaveConfirmation({stream.stream, delivered_, *chain, {}, true});
    journal_->AllowDeletion(stream.stream, delivered_, clock_.Now() + std::chrono::minutes(2));
  }
  void DeliverAll() {
    while (delivered_ < journal_->Streams().back().head) Deliver();
  }
  uint64_t FreeBytes() const {
    struct statvfs disk {};
    EXPECT_EQ(statvfs(path_.c_str(), &disk), 0);
    return disk.f_bavail * disk.f_frsize;
  }

  DayClock clock_;
  testing::SeededRandom random_;
  JournalOptions options_;
  std::string path_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<JournalReader> line_;
  std::set<std::string> accepted_, at_centre_;
  std::vector<int> unsold_;
  int next_number_ = 1;
  uint64_t delivered_ = 0;
};

TEST_F(JournalDay, IsNeverRefusedForLongerThanTheDiskIsReallyFullAndLosesNothing) {
  std::optional<sqlite::Database> reader;
  int refused_away = 0, refused_read = 0, refused = 0;
  for (int round = 0; round < kRounds; ++round) {
    const bool line_is_there = round < kRounds / 4 || round >= kRounds * 3 / 4;
    const bool reads = (round >= 150 && round < 200) || (round >= 1000 && round < 1050);
    if (reads && !reader) {
      reader.emplace(*sqlite::Database::Open(path_, {.read_only = true}));
      ASSERT_TRUE(reader->Exec("BEGIN; SELECT count(*) FROM event").ok());
    }
    const bool reader_left = !reads && reader;
    if (reader_left) reader.reset();
    clock_.Set(std::chrono::hours(round >= 400 && round < 420 ? 24 * 3650 : 0));
    if (line_is_there) DeliverAll();
    const bool line_is_back = round == kRounds * 3 / 4;
    if (reader_left || line_is_back) {  // then it accepts by itself, with nobody's help
      while (!journal_->Refusing().empty()) std::this_thread::yield();
    }
    if (Sell()) continue;
    ++(!line_is_there ? refused_away : reads ? refused_read : refused);
    if (!line_is_there || reads) continue;
    ADD_FAILURE() << "round " << round << ": " << journal_->Refusing() << ", "
                  << FreeBytes() / 1'000'000 << " MB free, waiting " << journal_->Stats().waiting;
  }
  DeliverAll();
  EXPECT_EQ(refused, 0);
  EXPECT_GT(refused_away, 0) << "the volume is too large for this day";
  EXPECT_GT(accepted_.size(), 50'000u);
  EXPECT_EQ(at_centre_.size(), accepted_.size());
  EXPECT_EQ(at_centre_, accepted_);
  EXPECT_EQ(journal_->Stats().salvages_total, 0u);
  std::printf("accepted %zu, at the centre %zu, rounds refused: %d line away, %d read, %d else\n",
              accepted_.size(), at_centre_.size(), refused_away, refused_read, refused);
}

}  // namespace
}  // namespace tillrelay::journal
