// What: a TOML text read key by key: typed values with bounds, and at the end every key that nobody
//   asked for is an error that names the nearest known one.
// Promise: all mistakes of a file are reported at once, each with its line and column.
// Thread: one.
// Errors: collected; `Finish` gives them as one invalid Status, a line each.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace tillrelay {

// One key that was asked for, as it is in effect.
struct SettingValue {
  std::string key;
  std::string text;  // as TOML
  std::string file;  // where it stands; empty: the default
  bool operator==(const SettingValue&) const = default;
};

class Settings {
 public:
  // Invalid with line and column if the text is not TOML. `name` is how messages call the file.
  static Result<Settings> Parse(std::string_view text, std::string name);
  Settings(Settings&&) noexcept;
  Settings& operator=(Settings&&) noexcept;
  ~Settings();

  // Lays `over` on top: its keys win, tables are merged.
  Status Merge(Settings over);

  // Keys are dotted paths ("broker.url"). A key that is absent leaves `*out` as it is.
  void String(std::string_view key, std::string* out);
  void Bool(std::string_view key, bool* out);
  void Integer(std::string_view key, int64_t least, int64_t most, int64_t* out);
  void Strings(std::string_view key, std::vector<std::string>* out);
  // A table of texts by name: {"a": "b"} of [key] a = "b".
  void Texts(std::string_view key, std::map<std::string, std::string>* out);
  // One of `words`.
  void Word(std::string_view key, std::initializer_list<std::string_view> words, std::string* out);
  // The names of the tables below a section: {"a", "b"} for [key.a] and [key.b].
  std::vector<std::string> Sections(std::string_view key);
  bool Has(std::string_view key);
  // A key's name of one version ago: its value counts under the new name, unless that is there too,
  // and a note says what to change. Before any key is asked for.
  void Renamed(std::string_view before, std::string_view now);
  const std::vector<std::string>& Notes() const;
  // A mistake that the caller found in the value of `key`.
  void Complain(std::string_view key, std::string_view what);

  Status Finish();
  // Everything that was asked for up to now, in that order.
  std::vector<SettingValue> Values() const;

 private:
  struct State;
  explicit Settings(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tillrelay
