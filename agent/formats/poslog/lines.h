// What: the lines of a retail transaction as the document has them, each with its direction told
//   apart from its quantity.
// Promise: a line whose direction is not certain is refused, never guessed.
// Thread: any (pure).
// Errors: rejections bad-value, missing-field, unsupported; `field` is LineItem[its number].
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/formats/poslog/dialect.h"
#include "agent/formats/poslog/vocabulary.h"
#include "agent/formats/self_check.h"
#include "common/event/event.h"

namespace tillrelay::formats::poslog {

struct SourceLine {
  event::Line line;  // quantity and amounts without sign
  Decimal amount;    // signed: what the customer pays for it
  bool flagged = false;
  bool contra = false;   // flagged, and written with a negative quantity
  bool dropped = false;  // taken back: leaves the event, is counted in `audit`
  std::optional<Decimal> list_price;
  // The prices say that the extended amount is what is left after the line's own discount.
  bool after_discount = false;
  std::string number;         // by which a pointer names this line
  std::string points_to;      // the line that this one cancels
  std::string reward_number;  // by which a reward names this line
};

struct LinesSource {
  XmlElement retail;
  const Dialect& dialect;
  const Vocabulary& words;
};

struct Reward {
  std::string line;  // SourceLine::reward_number
  Decimal amount;    // positive: taken off
};

struct Basket {
  std::vector<SourceLine> lines;
  std::vector<Reward> rewards;
  std::vector<event::Tender> tenders;
  std::vector<event::Tax> taxes;
  Money discounts, transaction_tax, line_tax, rounding;
  // What the lines' prices are already lower by than their regular ones.
  Money price_reductions;
  bool has_transaction_tax = false, tax_included_flag = false;
  bool names_tenders = false;  // also where every one of them was taken back
  bool rounded = false;        // a number carried float noise
  bool takes_back = false;     // it is a post-void
  // Of a post-void: its lines are told with turned signs.
  bool negated = false;
  // Every line of it is flagged: the flag tells of the post-void itself.
  bool all_flagged = false;
  // An element that is known by nobody and alone in its line: without a total it may be anything.
  std::string passed_over;
  // Numbers missing between the lines' own.
  int64_t vanished = 0;
};

// How the lines of a post-void are told: sets `negated`, or refuses what could mean both.
std::optional<event::Rejection> ReadPostVoidSigns(const LinesSource& source, Basket* basket);

// Reads every LineItem.
std::optional<event::Rejection> ReadBasket(const LinesSource& source, Basket* basket);

// An amount or quantity as tills write it; false if the text is none. "" is absent and true.
bool ReadNumber(std::string_view text, std::optional<Decimal>* out, bool* rounded);

// The LineItem/TransactionLink or retail TransactionLink as a reference.
event::Original OriginalOf(XmlElement link);

}  // namespace tillrelay::formats::poslog
