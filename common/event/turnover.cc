#include "common/event/turnover.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

namespace tillrelay::event {
namespace {

using Wide = Turnover::Wide;
using Part = Turnover::Part;
using Parts = std::vector<Part>;
using Amount = Turnover::Amount;

constexpr Wide kCent = Decimal::kUnit / 100;
constexpr Wide kMostApart = 5 * kCent;
constexpr Wide kEndless = Wide{1} << 100;  // farther than any amounts

Wide Size(Wide value) { return value < 0 ? -value : value; }
int SignOf(Wide value) { return value == 0 ? 0 : value < 0 ? -1 : 1; }
Wide Of(const Amount& amount) { return amount ? amount->micros() : 0; }

// What a line costs; nothing where it does not say.
std::optional<Wide> ValueOf(const Turnover::LineAmounts& line) {
  if (line.net) return Of(line.net);
  std::optional<Wide> full;
  if (line.extended) full = Of(line.extended);
  if (!full && line.unit_price && line.quantity) {
    full = Of(line.unit_price) * Of(line.quantity) / Decimal::kUnit;
  }
  if (!full) return std::nullopt;
  return *full - SignOf(*full) * Size(Of(line.discount));
}

// No till has so many kinds of tender or rates of tax: what is beyond goes to the last of them.
constexpr size_t kMostParts = 200;

void AddTo(Parts* parts, const Part& part) {
  for (Part& known : *parts) {
    if (known.name != part.name || known.rate != part.rate) continue;
    known.sum += part.sum;
    return;
  }
  if (parts->size() < kMostParts) {
    parts->push_back(part);
  } else {
    parts->back().sum += part.sum;
  }
}

Wide SumOf(const Parts& parts) {
  Wide sum = 0;
  for (const Part& part : parts) sum += part.sum;
  return sum;
}

bool Matters(const Parts& parts) {
  return std::any_of(parts.begin(), parts.end(), [](const Part& part) { return part.sum != 0; });
}

// How a figure is told: as the lines would have it of the receipt that they are, or the other way
// round.
enum class Sign : uint8_t { kUnknown, kAsLines, kOpposite };

Sign Other(Sign sign) {
  return sign == Sign::kAsLines    ? Sign::kOpposite
         : sign == Sign::kOpposite ? Sign::kAsLines
                                   : Sign::kUnknown;
}
Sign Compare(int reported, int expected) {
  if (reported == 0 || expected == 0) return Sign::kUnknown;
  return reported == expected ? Sign::kAsLines : Sign::kOpposite;
}

struct Votes {
  bool as_lines = false, opposite = false;
};

// Each part has one.
void Vote(const Parts& reported, const Parts& expected, Votes* votes) {
  for (const Part& part : reported) {
    for (const Part& known : expected) {
      if (known.name != part.name || known.rate != part.rate) continue;
      const Sign vote = Compare(SignOf(part.sum), SignOf(known.sum));
      votes->as_lines = votes->as_lines || vote == Sign::kAsLines;
      votes->opposite = votes->opposite || vote == Sign::kOpposite;
    }
  }
}

// Only one voice counts.
Sign Agreement(const Parts& reported, const Parts& expected) {
  Votes votes;
  Vote(reported, expected, &votes);
  if (votes.as_lines == votes.opposite) return Sign::kUnknown;
  return votes.as_lines ? Sign::kAsLines : Sign::kOpposite;
}

Sign FirstKnown(std::initializer_list<Sign> signs) {
  for (const Sign sign : signs) {
    if (sign != Sign::kUnknown) return sign;
  }
  return Sign::kUnknown;
}

struct Signs {
  Sign net, grand, tax, tenders, taxes;
};

class SignFinder {
 public:
  explicit SignFinder(const Turnover::Figures& figures) : f_(figures) {
    // A post-void may tell its lines negated as well.
    const Wide in = f_.in_positive - f_.in_negative;
    negated_ = is_void() && (f_.goods_in < 0 || (f_.goods_in == 0 && in < 0));
    expected_ = (negated_ ? -in : in) - f_.out - Discount();
    // Vouchers alone may be told so in either case.
    otherwise_ = negated_ && f_.goods_in == 0 ? in - f_.out - Discount() : expected_;
    if (!f_.line_taxes_signed) line_tax_ = SumOf(f_.line_taxes);
    is_open_ = f_.in_unknown || f_.out_unknown;
    both_ways_ = f_.paid_in && (f_.paid_out || (f_.in_positive != 0 && f_.in_negative != 0));
    near_ = std::min<Wide>(kMostApart, kCent * static_cast<Wide>(std::max<size_t>(f_.lines, 1)));
  }

