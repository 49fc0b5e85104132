#include "agent/admin/difference.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "agent/admin/alignment.h"
#include "common/base/json_reader.h"
#include "common/base/text.h"

namespace tillrelay::admin {
namespace {

using Member = std::pair<std::string, std::string>;  // path and value

std::string ValueText(JsonValue value) { return Printable(value.text(), kMaxDifferenceBytes); }

// Every scalar, and every empty object or list, in the order of the document.
void Flatten(JsonValue value, const std::string& path, std::vector<Member>* members) {
  const bool holds = (value.is_object() || value.is_array()) && value.size() > 0;
  if (!holds) return members->emplace_back(path, ValueText(value)), void();
  size_t index = 0;
  for (const JsonValue child : value) {
    const std::string name = Printable(child.name(), kMaxDifferenceBytes);
    const std::string below = value.is_object() ? (path.empty() ? name : path + "." + name)
                                                : path + "[" + std::to_string(index++) + "]";
    Flatten(child, below, members);
  }
}

bool IsBelow(std::string_view path, std::string_view member) {
  if (member.starts_with("*.")) {
    const size_t at = path.find(member.substr(1));
    return at != std::string_view::npos && IsBelow(path.substr(at + 1), member.substr(2));
  }
  return path.starts_with(member) &&
         (path.size() == member.size() || path[member.size()] == '.' || path[member.size()] == '[');
}

std::vector<ListElement> LinesOf(std::string_view text) {
  std::vector<ListElement> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back({std::string(text.substr(0, end)), ""});
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return lines;
}

// What an element of a list is, whatever else it says: its article, its type, its rate.
std::string NameOf(JsonValue element) {
  if (const JsonValue item = element.Find("item")) {
    const std::string article =
        std::string(item.String("sku")) + " " + std::string(item.String("gtin"));
    return article + " " + std::string(element.String("action"));
  }
  for (const char* name : {"type", "rate", "currency"}) {
    const std::string_view text = element.Find(name).text();
    if (!text.empty()) return std::string(text);
  }
  return {};
}

class Comparer {
 public:
  explicit Comparer(const std::vector<std::string>& leave_out) : leave_out_(leave_out) {}

  void Values(JsonValue a, JsonValue b, const std::string& path, const std::string& now_at) {
    if (LeftOut(path)) return;
    const bool objects = a.is_object() && b.is_object(), lists = a.is_array() && b.is_array();
    if ((objects || lists) && a.size() > 0 && b.size() > 0) {
      return objects ? Objects(a, b, path, now_at) : Lists(a, b, path, now_at);
    }
    const bool holds = a.size() > 0 || b.size() > 0;
    if (holds) return Gone(a, path), Added(b, now_at);
    if (a.text() == b.text() && a.is_object() == b.is_object()) return;
    Changed(path, now_at, ValueText(a), ValueText(b));
  }
  void Lines(const std::vector<ListElement>& a, const std::vector<ListElement>& b) {
    const auto name = [](size_t at) { return "line " + std::to_string(at + 1); };
    for (const auto& [i, j] : Align(a, b)) {
      if (!j) gone_.push_back({name(*i), Shown(a[*i].text), std::nullopt});
      if (!i) added_.push_back({name(*j), std::nullopt, Shown(b[*j].text)});
      if (!i || !j || a[*i].text == b[*j].text) continue;
      Changed(name(*i), name(*j), Shown(a[*i].text), Shown(b[*j].text));
    }
  }
  std::vector<Difference> Take() {
    gone_.insert(gone_.end(), added_.begin(), added_.end());
    return std::move(gone_);
  }

 private:
  static std::string Below(const std::string& path, JsonValue child) {
    const std::string name = Printable(child.name(), kMaxDifferenceBytes);
    return path.empty() ? name : path + "." + name;
  }
  static std::string Shown(const std::string& text) { return Printable(text, kMaxDifferenceBytes); }

  bool LeftOut(std::string_view path) const {
    return std::any_of(leave_out_.begin(), leave_out_.end(),
                       [path](const std::string& out) { return IsBelow(path, out); });
  }
  std::vector<Member> MembersOf(JsonValue value, const std::string& path) const {
    std::vector<Member> members;
    if (!value) return members;
    Flatten(value, path, &members);
    std::erase_if(members, [this](const Member& member) { return LeftOut(member.first); });
    return members;
  }
  void Gone(JsonValue value, const std::string& path) {
    for (auto& [at, text] : MembersOf(value, path)) gone_.push_back({at, text, std::nullopt});
  }
  void Added(JsonValue value, const std::string& path) {
    for (auto& [at, text] : MembersOf(value, path)) added_.push_back({at, std::nullopt, text});
  }
  void Changed(const std::string& path, const std::string& now_at, std::string before,
               std::string after) {
    gone_.push_back({path, std::move(before), std::move(after), path == now_at ? "" : now_at});
  }

