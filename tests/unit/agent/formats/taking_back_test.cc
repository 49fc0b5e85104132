// What is sold and taken back again leaves nothing behind: no stock, no turnover, no tender, no
// tax, however a register writes its amounts.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "agent/formats/csv.h"
#include "common/base/json_reader.h"
#include "common/event/draft.h"
#include "common/event/turnover.h"
#include "tests/support/golden.h"
#include "tests/support/seeded_random.h"

namespace tillrelay {
namespace {

using event::Draft;

constexpr int64_t kCent = Decimal::kUnit / 100;

struct TestLine {
  const char* action;
  int64_t cents;        // before tax where that comes on top
  int64_t rate;         // percent
  bool coupon = false;  // sold for less than nothing
};
struct Shape {
  const char* name;
  const char* kind;
  std::vector<TestLine> lines;
};
const Shape kShapes[] = {
    {"sale", "sale", {{"sale", 1000, 20}, {"sale", 500, 10}}},
    {"return", "return", {{"return", 800, 20}}},
    {"exchange in", "exchange", {{"return", 500, 20}, {"sale", 800, 10}}},
    {"exchange out", "exchange", {{"return", 800, 10}, {"sale", 500, 20}}},
    {"exchange 0", "exchange", {{"return", 500, 20}, {"sale", 500, 20}, {"sale", 0, 10}}},
    {"exchange 0 of rates", "exchange", {{"return", 500, 20}, {"sale", 500, 10}}},
    {"exchange of rates", "exchange", {{"return", 500, 20}, {"sale", 600, 0}}},
    {"exchange of a low net amount", "exchange", {{"return", 500, 0}, {"sale", 520, 20}}},
    {"exchange that its tax turns", "exchange", {{"return", 500, 0}, {"sale", 490, 20}}},
    {"deposit", "sale", {{"sale", 1000, 20}, {"deposit_return", 300, 0}}},
    {"deposits out", "sale", {{"sale", 300, 20}, {"deposit_return", 1000, 0}}},
};

enum class Telling { kOriginal, kRepeated, kNegated, kNegatedLines, kUnsigned };
enum class LineForm { kNet, kSomeNet, kExtended, kPrice, kNothing };
enum class TotalForm { kNone, kNet, kGrand, kAll };

struct Form {
  Telling telling = Telling::kOriginal;
  LineForm lines = LineForm::kNet;
  TotalForm totals = TotalForm::kAll;
  bool on_top = false, line_taxes = false, taxes = true;
  int64_t discount = 0, fee = 0, rounding = 0;  // cents, of the whole
};

std::string Text(int64_t cents) { return Decimal::FromMicros(cents * kCent, 2).Text(); }

bool Out(const TestLine& line) { return std::string_view(line.action) != "sale"; }
int64_t TaxOf(const TestLine& line, bool on_top) {
  return on_top ? line.cents * line.rate / 100 : line.cents * line.rate / (100 + line.rate);
}

class Document {
 public:
  Document(const Shape& shape, const Form& form) : shape_(shape), form_(form) {
    for (const TestLine& line : shape.lines) {
      const int64_t way = Out(line) ? -1 : 1, tax = way * TaxOf(line, form.on_top);
      lines_ += way * line.cents;
      net_ += way * line.cents - (form.on_top ? 0 : tax);
      tax_ += tax;
      by_rate_[line.rate].first += way * line.cents - (form.on_top ? 0 : tax);
      by_rate_[line.rate].second += tax;
    }
    const bool all_back = std::all_of(shape.lines.begin(), shape.lines.end(), Out);
    net_ -= all_back ? -form.discount : form.discount;
    lines_ -= all_back ? -form.discount : form.discount;
    way_ = form.telling == Telling::kNegated || form.telling == Telling::kNegatedLines ? -1 : 1;
  }
  int64_t Due() const { return net_ + tax_ + form_.fee + form_.rounding; }
  bool ComesToNothing() const { return lines_ == 0 || net_ + tax_ == 0; }
  bool TaxDecides() const { return std::abs(tax_) * 2 > std::abs(lines_); }
  bool PaysOut() const { return net_ + tax_ < 0; }
  int64_t net_micros() const { return net_ * kCent; }
  int64_t due_micros() const { return (net_ + tax_) * kCent; }
  bool BothWays() const { return Out(shape_.lines.front()) != Out(shape_.lines.back()); }
  bool IsVoid() const {
    return form_.telling != Telling::kOriginal && form_.telling != Telling::kUnsigned;
  }
  bool LinesNegated() const { return form_.telling == Telling::kNegatedLines; }