  bool is_void() const { return f_.kind == Kind::kTransactionVoided; }
  bool IsTurned(Sign sign) const { return sign == (is_void() ? Sign::kAsLines : Sign::kOpposite); }

  Signs Find() const {
    Signs signs{OfTotal(net(), false), OfTotal(grand(), true), {}, {}, {}};
    if (net() != 0) signs.net = FirstKnown({signs.net, signs.grand});
    if (grand() != 0) signs.grand = FirstKnown({signs.grand, signs.net});
    const Sign whole = FirstKnown({signs.grand, signs.net});
    if (AddUp()) signs.net = signs.grand = whole;
    signs.tax = AddUp() ? whole : OfTax(signs);
    signs.taxes = OfTaxes(signs);
    signs.tenders = OfTenders(signs);
    const Sign by_net = f_.net_is_reported ? signs.net : Sign::kUnknown;
    const Sign all = FirstKnown({signs.grand, signs.tenders, signs.taxes, Word(), by_net});
    for (Sign* sign : {&signs.net, &signs.grand, &signs.tax, &signs.tenders}) {
      *sign = FirstKnown({*sign, all});
    }
    if (HasMixedSigns()) signs.net = signs.tax = Word();
    signs.taxes = FirstKnown({signs.taxes, TaxesBy(signs.tax), all});
    return signs;
  }

 private:
  Wide net() const { return Of(f_.totals.net_amount); }
  Wide grand() const { return Of(f_.totals.grand_amount); }
  Wide tax() const { return Of(f_.totals.tax_amount); }
  bool TellsAll() const {
    return both_ways_ && f_.net_is_reported && net() != 0 && grand() != 0 && tax() != 0;
  }
  // Net and tax are the total as they are told: the three are turned together or not at all.
  bool AddUp() const {
    const Wide apart = grand() - net() - tax();
    return TellsAll() && std::min(Size(apart), Size(apart - Extras())) <= near_;
  }
  // A post-void whose three amounts do not add up has lost signs that differed.
  bool HasMixedSigns() const { return is_void() && TellsAll() && !AddUp(); }
  Wide AnyTax() const { return f_.totals.tax_amount ? tax() : SumOf(f_.tax_amounts); }
  Wide Extras() const { return Of(f_.totals.fee_amount) + Of(f_.totals.rounding_amount); }
  // Of all lines, where they go one way.
  bool AllBack() const { return !f_.paid_in && (f_.paid_out || f_.kind == Kind::kReturn); }
  int Way() const { return AllBack() ? -1 : 1; }
  // It lowers what is paid, whichever way that is.
  Wide Discount() const {
    const Wide size = Size(Of(f_.totals.discount_amount));
    return AllBack() ? -size : size;
  }
  // Whoever negates the goods negates the rest.
  Sign Word() const {
    if (f_.amounts == "repeated") return Sign::kAsLines;
    return f_.amounts == "negated" || f_.goods_in < 0 ? Sign::kOpposite : Sign::kUnknown;
  }

  // From what the lines and `more` give.
  Wide Apart(Wide value, Wide more) const {
    return std::min(ApartFrom(expected_ + more, value), ApartFrom(otherwise_ + more, value));
  }
  // Lines that do not tell their money may make it more, or less.
  Wide ApartFrom(Wide expected, Wide value) const {
    if (value < expected) return f_.out_unknown ? 0 : expected - value;
    return f_.in_unknown ? 0 : value - expected;
  }

  // How far a total lies from the lines if it is told as they are (1), or the other way round (-1).
  Wide Apart(Wide reported, int way, bool is_grand) const {
    const std::optional<bool>& included = f_.totals.tax_included;
    const bool may_be_plain = !is_grand || included.value_or(true);
    const bool may_be_taxed = is_grand ? !included.value_or(false) : included.value_or(true);
    Wide least = kEndless;
    const auto try_more = [&](Wide more) { least = std::min(least, Apart(way * reported, more)); };
    for (const int own : {1, -1}) {  // fees and tax may have signs of their own
      if (is_grand && own != 1 && own != way) continue;
      for (const Wide extras : {own * Extras(), is_grand ? own * Extras() : Wide{0}}) {
        if (may_be_plain) try_more(extras);
        for (const Wide tax : {own * AnyTax(), line_tax_}) {
          if (may_be_taxed) try_more(is_grand ? extras + tax : extras - tax);
        }
      }
    }
    return least;
  }

  Sign OfTotal(Wide reported, bool is_grand) const {
    if (reported == 0) return Sign::kUnknown;
    if (!both_ways_) return Compare(SignOf(reported), Way());
    const Wide as_lines = Apart(reported, 1, is_grand), opposite = Apart(reported, -1, is_grand);
    if (!is_void()) return OfUnsigned(reported, as_lines, opposite);
    if (IsClear(reported, std::min(as_lines, opposite), std::max(as_lines, opposite))) {
      return as_lines < opposite ? Sign::kAsLines : Sign::kOpposite;
    }
    const bool all_one_way = !(f_.paid_in && f_.paid_out);
    return all_one_way ? Compare(SignOf(reported), Way()) : Sign::kUnknown;
  }

