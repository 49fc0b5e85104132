// Random actions on the journal's file and on a naive list; after each the two must agree.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "agent/journal/query/reader.h"
#include "agent/journal/store.h"
#include "tests/support/drafts.h"
#include "tests/support/seeded_random.h"
#include "tests/support/sweep.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::journal {
namespace {

constexpr int kSeeds = 200;
constexpr int kActions = 60;
constexpr uint64_t kBlock = 256;  // what Trim deletes at once
constexpr WallTime kRecordedAt{std::chrono::hours(1)};

// What the shop may say about one receipt.
enum class Variant { kPlain, kChanged, kOtherTime };

event::Draft SaleOf(int number, Variant variant) {
  event::Event sale = testing::Sale("03", number, variant == Variant::kChanged ? "3" : "2");
  if (variant == Variant::kOtherTime) sale.transaction->end_at = "2026-11-21T17:43:08+01:00";
  return testing::DraftOf(std::move(sale));
}

// Drafts are made once: the model runs many thousand of them.
const event::Draft& DraftFor(int number, Variant variant) {
  static std::map<std::pair<int, Variant>, event::Draft> drafts;
  const auto key = std::make_pair(number, variant);
  auto found = drafts.find(key);
  if (found == drafts.end()) found = drafts.emplace(key, SaleOf(number, variant)).first;
  return found->second;
}

// The journal as a list.
struct Model {
  struct Stored {
    int number;
    Variant variant;
    uint64_t sequence;
  };
  std::map<int, Stored> by_number;
  std::vector<const event::Draft*> events;     // events[n - 1] has number n
  std::map<std::string, uint64_t> quarantine;  // document -> ticket
  std::vector<wire::Chain> chains;             // chains[n] behind number n
  uint64_t confirmed = 0, floor = 1, next_ticket = 1;

  uint64_t head() const { return events.size(); }

  std::string Put(const std::string& document) {
    const auto [entry, fresh] = quarantine.try_emplace(document, next_ticket);
    if (fresh) ++next_ticket;
    return "ticket " + std::to_string(entry->second);
  }
  std::string Append(int number, Variant variant) {
    const event::Draft& draft = DraftFor(number, variant);
    const auto known = by_number.find(number);
    if (known == by_number.end()) {
      events.push_back(&draft);
      chains.push_back(
          wire::NextChain(chains.back(), head(), draft.identity.id, draft.data_digest));
      by_number[number] = {number, variant, head()};
      return "stored " + std::to_string(head());
    }
    if (known->second.variant == variant) {
      return "duplicate " + std::to_string(known->second.sequence);
    }
    return Put(draft.data);
  }
};

class Playground {
 public:
  explicit Playground(uint64_t seed) : random_(seed) {
    Reopen();
    model_.chains.push_back(wire::FirstChain("0042", store_->current().stream));
  }

  void Step() {
    const uint64_t dice = random_.Below(100);
    if (dice < 45) {
      AppendSome(1 + random_.Below(8), true);
    } else if (dice < 55) {
      AppendSome(1 + random_.Below(8), false);
    } else if (dice < 60) {
      AppendMany();
    } else if (dice < 75) {
      Confirm(random_.Below(model_.head() + 1));
    } else if (dice < 85) {
      Confirm(model_.head());
    } else if (dice < 93) {
      Trim();
    } else {
      Reopen();
    }
    Compare();
  }

 private:
  void Reopen() {
    store_.reset();
    StoreOptions options;
    options.path = dir_ / "journal.db";
    options.store_id = "0042";
    auto store = JournalStore::Open(options, kRecordedAt, &random_);
    ASSERT_TRUE(store.ok()) << store.status().message();
    store_ = *std::move(store);
  }

  static std::string Told(const AppendResult& receipt) {
    switch (receipt.outcome) {
      case Outcome::kStored:
        return "stored " + std::to_string(receipt.sequence);
      case Outcome::kDuplicate:
        return "duplicate " + std::to_string(receipt.sequence);
      case Outcome::kQuarantined:
        return "ticket " + std::to_string(receipt.ticket);
      case Outcome::kRefused:
        return "refused";
    }
    return "";
  }

  // A group of receipts, some known, some contradicting, some unfit; kept or rolled back.
  void AppendSome(uint64_t count, bool commit) {
    Model after = model_;
    AppendRequest request;
    std::vector<std::string> expected;
    for (uint64_t i = 0; i < count; ++i) {
      if (random_.Below(6) == 0) {
        const std::string document = "unfit " + std::to_string(random_.Below(10));
        request.entries.emplace_back(RejectedDocument{{"bad-value", "", ""}, "http", "", document});
        expected.push_back(after.Put(document));
        continue;
      }
      const int number = static_cast<int>(1 + random_.Below(after.head() + 10));
      const auto variant = static_cast<Variant>(random_.Below(10) < 7 ? 0 : 1 + random_.Below(2));
      request.entries.emplace_back(DraftFor(number, variant));
      expected.push_back(after.Append(number, variant));
    }
    Write(request, expected, commit);
    if (commit) model_ = std::move(after);
  }

