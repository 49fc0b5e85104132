// What: which way the money of a receipt counts. Registers tell what takes back (returns, exchanges
//   that pay out, post-voids) with the original's signs, negated or without any sign; the lines say
//   which it is. docs/books.md, "What takes back is taken off".
// Promise: pure. Amounts of one group (the tenders, the taxes) keep their signs among each other;
//   the group as a whole is turned or left. What nothing decides is left as it is told, and said.
// Thread: any (value). Names that are given are views; they live as long as the document.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/base/decimal.h"
#include "common/event/event.h"

namespace tillrelay {
class JsonValue;
}

namespace tillrelay::event {

// The action of a line gives money back.
bool PaysOut(std::string_view action);

class Turnover {
 public:
  using Amount = std::optional<Decimal>;
  __extension__ using Wide = __int128;  // millionths: no sum of a document leaves it

  // What a line says of its money.
  struct LineAmounts {
    std::string_view action;  // "": the kind's own
    Amount net, extended, discount, unit_price, quantity;
    bool non_stock = false;
  };
  // Tenders of one type, taxes of one rate.
  struct Part {
    std::string_view name;
    int64_t rate = -1;  // in millionths; -1: it has none
    Wide sum = 0;
  };
  // Whether the amounts of a group have to be negated to count.
  struct Turns {
    bool net = false, grand = false, tax = false;  // of the totals
    bool tenders = false, taxes = false;
    bool operator==(const Turns&) const = default;
  };
  // All of it, gathered.
  struct Figures {
    Kind kind = Kind::kSale;
    bool paid_in = false, paid_out = false;
    bool in_unknown = false, out_unknown = false;  // a line that does not tell its money
    Wide goods_in = 0, in_positive = 0, in_negative = 0, out = 0;
    size_t lines = 0;
    Totals totals;
    std::vector<Part> line_taxes, tenders, tax_amounts, tax_bases;
    std::string_view amounts;
    bool net_is_reported = true;
    bool line_taxes_signed = false;  // some of them, so that none shows a direction
  };

  explicit Turnover(Kind kind) { figures_.kind = kind; }
  // Every line, in any order.
  void AddLine(const LineAmounts& line);
  void AddLineTax(std::string_view action, const Amount& rate, const Amount& amount);
  void AddTender(std::string_view type, const Amount& amount);
  void AddTax(const Amount& rate, const Amount& base, const Amount& amount);
  void SetTotals(const Totals& totals) { figures_.totals = totals; }
  // By the decoder's dialect: that of POSLog may have added the net amount up itself.
  void SetDialect(std::string_view dialect) {
    figures_.net_is_reported = !dialect.starts_with("poslog");
  }
  // The document's own word, "repeated" or "negated"; it counts where its figures do not tell.
  void SetAmounts(std::string_view word) { figures_.amounts = word; }

  // False of what only sells: nothing can be turned, the lines are enough.
  bool CanTurn() const;
  Turns Decide() const;
  // A post-void with amounts that could mean both directions.
  bool Undecided() const;
  // How a post-void tells what it does not decide itself, by the document that it takes back; ""
  // where that does not show it.
  std::string_view AmountsBy(const Turnover& original) const;

 private:
  Figures figures_;
};

// The one gathering of what a document says: as it is decoded, and as it is stored.
Turnover TurnoverOf(const Event& event);
Turnover TurnoverOf(Kind kind, JsonValue data);

// The amount as it counts.
inline Turnover::Amount Counted(const Turnover::Amount& amount, bool turns) {
  return amount && turns ? Turnover::Amount(-*amount) : amount;
}

}  // namespace tillrelay::event
