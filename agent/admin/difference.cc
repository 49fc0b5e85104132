#include "agent/admin/difference.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

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

std::optional<std::vector<Member>> MembersOf(const std::string& document,
                                             const std::vector<std::string>& leave_out) {
  JsonParser parser;
  std::string bytes = document;
  const auto root = parser.Parse(bytes);
  if (!root.ok()) return std::nullopt;
  std::vector<Member> members;
  Flatten(*root, "", &members);
  std::erase_if(members, [&leave_out](const Member& member) {
    return std::any_of(leave_out.begin(), leave_out.end(),
                       [&member](const std::string& out) { return IsBelow(member.first, out); });
  });
  return members;
}

std::vector<Member> LinesOf(std::string_view text) {
  std::vector<Member> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back("line " + std::to_string(lines.size() + 1),
                       Printable(text.substr(0, end), kMaxDifferenceBytes));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return lines;
}

std::vector<Difference> Compare(const std::vector<Member>& before,
                                const std::vector<Member>& after) {
  std::map<std::string_view, std::string_view> now, then;
  for (const auto& [path, value] : after) now.emplace(path, value);
  for (const auto& [path, value] : before) then.emplace(path, value);
  std::vector<Difference> found;
  for (const auto& [path, value] : before) {
    const auto other = now.find(path);
    if (other == now.end()) {
      found.push_back({path, value, std::nullopt});
    } else if (other->second != value) {
      found.push_back({path, value, std::string(other->second)});
    }
  }
  for (const auto& [path, value] : after) {
    if (!then.contains(path)) found.push_back({path, std::nullopt, value});
  }
  return found;
}

}  // namespace

std::vector<Difference> DifferencesOf(const std::string& before, const std::string& after,
                                      const std::vector<std::string>& leave_out) {
  auto was = MembersOf(before, leave_out), is = MembersOf(after, leave_out);
  if (!was || !is) {
    was = LinesOf(before);
    is = LinesOf(after);
  }
  std::vector<Difference> found = Compare(*was, *is);
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
    part += one.member + ": " + one.before.value_or(std::string(kNotThere)) + " -> " +
            one.after.value_or(std::string(kNotThere));
    if (text.size() + part.size() + 5 > limit) return text + "; ...";
    text += part;
  }
  return text;
}

}  // namespace tillrelay::admin
