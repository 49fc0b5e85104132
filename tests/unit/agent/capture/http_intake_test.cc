// The registers' door over HTTP: what each request is answered, and what is stored of it.
#include "agent/capture/http_intake.h"

#include <future>
#include <thread>

#include "common/base/json_reader.h"
#include "tests/support/fault_vfs.h"
#include "tests/unit/agent/capture/capture_fixture.h"

namespace tillrelay::capture {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class HttpDoorTest : public CaptureTest {
 protected:
  void SetUp() override {
    OpenJournal();
    OpenDoor(intake_.get());
  }
  void OpenDoor(Intake* intake) {
    door_ = std::make_unique<HttpIntake>(intake, nullptr, &counters_);
    router_ = http::Router();
    door_->AddRoutes(&router_);
  }
  http::Response Post(const std::string& body, const std::string& type = "application/json",
                      const std::string& query = "", const std::string& key = "") {
    http::Request request;
    request.method = "POST";
    request.path = request.target = "/v1/events";
    request.query = query;
    request.content_type = type;
    request.body = body;
    request.subject = subject_;
    request.sender = sender_;
    request.memory = memory_;
    if (!key.empty()) request.headers.Add("Idempotency-Key", key);
    const auto match = router_.Find(request);
    if (match.route == nullptr) return match.problem;
    if (auto refusal = router_.gate()(request)) return *refusal;
    auto promise = std::make_shared<std::promise<http::Response>>();
    auto answer = promise->get_future();
    match.route->handler(std::move(request), http::Responder([promise](http::Response&& response) {
                           promise->set_value(std::move(response));
                         }));
    return answer.get();
  }
  static std::string Type(const http::Response& response) {
    const std::string begin = R"("type":"https://tillrelay.org/problems/)";
    const size_t at = response.body.find(begin);
    if (at == std::string::npos) return "";
    const size_t from = at + begin.size();
    return response.body.substr(from, response.body.find('"', from) - from);
  }

  std::unique_ptr<HttpIntake> door_;
  http::Router router_;
  std::string subject_, sender_;  // what the guard has found
  std::shared_ptr<MemoryBudget::Share> memory_;
};

// An event's data as a CloudEvent of a foreign sender.
std::string CloudEvent(const std::string& id, const std::string& json) {
  return R"({"specversion":"1.0","id":")" + id +
         R"(","source":"/tills","type":"org.tillrelay.sale.v1","data":)" + json + "}";
}

TEST_F(HttpDoorTest, CsvIsReadByTheNamedProfileOnly) {
  EXPECT_EQ(Post(kTillCsv, "text/csv; profile=till").status, 415);
  intake_options_.csv = {TillProfile(), TillProfile()};
  intake_options_.csv[1].name = "other";
  EXPECT_EQ(Post(kTillCsv, "text/csv").status, 415) << "two profiles: which?";
  EXPECT_EQ(Post(kTillCsv, "text/csv; profile=none").status, 415);
  EXPECT_THAT(Post(kTillCsv, "text/csv; charset=utf-8; profile=\"till\"").body,
              HasSubstr(R"("stored":2,"duplicate":0,"quarantined":0)"));
  EXPECT_THAT(Post(kTillCsv, "text/csv; profile=till").body, HasSubstr(R"("duplicate":2)"));
  EXPECT_EQ(Post("register,number\n", "text/csv; profile=till").status, 400);
  EXPECT_EQ(Head(), 2u);
}

TEST_F(HttpDoorTest, EpcisIsStoredAsAShopsDocument) {
  const std::string event =
      R"({"type":"ObjectEvent","eventID":"urn:uuid:1","eventTime":"2026-11-21T17:42:08+01:00",)"
      R"("bizStep":"destroying","bizLocation":{"id":"urn:epc:id:sgln:9521321.00042.0"},)"
      R"("quantityList":[{"epcClass":"urn:epc:idpat:sgtin:9521234.000001.*","quantity":2}]})";
  EXPECT_THAT(Post(event, "application/vnd.gs1.epcis+json").body, HasSubstr("foreign-store"));
  intake_options_.shop.aliases.emplace_back("9521321000421");
  EXPECT_THAT(Post(event, "application/ld+json").body, HasSubstr(R"("stored":1)"));
}

