#include "common/base/json_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tillrelay {
namespace {

// True: the byte cannot stand in a string as it is.
constexpr auto kEscaped = [] {
  std::array<bool, 256> escaped{};
  for (size_t c = 0; c < 0x20; ++c) escaped[c] = true;
  escaped['"'] = escaped['\\'] = true;
  return escaped;
}();

bool NeedsEscape(char c) { return kEscaped[static_cast<unsigned char>(c)]; }

void AppendEscape(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
  }
}

void AppendEscaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const auto first = std::find_if(text.begin(), text.end(), NeedsEscape);
    out.append(text.begin(), first);
    if (first == text.end()) return;
    AppendEscape(out, *first);
    text.remove_prefix(static_cast<size_t>(first - text.begin()) + 1);
  }
}

}  // namespace

JsonWriter& JsonWriter::Key(std::string_view name) {
  Separate();
  out_ += '"';
  AppendEscaped(out_, name);
  out_ += "\":";
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view text) {
  Separate();
  out_ += '"';
  AppendEscaped(out_, text);
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::Number(int64_t value) { return Raw(fmt::format_int(value).c_str()); }
JsonWriter& JsonWriter::Unsigned(uint64_t value) { return Raw(fmt::format_int(value).c_str()); }
JsonWriter& JsonWriter::Real(double value) { return Raw(fmt::format("{:.6g}", value)); }
JsonWriter& JsonWriter::Bool(bool value) { return Raw(value ? "true" : "false"); }

JsonWriter& JsonWriter::Raw(std::string_view json) {
  Separate();
  out_ += json;
  return *this;
}

}  // namespace tillrelay
