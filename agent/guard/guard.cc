#include "agent/guard/guard.h"

#include <algorithm>
#include <regex>

#include "common/event/fields.h"

namespace tillrelay::guard {

struct Pattern {
  std::regex regex;
};

namespace {

class Visitor {
 public:
  Visitor(const GuardOptions& options, GuardOutcome* outcome)
      : options_(options), outcome_(*outcome) {}

  void Id(const char* name, std::string& x) {
    if (outcome_.rejection || !ContainsCard(x) || IsOwnNumber(x)) return;
    outcome_.rejection = event::Rejection{
        "card-number", path_ + name,
        "this looks like a payment card number; send a receipt or article number instead"};
  }
  void Text(const char*, std::string& x) { outcome_.redactions += Redact(&x); }
  void Word(const char* name, std::string& x, event::Words) { Id(name, x); }
  void Time(const char* name, std::string& x) { Id(name, x); }
  void Day(const char* name, std::string& x) { Id(name, x); }
  void Ids(const char* name, std::vector<std::string>& x) {
    for (std::string& id : x) Id(name, id);
  }
  template <class T>
  void Number(const char*, T&) {}
  template <class T>
  void Integer(const char*, T&) {}
  template <class T>
  void Flag(const char*, T&) {}
  template <class Value>
  void Counts(const char* name, std::vector<std::pair<std::string, Value>>& x) {
    for (auto& [key, value] : x) Id(name, key);
  }
  template <class Value>
  void Sums(const char* name, std::vector<std::pair<std::string, Value>>& x) {
    Counts(name, x);
  }
  void Extension(const char* name, std::vector<std::pair<std::string, std::string>>& x) {
    for (auto& [key, value] : x) {
      Id(name, key);
      Text(name, value);
    }
  }
  template <class T>
  void Object(const char* name, T& x) {
    Inside(name, x);
  }
  template <class T>
  void Object(const char* name, std::optional<T>& x) {
    if (x) Inside(name, *x);
  }
  template <class T>
  void List(const char* name, std::vector<T>& x) {
    for (size_t i = 0; i < x.size(); ++i) {
      if (outcome_.rejection) return;
      Inside(std::string(name) + "[" + std::to_string(i) + "]", x[i]);
    }
  }

 private:
  template <class T>
  void Inside(const std::string& name, T& part) {
    const size_t length = path_.size();
    path_ += name;
    path_ += '.';
    Fields(*this, part);
    path_.resize(length);
  }
  bool IsOwnNumber(const std::string& x) const {
    return options_.receipt_pattern != nullptr &&
           std::regex_match(x, options_.receipt_pattern->regex);
  }

  const GuardOptions& options_;
  GuardOutcome& outcome_;
  std::string path_;
};

}  // namespace

Result<GuardOptions> MakeGuardOptions(const std::string& receipt_pattern) {
  GuardOptions options;
  if (receipt_pattern.empty()) return options;
  try {
    options.receipt_pattern =
        std::make_shared<const Pattern>(Pattern{std::regex(receipt_pattern, std::regex::optimize)});
  } catch (const std::regex_error& e) {
    return Invalid(std::string("guard.receipt_pattern: ") + e.what());
  }
  return options;
}

GuardOutcome Check(event::Event* event, const GuardOptions& options) {
  GuardOutcome outcome;
  Visitor visitor(options, &outcome);
  Fields(visitor, *event);
  if (outcome.redactions > 0) {
    if (!event->origin) event->origin.emplace();
    event->origin->flags.emplace_back("redacted");
  }
  return outcome;
}

}  // namespace tillrelay::guard