  // Without deposits. Lines tell their extended amounts, and with `line_taxes` their tax.
  std::string PosLog() const {
    const bool is_void = IsVoid();
    std::string out =
        "<POSLog><Transaction><RetailStoreID>0042</RetailStoreID><WorkstationID>03</WorkstationID>"
        "<SequenceNumber>" +
        std::string(is_void ? "8" : "7") +
        "</SequenceNumber><BusinessDayDate>2026-11-21</BusinessDayDate>"
        "<EndDateTime>2026-11-21T12:00:11</EndDateTime><RetailTransaction>";
    if (is_void) {
      out +=
          "<TransactionLink ReasonCode=\"Voided\"><WorkstationID>03</WorkstationID>"
          "<BusinessDayDate>2026-11-21</BusinessDayDate><SequenceNumber>7</SequenceNumber>"
          "</TransactionLink>";
    }
    for (size_t i = 0; i < shape_.lines.size(); ++i) out += PosLogLine(i);
    const auto amount = [&](int64_t cents) { return "<Amount>" + Signed(cents) + "</Amount>"; };
    const bool has_voucher = form_.telling != Telling::kUnsigned;
    if (form_.taxes) out += "<LineItem><Tax>" + amount(tax_) + "</Tax></LineItem>";
    if (has_voucher) {
      out += "<LineItem><Tender TenderType=\"Voucher\">" + amount(-500) + "</Tender></LineItem>";
    }
    out += "<LineItem><Tender TenderType=\"CreditDebit\">" +
           amount(net_ + tax_ + (has_voucher ? 500 : 0)) + "</Tender></LineItem>";
    if (form_.totals == TotalForm::kGrand || form_.totals == TotalForm::kAll) {
      out += "<Total TotalType=\"TransactionGrandAmount\">" + Signed(net_ + tax_) + "</Total>";
    }
    return out + "</RetailTransaction></Transaction></POSLog>";
  }

  std::string Json() const {
    const bool is_void = IsVoid();
    std::string out = std::string(R"({"kind":")") + (is_void ? "transaction_voided" : shape_.kind);
    out += R"(","transaction":{"store_id":"0042","register_id":"03","business_day":"2026-11-21",)";
    out += std::string(R"("transaction_no":")") + (is_void ? "8" : "7") +
           R"(","end_at":"2026-11-21T17:42:08+01:00"})";
    if (is_void) out += R"(,"voids":{"transaction_no":"7"})";
    out += R"(,"lines":[)";
    for (size_t i = 0; i < shape_.lines.size(); ++i) out += (i == 0 ? "" : ",") + Line(i);
    return out + "]" + Totals() + Taxes() + Tenders() + "}";
  }

