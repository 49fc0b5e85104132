#include "common/redact/card_redaction.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <regex>
#include <vector>

#include "common/base/text.h"
#include "common/event/gtin.h"
#include "common/redact/card_number.h"

namespace tillrelay::redact {

struct ReceiptPattern {
  std::regex regex;
};

namespace {

// Between the groups of one number; with more than the first many, or of other kinds than the old
// ones, only groups as cards print them are judged.
constexpr int kNearSeparators = 2, kMaxSeparators = 3;
// Longer identifiers are never receipt numbers; a bound for the regular expression.
constexpr size_t kMaxPatternBytes = 128;
// What stood beside a hit is a run of its own afterwards, and judged again.
constexpr int kMaxPasses = 8;
// Digits that are looked at together, so that a list of millions of them costs no memory; the last
// of these, more than any number has, are looked at again with those that follow.
constexpr size_t kRunDigits = 4096, kOverlapDigits = 128;
// ISO/IEC 7813: track 1 has at most 79 characters, track 2 at most 40.
constexpr size_t kTrackBytes = 79;

// How cards print their numbers.
constexpr std::array<std::array<uint8_t, 5>, 6> kPrinted = {{{4, 4, 4, 4, 3},
                                                             {4, 4, 4, 4, 0},
                                                             {4, 6, 5, 0, 0},
                                                             {4, 6, 4, 0, 0},
                                                             {6, 13, 0, 0, 0},
                                                             {8, 8, 0, 0, 0}}};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

struct Digit {
  char value;
  size_t bytes;
};

struct Escape {
  uint32_t code;
  size_t bytes;
};

// The number in `digits` to the base, at most U+FFFF; nothing if it is none.
std::optional<uint32_t> CodeOf(std::string_view digits, uint32_t base) {
  uint32_t code = 0;
  for (const char c : digits) {
    if (!IsHex(c) || (base == 10 && !IsDigit(c))) return std::nullopt;
    const int value = IsDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
    code = code * base + static_cast<uint32_t>(value);
    if (code > 0xFFFF) return std::nullopt;
  }
  return digits.empty() ? std::nullopt : std::optional<uint32_t>(code);
}

// JSON's "\u0034", "\/" and "\t", "\x09" of a text made printable, XML's "&#52;" and "&#x34;".
std::optional<Escape> EscapeAt(std::string_view text, size_t at) {
  constexpr size_t kLongest = 12;  // "&#x00000034;"
  const std::string_view rest = text.substr(at, kLongest);
  if (rest.starts_with("\\x") && rest.size() >= 4) {
    const auto code = CodeOf(rest.substr(2, 2), 16);
    return code ? std::optional<Escape>({*code, 4}) : std::nullopt;
  }
  constexpr std::string_view kShort = "/\\\"tnrbf", kMeant = "/\\\"\t\n\r\b\f";
  if (rest.size() >= 2 && rest[0] == '\\' && kShort.find(rest[1]) != kShort.npos) {
    return Escape{static_cast<unsigned char>(kMeant[kShort.find(rest[1])]), 2};
  }
  if (rest.starts_with("\\u") && rest.size() >= 6) {
    const auto code = CodeOf(rest.substr(2, 4), 16);
    return code ? std::optional<Escape>({*code, 6}) : std::nullopt;
  }
  const size_t end = rest.find(';');
  if (!rest.starts_with("&#") || end == std::string_view::npos) return std::nullopt;
  const bool hex = rest[2] == 'x' || rest[2] == 'X';
  const size_t from = hex ? 3 : 2;
  const auto code = CodeOf(rest.substr(from, end - from), hex ? 16 : 10);
  return code ? std::optional<Escape>({*code, end + 1}) : std::nullopt;
}

bool MayEscape(char c, Spelling spelling) {
  return spelling == Spelling::kRaw && (c == '\\' || c == '&');
}

// The zeros of Unicode's decimal digits (category Nd); nine more follow each.
constexpr uint32_t kZeros[] = {
    0x0660, 0x06F0, 0x07C0, 0x0966,  0x09E6,  0x0A66,  0x0AE6,  0x0B66,  0x0BE6,  0x0C66, 0x0CE6,
    0x0D66, 0x0DE6, 0x0E50, 0x0ED0,  0x0F20,  0x1040,  0x1090,  0x17E0,  0x1810,  0x1946, 0x19D0,
    0x1A80, 0x1A90, 0x1B50, 0x1BB0,  0x1C40,  0x1C50,  0xA620,  0xA8D0,  0xA900,  0xA9D0, 0xA9F0,
    0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x11066, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6};

std::optional<char> DigitOf(uint32_t code) {
  if (code >= '0' && code <= '9') return static_cast<char>(code);
  for (const uint32_t zero : kZeros) {
    if (code >= zero && code <= zero + 9) return static_cast<char>('0' + (code - zero));
  }
  return std::nullopt;
}

// The character of UTF-8 at `at`; a byte that begins none counts as itself.
Escape CharacterAt(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const uint32_t lead = byte(0);
  const size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
  if (size == 1 || at + size > text.size()) return {lead, 1};
  uint32_t code = lead & (size == 2 ? 0x1Fu : size == 3 ? 0x0Fu : 0x07u);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {lead, 1};
    code = code << 6 | (byte(i) & 0x3Fu);
  }
  return {code, size};
}

Escape SymbolAt(std::string_view text, size_t at, Spelling spelling) {
  if (MayEscape(text[at], spelling)) {
    if (const auto escape = EscapeAt(text, at)) return *escape;
  }
  return CharacterAt(text, at);
}

std::optional<Digit> DigitAt(std::string_view text, size_t at, Spelling spelling) {
  if (IsDigit(text[at])) return Digit{text[at], 1};
  if (static_cast<unsigned char>(text[at]) < 0x80 && !MayEscape(text[at], spelling)) {
    return std::nullopt;
  }
  const Escape symbol = SymbolAt(text, at, spelling);
  const auto digit = DigitOf(symbol.code);
  return digit ? std::optional<Digit>({*digit, symbol.bytes}) : std::nullopt;
}

struct Separator {
  size_t bytes = 0;   // 0: none
  bool near = false;  // as people and tills write it every day
};

// In free text also what stands between values elsewhere, and blanks by their names.
Separator FreeSeparatorAt(std::string_view text, size_t at, uint32_t code, size_t bytes) {
  constexpr std::u16string_view kMarks = u"\\\"=#()<>\v\f\u2060";
  if (code <= 0xFFFF && kMarks.find(static_cast<char16_t>(code)) != kMarks.npos) {
    return {bytes, false};
  }
  constexpr std::string_view kNames[] = {"&nbsp;", "&ensp;",  "&emsp;",  "&thinsp;",
                                         "&shy;",  "&ndash;", "&mdash;", "&minus;"};
  for (const std::string_view name : kNames) {
    if (text.substr(at, name.size()) == name) return {name.size(), false};
  }
  return {};
}

Separator SeparatorAt(std::string_view text, size_t at, Spelling spelling, Issuers issuers) {
  const Escape symbol = SymbolAt(text, at, spelling);
  constexpr std::u16string_view kNear = u" -./\u00A0";
  constexpr std::u16string_view kWide =
      u"\t\r\n_,:;*|+~'\u00AD\u00B7\u02D7\u1680\u2022\u205F\u2212\u3000\uFE58\uFE63\uFF0D\uFEFF";
  const uint32_t code = symbol.code;
  if (code > 0xFFFF) return {};
  const auto character = static_cast<char16_t>(code);
  if (kNear.find(character) != kNear.npos) return {symbol.bytes, true};
  const bool unseen = code > 0 && code < 0x20;
  const bool wide = (code >= 0x2000 && code <= 0x2015) || (code >= 0x2028 && code <= 0x202F) ||
                    code == 0x2060 || unseen || kWide.find(character) != kWide.npos ||
                    (spelling == Spelling::kRaw && (code == '\\' || code == '#'));
  if (wide) return {symbol.bytes, false};
  return issuers == Issuers::kAny ? FreeSeparatorAt(text, at, code, symbol.bytes) : Separator{};
}

bool HasEnoughDigits(std::string_view text, Spelling spelling) {
  size_t count = 0;
  for (const char c : text) {
    const bool foreign = static_cast<unsigned char>(c) >= 0xC2;
    if ((IsDigit(c) || foreign || MayEscape(c, spelling)) && ++count >= kMinDigits) return true;
  }
  return false;
}

// Is the run at [from, to) part of a word that has the form of a digest or a UUID?
bool InDigest(std::string_view text, size_t from, size_t to) {
  const auto part = [](char c) { return IsHex(c) || c == '-'; };
  const auto alnum = [](char c) {
    return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  constexpr size_t kLongest = 128;
  size_t begin = from, end = to;
  while (begin > 0 && end - begin <= kLongest && part(text[begin - 1])) --begin;
  while (end < text.size() && end - begin <= kLongest && part(text[end])) ++end;
  if (begin > 0 && alnum(text[begin - 1])) return false;
  if (end < text.size() && alnum(text[end])) return false;
  const std::string_view word = text.substr(begin, end - begin);
  if (!std::all_of(word.begin(), word.end(), part)) return false;
  const auto letters =
      std::count_if(word.begin(), word.end(), [](char c) { return IsHex(c) && !IsDigit(c); });
  if (letters == 0) return false;
  const size_t size = word.size();
  if (word.find('-') == std::string_view::npos) {
    return size == 32 || size == 40 || size == 64 || size == 128;
  }
  if (size != 36) return false;
  for (size_t i = 0; i < size; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if ((word[i] == '-') != dash) return false;
  }
  return true;
}

struct Span {
  size_t from, to;
};

// ISO 13616: the check digits of an IBAN, over its characters without blanks.
bool HasIbanCheck(std::string_view iban) {
  unsigned rest = 0;
  for (size_t i = 0; i < iban.size(); ++i) {
    const char c = iban[(i + 4) % iban.size()];
    const unsigned value =
        IsDigit(c) ? static_cast<unsigned>(c - '0') : static_cast<unsigned>(c - 'A') + 10;
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest == 1;
}

bool IsCapital(char c) { return c >= 'A' && c <= 'Z'; }

// The IBAN that begins at `at`, with or without blanks in it; its end, or 0.
size_t IbanEnd(std::string_view text, size_t at) {
  constexpr size_t kShortest = 15, kLongest = 34;
  std::string iban;
  while (at < text.size() && iban.size() < kLongest) {
    if (text[at] == ' ' && iban.size() % 4 == 0 && !iban.empty()) ++at;
    if (at >= text.size() || (!IsDigit(text[at]) && !IsCapital(text[at]))) break;
    iban += text[at++];
    const bool ends = at == text.size() || (!IsDigit(text[at]) && !IsCapital(text[at]));
    if (ends && iban.size() >= kShortest && HasIbanCheck(iban)) return at;
  }
  return 0;
}

// Numbers that are known by their form not to be cards.
std::vector<Span> ExemptIn(std::string_view text) {
  constexpr std::string_view kSscc = "(00)";
  constexpr size_t kSsccDigits = 18;
  std::vector<Span> exempt;
  for (size_t at = 0; at + 4 < text.size(); ++at) {
    if (IsCapital(text[at]) && IsCapital(text[at + 1]) && IsDigit(text[at + 2]) &&
        IsDigit(text[at + 3]) && (at == 0 || !(IsDigit(text[at - 1]) || IsCapital(text[at - 1])))) {
      if (const size_t end = IbanEnd(text, at)) {
        exempt.push_back({at, end});
        at = end - 1;
      }
    } else if (text.substr(at, kSscc.size()) == kSscc &&
               event::HasGs1CheckDigit(text.substr(at + kSscc.size(), kSsccDigits)) &&
               text.size() - at - kSscc.size() >= kSsccDigits) {
      exempt.push_back({at, at + kSscc.size() + kSsccDigits});
    }
  }
  return exempt;
}

// Reads the text once, run by run.
class Scanner {
 public:
  Scanner(std::string_view text, Spelling spelling, Issuers issuers)
      : text_(text), spelling_(spelling), issuers_(issuers), exempt_(ExemptIn(text)) {}

  // The next hit, in order.
  std::optional<Span> Next() {
    while (true) {
      if (const auto hit = NextInRun()) return hit;
      if (!ReadRun()) return std::nullopt;
    }
  }

 private:
  struct Group {
    size_t first, count;  // digits
    bool near = false;    // stands behind one or two everyday separators
    std::string_view apart = {};
  };

  // A digit of a number that may be a card.
  std::optional<Digit> At(size_t at) const {
    const auto digit = DigitAt(text_, at, spelling_);
    if (!digit || exempt_.empty()) return digit;
    const auto inside = [at](const Span& span) { return at >= span.from && at < span.to; };
    return std::any_of(exempt_.begin(), exempt_.end(), inside) ? std::nullopt : digit;
  }

  bool ReadRun() {
    if (judged_ < groups_.size()) {  // it was too long, and goes on
      const size_t next = group_ < groups_.size() ? places_[groups_[group_].first].from : at_;
      at_ = std::max(next, passed_);
    }
    digits_.clear();
    places_.clear();
    groups_.clear();
    group_ = 0;
    while (at_ < text_.size() && !At(at_)) ++at_;
    if (at_ == text_.size()) return false;
    Group next{0, 0};
    bool apart = true;
    while (at_ < text_.size()) {
      if (const auto digit = At(at_)) {
        if (apart && digits_.size() >= kRunDigits) break;
        if (apart) groups_.push_back({digits_.size(), 0, next.near, next.apart});
        apart = false;
        if (groups_.back().count < kRunDigits) {  // longer than any number, and not judged
          ++groups_.back().count;
          digits_ += digit->value;
          places_.push_back({at_, at_ + digit->bytes});
        }
        at_ += digit->bytes;
        continue;
      }
      const size_t behind = AfterSeparators(at_, &next.near);
      if (behind == at_) break;
      next.apart = text_.substr(at_, behind - at_);
      apart = true;
      at_ = behind;
    }
    judged_ = groups_.size();
    if (digits_.size() >= kRunDigits) {
      while (judged_ > 1 && groups_[judged_ - 1].first + kOverlapDigits > digits_.size()) --judged_;
    }
    return true;
  }

  // Past at most three separators that another digit follows; `at` otherwise.
  size_t AfterSeparators(size_t at, bool* near) const {
    size_t next = at;
    *near = true;
    for (int i = 0; i < kMaxSeparators && next < text_.size(); ++i) {
      const Separator separator = SeparatorAt(text_, next, spelling_, issuers_);
      if (separator.bytes == 0) break;
      *near = *near && separator.near && i < kNearSeparators;
      next += separator.bytes;
    }
    return next < text_.size() && At(next) ? next : at;
  }

  std::optional<Span> NextInRun() {
    if (digits_.size() < kMinDigits) return std::nullopt;
    for (; group_ < judged_; ++group_) {
      if (group_ == 0 || !groups_[group_].near) {
        const size_t count = NearCount();
        if (count > 1 && !HoldsTradeNumber(count)) {
          if (const auto hit = Examine(group_, count, {Issuers::kKnown, false})) return hit;
        }
      }
      if (const auto hit = Examine(group_, 1, {issuers_, true})) return hit;
      const size_t regular = Regular();
      if (regular > 1 && (issuers_ == Issuers::kAny || !HoldsTradeNumber(regular))) {
        if (const auto hit = Examine(group_, regular, {issuers_, true})) return hit;
      }
      if (const size_t count = Shaped(); count > 1) {
        if (const auto hit = Examine(group_, count, {issuers_, true})) return hit;
      }
      for (const auto& printed : kPrinted) {
        const size_t count = Matches(printed);
        if (count == 0) continue;
        if (const auto hit = Examine(group_, count, {Issuers::kKnown, false})) return hit;
      }
    }
    return std::nullopt;
  }

  // How many groups from group_ on stand apart by everyday separators.
  size_t NearCount() const {
    size_t count = 1;
    while (group_ + count < groups_.size() && groups_[group_ + count].near) ++count;
    return count;
  }

  // How many groups from group_ on are as cards print them whatever their maker: of one size, but
  // for a shorter last one, and by one separator, with nothing of the same kind on either side.
  size_t Regular() const {
    const Group& first = groups_[group_];
    if (group_ + 1 >= groups_.size() || groups_[group_ + 1].count != first.count) return 0;
    const bool goes_on = group_ > 0 && groups_[group_ - 1].count == first.count &&
                         first.apart == groups_[group_ + 1].apart;
    const size_t shortest = issuers_ == Issuers::kAny ? 1 : 2;
    if (first.count < shortest || goes_on) return 0;
    size_t count = 1;
    while (group_ + count < groups_.size()) {
      const Group& group = groups_[group_ + count];
      if (group.apart != groups_[group_ + 1].apart || group.count > first.count) break;
      ++count;
      if (group.count < first.count) break;
    }
    return count;
  }

  // The same of 8 and the rest, or 4, 6 and the rest, where nothing else stands in the run.
  size_t Shaped() const {
    if (group_ != 0) return 0;
    const auto size = [this](size_t i) { return i < groups_.size() ? groups_[i].count : 0; };
    if (groups_.size() == 2 && size(0) == 8 && size(1) >= 5 && size(1) <= 11) return 2;
    const bool amex = groups_.size() == 3 && size(0) == 4 && size(1) == 6;
    return amex && size(2) >= 3 && size(2) <= 9 ? 3 : 0;
  }

  // "414/4012345000115", "4006381333931 12": an article with its application identifier or its
  // quantity. No card is printed with such a group, but for 6-13, which is judged by itself.
  bool HoldsTradeNumber(size_t count) const {
    // In free text a row of groups is judged by the issuers' table, as elsewhere.
    const Issuers where = issuers_ == Issuers::kAny ? Issuers::kKnown : issuers_;
    const auto from = groups_.begin() + static_cast<std::ptrdiff_t>(group_);
    return std::any_of(
        from, from + static_cast<std::ptrdiff_t>(count), [this, where](const Group& group) {
          return IsTradeNumber(std::string_view(digits_).substr(group.first, group.count), where);
        });
  }

  // How many groups from group_ on are as `printed`; 0 if they are not.
  size_t Matches(const std::array<uint8_t, 5>& printed) const {
    size_t count = 0;
    for (const uint8_t size : printed) {
      if (size == 0) break;
      if (group_ + count >= groups_.size() || groups_[group_ + count].count != size) return 0;
      ++count;
    }
    return count;
  }

  struct How {
    Issuers issuers;
    bool glued;  // other digits may be glued to the number
  };
  // Is this row of groups a card or the number of a track? Moves past it if so.
  std::optional<Span> Examine(size_t group, size_t count, How how) {
    const size_t first = groups_[group].first;
    const Group& last = groups_[group + count - 1];
    const size_t size = last.first + last.count - first;
    constexpr size_t kMaxGlued = 40;
    if (size < kMinDigits || size > kMaxGlued) return std::nullopt;
    Span span{places_[first].from, places_[first + size - 1].to};
    const std::string_view digits = std::string_view(digits_).substr(first, size);
    const auto track = size <= kMaxDigits ? Track(span) : std::nullopt;
    if (track) {
      span = *track;
      at_ = std::max(at_, span.to);
    } else if (IsPhone(span, size) ||
               !(how.glued ? HoldsCard(digits, AfterTag5A(span.from), how.issuers)
                           : IsCard(digits, how.issuers)) ||
               InDigest(text_, span.from, span.to)) {
      return std::nullopt;
    }
    group_ = group + count;
    passed_ = span.to;
    return span;
  }

  // "+49 170 12345678": no card is written so. Other lengths have their issuers to tell them apart.
  bool IsPhone(const Span& span, size_t digits) const {
    const bool plus = span.from > 0 && text_[span.from - 1] == '+';
    return plus && digits == kMinDigits && issuers_ != Issuers::kAny;
  }

  bool AfterTag5A(size_t from) const {
    std::string_view before = text_.substr(0, from);
    while (before.ends_with(' ')) before.remove_suffix(1);
    return before.ends_with("5A") || before.ends_with("5a");
  }

  // ISO/IEC 7813: "%B<digits>^..." and ";<digits>=...", each to its end sentinel "?".
  std::optional<Span> Track(Span digits) const {
    if (digits.to >= text_.size() || digits.from == 0) return std::nullopt;
    const bool first =
        digits.from >= 2 && text_.substr(digits.from - 2, 2) == "%B" && text_[digits.to] == '^';
    const bool second = text_[digits.from - 1] == ';' && text_[digits.to] == '=';
    if (!first && !second) return std::nullopt;
    const size_t from = digits.from - (first ? 2 : 1);
    const std::string_view rest = text_.substr(from, kTrackBytes);
    size_t size = rest.find('?');
    if (size == std::string_view::npos) {
      size = rest.find_first_of(" \t\r\n\"<,", digits.to - from);
      if (size == std::string_view::npos) size = rest.size();
    } else {
      ++size;
    }
    return Span{from, from + size};
  }

  const std::string_view text_;
  const Spelling spelling_;
  const Issuers issuers_;
  const std::vector<Span> exempt_;
  size_t at_ = 0;
  // The run that was read last.
  std::string digits_;
  std::vector<Span> places_;
  std::vector<Group> groups_;
  size_t group_ = 0;
  size_t judged_ = 0;  // groups of this run; the rest belongs to the next one as well
  size_t passed_ = 0;  // the end of the last hit
};

size_t RedactOnce(std::string* text, Spelling spelling, Issuers issuers) {
  if (!HasEnoughDigits(*text, spelling)) return 0;
  Scanner scanner(*text, spelling, issuers);
  std::string clean;
  size_t count = 0, copied = 0;
  while (const auto hit = scanner.Next()) {
    clean.append(*text, copied, hit->from - copied).append(kRedacted);
    copied = hit->to;
    ++count;
  }
  if (count == 0) return 0;
  clean.append(*text, copied, std::string::npos);
  *text = std::move(clean);
  return count;
}

}  // namespace

Result<CardOptions> CardOptions::Make(const std::string& receipt_pattern) {
  CardOptions options;
  if (receipt_pattern.empty()) return options;
  try {
    options.pattern_ = std::make_shared<ReceiptPattern>(
        ReceiptPattern{std::regex(receipt_pattern, std::regex::ECMAScript)});
  } catch (const std::regex_error&) {
    return Invalid("guard.receipt_pattern is no regular expression");
  }
  return options;
}

bool CardOptions::Exempt(std::string_view identifier) const {
  if (!pattern_ || identifier.size() > kMaxPatternBytes) return false;
  try {
    return std::regex_match(identifier.begin(), identifier.end(), pattern_->regex);
  } catch (const std::regex_error&) {
    return false;  // too complex for this text
  }
}

bool ContainsCard(std::string_view text, const CardOptions& options, Issuers issuers) {
  if (!HasEnoughDigits(text, Spelling::kDecoded)) return false;
  return Scanner(text, Spelling::kDecoded, issuers).Next().has_value() && !options.Exempt(text);
}

size_t Redact(std::string* text, Spelling spelling, Issuers issuers) {
  size_t count = 0;
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    size_t hits = RedactOnce(text, spelling, issuers);
    // A document may also be read by someone who does not know its escapes.
    if (spelling == Spelling::kRaw) hits += RedactOnce(text, Spelling::kDecoded, issuers);
    if (hits == 0) break;
    count += hits;
  }
  return count;
}

std::string RedactNote(std::string_view note) {
  std::string text(note);
  Redact(&text, Spelling::kRaw, Issuers::kAny);
  return text;
}

bool IsCleanName(std::string_view name) {
  return IsName(name) && !ContainsCard(name, {}, Issuers::kAny);
}

std::string RedactLine(std::string_view line) {
  std::string text(line);
  Redact(&text);
  return text;
}

}  // namespace tillrelay::redact
