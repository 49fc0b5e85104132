// What: the languages that people are spoken to in, how each writes numbers and days, and which one
//   a reader gets.
// Promise: English is always there; every other one is one file of catalogues/. What was stored,
//   sent or logged is English. A choice that is not known counts as none.
// Thread: any; `Speaking` counts for its own thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tillrelay::strings {

struct Language {
  std::string code = "en", name = "English";
  std::string decimal_mark = ".", thousands_mark = ",";
  std::string day = "YYYY-MM-DD";               // as people write it
  size_t (*plural)(uint64_t number) = nullptr;  // which form; null: the first of 1 alone
  std::map<std::string, std::string, std::less<>> texts;
  std::map<std::string, std::vector<std::string>, std::less<>> plurals;  // by the form for one
  std::map<std::string, std::string, std::less<>> plural_ids;            // its form for many
};

// English first, then by code.
const std::vector<const Language*>& Languages();
const Language& English();
const Language* FindLanguage(std::string_view code);  // null: not known
// The one that is spoken on this thread.
const Language& Spoken();

class Speaking {
 public:
  explicit Speaking(const Language& language);
  ~Speaking();
  Speaking(const Speaking&) = delete;
  Speaking& operator=(const Speaking&) = delete;

 private:
  const Language* const before_;
};

// Who reads, as far as is known.
struct Reader {
  std::string_view chosen;      // a code, of the person's own choice; or ""
  std::string_view configured;  // a code; or "auto"
  std::string_view accepted;    // of the browser, as Accept-Language has it
};
const Language& ChooseLanguage(const Reader& reader);

// The one of the spoken language's forms that a number takes.
const std::string& FormAmong(const std::vector<std::string>& forms, uint64_t number);

std::string Number(uint64_t number);  // "1,234"
// A number as documents have it, "-1234.50", as people write it: "-1.234,50"; of several, "5.00
// EUR, 12.345 KWD", each. English has it as it is, and so has every language what is no such
// number.
std::string Amount(std::string_view text);
// A fraction that was written with a point.
std::string Fraction(std::string text);
// "2026-11-30 14:02" -> "30.11.2026 14:02": the day that a text begins with.
std::string Dated(std::string_view text);

// A catalogue as its file has it (gettext's .po, without contexts). Only tests need it.
struct CatalogueText {
  std::string_view code, text;
};
Language ReadCatalogue(const CatalogueText& file);

}  // namespace tillrelay::strings
