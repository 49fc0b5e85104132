#include "agent/capture/redact_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>

#include "agent/capture/plain_text.h"
#include "common/base/files.h"
#include "common/redact/card_redaction.h"

namespace tillrelay::capture {
namespace {

// A byte of a number, of what may part its digits, or of an escape.
bool InNumber(char c) {
  constexpr std::string_view kParts = " -./_,:;*|+~'\t\r\n&#\\";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == 'u' ||
         c == 'x' || (c & 0x80) != 0 || kParts.find(c) != std::string_view::npos;
}

// Where a piece ends, within its last `within` bytes.
size_t CutOf(std::string_view text, size_t within) {
  const size_t least = text.size() - std::min(text.size(), within);
  for (size_t at = text.size(); at > least + 1; --at) {
    if (!InNumber(text[at - 1]) && !InNumber(text[at - 2])) return at;
  }
  const size_t line = text.rfind('\n');
  return line == std::string_view::npos || line < least ? text.size() : line + 1;
}

// Fills `bytes` up to one piece; false at the end of the file.
Result<bool> ReadPiece(int fd, size_t most, std::string* bytes) {
  bytes->resize(most);
  size_t size = 0;
  while (size < most) {
    const ssize_t got = read(fd, bytes->data() + size, most - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Unavailable("read: " + ErrnoText(errno));
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  bytes->resize(size);
  return size == most;
}

// The byte order mark that says how the file is to be read; "" of bytes that are text as they are.
std::string OrderOf(std::string_view start) {
  if (PlainText(start.substr(0, 64)).size() == start.substr(0, 64).size()) return {};
  const bool little = start.starts_with("\xFF\xFE") || (start[0] != '\0' && start[1] == '\0');
  return little ? "\xFF\xFE" : "\xFE\xFF";
}

// A mark is put in front for the decoder alone: in the text it would part a number.
std::string AsText(const std::string& order, const std::string& bytes) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  std::string text = PlainText(order + bytes);
  if (std::string_view(text).starts_with(kMark)) text.erase(0, kMark.size());
  return text;
}

// A document as text, in pieces that no number spans.
class Pieces {
 public:
  explicit Pieces(size_t piece_bytes) : piece_bytes_(piece_bytes) {}

  // The next piece, once these bytes are behind what is left of the last one.
  std::string Next(const std::string& bytes, bool more) {
    if (first_ && bytes.size() >= 2) order_ = OrderOf(bytes);
    first_ = false;
    left_ += order_.empty() ? bytes : AsText(order_, bytes);
    std::string piece = left_.substr(0, more ? CutOf(left_, piece_bytes_ / 4) : left_.size());
    left_.erase(0, piece.size());
    return piece;
  }

 private:
  const size_t piece_bytes_;
  std::string left_, order_;
  bool first_ = true;
};

}  // namespace

bool HoldsCards(std::string_view bytes, const std::function<void()>& beat, size_t piece_bytes) {
  Pieces pieces(piece_bytes);
  for (bool more = true; more;) {
    more = bytes.size() > piece_bytes;
    std::string piece = pieces.Next(std::string(bytes.substr(0, piece_bytes)), more);
    bytes.remove_prefix(std::min(bytes.size(), piece_bytes));
    if (redact::Redact(&piece, redact::Spelling::kRaw) > 0) return true;
    if (beat) beat();
  }
  return false;
}

Status RedactInto(int from, int to, const std::function<void()>& beat, size_t piece_bytes) {
  std::string bytes;
  Pieces pieces(piece_bytes);
  for (bool more = true; more;) {
    auto read = ReadPiece(from, piece_bytes, &bytes);
    if (!read.ok()) return std::move(read).status();
    more = *read;
    std::string piece = pieces.Next(bytes, more);
    redact::Redact(&piece, redact::Spelling::kRaw);
    if (Status s = WriteAll(to, piece); !s.ok()) return s;
    if (beat) beat();
  }
  return Status::Ok();
}

}  // namespace tillrelay::capture
