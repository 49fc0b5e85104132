// What lies deep in a large journal is found: an id of any age, and a business day's own time
// first.
#include <set>

#include "agent/journal/query/search.h"
#include "common/base/text.h"
#include "tests/unit/agent/journal/journal_store_fixture.h"

namespace tillrelay::journal {
namespace {

constexpr int kRows = 60'000;
constexpr int kADay = 1'000;  // rows of one business day, a thousand of them late

// Rows 1 to kRows: sixty days from 2026-09-01 on, recorded on their day at noon; every 50th row of
// the newest 20 days belongs to 2026-09-10 and came late.
class SearchDeepTest : public JournalStoreTest {
 protected:
  void SetUp() override {
    for (const char* register_id : {"1", "03", "kiosk"}) Tell(testing::SaleDraft(register_id, 1));
    Close();
    sqlite::Database db = Writable();
    ASSERT_TRUE(db.Exec("DELETE FROM event").ok());
    const std::string fill =
        "WITH n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<" + std::to_string(kRows) +
        ") INSERT INTO event SELECT i,randomblob(16),'sale','register/03/'||CASE WHEN i>40000 AND "
        "i%50=0 THEN '2026-09-10' ELSE date('2026-09-01','+'||((i-1)/1000)||' days') END||'/'||i,"
        "'',(strftime('%s','2026-09-01')+(i-1)/1000*86400+43200)*1000000,'{}',x'',x'' FROM n";
    ASSERT_TRUE(db.Exec(fill.c_str()).ok());
    ASSERT_TRUE(db.Exec("INSERT INTO known SELECT 'r'||char(31)||'3'||char(31)||subject,id,x'',"
                        "position,NULL FROM event")
                    .ok());
  }
  sqlite::Database Writable() {
    auto db = sqlite::Database::Open(options_.path, {});
    EXPECT_TRUE(db.ok());
    return *std::move(db);
  }
  std::unique_ptr<Search> Open() {
    auto search = Search::Open(options_.path);
    EXPECT_TRUE(search.ok());
    return *std::move(search);
  }
  std::string IdAt(int position) {
    auto hex = Writable().QueryText(
        ("SELECT lower(hex(id)) FROM event WHERE position=" + std::to_string(position)).c_str());
    EXPECT_TRUE(hex.ok());
    std::string id = *hex;
    for (const size_t dash : {20u, 16u, 12u, 8u}) id.insert(dash, "-");
    return id;
  }
};

TEST_F(SearchDeepTest, AnIdIsFoundHoweverOldItIs) {
  auto search = Open();
  for (const int position : {1, 2, kRows / 2, kRows}) {
    EventQuery query;
    query.id = IdAt(position);
    auto answer = search->Events(query);
    ASSERT_TRUE(answer.ok());
    ASSERT_EQ(answer->events.size(), 1u) << position;
    EXPECT_EQ(answer->events[0].row.position, static_cast<uint64_t>(position));
    EXPECT_FALSE(answer->go_on_before) << "there is nothing to look further for";
    query.kind = "return";
    EXPECT_TRUE(search->Events(query)->events.empty()) << "the other parts count too";
  }
}

TEST_F(SearchDeepTest, AnIdThatIsNotKnownIsNotFoundAndAWrongOneIsRefused) {
  auto search = Open();
  EventQuery query;
  query.id = "00000000-0000-5000-8000-000000000000";
  EXPECT_TRUE(search->Events(query)->events.empty());
  EXPECT_EQ(search->PositionOfId(query.id).status().code(), Code::kNotFound);
  query.id = "4711";
  EXPECT_EQ(search->Events(query).status().code(), Code::kInvalid);
}

TEST_F(SearchDeepTest, AnOldDayIsFoundAtOnce) {
  EventQuery query;
  query.business_day = "2026-09-05";
  auto answer = Open()->Events(query);
  ASSERT_TRUE(answer.ok());
  ASSERT_EQ(answer->events.size(), query.limit) << "without a step in between";
  EXPECT_EQ(answer->events.front().row.position, 5'000u);
}

TEST_F(SearchDeepTest, FollowingADayMeetsEachOfItsEventsOnceLateOnesToo) {
  auto search = Open();
  EventQuery query;
  query.business_day = "2026-09-10";
  query.limit = 300;
  std::set<uint64_t> met;
  size_t answers = 0, events = 0;
  for (bool goes_on = true; goes_on; ++answers) {
    ASSERT_LT(answers, 20u) << "it must come to an end";
    auto answer = search->Events(query);
    ASSERT_TRUE(answer.ok());
    for (const FoundEvent& found : answer->events) met.insert(found.row.position);
    events += answer->events.size();
    goes_on = answer->go_on_before.has_value();
    query.before = answer->go_on_before;
  }
  EXPECT_EQ(met.size(), static_cast<size_t>(kADay + 20'000 / 50));
  EXPECT_EQ(events, met.size()) << "one was shown twice";
}

TEST_F(SearchDeepTest, EveryAnswerIsBounded) {
  auto search = Open();
  EventQuery query;
  query.kind = "return";
  std::optional<uint64_t> last;
  for (int answers = 0; answers < kRows / static_cast<int>(Search::kScanRows); ++answers) {
    auto answer = search->Events(query);
    ASSERT_TRUE(answer.ok() && answer->events.empty());
    ASSERT_TRUE(answer->go_on_before) << "it says that it has not seen all";
    if (last) {
      EXPECT_EQ(*last - *answer->go_on_before, Search::kScanRows);
    }
    last = query.before = answer->go_on_before;
  }
  EXPECT_FALSE(search->Events(query)->go_on_before);
}

}  // namespace
}  // namespace tillrelay::journal
