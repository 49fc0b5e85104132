#include "common/event/bounds.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/event/fields.h"
#include "common/event/gs1_code.h"

namespace tillrelay::event {
namespace {

constexpr std::string_view kControl = "control characters are not allowed here";
constexpr std::string_view kNotUtf8 = "not UTF-8";
constexpr std::string_view kLongId = "longer than 128 bytes";
constexpr std::string_view kLongText = "longer than 2000 bytes";
constexpr std::string_view kLongExtension = "longer than 256 bytes";
constexpr std::string_view kBadTime = "not a time with an offset";
constexpr std::string_view kYear = "the year must be 1990 to 2199 on the store's clock";
constexpr std::string_view kLargeQuantity = "a quantity is at most 1,000,000,000";
constexpr std::string_view kLargeRate = "a rate is 0 to 1,000 percent";
constexpr int64_t kMaxRate = 1000 * Decimal::kUnit;
constexpr std::string_view kManyParts = "more than 10,000";
constexpr std::string_view kManySerials = "more than 100,000 in the document";
constexpr std::string_view kLargeInteger = "a whole number is at most 9,007,199,254,740,991";

// Seconds since 1970 of a clock face: the first of 1990, and the first behind 2199.
constexpr int64_t kFirstFace = 631'152'000, kBehindLastFace = 7'258'118'400;
constexpr int64_t kLargestOffset = 28 * 3600;   // between two clock faces
constexpr int64_t kAroundTheEdge = 2 * 86'400;  // more than that

// Members that are quantities; every other number is an amount of money.
constexpr std::string_view kQuantities[] = {
    "quantity", "quantity_damaged", "quantity_expected", "quantity_short", "counted",
    "book",     "each_count",       "net_weight",        "key_factor"};

bool IsControl(std::string_view text, size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x20 || byte == 0x7f) return true;
  // U+0080 to U+009F, the second row of control characters.
  return byte == 0xc2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0;
}

bool HasControl(std::string_view text) {
  for (size_t at = 0; at < text.size(); ++at) {
    if (IsControl(text, at)) return true;
  }
  return false;
}

std::string_view FaultOf(std::string_view text, size_t most, std::string_view too_long) {
  if (text.size() > most) return too_long;
  const bool ascii = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f;
  });
  if (ascii) return {};
  if (FirstInvalidUtf8(text) != std::string_view::npos) return kNotUtf8;
  return HasControl(text) ? kControl : std::string_view();
}

bool InYears(int64_t face_s) { return face_s >= kFirstFace && face_s < kBehindLastFace; }

// Calls a function for every free text of an event.
class TextCleaner {
 public:
  void Text(std::string_view, std::string& x) { Clean(&x); }
  void Extension(std::string_view, std::vector<std::pair<std::string, std::string>>& x) {
    for (auto& [name, value] : x) Clean(&value);
  }
  template <class... Rest>
  void Id(Rest&&...) {}
  template <class... Rest>
  void Scan(Rest&&...) {}
  template <class... Rest>
  void Word(Rest&&...) {}
  template <class... Rest>
  void Time(Rest&&...) {}
  template <class... Rest>
  void Day(Rest&&...) {}
  template <class... Rest>
  void Number(Rest&&...) {}
  template <class... Rest>
  void Integer(Rest&&...) {}
  template <class... Rest>
  void Flag(Rest&&...) {}
  template <class... Rest>
  void Ids(Rest&&...) {}
  template <class... Rest>
  void Counts(Rest&&...) {}
  template <class... Rest>
  void Sums(Rest&&...) {}
  template <class T>
  void Object(std::string_view, T& x) {
    Fields(*this, x);
  }
  template <class T>
  void Object(std::string_view, std::optional<T>& x) {
    if (x) Fields(*this, *x);
  }
  template <class T>
  void List(std::string_view, std::vector<T>& x) {
    for (T& part : x) Fields(*this, part);
  }
  bool cleaned() const { return cleaned_; }

 private:
  void Clean(std::string* text) {
    if (FaultOf(*text, text->size(), "").empty()) return;
    cleaned_ = true;
    std::string clean;
    clean.reserve(text->size());
    std::string_view rest = *text;
    while (!rest.empty()) {
      const size_t bad = std::min(FirstInvalidUtf8(rest), rest.size());
      for (size_t at = 0; at < bad; ++at) {
        const bool control = IsControl(rest, at);
        if (control && static_cast<unsigned char>(rest[at]) == 0xc2) ++at;  // two bytes
        clean += control ? ' ' : rest[at];
      }
      if (bad < rest.size()) clean += '?';
      rest.remove_prefix(std::min(bad + 1, rest.size()));
    }
    *text = std::move(clean);
  }
  bool cleaned_ = false;
};

class Checker {
 public:
  explicit Checker(const StoreZone& zone) : zone_(zone) {}

