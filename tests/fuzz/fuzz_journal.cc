// Damage of any shape to the files of a journal: bytes overwritten, flipped and zeroed, pages
// copied over others, files cut, emptied and taken away. It is opened and drained; nothing altered
// is sent, nothing accepted vanishes undeclared, and it accepts again.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "common/base/check.h"
#include "common/base/log.h"
#include "tests/model/damaged_journal.h"
#include "tests/support/temp_dir.h"

namespace {

using namespace tillrelay::testing;

constexpr size_t kMostDamages = 6, kMostBytes = 8192;

void Damage(FuzzedDataProvider* input, DiskImage* image) {
  std::vector<std::string> names;
  for (const auto& [name, content] : image->files) names.push_back(name);
  if (names.empty()) return;
  const std::string& name = names[input->ConsumeIntegralInRange<size_t>(0, names.size() - 1)];
  std::string& bytes = image->files[name].bytes;
  const size_t at = input->ConsumeIntegralInRange<size_t>(0, bytes.size());
  const size_t count =
      std::min(input->ConsumeIntegralInRange<size_t>(0, kMostBytes), bytes.size() - at);
  switch (input->ConsumeIntegralInRange<int>(0, 6)) {
    case 0: {
      const std::string put = input->ConsumeBytesAsString(std::min<size_t>(count, 64));
      bytes.replace(at, put.size(), put);
      break;
    }
    case 1:
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), count, '\0');
      break;
    case 2: {
      const auto mask = input->ConsumeIntegral<unsigned char>();
      for (size_t i = at; i < at + count; ++i) {
        bytes[i] = static_cast<char>(static_cast<unsigned char>(bytes[i]) ^ mask);
      }
      break;
    }
    case 3: {  // a block that was written to another place
      const std::string moved = bytes.substr(at, count);
      const size_t to = input->ConsumeIntegralInRange<size_t>(0, bytes.size() - moved.size());
      bytes.replace(to, moved.size(), moved);
      break;
    }
    case 4:
      bytes.resize(at);
      break;
    case 5:
      bytes.insert(at, std::string(count, input->ConsumeBool() ? '\0' : 'x'));
      break;
    default:
      image->files.erase(name);
      return;
  }
  image->files[name].size = bytes.size();
}

struct Room {
  TempDir folder;
  FilledJournal filled;
  Room() : filled(FillJournal(folder / "filled")) {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Room room;
  FuzzedDataProvider input(data, size);
  DiskImage image = room.filled.image;
  for (size_t n = 0; n < kMostDamages && input.remaining_bytes() > 0; ++n) Damage(&input, &image);
  const CaseOutcome outcome = OpenDamaged(room.filled, image, 1, room.folder / "case");
  if (!outcome.fault.empty()) std::fprintf(stderr, "%s\n", outcome.fault.c_str());
  CHECK(outcome.fault.empty());
  return 0;
}
