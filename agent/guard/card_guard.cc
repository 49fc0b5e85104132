#include "agent/guard/card_guard.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "common/event/gtin.h"

namespace tillrelay::guard {
namespace {

constexpr std::string_view kMask = "[REDACTED-PAN]";
constexpr size_t kLeastDigits = 13, kMostDigits = 19;
constexpr size_t kMaxSeparators = 2;

struct Issuer {
  int prefix_digits, first, last;
  size_t least, most;
};

// Issuer identification ranges as published by the schemes.
constexpr Issuer kIssuers[] = {
    {1, 4, 4, 16, 16},       {1, 4, 4, 19, 19},        // Visa
    {2, 51, 55, 16, 16},     {4, 2221, 2720, 16, 16},  // Mastercard
    {2, 34, 34, 15, 15},     {2, 37, 37, 15, 15},      // American Express
    {4, 6011, 6011, 16, 19}, {3, 644, 649, 16, 19},    // Discover
    {2, 65, 65, 16, 19},     {4, 3528, 3589, 16, 19},  // Discover, JCB
    {3, 300, 305, 14, 19},   {2, 36, 36, 14, 19},      // Diners
    {2, 38, 39, 14, 19},     {2, 62, 62, 16, 19},      // Diners, UnionPay
    {2, 81, 81, 16, 19},     {4, 2200, 2204, 16, 19},  // UnionPay, Mir
    {4, 5018, 5018, 13, 19}, {4, 5020, 5020, 13, 19},  // Maestro
    {4, 5038, 5038, 13, 19}, {4, 5893, 5893, 13, 19},  // Maestro
    {4, 6304, 6304, 13, 19}, {4, 6759, 6759, 13, 19},  // Maestro
    {4, 6761, 6763, 13, 19}, {2, 60, 60, 16, 16},      // Maestro, RuPay
    {3, 508, 508, 16, 16},   {4, 6521, 6521, 16, 16},  // RuPay
};

bool Luhn(std::string_view digits) {
  int sum = 0;
  bool twice = false;
  for (size_t i = digits.size(); i-- > 0; twice = !twice) {
    const int d = (digits[i] - '0') * (twice ? 2 : 1);
    sum += d > 9 ? d - 9 : d;
  }
  return sum % 10 == 0;
}

bool IsCard(std::string_view digits) {
  if (digits.size() < kLeastDigits || digits.size() > kMostDigits) return false;
  const int four = (digits[0] - '0') * 1000 + (digits[1] - '0') * 100 + (digits[2] - '0') * 10 +
                   (digits[3] - '0');
  constexpr int kShift[] = {0, 1000, 100, 10, 1};
  const bool issued =
      std::any_of(std::begin(kIssuers), std::end(kIssuers), [&](const Issuer& issuer) {
        const int prefix = four / kShift[issuer.prefix_digits];
        return prefix >= issuer.first && prefix <= issuer.last && digits.size() >= issuer.least &&
               digits.size() <= issuer.most;
      });
  return issued && Luhn(digits);
}

// A number that trade uses under GS1 rules; as one unbroken group only.
bool IsTradeNumber(std::string_view digits) {
  const size_t size = digits.size();
  return (size == 13 || size == 14 || size == 18) && event::HasGs1CheckDigit(digits);
}

struct Group {
  size_t begin = 0, end = 0;  // bytes in the text
  std::string digits;
};

struct Span {
  size_t begin, end;
};

// Length of the digit at `at`, its value in `*digit`; 0 if there is none.
size_t DigitAt(std::string_view text, size_t at, char* digit) {
  const char c = text[at];
  if (c >= '0' && c <= '9') {
    *digit = c;
    return 1;
  }
  // U+FF10 .. U+FF19
  if (static_cast<uint8_t>(c) == 0xef && at + 2 < text.size() &&
      static_cast<uint8_t>(text[at + 1]) == 0xbc) {
    const auto last = static_cast<uint8_t>(text[at + 2]);
    if (last >= 0x90 && last <= 0x99) {
      *digit = static_cast<char>('0' + (last - 0x90));
      return 3;
    }
  }
  return 0;
}

size_t SeparatorAt(std::string_view text, size_t at) {
  const char c = text[at];
  if (c == ' ' || c == '-' || c == '.' || c == '/') return 1;
  const bool no_break_space = static_cast<uint8_t>(c) == 0xc2 && at + 1 < text.size() &&
                              static_cast<uint8_t>(text[at + 1]) == 0xa0;
  return no_break_space ? 2 : 0;
}

Group TakeGroup(std::string_view text, size_t at) {
  Group group;
  group.begin = at;
  char digit = 0;
  while (at < text.size()) {
    const size_t length = DigitAt(text, at, &digit);
    if (length == 0) break;
    group.digits += digit;
    at += length;
  }
  group.end = at;
  return group;
}

// The groups of the run that starts at `at`; the run's end is the last group's.
std::vector<Group> TakeRun(std::string_view text, size_t at) {
  std::vector<Group> groups;
  char digit = 0;
  for (;;) {
    groups.push_back(TakeGroup(text, at));
    at = groups.back().end;
    size_t separators = 0, length = 0;
    while (at < text.size() && separators < kMaxSeparators &&
           (length = SeparatorAt(text, at)) > 0) {
      at += length;
      ++separators;
    }
    if (separators == 0 || at >= text.size() || DigitAt(text, at, &digit) == 0) return groups;
  }
}

bool LooksLikeCardGroup(const Group& group) {
  return group.digits.size() >= 3 && group.digits.size() <= 7;
}

void FindInRun(const std::vector<Group>& groups, std::vector<Span>* hits) {
  std::string whole;
  for (const Group& group : groups) {
    whole += group.digits;
    if (whole.size() > kMostDigits) break;
  }
  const bool single_trade_number = groups.size() == 1 && IsTradeNumber(whole);
  if (!single_trade_number && IsCard(whole)) {
    hits->push_back({groups.front().begin, groups.back().end});
    return;
  }
  if (groups.size() == 1) return;
  for (size_t first = 0; first < groups.size(); ++first) {
    const Group& start = groups[first];
    if (IsCard(start.digits) && !IsTradeNumber(start.digits)) {
      hits->push_back({start.begin, start.end});
      continue;
    }
    std::string joined;
    for (size_t last = first; last < groups.size() && LooksLikeCardGroup(groups[last]); ++last) {
      joined += groups[last].digits;
      if (joined.size() > kMostDigits) break;
      if (last > first && IsCard(joined)) {
        hits->push_back({start.begin, groups[last].end});
        first = last;
        break;
      }
    }
  }
}

// ";<digits>=" and "%B<digits>^" (ISO/IEC 7813): card data whatever the number is.
bool IsTrack(std::string_view text, const Group& group) {
  if (group.digits.size() < 12 || group.digits.size() > kMostDigits) return false;
  const char after = group.end < text.size() ? text[group.end] : '\0';
  if (group.begin >= 1 && text[group.begin - 1] == ';') return after == '=';
  return group.begin >= 2 && text.substr(group.begin - 2, 2) == "%B" && after == '^';
}

std::vector<Span> Find(std::string_view text) {
  std::vector<Span> hits;
  char digit = 0;
  for (size_t at = 0; at < text.size();) {
    if (DigitAt(text, at, &digit) == 0) {
      ++at;
      continue;
    }
    const std::vector<Group> groups = TakeRun(text, at);
    if (IsTrack(text, groups.front())) {
      hits.push_back({groups.front().begin, groups.front().end});
    } else {
      FindInRun(groups, &hits);
    }
    at = groups.back().end;
  }
  return hits;
}

// Most text has too few digits for a card number; this is all that happens to it.
bool EnoughDigits(std::string_view text) {
  size_t digits = 0;
  for (const char c : text) {
    const bool wide = static_cast<uint8_t>(c) == 0xef;
    digits += (c >= '0' && c <= '9') || wide ? 1 : 0;
  }
  return digits >= 12;
}

}  // namespace

bool ContainsCard(std::string_view text) { return EnoughDigits(text) && !Find(text).empty(); }

size_t Redact(std::string* text) {
  if (!EnoughDigits(*text)) return 0;
  const std::vector<Span> hits = Find(*text);
  for (size_t i = hits.size(); i-- > 0;) {
    text->replace(hits[i].begin, hits[i].end - hits[i].begin, kMask);
  }
  return hits.size();
}

std::string Scrub(std::string_view text) {
  std::string scrubbed(text);
  Redact(&scrubbed);
  return scrubbed;
}

std::string ScrubLine(std::string_view line) { return Scrub(line); }

}  // namespace tillrelay::guard
