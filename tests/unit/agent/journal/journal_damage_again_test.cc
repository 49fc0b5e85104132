// Damaged, and damaged again before head office has been heard: every event is at the centre or
// declared lost in the end, and no chain that the journal names is another than it was.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "agent/journal/paths.h"
#include "agent/journal/query/reader.h"
#include "tests/support/journal_run.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::journal {
namespace {

namespace fs = std::filesystem;
using testing::JournalRun;

constexpr int kConfirmed = 20, kOpens = 4, kFresh = 900'000;
constexpr size_t kPage = 4096;

class DamageAgain {
 public:
  explicit DamageAgain(uint64_t seed) : random_(seed) {}

  // What is wrong in the end, or "".
  std::string Play() {
    fs::create_directory(folder_);
    JournalRun run(folder_, &oracle_, &random_, &clock_);
    if (!run.StartAgainAndAgain(kOpens)) return oracle_.Summary();
    Tell(&run, kConfirmed);
    Deliver(&run);
    for (uint64_t round = 1 + random_.Below(7); round > 0; --round) {
      Tell(&run, static_cast<int>(random_.Chance(0.8) ? random_.Below(90) : 0));
      if (random_.Chance(0.2)) Deliver(&run);
      CheckChains(run);
      Kill(&run);
      for (uint64_t times = 1 + random_.Below(2); times > 0; --times) Damage();
      if (!run.StartAgainAndAgain(kOpens)) return oracle_.Summary();
      while (run.Stats().taking_over > 0) run.Tick();
      run.Survey();
      CheckChains(run);
    }
    run.Judge(kFresh, false);
    CheckChains(run);
    return oracle_.Summary();
  }

 private:
  void Tell(JournalRun* run, int count) {
    std::vector<int> numbers;
    for (int i = 0; i < count; ++i) numbers.push_back(++reported_);
    if (count > 0) {
      EXPECT_TRUE(run->SubmitNumbers(numbers).ok());
    }
    run->Survey();
  }
  void Deliver(JournalRun* run) {
    EXPECT_TRUE(run->Drain());
    run->Confirm(run->Stats().stream, run->Stats().head);
  }
  // Its files as a process leaves them that is killed.
  void Kill(JournalRun* run) {
    const std::string left = dir_ / "left";
    fs::copy(folder_, left);
    run->Stop();
    fs::remove_all(folder_);
    fs::rename(left, folder_);
  }
  void Damage() {
    const uint64_t every = 2 + random_.Below(3), from = random_.Below(every);
    const uint64_t which = random_.Below(4);
    if (which != 0) ZeroPages(run_path(), every, from);
    if (which != 1) ZeroPages(WalPath(run_path()), every, from);
  }
  std::string run_path() const { return folder_ + "/journal.db"; }
  // Every so many-th page from the second on.
  static void ZeroPages(const std::string& path, uint64_t every, uint64_t from) {
    if (!fs::exists(path)) return;
    const uint64_t size = fs::file_size(path);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    for (uint64_t page = 1 + from; page * kPage < size; page += every) {
      file.seekp(static_cast<std::streamoff>(page * kPage));
      file << std::string(std::min<uint64_t>(kPage, size - page * kPage), '\0');
    }
  }
  // A number's chain is the one that it had when it was given, or nobody knows it any more.
  void CheckChains(const JournalRun& run) {
    auto reader = JournalReader::Open(run.path(), "0042");
    if (!reader.ok()) return oracle_.Fault(reader.status().message());
    auto streams = (*reader)->Streams();
    if (!streams.ok()) return oracle_.Fault(streams.status().message());
    for (const StreamRow& row : *streams) {
      for (uint64_t n = 0; n <= row.head; ++n) {
        auto chain = (*reader)->ChainAt(row, n);
        if (!chain.ok()) continue;
        const auto [known, fresh] = chains_.try_emplace({row.stream, n}, *chain);
        if (known->second == *chain) continue;
        oracle_.Fault("stream number " + std::to_string(row.number) + " has another chain at " +
                      std::to_string(n));
      }
    }
  }

  testing::TempDir dir_;
  const std::string folder_ = dir_ / "journal";
  testing::Oracle oracle_;
  testing::SeededRandom random_;
  testing::ManualClock clock_;
  std::map<std::pair<std::string, uint64_t>, wire::Chain> chains_;
  int reported_ = 0;
};

TEST(JournalDamageAgain, NothingIsLostInSilenceAndNoChainIsInvented) {
  for (uint64_t seed = 1; seed <= 24; ++seed) {
    EXPECT_EQ(DamageAgain(seed).Play(), "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace tillrelay::journal