  // Enough to fill a block, so that there is something to trim.
  void AppendMany() {
    AppendRequest request;
    std::vector<std::string> expected;
    int number = 1'000'000 + static_cast<int>(model_.head());
    for (uint64_t i = 0; i < kBlock / 2; ++i, ++number) {
      request.entries.emplace_back(DraftFor(number, Variant::kPlain));
      expected.push_back(model_.Append(number, Variant::kPlain));
    }
    Write(request, expected, true);
  }

  void Write(const AppendRequest& request, const std::vector<std::string>& expected, bool commit) {
    ASSERT_TRUE(store_->Begin().ok());
    auto receipts = store_->Append(request, kRecordedAt);
    ASSERT_TRUE(receipts.ok()) << receipts.status().message();
    std::vector<std::string> reported;
    for (const AppendResult& receipt : *receipts) reported.push_back(Told(receipt));
    EXPECT_EQ(reported, expected);
    if (commit) {
      ASSERT_TRUE(store_->Commit().ok());
    } else {
      store_->Rollback();
    }
  }

  // Higher or lower than before; never below what has been deleted.
  void Confirm(uint64_t through) {
    through = std::max(through, model_.floor - 1);
    ASSERT_TRUE(store_->Begin().ok());
    store_->SaveConfirmed(through, model_.chains[through]);
    if (random_.Below(4) == 0) return store_->Rollback();
    ASSERT_TRUE(store_->Commit().ok());
    model_.confirmed = through;
  }

  void Trim() {
    const bool old_enough = random_.Below(4) != 0;
    const uint64_t last = (model_.floor + kBlock - 1) / kBlock * kBlock;
    const bool expected = old_enough && last <= model_.confirmed;
    auto more = store_->Trim(old_enough ? Duration(0) : Duration(std::chrono::seconds(1)));
    ASSERT_TRUE(more.ok()) << more.status().message();
    EXPECT_EQ(*more, expected);
    if (expected) model_.floor = last + 1;
  }

  void Compare() {
    const StreamRow& stream = store_->current();
    EXPECT_EQ(stream.head, model_.head());
    EXPECT_EQ(stream.head_chain, model_.chains.back());
    EXPECT_EQ(stream.confirmed_through, model_.confirmed);
    EXPECT_EQ(stream.confirmed_chain, model_.chains[model_.confirmed]);
    EXPECT_EQ(store_->floor(), model_.floor);
    EXPECT_EQ(store_->quarantined(), model_.quarantine.size());
    CompareRows(stream);
  }

  // As the uplink sees it: the rows from a random number on, and the chain there.
  void CompareRows(const StreamRow& stream) {
    auto reader = JournalReader::Open(dir_ / "journal.db", "0042");
    ASSERT_TRUE(reader.ok()) << reader.status().message();
    const uint64_t kept = model_.head() + 1 - model_.floor;
    const uint64_t from = model_.floor + (kept == 0 ? 0 : random_.Below(kept));
    auto rows = (*reader)->Read(stream.base + from, 20, 1 << 20);
    ASSERT_TRUE(rows.ok()) << rows.status().message();
    EXPECT_EQ(rows->size(), std::min<uint64_t>(20, model_.head() + 1 - from));
    for (size_t i = 0; i < rows->size(); ++i) {
      EXPECT_EQ((*rows)[i].position, stream.base + from + i);
      EXPECT_EQ((*rows)[i].data, model_.events[from + i - 1]->data);
    }
    auto chain = (*reader)->ChainAt(stream, from - 1);
    ASSERT_TRUE(chain.ok()) << chain.status().message();
    EXPECT_EQ(*chain, model_.chains[from - 1]);
  }

  testing::TempDir dir_;
  testing::SeededRandom random_;
  std::unique_ptr<JournalStore> store_;
  Model model_;
};

TEST(JournalModelTest, AgreesWithANaiveListWhateverIsDone) {
  setenv("TMPDIR", "/dev/shm", 0);  // logic is in question here, not the disk
  for (uint64_t seed = 1; seed <= kSeeds; seed += testing::kSweepStep) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Playground run(seed);
    for (int action = 0; action < kActions; ++action) {
      SCOPED_TRACE("action " + std::to_string(action));
      run.Step();
      if (::testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace tillrelay::journal
