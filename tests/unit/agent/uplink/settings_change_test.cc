// A store that is started with other settings than the last time: nothing is lost, nothing is
// declared, no file is moved aside, and sending begins with an event that is there.
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "agent/journal/journal.h"
#include "agent/journal/query/reader.h"
#include "agent/journal/schema.h"
#include "agent/uplink/sender.h"
#include "tests/support/drafts.h"
#include "tests/support/seeded_random.h"
#include "tests/support/sweep.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::uplink {
namespace {

using journal::Journal;
using journal::JournalStats;
using journal::StreamRow;
using std::chrono::hours;

constexpr int kSalesALife = 300;

// What may differ between two starts.
struct Settings {
  const char* name;
  bool by_broker = false;
  bool keep = false;  // retention_days is not 0
  uint64_t max_bytes = 0;
  const char* zone = "Europe/Berlin";
  std::vector<std::string> aliases = {};
  uint64_t events_per_message = 1;  // delivery.form
  uint64_t max_events_per_s = 0;
  size_t queue_events = 8192;
};

const std::vector<Settings>& AllSettings() {
  static const std::vector<Settings> all = {
      {.name = "centre"},
      {.name = "centre, kept", .keep = true},
      {.name = "broker", .by_broker = true},
      {.name = "broker, kept", .by_broker = true, .keep = true},
      {.name = "small", .keep = true, .max_bytes = 8 << 20},
      {.name = "another zone", .zone = "Asia/Tokyo"},
      {.name = "alias", .aliases = {"42"}},
      {.name = "batches by broker", .by_broker = true, .events_per_message = 100},
      {.name = "batches", .events_per_message = 100, .max_events_per_s = 100},
      {.name = "short queue", .queue_events = 8},
  };
  return all;
}

// One store over several starts.
class Shop {
 public:
  // One life: sales, delivery by whatever counts, deletion, end.
  void Live(const Settings& with) {
    Start(with);
    Sell(with);
    const JournalStats stats = journal_->Stats();
    for (const StreamRow& row : journal_->Streams()) {
      if (with.by_broker && row.current) journal_->SaveAcked(row.stream, row.head);
      if (with.by_broker) continue;
      journal_->SaveConfirmation({row.stream, row.head, row.head_chain, {}, true});
      journal_->AllowDeletion(row.stream, row.head, clock_.Now() + hours(1));
    }
    while (journal_->Stats().waiting > 0) std::this_thread::yield();
    // Whole blocks are deleted.
    const uint64_t floor = with.keep ? 0 : stats.head / journal::kMarkEvery * journal::kMarkEvery;
    while (journal_->Stats().floor <= floor) std::this_thread::yield();
    journal_.reset();
  }

  // The next start, up to the first event that is sent.
  void StartAndSend(const Settings& with, bool centre_is_new, const std::string& what) {
    SCOPED_TRACE(what);
    Start(with);
    const JournalStats stats = journal_->Stats();
    EXPECT_EQ(stats.salvages_total, 0u);
    EXPECT_TRUE(stats.losses.empty());
    const StreamRow stream = stats.streams.back();
    SenderOptions options;
    options.by_broker = with.by_broker;
    options.events_per_message = with.events_per_message;
    options.max_events_per_s = with.max_events_per_s;
    options.session = "01JD3V7Q8Z5W6K2M9T4RHXAAAA";
    Sender sender(
        options,
        {stream.stream, stream.head, stream.confirmed_through, stream.floor, stream.acked_through},
        &random_);
    sender.OnPlaces(Places(stats.streams));
    const uint64_t first = FirstSent(&sender);
    EXPECT_GE(first, stream.floor);
    ExpectSendable(stream, first);
    if (centre_is_new && !with.by_broker) AskForEverything(stats.streams, &sender);
    ToldAgainIsNotStoredAgain(with);
    journal_.reset();
  }

 private:
  void Start(const Settings& with) {
    journal::JournalOptions options;
    options.store.path = path_;
    options.store.store_id = "0042";
    options.min_free_bytes = 0;
    options.max_bytes = with.max_bytes;
    options.retention = with.keep ? hours(24 * 30) : hours(0);
    options.queue_events = with.queue_events;
    options.confirm_by_broker = with.by_broker;
    options.idle_tick = std::chrono::milliseconds(5);
    auto journal = Journal::Open(options, &clock_, &random_);
    ASSERT_TRUE(journal.ok()) << journal.status().message();
    journal_ = *std::move(journal);
  }

