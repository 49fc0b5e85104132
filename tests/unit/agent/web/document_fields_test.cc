#include "agent/web/pages/document_fields.h"

#include <gtest/gtest.h>

namespace tillrelay::web {
namespace {

const std::string kSale =
    R"({"kind":"sale","transaction":{"register_id":"03","training":false},)"
    R"("lines":[{"quantity":"1,5","line_no":1,"item":{"sku":"7"}}],"origin":{"channel":"http"}})";

TEST(DocumentFields, AreTheDocumentsOwnMembersInTheirOrder) {
  const auto fields = FieldsOf(kSale, "");
  std::string paths;
  for (const DocumentField& field : fields) paths += field.path + "=" + field.value + " ";
  EXPECT_EQ(paths,
            "transaction.register_id=03 transaction.training=false lines[0].quantity=1,5 "
            "lines[0].line_no=1 lines[0].item.sku=7 ");
}

// The paths that are meant.
std::string Meant(const std::string& document, std::string_view wanted) {
  std::string paths;
  for (const DocumentField& field : FieldsOf(document, wanted)) {
    if (field.meant) paths += field.path + "=" + field.value + " ";
  }
  return paths;
}

TEST(DocumentFields, TheMemberThatWasNotAcceptedIsMeant) {
  EXPECT_EQ(Meant(kSale, "lines[0].quantity"), "lines[0].quantity=1,5 ");
  EXPECT_EQ(Meant(kSale, "lines[0].item"), "lines[0].item.sku=7 ");
  EXPECT_EQ(Meant("{\"data\":" + kSale + "}", "lines[0].quantity"), "data.lines[0].quantity=1,5 ");
  EXPECT_EQ(Meant(kSale, ""), "");
}

TEST(DocumentFields, AMissingMemberIsOfferedWhereItCouldStand) {
  EXPECT_EQ(Meant(kSale, "lines[0].uom"), "lines[0].uom= ");
  EXPECT_EQ(Meant(kSale, "currency"), "currency= ");
  for (const char* nowhere : {"lines[7].uom", "totals.net_amount", "lines[0].serials[3]"}) {
    EXPECT_EQ(Meant(kSale, nowhere), "") << nowhere;
  }
}

TEST(DocumentFields, OnlyWhatWasChangedChanges) {
  const struct {
    std::map<std::string, std::string, std::less<>> texts;
    const char *from, *to;
  } cases[] = {{{}, "", ""},
               {{{"lines[0].quantity", "1,5"}}, "", ""},
               {{{"lines[0].quantity", "1.5"}}, "1,5", "1.5"},
               {{{"lines[0].quantity", "a\"b\\"}}, "1,5", "a\\\"b\\\\"},
               {{{"lines[0].line_no", "2"}}, "\"line_no\":1", "\"line_no\":2"},
               {{{"lines[0].line_no", "two"}}, "\"line_no\":1", "\"line_no\":\"two\""},
               {{{"lines[0].line_no", "1],[2"}}, "\"line_no\":1", "\"line_no\":\"1],[2\""},
               {{{"transaction.training", "true"}}, "false", "true"},
               {{{"transaction.register_id", ""}}, "\"register_id\":\"03\",", ""},
               {{{"lines[0].uom", "EA"}}, "{\"sku\":\"7\"}}", "{\"sku\":\"7\"},\"uom\":\"EA\"}"},
               {{{"lines[0].uom", ""}}, "", ""},
               {{{"lines[7].uom", "EA"}}, "", ""},
               {{{"nowhere.uom", "EA"}}, "", ""},
               {{{"currency", "EUR"}}, "\"http\"}}", "\"http\"},\"currency\":\"EUR\"}"}};
  for (const auto& [texts, from, to] : cases) {
    std::string expected = kSale;
    if (*from != '\0') expected.replace(expected.find(from), std::string_view(from).size(), to);
    EXPECT_EQ(WithFields(kSale, texts), expected) << (texts.empty() ? "" : texts.begin()->first);
  }
}

TEST(DocumentFields, WhatFollowsFromTheOthersIsMadeAnew) {
  const std::string stored =
      R"({"lines":[{"quantity":"2","stock_effect":[{"delta":"-2"}]}],"control":{"line_count":1}})";
  EXPECT_EQ(FieldsOf(stored, "").size(), 1u);
  EXPECT_EQ(WithFields(stored, {{"lines[0].quantity", "3"}}), R"({"lines":[{"quantity":"3"}]})");
}

TEST(DocumentFields, AnyBytesAreTaken) {
  for (const char* document : {"", "{", "[1]", "<a/>", "7", "{\"a\":1}{"}) {
    EXPECT_TRUE(FieldsOf(document, "a").empty()) << document;
    EXPECT_EQ(WithFields(document, {{"a", "2"}}), "") << document;
  }
  EXPECT_TRUE(FieldsOf(R"({"a.b":1,"c":"x\ny"})", "").empty());
  EXPECT_EQ(WithFields(R"({"a.b":1,"c":"x\ny"})", {{"a.b", "2"}}), R"({"a.b":1,"c":"x\ny"})");
}

TEST(DocumentFields, HaveLabelsForPeople) {
  EXPECT_EQ(FieldLabel("lines[0].unit_price"), "Line 1: unit price");
  EXPECT_EQ(FieldLabel("transaction.end_at"), "transaction: end at");
  EXPECT_EQ(FieldLabel("lines[1]"), "Line 2: ");
}

}  // namespace
}  // namespace tillrelay::web