  void Id(std::string_view name, const std::string& x) { Check(name, FaultOfId(x)); }
  void Text(std::string_view name, const std::string& x) { Check(name, FaultOfText(x)); }
  // GS1's separator is the one control character that a scanner gives.
  void Scan(std::string_view name, const std::string& x) {
    std::string without(x);
    std::replace(without.begin(), without.end(), kGs1Separator, ' ');
    Check(name, FaultOfId(without));
  }
  void Word(std::string_view name, const std::string& x, Words) { Check(name, FaultOfId(x)); }
  void Time(std::string_view name, const std::string& x) {
    if (x.empty()) return;
    Check(name, FaultOfId(x));
    const auto time = ParseTime(x);
    if (!time.ok()) return Check(name, time.status().message());
    if (!InYears(FaceOf(*time))) Check(name, kYear);
  }
  void Day(std::string_view name, const std::string& x) {
    if (x.empty()) return;
    const bool good = IsDay(x) && InYears(ParseTime(x + "T12:00:00").value().local_s);
    if (!good) Check(name, "write the day as 2026-11-21, of the years 1990 to 2199");
  }
  void Number(std::string_view name, const std::optional<Decimal>& x) {
    if (!x) return;
    if (IsQuantity(name)) Check(name, FaultOfQuantity(*x));
    if (name == "rate" && (x->negative() || x->micros() > kMaxRate)) Check(name, kLargeRate);
    if (name == "delta") Check(name, FaultOfDelta(*x));
  }
  void Integer(std::string_view name, const std::optional<int64_t>& x) {
    if (x && (*x > kMaxInteger || *x < -kMaxInteger)) Check(name, kLargeInteger);
  }
  void Flag(std::string_view, const std::optional<bool>&) {}
  void Ids(std::string_view name, const std::vector<std::string>& x) {
    ids_ += x.size();
    if (ids_ > kMaxSerials) return Check(name, kManySerials);
    for (const std::string& id : x) Check(name, FaultOfId(id));
  }
  void Counts(std::string_view name, const std::vector<std::pair<std::string, int64_t>>& x) {
    for (const auto& [key, value] : x) {
      Check(name, FaultOfId(key));
      Integer(name, value);
    }
  }
  void Sums(std::string_view name, const std::vector<std::pair<std::string, Decimal>>& x) {
    for (const auto& [key, value] : x) Check(name, FaultOfId(key));
  }
  void Extension(std::string_view name, const std::vector<std::pair<std::string, std::string>>& x) {
    for (const auto& [key, value] : x) {
      Check(name, FaultOfId(key));
      Check(name, FaultOf(value, kMaxExtensionBytes, kLongExtension));
    }
  }
  template <class T>
  void Object(std::string_view name, T& x) {
    const size_t length = path_.size();
    (path_ += name) += '.';
    Fields(*this, x);
    path_.resize(length);
  }
  template <class T>
  void Object(std::string_view name, std::optional<T>& x) {
    if (x) Object(name, *x);
  }
  template <class T>
  void List(std::string_view name, std::vector<T>& x) {
    if (x.size() > kMaxParts) Check(name, kManyParts);
    for (size_t i = 0; i < x.size() && !rejection_; ++i) {
      Object(std::string(name) + "[" + std::to_string(i) + "]", x[i]);
    }
  }
  std::optional<Rejection> Take() { return std::move(rejection_); }

 private:
  void Check(std::string_view name, std::string_view fault) {
    if (fault.empty() || rejection_) return;
    rejection_ = Rejection{"bad-value", path_ + std::string(name), std::string(fault)};
  }
  // The store's clock face of the time; looked up only where the offset could decide the year.
  int64_t FaceOf(const ParsedTime& time) const {
    const int64_t face = time.local_s;
    const auto near = [face](int64_t edge) {
      return face > edge - kAroundTheEdge && face < edge + kAroundTheEdge;
    };
    if (!near(kFirstFace) && !near(kBehindLastFace)) return face;
    return ParseTime(zone_.Resolve(time).wall).value().local_s;
  }

  const StoreZone& zone_;
  std::string path_;
  size_t ids_ = 0;  // in lists
  std::optional<Rejection> rejection_;
};

}  // namespace

bool IsQuantity(std::string_view member) {
  return std::find(std::begin(kQuantities), std::end(kQuantities), member) != std::end(kQuantities);
}

std::string_view FaultOfId(std::string_view text) { return FaultOf(text, kMaxIdBytes, kLongId); }

std::string_view FaultOfText(std::string_view text) {
  return FaultOf(text, kMaxTextBytes, kLongText);
}

std::string_view FaultOfQuantity(const Decimal& quantity) {
  constexpr int64_t kMost = kMaxQuantity * Decimal::kUnit;
  const bool good = quantity.micros() <= kMost && quantity.micros() >= -kMost;
  return good ? std::string_view() : kLargeQuantity;
}

std::string_view FaultOfDelta(const Decimal& delta) {
  return FaultOfQuantity(Decimal::FromMicros(delta.micros() / 3));
}

std::string_view FaultOfTime(std::string_view text) {
  if (auto fault = FaultOfId(text); !fault.empty()) return fault;
  const auto time = ParseTime(text);
  if (!time.ok() || !time->offset_s) return kBadTime;
  const int64_t face = time->local_s;
  const bool good = InYears(face - kLargestOffset) || InYears(face + kLargestOffset);
  return good ? std::string_view() : kYear;
}

bool CleanTexts(Event* event) {
  TextCleaner cleaner;
  Fields(cleaner, *event);
  return cleaner.cleaned();
}

std::optional<Rejection> OutOfBounds(const Event& event, const StoreZone& zone) {
  Checker checker(zone);
  Fields(checker, const_cast<Event&>(event));  // the checker only reads
  return checker.Take();
}

}  // namespace tillrelay::event