 private:
  std::string PosLogLine(size_t i) const {
    const TestLine& line = shape_.lines[i];
    const std::string_view element = Out(line) ? "Return" : "Sale";
    const int64_t cents = LinesNegated() ? -line.cents : line.cents;
    std::string out = fmt::format(
        "<LineItem><SequenceNumber>{0}</SequenceNumber><{1}><ItemID>{0}</ItemID><Quantity>{2}"
        "</Quantity><ExtendedAmount>{3}</ExtendedAmount>",
        i + 1, element, LinesNegated() ? -2 : 2, Text(cents));
    if (form_.line_taxes) {
      out += "<Tax><Amount>" + Text(TaxOf(line, form_.on_top)) + "</Amount></Tax>";
    }
    return out + fmt::format("</{}></LineItem>", element);
  }
  std::string Line(size_t i) const {
    const TestLine& line = shape_.lines[i];
    const int64_t cents = form_.telling == Telling::kNegatedLines ? -line.cents : line.cents;
    std::string out = std::string(R"({"action":")") + line.action + R"(","item":{"sku":")" +
                      std::to_string(i) + R"("},"quantity":"2","uom":"EA")";
    const bool net = form_.lines == LineForm::kNet || (form_.lines == LineForm::kSomeNet && i == 0);
    if (net) out += R"(,"net_amount":")" + Text(cents) + '"';
    if (form_.lines == LineForm::kExtended) out += R"(,"extended_amount":")" + Text(cents) + '"';
    if (form_.lines == LineForm::kPrice) out += R"(,"unit_price":")" + Text(cents / 2) + '"';
    if (line.coupon) out += R"(,"non_stock":true)";
    if (form_.line_taxes) {
      out += R"(,"taxes":[{"rate":")" + std::to_string(line.rate) + R"(","amount":")" +
             Text(TaxOf(line, form_.on_top)) + R"("}])";
    }
    return out + "}";
  }
  std::string Signed(int64_t cents) const {
    return Text(form_.telling == Telling::kUnsigned ? std::abs(cents) : way_ * cents);
  }
  std::string Totals() const {
    std::string out;
    const auto add = [&](const char* name, int64_t cents) {
      out += std::string(out.empty() ? "" : ",") + '"' + name + R"(":")" + Signed(cents) + '"';
    };
    const bool all = form_.totals == TotalForm::kAll;
    if (all || form_.totals == TotalForm::kNet) add("net_amount", net_);
    const bool needed = form_.totals == TotalForm::kGrand && form_.on_top;
    if (all || needed) add("tax_amount", tax_);
    if (all) out += std::string(R"(,"tax_included":)") + (form_.on_top ? "false" : "true");
    if (form_.discount != 0) {
      out += std::string(out.empty() ? "" : ",") + R"("discount_amount":")" + Text(form_.discount) +
             '"';
    }
    if (form_.fee != 0) add("fee_amount", form_.fee);
    if (form_.rounding != 0) add("rounding_amount", form_.rounding);
    if (all || form_.totals == TotalForm::kGrand) add("grand_amount", Due());
    return out.empty() ? out : R"(,"totals":{)" + out + "}";
  }
  std::string Taxes() const {
    if (!form_.taxes) return "";
    std::string out;
    for (const auto& [rate, sums] : by_rate_) {
      out += (out.empty() ? "" : ",") + std::string(R"({"rate":")") + std::to_string(rate) +
             R"(","base":")" + Signed(sums.first) + R"(","amount":")" + Signed(sums.second) +
             R"("})";
    }
    return R"(,"taxes":[)" + out + "]";
  }
  std::string Tenders() const {
    const int64_t due = Due();
    if (form_.telling == Telling::kUnsigned) {
      return R"(,"tenders":[{"type":"card","amount":")" + Signed(due) + R"("}])";
    }
    return R"(,"tenders":[{"type":"voucher","amount":")" + Text(way_ * -500) +
           R"("},{"type":"card","amount":")" + Text(way_ * (due + 500)) + R"("}])";
  }

  const Shape& shape_;
  const Form form_;
  int64_t lines_ = 0, net_ = 0, tax_ = 0, way_ = 1;
  std::map<int64_t, std::pair<int64_t, int64_t>> by_rate_;  // base, tax
};

std::variant<Draft, event::Rejection> DraftOf(const std::string& document) {
  static const event::Shop kShop{"0042", {}, event::StoreZone::Load("Europe/Berlin").value()};
  const bool xml = document.starts_with('<');
  auto decoded = testing::Decode(xml ? formats::Format::kPosLog : formats::Format::kJson, document);
  auto& outcome = decoded.items.at(0).outcome;
  if (auto* why = std::get_if<event::Rejection>(&outcome)) return *why;
  return event::MakeDraft(std::get<event::Event>(std::move(outcome)), kShop);
}

using Sums = std::map<std::string, int64_t>;

