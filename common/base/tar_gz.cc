#include "common/base/tar_gz.h"

#include <fmt/format.h>
#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "common/base/check.h"

namespace tillrelay {
namespace {

constexpr size_t kBlock = 512;  // POSIX.1-1988 ustar
constexpr size_t kMaxName = 99;

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

// One gzip member without a name or a time, so that the same bytes give the same.
std::string Gzip(std::string_view bytes) {
  constexpr int kGzipWindow = MAX_WBITS + 16;  // zlib.h: 16 more asks for gzip's frame
  z_stream stream{};
  CHECK(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, MAX_MEM_LEVEL - 1,
                     Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<const Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int ended = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  CHECK(ended == Z_STREAM_END);
  return out;
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
  return Gzip(tar);
}

}  // namespace tillrelay