  // Lines that do not tell their money leave room for what the discount of the whole may be.
  bool IsClear(Wide reported, Wide nearer, Wide farther) const {
    if (is_open_) return farther - nearer > Size(reported) / 4 + near_;
    return nearer < farther && (nearer <= near_ || nearer * 4 < farther);
  }

  // What is no post-void and goes both ways is as it is told, unless it is what a register writes
  // that knows no signs. Where the lines fit both, the other groups tell.
  Sign OfUnsigned(Wide reported, Wide as_lines, Wide opposite) const {
    if (reported < 0) return Sign::kAsLines;
    if (IsOpposite(as_lines, opposite, reported)) return Sign::kOpposite;
    const bool fits = is_open_ ? IsClear(reported, as_lines, opposite) : as_lines != opposite;
    return fits ? Sign::kAsLines : Sign::kUnknown;
  }
  bool IsOpposite(Wide as_lines, Wide opposite, Wide reported) const {
    return is_open_ ? IsClear(reported, opposite, as_lines) : IsMuchNearer(opposite, as_lines);
  }
  bool IsMuchNearer(Wide one, Wide other) const {
    return other > near_ && (one <= near_ || one * 4 < other);
  }

  Sign OfTax(const Signs& signs) const {
    if (tax() == 0) return Sign::kUnknown;
    if (!both_ways_) return Compare(SignOf(tax()), Way());
    if (Near(line_tax_)) return Compare(SignOf(tax()), SignOf(line_tax_));
    const Wide grand_as_lines = Directed(grand(), signs.grand);
    if (!is_open_ && signs.grand != Sign::kUnknown) {
      const Wide left = grand_as_lines - Directed(Extras(), signs.grand) - expected_;
      if (Near(left)) return Compare(SignOf(tax()), SignOf(left));
    }
    if (signs.grand != Sign::kUnknown && signs.net != Sign::kUnknown) {
      const Wide left = grand_as_lines - Directed(net() + Extras(), signs.net);
      if (Near(left)) return Compare(SignOf(tax()), SignOf(left));
    }
    return Sign::kUnknown;
  }
  // It can be the tax, of one sign or the other.
  bool Near(Wide value) const {
    return value != 0 && Size(Size(value) - Size(tax())) <= std::min(near_, Size(tax()) / 2);
  }
  static Wide Directed(Wide value, Sign sign) { return sign == Sign::kOpposite ? -value : value; }

  Sign OfTaxes(const Signs& signs) const {
    const Wide amounts = SumOf(f_.tax_amounts);
    const Wide sum = amounts != 0 ? amounts : SumOf(f_.tax_bases);
    if (!both_ways_) return Compare(SignOf(sum), Way());
    const Sign by_rate = Agreement(f_.tax_amounts, f_.line_taxes);
    if (by_rate != Sign::kUnknown && !f_.line_taxes_signed) return by_rate;
    return TaxesBy(signs.tax);
  }
  // They add up to the total of the taxes.
  Sign TaxesBy(Sign of_total) const {
    const Wide amounts = SumOf(f_.tax_amounts);
    if (amounts == 0 || tax() == 0 || !Near(amounts)) return Sign::kUnknown;
    return SignOf(amounts) == SignOf(tax()) ? of_total : Other(of_total);
  }

  // They pay what is due.
  Sign OfTenders(const Signs& signs) const {
    const Wide paid = SumOf(f_.tenders);
    if (paid == 0) return Sign::kUnknown;
    if (!both_ways_) return Compare(SignOf(paid), Way());
    const Wide due = Directed(grand(), signs.grand);
    if (due == 0 || signs.grand == Sign::kUnknown) {
      const Sign by_lines = OfTotal(paid, true);
      const bool by_net = signs.net != Sign::kUnknown && f_.net_is_reported;
      if (by_lines != Sign::kUnknown || !by_net) return by_lines;
      const Wide rest = Directed(net(), signs.net);
      if (IsMuchNearer(Size(paid - rest), Size(paid + rest))) return Sign::kAsLines;
      const bool negated = IsMuchNearer(Size(paid + rest), Size(paid - rest));
      return negated ? Sign::kOpposite : Sign::kUnknown;
    }
    if (is_void()) return Compare(SignOf(paid), SignOf(due));
    const bool has_no_sign = paid > 0 && due < 0 && IsMuchNearer(Size(paid + due), paid - due);
    return has_no_sign ? Sign::kOpposite : Sign::kAsLines;
  }

