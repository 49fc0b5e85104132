// The real journal's run of 200 commits (cuts_story.h), with the power cut at every operation on
// the disk in six ways, and with every operation failing once, as a bad disk and as a full one.
// After each the journal is opened, cut again at a random operation of its repair, opened again,
// and judged: nothing accepted is lost without a declaration, doubled, altered or refused for good.
//   journal_cuts [--stride N] [--shift K] [--only cuts|failures] [--mode NAME] [--from OP --to OP]
//                [--segment S] [--jobs J] [--seed S] [--report FILE]
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "tests/model/cuts_story.h"
#include "tests/support/case_runner.h"
#include "tests/support/fault_disk.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::testing {
namespace {

constexpr int kOpens = 5;
constexpr int kStepsPerSegment = 4;
constexpr uint64_t kModes = std::size(kCutModes);

struct Options {
  uint64_t stride = 1, shift = 0, from = 0, to = UINT64_MAX, seed = 1;
  std::string only, mode, report;
  int segment = -1;
  size_t jobs = 2;
};

// What a disk and a centre saw of the run.
struct Recording {
  std::vector<DiskOperation> trace;
  struct Moment {
    size_t operations = 0;  // that had been done
    Oracle oracle;
  };
  std::vector<Moment> moments;
  std::vector<size_t> steps;  // the operations before each step
  std::vector<Instant> step_times;
  std::vector<uint64_t> segment_sizes;  // operations of each segment, played from an image
  Oracle end;

  const Moment& Before(size_t operation) const {
    auto later = std::upper_bound(moments.begin(), moments.end(), operation,
                                  [](size_t n, const Moment& m) { return n < m.operations; });
    return *std::prev(later);
  }
  // What was told until then, with the content of all that was ever told.
  Oracle OracleAt(size_t operation) const {
    Oracle oracle = Before(operation).oracle;
    oracle.content = end.content;
    return oracle;
  }
};

void Record(const std::string& folder, uint64_t seed, Recording* recording) {
  WriteImage({}, folder);
  FaultDisk& disk = FaultDisk::Instance();
  disk.Watch(folder);
  disk.Record(&recording->trace);
  Oracle oracle;
  SeededRandom random(seed);
  ManualClock clock;
  const auto note = [&] { recording->moments.push_back({recording->trace.size(), oracle}); };
  note();
  {
    JournalRun run(folder, &oracle, &random, &clock);
    CutsStory::Configure(&run.options);
    CutsStory story(folder, &run, note);
    for (int step = 0; step < CutsStory::kSteps; ++step) {
      recording->steps.push_back(recording->trace.size());
      recording->step_times.push_back(clock.Now());
      story.Step(step);
      note();
    }
    run.DrainAll(20);
  }
  recording->end = oracle;
  disk.StopWatching();
}

// The disk as it was before an operation, kept between the cases of one process.
class Rewinder {
 public:
  explicit Rewinder(const Recording* recording) : recording_(*recording) {}
  const DiskModel& At(size_t operation) {
    if (operation < done_) {
      model_ = {};
      done_ = 0;
    }
    while (done_ < operation) model_.Apply(recording_.trace[done_++]);
    return model_;
  }

