#include "agent/formats/csv_words.h"

#include "common/base/text.h"

namespace tillrelay::formats {

void CsvWords::Add(const std::string& word, std::string_view meaning) {
  if (word.empty() && meaning.empty()) {
    silent_ = true;
  } else {
    first_words_.emplace(meaning, word);
  }
}

std::string_view CsvWords::One() const {
  return first_words_.size() == 1 ? std::string_view(first_words_.begin()->first)
                                  : std::string_view();
}

std::string CsvWords::Words() const {
  std::string all;
  for (const auto& [meaning, word] : first_words_) {
    all += (all.empty() ? "\"" : " and \"") + Printable(word, 40) + '"';
  }
  return silent_ ? all + ", and one says nothing" : all;
}

}  // namespace tillrelay::formats
