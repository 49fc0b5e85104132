#include "common/event/event_json.h"

#include <algorithm>
#include <charconv>

#include "common/base/json_writer.h"
#include "common/base/text.h"
#include "common/event/bounds.h"
#include "common/event/fields.h"
#include "common/event/time_text.h"

namespace tillrelay::event {
namespace {

constexpr size_t kMaxMapEntries = 64;
constexpr size_t kMaxExtensions = 20;

// Members of `data` that the agent makes itself.
constexpr std::string_view kDerived[] = {"kind", "agent_control", "result"};

class Writer {
 public:
  explicit Writer(JsonWriter* json) : json_(*json) {}

  void Id(std::string_view name, const std::string& x) {
    if (!x.empty()) json_.Field(name, x);
  }
  void Text(std::string_view name, const std::string& x) { Id(name, x); }
  void Scan(std::string_view name, const std::string& x) { Id(name, x); }
  void Word(std::string_view name, const std::string& x, Words) { Id(name, x); }
  void Time(std::string_view name, const std::string& x) { Id(name, x); }
  void Day(std::string_view name, const std::string& x) { Id(name, x); }
  void Number(std::string_view name, const std::optional<Decimal>& x) {
    if (x) json_.Field(name, x->Text());
  }
  void Integer(std::string_view name, const std::optional<int64_t>& x) {
    if (x) json_.Field(name, *x);
  }
  void Flag(std::string_view name, const std::optional<bool>& x) {
    if (x) json_.Field(name, *x);
  }
  void Ids(std::string_view name, const std::vector<std::string>& x) {
    if (x.empty()) return;
    json_.Key(name).BeginArray();
    for (const auto& id : x) json_.String(id);
    json_.EndArray();
  }
  void Counts(std::string_view name, const std::vector<std::pair<std::string, int64_t>>& x) {
    if (x.empty()) return;
    json_.Key(name).BeginObject();
    for (const auto& [key, value] : x) json_.Field(key, value);
    json_.EndObject();
  }
  void Sums(std::string_view name, const std::vector<std::pair<std::string, Decimal>>& x) {
    if (x.empty()) return;
    json_.Key(name).BeginObject();
    for (const auto& [key, value] : x) json_.Field(key, value.Text());
    json_.EndObject();
  }
  void Extension(std::string_view name, const std::vector<std::pair<std::string, std::string>>& x) {
    if (x.empty()) return;
    json_.Key(name).BeginObject();
    for (const auto& [key, value] : x) json_.Field(key, value);
    json_.EndObject();
  }
  template <class T>
  void Object(std::string_view name, T& x) {
    json_.Key(name).BeginObject();
    Fields(*this, x);
    json_.EndObject();
  }
  template <class T>
  void Object(std::string_view name, std::optional<T>& x) {
    if (x) Object(name, *x);
  }
  template <class T>
  void List(std::string_view name, std::vector<T>& x) {
    if (x.empty()) return;
    json_.Key(name).BeginArray();
    for (T& part : x) {
      json_.BeginObject();
      Fields(*this, part);
      json_.EndObject();
    }
    json_.EndArray();
  }

 private:
  JsonWriter& json_;
};

// Collects the member names of one part, for hints.
class NameCollector {
 public:
  std::vector<std::string_view> names;
#define COLLECT(method)                           \
  template <class... Rest>                        \
  void method(std::string_view name, Rest&&...) { \
    names.emplace_back(name);                     \
  }
  COLLECT(Id)
  COLLECT(Text)
  COLLECT(Scan)
  COLLECT(Word)
  COLLECT(Time)
  COLLECT(Day)
  COLLECT(Number)
  COLLECT(Integer)
  COLLECT(Flag)
  COLLECT(Ids)
  COLLECT(Counts)
  COLLECT(Sums)
  COLLECT(Extension)
  COLLECT(Object)
  COLLECT(List)
#undef COLLECT
};

class Reader {
 public:
  Reader(JsonValue object, std::string* path, std::optional<Rejection>* rejection)
      : object_(object), cursor_(object.begin()), path_(*path), rejection_(*rejection) {
    for (const JsonValue member : object) names_ |= Bit(member.name());
  }

  // Reads all members of `part`; then every member must have been asked for.
  template <class T>
  void ReadPart(T& part) {
    Fields(*this, part);
    if (!rejection_ && seen_ != object_.size()) RefuseUnknown(part);
  }
  void Skip(std::string_view name) { Take(name); }

