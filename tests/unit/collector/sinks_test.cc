// Claims about sinks: everything in order, at least once and under one id; what is refused halts
// until a person decides; who has lost the lease stops; a database that was set back is noticed.
#include <gmock/gmock.h>

#include <deque>
#include <fstream>
#include <regex>

#include "collector/sinks/sink.h"
#include "collector/sinks/sink_states.h"
#include "collector/sinks/webhook.h"
#include "collector/sinks/webhook_signature.h"
#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {
namespace {

using Meaning = SinkAnswer::Meaning;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The example of the Standard Webhooks libraries.
TEST(WebhookSignatureTest, TheExampleOfTheStandardIsMet) {
  const auto keys = ReadWebhookSecrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
  ASSERT_TRUE(keys.ok()) << keys.status().message();
  EXPECT_EQ(WebhookSignature(*keys, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                             R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(WebhookSignatureTest, WhileASecretIsExchangedBothSign) {
  const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const auto keys =
      ReadWebhookSecrets(secret + "\nwhsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=");
  ASSERT_TRUE(keys.ok()) << keys.status().message();
  EXPECT_THAT(WebhookSignature(*keys, "a", 1, "b"), ::testing::MatchesRegex("v1,.{44} v1,.{44}"));
}

TEST(WebhookSignatureTest, WhatIsNoSecretIsRefusedAndNotRepeated) {
  for (const char* text : {"", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_",
                           "whsec_c2hvcnQ=", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS*",
                           "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYp="}) {
    const auto keys = ReadWebhookSecrets(text);
    EXPECT_FALSE(keys.ok()) << text;
    if (keys.ok()) continue;
    EXPECT_EQ(keys.status().message().find("MfKQ"), std::string::npos);
  }
}

TEST(WebhookUrlTest, ExactlyOneAddressIsTaken) {
  const auto url = ParseWebhookUrl("https://erp.example/hooks/stock?key=a");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->address, "https://erp.example:443");
  EXPECT_EQ(url->target, "/hooks/stock?key=a");
  EXPECT_EQ(url->shown.find("key"), std::string::npos);
  EXPECT_EQ(ParseWebhookUrl("http://[::1]:8080")->target, "/");
  EXPECT_TRUE(ParseWebhookUrl("http://127.0.0.1:80?x=1")->local);
  EXPECT_EQ(ParseWebhookUrl("http://127.0.0.1:80?x=1")->target, "/?x=1");
  for (const char* text :
       {"", "erp.example", "ftp://erp.example/", "https://", "https:///a",
        "https://u:p@erp.example/", "https://erp.example/a b", "https://erp.example/#x",
        "https://erp.example:0/", "https://erp.example/a\r\nX: y", "https://erp.example:99999/"}) {
    EXPECT_FALSE(ParseWebhookUrl(text).ok()) << text;
  }
  EXPECT_EQ(*ParseWebhookProxy("http://proxy.example:3128"), "proxy.example:3128");
  EXPECT_FALSE(ParseWebhookProxy("https://proxy.example").ok());
  EXPECT_FALSE(ParseWebhookProxy("http://u:p@proxy.example").ok());
  EXPECT_FALSE(ParseWebhookProxy("http://proxy.example/x").ok());
}

TEST(WebhookAnswerTest, OnlyASuccessIsTakenAndOnlyWhatMayPassIsTriedAgain) {
  const std::pair<int, Meaning> answers[] = {
      {200, Meaning::kTaken},   {204, Meaning::kTaken},   {301, Meaning::kRefused},
      {307, Meaning::kRefused}, {400, Meaning::kRefused}, {401, Meaning::kRefused},
      {404, Meaning::kRefused}, {409, Meaning::kRefused}, {413, Meaning::kRefused},
      {410, Meaning::kGone},    {408, Meaning::kLater},   {425, Meaning::kLater},
      {429, Meaning::kLater},   {500, Meaning::kLater},   {503, Meaning::kLater},
      {699, Meaning::kLater}};
  for (const auto& [status, meaning] : answers) {
    http::ClientResponse response;
    response.status = status;
    EXPECT_EQ(MeaningOf(response).meaning, meaning) << status;
  }
  http::ClientResponse busy;
  busy.status = 503;
  busy.headers.Add("Retry-After", "120");
  EXPECT_EQ(MeaningOf(busy).retry_after, seconds(120));
  http::ClientResponse moved;
  moved.status = 302;
  EXPECT_THAT(MeaningOf(moved).text, HasSubstr("redirects are not followed"));
}

class SinksTest : public CollectorTest {
 protected:
  SinksTest() {
    settings_.name = "erp";
    settings_.batch = 3;
  }

  // A process of its own: its connection, its memory.
  std::unique_ptr<Sink> Make(const std::string& owner = "centre-1") {
    SinkDeps deps;
    deps.clock = &clock_;
    deps.write = [this](const std::function<Status(Sql*)>& work) { return Write(work); };
    deps.reader = [this]() -> Result<Sql*> {
      if (reader_ == nullptr) reader_ = *OpenReader(url());
      reader_->Rollback();
      return reader_.get();
    };
    deps.send = [this](const SinkMessage& message) { return Answer(message); };
    deps.stopping = [] { return false; };
    deps.owner = owner;
    deps.witness_path = witness_;
    return std::make_unique<Sink>(settings_, std::move(deps));
  }
  Status Write(const std::function<Status(Sql*)>& work) {
    if (writes_that_work_ == 0) return Unavailable("the disk is full");
    if (writes_that_work_ > 0) --writes_that_work_;
    Sql* sql = store_->sql();
    TRY(sql->Begin());
    Status done = work(sql);
    if (done.ok()) done = sql->Commit();
    if (!done.ok()) sql->Rollback();
    return done;
  }
  SinkAnswer Answer(const SinkMessage& message) {
    messages_.push_back(message);
    if (on_send_) on_send_();
    for (const std::string& poison : refused_) {
      if (message.body.find(poison) != std::string::npos) return {Meaning::kRefused, "400", {}};
    }
    if (answers_.empty()) return {Meaning::kTaken, "", {}};
    SinkAnswer next = answers_.front();
    answers_.pop_front();
    return next;
  }

  // Until it has nothing to do.
  void Run(Sink& sink) {
    for (int i = 0; i < 50; ++i) {
      if (sink.Step() > Duration::zero()) return;
    }
    ADD_FAILURE() << "it never comes to rest";
  }
  // The positions of every message since the last call.
  std::vector<std::string> Taken() {
    std::vector<std::string> found;
    for (const SinkMessage& message : messages_) found.push_back(Positions(message.body));
    messages_.clear();
    return found;
  }
  static std::string Positions(const std::string& body) {
    static const std::regex position(R"re(\{"position":(\d+))re");
    std::string text;
    for (std::sregex_iterator it(body.begin(), body.end(), position), end; it != end; ++it) {
      text += (text.empty() ? "" : " ") + (*it)[1].str();
    }
    return text;
  }
  void Sell(int count) {
    std::vector<Sent> sent;
    for (int i = 0; i < count; ++i) sent.push_back(source_.Sale("apple", "1", sold_++));
    Deliver(sent);
  }
  std::string Column(const std::string& what) { return Query("SELECT " + what + " FROM sink"); }
  Status Order(const std::string& action, const std::string& cursor = "",
               const std::string& note = "seen") {
    Status result = Unavailable("not carried out");
    orders_.Push(SinkOrder{"erp", action, note, "Ms Berg", cursor, "ops"},
                 [&](const Status& done) { result = done; });
    Turn();
    return result;
  }
  std::string CursorAt(uint64_t position) {
    return Query("SELECT position || '-' || hash FROM event WHERE position = " +
                 std::to_string(position));
  }

  SinkConfig settings_;
  std::string witness_ = database_.folder() + ".sink-erp";
  EventSource source_;
  int sold_ = 0;
  int writes_that_work_ = -1;  // negative: all
  std::vector<std::string> refused_;
  std::deque<SinkAnswer> answers_;
  std::function<void()> on_send_;
  std::vector<SinkMessage> messages_;
  std::unique_ptr<Sql> reader_;
};

TEST_F(SinksTest, WhatComesAfterItWasConfiguredIsDeliveredInOrderInSmallMessages) {
  Sell(2);
  auto sink = Make();
  Run(*sink);
  EXPECT_THAT(Taken(), IsEmpty());
  Sell(7);
  Run(*sink);
  const std::string first = messages_.at(0).body;
  EXPECT_THAT(Taken(), ElementsAre("3 4 5", "6 7 8", "9"));
  EXPECT_EQ(Column("position, sending, failures, paused, halted"), "9|0|0|0|");
  EXPECT_EQ(Column("position || '-' || hash"), CursorAt(9));
  EXPECT_THAT(first, HasSubstr("\"sink\":\"erp\",\"after\":\"" + CursorAt(2) + "\""));
  EXPECT_THAT(first, HasSubstr("\"next\":\"" + CursorAt(5) + "\""));
  EXPECT_THAT(first, HasSubstr(R"("quantity":"-3","applied":"added")"));
  EXPECT_THAT(first, ::testing::Not(HasSubstr("\"data\":")));
}

TEST_F(SinksTest, WhatFailsIsTriedAgainLaterAndLaterUnderTheSameId) {
  auto sink = Make();
  Run(*sink);
  Sell(1);
  answers_ = {{Meaning::kLater, "no answer in time", {}},
              {Meaning::kLater, "it answers 503", seconds(100)},
              {Meaning::kLater, "", {}}};
  Run(*sink);
  EXPECT_EQ(Column("failures, failure"), "1|no answer in time");
  Run(*sink);
  EXPECT_EQ(messages_.size(), 1u);
  Sell(1);  // more has come meanwhile: the message stays what it is
  clock_.Advance(seconds(1));
  Run(*sink);
  EXPECT_EQ(messages_.size(), 2u);
  clock_.Advance(seconds(99));
  Run(*sink);
  EXPECT_EQ(messages_.size(), 2u);
  clock_.Advance(seconds(1));
  Run(*sink);
  clock_.Advance(seconds(4));
  Run(*sink);
  ASSERT_EQ(messages_.size(), 5u);
  for (size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(messages_[i].id, messages_[0].id);
    EXPECT_EQ(messages_[i].body, messages_[0].body);
  }
  EXPECT_THAT(Taken(), ElementsAre("1", "1", "1", "1", "2"));
  EXPECT_EQ(Column("position, failures, failure"), "2|0|");
}

TEST_F(SinksTest, APersonsRetryDoesNotWait) {
  auto sink = Make();
  Run(*sink);
  Sell(1);
  answers_ = {{Meaning::kLater, "", seconds(3000)}};
  Run(*sink);
  Run(*sink);
  EXPECT_EQ(messages_.size(), 1u);
  EXPECT_TRUE(Order("retry").ok());
  Run(*sink);
  EXPECT_THAT(Taken(), ElementsAre("1", "1"));
}

// The process dies, or the disk is full, behind the 2xx and before the cursor has moved.
TEST_F(SinksTest, WhatWasTakenButNotWrittenIsToldOnceMoreUnderTheSameId) {
  auto sink = Make();
  Run(*sink);
  Sell(2);
  on_send_ = [this] { writes_that_work_ = 0; };
  Run(*sink);
  EXPECT_EQ(Column("position, sending"), "0|2");
  EXPECT_EQ(messages_.size(), 1u);
  Run(*sink);  // nothing is sent while nothing can be written
  EXPECT_EQ(messages_.size(), 1u);
  on_send_ = nullptr;
  writes_that_work_ = -1;
  Sell(3);
  sink = Make();
  Run(*sink);
  ASSERT_GE(messages_.size(), 2u);
  EXPECT_EQ(messages_[1].id, messages_[0].id);
  EXPECT_EQ(messages_[1].body, messages_[0].body);
  EXPECT_THAT(Taken(), ElementsAre("1 2", "1 2", "3 4 5"));
}

TEST_F(SinksTest, WhatIsRefusedHaltsAtExactlyThatChangeUntilAPersonSkipsIt) {
  auto sink = Make();
  Run(*sink);
  Sell(1);
  Deliver({source_.Sale("poison", "1", 30)});
  Sell(1);
  refused_ = {"\"item\":\"poison\""};
  Run(*sink);
  EXPECT_THAT(Taken(), ElementsAre("1 2 3", "1", "2"));
  EXPECT_EQ(Column("position, sending, halted, failure"), "1|2|refused|400");
  clock_.Advance(std::chrono::hours(1));
  Run(*sink);
  EXPECT_THAT(Taken(), IsEmpty());
  EXPECT_EQ(Order("skip", CursorAt(3)).code(), Code::kConflict);
  EXPECT_EQ(Order("skip", CursorAt(2), "").code(), Code::kInvalid);
  EXPECT_EQ(Order("skip").code(), Code::kInvalid);
  Run(*sink);
  EXPECT_THAT(Taken(), IsEmpty());
  EXPECT_TRUE(Order("skip", CursorAt(2), "test article").ok());
  Run(*sink);
  EXPECT_THAT(Taken(), ElementsAre("3"));
  EXPECT_EQ(Query("SELECT actor, token, state, note FROM exception_audit WHERE kind = 'sink'"),
            "Ms Berg|ops|skip|test article (" + CursorAt(2) + ")");
  EXPECT_EQ(Order("skip", CursorAt(2)).code(), Code::kConflict);
}

TEST_F(SinksTest, ARefusalThatIsCorrectedGoesOnWithARetry) {
  auto sink = Make();
  Run(*sink);
  Sell(1);
  answers_ = {{Meaning::kRefused, "it answers 302; redirects are not followed", {}}};
  Run(*sink);
  EXPECT_EQ(Column("halted"), "refused");
  sink = Make();
  Run(*sink);  // a restart changes nothing
  EXPECT_EQ(messages_.size(), 1u);
  EXPECT_TRUE(Order("retry").ok());
  Run(*sink);
  EXPECT_THAT(Taken(), ElementsAre("1", "1"));
  EXPECT_EQ(Column("position, halted"), "1|");
}

TEST_F(SinksTest, AReceiverThatIsGoneHaltsAtOnceAndNothingOfItCanBeSkipped) {
  auto sink = Make();
  Run(*sink);
  Sell(3);
  answers_ = {{Meaning::kGone, "it answers 410", {}}};
  Run(*sink);
  EXPECT_THAT(Taken(), ElementsAre("1 2 3"));
  EXPECT_EQ(Column("halted"), "gone");
  EXPECT_EQ(Order("skip", CursorAt(3)).code(), Code::kConflict);
}

TEST_F(SinksTest, NothingIsSentWhileItIsPaused) {
  auto sink = Make();
  Run(*sink);
  EXPECT_TRUE(Order("pause", "", "").ok());
  Sell(1);
  Run(*sink);
  EXPECT_THAT(Taken(), IsEmpty());
  EXPECT_TRUE(Order("resume", "", "").ok());
  Run(*sink);
  EXPECT_THAT(Taken(), ElementsAre("1"));
  EXPECT_EQ(Order("explode").code(), Code::kInvalid);
}

TEST_F(SinksTest, WhoHasLostTheLeaseSendsNothingMoreAndMovesNoCursor) {
  auto first = Make("centre-1"), second = Make("centre-2");
  Run(*first);
  Sell(1);
  Run(*second);
  EXPECT_FALSE(second->holds_lease());
  EXPECT_THAT(Taken(), IsEmpty());
  // It is frozen while it sends; the lease ends meanwhile and another one takes over.
  on_send_ = [&] {
    on_send_ = nullptr;
    database_.Execute("UPDATE sink SET leased_until = 0");
    Run(*second);
  };
  first->Step();
  EXPECT_TRUE(second->holds_lease());
  EXPECT_THAT(Taken(), ElementsAre("1", "1"));
  EXPECT_EQ(Column("owner, epoch, position"), "centre-2|2|1");
  Sell(1);
  Run(*first);
  EXPECT_FALSE(first->holds_lease());
  EXPECT_THAT(Taken(), IsEmpty());
  Run(*second);
  EXPECT_THAT(Taken(), ElementsAre("2"));
  // Given back, it is taken at once; a process that starts again takes over from itself.
  second->Release();
  Run(*first);
  EXPECT_TRUE(first->holds_lease());
  auto again = Make("centre-1");
  Run(*again);
  EXPECT_TRUE(again->holds_lease());
}

TEST_F(SinksTest, AnOwnerThatIsNeverSeenToRenewIsGoneWhateverTheDatabasesClockSays) {
  auto first = Make("centre-1"), second = Make("centre-2");
  Run(*first);
  database_.Execute("UPDATE sink SET leased_until = leased_until + 3600000000");
  Run(*second);
  clock_.Advance(seconds(149));
  Run(*second);
  EXPECT_FALSE(second->holds_lease());
  clock_.Advance(seconds(1));
  Run(*second);
  EXPECT_TRUE(second->holds_lease());
}

TEST_F(SinksTest, AStorePerSinkAndKindIsChosenAndTheCursorPassesTheOthers) {
  settings_.stores = {"0017"};
  settings_.kinds = {"sale"};
  settings_.data = true;
  auto sink = Make();
  Run(*sink);
  EventSource other("0017", "01JD3V7Q8Z5W6K2M9T4RHXCDEZ");
  Sell(2);
  const Sent mine = other.Sale("pear", "1", 5);
  Deliver({mine, other.Count("pear", "4", 6)});
  Sell(1);
  Run(*sink);
  ASSERT_EQ(messages_.size(), 1u);
  EXPECT_THAT(messages_[0].body, HasSubstr("\"data\":" + mine.data));
  EXPECT_THAT(Taken(), ElementsAre("3"));
  Run(*sink);
  clock_.Advance(seconds(30));  // with the lease what was passed is saved
  Run(*sink);
  EXPECT_EQ(Column("position"), "5");
}

class RestoredTest : public SinksTest {
 protected:
  // The centre is set back to its backup behind position 1, and the stores send again in another
  // order.
  void SetBack() {
    for (const char* table : {"event", "movement", "receipt", "receipt_line", "tender", "tax"}) {
      database_.Execute(std::string("DELETE FROM ") + table + " WHERE position > 1");
    }
    database_.Execute(
        "UPDATE head SET position = 1, hash = (SELECT hash FROM event WHERE position = 1)");
    database_.Execute(
        "UPDATE sink SET position = 1, sending = 0,"
        " hash = (SELECT hash FROM event WHERE position = 1)");
    database_.Execute(
        "UPDATE stream SET confirmed_through = 1, highest_seen = 1, chain ="
        " (SELECT chain FROM event WHERE position = 1), revision = revision + 1");
    Restart();
  }
};

TEST_F(RestoredTest, ADatabaseThatWasSetBackHaltsTheSinkUntilItBeginsAnew) {
  auto sink = Make();
  Run(*sink);
  Sell(3);
  Run(*sink);
  EXPECT_THAT(Taken(), ElementsAre("1 2 3"));
  sink.reset();
  SetBack();
  EventSource other("0017", "01JD3V7Q8Z5W6K2M9T4RHXCDEZ");
  Deliver({other.Sale("pear", "1", 0), other.Sale("pear", "1", 1), other.Sale("pear", "1", 2)});
  ASSERT_EQ(Query("SELECT position FROM head"), "4");
  sink = Make();
  Run(*sink);
  EXPECT_THAT(Taken(), IsEmpty());
  EXPECT_EQ(Column("halted"), "restored");
  EXPECT_TRUE(Order("retry").ok());
  Run(*sink);
  EXPECT_EQ(Column("halted"), "restored");
  EXPECT_EQ(Order("restart", "3-00000000000000000000000000000000").code(), Code::kConflict);
  EXPECT_EQ(Order("restart", "9-00000000000000000000000000000000").code(), Code::kConflict);
  EXPECT_EQ(Order("restart", "3").code(), Code::kInvalid);
  const Status restarted = Order("restart", CursorAt(3));
  EXPECT_TRUE(restarted.ok()) << restarted.message();
  Run(*sink);
  EXPECT_THAT(Taken(), ElementsAre("4"));
  EXPECT_EQ(Column("halted, position"), "|4");
  // Set back once more, to before the person's word.
  database_.Execute(
      "UPDATE sink SET lineage = 0, position = 1,"
      " hash = (SELECT hash FROM event WHERE position = 1)");
  sink = Make();
  Run(*sink);
  EXPECT_THAT(Taken(), IsEmpty());
  EXPECT_EQ(Column("halted"), "restored");
}

TEST_F(RestoredTest, WhatWasTakenIsKnownAlsoWhereTheRowIsGone) {
  auto sink = Make();
  Run(*sink);
  Sell(3);
  Run(*sink);
  SetBack();
  database_.Execute("DELETE FROM sink");
  sink = Make();
  Run(*sink);
  Sell(1);
  Run(*sink);
  EXPECT_EQ(Column("halted"), "restored");
}

TEST_F(RestoredTest, AWitnessThatCannotBeReadStopsTheSink) {
  auto sink = Make();
  Run(*sink);
  Sell(1);
  std::ofstream(witness_) << "half a li";
  sink = Make();
  Run(*sink);
  EXPECT_THAT(Taken(), IsEmpty());
  EXPECT_EQ(Column("position"), "0");
  std::remove(witness_.c_str());
  Run(*sink);
  EXPECT_THAT(Taken(), ElementsAre("1"));
}

TEST_F(SinksTest, WhatWasDeletedByAgeUndeliveredHaltsAndIsNotSkipped) {
  auto sink = Make();
  Run(*sink);
  EXPECT_TRUE(Order("pause", "", "").ok());
  Sell(3);
  database_.Execute(
      "UPDATE head SET purged = 2, purged_hash ="
      " (SELECT hash FROM event WHERE position = 2)");
  database_.Execute("DELETE FROM event WHERE position <= 2");
  EXPECT_TRUE(Order("resume", "", "").ok());
  Run(*sink);
  EXPECT_THAT(Taken(), IsEmpty());
  EXPECT_EQ(Column("halted, position"), "purged|0");
}

TEST_F(SinksTest, ASinkThatIsHaltedOrBehindIsAnExceptionUntilItIsNot) {
  auto sink = Make();
  Run(*sink);
  answers_ = {{Meaning::kLater, "it answers 503", {}}};
  Sell(1);
  Run(*sink);
  const auto standing = [this] {
    return Query(
        "SELECT store_id, kind, subject, state, detail FROM exception WHERE kind LIKE"
        " 'sink%' AND ended = 0");
  };
  Advance(std::chrono::minutes(14));
  Turn();
  EXPECT_EQ(standing(), "");
  Advance(std::chrono::minutes(2));
  Turn();
  EXPECT_EQ(standing(), "|sink_behind|erp|open|erp: it answers 503");
  answers_ = {{Meaning::kRefused, "it answers 404", {}}};
  Run(*sink);
  Advance(seconds(40));
  Turn();
  EXPECT_EQ(standing(), "|sink_halted|erp|open|erp: it answers 404");
  EXPECT_TRUE(Order("retry").ok());
  Run(*sink);
  Advance(seconds(40));
  Turn();
  EXPECT_EQ(standing(), "");
}

TEST_F(SinksTest, WhatNobodyServesIsSaidAndCanBeRemoved) {
  auto sink = Make();
  Run(*sink);
  EXPECT_EQ(StateWord(ReadSinkStates(store_->sql())->at(0)), "idle");
  EXPECT_EQ(Order("remove").code(), Code::kConflict);
  sink->Release();
  EXPECT_EQ(StateWord(ReadSinkStates(store_->sql())->at(0)), "unserved");
  EXPECT_TRUE(Order("remove").ok());
  EXPECT_EQ(Count("sink"), 0);
  EXPECT_EQ(Order("pause").code(), Code::kNotFound);
}

}  // namespace
}  // namespace tillrelay::collector
