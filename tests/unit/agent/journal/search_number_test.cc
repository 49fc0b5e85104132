// A number is found by the index of known numbers, whoever it belongs to and however it is padded.
#include "agent/journal/query/search.h"
#include "tests/unit/agent/journal/journal_store_fixture.h"

namespace tillrelay::journal {
namespace {

class SearchNumberTest : public JournalStoreTest {
 protected:
  void SetUp() override {
    JournalStoreTest::SetUp();
    for (const char* register_id : {"1", "03", "10", "kiosk"}) {
      for (const int number : {4711, 47, 4712}) Tell(testing::SaleDraft(register_id, number));
    }
    auto search = Search::Open(options_.path);
    ASSERT_TRUE(search.ok());
    search_ = *std::move(search);
  }
  std::vector<std::string> Find(EventQuery query) {
    auto answer = search_->Events(query);
    EXPECT_TRUE(answer.ok());
    std::vector<std::string> subjects;
    for (const FoundEvent& found : answer->events) subjects.push_back(found.row.subject);
    return subjects;
  }
  static EventQuery Number(const std::string& number, const std::string& register_id = "") {
    EventQuery query;
    query.number = number;
    query.register_id = register_id;
    return query;
  }
  std::unique_ptr<Search> search_;
};

TEST_F(SearchNumberTest, WithoutARegisterEveryRegistersReceiptOfThatNumberIsFound) {
  EXPECT_EQ(Find(Number("4711")).size(), 4u);
  EXPECT_EQ(Find(Number("004711")).size(), 4u);
  EXPECT_EQ(Find(Number("47")).size(), 4u) << "47 is not the beginning of 4711";
  EXPECT_TRUE(Find(Number("471")).empty());
  EXPECT_TRUE(Find(Number("no such")).empty());
}

TEST_F(SearchNumberTest, OneRegisterIsMeantByItsIdHoweverItIsPadded) {
  ASSERT_EQ(Find(Number("4711", "3")).size(), 1u);
  EXPECT_EQ(Find(Number("4711", "03")), Find(Number("4711", "3")));
  EXPECT_EQ(Find(Number("4711", "1")).size(), 1u) << "register 10 is another one";
}

TEST_F(SearchNumberTest, OtherPartsOfTheQuestionStillCount) {
  EventQuery query = Number("4711");
  query.kind = "return";
  EXPECT_TRUE(Find(query).empty());
  query = Number("4711");
  query.text = "100234";
  EXPECT_EQ(Find(query).size(), 4u);
  query.business_day = "2026-11-22";
  EXPECT_TRUE(Find(query).empty());
}

}  // namespace
}  // namespace tillrelay::journal