 private:
  const Recording& recording_;
  DiskModel model_;
  size_t done_ = 0;
};

CaseOutcome Outcome(const Oracle& oracle, const JournalRun* run) {
  CaseOutcome outcome;
  outcome.fault = oracle.Summary();
  outcome.counts["lost"] = oracle.Missing().size();
  outcome.counts["doubled"] = oracle.doubled;
  outcome.counts["altered"] = oracle.altered;
  outcome.counts["declared"] = oracle.DeclaredLost().size();
  if (run->back_after() > 0) {
    outcome.counts["seconds refused"] = static_cast<uint64_t>(run->back_after());
  }
  return outcome;
}

// The last life: whatever was done to the disk, everything has to be right again.
CaseOutcome Judge(const std::string& folder, Oracle* oracle, SeededRandom* random,
                  ManualClock* clock) {
  JournalRun run(folder, oracle, random, clock);
  CutsStory::Configure(&run.options);
  if (run.StartAgainAndAgain(kOpens)) run.Judge(CutsStory::kFreshReceipt, true);
  return Outcome(*oracle, &run);
}

// A life that is cut at a random operation of its repair, or soon after it.
void CutAgain(const std::string& folder, Oracle* oracle, SeededRandom* random, ManualClock* clock) {
  FaultDisk& disk = FaultDisk::Instance();
  disk.Watch(folder);
  disk.FailAt(1 + random->Below(uint64_t{1} << random->Below(10)), EIO, true);
  {
    JournalRun run(folder, oracle, random, clock);
    CutsStory::Configure(&run.options);
    if (run.Start().ok()) {
      run.Tick();
      if (!run.Drain()) run.Tick(2);
      run.SubmitNumbers({CutsStory::kFreshReceipt + 1}).ok();
      run.Tick();
    }
  }
  disk.Cut(kCutModes[random->Below(kModes)], random);
  disk.StopWatching();
}

CaseOutcome PlayCut(const Recording& recording, Rewinder* rewinder, uint64_t number,
                    const std::string& folder) {
  const size_t operation = number / kModes;
  const CutMode mode = kCutModes[number % kModes];
  SeededRandom random(number + 1);
  WriteImage(rewinder->At(operation).After(mode, &random), folder);
  if (mode != CutMode::kKept) FaultDisk::Instance().Reboot();
  Oracle oracle = recording.OracleAt(operation);
  ManualClock clock;
  clock.Advance(std::chrono::hours(1));
  CutAgain(folder, &oracle, &random, &clock);
  CaseOutcome outcome = Judge(folder, &oracle, &random, &clock);
  CountAs(fmt::format("power cut, {}", ModeWord(mode)), &outcome);
  return outcome;
}

// Which operation of which segment fails, and how.
struct Failure {
  int segment = 0;
  uint64_t operation = 0;
  bool full = false;
};
struct Played {
  uint64_t operations = 0;
  std::string failed;  // the one that failed, in words
};

// Plays one segment from its image.
Played PlaySegment(const Recording& recording, Rewinder* rewinder, const Failure& failure,
                   const std::string& folder, Oracle* oracle, ManualClock* clock) {
  const auto first = static_cast<size_t>(failure.segment * kStepsPerSegment);
  SeededRandom random(first + 1);
  const size_t operation = recording.steps[first];
  WriteImage(rewinder->At(operation).After(CutMode::kKept, &random), folder);
  *oracle = recording.OracleAt(operation);
  clock->Advance(recording.step_times[first] - clock->Now());
  FaultDisk& disk = FaultDisk::Instance();
  disk.Watch(folder);
  disk.FailAt(failure.operation, failure.full ? ENOSPC : EIO, false);
  {
    JournalRun run(folder, oracle, &random, clock);
    CutsStory::Configure(&run.options);
    CutsStory story(folder, &run, [] {});
    for (int i = 0; i < kStepsPerSegment; ++i) story.Step(static_cast<int>(first) + i);
    if (run.running()) run.Tick();
  }
  Played played{disk.operations(), disk.failure()};
  if (failure.operation % 2 == 1) disk.Cut(CutMode::kDropped, &random);
  disk.StopWatching();
  return played;
}

class Suite {
 public:
  explicit Suite(const Options& options) : options_(options), rewinder_(&recording_) {
    Record(folder_ / "recording", options.seed, &recording_);
  }

  int Run() {
    if (!recording_.end.faults.empty()) {
      fmt::print("the run itself: {}\n", recording_.end.Summary());
    }
    if (options_.only != "failures") Cuts();
    if (options_.only != "cuts") Failures();
    for (const auto& [kind, count] : kinds_) fmt::print("{:8} x {}\n", count, kind);
    fmt::print("{} operations, {} accepted; {} cuts, {} failing operations; {} failed\n",
               recording_.trace.size(), recording_.end.accepted.size(), cuts_.run, failures_.run,
               cuts_.failed + failures_.failed);
    PrintTotals(cuts_);
    PrintTotals(failures_);
    WriteReport(options_.report, "journal_cuts", cuts_);
    WriteReport(options_.report, "journal_cuts", failures_);
    return cuts_.failed + failures_.failed == 0 && recording_.end.faults.empty() ? 0 : 1;
  }

 private:
  std::string CaseFolder() { return folder_ / ("case-" + std::to_string(getpid())); }

