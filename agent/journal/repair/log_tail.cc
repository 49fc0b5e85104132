#include "agent/journal/repair/log_tail.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "common/base/files.h"

namespace tillrelay::journal {
namespace {

constexpr size_t kHeader = 32, kFrameHeader = 24;
constexpr uint32_t kMagic = 0x377f0682;  // the lowest bit: sums over big-endian words
constexpr uint32_t kMinPage = 512, kMaxPage = 65536;

uint32_t Big(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}
uint32_t Little(std::string_view bytes, size_t at) { return __builtin_bswap32(Big(bytes, at)); }

struct Sum {
  uint32_t first = 0, second = 0;
  void Add(std::string_view bytes, bool big) {
    for (size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      first += (big ? Big(bytes, at) : Little(bytes, at)) + second;
      second += (big ? Big(bytes, at + 4) : Little(bytes, at + 4)) + first;
    }
  }
  bool Is(std::string_view bytes, size_t at) const {
    return first == Big(bytes, at) && second == Big(bytes, at + 4);
  }
};

bool ReadAt(const Fd& file, uint64_t at, std::string* bytes) {
  const ssize_t count = pread(file.get(), bytes->data(), bytes->size(), static_cast<off_t>(at));
  return count == static_cast<ssize_t>(bytes->size());
}

}  // namespace

Result<LogTail> ReadLogTail(const std::string& path) {
  LogTail tail;
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    if (errno == ENOENT) return tail;
    return Unavailable(path + ": " + ErrnoText(errno));
  }
  std::string header(kHeader, '\0');
  const ssize_t got = pread(file.get(), header.data(), header.size(), 0);
  if (got == 0) return tail;
  const uint32_t magic = Big(header, 0), page = Big(header, 8);
  const bool big = (magic & 1) != 0;
  Sum sum;
  sum.Add(std::string_view(header).substr(0, 24), big);
  if (got != static_cast<ssize_t>(kHeader) || (magic & ~1u) != kMagic || page < kMinPage ||
      page > kMaxPage || !sum.Is(header, 24)) {
    tail.header_damaged = true;
    return tail;
  }
  const std::string_view salts = std::string_view(header).substr(16, 8);
  std::string frame(kFrameHeader + page, '\0');
  bool reads = true;  // every frame up to here fits
  for (uint64_t at = kHeader; ReadAt(file, at, &frame); at += frame.size()) {
    const bool same_log = std::string_view(frame).substr(8, 8) == salts;
    const bool commit = same_log && Big(frame, 4) != 0;
    if (!reads && commit) ++tail.commits_behind;
    if (reads) {
      Sum next = sum;
      next.Add(std::string_view(frame).substr(0, 8), big);
      next.Add(std::string_view(frame).substr(kFrameHeader), big);
      reads = same_log && next.Is(frame, 16);
      if (reads) sum = next;
      tail.has_frames = tail.has_frames || reads;
    }
    if (!reads && commit) ++tail.commits;
  }
  return tail;
}

}  // namespace tillrelay::journal
