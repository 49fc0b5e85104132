#include "common/base/tar_gz.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace tillrelay {
namespace {

constexpr size_t kBlock = 512;      // POSIX.1-1988 ustar
constexpr size_t kStored = 0xffff;  // bytes in one stored block (RFC 1951, 3.2.4)
constexpr size_t kMaxName = 99;

uint32_t Crc32(std::string_view bytes) {  // RFC 1952, 8
  uint32_t crc = 0xffffffffu;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0xedb88320u : 0u);
  }
  return ~crc;
}

void Little(std::string* out, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out->push_back(static_cast<char>((value >> (8 * i)) & 0xffu));
}

void Put(std::string* header, size_t at, std::string_view text) {
  std::copy(text.begin(), text.end(), header->begin() + static_cast<ptrdiff_t>(at));
}

std::string Header(std::string_view name, size_t size, int64_t at_s) {
  std::string header(kBlock, '\0');
  Put(&header, 0, name.substr(0, kMaxName));
  Put(&header, 100, "0000600");
  Put(&header, 108, "0000000");
  Put(&header, 116, "0000000");
  Put(&header, 124, fmt::format("{:011o}", size));
  Put(&header, 136, fmt::format("{:011o}", std::max<int64_t>(at_s, 0)));
  Put(&header, 148, "        ");
  Put(&header, 156, "0");
  Put(&header, 257,
      std::string_view("ustar\0"
                       "00",
                       8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  Put(&header, 148, fmt::format("{:06o}", sum));
  header[154] = '\0';
  return header;
}

}  // namespace

std::string TarGz(const NamedTexts& files, WallTime at) {
  const int64_t at_s = std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count();
  std::string tar;
  for (const auto& [name, text] : files) {
    tar += Header(name, text.size(), at_s);
    tar += text;
    tar.append((kBlock - text.size() % kBlock) % kBlock, '\0');
  }
  tar.append(2 * kBlock, '\0');
  std::string out("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 10);
  for (size_t begin = 0; begin < tar.size(); begin += kStored) {
    const auto size = static_cast<uint32_t>(std::min(kStored, tar.size() - begin));
    out.push_back(begin + size == tar.size() ? '\x01' : '\x00');
    Little(&out, size, 2);
    Little(&out, ~size, 2);
    out.append(tar, begin, size);
  }
  Little(&out, Crc32(tar), 4);
  Little(&out, static_cast<uint32_t>(tar.size()), 4);
  return out;
}

}  // namespace tillrelay
