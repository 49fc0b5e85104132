#include "agent/admin/document_names.h"

#include <gtest/gtest.h>

namespace tillrelay::admin {
namespace {

TEST(DocumentNames, AreReadFromEveryKindOfDocument) {
  const struct {
    const char* document;
    DocumentNames names;
  } cases[] = {
      {R"({"kind":"sale","transaction":{"register_id":"03","transaction_no":"004711",)"
       R"("business_day":"2026-11-21"}})",
       {"sale", "3", "004711", "2026-11-21"}},
      {R"({"transaction":{"register_id":3,"transaction_no":4711}})", {"", "3", "4711", ""}},
      {R"({"specversion":"1.0","data":{"kind":"return","transaction":{"register_id":"A",)"
       R"("transaction_no":"1"}}})",
       {"return", "A", "1", ""}},
      {R"({"kind":"transfer_shipped","transfer":{"transfer_id":"TR-1"}})",
       {"transfer_shipped", "", "TR-1", ""}},
      {R"({"kind":"day_closed","close":{"z_no":"17","register_id":"01",)"
       R"("business_day":"2026-11-21"}})",
       {"day_closed", "1", "17", "2026-11-21"}},
      {"<?xml version='1.0'?><p:POSLog><Transaction><p:WorkstationID>03</p:WorkstationID>"
       "<SequenceNumber >\n 4711 </SequenceNumber><BusinessDayDate>2026-11-21</BusinessDayDate>",
       {"", "3", "4711", "2026-11-21"}}};
  for (const auto& [document, names] : cases) {
    const DocumentNames found = NamesIn(document);
    EXPECT_EQ(found.kind, names.kind) << document;
    EXPECT_EQ(found.register_id, names.register_id) << document;
    EXPECT_EQ(found.number, names.number) << document;
    EXPECT_EQ(found.business_day, names.business_day) << document;
  }
}

TEST(DocumentNames, NothingIsMadeUpOfAnyBytes) {
  for (const char* document :
       {"", "  ", "a;b;c", "{\"transaction\":", "[1]", "{}",
        "{\"transaction\":{\"register_id\":{}}}", "<WorkstationID", "<WorkstationID>",
        "<a>WorkstationID>03<", "<WorkstationIDs>1</x>"}) {
    const DocumentNames found = NamesIn(document);
    EXPECT_EQ(found.register_id + found.number + found.business_day, "") << document;
  }
}

TEST(DocumentNames, StayShortAndPrintable) {
  const std::string evil =
      R"({"transaction":{"register_id":"\u0007)" + std::string(10'000, 'x') + "\"}}";
  const std::string found = NamesIn(evil).register_id;
  EXPECT_LT(found.size(), 200u);
  EXPECT_EQ(found.find('\a'), std::string::npos);
}

}  // namespace
}  // namespace tillrelay::admin
