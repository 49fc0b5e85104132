#include "common/base/settings.h"

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
// The parser asserts of a table's header that a key begins there, and says what is wrong behind it.
#define TOML_ASSERT(expression) static_assert(true)
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <set>

#include "common/base/json_writer.h"
#include "common/base/text.h"

namespace tillrelay {

struct Settings::State {
  std::string name;
  toml::table root;
  std::set<std::string, std::less<>> known;
  std::vector<std::string> mistakes;
  std::vector<SettingValue> values;
  std::vector<std::string> notes;

  void Note(std::string_view key, const toml::node* node, std::string text) {
    const bool placed = node != nullptr && node->source().path != nullptr;
    values.push_back({std::string(key), std::move(text), placed ? *node->source().path : ""});
  }

  toml::node* Find(std::string_view key) {
    known.emplace(key);
    return root.at_path(key).node();
  }

  void Complain(std::string_view key, const toml::source_region& at, std::string_view what) {
    const std::string& file = at.path ? *at.path : name;
    mistakes.push_back(
        fmt::format("{}:{}:{}: {}: {}", file, at.begin.line, at.begin.column, key, what));
  }

  // A key or a section.
  std::string NearestKnown(std::string_view path) const {
    std::set<std::string, std::less<>> names = known;
    for (const std::string& key : known) {
      for (size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.', dot + 1)) {
        names.insert(key.substr(0, dot));
      }
    }
    return std::string(Nearest(path, names));
  }