void Add(const std::string& name, JsonValue from, const char* member, bool turns, Sums* sums) {
  const auto number = Decimal::Parse(from.String(member));
  if (number.ok()) (*sums)[name] += turns ? -number->micros() : number->micros();
}

// All that counts of a document.
void Count(Draft draft, Sums* sums) {
  JsonParser parser;
  const JsonValue data = parser.Parse(draft.data).value();
  const auto turns = event::TurnoverOf(draft.kind, data).Decide();
  const JsonValue totals = data.Find("totals");
  Add("net", totals, "net_amount", turns.net, sums);
  Add("tax", totals, "tax_amount", turns.tax, sums);
  Add("grand", totals, "grand_amount", turns.grand, sums);
  if (draft.book.net_amount) (*sums)["book"] += draft.book.net_amount->micros();
  for (const JsonValue tender : data.Find("tenders")) {
    Add("tender " + std::string(tender.String("type")), tender, "amount", turns.tenders, sums);
  }
  for (const JsonValue tax : data.Find("taxes")) {
    const std::string rate(tax.String("rate"));
    Add("base " + rate, tax, "base", turns.taxes, sums);
    Add("tax " + rate, tax, "amount", turns.taxes, sums);
  }
  for (const JsonValue line : data.Find("lines")) {
    for (const JsonValue effect : line.Find("stock_effect")) {
      const JsonValue item = line.Find("item");
      Add("stock " + std::string(item.String("sku")), effect, "delta", false, sums);
    }
  }
}

bool Turned(Draft draft) {
  JsonParser parser;
  return event::TurnoverOf(draft.kind, parser.Parse(draft.data).value()).Decide() !=
         event::Turnover::Turns();
}

std::string_view ByOriginal(Draft voided, Draft original) {
  JsonParser own, its;
  return event::TurnoverOf(voided.kind, own.Parse(voided.data).value())
      .AmountsBy(event::TurnoverOf(original.kind, its.Parse(original.data).value()));
}

std::string Show(const Sums& sums) {
  std::string out;
  for (const auto& [name, micros] : sums) {
    if (micros != 0) out += name + " " + Decimal::FromMicros(micros).Shortest() + "; ";
  }
  return out;
}

std::string NameOf(const Shape& shape, const Form& form) {
  return std::string(shape.name) + ", telling " + std::to_string(static_cast<int>(form.telling)) +
         ", lines " + std::to_string(static_cast<int>(form.lines)) + ", totals " +
         std::to_string(static_cast<int>(form.totals)) + (form.on_top ? ", on top" : ", included") +
         (form.line_taxes ? ", line taxes" : "") + (form.taxes ? ", taxes" : "");
}

template <class Each>
void ForEachForm(Each each) {
  for (const Shape& shape : kShapes) {
    for (const auto lines : {LineForm::kNet, LineForm::kSomeNet, LineForm::kExtended,
                             LineForm::kPrice, LineForm::kNothing}) {
      for (const auto totals :
           {TotalForm::kNone, TotalForm::kNet, TotalForm::kGrand, TotalForm::kAll}) {
        for (int bits = 0; bits < 8; ++bits) {
          each(shape, Form{Telling::kOriginal, lines, totals, (bits & 1) != 0, (bits & 2) != 0,
                           (bits & 4) != 0});
        }
      }
    }
  }
}

