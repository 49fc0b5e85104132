#include "common/base/json_walk.h"

#include "common/base/text.h"

namespace tillrelay {
namespace {

constexpr char kObject = '{', kObjectEnd = '}';

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLow(unsigned unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }
bool IsHigh(unsigned unit) { return unit >= 0xD800 && unit <= 0xDBFF; }

}  // namespace

void JsonWalk::CheckUtf8() {
  const size_t bad = FirstInvalidUtf8(bytes_);
  if (bad == std::string_view::npos) return;
  at_ = bad;
  Fail("the bytes are not UTF-8");
}

char JsonWalk::Peek() {
  SkipBlanks();
  return at_ < bytes_.size() ? bytes_[at_] : '\0';
}

bool JsonWalk::Enter() {
  const char c = Peek();
  if (failed()) return false;
  if (c != '[' && c != kObject) return Fail("expected an object or an array");
  if (open_.size() + 1 > static_cast<size_t>(limits_.depth)) return Fail("nested too deeply");
  ++at_;
  open_ += c == '[' ? ']' : kObjectEnd;
  first_ = true;
  return true;
}

bool JsonWalk::NextPart() {
  if (failed() || open_.empty()) return false;
  const char close = open_.back();
  SkipBlanks();
  if (Take(close)) {
    open_.pop_back();
    first_ = false;
    return false;
  }
  if (!first_ && !Take(',')) {
    return Fail(close == ']' ? "expected a value, a comma or a closing bracket"
                             : "expected a member name, a comma or a closing brace");
  }
  first_ = false;
  return true;
}

bool JsonWalk::NextElement(std::string_view* element) { return NextPart() && TakeValue(element); }

bool JsonWalk::NextMember(std::string_view* name) {
  if (!NextPart()) return false;
  SkipBlanks();
  const size_t from = at_;
  if (!TakeString()) return false;
  *name = bytes_.substr(from + 1, at_ - from - 2);
  SkipBlanks();
  return Take(':') || Fail("expected a colon");
}

bool JsonWalk::AtEnd() {
  if (failed()) return false;
  SkipBlanks();
  return at_ == bytes_.size() || Fail("something follows the end of the document");
}

bool JsonWalk::TakeValue(std::string_view* value) {
  if (failed()) return false;
  SkipBlanks();
  const size_t from = at_;
  std::string nest;  // closing brackets of what is open within this value
  do {
    if (!TakeOne(&nest) || !TakeClosings(&nest)) return false;
  } while (!nest.empty());
  *value = bytes_.substr(from, at_ - from);
  return true;
}

// A scalar, or everything from an opening bracket to the next scalar or empty container.
bool JsonWalk::TakeOne(std::string* nest) {
  for (;;) {
    const char c = Peek();
    if (c != '[' && c != kObject) return TakeScalar();
    const char close = c == '[' ? ']' : kObjectEnd;
    if (open_.size() + nest->size() + 1 > static_cast<size_t>(limits_.depth)) {
      return Fail("nested too deeply");
    }
    ++at_;
    SkipBlanks();
    if (Take(close)) return true;
    *nest += close;
    if (c == kObject && !TakeName()) return false;
  }
}

// What may stand behind a value: closing brackets, then a comma if something is open still.
bool JsonWalk::TakeClosings(std::string* nest) {
  while (!nest->empty()) {
    SkipBlanks();
    const char close = nest->back();
    if (Take(close)) {
      nest->pop_back();
      continue;
    }
    if (!Take(',')) {
      return Fail(close == ']' ? "expected a value, a comma or a closing bracket"
                               : "expected a member name, a comma or a closing brace");
    }
    if (close == kObjectEnd) return TakeName();
    return true;
  }
  return true;
}

bool JsonWalk::TakeName() {
  SkipBlanks();
  if (!TakeString()) return false;
  SkipBlanks();
  return Take(':') || Fail("expected a colon");
}

bool JsonWalk::TakeScalar() {
  switch (at_ < bytes_.size() ? bytes_[at_] : '\0') {
    case '"':
      return TakeString();
    case 't':
      return TakeWord("true");
    case 'f':
      return TakeWord("false");
    case 'n':
      return TakeWord("null");
    default:
      return TakeNumber();
  }
}

bool JsonWalk::TakeString() {
  if (!Take('"')) {
    return Fail(at_ < bytes_.size() ? "expected a string" : "the document ends too early");
  }
  size_t size = 0;
  while (at_ < bytes_.size()) {
    const char c = bytes_[at_];
    if (static_cast<unsigned char>(c) < 0x20) {
      return Fail("a control character stands unescaped inside a string");
    }
    ++at_;
    if (c == '"') return size <= limits_.string_bytes || Fail("a string is too long");
    if (c != '\\') {
      ++size;
    } else if (!TakeEscape(&size)) {
      return false;
    }
  }
  return Fail("the document ends inside a string");
}

// Behind the backslash; adds the bytes that it stands for.
bool JsonWalk::TakeEscape(size_t* size) {
  constexpr std::string_view kShort = "\"\\/bfnrt";
  const char c = at_ < bytes_.size() ? bytes_[at_] : '\0';
  if (c != '\0' && kShort.find(c) != std::string_view::npos) {
    ++at_;
    ++*size;
    return true;
  }
  unsigned unit = 0, low = 0;
  if (!TakeHex(&unit) || IsLow(unit)) return Fail("bad escape in a string");
  if (!IsHigh(unit)) {
    *size += unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
    return true;
  }
  if (!Take('\\') || !TakeHex(&low) || !IsLow(low)) return Fail("bad escape in a string");
  *size += 4;
  return true;
}

// "u" and four digits.
bool JsonWalk::TakeHex(unsigned* unit) {
  if (!Take('u') || bytes_.size() - at_ < 4) return false;
  *unit = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = bytes_[at_];
    const char lower = static_cast<char>(c | 0x20);
    if (IsDigit(c)) {
      *unit = *unit * 16 + static_cast<unsigned>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      *unit = *unit * 16 + static_cast<unsigned>(lower - 'a' + 10);
    } else {
      return false;
    }
    ++at_;
  }
  return true;
}

bool JsonWalk::TakeWord(std::string_view word) {
  if (bytes_.substr(at_, word.size()) != word) return Fail("expected a value");
  at_ += word.size();
  return true;
}

// number = [ minus ] int [ frac ] [ exp ], RFC 8259, 6.
bool JsonWalk::TakeNumber() {
  const auto digits = [this] {
    const size_t from = at_;
    while (at_ < bytes_.size() && IsDigit(bytes_[at_])) ++at_;
    return at_ > from;
  };
  Take('-');
  if (!Take('0') && !digits()) {
    return Fail(at_ < bytes_.size() ? "expected a value" : "the document ends too early");
  }
  if (Take('.') && !digits()) return Fail("expected a number");
  if (Take('e') || Take('E')) {
    if (!Take('+')) Take('-');
    if (!digits()) return Fail("expected a number");
  }
  return true;
}

void JsonWalk::SkipBlanks() {
  while (at_ < bytes_.size() && IsBlank(bytes_[at_])) ++at_;
}

bool JsonWalk::Take(char c) {
  if (at_ == bytes_.size() || bytes_[at_] != c) return false;
  ++at_;
  return true;
}

bool JsonWalk::Fail(const char* what) {
  if (!failed()) error_ = {at_, what};
  return false;
}

}  // namespace tillrelay
