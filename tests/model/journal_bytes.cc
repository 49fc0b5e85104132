// Every byte of a small journal is changed, one at a time, as a failing disk would: the file, its
// log and what stands beside it, copied while it was open. Then the real journal opens it, is
// drained as the uplink drains it, takes a new sale and is told old ones again. No altered event
// may be sent, no accepted one may vanish without a declaration, and the journal has to accept
// again.
//   journal_bytes [--stride N] [--shift K] [--file NAME] [--from BYTE --to BYTE] [--jobs J]
//                 [--report FILE]
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "agent/journal/paths.h"
#include "agent/journal/schema.h"
#include "common/sqlite/sqlite.h"
#include "tests/support/case_runner.h"
#include "tests/support/disk_model.h"
#include "tests/support/journal_run.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::testing {
namespace {

constexpr int kRows = 64;
constexpr int kOpens = 5;
constexpr int kFresh = 1000;  // a receipt that nobody has told yet

struct Options {
  uint64_t stride = 1, shift = 0, from = 0, to = UINT64_MAX;
  std::string file, report;
  size_t jobs = 2;
};

// The journal before a byte of it is changed, and what was promised of it.
struct Baseline {
  DiskImage image;
  Oracle oracle;
  journal::Confirmation confirmation;  // as the centre repeats it
  struct Byte {
    std::string file;
    size_t at;
  };
  std::vector<Byte> bytes;
};

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
  run.journal()->DeclareLoss({first, 3, 4, {}, "not_kept", true});
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

Baseline MakeBaseline(const std::string& folder) {
  Baseline baseline;
  WriteImage({}, folder);
  baseline.confirmation = Fill(folder, &baseline.oracle);
  CHECK(baseline.oracle.faults.empty());
  DiskModel disk;
  disk.Adopt(folder + ".copy");
  SeededRandom random;
  baseline.image = disk.After(CutMode::kKept, &random);
  baseline.image.files.erase("journal.db.ballast");
  baseline.image.files.erase("journal.db.lock");
  for (auto& [name, content] : baseline.image.files) {
    content.bytes.resize(content.size);
    for (size_t at = 0; at < content.size; ++at) baseline.bytes.push_back({name, at});
  }
  return baseline;
}

char Changed(char byte, uint64_t number) {
  constexpr unsigned kMasks[] = {0x01, 0x80, 0xff};
  return static_cast<char>(static_cast<unsigned char>(byte) ^ kMasks[number * 2654435761U % 3]);
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

CaseOutcome Change(const Baseline& baseline, uint64_t number, const std::string& folder) {
  DiskImage image = baseline.image;
  const Baseline::Byte& byte = baseline.bytes[number];
  char& changed = image.files[byte.file].bytes[byte.at];
  changed = Changed(changed, number);
  Prepare(image, folder);
  Oracle oracle = baseline.oracle;
  SeededRandom random(number + 1);
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
    run.Hear(baseline.confirmation);
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

bool Parse(int argc, char** argv, Options* options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string word = argv[i], value = argv[i + 1];
    const uint64_t number = std::strtoull(value.c_str(), nullptr, 10);
    if (word == "--stride") {
      options->stride = std::max<uint64_t>(1, number);
    } else if (word == "--shift") {
      options->shift = number;
    } else if (word == "--from") {
      options->from = number;
    } else if (word == "--to") {
      options->to = number;
    } else if (word == "--file") {
      options->file = value;
    } else if (word == "--jobs") {
      options->jobs = number;
    } else if (word == "--report") {
      options->report = value;
    } else {
      return false;
    }
  }
  return argc % 2 == 1;
}

int Run(const Options& options) {
  setenv("TMPDIR", "/dev/shm", 0);
  const TempDir folder;
  const Baseline baseline = MakeBaseline(folder / "baseline");
  std::vector<uint64_t> cases;
  for (uint64_t n = options.shift; n < baseline.bytes.size(); n += options.stride) {
    const Baseline::Byte& byte = baseline.bytes[n];
    if (!options.file.empty() && byte.file != options.file) continue;
    if (byte.at >= options.from && byte.at <= options.to) cases.push_back(n);
  }
  std::map<std::string, uint64_t> kinds;
  const CaseTotals totals = RunCases(
      cases, options.jobs,
      [&](uint64_t number) {
        CaseOutcome outcome =
            Change(baseline, number, folder / ("case-" + std::to_string(getpid())));
        CountAs("a changed byte in " + baseline.bytes[number].file, &outcome);
        return outcome;
      },
      [&](uint64_t number, const CaseOutcome& outcome) {
        const Baseline::Byte& byte = baseline.bytes[number];
        if (++kinds[KindOf(outcome.fault)] > 5) return;
        fmt::print("{} byte {}: {}\n  again: journal_bytes --file {} --from {} --to {}\n",
                   byte.file, byte.at, outcome.fault, byte.file, byte.at, byte.at);
        std::fflush(stdout);
      });
  for (const auto& [kind, count] : kinds) fmt::print("{:8} x {}\n", count, kind);
  fmt::print("{} bytes changed of {}, {} failed\n", totals.run, baseline.bytes.size(),
             totals.failed);
  PrintTotals(totals);
  WriteReport(options.report, "journal_bytes", totals);
  return totals.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tillrelay::testing

int main(int argc, char** argv) {
  tillrelay::testing::Options options;
  if (!tillrelay::testing::Parse(argc, argv, &options)) return 2;
  // What the journal logs is of no use here, and there is much of it.
  const bool loud = std::getenv("TILLRELAY_LOUD") != nullptr;
  if (!loud && std::freopen("/dev/null", "w", stderr) == nullptr) return 2;
  return tillrelay::testing::Run(options);
}
