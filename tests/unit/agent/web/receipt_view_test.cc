#include "agent/web/pages/receipt_view.h"

#include <gtest/gtest.h>

#include "agent/web/pages/issues_view.h"
#include "tests/unit/agent/monitor/samples.h"

namespace tillrelay::web {
namespace {

const char* const kSale = R"({
  "transaction": {"store_id": "0042", "register_id": "03", "business_day": "2026-11-21",
                  "transaction_no": "004711", "status": "completed",
                  "end_at": "2026-11-21T17:42:08+01:00"},
  "currency": "EUR",
  "lines": [{"line_no": 1, "action": "sale", "item": {"sku": "100234", "description": "Milk"},
             "quantity": "2", "uom": "EA", "unit_price": "1.19", "net_amount": "2.38",
             "bucket": "on_hand"},
            {"line_no": 2, "action": "return", "item": {"gtin": "4006381333931"}, "quantity": "-1",
             "uom": "EA", "extended_amount": "-5.00", "bucket": "damaged"}],
  "totals": {"net_amount": "-2.62", "tax_amount": "0.17", "grand_amount": "-2.45"},
  "tenders": [{"type": "cash", "amount": "-2.45"}]})";

bool Has(const std::string& html, const std::string& text) {
  return html.find(text) != std::string::npos;
}

TEST(Receipt, ShowsLinesPricesTotalsAndTenders) {
  const std::string html = ReceiptHtml("sale", kSale);
  for (const char* text : {"004711", "Milk · 100234", "2 EA", "1.19", "2.38", "4006381333931",
                           "-5.00", "-2.45 EUR", "0.17 EUR", "cash", "2026-11-21", "<b>sale</b>"}) {
    EXPECT_TRUE(Has(html, text)) << text;
  }
}

TEST(Receipt, MarksWhatIsNoPlainSale) {
  EXPECT_TRUE(Has(ReceiptHtml("sale", kSale), "<small>return, damaged</small>"));
  EXPECT_FALSE(Has(ReceiptHtml("sale", kSale), "<small>sale"));
  const std::string voided =
      ReceiptHtml("transaction_voided",
                  R"({"transaction":{"transaction_no":"9","training":true,"status":"post_voided"},
          "voids":{"transaction_no":"004711"}})");
  EXPECT_TRUE(Has(voided, "transaction voided"));
  EXPECT_TRUE(Has(voided, "post voided"));
  EXPECT_TRUE(Has(voided, "training"));
  EXPECT_TRUE(Has(voided, "takes another receipt back"));
  EXPECT_TRUE(Has(voided, "004711"));
}

TEST(Receipt, ADayCloseShowsWhatTheRegisterReported) {
  const std::string html = ReceiptHtml("day_closed", R"({"close":{"z_no":"1187","register_id":"03"},
                        "pos_control":{"transaction_count":189,"net_amount":"812.40"}})");
  for (const char* text : {"1187", "189", "812.40"}) EXPECT_TRUE(Has(html, text)) << text;
}

TEST(Receipt, WhatIsNoDocumentOfOursHasOnlyItsSource) {
  for (const char* text : {"", "{}", "[1]", "no json", "{\"lines\":[]}", "{\"transaction\":3}"}) {
    EXPECT_EQ(ReceiptHtml("sale", text), "") << text;
  }
}

TEST(Receipt, EverythingIsEscapedAndBounded) {
  std::string lines;
  for (size_t i = 0; i < kMaxReceiptLines + 3; ++i) {
    lines += std::string(i == 0 ? "" : ",") +
             R"({"item":{"description":"<script>x</script>"},"quantity":"1"})";
  }
  const std::string html =
      ReceiptHtml("<b>", R"({"transaction":{"transaction_no":"<i>"},"lines":[)" + lines + "]}");
  EXPECT_FALSE(Has(html, "<script>"));
  EXPECT_FALSE(Has(html, "<i>"));
  EXPECT_TRUE(Has(html, "3 more lines"));
}

TEST(ReceiptView, WhatDiffersIsMarked) {
  const std::string sale =
      R"({"transaction":{"transaction_no":"1","register_id":"3"},"lines":[)"
      R"({"item":{"sku":"A"},"quantity":"1","uom":"EA","unit_price":"2"},)"
      R"({"item":{"sku":"B"},"quantity":"1","uom":"EA"}],"totals":{"grand_amount":"9"},)"
      R"("tenders":[{"type":"cash","amount":"9"}]})";
  const std::string plain = ReceiptHtml("sale", sale);
  EXPECT_FALSE(Has(plain, "<mark>"));
  const std::string html =
      ReceiptHtml("sale", sale,
                  {"lines[0].quantity", "lines[1].item.sku", "tenders[0].amount",
                   "totals.grand_amount", "transaction.register_id"});
  for (const char* marked :
       {"<mark>1 EA</mark>", "<mark>B</mark>", "<mark>9</mark></dd>", "<dd><mark>3</mark>"}) {
    EXPECT_TRUE(Has(html, marked)) << marked << html;
  }
  EXPECT_FALSE(Has(html, "<mark>A</mark>"));
  EXPECT_FALSE(Has(html, "<mark>2</mark>"));
}

TEST(IssuesView, OpenOnesHaveAFormOthersSayWhoKnows) {
  const monitor::Snapshot snapshot = monitor::Healthy();
  const TimeFormat utc;
  const PageContext context(snapshot, utc);
  admin::IssueRow open;
  open.id = "day/2026-11-20/3";
  open.level = "red";
  open.state = "open";
  open.title = "<script>";
  open.step = "Send them again.";
  admin::IssueRow known = open;
  known.id = "quarantine";
  known.state = "acknowledged";
  known.by = "anna@192.0.2.7";
  known.note = "<script>";
  const std::string html =
      IssuesContent(context, {true, "anna", "token", true}, {open, known}, "<script>");
  EXPECT_FALSE(Has(html, "<script>"));
  EXPECT_TRUE(Has(html, "value=\"day/2026-11-20/3\""));
  EXPECT_FALSE(Has(html, "value=\"quarantine\""));
  EXPECT_TRUE(Has(html, "anna@192.0.2.7"));
  EXPECT_TRUE(Has(html, "Send them again."));
  EXPECT_TRUE(Has(html, "name=\"csrf\" value=\"token\""));
  const std::string viewed = IssuesContent(context, {true, "otto", "", false}, {open}, "");
  EXPECT_FALSE(Has(viewed, "<form"));
  EXPECT_TRUE(Has(IssuesContent(context, {}, {}, ""), "Nothing needs attention."));
}

}  // namespace
}  // namespace tillrelay::web
