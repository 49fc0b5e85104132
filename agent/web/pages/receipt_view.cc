#include "agent/web/pages/receipt_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <utility>

#include "agent/web/view_strings.h"
#include "agent/web/word_strings.h"
#include "common/base/json_reader.h"
#include "common/web/html.h"

namespace tillrelay::web {
namespace {

using http::Html;

// A scalar member's text, whatever its type; "" where there is none.
std::string_view TextOf(JsonValue object, std::string_view name) {
  const JsonValue value = object.Find(name);
  const bool scalar = value.is_string() || value.is_number() || value.is_bool();
  return scalar ? value.text() : std::string_view();
}

// The store's clock face of a time as documents have it.
std::string ClockFace(std::string_view time) {
  std::string text(time.substr(0, std::min<size_t>(time.size(), 19)));
  if (text.size() > 10) text[10] = ' ';
  return strings::Dated(text);
}

class Receipt {
 public:
  Receipt(std::string_view kind, JsonValue data, const MarkedMembers& marked)
      : kind_(kind), data_(data), marked_(marked) {}

  std::string Build() {
    html_.Put("<div class=\"receipt\"><p class=\"kind\"><b>{}</b>{}</p>\n",
              strings::WordText(kind_), Marks());
    Head();
    Lines();
    Totals();
    Tenders();
    Close();
    html_.Raw("</div>\n");
    return html_.Take();
  }

 private:
  // What makes it no ordinary sale.
  std::string Marks() const {
    std::string marks;
    const JsonValue transaction = data_.Find("transaction");
    const auto add = [&marks](std::string_view text) { (marks += " · ") += text; };
    if (const auto status = TextOf(transaction, "status");
        !status.empty() && status != "completed") {
      add(strings::WordText(status));
    }
    if (TextOf(transaction, "training") == "true") add(strings::kReceiptTraining);
    if (kind_ == "return") add(strings::kReceiptReturn);
    if (data_.Find("voids")) add(strings::kReceiptVoid);
    return marks;
  }

  // One of these members, or one below it, is marked.
  bool IsMarked(const std::string& member) const {
    const auto next = marked_.lower_bound(member);
    return next != marked_.end() && next->starts_with(member) &&
           (next->size() == member.size() || (*next)[member.size()] == '.');
  }
  std::string Shown(std::string_view value, const std::string& member) const {
    Html html;
    html.Put(IsMarked(member) ? "<mark>{}</mark>" : "{}", value);
    return html.Take();
  }
  void Fact(std::string_view label, std::string_view value, const std::string& member = "-") {
    if (value.empty()) return;
    html_.Put("<dt>{}</dt><dd>", label).Raw(Shown(value, member)).Raw("</dd>\n");
  }
  void Head() {
    const std::pair<std::string_view, std::string_view> parts[] = {
        {"transaction", "transaction_no"},
        {"transfer", "transfer_id"},
        {"count", "count_id"},
        {"adjustment", "adjustment_id"},
        {"close", "z_no"}};
    html_.Raw("<dl class=\"facts\">");
    for (const auto& [name, number] : parts) {
      const JsonValue part = data_.Find(name);
      if (!part.is_object()) continue;
      const auto fact = [&, part = part, name = name](std::string_view label,
                                                      std::string_view member) {
        Fact(label, TextOf(part, member), fmt::format("{}.{}", name, member));
      };
      fact(strings::kReceiptNumber, number);
      fact(strings::kStoreWord, "store_id");
      fact(strings::kRegister, "register_id");
      Fact(strings::kBusinessDay, strings::Dated(TextOf(part, "business_day")),
           fmt::format("{}.business_day", name));
      for (const char* time : {"end_at", "shipped_at", "received_at", "as_of", "adjusted_at",
                               "closed_at", "voided_at"}) {
        Fact(strings::kWhen, ClockFace(TextOf(part, time)), fmt::format("{}.{}", name, time));
      }
      Fact(strings::kReason, strings::WordText(TextOf(part, "reason")));
      fact(strings::kReceiptFrom, "from_store_id");
      fact(strings::kReceiptTo, "to_store_id");
    }
    const JsonValue voids = data_.Find("voids");
    Fact(strings::kReceiptVoids, TextOf(voids, "transaction_no"));
    html_.Raw("</dl>\n");
  }

