#include "agent/redact/redact.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/base/digest.h"
#include "common/event/fields.h"
#include "common/event/gs1_code.h"

namespace tillrelay::redact {
namespace {

// Smaller numbers have fewer than 13 digits in any spelling of a Decimal.
constexpr int kAnyYear = 2026;  // of dates, which are not asked for
constexpr int64_t kSmallNumber = 10'000'000 * Decimal::kUnit;

bool ReadWhole(std::string_view text, uint64_t* number) {
  const char* end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, *number);
  return error == std::errc() && read == end;
}

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Which numbers live in a member: a GTIN names an article, a GLN a place, an SSCC a unit of goods.
// Everything else names documents, registers, people and pieces: no form says that it is no card.
Issuers IssuersIn(std::string_view name) {
  if (IsOneOf(name, {"sku", "gtin", "scan_data", "key"})) return Issuers::kInArticles;
  if (name == "shipment_sscc") return Issuers::kOnUnits;
  const bool place = IsOneOf(name, {"store_id", "store_gln", "from_store_id", "from_gln",
                                    "to_store_id", "to_gln", "location"});
  return place ? Issuers::kInPlaces : Issuers::kInReceipts;
}

// A number that a counter may have given.
bool IsNumbered(std::string_view name) {
  return IsOneOf(name, {"transaction_no", "receipt_no", "transfer_id", "count_id", "adjustment_id",
                        "ref", "first_transaction_no", "last_transaction_no"});
}

class Checker {
 public:
  Checker(const CardOptions& card, std::string counter, RedactOutcome* outcome)
      : card_(card), counter_(std::move(counter)), outcome_(*outcome) {}

  void Id(std::string_view name, std::string& x) {
    if (!ContainsCard(x, card_, IssuersIn(name))) return;
    if (IsNumbered(name) && IsNear(x)) return;
    Refuse(name);
  }
  void Text(std::string_view, std::string& x) {
    outcome_.redactions += Redact(&x, Spelling::kRaw, Issuers::kAny);
  }
  // Of what is scanned from goods each part is judged by itself: articles and packages are no
  // cards, and their digits stand side by side without a mark.
  void Scan(std::string_view name, std::string& x) {
    const auto code = event::ReadGs1Code(x, kAnyYear);
    if (!code || !code->fault.empty()) return Id(name, x);
    for (const event::Gs1Element& element : code->elements) {
      const bool article = element.ai == "00" || element.ai == "01" || element.ai == "02";
      if (!article && ContainsCard(element.value, card_, Issuers::kInReceipts)) Refuse(name);
    }
  }
  void Word(std::string_view name, std::string& x, event::Words) { Id(name, x); }
  void Time(std::string_view name, std::string& x) { Id(name, x); }
  void Day(std::string_view name, std::string& x) { Id(name, x); }
  void Number(std::string_view name, std::optional<Decimal>& x) {
    if (x) OneNumber(name, *x);
  }
  void Integer(std::string_view name, std::optional<int64_t>& x) {
    if (x) OneInteger(name, *x);
  }
  void Flag(const char*, std::optional<bool>&) {}
  void Ids(std::string_view name, std::vector<std::string>& x) {
    for (std::string& id : x) Id(name, id);
  }
  void Counts(std::string_view name, std::vector<std::pair<std::string, int64_t>>& x) {
    for (auto& [key, value] : x) {
      Id(name, key);
      OneInteger(name, value);
    }
  }
  void Sums(std::string_view name, std::vector<std::pair<std::string, Decimal>>& x) {
    for (auto& [key, value] : x) {
      Id(name, key);
      OneNumber(name, value);
    }
  }
  void Extension(std::string_view name, std::vector<std::pair<std::string, std::string>>& x) {
    for (auto& [key, value] : x) {
      Id(name, key);
      outcome_.redactions += Redact(&value, Spelling::kRaw, Issuers::kAny);
    }
  }
  template <class T>
  void Object(std::string_view name, T& x) {
    const size_t length = path_.size();
    path_.append(name).append(".");
    Fields(*this, x);
    path_.resize(length);
  }
  template <class T>
  void Object(std::string_view name, std::optional<T>& x) {
    if (x) Object(name, *x);
  }
  template <class T>
  void List(std::string_view name, std::vector<T>& x) {
    const size_t length = path_.size();
    for (size_t i = 0; i < x.size(); ++i) {
      path_.append(name).append("[").append(std::to_string(i)).append("].");
      Fields(*this, x[i]);
      path_.resize(length);
    }
  }