  void Id(std::string_view name, std::string& x) { Scalar(name, x, kMaxIdBytes, false); }
  void Text(std::string_view name, std::string& x) { Scalar(name, x, kMaxTextBytes, true); }
  void Scan(std::string_view name, std::string& x) { Scalar(name, x, kMaxIdBytes, true); }
  void Word(std::string_view name, std::string& x, Words words) {
    Id(name, x);
    if (x.empty() || rejection_) return;
    if (std::find(words.begin(), words.end(), x) == words.end()) {
      std::string all;
      for (const auto word : words) all += (all.empty() ? "" : ", ") + std::string(word);
      Refuse("bad-value", name, "use one of: " + all);
    }
  }
  void Time(std::string_view name, std::string& x) {
    Id(name, x);
    if (x.empty() || rejection_) return;
    if (auto time = ParseTime(x); !time.ok()) Refuse("bad-value", name, time.status().message());
  }
  void Day(std::string_view name, std::string& x) {
    Id(name, x);
    if (!x.empty() && !rejection_ && !IsDay(x)) {
      Refuse("bad-value", name, "write the day as 2026-11-21");
    }
  }
  void Number(std::string_view name, std::optional<Decimal>& x) {
    const JsonValue value = Take(name);
    if (!value) return;
    if (!value.is_string() && !value.is_number()) {
      return Refuse("bad-value", name, "write the number as text, such as \"12.50\"");
    }
    bool rounded = false;
    auto number = Decimal::Parse(value.text(), &rounded);
    if (!number.ok()) return Refuse("bad-value", name, number.status().message());
    x = *number;
    rounded_ = rounded_ || rounded;
  }
  void Integer(std::string_view name, std::optional<int64_t>& x) {
    const JsonValue value = Take(name);
    if (!value) return;
    int64_t number = 0;
    if (!(value.is_number() || value.is_string()) || !ParseInteger(value.text(), &number)) {
      return Refuse("bad-value", name, "expected a whole number");
    }
    x = number;
  }
  void Flag(std::string_view name, std::optional<bool>& x) {
    const JsonValue value = Take(name);
    if (!value) return;
    if (!value.is_bool()) return Refuse("bad-value", name, "expected true or false");
    x = value.is_true();
  }
  void Ids(std::string_view name, std::vector<std::string>& x) {
    const JsonValue list = Take(name);
    if (!list) return;
    if (!list.is_array()) return Refuse("bad-value", name, "expected a list");
    for (const JsonValue value : list) {
      if (!value.is_string() || value.text().size() > kMaxIdBytes) {
        return Refuse("bad-value", name, "expected a list of short texts");
      }
      x.emplace_back(value.text());
    }
  }
  void Counts(std::string_view name, std::vector<std::pair<std::string, int64_t>>& x) {
    const JsonValue map = Map(name);
    if (!map) return;
    for (const JsonValue value : map) {
      int64_t number = 0;
      if (!ParseInteger(value.text(), &number)) {
        return Refuse("bad-value", name, "expected whole numbers");
      }
      x.emplace_back(value.name(), number);
    }
  }
  void Sums(std::string_view name, std::vector<std::pair<std::string, Decimal>>& x) {
    const JsonValue map = Map(name);
    if (!map) return;
    for (const JsonValue value : map) {
      auto number = Decimal::Parse(value.text());
      if (!number.ok()) return Refuse("bad-value", name, number.status().message());
      x.emplace_back(value.name(), *number);
    }
  }
  void Extension(std::string_view name, std::vector<std::pair<std::string, std::string>>& x) {
    const JsonValue map = Take(name);
    if (!map) return;
    if (!map.is_object() || map.size() > kMaxExtensions) {
      return Refuse("bad-value", name, "expected an object of at most 20 members");
    }
    for (const JsonValue value : map) {
      if (!IsName(value.name()) || !value.is_string() || value.text().size() > kMaxExtensionBytes) {
        return Refuse("bad-value", name,
                      "members are texts of at most 256 bytes named [A-Za-z0-9._-]{1,32}");
      }
      x.emplace_back(value.name(), value.text());
    }
  }
  template <class T>
  void Object(std::string_view name, T& x) {
    const JsonValue value = Take(name);
    if (!value) return;
    if (!value.is_object()) return Refuse("bad-value", name, "expected an object");
    Descend(name, value, x);
  }
  template <class T>
  void Object(std::string_view name, std::optional<T>& x) {
    const JsonValue value = Take(name);
    if (!value) return;
    if (!value.is_object()) return Refuse("bad-value", name, "expected an object");
    Descend(name, value, x.emplace());
  }
  template <class T>
  void List(std::string_view name, std::vector<T>& x) {
    const JsonValue list = Take(name);
    if (!list) return;
    if (!list.is_array()) return Refuse("bad-value", name, "expected a list");
    if (list.size() > kMaxParts) return Refuse("bad-value", name, "more than 10,000");
    x.reserve(list.size());
    size_t index = 0;
    for (const JsonValue value : list) {
      const size_t length = path_.size();
      ((path_ += name) += '[') += std::to_string(index++);
      path_ += ']';
      if (!value.is_object()) return Refuse("bad-value", "", "expected an object");
      Descend("", value, x.emplace_back());
      if (rejection_) return;
      path_.resize(length);
    }
  }
  bool rounded() const { return rounded_; }

