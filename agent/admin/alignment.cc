#include "agent/admin/alignment.h"

#include <algorithm>
#include <cstdint>

namespace tillrelay::admin {
namespace {

using List = std::vector<ListElement>;

uint32_t Likeness(const ListElement& a, const ListElement& b) {
  constexpr uint32_t kSame = 3, kSameName = 2;
  if (a.text == b.text) return kSame;
  return !a.name.empty() && a.name == b.name ? kSameName : 0;
}

class Aligner {
 public:
  Aligner(const List& before, const List& after) : a_(before), b_(after) {}

  Pairing Run() {
    while (begin_ < std::min(a_.size(), b_.size()) && a_[begin_].text == b_[begin_].text) ++begin_;
    a_end_ = a_.size();
    b_end_ = b_.size();
    while (a_end_ > begin_ && b_end_ > begin_ && a_[a_end_ - 1].text == b_[b_end_ - 1].text) {
      --a_end_;
      --b_end_;
    }
    for (size_t i = 0; i < begin_; ++i) pairs_.emplace_back(i, i);
    Middle();
    for (size_t i = a_end_; i < a_.size(); ++i) pairs_.emplace_back(i, b_end_ + (i - a_end_));
    return std::move(pairs_);
  }

 private:
  void Middle() {
    i_ = j_ = begin_;
    const size_t rows = a_end_ - begin_, columns = b_end_ - begin_;
    if (rows != 0 && columns <= kMostCells / rows) Walk(rows, columns);
    Between(a_end_, b_end_);
  }

  // best[r][c]: the likeness that can be had of what follows r and c.
  void Walk(size_t rows, size_t columns) {
    const size_t width = columns + 1;
    std::vector<uint32_t> best((rows + 1) * width);
    const auto like = [this](size_t r, size_t c) {
      return Likeness(a_[begin_ + r], b_[begin_ + c]);
    };
    for (size_t r = rows; r-- > 0;) {
      for (size_t c = columns; c-- > 0;) {
        const uint32_t likeness = like(r, c);
        best[r * width + c] =
            std::max({best[(r + 1) * width + c], best[r * width + c + 1],
                      likeness == 0 ? 0 : likeness + best[(r + 1) * width + c + 1]});
      }
    }
    size_t r = 0, c = 0;
    while (r < rows && c < columns) {
      const uint32_t likeness = like(r, c), here = best[r * width + c];
      if (likeness > 0 && here == likeness + best[(r + 1) * width + c + 1]) {
        Between(begin_ + r, begin_ + c);
        pairs_.emplace_back(begin_ + r++, begin_ + c++);
        i_ = begin_ + r;
        j_ = begin_ + c;
      } else if (here == best[(r + 1) * width + c]) {
        ++r;
      } else {
        ++c;
      }
    }
  }

  // What was passed over up to these places.
  void Between(size_t i, size_t j) {
    while (i_ < i && j_ < j) pairs_.emplace_back(i_++, j_++);
    while (i_ < i) pairs_.emplace_back(i_++, std::nullopt);
    while (j_ < j) pairs_.emplace_back(std::nullopt, j_++);
  }

  const List& a_;
  const List& b_;
  size_t begin_ = 0, a_end_ = 0, b_end_ = 0;
  size_t i_ = 0, j_ = 0;  // paired up to here
  Pairing pairs_;
};

}  // namespace

Pairing Align(const List& before, const List& after) { return Aligner(before, after).Run(); }

}  // namespace tillrelay::admin