  const Turnover::Figures& f_;
  bool negated_ = false, both_ways_ = false, is_open_ = false;
  Wide expected_ = 0, otherwise_ = 0;  // what the lines come to
  Wide line_tax_ = 0;
  Wide near_ = 0;
};

// As they count.
Parts TotalsOf(const Totals& totals, const Turnover::Turns& turns) {
  return {{"net", -1, Of(Counted(totals.net_amount, turns.net))},
          {"grand", -1, Of(Counted(totals.grand_amount, turns.grand))},
          {"tax", -1, Of(Counted(totals.tax_amount, turns.tax))}};
}

Parts Directed(Parts parts, bool turns) {
  for (Part& part : parts) part.sum = turns ? -part.sum : part.sum;
  return parts;
}

}  // namespace

bool PaysOut(std::string_view action) {
  return action == "return" || action == "refund_only" || action == "deposit_return";
}

void Turnover::AddLine(const LineAmounts& line) {
  if (line.action == "void") return;
  ++figures_.lines;
  const bool out = PaysOut(line.action) || (line.action.empty() && figures_.kind == Kind::kReturn);
  (out ? figures_.paid_out : figures_.paid_in) = true;
  const auto value = ValueOf(line);
  if (!value) {
    (out ? figures_.out_unknown : figures_.in_unknown) = true;
  } else if (out) {
    figures_.out += Size(*value);
  } else {
    (*value < 0 ? figures_.in_negative : figures_.in_positive) += Size(*value);
    if (!line.non_stock) figures_.goods_in += *value;
  }
}

void Turnover::AddLineTax(std::string_view action, const Amount& rate, const Amount& amount) {
  if (action == "void" || !amount) return;
  const Wide size = Size(Of(amount));
  if (amount->negative()) figures_.line_taxes_signed = true;
  const bool out = PaysOut(action) || (action.empty() && figures_.kind == Kind::kReturn);
  AddTo(&figures_.line_taxes, {"", rate ? rate->micros() : -1, out ? -size : size});
}

void Turnover::AddTender(std::string_view type, const Amount& amount) {
  AddTo(&figures_.tenders, {type, -1, Of(amount)});
}

void Turnover::AddTax(const Amount& rate, const Amount& base, const Amount& amount) {
  const int64_t of = rate ? rate->micros() : -1;
  AddTo(&figures_.tax_amounts, {"", of, Of(amount)});
  AddTo(&figures_.tax_bases, {"", of, Of(base)});
}

bool Turnover::CanTurn() const {
  return figures_.kind == Kind::kTransactionVoided || figures_.kind == Kind::kReturn ||
         figures_.paid_out;
}

Turnover::Turns Turnover::Decide() const {
  if (!CanTurn()) return {};
  const SignFinder finder(figures_);
  const Signs signs = finder.Find();
  return {finder.IsTurned(signs.net), finder.IsTurned(signs.grand), finder.IsTurned(signs.tax),
          finder.IsTurned(signs.tenders), finder.IsTurned(signs.taxes)};
}

bool Turnover::Undecided() const {
  if (figures_.kind != Kind::kTransactionVoided) return false;
  const Signs signs = SignFinder(figures_).Find();
  const auto open = [](Sign sign, bool matters) { return sign == Sign::kUnknown && matters; };
  const Totals& totals = figures_.totals;
  return open(signs.net, Of(totals.net_amount) != 0) ||
         open(signs.grand, Of(totals.grand_amount) != 0) ||
         open(signs.tax, Of(totals.tax_amount) != 0) ||
         open(signs.tenders, Matters(figures_.tenders)) ||
         open(signs.taxes, Matters(figures_.tax_amounts) || Matters(figures_.tax_bases));
}

std::string_view Turnover::AmountsBy(const Turnover& original) const {
  const Figures& was = original.figures_;
  if (was.kind > Kind::kExchange) return "";
  const Turns turns = original.Decide();
  Votes votes;
  const Parts totals = TotalsOf(figures_.totals, {});  // as told
  const Parts counted = TotalsOf(was.totals, turns);
  for (size_t i = 0; i < totals.size(); ++i) {
    const bool other_sum = Size(Size(totals[i].sum) - Size(counted[i].sum)) > kMostApart;
    if (other_sum && totals[i].sum != 0 && counted[i].sum != 0) return "";
  }
  Vote(totals, counted, &votes);
  Vote(figures_.tenders, Directed(was.tenders, turns.tenders), &votes);
  Vote(figures_.tax_amounts, Directed(was.tax_amounts, turns.taxes), &votes);
  if (votes.as_lines == votes.opposite) return "";
  return votes.as_lines ? "repeated" : "negated";
}

}  // namespace tillrelay::event