  void CollectUnknown(const toml::table& table, const std::string& prefix) {
    for (const auto& [member, node] : table) {
      const std::string path = prefix + std::string(member.str());
      const std::string inside = path + ".";
      const bool is_section = std::any_of(known.begin(), known.end(),
                                          [&](const auto& k) { return k.starts_with(inside); });
      if (is_section && node.is_table()) {
        CollectUnknown(*node.as_table(), inside);
        continue;
      }
      if (known.contains(path)) continue;
      const std::string near = NearestKnown(path);
      Complain(path, member.source(),
               near.empty() ? "unknown key" : fmt::format("unknown key; did you mean {}?", near));
    }
  }
};

namespace {
// A JSON text is a TOML text.
std::string Quoted(std::string_view text) {
  std::string out;
  JsonWriter(&out).String(text);
  return out;
}
}  // namespace

Settings::Settings(std::unique_ptr<State> state) : state_(std::move(state)) {}
Settings::Settings(Settings&&) noexcept = default;
Settings& Settings::operator=(Settings&&) noexcept = default;
Settings::~Settings() = default;

Result<Settings> Settings::Parse(std::string_view text, std::string name) {
  toml::parse_result parsed = toml::parse(text, name);
  if (!parsed) {
    const auto& error = parsed.error();
    return Invalid(fmt::format("{}:{}:{}: {}", name, error.source().begin.line,
                               error.source().begin.column, error.description()));
  }
  auto state = std::make_unique<State>();
  state->name = std::move(name);
  state->root = std::move(parsed).table();
  return Settings(std::move(state));
}

namespace {
void MergeTables(toml::table& base, toml::table& over) {
  for (auto&& [key, node] : over) {
    toml::node* below = base.get(key.str());
    if (below != nullptr && below->is_table() && node.is_table()) {
      MergeTables(*below->as_table(), *node.as_table());
    } else {
      base.insert_or_assign(key, std::move(node));  // a copy would forget where it stood
    }
  }
}
}  // namespace

Status Settings::Merge(Settings over) {
  MergeTables(state_->root, over.state_->root);
  return Status::Ok();
}

void Settings::String(std::string_view key, std::string* out) {
  const toml::node* node = state_->Find(key);
  if (node != nullptr) {
    if (const auto value = node->value_exact<std::string>()) {
      *out = *value;
    } else {
      state_->Complain(key, node->source(), "expected text in quotes");
    }
  }
  state_->Note(key, node, Quoted(*out));
}

void Settings::Bool(std::string_view key, bool* out) {
  const toml::node* node = state_->Find(key);
  if (node != nullptr) {
    if (const auto value = node->value_exact<bool>()) {
      *out = *value;
    } else {
      state_->Complain(key, node->source(), "expected true or false");
    }
  }
  state_->Note(key, node, *out ? "true" : "false");
}

void Settings::Integer(std::string_view key, int64_t least, int64_t most, int64_t* out) {
  const toml::node* node = state_->Find(key);
  if (node != nullptr) {
    const auto value = node->value_exact<int64_t>();
    if (value && *value >= least && *value <= most) {
      *out = *value;
    } else {
      state_->Complain(key, node->source(),
                       fmt::format("expected a whole number from {} to {}", least, most));
    }
  }
  state_->Note(key, node, fmt::format("{}", *out));
}

void Settings::Strings(std::string_view key, std::vector<std::string>* out) {
  const toml::node* node = state_->Find(key);
  if (node != nullptr) {
    std::vector<std::string> values;
    bool good = node->is_array();
    if (good) {
      for (const auto& element : *node->as_array()) {
        const auto value = element.value_exact<std::string>();
        good = good && value.has_value();
        if (value) values.push_back(*value);
      }
    }
    if (good) {
      *out = std::move(values);
    } else {
      state_->Complain(key, node->source(), "expected a list of texts, such as [\"a\", \"b\"]");
    }
  }
  std::vector<std::string> quoted;
  for (const std::string& value : *out) quoted.push_back(Quoted(value));
  state_->Note(key, node, fmt::format("[{}]", fmt::join(quoted, ", ")));
}

void Settings::Texts(std::string_view key, std::map<std::string, std::string>* out) {
  const toml::node* node = state_->Find(key);
  if (node != nullptr && node->is_table()) {
    for (const auto& [name, value] : *node->as_table()) {
      if (const auto text = value.value_exact<std::string>()) {
        (*out)[std::string(name.str())] = *text;
      } else {
        state_->Complain(key, value.source(), "expected text in quotes");
      }
    }
  } else if (node != nullptr) {
    state_->Complain(key, node->source(), "expected a table of texts");
  }
  std::vector<std::string> pairs;
  for (const auto& [name, text] : *out) {
    pairs.push_back(fmt::format("{} = {}", Quoted(name), Quoted(text)));
  }
  state_->Note(key, node, fmt::format("{{{}}}", fmt::join(pairs, ", ")));
}

void Settings::Word(std::string_view key, std::initializer_list<std::string_view> words,
                    std::string* out) {
  std::string word = *out;
  String(key, &word);
  if (std::find(words.begin(), words.end(), word) == words.end()) {
    Complain(key, fmt::format("expected one of {}", fmt::join(words, ", ")));
    return;
  }
  *out = word;
}

std::vector<std::string> Settings::Sections(std::string_view key) {
  std::vector<std::string> names;
  const toml::table* section = state_->root.at_path(key).as_table();
  if (section == nullptr) return names;
  for (const auto& [name, node] : *section) {
    if (node.is_table()) names.emplace_back(name.str());
  }
  return names;
}

bool Settings::Has(std::string_view key) { return state_->Find(key) != nullptr; }

void Settings::Renamed(std::string_view before, std::string_view now) {
  const toml::node* old = state_->root.at_path(before).node();
  if (old == nullptr) return;
  const std::string& file = old->source().path ? *old->source().path : state_->name;
  state_->notes.push_back(fmt::format("{}:{}: {} is called {} now; the old name will be an error",
                                      file, old->source().begin.line, before, now));
  state_->known.emplace(before);
  if (state_->root.at_path(now)) return;
  toml::table* place = &state_->root;
  std::string_view rest = now;
  for (size_t dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
    const std::string_view part = rest.substr(0, dot);
    if (place->get(part) == nullptr) place->insert(part, toml::table());
    place = place->get(part)->as_table();
    if (place == nullptr) return;  // complained of when the section is read
    rest.remove_prefix(dot + 1);
  }
  old->visit([&](const auto& value) { place->insert(rest, value); });
}

const std::vector<std::string>& Settings::Notes() const { return state_->notes; }

void Settings::Complain(std::string_view key, std::string_view what) {
  const toml::node* node = state_->Find(key);
  state_->Complain(key, node != nullptr ? node->source() : toml::source_region{}, what);
}

Status Settings::Finish() {
  state_->CollectUnknown(state_->root, "");
  if (state_->mistakes.empty()) return Status::Ok();
  return Invalid(fmt::format("{}", fmt::join(state_->mistakes, "\n")));
}

std::vector<SettingValue> Settings::Values() const { return state_->values; }

}  // namespace tillrelay