TEST_F(HttpDoorTest, AnswersWithTheNumberAfterTheCommit) {
  const http::Response response = Post(SaleJson(1));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_THAT(response.body, StartsWith(R"({"results":[{"outcome":"stored","id":")"));
  EXPECT_THAT(response.body,
              HasSubstr(R"(","sequence":1,"stream":")" + journal_->Stats().stream + '"'));
  EXPECT_THAT(response.body, HasSubstr(R"(],"stored":1,"duplicate":0,"quarantined":0})"));
  EXPECT_EQ(Head(), 1u);
  EXPECT_EQ(Stats().http.stored(), 1u);
}

TEST_F(HttpDoorTest, TheSameAgainGetsTheFirstReceipt) {
  const std::string first = Post(SaleJson(1)).body;
  const std::string id = first.substr(first.find("\"id\""), 43);
  const http::Response again = Post(SaleJson(1));
  EXPECT_EQ(again.status, 200);
  EXPECT_THAT(again.body, StartsWith(R"({"results":[{"outcome":"duplicate",)" + id));
  EXPECT_THAT(again.body, HasSubstr(R"("sequence":1,)"));
  EXPECT_EQ(Head(), 1u);
}

TEST_F(HttpDoorTest, OneResultPerItemInOrder) {
  Post(SaleJson(1));
  const http::Response response =
      Post("[" + SaleJson(2) + "," + UnfitJson(3) + "," + SaleJson(1) + "," + SaleJson(4) + "]");
  EXPECT_EQ(response.status, 200);
  std::string outcomes;
  for (size_t at = 0; (at = response.body.find("\"outcome\":\"", at)) != std::string::npos;) {
    outcomes += response.body[at += 11];
  }
  EXPECT_EQ(outcomes, "sqds");  // stored, quarantined, duplicate, stored
  EXPECT_THAT(response.body,
              HasSubstr(R"({"outcome":"quarantined","ticket":1,"reason":"missing-field",)"
                        R"("field":"lines","hint":"this field is required"})"));
  EXPECT_THAT(response.body, HasSubstr(R"("stored":2,"duplicate":1,"quarantined":1)"));
  EXPECT_EQ(Head(), 3u);
}

TEST_F(HttpDoorTest, TheSameUnfitDocumentKeepsItsTicket) {
  Post(UnfitJson(1));
  EXPECT_THAT(Post(UnfitJson(2)).body, HasSubstr("\"ticket\":2"));
  EXPECT_THAT(Post(UnfitJson(1)).body, HasSubstr("\"ticket\":1"));
  EXPECT_EQ(journal_->Stats().quarantined, 2u);
}

TEST_F(HttpDoorTest, ADocumentThatIsNoJsonIsAProblemWithItsPlaceAndTicket) {
  const http::Response response = Post(SaleJson(1, kCard) + "," + SaleJson(2));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(Type(response), "not-syntax");
  const std::string offset = std::to_string(SaleJson(1, kCard).size());
  EXPECT_THAT(response.body, AllOf(HasSubstr("\"offset\":" + offset), HasSubstr("\"hint\":"),
                                   HasSubstr("\"ticket\":1")));
  EXPECT_EQ(Head(), 0u);
  EXPECT_THAT(Ask("SELECT document FROM quarantine"),
              AllOf(HasSubstr("[REDACTED-PAN]"), Not(HasSubstr(kCard))));
  EXPECT_EQ(Stats().http_refused, 1u);
}

TEST_F(HttpDoorTest, EveryPrefixOfADocumentIsRefusedAndStoresNothing) {
  const std::string whole = SaleJson(1);
  for (size_t length = 0; length < whole.size(); ++length) {
    const http::Response response = Post(whole.substr(0, length));
    EXPECT_EQ(response.status, 400) << length;
  }
  EXPECT_EQ(Head(), 0u);
}

TEST_F(HttpDoorTest, NestingWithoutEndIsRefused) {
  const http::Response response = Post(std::string(100'000, '['));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(Type(response), "not-syntax");
}

TEST_F(HttpDoorTest, ADocumentWithoutEventsIsRefused) {
  for (const char* body : {"[]", " [ ] "}) {
    const http::Response response = Post(body);
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(Type(response), "empty");
  }
  EXPECT_EQ(Type(Post("\n\n", "application/x-ndjson")), "empty");
  EXPECT_EQ(journal_->Stats().quarantined, 0u);
}

TEST_F(HttpDoorTest, AForeignContentTypeIsRefusedUnread) {
  for (const char* type : {"", "text/plain", "application/jsonx", "multipart/form-data"}) {
    const http::Response response = Post(SaleJson(1), type);
    EXPECT_EQ(response.status, 415) << type;
    EXPECT_EQ(Type(response), "content-type");
  }
  EXPECT_EQ(Post(SaleJson(1), "Application/JSON; charset=utf-8").status, 200);
  EXPECT_EQ(Head(), 1u);
}

TEST_F(HttpDoorTest, ADryRunAnswersTheSameAndStoresNothing) {
  const std::string body = "[" + SaleJson(1) + "," + UnfitJson(2) + "]";
  const http::Response dry = Post(body, "application/json", "dry_run=true");
  EXPECT_EQ(dry.status, 200);
  EXPECT_THAT(dry.body, HasSubstr(R"("stored":1,"duplicate":0,"quarantined":1)"));
  // What was understood stands beside it, with its effect on stock.
  EXPECT_THAT(dry.body, HasSubstr(R"("understood":{"kind":"sale","transaction":{)"));
  EXPECT_THAT(dry.body, HasSubstr(R"({"bucket":"on_hand","location":"0042","delta":"-2"})"));
  EXPECT_EQ(Post("{", "application/json", "dry_run=true").status, 400);
  EXPECT_EQ(Head(), 0u);
  EXPECT_EQ(journal_->Stats().quarantined, 0u);
  EXPECT_EQ(Stats().http.stored(), 0u);
  EXPECT_TRUE(Stats().registers.empty());
  const http::Response real = Post(body);
  EXPECT_THAT(real.body, HasSubstr(R"("stored":1,"duplicate":0,"quarantined":1)"));
  EXPECT_THAT(real.body, Not(HasSubstr("understood")));
}

TEST_F(HttpDoorTest, ADryRunTellsWhichColumnsNobodyReads) {
  intake_options_.csv = {TillProfile()};
  const std::string csv =
      "register,number,time,sku,quantity,clerk,4111111111111111\n"
      "03,4711,2026-11-21T17:42:08+01:00,100234,2,Anna,x\n";
  const auto dry = Post(csv, "text/csv; profile=till", "dry_run=true");
  EXPECT_THAT(dry.body, HasSubstr(R"("not_read":["clerk",")"));
  EXPECT_THAT(dry.body, Not(HasSubstr(kCard)));
  EXPECT_THAT(Post(csv, "text/csv; profile=till").body, Not(HasSubstr("not_read")));
}

TEST_F(HttpDoorTest, ADryRunTellsWhichMembersAndElementsNobodyReads) {
  const std::string json =
      R"({"kind":"sale","transaction":{"store_id":"0042","register_id":"03",)"
      R"("business_day":"2026-11-21","transaction_no":"1","end_at":"2026-11-21T17:42:08+01:00"},)"
      R"("lines":[{"item":{"sku":"A"},"quantity":"1","uom":"EA"}],"origin":{"channel":"x"}})";
  EXPECT_THAT(Post(json, "application/json", "dry_run=true").body,
              HasSubstr(R"("not_read":["origin"])"));
  const std::string xml =
      "<POSLog><Transaction X4111111111111111='1'><RetailStoreID>0042</RetailStoreID>"
      "<WorkstationID>3</WorkstationID><SequenceNumber>2</SequenceNumber>"
      "<EndDateTime>2026-11-21T10:00:00</EndDateTime><RetailTransaction><Parking>N</Parking>"
      "<LineItem><Sale><ItemID>A</ItemID><ExtendedAmount>1</ExtendedAmount><Quantity>1</Quantity>"
      "</Sale></LineItem></RetailTransaction></Transaction></POSLog>";
  const auto dry = Post(xml, "application/xml", "dry_run=true");
  EXPECT_THAT(dry.body, HasSubstr(R"("Transaction/RetailTransaction/Parking"])"));
  EXPECT_THAT(dry.body, Not(HasSubstr(kCard)));
  EXPECT_THAT(Post(xml, "application/xml").body, Not(HasSubstr("not_read")));
}

TEST_F(HttpDoorTest, TheIdempotencyKeyComesBackAndIsKeptWithTheEvent) {
  const http::Response response = Post(SaleJson(1), "application/json", "", "till-3/77");
  EXPECT_EQ(response.headers.Find("Idempotency-Key"), "till-3/77");
  EXPECT_THAT(Ask("SELECT data FROM event"), HasSubstr(R"("request_id":"till-3/77")"));
  EXPECT_EQ(Post(SaleJson(2)).headers.Count("Idempotency-Key"), 0u);
}

TEST_F(HttpDoorTest, AKeyThatIsLongOrACardNumberIsCutAndMasked) {
  Post(SaleJson(1), "application/json", "", kCard);
  EXPECT_THAT(Ask("SELECT data FROM event"), Not(HasSubstr(kCard)));
  Post(UnfitJson(2), "application/json", "", kCard);
  EXPECT_THAT(Ask("SELECT origin FROM quarantine"), Not(HasSubstr(kCard)));
  const auto response = Post(SaleJson(3), "application/json", "", std::string(5000, 'k'));
  EXPECT_EQ(response.headers.Find("Idempotency-Key"), std::string(128, 'k'));
}

TEST_F(HttpDoorTest, AKeyThatIsNoTextLeavesTheEventReadable) {
  Post(SaleJson(1), "application/json", "", "a\xFF\"b");
  std::string data = Ask("SELECT data FROM event");
  EXPECT_TRUE(JsonParser().Parse(data).ok());
}

TEST_F(HttpDoorTest, WithoutAStoreIdNothingIsAccepted) {
  OpenDoor(nullptr);
  const http::Response response = Post(SaleJson(1));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(Type(response), "not-configured");
  EXPECT_NE(response.headers.Find("Retry-After"), "");
}

TEST_F(HttpDoorTest, AFullJournalSaysWhenToComeAgain) {
  journal_.reset();
  journal_options_.max_bytes = 1;
  OpenJournal();
  OpenDoor(intake_.get());
  const http::Response response = Post(SaleJson(1));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(Type(response), "full");
  EXPECT_NE(response.headers.Find("Retry-After"), "");
  EXPECT_EQ(Head(), 0u);
  EXPECT_EQ(Stats().http_refused, 1u);
  EXPECT_EQ(Post("{").status, 400);  // wrong whatever the disk does
  EXPECT_TRUE(Stats().registers.empty());
}

TEST_F(HttpDoorTest, AFailedJournalIsUnavailableAndNotFull) {
  testing::FaultVfs& vfs = testing::FaultVfs::Instance();
  vfs.Reset();
  journal_.reset();
  OpenJournal(testing::FaultVfs::kName);
  OpenDoor(intake_.get());
  vfs.FailAt(vfs.operations() + 1, testing::FaultVfs::Failure::kIo, true);
  for (int i = 1; i <= 3; ++i) {  // the one that finds it out, and those behind it
    const http::Response response = Post(SaleJson(i));
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(Type(response), "unavailable") << i;
    EXPECT_NE(response.headers.Find("Retry-After"), "");
  }
  vfs.FailAt(0, testing::FaultVfs::Failure::kIo, false);
  while (!journal_->Refusing().empty()) std::this_thread::yield();
  EXPECT_EQ(Post(SaleJson(4)).status, 200);
}

TEST_F(HttpDoorTest, AFullQuarantineRefusesTheBadOneAndNotItsNeighbours) {
  journal_.reset();
  journal_options_.store.quarantine_max_count = 1;
  OpenJournal();
  OpenDoor(intake_.get());
  EXPECT_EQ(Post(UnfitJson(100)).status, 200);  // now it is full
  for (int bad = 0; bad < 20; bad += 19) {      // the first or the last of twenty
    std::string lines;
    for (int i = 0; i < 20; ++i) {
      lines += (i == bad ? UnfitJson(200 + bad) : SaleJson(1 + bad * 100 + i)) + "\n";
    }
    const http::Response response = Post(lines, "application/x-ndjson");
    EXPECT_EQ(response.status, 200);
    EXPECT_THAT(response.body, HasSubstr(R"("outcome":"refused","reason":")"));
    EXPECT_THAT(response.body,
                HasSubstr(R"("stored":19,"duplicate":0,"quarantined":1,"refused":1)"));
    EXPECT_NE(response.headers.Find("Retry-After"), "");
  }
  EXPECT_EQ(Head(), 38u);
  const http::Response alone = Post(UnfitJson(300));
  EXPECT_EQ(alone.status, 503);
  EXPECT_EQ(Type(alone), "full");
  EXPECT_EQ(Post(SaleJson(900)).status, 200) << "the disk is not full";
}

TEST_F(HttpDoorTest, WhatIsMadeOfABodyTakesMemoryAsWell) {
  constexpr size_t kOthers = 2 * 1024 * 1024;
  MemoryBudget budget(4 * 1024 * 1024);
  memory_ = budget.Take(100);
  std::string small = "[1";
  for (int i = 0; i < 10'000; ++i) small += ",1";
  const auto other = budget.Take(kOthers);
  const http::Response response = Post(small + "]");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(Type(response), "busy");
  EXPECT_NE(response.headers.Find("Retry-After"), "");
  memory_.reset();
  EXPECT_EQ(Ask("SELECT count(*) FROM quarantine"), "0");
  EXPECT_EQ(budget.used(), kOthers) << "all of it was given back";
}

TEST_F(HttpDoorTest, OneRequestOfJunkLeavesTheQuarantineToOthers) {
  std::string junk;
  for (int i = 0; i < 10'000; ++i) junk += "junk " + std::to_string(i) + "\n";
  sender_ = "register 66";
  const http::Response response = Post(junk, "application/x-ndjson");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, HasSubstr(R"("stored":0,"duplicate":0,"quarantined":10000,)"
                                       R"("refused":7500})"));
  EXPECT_THAT(response.body, HasSubstr("those of register 66 have reached that"));
  EXPECT_EQ(Post("{}").status, 503);
  sender_ = "register 03";
  EXPECT_EQ(Post("{}").status, 200);
}

TEST_F(HttpDoorTest, AStoppedJournalIsUnavailable) {
  journal_->Stop();
  const http::Response response = Post(SaleJson(1));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(Type(response), "unavailable");
  EXPECT_NE(response.headers.Find("Retry-After"), "");
}

TEST_F(HttpDoorTest, OneBadLineOfManyIsQuarantinedAlone) {
  const http::Response response =
      Post(SaleJson(1) + "\n" + SaleJson(2).substr(0, 60) + "\r\n\n" + SaleJson(3) + "\n",
           "application/x-ndjson");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, HasSubstr(R"("reason":"not-syntax","field":"line 2")"));
  EXPECT_THAT(response.body, HasSubstr(R"("stored":2,"duplicate":0,"quarantined":1)"));
  EXPECT_EQ(Head(), 2u);
}

TEST_F(HttpDoorTest, ABatchOfCloudEventsKeepsIdAndSourceOfItsSender) {
  const std::string batch =
      "[" + CloudEvent("e-1", SaleJson(1)) + "," + CloudEvent("e-2", SaleJson(2)) + "]";
  const http::Response response = Post(batch, "application/cloudevents-batch+json");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(Head(), 2u);
  EXPECT_THAT(Ask("SELECT data FROM event"), AllOf(HasSubstr(R"("source_event_id":"e-1")"),
                                                   HasSubstr(R"("source_event_source":"/tills")")));
  EXPECT_THAT(Post(CloudEvent("e-9", SaleJson(1)), "application/cloudevents+json").body,
              HasSubstr(R"("outcome":"duplicate")"));
  EXPECT_EQ(Post(batch, "application/cloudevents+json").status, 400);
}

TEST_F(HttpDoorTest, ADocumentOfAnotherStoreIsQuarantined) {
  std::string foreign = SaleJson(1);
  foreign.replace(foreign.find("0042"), 4, "0099");
  EXPECT_THAT(Post(foreign).body, HasSubstr(R"("reason":"foreign-store")"));
  std::string alias = SaleJson(1);
  alias.replace(alias.find("0042"), 4, "9");
  EXPECT_THAT(Post(alias).body, HasSubstr(R"("outcome":"stored")"));
  EXPECT_THAT(Post(SaleJson(1)).body, HasSubstr(R"("outcome":"duplicate")"));
}

TEST_F(HttpDoorTest, AChangedReceiptIsQuarantinedAndNeverOverwrites) {
  Post(SaleJson(1));
  std::string changed = SaleJson(1);
  changed.replace(changed.find("\"2\",\"uom\""), 3, "\"3\"");
  EXPECT_THAT(Post(changed).body, HasSubstr(R"("reason":"changed")"));
  EXPECT_THAT(Ask("SELECT data FROM event"), HasSubstr(R"("quantity":"2")"));
  EXPECT_EQ(Head(), 1u);
}

TEST_F(HttpDoorTest, OnlyWhatIsStoredCountsAsARegistersSale) {
  Post(SaleJson(1));
  Post(SaleJson(1));
  const CaptureStats stats = Stats();
  ASSERT_TRUE(stats.registers.contains("3"));
  EXPECT_EQ(stats.registers.at("3").sales, 1u);
  EXPECT_EQ(stats.registers.at("3").last_heard_at, clock_.Wall());
}

TEST_F(HttpDoorTest, ADocumentOfAnotherRegisterRefusesTheWholeRequest) {
  subject_ = "4";
  for (const std::string& body :
       {SaleJson(1), "[" + UnfitJson(2) + "," + SaleJson(3) + "]", "[" + SaleJson(4) + "]"}) {
    for (const char* query : {"", "dry_run=true"}) {
      const http::Response response = Post(body, "application/json", query);
      EXPECT_EQ(response.status, 403);
      EXPECT_EQ(Type(response), "not-this-register");
    }
  }
  EXPECT_EQ(Head(), 0u);
  EXPECT_EQ(journal_->Stats().quarantined, 0u);
  subject_ = "3";  // the register of these documents is 03
  EXPECT_EQ(Post(SaleJson(1)).status, 200);
}

TEST_F(HttpDoorTest, WhatIsNotWantedIsRefusedBeforeItsBodyIsTaken) {
  http::Request request;
  request.method = "POST";
  request.path = "/v1/events";
  request.content_type = "application/pdf";
  EXPECT_EQ(router_.gate()(request)->status, 415);
  request.content_type = "text/csv; profile=none";
  EXPECT_EQ(router_.gate()(request)->status, 415);
  request.content_type = "application/json";
  EXPECT_FALSE(router_.gate()(request).has_value());
  EXPECT_EQ(Stats().http_refused, 2u);
}

TEST_F(HttpDoorTest, OnlyPostIsServed) {
  http::Request request;
  request.method = "GET";
  request.path = request.target = "/v1/events";
  EXPECT_EQ(router_.Find(request).problem.status, 405);
}

}  // namespace
}  // namespace tillrelay::capture