 private:
  // The member, marked as asked for; empty when absent or null. Senders that keep the order of the
  // table are read in one pass.
  JsonValue Take(std::string_view name) {
    if (rejection_ || (names_ & Bit(name)) == 0) return {};
    JsonValue value;
    if (cursor_ != object_.end() && (*cursor_).name() == name) {
      value = *cursor_;
      ++cursor_;
    } else {
      value = object_.Find(name);
      if (!value) return {};
    }
    ++seen_;
    return value.is_null() ? JsonValue() : value;
  }
  // Most members of the table are absent, and most of these have a bit that no other name has.
  static uint64_t Bit(std::string_view name) {
    if (name.empty()) return 1;
    const auto first = static_cast<unsigned char>(name.front());
    const auto last = static_cast<unsigned char>(name.back());
    return uint64_t{1} << ((first + 7 * last + 13 * name.size()) % 64);
  }
  JsonValue Map(std::string_view name) {
    const JsonValue map = Take(name);
    if (!map) return {};
    if (!map.is_object() || map.size() > kMaxMapEntries) {
      Refuse("bad-value", name, "expected an object of numbers");
      return {};
    }
    return map;
  }
  void Scalar(std::string_view name, std::string& x, size_t limit, bool blank_allowed) {
    const JsonValue value = Take(name);
    if (!value) return;
    // Registers send numbers as identifiers; their text is kept as it stands.
    if (!value.is_string() && !value.is_number()) {
      return Refuse("bad-value", name, "expected text");
    }
    if (value.text().size() > limit) {
      return Refuse("bad-value", name, "longer than " + std::to_string(limit) + " bytes");
    }
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
    if (!blank_allowed && std::any_of(value.text().begin(), value.text().end(), control)) {
      return Refuse("bad-value", name, "control characters are not allowed here");
    }
    x = value.text();
  }
  static bool ParseInteger(std::string_view text, int64_t* out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
    return error == std::errc() && end == text.data() + text.size();
  }
  template <class T>
  void Descend(std::string_view name, JsonValue value, T& part) {
    const size_t length = path_.size();
    path_ += name;
    path_ += '.';
    Reader inner(value, &path_, &rejection_);
    inner.ReadPart(part);
    rounded_ = rounded_ || inner.rounded_;
    path_.resize(length);
  }
  template <class T>
  void RefuseUnknown(T& part) {
    NameCollector collector;
    Fields(collector, part);
    for (const JsonValue member : object_) {
      const auto& names = collector.names;
      if (std::find(names.begin(), names.end(), member.name()) != names.end()) continue;
      const auto* derived = std::find(std::begin(kDerived), std::end(kDerived), member.name());
      if (derived != std::end(kDerived) && path_.empty()) continue;
      const std::string_view near = Nearest(member.name(), names);
      return Refuse("unknown-field", Printable(member.name(), 60),
                    near.empty() ? "put own members under \"ext\""
                                 : "did you mean " + std::string(near) + "?");
    }
  }
  void Refuse(const char* reason, std::string_view name, std::string hint) {
    if (!rejection_) rejection_ = Rejection{reason, path_ + std::string(name), std::move(hint)};
  }

  const JsonValue object_;
  JsonValue::Iterator cursor_;
  uint64_t names_ = 0;  // a bit for each member's name
  uint32_t seen_ = 0;
  bool rounded_ = false;
  std::string& path_;
  std::optional<Rejection>& rejection_;
};

}  // namespace

void WriteData(const Event& event, std::string* out) {
  JsonWriter json(out);
  Writer writer(&json);
  json.BeginObject();
  Fields(writer, const_cast<Event&>(event));  // the writer only reads
  json.EndObject();
}

std::string WithKind(Kind kind, std::string_view data) {
  std::string text = "{\"kind\":\"";
  text += KindWord(kind);
  text += '"';
  if (data.size() > 2) text += ',';
  return text.append(data.substr(1));
}

std::string WithoutDay(std::string document) {
  constexpr std::string_view kDay = R"("business_day":")",
                             kMember = R"("business_day":"2026-11-21",)";
  const size_t head = document.find(R"("transaction":{)");
  const size_t at = document.find(kDay, head);
  if (head == std::string::npos || at > document.find('}', head)) return document;
  return document.erase(at, kMember.size());
}

std::optional<Rejection> ReadData(JsonValue object, Event* event) {
  std::optional<Rejection> rejection;
  std::string path;
  Reader reader(object, &path, &rejection);
  for (const std::string_view name : kDerived) reader.Skip(name);
  reader.ReadPart(*event);
  event->control.reset();
  event->origin.emplace();
  if (reader.rounded()) event->origin->flags.emplace_back("rounded");
  return rejection;
}

}  // namespace tillrelay::event
