#include "tests/model/damaged_journal.h"

#include <cstdio>

#include "agent/journal/paths.h"
#include "agent/journal/schema.h"
#include "common/base/check.h"
#include "common/sqlite/sqlite.h"
#include "tests/support/journal_run.h"

namespace tillrelay::testing {
namespace {

constexpr int kRows = 64;
constexpr int kOpens = 5;
constexpr int kFresh = 1000;  // a receipt that nobody has told yet

std::vector<int> Numbers(int first, int last) {
  std::vector<int> numbers;
  for (int n = first; n <= last; ++n) numbers.push_back(n);
  return numbers;
}

// Told by nobody but promised all the same: a declaration of the journal's own.
void PromiseLosses(Oracle* oracle) {
  int number = -1;
  for (const auto& [id, text] : oracle->content) {
    if (text->starts_with("loss|")) oracle->accepted[id] = number--;
  }
}

// Half of the rows lie in the file, half in its log; there is a confirmed beginning, of which the
// centre lacks two bodies, a later stream, a declared loss, a quarantine, an audit.
journal::Confirmation Fill(const std::string& folder, Oracle* oracle) {
  SeededRandom random(64);
  ManualClock clock;
  JournalRun run(folder, oracle, &random, &clock);
  CHECK(run.Start().ok());
  const std::string first = run.Stats().stream;
  for (int n = 1; n <= kRows / 2; n += 4) CHECK(run.SubmitNumbers(Numbers(n, n + 3)).ok());
  CHECK(run.TellUnfit("an unfit document").ok());
  run.Survey();
  run.Confirm(first, 12);
  run.Fork(25);
  run.Stop();
  CHECK(run.Start().ok());
  const std::string second = run.Stats().stream;
  CHECK(second != first);
  for (int n = kRows / 2 + 1; n <= kRows; n += 16)
    CHECK(run.SubmitNumbers(Numbers(n, n + 15)).ok());
  CHECK(run.TellUnfit("another unfit document").ok());
  run.Audit("the suite");
  run.journal()->DeclareLoss({first, {3, 4}, {}, "not_kept", true});
  run.Settle();
  const journal::Confirmation confirmation{
      first, 12, run.Stats().streams.front().confirmed_chain, {{6, 7}}, true};
  run.Hear(confirmation);
  oracle->owed = {{first, 6}, {first, 7}};
  run.Tick(3);
  run.Survey();
  for (uint64_t n = 1; n <= 12; ++n) {
    if (n == 6 || n == 7) continue;
    const auto& there = oracle->given.at({first, n});
    oracle->at_centre.insert(there.begin(), there.end());
  }
  PromiseLosses(oracle);
  CHECK(run.Stats().owed.size() == 2);
  DiskModel disk;
  disk.Adopt(folder);  // as another process finds it while this one lives
  WriteImage(disk.After(CutMode::kKept, &random), folder + ".copy");
  return confirmation;
}

// The reserve is the same 8 MB each time: it is kept from one case to the next.
void Prepare(const DiskImage& image, const std::string& folder) {
  const std::string reserve = journal::BallastPath(folder + "/journal.db"),
                    kept = folder + ".reserve";
  std::rename(reserve.c_str(), kept.c_str());
  WriteImage(image, folder);
  std::rename(kept.c_str(), reserve.c_str());
}

bool IsNewerSchema(const std::string& path) {
  auto db = sqlite::Database::Open(path, {.read_only = true});
  if (!db.ok()) return false;
  auto version = db->QueryInt("PRAGMA user_version");
  return version.ok() && *version > journal::kSchemaVersion;
}

}  // namespace

FilledJournal FillJournal(const std::string& folder) {
  FilledJournal filled;
  WriteImage({}, folder);
  filled.confirmation = Fill(folder, &filled.oracle);
  CHECK(filled.oracle.faults.empty());
  DiskModel disk;
  disk.Adopt(folder + ".copy");
  SeededRandom random;
  filled.image = disk.After(CutMode::kKept, &random);
  filled.image.files.erase("journal.db.ballast");
  filled.image.files.erase("journal.db.lock");
  for (auto& [name, content] : filled.image.files) {
    content.bytes.resize(content.size);
    for (size_t at = 0; at < content.size; ++at) filled.bytes.push_back({name, at});
  }
  return filled;
}

CaseOutcome OpenDamaged(const FilledJournal& filled, const DiskImage& image, uint64_t seed,
                        const std::string& folder) {
  Prepare(image, folder);
  Oracle oracle = filled.oracle;
  SeededRandom random(seed);
  ManualClock clock;
  clock.Advance(std::chrono::hours(1));
  CaseOutcome outcome;
  JournalRun run(folder, &oracle, &random, &clock);
  if (!run.StartAgainAndAgain(kOpens)) {
    if (IsNewerSchema(run.path())) {
      outcome.counts["refused as newer"] = 1;
      return outcome;
    }
  } else {
    run.Hear(filled.confirmation);
    run.Judge(kFresh, false);
    outcome.counts["salvaged"] = run.Stats().salvages_total > 0 ? 1 : 0;
  }
  outcome.counts["lost"] = oracle.Missing().size();
  outcome.counts["doubled"] = oracle.doubled;
  outcome.counts["altered"] = oracle.altered;
  outcome.counts["declared"] = oracle.DeclaredLost().size();
  outcome.fault = oracle.Summary();
  return outcome;
}

}  // namespace tillrelay::testing
