#include "agent/admin/resolve_many.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace tillrelay::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Answers each ticket as the test says: 200 and nothing else said is "gone".
class FakeAdmin final : public Admin {
 public:
  void Resolve(Resolution resolution, Reply<Resolved> reply) override {
    asked.push_back(resolution);
    const auto found = answers.find(resolution.ticket);
    reply(found == answers.end() ? Result<Resolved>(Resolved{true, "[]"}) : found->second);
  }
  void FindEvents(EventFilter, Reply<EventPage>) override {}
  void OneEvent(std::string, Reply<EventRow>) override {}
  void Tickets(TicketFilter, Reply<TicketPage>) override {}
  void Ticket(uint64_t, Reply<QuarantineRow>) override {}
  std::vector<reconcile::RegisterRow> Registers() override { return {}; }
  std::vector<IssueRow> Issues(bool) override { return {}; }
  Status Acknowledge(Acknowledgement) override { return Status::Ok(); }
  void Days(std::string, std::string, Reply<std::vector<DayRow>>) override {}
  void Sheet(std::string, std::string, Reply<DaySheet>) override {}
  void History(std::string, Reply<HistoryTable>) override {}
  std::vector<LogLine> Log(std::string, size_t) override { return {}; }
  SystemFacts System() override { return {}; }
  void SupportBundle(Reply<std::string>) override {}
  void Audit(uint64_t, size_t, Reply<std::vector<journal::AuditRow>>) override {}
  void Preview(ReplayWish, Reply<ReplayPreview>) override {}
  void Replay(ReplayWish, Reply<ReplayState>) override {}
  std::vector<ReplayState> Replays() override { return {}; }
  Status Deliver(Delivery, const std::string&) override { return Status::Ok(); }

  std::map<uint64_t, Result<Resolved>> answers;
  std::vector<Resolution> asked;
};

BulkOutcome Done(const std::shared_ptr<FakeAdmin>& admin, std::vector<uint64_t> tickets) {
  BulkOutcome outcome;
  int replies = 0;
  ResolveMany(admin,
              {std::move(tickets), Resolution::Way::kDiscard, "sent twice", "anna@192.0.2.7"},
              [&](Result<BulkOutcome> done) {
                ASSERT_TRUE(done.ok());
                outcome = *std::move(done);
                ++replies;
              });
  EXPECT_EQ(replies, 1);
  return outcome;
}

TEST(ResolveMany, EachIsResolvedWithReasonAndPerson) {
  const auto admin = std::make_shared<FakeAdmin>();
  const BulkOutcome outcome = Done(admin, {3, 5, 8});
  EXPECT_EQ(outcome.resolved, 3u);
  EXPECT_THAT(outcome.left, IsEmpty());
  ASSERT_EQ(admin->asked.size(), 3u);
  for (const Resolution& one : admin->asked) {
    EXPECT_EQ(one.reason, "sent twice");
    EXPECT_EQ(one.actor, "anna@192.0.2.7");
    EXPECT_EQ(one.way, Resolution::Way::kDiscard);
  }
}

TEST(ResolveMany, WhatCannotBeTakenStaysAndTheOthersAreDone) {
  const auto admin = std::make_shared<FakeAdmin>();
  admin->answers.emplace(1, Resolved{false, "[]"});
  admin->answers.emplace(2, Invalid("its CSV profile is not configured any more"));
  admin->answers.emplace(3, NotFound("there is no ticket 3"));
  const BulkOutcome outcome = Done(admin, {1, 2, 3, 4});
  EXPECT_EQ(outcome.resolved, 1u);
  EXPECT_EQ(outcome.gone, 1u);
  EXPECT_THAT(outcome.left, ElementsAre(1, 2));
  EXPECT_EQ(outcome.stopped, "");
}

TEST(ResolveMany, AStoreThatCanTakeNothingStopsIt) {
  for (const Status& why : {Full("the disk is full"), Unavailable("no journal"), Corrupt("damaged"),
                            Busy("locked"), Internal("a bug"), Conflict("newer")}) {
    const auto admin = std::make_shared<FakeAdmin>();
    admin->answers.emplace(2, why);
    const BulkOutcome outcome = Done(admin, {1, 2, 3});
    EXPECT_EQ(outcome.resolved, 1u);
    EXPECT_THAT(outcome.left, ElementsAre(2, 3));
    EXPECT_EQ(outcome.stopped, why.message());
    EXPECT_EQ(admin->asked.size(), 2u);
  }
}

}  // namespace
}  // namespace tillrelay::admin
