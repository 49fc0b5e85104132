#include "agent/admin/ticket_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tillrelay::admin {
namespace {

QuarantineRow Row(uint64_t ticket, const std::string& reason, const std::string& register_id) {
  QuarantineRow row;
  row.ticket = ticket;
  row.reason = reason;
  row.names.register_id = register_id;
  row.document = "{\"description\":\"Rain Poncho\"}";
  row.hint = "a quantity is a decimal";
  return row;
}

TEST(TicketList, AReasonThatNobodyGivesIsRefused) {
  TicketFilter filter;
  EXPECT_TRUE(CheckReasonFilter(filter, {}).ok());
  filter.reason = "changed";
  EXPECT_TRUE(CheckReasonFilter(filter, {}).ok());
  filter.reason = "chnaged";
  EXPECT_EQ(CheckReasonFilter(filter, {}).code(), Code::kInvalid);
  EXPECT_THAT(CheckReasonFilter(filter, {}).message(), testing::HasSubstr("changed, time_changed"));
  EXPECT_TRUE(CheckReasonFilter(filter, {{"chnaged", 1}}).ok());  // of another version
}

TEST(TicketList, EveryPartOfTheFilterCounts) {
  const QuarantineRow row = Row(7, "bad-value", "3");
  const struct {
    TicketFilter filter;
    bool matches;
  } cases[] = {{{}, true},
               {{0, "bad-value", "", ""}, true},
               {{0, "bad", "", ""}, false},
               {{0, "", "03", ""}, true},
               {{0, "", "30", ""}, false},
               {{0, "", "", "rain poncho"}, true},
               {{0, "", "", "DECIMAL"}, true},
               {{0, "", "", "sun"}, false},
               {{0, "bad-value", "1", "rain"}, false}};
  for (const auto& [filter, matches] : cases) {
    EXPECT_EQ(Matches(row, filter), matches)
        << filter.reason << " " << filter.register_id << " " << filter.text;
  }
}

TEST(TicketList, EveryOrderHasAWordAndSortsRegistersAsNumbers) {
  const std::vector<QuarantineRow> rows = {Row(1, "changed", "10"), Row(2, "bad-value", ""),
                                           Row(3, "bad-value", "2"), Row(4, "changed", "2")};
  const std::pair<const char*, std::vector<uint64_t>> orders[] = {{"newest", {4, 3, 2, 1}},
                                                                  {"oldest", {1, 2, 3, 4}},
                                                                  {"reason", {3, 2, 4, 1}},
                                                                  {"register", {4, 3, 1, 2}}};
  for (const auto& [word, expected] : orders) {
    const auto order = ParseTicketOrder(word);
    ASSERT_TRUE(order) << word;
    EXPECT_EQ(WordOf(*order), word);
    auto sorted = rows;
    Sort(*order, &sorted);
    std::vector<uint64_t> tickets;
    for (const QuarantineRow& row : sorted) tickets.push_back(row.ticket);
    EXPECT_EQ(tickets, expected) << word;
  }
  EXPECT_FALSE(ParseTicketOrder("age"));
}

}  // namespace
}  // namespace tillrelay::admin