  // The name if there is one, and what identifies it.
  static std::string ItemText(JsonValue item) {
    std::string text(TextOf(item, "description"));
    for (const char* name : {"sku", "gtin"}) {
      const auto id = TextOf(item, name);
      if (id.empty() || id == text) continue;
      (text += text.empty() ? "" : " · ") += id;
    }
    return text.empty() ? "–" : text;
  }
  static std::string QuantityText(JsonValue line) {
    std::string text =
        strings::Amount(TextOf(line, line.Find("quantity") ? "quantity" : "counted"));
    const auto uom = TextOf(line, "uom");
    if (!uom.empty()) (text += " ") += uom;
    return text;
  }
  // Not sold plainly: returned, voided, short, damaged.
  static std::string LineMarks(JsonValue line) {
    std::string marks;
    const auto add = [&marks](std::string text) {
      if (!text.empty()) (marks += marks.empty() ? "" : ", ") += text;
    };
    const auto action = TextOf(line, "action");
    if (action != "sale" && action != "sold") add(strings::WordText(action));
    if (const auto bucket = TextOf(line, "bucket"); bucket != "on_hand")
      add(strings::WordText(bucket));
    add(strings::WordText(TextOf(line, "reason")));
    add(strings::WordText(TextOf(line, "condition")));
    if (TextOf(line, "non_stock") == "true") add(std::string(strings::kReceiptNonStock));
    return marks;
  }
  // On a phone the name stands before the value; none where there is no value.
  void Cell(std::string_view name, std::string_view value, bool marked) {
    if (value.empty()) {
      html_.Raw("<td></td>");
      return;
    }
    html_.Put(marked ? "<td class=\"num\" data-k=\"{}\"><mark>{}</mark></td>"
                     : "<td class=\"num\" data-k=\"{}\">{}</td>",
              name, value);
  }
  void Line(JsonValue line, size_t index) {
    const std::string path = fmt::format("lines[{}].", index), marks = LineMarks(line);
    const auto any = [&](std::initializer_list<const char*> members) {
      return std::any_of(members.begin(), members.end(),
                         [&](const char* member) { return IsMarked(path + member); });
    };
    html_.Raw("<tr><th scope=\"row\">").Raw(Shown(ItemText(line.Find("item")), path + "item"));
    if (!marks.empty()) {
      html_.Put(any({"action", "bucket", "reason", "condition", "non_stock"})
                    ? " <small><mark>{}</mark></small>"
                    : " <small>{}</small>",
                marks);
    }
    html_.Raw("</th>");
    const auto net = TextOf(line, "net_amount");
    Cell(strings::kReceiptQuantity, QuantityText(line), any({"quantity", "counted", "uom"}));
    Cell(strings::kReceiptPrice, strings::Amount(TextOf(line, "unit_price")), any({"unit_price"}));
    Cell(strings::kReceiptAmount,
         strings::Amount(net.empty() ? TextOf(line, "extended_amount") : net),
         any({"net_amount", "extended_amount"}));
    html_.Raw("</tr>\n");
  }
  void Lines() {
    const JsonValue lines = data_.Find("lines");
    if (lines.size() == 0) return;
    html_.Put(
        "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\" "
        "class=\"num\">{}</th><th scope=\"col\" class=\"num\">{}</th><th scope=\"col\" "
        "class=\"num\">{}</th></tr></thead><tbody>\n",
        strings::kReceiptItem, strings::kReceiptQuantity, strings::kReceiptPrice,
        strings::kReceiptAmount);
    size_t shown = 0;
    for (const JsonValue line : lines) {
      if (shown == kMaxReceiptLines) break;
      Line(line, shown++);
    }
    html_.Raw("</tbody></table>\n");
    if (lines.size() > kMaxReceiptLines) {
      html_.Put("<p class=\"note\">{}</p>\n",
                strings::Count(strings::kReceiptMore, lines.size() - kMaxReceiptLines));
    }
  }

  void Totals() {
    const std::pair<strings::Text, const char*> amounts[] = {
        {strings::kReceiptNet, "net_amount"},
        {strings::kReceiptTax, "tax_amount"},
        {strings::kReceiptDiscount, "discount_amount"},
        {strings::kReceiptRounding, "rounding_amount"},
        {strings::kReceiptTotal, "grand_amount"}};
    const auto currency = TextOf(data_, "currency");
    Amounts("totals", amounts, currency);
  }
  // Numbers of documents are names.
  static std::string AmountOf(std::string_view member, std::string_view text) {
    return member.ends_with("_no") ? std::string(text) : strings::Amount(text);
  }
  template <class Rows>
  void Amounts(const std::string& member, const Rows& rows, std::string_view unit) {
    const JsonValue part = data_.Find(member);
    if (!part.is_object()) return;
    html_.Raw("<dl class=\"amounts\">");
    for (const auto& [label, name] : rows) {
      const auto amount = TextOf(part, name);
      if (amount.empty()) continue;
      const std::string text =
          fmt::format("{}{}{}", AmountOf(name, amount), unit.empty() ? "" : " ", unit);
      html_.Put("<dt>{}</dt><dd>", label).Raw(Shown(text, member + "." + name)).Raw("</dd>\n");
    }
    html_.Raw("</dl>\n");
  }
  void Tenders() {
    const JsonValue tenders = data_.Find("tenders");
    if (tenders.size() == 0) return;
    html_.Put("<h3>{}</h3><dl class=\"amounts\">", strings::kReceiptTenders);
    size_t index = 0;
    for (const JsonValue tender : tenders) {
      const std::string path = fmt::format("tenders[{}].", index++);
      html_.Raw("<dt>").Raw(Shown(strings::WordText(TextOf(tender, "type")), path + "type"));
      html_.Raw("</dt><dd>").Raw(Shown(strings::Amount(TextOf(tender, "amount")), path + "amount"));
      html_.Raw("</dd>\n");
    }
    html_.Raw("</dl>\n");
  }
  // A Z report: what the register told of its day.
  void Close() {
    const std::pair<strings::Text, const char*> figures[] = {
        {strings::kReceiptFirst, "first_transaction_no"},
        {strings::kReceiptLast, "last_transaction_no"},
        {strings::kReceiptCount, "transaction_count"},
        {strings::kReceiptNet, "net_amount"},
        {strings::kReceiptTax, "tax_amount"}};
    Amounts("pos_control", figures, "");
  }

  const std::string_view kind_;
  const JsonValue data_;
  const MarkedMembers& marked_;
  Html html_;
};

}  // namespace

std::string ReceiptHtml(std::string_view kind, const std::string& json,
                        const MarkedMembers& marked) {
  JsonParser parser;
  std::string bytes = json;
  const auto root = parser.Parse(bytes);
  if (!root.ok() || !root->is_object()) return "";
  const char* const parts[] = {"transaction", "transfer", "count", "adjustment", "close"};
  const bool known = std::any_of(std::begin(parts), std::end(parts), [&root](const char* part) {
    return root->Find(part).is_object();
  });
  if (!known) return "";
  return Receipt(kind.empty() ? root->String("kind") : kind, *root, marked).Build();
}

}  // namespace tillrelay::web
