// What: what people read, in their own language: a text of the code is English and stands for its
//   translation, as with gettext.
// Promise: without a `Speaking` around it everything is English: JSON, log and storage. A text
//   without a translation stays English. Formats are checked against their arguments at compile
//   time; that translations have the same places is checked by tests/tidy/languages_test.py.
// Thread: any; `Speaking` counts for its own thread.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "common/language/language.h"

namespace tillrelay::strings {

// Of English in the language that is spoken now; what is not known as it is.
std::string_view Translated(std::string_view english);

class Text {
 public:
  consteval Text(const char* english) : english_(english) {}          // NOLINT: a literal is one
  operator std::string_view() const { return Translated(english_); }  // NOLINT: so it is shown
  constexpr std::string_view english() const { return english_; }

 private:
  std::string_view english_;
};

// What depends on a number; {} is the number in both.
struct Plural {
  Text one, many;
};

// A word for programs, and how people read it.
struct NamedText {
  std::string_view word;
  Text text;
};

// Are there so many arguments as a text has places, "{}" or "{1}"?
constexpr bool PlacesFit(std::string_view text, size_t arguments) {
  size_t places = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '{') continue;
    if (at + 1 >= text.size()) return false;
    const char next = text[at + 1];
    const bool numbered = next >= '0' && next <= '9';
    const size_t place = numbered ? static_cast<size_t>(next - '0') : places;
    if (place >= arguments || (next != '}' && !numbered)) return false;
    ++places;
  }
  return places >= arguments;
}
void PlacesDoNotFit();  // nowhere defined: whoever needs it does not compile

// A text with places, and the types that it is filled with.
template <typename... Args>
class Format {
 public:
  consteval Format(Text text) : text_(text) {  // NOLINT: checked where it is written
    if (!PlacesFit(text.english(), sizeof...(Args))) PlacesDoNotFit();
  }
  std::string_view text() const { return text_; }

 private:
  Text text_;
};

template <typename... Args>
std::string Say(Format<std::type_identity_t<Args>...> format, const Args&... args) {
  return fmt::vformat(fmt::string_view(format.text()), fmt::make_format_args(args...));
}

// "1 event", "1,234 events"; `more` fills the places behind the number.
std::string_view FormOf(const Plural& plural, uint64_t number);
template <typename... Args>
std::string Count(const Plural& plural, uint64_t number, const Args&... more) {
  const std::string figure = Number(number);
  return fmt::vformat(fmt::string_view(FormOf(plural, number)),
                      fmt::make_format_args(figure, more...));
}

}  // namespace tillrelay::strings

template <>
struct fmt::formatter<tillrelay::strings::Text> : fmt::formatter<std::string_view> {
  template <typename Context>
  auto format(tillrelay::strings::Text text, Context& context) const {
    return fmt::formatter<std::string_view>::format(std::string_view(text), context);
  }
};
