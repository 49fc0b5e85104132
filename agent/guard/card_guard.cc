#include "agent/guard/card_guard.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <regex>
#include <vector>

#include "common/event/gtin.h"

namespace tillrelay::guard {

struct ReceiptPattern {
  std::regex regex;
};

namespace {

constexpr size_t kMinDigits = 13;
constexpr size_t kMaxDigits = 19;
constexpr int kMaxSeparators = 2;
// Longer identifiers are never receipt numbers; a bound for the regular expression.
constexpr size_t kMaxPatternBytes = 128;
// What stood beside a hit is a run of its own afterwards, and judged again.
constexpr int kMaxPasses = 8;
// ISO/IEC 7813: track 1 has at most 79 characters, track 2 at most 40.
constexpr size_t kTrackBytes = 79;

// The first six digits of a range, and the lengths in use. docs/security.md names the sources.
struct Issuer {
  uint32_t from, to;
  uint8_t shortest, longest;
};
constexpr Issuer kIssuers[] = {
    {400000, 499999, 16, 16}, {400000, 499999, 19, 19},                            // Visa
    {510000, 559999, 16, 16}, {222100, 272099, 16, 16},                            // Mastercard
    {340000, 349999, 15, 15}, {370000, 379999, 15, 15},                            // Amex
    {601100, 601199, 16, 19}, {644000, 649999, 16, 19}, {650000, 659999, 16, 19},  // Discover
    {352800, 358999, 16, 19},                                                      // JCB
    {300000, 305999, 14, 19}, {360000, 369999, 14, 19}, {380000, 399999, 14, 19},  // Diners
    {620000, 629999, 16, 19}, {810000, 819999, 16, 19},                            // UnionPay
    {501800, 501899, 13, 19}, {502000, 502099, 13, 19}, {503800, 503899, 13, 19},  // Maestro
    {589300, 589399, 13, 19}, {630400, 630499, 13, 19}, {675900, 675999, 13, 19},
    {676100, 676399, 13, 19}, {220000, 220499, 16, 19},                            // Mir
    {600000, 609999, 16, 16}, {652100, 652199, 16, 16}, {508000, 508999, 16, 16},  // RuPay
};

// How cards print their numbers.
constexpr std::array<std::array<uint8_t, 5>, 5> kPrinted = {
    {{4, 4, 4, 4, 3}, {4, 4, 4, 4, 0}, {4, 6, 5, 0, 0}, {4, 6, 4, 0, 0}, {6, 13, 0, 0, 0}}};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool Luhn(std::string_view digits) {
  int sum = 0;
  bool twice = false;
  for (size_t i = digits.size(); i-- > 0; twice = !twice) {
    const int digit = (digits[i] - '0') * (twice ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 == 0;
}

// A GTIN or GLN of 13 digits, a GTIN of 14, an SSCC.
bool IsTradeNumber(std::string_view digits) {
  const bool gs1_length = digits.size() == 13 || digits.size() == 14 || digits.size() == 18;
  return gs1_length && event::HasGs1CheckDigit(digits);
}

bool IsCard(std::string_view digits) {
  if (digits.size() < kMinDigits || digits.size() > kMaxDigits || !Luhn(digits)) return false;
  uint32_t prefix = 0;
  for (const char digit : digits.substr(0, 6)) {
    prefix = prefix * 10 + static_cast<uint32_t>(digit - '0');
  }
  const auto issued = [&](const Issuer& issuer) {
    return prefix >= issuer.from && prefix <= issuer.to && digits.size() >= issuer.shortest &&
           digits.size() <= issuer.longest;
  };
  if (!std::any_of(std::begin(kIssuers), std::end(kIssuers), issued)) return false;
  return !IsTradeNumber(digits);
}

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

// JSON's "\u0034" and "\/", XML's "&#52;" and "&#x34;" at `at`.
std::optional<Escape> EscapeAt(std::string_view text, size_t at) {
  constexpr size_t kLongest = 12;  // "&#x00000034;"
  const std::string_view rest = text.substr(at, kLongest);
  if (rest.starts_with("\\/")) return Escape{'/', 2};
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

std::optional<Digit> DigitAt(std::string_view text, size_t at, Spelling spelling) {
  const char c = text[at];
  if (IsDigit(c)) return Digit{c, 1};
  // Full-width digits are U+FF10 to U+FF19.
  if (c == '\xEF' && at + 2 < text.size() && text[at + 1] == '\xBC') {
    const auto last = static_cast<unsigned char>(text[at + 2]);
    if (last >= 0x90 && last <= 0x99) return Digit{static_cast<char>('0' + last - 0x90), 3};
  }
  if (!MayEscape(c, spelling)) return std::nullopt;
  const auto escape = EscapeAt(text, at);
  if (!escape) return std::nullopt;
  // Full-width digits again.
  const uint32_t code = escape->code >= 0xFF10 ? escape->code - 0xFF10 + '0' : escape->code;
  if (code < '0' || code > '9') return std::nullopt;
  return Digit{static_cast<char>(code), escape->bytes};
}

// Bytes of a separator at `at`, or 0.
size_t SeparatorAt(std::string_view text, size_t at, Spelling spelling) {
  if (MayEscape(text[at], spelling)) {
    constexpr std::u16string_view kSeparators = u" -./\u00A0";
    const auto escape = EscapeAt(text, at);
    const bool separates =
        escape && kSeparators.find(static_cast<char16_t>(escape->code)) != kSeparators.npos;
    return separates ? escape->bytes : 0;
  }
  switch (text[at]) {
    case ' ':
    case '-':
    case '.':
    case '/':
    case '\xA0':  // Latin-1's no-break space; behind a digit it is not of UTF-8
      return 1;
    case '\xC2':
      return at + 1 < text.size() && text[at + 1] == '\xA0' ? 2 : 0;
    default:
      return 0;
  }
}

bool HasEnoughDigits(std::string_view text, Spelling spelling) {
  size_t count = 0;
  for (const char c : text) {
    if ((IsDigit(c) || c == '\xEF' || MayEscape(c, spelling)) && ++count >= kMinDigits) return true;
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

// Reads the text once, run by run.
class Scanner {
 public:
  Scanner(std::string_view text, Spelling spelling) : text_(text), spelling_(spelling) {}

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
  };

  bool ReadRun() {
    digits_.clear();
    places_.clear();
    groups_.clear();
    group_ = 0;
    while (at_ < text_.size() && !DigitAt(text_, at_, spelling_)) ++at_;
    if (at_ == text_.size()) return false;
    bool apart = true;
    while (at_ < text_.size()) {
      const auto digit = DigitAt(text_, at_, spelling_);
      if (digit) {
        if (apart) groups_.push_back({digits_.size(), 0});
        apart = false;
        ++groups_.back().count;
        digits_ += digit->value;
        places_.push_back({at_, at_ + digit->bytes});
        at_ += digit->bytes;
        continue;
      }
      const size_t next = AfterSeparators(at_);
      if (next == at_) break;
      apart = true;
      at_ = next;
    }
    whole_ = true;
    return true;
  }

  // Past at most two separators that another digit follows; `at` otherwise.
  size_t AfterSeparators(size_t at) const {
    size_t next = at;
    for (int i = 0; i < kMaxSeparators && next < text_.size(); ++i) {
      const size_t bytes = SeparatorAt(text_, next, spelling_);
      if (bytes == 0) break;
      next += bytes;
    }
    return next < text_.size() && DigitAt(text_, next, spelling_) ? next : at;
  }

  std::optional<Span> NextInRun() {
    if (digits_.size() < kMinDigits) return std::nullopt;
    if (whole_) {
      whole_ = false;
      if (groups_.size() == 1 || !HoldsTradeNumber()) {
        if (const auto hit = Judge(0, groups_.size())) return hit;
      }
    }
    for (; group_ < groups_.size(); ++group_) {
      if (const auto hit = Judge(group_, 1)) return hit;
      for (const auto& printed : kPrinted) {
        const size_t count = Matches(printed);
        if (count == 0) continue;
        if (const auto hit = Judge(group_, count)) return hit;
      }
    }
    return std::nullopt;
  }

  // "414/4012345000115", "4006381333931 12": an article with its application identifier or its
  // quantity. No card is printed with such a group, but for 6-13, which is judged by itself.
  bool HoldsTradeNumber() const {
    return std::any_of(groups_.begin(), groups_.end(), [this](const Group& group) {
      return IsTradeNumber(std::string_view(digits_).substr(group.first, group.count));
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

  // Is this row of groups a card or the number of a track? Moves past it if so.
  std::optional<Span> Judge(size_t group, size_t count) {
    const size_t first = groups_[group].first;
    const Group& last = groups_[group + count - 1];
    const size_t size = last.first + last.count - first;
    if (size < kMinDigits || size > kMaxDigits) return std::nullopt;
    Span span{places_[first].from, places_[first + size - 1].to};
    const std::string_view digits = std::string_view(digits_).substr(first, size);
    if (const auto track = Track(span)) {
      span = *track;
      at_ = std::max(at_, span.to);
    } else if (!IsCard(digits) || InDigest(text_, span.from, span.to)) {
      return std::nullopt;
    }
    group_ = group + count;
    return span;
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
  size_t at_ = 0;
  // The run that was read last.
  std::string digits_;
  std::vector<Span> places_;
  std::vector<Group> groups_;
  size_t group_ = 0;
  bool whole_ = false;
};

size_t RedactOnce(std::string* text, Spelling spelling) {
  if (!HasEnoughDigits(*text, spelling)) return 0;
  Scanner scanner(*text, spelling);
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

bool ContainsCard(std::string_view text, const CardOptions& options) {
  if (!HasEnoughDigits(text, Spelling::kDecoded)) return false;
  return Scanner(text, Spelling::kDecoded).Next().has_value() && !options.Exempt(text);
}

size_t Redact(std::string* text, Spelling spelling) {
  size_t count = 0;
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    size_t hits = RedactOnce(text, spelling);
    // A document may also be read by someone who does not know its escapes.
    if (spelling == Spelling::kRaw) hits += RedactOnce(text, Spelling::kDecoded);
    if (hits == 0) break;
    count += hits;
  }
  return count;
}

std::string ScrubLine(std::string_view line) {
  std::string text(line);
  Redact(&text);
  return text;
}

}  // namespace tillrelay::guard