  std::vector<journal::AppendResult> Append(std::vector<journal::Entry> entries) {
    std::promise<Result<std::vector<journal::AppendResult>>> promise;
    journal::AppendRequest request;
    request.entries = std::move(entries);
    request.done = [&](auto receipts) { promise.set_value(std::move(receipts)); };
    EXPECT_TRUE(journal_->Submit(std::move(request)).ok());
    auto receipts = promise.get_future().get();
    EXPECT_TRUE(receipts.ok());
    return receipts.ok() ? *receipts : std::vector<journal::AppendResult>{};
  }
  static event::Draft DraftFor(const Settings& with, int number) {
    const event::Shop shop{"0042", with.aliases, event::StoreZone::Load(with.zone).value()};
    auto drafted = event::MakeDraft(testing::Sale("03", number), shop);
    return std::get<event::Draft>(std::move(drafted));
  }
  void Sell(const Settings& with) {
    std::vector<journal::Entry> entries;
    for (int i = 0; i < kSalesALife; ++i) entries.emplace_back(DraftFor(with, ++sold_));
    for (const auto& receipt : Append(std::move(entries))) {
      EXPECT_EQ(receipt.outcome, journal::Outcome::kStored);
    }
  }
  void ToldAgainIsNotStoredAgain(const Settings& with) {
    const auto receipts = Append({DraftFor(with, 1), DraftFor(with, sold_)});
    for (const auto& receipt : receipts) EXPECT_NE(receipt.outcome, journal::Outcome::kStored);
  }

  static std::vector<StreamPlace> Places(const std::vector<StreamRow>& streams) {
    std::vector<StreamPlace> places;
    for (const StreamRow& row : streams) {
      places.push_back(
          {row.stream, row.head, row.floor, row.head, row.current, {}, row.confirmed_through});
    }
    return places;
  }

  uint64_t FirstSent(Sender* sender) {
    Instant now{hours(1)};
    uint64_t token = 1;
    for (int step = 0; step < 50; ++step) {
      while (auto action = sender->Next(now)) {
        EXPECT_FALSE(std::holds_alternative<act::DeclareLoss>(*action));
        EXPECT_FALSE(std::holds_alternative<act::Fork>(*action));
        if (std::holds_alternative<act::Connect>(*action)) sender->OnConnected(100, now);
        if (std::holds_alternative<act::Subscribe>(*action)) sender->OnSubscribed(now);
        if (std::holds_alternative<act::PublishStatus>(*action)) {
          sender->OnSent(token++, {}, 100, now);
        }
        if (const auto* send = std::get_if<act::Send>(&*action)) return send->first;
      }
      now += std::chrono::seconds(1);
    }
    return sender->sent_through() + 1;  // there is nothing to send
  }

  void ExpectSendable(const StreamRow& stream, uint64_t first) {
    auto reader = journal::JournalReader::Open(path_, "0042");
    ASSERT_TRUE(reader.ok());
    EXPECT_TRUE((*reader)->ChainAt(stream, first - 1).ok());
    auto end = (*reader)->ChainAt(stream, stream.head);
    ASSERT_TRUE(end.ok());
    EXPECT_EQ(*end, stream.head_chain);
    if (first == 1 && stream.has_opening()) {
      EXPECT_TRUE((*reader)->Opening(stream).ok());
      ++first;
    }
    if (first > stream.head) return;
    auto rows = (*reader)->Read(stream.base + first, 1'000'000, size_t{1} << 30);
    ASSERT_TRUE(rows.ok()) << rows.status().message();
    EXPECT_EQ(rows->size(), stream.head - first + 1);
  }

  // A centre that knows nothing asks for all that the status names.
  static void AskForEverything(const std::vector<StreamRow>& streams, Sender* sender) {
    int command = 0;
    for (const StreamRow& row : streams) {
      if (!row.current && !HoldsRows(row) && DeletedOnBrokersWord(row)) continue;
      wire::Command ask;
      ask.command = "replay";
      ask.command_id = "01JD3V7Q8Z5W6K2M9T4RHX" + std::to_string(1000 + command++);
      ask.session = "01JD3V7Q8Z5W6K2M9T4RHXAAAA";
      ask.stream = row.stream;
      ask.range = {1, row.head};
      sender->OnCommand(ask, ChainVerdict::kNotKept, false, Instant{hours(2)});
      while (auto action = sender->Next(Instant{hours(2)})) {
        EXPECT_FALSE(std::holds_alternative<act::DeclareLoss>(*action)) << row.number;
        if (std::holds_alternative<act::Send>(*action)) break;
        if (std::holds_alternative<act::Resend>(*action)) break;
      }
    }
  }

  testing::TempDir dir_;
  const std::string path_ = dir_ / "journal.db";
  SystemClock clock_;
  testing::SeededRandom random_;
  std::unique_ptr<Journal> journal_;
  int sold_ = 0;
};

TEST(SettingsChange, EveryPairOfStartsAndBack) {
  int pairs = 0;
  for (const Settings& before : AllSettings()) {
    for (const Settings& after : AllSettings()) {
      if (pairs++ % testing::kSweepStep != 0) continue;
      const std::string what = std::string(before.name) + " -> " + after.name;
      Shop shop;
      shop.Live(before);
      shop.StartAndSend(after, before.by_broker || before.keep, what);
      shop.Live(after);
      const bool centre_kept_all =
          (before.by_broker || before.keep) && (after.by_broker || after.keep);
      shop.StartAndSend(before, centre_kept_all, what + " -> back");
      if (::testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace tillrelay::uplink