// Without its original: what goes both ways and whose lines do not all tell their money, or that
// comes to nothing.
TEST(TakingBack, ToldAndVoidedIsNothingHoweverItIsWritten) {
  size_t by_itself = 0, by_original = 0;
  ForEachForm([&](const Shape& shape, Form form) {
    auto original = DraftOf(Document(shape, form).Json());
    ASSERT_TRUE(std::holds_alternative<Draft>(original))
        << NameOf(shape, form) << ": " << std::get<event::Rejection>(original).hint;
    EXPECT_FALSE(Turned(std::get<Draft>(original))) << NameOf(shape, form);
    for (const auto telling : {Telling::kRepeated, Telling::kNegated, Telling::kNegatedLines}) {
      form.telling = telling;
      const Document document(shape, form);
      auto made = DraftOf(document.Json());
      ASSERT_TRUE(std::holds_alternative<Draft>(made))
          << NameOf(shape, form) << ": " << std::get<event::Rejection>(made).hint;
      Draft& voided = std::get<Draft>(made);
      ++(voided.amounts_undecided ? by_original : by_itself);
      if (voided.amounts_undecided) {
        const bool unknown = form.lines == LineForm::kSomeNet || form.lines == LineForm::kNothing;
        const bool tax_missing =
            document.TaxDecides() && !form.taxes && !form.line_taxes &&
            (form.totals == TotalForm::kNone || form.totals == TotalForm::kNet);
        EXPECT_TRUE(document.BothWays() && (unknown || tax_missing || document.ComesToNothing()))
            << NameOf(shape, form);
        EXPECT_EQ(voided.voids_key, std::get<Draft>(original).identity.key);
        const std::string_view amounts = ByOriginal(voided, std::get<Draft>(original));
        EXPECT_EQ(amounts, telling == Telling::kRepeated ? "repeated" : "negated")
            << NameOf(shape, form);
        event::SayAmounts(amounts, &voided);
      }
      Sums sums;
      Count(std::get<Draft>(original), &sums);
      Count(voided, &sums);
      EXPECT_EQ(Show(sums), "") << NameOf(shape, form);
    }
  });
  EXPECT_GT(by_itself, 2 * by_original);
}

// Anything that a till may sell and take back, with coupons, and with discounts, fees and roundings
// of the whole.
class Till {
 public:
  explicit Till(uint64_t seed) : random_(seed) {}

  Shape ASale() {
    Shape shape{"drawn", "", {}};
    const size_t count = 1 + random_.Below(4);
    for (size_t i = 0; i < count; ++i) shape.lines.push_back(ALine());
    const auto all = [&](auto is) {
      return std::all_of(shape.lines.begin(), shape.lines.end(), is);
    };
    const auto is_deposit = [](const TestLine& line) {
      return !Out(line) || line.action == std::string_view("deposit_return");
    };
    const bool coupon = random_.Chance(0.3) && !all(Out);
    shape.kind = all(is_deposit) ? "sale" : all(Out) ? "return" : "exchange";
    if (coupon)
      shape.lines.push_back({"sale", -2 * static_cast<int64_t>(random_.Below(40)), 20, true});
    return shape;
  }
  Form AForm() {
    Form form;
    constexpr TotalForm kTotals[] = {TotalForm::kNet, TotalForm::kGrand, TotalForm::kAll};
    constexpr LineForm kLines[] = {LineForm::kNet, LineForm::kExtended, LineForm::kPrice};
    form.totals = kTotals[random_.Below(3)];
    form.lines = kLines[random_.Below(3)];
    form.on_top = random_.Chance(0.5);
    form.line_taxes = random_.Chance(0.5);
    form.taxes = random_.Chance(0.5);
    if (random_.Chance(0.3)) form.discount = Cents(50);
    if (random_.Chance(0.2)) form.fee = Cents(50);
    if (random_.Chance(0.2)) form.rounding = Cents(4) - 2;
    return form;
  }

 private:
  int64_t Cents(uint64_t below) { return static_cast<int64_t>(random_.Below(below)); }
  TestLine ALine() {
    constexpr const char* kActions[] = {"sale", "sale", "return", "refund_only", "deposit_return"};
    constexpr int64_t kRates[] = {0, 10, 20};
    return {kActions[random_.Below(5)], 100 + 2 * Cents(1000), kRates[random_.Below(3)]};
  }
  testing::SeededRandom random_;
};

