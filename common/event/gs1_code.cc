#include "common/event/gs1_code.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "common/base/text.h"
#include "common/event/gtin.h"
#include "common/event/time_text.h"

namespace tillrelay::event {
namespace {

constexpr size_t kMaxElements = 20, kMaxValueBytes = 90, kMaxLotBytes = 20;

// How many digits an application identifier has, by its first two.
size_t SizeOfAi(std::string_view text) {
  if (text.size() < 2 || !AllDigits(text.substr(0, 2))) return 0;
  const int start = (text[0] - '0') * 10 + (text[1] - '0');
  if (start <= 4 || (start >= 10 && start <= 22) || start == 30 || start == 37 || start >= 90) {
    return 2;
  }
  if ((start >= 23 && start <= 25) || (start >= 40 && start <= 42) || start == 71) return 3;
  if ((start >= 31 && start <= 36) || start == 39 || start == 43 || start == 70 || start == 72 ||
      (start >= 80 && start <= 82)) {
    return 4;
  }
  return 0;
}

// The values that need no separator behind them, by the first two digits of their identifier; 0 for
// all others.
size_t FixedSize(std::string_view ai) {
  const int start = (ai[0] - '0') * 10 + (ai[1] - '0');
  if (start == 0) return 18;
  if (start >= 1 && start <= 3) return 14;
  if (start == 4) return 16;
  if (start >= 11 && start <= 19) return 6;
  if (start == 20) return 2;
  if (start >= 31 && start <= 36) return 6;
  return start == 41 ? 13 : 0;
}

// Other ways to write the separator.
std::string WithSeparators(std::string_view scanned) {
  std::string text(scanned);
  for (const std::string_view written : {"\xE2\x90\x9D", "<GS>", "{GS}"}) {
    for (size_t at = text.find(written); at != std::string::npos; at = text.find(written)) {
      text.replace(at, written.size(), 1, kGs1Separator);
    }
  }
  return text;
}

bool TakeSymbology(std::string_view* text) {
  for (const std::string_view id : {"]d2", "]Q3", "]C1", "]e0", "]J1"}) {
    if (!text->starts_with(id)) continue;
    text->remove_prefix(id.size());
    return true;
  }
  return false;
}

// "(17)" at the start of `text`: the size of the digits in it.
size_t ParenthesisedAi(std::string_view text) {
  if (!text.starts_with('(')) return 0;
  const size_t close = text.find(')');
  if (close == std::string_view::npos || close < 3 || close > 5) return 0;
  return AllDigits(text.substr(1, close - 1)) ? close - 1 : 0;
}

std::string Decoded(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    const char* from = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(from, from + 2, code, 16).ptr == from + 2) {
      plain += static_cast<char>(code);
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::vector<std::string_view> Split(std::string_view text, char mark) {
  std::vector<std::string_view> parts;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(mark, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

std::string_view LinkAi(std::string_view written) {
  if (written == "gtin") return "01";
  if (written == "lot") return "10";
  if (written == "ser") return "21";
  if (written == "exp") return "17";
  return SizeOfAi(written) == written.size() ? written : std::string_view();
}

// The year of two digits that is nearest to `now` (General Specifications, 7.12).
int FullYear(int two, int now) {
  const int apart = two - now % 100;
  const int century = now - now % 100;
  return century + two + (apart >= 51 ? -100 : apart <= -50 ? 100 : 0);
}

class Reader {
 public:
  Reader(Gs1Code* code, int year) : code_(*code), year_(year) {}

  void Elements(std::string_view text) {
    while (!text.empty() && code_.fault.empty()) {
      if (text.front() == kGs1Separator) {
        text.remove_prefix(1);
        continue;
      }
      const size_t size = SizeOfAi(text);
      if (size == 0 || text.size() < size || !AllDigits(text.substr(0, size))) {
        return Fault(text.substr(0, 4), "is no application identifier");
      }
      const std::string_view ai = text.substr(0, size);
      text.remove_prefix(size);
      const size_t fixed = FixedSize(ai);
      const size_t end = fixed > 0 ? fixed : std::min(text.find(kGs1Separator), text.size());
      if (text.size() < end) return Fault(ai, "is cut short");
      Add(ai, text.substr(0, end));
      text.remove_prefix(end);
    }
  }

  void Parenthesised(std::string_view text) {
    while (!text.empty() && code_.fault.empty()) {
      const size_t size = ParenthesisedAi(text);
      if (size == 0) return Fault(text.substr(0, 6), "is no application identifier");
      const std::string_view ai = text.substr(1, size);
      if (SizeOfAi(ai) != size) return Fault(ai, "is no application identifier");
      text.remove_prefix(size + 2);
      size_t end = 0;
      while (end < text.size() && ParenthesisedAi(text.substr(end)) == 0) ++end;
      std::string_view value = text.substr(0, end);
      text.remove_prefix(end);
      while (value.ends_with(' ') || value.ends_with(kGs1Separator)) value.remove_suffix(1);
      Add(ai, value);
    }
  }

  // The path's segments go by pairs from the one that names the article, then those of the query.
  void Link(const std::vector<std::string_view>& path, size_t from, std::string_view query) {
    for (size_t i = from; i + 1 < path.size(); i += 2) {
      const std::string_view ai = LinkAi(path[i]);
      if (ai.empty()) return Fault(path[i], "is no application identifier");
      std::string value = Decoded(path[i + 1]);
      if (ai == "01" && value.size() < 14) value.insert(0, 14 - value.size(), '0');
      Add(ai, value);
    }
    for (const std::string_view pair : Split(query, '&')) {
      const size_t equal = pair.find('=');
      if (equal == std::string_view::npos) continue;
      const std::string_view ai = LinkAi(pair.substr(0, equal));
      if (!ai.empty()) Add(ai, Decoded(pair.substr(equal + 1)));
    }
  }

 private:
  void Add(std::string_view ai, std::string_view value) {
    if (!code_.fault.empty()) return;
    const bool printable =
        std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c <= '~'; });
    if (value.empty() || value.size() > kMaxValueBytes || !printable) {
      return Fault(ai, "has no value that it can have");
    }
    if (const size_t fixed = FixedSize(ai); fixed > 0 && !IsDigits(value, fixed)) {
      return Fault(ai, "has not the digits that it needs");
    }
    for (const Gs1Element& known : code_.elements) {
      if (known.ai == ai && known.value != value) return Fault(ai, "is told twice, differently");
    }
    if (code_.elements.size() >= kMaxElements) return Fault(ai, "is one too many");
    code_.elements.push_back({std::string(ai), std::string(value)});
    Take(ai, value);
  }

  void Take(std::string_view ai, std::string_view value) {
    if (ai == "01") return Gtin(ai, value);
    if (ai == "10") return Short(ai, value, &code_.lot);
    if (ai == "21") return Short(ai, value, &code_.serial);
    if (ai == "17") return Day(ai, value, &code_.expiry);
    if (ai == "15") return Day(ai, value, &code_.best_before);
    if (ai.starts_with("310")) return Number(ai, value, &code_.net_weight);
    if (ai.starts_with("392") || ai.starts_with("390")) return Number(ai, value, &code_.price);
    // The first three digits are the currency's.
    if (ai.starts_with("393") || ai.starts_with("391")) {
      return Number(ai, value.substr(std::min<size_t>(3, value.size())), &code_.price);
    }
  }

  void Gtin(std::string_view ai, std::string_view value) {
    if (!HasGs1CheckDigit(value)) return Fault(ai, "has a wrong check digit");
    code_.gtin = value;
  }

  void Short(std::string_view ai, std::string_view value, std::string* out) {
    if (value.size() > kMaxLotBytes) return Fault(ai, "has more than 20 characters");
    *out = value;
  }

  void Day(std::string_view ai, std::string_view value, std::string* out) {
    const auto two = [&](size_t at) { return (value[at] - '0') * 10 + (value[at + 1] - '0'); };
    const std::chrono::year_month month{std::chrono::year(FullYear(two(0), year_)),
                                        std::chrono::month(static_cast<unsigned>(two(2)))};
    if (!month.ok()) return Fault(ai, "is no day");
    const std::chrono::year_month_day last{month / std::chrono::last};
    const unsigned day = two(4) == 0 ? unsigned(last.day()) : static_cast<unsigned>(two(4));
    if (day > unsigned(last.day())) return Fault(ai, "is no day");
    const std::chrono::sys_days there{last.year() / last.month() / std::chrono::day(day)};
    *out = UtcText(WallTime{there}).substr(0, 10);
  }

  // The last digit of the identifier says how many decimals the value has.
  void Number(std::string_view ai, std::string_view value, std::optional<Decimal>* out) {
    const auto decimals = static_cast<size_t>(ai.back() - '0');
    std::string text(value);
    if (!AllDigits(text) || decimals > 6) return Fault(ai, "is no number");
    if (text.size() <= decimals) text.insert(0, decimals + 1 - text.size(), '0');
    if (decimals > 0) text.insert(text.size() - decimals, 1, '.');
    const auto number = Decimal::Parse(text);
    if (!number.ok()) return Fault(ai, "is no number");
    *out = *number;
  }

  static bool IsDigits(std::string_view text, size_t size) {
    return text.size() == size && AllDigits(text);
  }

  void Fault(std::string_view ai, const char* what) {
    if (code_.fault.empty()) code_.fault = "(" + Printable(ai, 20) + ") " + what;
  }

  Gs1Code& code_;
  const int year_;
};

// Where in the path the article is named; the number of segments if nowhere.
size_t ArticleIn(const std::vector<std::string_view>& path) {
  size_t at = 0;
  while (at + 1 < path.size() && !(LinkAi(path[at]) == "01" && AllDigits(path[at + 1]))) ++at;
  return at + 1 < path.size() ? at : path.size();
}

std::optional<Gs1Code> ReadLink(std::string_view uri, int year) {
  uri = uri.substr(0, uri.find('#'));
  const size_t question = std::min(uri.find('?'), uri.size());
  const auto path = Split(uri.substr(0, question), '/');
  const size_t from = ArticleIn(path);
  if (from == path.size()) return std::nullopt;
  Gs1Code code;
  Reader(&code, year)
      .Link(path, from, question < uri.size() ? uri.substr(question + 1) : std::string_view());
  return code;
}

// Without any mark of its own a row of digits is a code only if it is one from end to end.
bool MustBeGs1(std::string_view text, bool marked) {
  return marked || text.find(kGs1Separator) != std::string_view::npos;
}

}  // namespace

std::string Gs1Code::Printed() const {
  std::string text;
  for (const Gs1Element& element : elements) text += "(" + element.ai + ")" + element.value;
  return text;
}

std::optional<Gs1Code> ReadGs1Code(std::string_view scanned, int year) {
  if (scanned.starts_with("http://") || scanned.starts_with("https://") ||
      scanned.starts_with("HTTP://") || scanned.starts_with("HTTPS://")) {
    return ReadLink(scanned, year);
  }
  const std::string with_separators = WithSeparators(scanned);
  std::string_view text = with_separators;
  const bool marked = TakeSymbology(&text);
  Gs1Code code;
  Reader reader(&code, year);
  if (ParenthesisedAi(text) > 0) {
    reader.Parenthesised(text);
    return code;
  }
  const bool sure = MustBeGs1(text, marked);
  const bool looks =
      text.size() >= 16 && text.starts_with("01") && HasGs1CheckDigit(text.substr(2, 14));
  if (!sure && !looks) return std::nullopt;
  reader.Elements(text);
  if (!sure && !code.fault.empty()) return std::nullopt;
  return code;
}

}  // namespace tillrelay::event