  void Cuts() {
    std::vector<uint64_t> cases;
    const uint64_t all = recording_.trace.size() * kModes;
    for (uint64_t n = options_.shift; n < all; n += options_.stride) {
      const uint64_t operation = n / kModes;
      if (operation < options_.from || operation > options_.to) continue;
      if (!options_.mode.empty() && options_.mode != ModeWord(kCutModes[n % kModes])) continue;
      cases.push_back(n);
    }
    cuts_ = RunCases(
        cases, options_.jobs,
        [this](uint64_t number) { return PlayCut(recording_, &rewinder_, number, CaseFolder()); },
        [this](uint64_t number, const CaseOutcome& outcome) {
          const DiskOperation& operation = recording_.trace[number / kModes];
          SubmitNumbers(fmt::format("cut before operation {} ({} {} {}), {}", number / kModes,
                                    KindWord(operation.kind), operation.path, operation.to,
                                    ModeWord(kCutModes[number % kModes])),
                        outcome,
                        fmt::format("--only cuts --from {0} --to {0} --mode {1}", number / kModes,
                                    ModeWord(kCutModes[number % kModes])));
        });
  }

  void Failures() {
    std::vector<Failure> all;
    for (int segment = 0; segment * kStepsPerSegment < CutsStory::kSteps; ++segment) {
      if (options_.segment >= 0 && segment != options_.segment) continue;
      Oracle oracle;
      ManualClock clock;
      const uint64_t size = PlaySegment(recording_, &rewinder_, {segment, 0, false},
                                        folder_ / "counting", &oracle, &clock)
                                .operations;
      for (uint64_t n = 1; n <= size; ++n) {
        if (n < options_.from || n > options_.to) continue;
        all.push_back({segment, n, false});
        all.push_back({segment, n, true});
      }
    }
    std::vector<uint64_t> cases;
    for (uint64_t n = options_.shift; n < all.size(); n += options_.stride) cases.push_back(n);
    failures_ = RunCases(
        cases, options_.jobs,
        [&](uint64_t number) {
          Oracle oracle;
          ManualClock clock;
          SeededRandom random(number + 1);
          const std::string folder = CaseFolder();
          const Played played =
              PlaySegment(recording_, &rewinder_, all[number], folder, &oracle, &clock);
          CaseOutcome outcome = Judge(folder, &oracle, &random, &clock);
          if (!outcome.fault.empty()) outcome.fault += "; what failed: " + played.failed;
          CountAs(all[number].full ? "one operation finds the disk full"
                                   : "one operation fails, as on a bad disk",
                  &outcome);
          return outcome;
        },
        [&](uint64_t number, const CaseOutcome& outcome) {
          const Failure& failure = all[number];
          const char* how = failure.full ? "disk full" : "I/O error";
          SubmitNumbers(fmt::format("{} at operation {} of segment {}", how, failure.operation,
                                    failure.segment),
                        outcome,
                        fmt::format("--only failures --segment {0} --from {1} --to {1}",
                                    failure.segment, failure.operation));
        });
  }

  void SubmitNumbers(const std::string& place, const CaseOutcome& outcome,
                     const std::string& again) {
    if (++kinds_[KindOf(outcome.fault)] > 5) return;
    fmt::print("{}: {}\n  again: journal_cuts {}\n", place, outcome.fault, again);
    std::fflush(stdout);
  }

  const Options options_;
  const TempDir folder_;
  Recording recording_;
  Rewinder rewinder_;
  CaseTotals cuts_, failures_;
  std::map<std::string, uint64_t> kinds_;
};

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
    } else if (word == "--only") {
      options->only = value;
    } else if (word == "--mode") {
      options->mode = value;
    } else if (word == "--segment") {
      options->segment = static_cast<int>(number);
    } else if (word == "--jobs") {
      options->jobs = number;
    } else if (word == "--seed") {
      options->seed = number;
    } else if (word == "--report") {
      options->report = value;
    } else {
      return false;
    }
  }
  return argc % 2 == 1;
}

}  // namespace
}  // namespace tillrelay::testing

int main(int argc, char** argv) {
  tillrelay::testing::Options options;
  if (!tillrelay::testing::Parse(argc, argv, &options)) return 2;
  // What the journal logs is of no use here, and there is much of it.
  const bool loud = std::getenv("TILLRELAY_LOUD") != nullptr;
  if (!loud && std::freopen("/dev/null", "w", stderr) == nullptr) return 2;
  setenv("TMPDIR", "/dev/shm", 0);
  return tillrelay::testing::Suite(options).Run();
}