TEST(TakingBack, SoItIsWhateverIsDrawn) {
  size_t by_itself = 0, by_original = 0;
  Till till(7);
  for (int i = 0; i < 100; ++i) {
    const Shape shape = till.ASale();
    Form form = till.AForm();
    if (std::all_of(shape.lines.begin(), shape.lines.end(), Out)) form.discount = 0;
    auto original = DraftOf(Document(shape, form).Json());
    const std::string json = Document(shape, form).Json();
    ASSERT_TRUE(std::holds_alternative<Draft>(original))
        << json << std::get<event::Rejection>(original).hint;
    EXPECT_FALSE(Turned(std::get<Draft>(original))) << json;
    for (const auto telling : {Telling::kRepeated, Telling::kNegated, Telling::kNegatedLines}) {
      form.telling = telling;
      const std::string voided_json = Document(shape, form).Json();
      auto made = DraftOf(voided_json);
      ASSERT_TRUE(std::holds_alternative<Draft>(made))
          << voided_json << std::get<event::Rejection>(made).hint;
      Draft& voided = std::get<Draft>(made);
      ++(voided.amounts_undecided ? by_original : by_itself);
      if (voided.amounts_undecided) {
        event::SayAmounts(ByOriginal(voided, std::get<Draft>(original)), &voided);
      }
      Sums sums;
      Count(std::get<Draft>(original), &sums);
      Count(voided, &sums);
      EXPECT_EQ(Show(sums), "") << voided_json;
    }
  }
  EXPECT_GT(by_itself, 30 * by_original);
}

// Of a register that knows no signs.
TEST(TakingBack, WhatPaysOutWithoutSignsIsTakenOff) {
  size_t seen = 0;
  ForEachForm([&](const Shape& shape, Form form) {
    form.telling = Telling::kUnsigned;
    const Document document(shape, form);
    const bool told = form.totals == TotalForm::kNet && form.lines != LineForm::kNothing &&
                      form.lines != LineForm::kSomeNet && !form.taxes;
    if (!document.PaysOut() || document.ComesToNothing()) return;
    if (document.BothWays() && !told) return;
    if (document.TaxDecides() && !form.line_taxes) return;
    auto made = DraftOf(document.Json());
    ASSERT_TRUE(std::holds_alternative<Draft>(made))
        << NameOf(shape, form) << ": " << std::get<event::Rejection>(made).hint;
    Sums sums;
    Count(std::get<Draft>(made), &sums);
    if (sums.contains("book")) {
      EXPECT_EQ(sums["net"], document.net_micros()) << NameOf(shape, form);
      EXPECT_EQ(sums["book"], document.net_micros()) << NameOf(shape, form);
    }
    if (sums.contains("grand")) {
      EXPECT_EQ(sums["grand"], document.due_micros()) << NameOf(shape, form);
    }
    EXPECT_EQ(sums["tender card"], document.due_micros()) << NameOf(shape, form);
    EXPECT_LE(sums["tax 20"] + sums["tax 10"] + sums["base 20"] + sums["base 10"], 0);
    ++seen;
  });
  EXPECT_GT(seen, 10u);
}

TEST(TakingBack, SoItIsInPosLog) {
  size_t by_itself = 0, by_original = 0;
  ForEachForm([&](const Shape& shape, Form form) {
    const bool deposits = shape.lines.back().action == std::string_view("deposit_return");
    if (deposits || form.lines != LineForm::kNet || form.totals == TotalForm::kNet) return;
    if (!form.line_taxes && !form.taxes) return;
    auto original = DraftOf(Document(shape, form).PosLog());
    ASSERT_TRUE(std::holds_alternative<Draft>(original))
        << NameOf(shape, form) << ": " << std::get<event::Rejection>(original).hint;
    for (const auto telling : {Telling::kRepeated, Telling::kNegated, Telling::kNegatedLines}) {
      form.telling = telling;
      const Document document(shape, form);
      auto made = DraftOf(document.PosLog());
      ASSERT_TRUE(std::holds_alternative<Draft>(made))
          << NameOf(shape, form) << ": " << std::get<event::Rejection>(made).hint;
      Draft& voided = std::get<Draft>(made);
      ++(voided.amounts_undecided ? by_original : by_itself);
      if (voided.amounts_undecided) {
        EXPECT_TRUE(document.ComesToNothing()) << NameOf(shape, form);
        EXPECT_EQ(voided.voids_key, std::get<Draft>(original).identity.key);
        event::SayAmounts(ByOriginal(voided, std::get<Draft>(original)), &voided);
      }
      Sums sums;
      Count(std::get<Draft>(original), &sums);
      Count(voided, &sums);
      EXPECT_EQ(Show(sums), "") << NameOf(shape, form);
    }
  });
  EXPECT_GT(by_itself, 3 * by_original);
}

