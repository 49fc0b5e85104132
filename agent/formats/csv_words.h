// What: the words that the rows of one receipt have in one column that decides.
// Promise: the same, whatever the order of the rows.
// Thread: one (value).
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace tillrelay::formats {

class CsvWords {
 public:
  // `meaning` is "" of a word that is not known. An empty word says nothing, unless it has a
  // meaning.
  void Add(const std::string& word, std::string_view meaning);

  bool silent() const { return silent_; }  // one row or more
  bool nobody() const { return first_words_.empty(); }
  bool Says(std::string_view meaning) const { return first_words_.contains(meaning); }
  // Whether some row says this, and none says anything else.
  bool IsOnly(std::string_view meaning) const { return Agree() && Says(meaning); }
  bool Agree() const { return first_words_.size() <= 1; }
  // What they agree on; "" if nobody says anything.
  std::string_view One() const;
  // For a hint: "\"paid\" and \"voided\"".
  std::string Words() const;

 private:
  bool silent_ = false;
  std::map<std::string, std::string, std::less<>> first_words_;  // by their meaning
};

}  // namespace tillrelay::formats