 private:
  // Of the counter, as the number of an earlier receipt that this one points at.
  bool IsNear(std::string_view x) const {
    constexpr uint64_t kNear = 1'000'000;
    uint64_t own = 0, other = 0;
    if (counter_.empty()) return false;
    if (x.size() != counter_.size() || !ReadWhole(counter_, &own) || !ReadWhole(x, &other)) {
      return false;
    }
    return (own > other ? own - other : other - own) <= kNear;
  }
  void OneNumber(std::string_view name, Decimal x) {
    if (x.micros() < kSmallNumber && x.micros() > -kSmallNumber) return;
    if (ContainsCard(x.Text())) Refuse(name);
  }
  void OneInteger(std::string_view name, int64_t x) {
    if (ContainsCard(std::to_string(x))) Refuse(name);
  }
  void Refuse(std::string_view name) {
    if (outcome_.rejection) return;
    outcome_.rejection = event::Rejection{
        "card-number", path_ + std::string(name),
        "this looks like a payment card number; remove it at the source, or describe your own "
        "numbers with guard.receipt_pattern"};
  }

  const CardOptions& card_;
  const std::string counter_;  // the document's number, where it goes on from the last one
  RedactOutcome& outcome_;
  std::string path_;
};

constexpr size_t kPseudonymDigits = 12;

bool IsPseudonym(std::string_view text) {
  return text.size() == kPseudonymDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void Pseudonymise(std::string* operator_ref, const std::string& key) {
  if (operator_ref->empty()) return;
  const std::string hex = ToHex(BytesOf(HmacSha256(key, *operator_ref)));
  *operator_ref = key.empty() ? std::string() : hex.substr(0, kPseudonymDigits);
}

void HideOperators(event::Event* event, const std::string& key, bool again) {
  const auto hide = [&](auto& part) {
    if (!part || (again && IsPseudonym(part->operator_ref))) return;
    Pseudonymise(&part->operator_ref, key);
  };
  hide(event->transaction);
  hide(event->transfer);
  hide(event->count);
  hide(event->adjustment);
}

}  // namespace

Result<RedactOptions> MakeRedactOptions(const std::string& receipt_pattern,
                                        std::string operator_key) {
  auto card = CardOptions::Make(receipt_pattern);
  if (!card.ok()) return card.status();
  return RedactOptions{*card, std::move(operator_key)};
}

bool NumberMemory::Continues(const std::string& register_id, const std::string& number) {
  constexpr size_t kMaxRegisters = 4096;
  constexpr uint64_t kNear = 1000;
  uint64_t value = 0;
  if (!ReadWhole(number, &value)) return false;
  if (last_.size() > kMaxRegisters) last_.clear();
  const auto [known, fresh] = last_.emplace(register_id, value);
  const uint64_t before = std::exchange(known->second, value);
  const uint64_t apart = value > before ? value - before : before - value;
  return !fresh && apart >= 1 && apart <= kNear;
}

namespace {

// The document's own number, where its counter gave it; of a day's close the register's last one.
std::string CounterOf(const event::Event& event, NumberMemory* numbers) {
  if (event.close) return numbers->LastOf(event.close->register_id);
  std::string of, number;
  if (event.transaction) of = event.transaction->register_id;
  if (event.transaction) number = event.transaction->transaction_no;
  if (event.transfer) of = "/transfer", number = event.transfer->transfer_id;
  if (event.count) of = "/count", number = event.count->count_id;
  if (event.adjustment) of = "/adjustment", number = event.adjustment->adjustment_id;
  return numbers->Continues(of, number) ? number : std::string();
}

}  // namespace

std::string NumberMemory::LastOf(const std::string& register_id) const {
  const auto known = last_.find(register_id);
  return known == last_.end() ? std::string() : std::to_string(known->second);
}

RedactOutcome Check(event::Event* event, const RedactOptions& options, CheckHow how) {
  RedactOutcome outcome;
  std::string counter;
  if (how.numbers != nullptr) counter = CounterOf(*event, how.numbers);
  Checker checker(options.card, std::move(counter), &outcome);
  Fields(checker, *event);
  HideOperators(event, options.operator_key, how.again);
  if (outcome.redactions > 0) {
    if (!event->origin) event->origin.emplace();
    auto& flags = event->origin->flags;
    if (std::find(flags.begin(), flags.end(), "redacted") == flags.end()) {
      flags.emplace_back("redacted");
    }
  }
  return outcome;
}

std::string RedactDocument(std::string_view document) {
  std::string text(document);
  Redact(&text, Spelling::kRaw);
  return text;
}

}  // namespace tillrelay::redact