TEST(TakingBack, AReturnWithoutSignsIsTakenOffInPosLog) {
  size_t seen = 0;
  ForEachForm([&](const Shape& shape, Form form) {
    form.telling = Telling::kUnsigned;
    if (shape.kind != std::string_view("return") || form.totals == TotalForm::kNet) return;
    if (form.lines != LineForm::kNet) return;
    if (!form.line_taxes && !form.taxes) return;
    const Document document(shape, form);
    auto made = DraftOf(document.PosLog());
    ASSERT_TRUE(std::holds_alternative<Draft>(made))
        << NameOf(shape, form) << ": " << std::get<event::Rejection>(made).hint;
    Sums sums;
    Count(std::get<Draft>(made), &sums);
    EXPECT_LT(sums["book"], 0) << NameOf(shape, form);
    EXPECT_LT(sums["tax"], 0) << NameOf(shape, form);
    EXPECT_EQ(sums["tender card"], document.due_micros()) << NameOf(shape, form);
    if (sums.contains("grand")) {
      EXPECT_EQ(sums["grand"], document.due_micros()) << NameOf(shape, form);
    }
    ++seen;
  });
  EXPECT_EQ(seen, 18u);
}

// CSV has no post-voids: a sale, and its goods brought back, told with minus signs, with a word and
// the sale's amounts, or with a word and all of them negated.
TEST(TakingBack, SoItIsInCsvOfReturns) {
  formats::CsvProfile profile;
  profile.name = "till";
  profile.delimiter = ';';
  profile.time_format = "%Y-%m-%d %H:%M";
  profile.store_id = "0042";
  profile.constants = {{"register", "03"}};
  for (const char* column : {"number", "time", "kind", "sku", "quantity", "net_amount",
                             "tax_amount", "grand_amount", "tender"}) {
    profile.columns.emplace(column, column);
  }
  profile.words["kind"][""] = "sale";
  const std::string head =
      "number;time;kind;sku;quantity;net_amount;tax_amount;grand_amount;tender\n";
  const auto drafts_of = [&](const std::string& rows) {
    std::vector<Draft> drafts;
    const auto error = formats::DecodeCsv(profile, head + rows, {}, [&](formats::Item&& item) {
      const auto* why = std::get_if<event::Rejection>(&item.outcome);
      ASSERT_EQ(why, nullptr) << rows << why->field << why->hint;
      auto made =
          event::MakeDraft(std::get<event::Event>(std::move(item.outcome)), testing::GoldenShop());
      ASSERT_TRUE(std::holds_alternative<Draft>(made)) << rows;
      drafts.push_back(std::get<Draft>(std::move(made)));
    });
    EXPECT_FALSE(error) << rows << error->what;
    return drafts;
  };
  for (const char* grand : {"10.00", "11.90"}) {  // the tax is in the prices, or on top
    const std::string sold =
        fmt::format("1;2026-11-21 12:00;sale;apple;2;10.00;1.90;{};cash\n", grand);
    const std::string returns[] = {
        fmt::format("2;2026-11-21 12:30;;apple;-2;-10.00;-1.90;-{};cash\n", grand),
        fmt::format("2;2026-11-21 12:30;return;apple;2;10.00;1.90;{};cash\n", grand),
        fmt::format("2;2026-11-21 12:30;return;apple;-2;-10.00;-1.90;-{};cash\n", grand),
        fmt::format("2;2026-11-21 12:30;return;apple;2;10.00;1.90;-{};cash\n", grand)};
    for (const std::string& returned : returns) {
      Sums sums;
      for (const Draft& draft : drafts_of(sold + returned)) Count(draft, &sums);
      EXPECT_EQ(Show(sums), "") << returned;
      EXPECT_EQ(sums.count("tender cash"), 1u);
    }
  }
}

}  // namespace
}  // namespace tillrelay
