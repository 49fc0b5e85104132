// What: HTML as text: the one escape, and a builder whose texts are always escaped.
// Promise: what comes from outside can end no element and no attribute.
// Thread: any.
#pragma once

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace tillrelay::http {

std::string EscapeHtml(std::string_view text);

class Html {
 public:
  // Markup of ours, as it stands.
  Html& Raw(std::string_view markup) {
    out_ += markup;
    return *this;
  }
  // `markup` has one pair of braces a text; the texts are escaped.
  template <typename... Texts>
  Html& Put(std::string_view markup, const Texts&... texts) {
    fmt::format_to(std::back_inserter(out_), fmt::runtime(markup), EscapeHtml(texts)...);
    return *this;
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

}  // namespace tillrelay::http