  void Objects(JsonValue a, JsonValue b, const std::string& path, const std::string& now_at) {
    for (const JsonValue child : a) {
      const JsonValue other = b.Find(child.name());
      if (other) Values(child, other, Below(path, child), Below(now_at, child));
      if (!other) Gone(child, Below(path, child));
    }
    for (const JsonValue child : b) {
      if (!a.Find(child.name())) Added(child, Below(now_at, child));
    }
  }

  // The number of a line says nothing beside its place.
  std::vector<ListElement> ElementsOf(JsonValue list) const {
    std::vector<ListElement> elements;
    for (const JsonValue child : list) {
      ListElement& element = elements.emplace_back();
      element.name = NameOf(child);
      for (const auto& [path, text] : MembersOf(child, "e")) {
        if (path != "e.line_no") element.text.append(path).append("=").append(text).append("\n");
      }
    }
    return elements;
  }
  static std::vector<JsonValue> ValuesOf(JsonValue list) {
    std::vector<JsonValue> values;
    for (const JsonValue child : list) values.push_back(child);
    return values;
  }
  void Lists(JsonValue a, JsonValue b, const std::string& path, const std::string& now_at) {
    const auto at = [](const std::string& list, size_t index) {
      return list + "[" + std::to_string(index) + "]";
    };
    const auto before = ValuesOf(a), after = ValuesOf(b);
    for (const auto& [i, j] : Align(ElementsOf(a), ElementsOf(b))) {
      if (!j) Gone(before[*i], at(path, *i));
      if (!i) Added(after[*j], at(now_at, *j));
      if (i && j) Pair(before[*i], after[*j], {path, *i}, {now_at, *j});
    }
  }
  struct Place {
    const std::string& list;
    size_t index;
    std::string Text() const { return list + "[" + std::to_string(index) + "]"; }
    std::string Number() const { return std::to_string(index + 1); }
  };
  // Lines that are numbered by their places have not changed where they have moved.
  void Pair(JsonValue a, JsonValue b, const Place& was, const Place& is) {
    const size_t known = gone_.size();
    Values(a, b, was.Text(), is.Text());
    const auto by_place = [&](const Difference& d) {
      return d.now_at == is.Text() + ".line_no" && d.before == was.Number() &&
             d.after == is.Number();
    };
    const auto from = gone_.begin() + static_cast<ptrdiff_t>(known);
    gone_.erase(std::remove_if(from, gone_.end(), by_place), gone_.end());
  }

  const std::vector<std::string>& leave_out_;
  std::vector<Difference> gone_, added_;  // gone_: changed ones as well
};

}  // namespace

std::vector<Difference> DifferencesOf(const std::string& before, const std::string& after,
                                      const std::vector<std::string>& leave_out) {
  Comparer comparer(leave_out);
  JsonParser then, now;
  std::string was = before, is = after;
  const auto a = then.Parse(was), b = now.Parse(is);
  a.ok() && b.ok() ? comparer.Values(*a, *b, "", "")
                   : comparer.Lines(LinesOf(before), LinesOf(after));
  std::vector<Difference> found = comparer.Take();
  if (found.size() > kMaxDifferences) {
    const size_t more = found.size() - kMaxDifferences + 1;
    found.resize(kMaxDifferences - 1);
    found.push_back({"and " + std::to_string(more) + " more", "", ""});
  }
  return found;
}

std::string DifferenceText(const std::vector<Difference>& differences, size_t limit) {
  constexpr std::string_view kNotThere = "(none)";
  std::string text;
  for (const Difference& one : differences) {
    std::string part = text.empty() ? "" : "; ";
    part += one.member + (one.now_at.empty() ? "" : " (now " + one.now_at + ")") + ": " +
            one.before.value_or(std::string(kNotThere)) + " -> " +
            one.after.value_or(std::string(kNotThere));
    if (text.size() + part.size() + 5 > limit) return text + "; ...";
    text += part;
  }
  return text;
}

}  // namespace tillrelay::admin
