// Every byte of a small journal is changed, one at a time, as a failing disk would: the file, its
// log and what stands beside it, copied while it was open. Then the real journal opens it, is
// drained as the uplink drains it, takes a new sale and is told old ones again. No altered event
// may be sent, no accepted one may vanish without a declaration, and the journal has to accept
// again.
//   journal_bytes [--stride N] [--shift K] [--file NAME] [--from BYTE --to BYTE] [--jobs J]
//                 [--report FILE] [--keep FOLDER]
// FOLDER: the last damaged files are left there, as the journal has not opened them yet.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/model/damaged_journal.h"
#include "tests/support/case_runner.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::testing {
namespace {

struct Options {
  uint64_t stride = 1, shift = 0, from = 0, to = UINT64_MAX;
  std::string file, report, keep;
  size_t jobs = 2;
};

char Changed(char byte, uint64_t number) {
  constexpr unsigned kMasks[] = {0x01, 0x80, 0xff};
  return static_cast<char>(static_cast<unsigned char>(byte) ^ kMasks[number * 2654435761U % 3]);
}

CaseOutcome Change(const FilledJournal& filled, uint64_t number, const std::string& folder,
                   const std::string& keep) {
  DiskImage image = filled.image;
  const FilledJournal::Byte& byte = filled.bytes[number];
  char& changed = image.files[byte.file].bytes[byte.at];
  changed = Changed(changed, number);
  if (!keep.empty()) WriteImage(image, keep);
  return OpenDamaged(filled, image, number + 1, folder);
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
    } else if (word == "--keep") {
      options->keep = value;
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
  const FilledJournal filled = FillJournal(folder / "baseline");
  std::vector<uint64_t> cases;
  for (uint64_t n = options.shift; n < filled.bytes.size(); n += options.stride) {
    const FilledJournal::Byte& byte = filled.bytes[n];
    if (!options.file.empty() && byte.file != options.file) continue;
    if (byte.at >= options.from && byte.at <= options.to) cases.push_back(n);
  }
  std::map<std::string, uint64_t> kinds;
  const CaseTotals totals = RunCases(
      cases, options.jobs,
      [&](uint64_t number) {
        CaseOutcome outcome =
            Change(filled, number, folder / ("case-" + std::to_string(getpid())), options.keep);
        CountAs("a changed byte in " + filled.bytes[number].file, &outcome);
        return outcome;
      },
      [&](uint64_t number, const CaseOutcome& outcome) {
        const FilledJournal::Byte& byte = filled.bytes[number];
        if (++kinds[KindOf(outcome.fault)] > 5) return;
        fmt::print("{} byte {}: {}\n  again: journal_bytes --file {} --from {} --to {}\n",
                   byte.file, byte.at, outcome.fault, byte.file, byte.at, byte.at);
        std::fflush(stdout);
      });
  for (const auto& [kind, count] : kinds) fmt::print("{:8} x {}\n", count, kind);
  fmt::print("{} bytes changed of {}, {} failed\n", totals.run, filled.bytes.size(), totals.failed);
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
