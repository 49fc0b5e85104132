#include "agent/admin/ticket_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/json_reader.h"

namespace tillrelay::admin {
namespace {

using ::testing::ElementsAre;

QuarantineRow Full() {
  journal::QuarantineRow row;
  row.ticket = 17;
  row.seen = 3;
  row.reason = "changed";
  row.field = "lines[0].quantity";
  row.hint = "another one is stored under this number";
  row.channel = "http";
  row.origin = "register/3/2026-11-21/4711";
  row.document = R"({"quantity":"3"})";
  row.format = "application/json";
  row.created_at = WallTime{std::chrono::microseconds(1795279329512000)};
  QuarantineRow full(row);
  full.names = {"sale", "3", "4711", "2026-11-21"};
  return full;
}

std::vector<std::string> Members(std::string json) {
  JsonParser parser;
  const auto root = parser.Parse(json);
  EXPECT_TRUE(root.ok()) << json;
  std::vector<std::string> names;
  for (const JsonValue member : *root) names.emplace_back(member.name());
  return names;
}

TEST(TicketJson, SaysEverythingThatTheJournalKeeps) {
  EXPECT_EQ(TicketJson(Full()),
            R"({"ticket":17,"register_id":"3","number":"4711","business_day":"2026-11-21",)"
            R"("kind":"sale","created_at":"2026-11-21T16:42:09Z","seen":3,"reason":"changed",)"
            R"("field":"lines[0].quantity","hint":"another one is stored under this number",)"
            R"("channel":"http","origin":"register/3/2026-11-21/4711",)"
            R"("content_type":"application/json","document":"{\"quantity\":\"3\"}"})");
}

TEST(TicketJson, WithoutADocumentThereIsNoMemberForIt) {
  QuarantineRow row = Full();
  row.document.clear();
  EXPECT_THAT(Members(TicketJson(row)),
              ElementsAre("ticket", "register_id", "number", "business_day", "kind", "created_at",
                          "seen", "reason", "field", "hint", "channel", "origin", "content_type"));
}

TEST(TicketJson, AChangedOneSaysWhatIsStoredAndInWhatTheTwoDiffer) {
  QuarantineRow row = Full();
  row.stored = StoredTwin{"id", "01J", "sale", 5, R"({"quantity":"2"})", {{"quantity", "2", "3"}}};
  row.stored->differences.push_back({"gone", "1", std::nullopt});
  row.stored->differences.push_back({"moved", "1", "2", "elsewhere"});
  EXPECT_THAT(
      TicketJson(row),
      testing::HasSubstr(R"("stored":{"id":"id","stream":"01J","sequence":5,"kind":"sale",)"
                         R"("data":{"quantity":"2"}},"difference":[)"
                         R"({"member":"quantity","new_member":"quantity","stored":"2","new":"3"},)"
                         R"({"member":"gone","new_member":"gone","stored":"1","new":null},)"
                         R"({"member":"moved","new_member":"elsewhere","stored":"1","new":"2"}])"));
}

}  // namespace
}  // namespace tillrelay::admin
