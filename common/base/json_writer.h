// What: the one writer of JSON: appends compact, valid UTF-8 JSON to a string.
// Promise: the same calls give the same bytes; strings are escaped; nothing is ever re-parsed.
// Thread: any, one writer each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tillrelay {

class JsonWriter {
 public:
  explicit JsonWriter(std::string* out) : out_(*out) {}

  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  // `name` is one of ours: plain ASCII, no escapes needed.
  JsonWriter& Key(std::string_view name);
  JsonWriter& String(std::string_view text);
  JsonWriter& Number(int64_t value);
  JsonWriter& Unsigned(uint64_t value);
  // A finite value, written with at most six decimals.
  JsonWriter& Real(double value);
  JsonWriter& Bool(bool value);
  JsonWriter& Null() { return Raw("null"); }
  // Bytes that this program wrote itself as JSON.
  JsonWriter& Raw(std::string_view json);

  JsonWriter& Field(std::string_view name, std::string_view text) { return Key(name).String(text); }
  JsonWriter& Field(std::string_view name, const char* text) { return Key(name).String(text); }
  JsonWriter& Field(std::string_view name, int64_t value) { return Key(name).Number(value); }
  JsonWriter& Field(std::string_view name, uint64_t value) { return Key(name).Unsigned(value); }
  JsonWriter& Field(std::string_view name, int value) { return Key(name).Number(value); }
  JsonWriter& Field(std::string_view name, bool value) { return Key(name).Bool(value); }

 private:
  JsonWriter& Open(char c) {
    Separate();
    out_ += c;
    comma_ = false;
    return *this;
  }
  JsonWriter& Close(char c) {
    out_ += c;
    comma_ = true;
    return *this;
  }
  void Separate() {
    if (comma_) out_ += ',';
    comma_ = true;
  }

  std::string& out_;
  bool comma_ = false;
};

}  // namespace tillrelay
