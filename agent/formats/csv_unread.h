// What: columns of a CSV file that no profile names, and what they plainly say all the same.
// Promise: pure. A receipt is refused for such a word, never taken for a sale; free text (names,
//   descriptions, remarks) is left alone.
// Thread: any.
#pragma once

#include <string>
#include <string_view>

namespace tillrelay::formats {

// What a cell would say if its column were read.
enum class Unread {
  kNothing,
  kCameBack,     // that goods came back
  kNotHappened,  // that it was cancelled, taken back or only tried out
  kMultiplies    // that the quantity is one of packages, not of pieces
};

// A column that the profile does not name.
class UnreadColumn {
 public:
  explicit UnreadColumn(std::string_view heading);
  // False if nothing that stands in it decides.
  bool matters() const { return matters_; }
  // What a cell of it tells: by its words, or, under a heading such as "Cancelled at", by being
  // there.
  Unread Tells(std::string_view value) const;
  // Of "Original payment ID" the heading of what it points at: "paymentid". "" of other columns.
  std::string_view points_at() const { return points_at_; }

 private:
  Unread HeadingTells();

  std::string heading_, points_at_;
  bool direction_ = false, matters_ = true, free_text_ = false;
  bool factor_ = false;
  bool hand_over_ = false;   // whether goods were handed over
  bool supply_ = false;      // how goods come to the customer
  bool pieces_ = false;      // how many of them were handed over
  bool code_ = false;        // a letter for what became of the row
  bool document_ = false;    // a number, or what kind of document it is
  bool goods_type_ = false;  // what kind of goods it is
  bool expected_ = false;    // what is sold says true here
  bool only_true_ = false;   // a text may name something else
  bool remark_ = false;      // free text, of which a lone word is read
  Unread by_heading_ = Unread::kNothing;
};

// What the words of a cell tell.
Unread WordsTell(std::string_view value);
// Whether words under a heading such as "Type" say that it is no sale: elsewhere they may speak of
// other things.
bool DecidingWordsTell(std::string_view value);
// Whether two cells name one document: leading zeros, blanks, a "#" and the case of letters do not
// matter.
bool IsSameNumber(std::string_view one, std::string_view other);
// Empty, false, zero or a word for none.
bool IsNothing(std::string_view value);
// A letter or an abbreviation that tills write for a return or a void.
bool IsDecisiveCode(std::string_view value);

}  // namespace tillrelay::formats
