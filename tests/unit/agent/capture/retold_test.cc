// The same bytes again after a setting has changed: known, whatever the setting and the format.
#include <gtest/gtest.h>

#include <future>

#include "tests/unit/agent/capture/capture_fixture.h"

namespace tillrelay::capture {
namespace {

using formats::Format;

std::string Names(const std::string& number) {
  return R"("store_id":"9","register_id":"03","transaction_no":")" + number + '"';
}
const std::string kLines =
    R"(,"lines":[{"item":{"sku":"100234"},"quantity":"2","uom":"EA","net_amount":"3.00"}]})";

std::string Sale(const std::string& more, const std::string& number = "7") {
  return R"({"kind":"sale","transaction":{)" + Names(number) + more + "}" + kLines;
}

constexpr const char* kPosLogHead =
    "<POSLog><Transaction><RetailStoreID>9</RetailStoreID><WorkstationID>3</WorkstationID>"
    "<SequenceNumber>8</SequenceNumber>";

struct Told {
  const char* name;
  Format format;
  std::string bytes;
};

std::vector<Told> Documents() {
  const std::string goods =
      "<EndDateTime>2026-11-21T23:30:00Z</EndDateTime><RetailTransaction><LineItem><Sale>"
      "<ItemID>100234</ItemID><Quantity>2</Quantity><ExtendedAmount>3.00</ExtendedAmount></Sale>"
      "</LineItem></RetailTransaction></Transaction></POSLog>";
  const std::string shipped =
      "<BusinessDayDate>2026-11-21</BusinessDayDate><EndDateTime>2026-11-21T23:30:00Z"
      "</EndDateTime><InventoryControlTransaction><SerialFormID>1</SerialFormID>"
      "<DocumentTypeCode>zork</DocumentTypeCode><SourceRetailStoreID>9</SourceRetailStoreID>"
      "<DestinationRetailStoreID>0018</DestinationRetailStoreID><LineItem><ItemID>100234</ItemID>"
      "<UnitCount>3</UnitCount></LineItem></InventoryControlTransaction></Transaction></POSLog>";
  return {
      {"sale without a day", Format::kJson, Sale(R"(,"end_at":"2026-11-21T23:30:00Z")")},
      {"sale with a day", Format::kJson,
       Sale(R"(,"business_day":"2026-11-21","end_at":"2026-11-21T23:30:00+01:00")", "71")},
      {"sale on the clock's face", Format::kJson, Sale(R"(,"end_at":"2026-11-21T23:30:00")", "72")},
      {"a number with blanks", Format::kNdjson,
       R"({"kind":"sale","transaction":{"store_id":"9","register_id":"03","transaction_no":" 73 ",)"
       R"("end_at":"2026-11-21T23:30:00Z"})" +
           kLines + "\n"},
      {"control", Format::kJson,
       R"({"kind":"register_control","transaction":{)" + Names("74") +
           R"(,"end_at":"2026-11-21T23:30:00Z","status":"cancelled"}})"},
      {"cloud event", Format::kCloudEvent,
       R"({"specversion":"1.0","id":"1","source":"till","type":"org.tillrelay.sale.v1","data":)" +
           Sale(R"(,"end_at":"2026-11-21T23:30:00Z")", "75") + "}"},
      {"count", Format::kJson,
       R"({"kind":"stock_counted","count":{"count_id":"C1","store_id":"9","kind":"cycle",)"
       R"("as_of":"2026-11-21T23:30:00Z"},"lines":[{"item":{"sku":"100234"},"counted":"4",)"
       R"("uom":"EA"}]})"},
      {"adjustment", Format::kJson,
       R"({"kind":"stock_adjusted","adjustment":{"adjustment_id":"A1","store_id":"9",)"
       R"("adjusted_at":"2026-11-21T23:30:00Z","reason":"theft"},"lines":[{"item":{"sku":)"
       R"("100234"},"quantity":"4","uom":"EA"}]})"},
      {"poslog receipt", Format::kPosLog, kPosLogHead + goods},
      {"poslog transfer", Format::kPosLog, kPosLogHead + shipped},
      {"csv", Format::kCsv,
       "till,other,number,second,time,sku,quantity,pieces\n"
       "03,04,9,19,2026-11-21T23:30:00Z,100234,2,3\n"},
  };
}

struct Change {
  const char* name;
  std::function<void(IntakeOptions*)> make;
};

void Taught(IntakeOptions* options, const char* meaning) {
  options->poslog_words = {};
  ASSERT_TRUE(options->poslog_words.Teach("document_type", "zork", meaning).ok());
}

std::vector<Change> Changes() {
  const auto zone = [](const char* name) {
    return [name](IntakeOptions* o) {
      o->shop.zone = event::StoreZone::Load(name).value();
      for (auto& csv : o->csv) csv.zone = o->shop.zone;
    };
  };
  return {
      {"nothing", [](IntakeOptions*) {}},
      {"zone to New York", zone("America/New_York")},
      {"zone to Kiritimati", zone("Pacific/Kiritimati")},
      {"zone to Pago Pago", zone("Pacific/Pago_Pago")},
      {"the day's end", [](IntakeOptions* o) { o->shop.business_day_ends_s = 4 * 3600; }},
      {"no goods", [](IntakeOptions* o) { o->shop.non_stock = {"100234"}; }},
      {"aliases",
       [](IntakeOptions* o) {
         o->shop.aliases = {"9", "17"};
       }},
      {"poslog words", [](IntakeOptions* o) { Taught(o, "lost"); }},
      {"csv quantity", [](IntakeOptions* o) { o->csv[0].columns["quantity"] = "pieces"; }},
      {"csv number", [](IntakeOptions* o) { o->csv[0].columns["number"] = "second"; }},
      {"csv register", [](IntakeOptions* o) { o->csv[0].columns["register"] = "other"; }},
      {"csv register for all",
       [](IntakeOptions* o) {
         o->csv[0].columns.erase("register");
         o->csv[0].register_id = "55";
       }},
      {"csv unit", [](IntakeOptions* o) { o->csv[0].uom = "KGM"; }},
      {"csv currency", [](IntakeOptions* o) { o->csv[0].currency = "EUR"; }},
      {"csv amounts", [](IntakeOptions* o) { o->csv[0].columns["grand_amount"] = "pieces"; }},
      {"csv no goods", [](IntakeOptions* o) { o->csv[0].non_stock = {"100*"}; }},
      {"csv a time that is not there", [](IntakeOptions* o) { o->csv[0].time_format = "%H:%M"; }},
  };
}

class RetoldTest : public CaptureTest {
 protected:
  // With the settings of the story's beginning, or with others.
  void Open(const char* settings, const Change* change = nullptr) {
    intake_.reset();
    journal_.reset();
    intake_options_ = IntakeOptions{testing::TestShop(), {}, {}};
    auto& csv = intake_options_.csv.emplace_back(TillProfile());
    csv.columns["register"] = "till";
    csv.zone = intake_options_.shop.zone;
    Taught(&intake_options_, "shipped");
    if (change != nullptr) change->make(&intake_options_);
    journal_options_.store.naming_settings = settings;
    OpenJournal();
  }

  std::string Tell(const Told& reported) {
    Document document{reported.format, "http", "", reported.bytes};
    if (reported.format == Format::kCsv) document.csv = &intake_options_.csv[0];
    DecodedDocument prepared = intake_->Prepare(&document);
    EXPECT_FALSE(prepared.syntax) << reported.name << ": " << prepared.syntax->what;
    std::promise<std::string> outcome;
    const Status submitted =
        intake_->Submit(std::move(prepared), std::nullopt, [&outcome](Result<Answer> answer) {
          if (!answer.ok()) return outcome.set_value(answer.status().message());
          const auto& a = *answer;
          outcome.set_value(std::to_string(a.stored) + " stored, " + std::to_string(a.duplicate) +
                            " known, " + std::to_string(a.quarantined) + " " +
                            a.receipts.back().reason);
        });
    EXPECT_TRUE(submitted.ok());
    return outcome.get_future().get();
  }

  void Forget(const std::string& sql) {
    intake_.reset();
    journal_.reset();
    auto db = sqlite::Database::Open(dir_ / "journal.db", {});
    ASSERT_TRUE(db.ok());
    ASSERT_TRUE(db->Exec(sql.c_str()).ok());
  }
};

TEST_F(RetoldTest, EveryFormatUnderEverySetting) {
  Open("first");
  std::vector<std::string> first;
  for (const Told& reported : Documents()) {
    first.push_back(Tell(reported));
    ASSERT_TRUE(first.back().ends_with(" stored, 0 known, 0 ")) << reported.name << first.back();
  }
  const uint64_t head = Head();
  const auto all_known = [&](const std::string& settings) {
    for (size_t i = 0; i < first.size(); ++i) {
      EXPECT_EQ("0 stored, " + first[i].substr(0, 1) + " known, 0 ", Tell(Documents()[i]))
          << Documents()[i].name << ", " << settings;
    }
    EXPECT_EQ(head, Head());
  };
  for (const Change& change : Changes()) {
    Open("second", &change);
    all_known(change.name);
  }
  Open("first");
  all_known("the settings of before");
}

// What a salvage brings over stands at other positions then, with what the list said of it.
TEST_F(RetoldTest, EveryFormatUnderEverySettingBehindASalvage) {
  Open("first");
  std::vector<std::string> first;
  for (const Told& reported : Documents()) first.push_back(Tell(reported));
  for (const Change& change : Changes()) {
    Forget("PRAGMA application_id=1");
    Open("second", &change);
    for (size_t i = 0; i < first.size(); ++i) {
      EXPECT_EQ("0 stored, " + first[i].substr(0, 1) + " known, 0 ", Tell(Documents()[i]))
          << Documents()[i].name << ", " << change.name;
    }
  }
}

// A journal of an older version knows nothing of the documents' bytes.
TEST_F(RetoldTest, RowsOfBeforeAreKnownByTheirMomentAndContent) {
  Open("first");
  const auto documents = Documents();
  EXPECT_EQ("1 stored, 0 known, 0 ", Tell(documents[0]));
  for (const int size : {49, 40, 39, 31, 16}) {
    Forget("UPDATE known SET digest=substr(digest,1," + std::to_string(size) + ")");
    const Change change{"zone", [](IntakeOptions* o) {
                          o->shop.zone = event::StoreZone::Load("America/New_York").value();
                        }};
    Open("second", &change);
    EXPECT_EQ("0 stored, 1 known, 0 ", Tell(documents[0]));
  }
}

// The same name and the same lines, but what else decides is another: never taken for the first.
TEST_F(RetoldTest, DetailsThatDecideAreCompared) {
  Open("first");
  const auto count = [](const char* as_of) {
    return std::string(R"({"kind":"stock_counted","count":{"count_id":"C1","store_id":"9",)") +
           R"("kind":"cycle","as_of":")" + as_of +
           R"("},"lines":[{"item":{"sku":"100234"},"counted":"4","uom":"EA"}]})";
  };
  const auto close = [](const char* sums) {
    return std::string(R"({"kind":"day_closed","close":{"store_id":"9","register_id":"03",)") +
           R"("business_day":"2026-11-21","z_no":"7","closed_at":"2026-11-21T22:00:00+01:00"})" +
           sums + "}";
  };
  const auto sums = [&](const char* amount) {
    return close(
        (std::string(R"(,"pos_control":{"transaction_count":3,"net_amount":")") + amount + R"("})")
            .c_str());
  };
  const auto serial = [](const char* number) {
    std::string text =
        Sale(R"(,"business_day":"2026-11-21","end_at":"2026-11-21T12:00:00Z")", "80");
    return text.replace(text.find(R"("uom")"), 0,
                        std::string(R"("serials":[")") + number + R"("],)");
  };
  const auto net = [](const char* amount) {
    std::string text =
        Sale(R"(,"business_day":"2026-11-21","end_at":"2026-11-21T12:00:00Z")", "81");
    text.replace(text.find(R"(,"net_amount":"3.00")"), 20, "");
    return text.insert(text.size() - 1,
                       std::string(R"(,"totals":{"net_amount":")") + amount + R"("})");
  };
  const auto adjusted = [](const char* reason, const char* minute = "30") {
    return std::string(R"({"kind":"stock_adjusted","adjustment":{"adjustment_id":"A9",)") +
           R"("store_id":"9","adjusted_at":"2026-11-21T23:)" + minute + R"(:00Z","reason":")" +
           reason + R"("},"lines":[{"item":{"sku":"100234"},"quantity":"4","uom":"EA"}]})";
  };
  const auto received = [](const char* from) {
    return std::string(R"({"kind":"transfer_received","transfer":{"transfer_id":"T1",)") +
           R"("receipt_id":"R1","to_store_id":"9","from_store_id":")" + from +
           R"(","received_at":"2026-11-21T12:00:00Z"},"lines":[{"item":{"sku":"100234"},)" +
           R"("quantity":"4","uom":"EA"}]})";
  };
  const auto closed = [&](const char* hour) {
    std::string text = close("");
    return text.replace(text.find("T22:"), 3, std::string("T") + hour)
        .replace(text.find(R"("z_no":"7")"), 10, R"("z_no":"8")");
  };
  const auto article = [](const char* sku) {
    std::string text =
        Sale(R"(,"business_day":"2026-11-21","end_at":"2026-11-21T12:00:00Z")", "82");
    return text.replace(text.find(R"("sku":"100234")"), 14,
                        std::string(R"("gtin":"9521234000013","sku":")") + sku + '"');
  };
  const std::tuple<const char*, std::string, std::string, std::string> all[] = {
      {"reason", adjusted("theft"), adjusted("theft"), adjusted("waste")},
      {"moment", adjusted("theft"), adjusted("theft"), adjusted("theft", "31")},
      {"sender", received("18"), received("18"), received("19")},
      {"closed at", closed("22"), closed("22"), closed("23")},
      {"number beside a GTIN", article("100234"), article("100234"), article("100235")},
      {"count", count("2026-11-21T23:30:00Z"), count("2026-11-22T00:30:00+01:00"),
       count("2026-11-21T20:30:00Z")},
      {"close", sums("48.10"), close(""), sums("48.20")},
      {"serial", serial("A1"), serial("A1"), serial("A2")},
      {"net amount", net("3.00"), net("3.00"), net("2.90")},
  };
  for (const auto& [name, first, again, other] : all) {
    const bool known = std::string_view(name) == "moment";
    EXPECT_EQ(known ? "0 stored, 1 known, 0 " : "1 stored, 0 known, 0 ",
              Tell({name, Format::kJson, first}))
        << name;
    EXPECT_EQ("0 stored, 1 known, 0 ", Tell({name, Format::kJson, again})) << name;
    EXPECT_EQ("0 stored, 0 known, 1 changed", Tell({name, Format::kJson, other})) << name;
    EXPECT_EQ("0 stored, 1 known, 0 ", Tell({name, Format::kJson, first})) << name;
  }
}

TEST_F(RetoldTest, AnotherMomentIsAnotherReceipt) {
  Open("first");
  EXPECT_EQ("1 stored, 0 known, 0 ", Tell(Documents()[0]));
  const Told later{"", Format::kJson, Sale(R"(,"end_at":"2026-11-21T23:31:00Z")")};
  EXPECT_EQ("0 stored, 0 known, 1 time_changed", Tell(later));
  const Told tomorrow{"", Format::kJson, Sale(R"(,"end_at":"2026-11-22T23:30:00Z")")};
  EXPECT_EQ("1 stored, 0 known, 0 ", Tell(tomorrow));
  std::string other = Sale(R"(,"end_at":"2026-11-21T23:30:00Z")");
  other.replace(other.find("3.00"), 4, "4.00");
  EXPECT_EQ("0 stored, 0 known, 1 changed", Tell({"", Format::kJson, other}));
}

// Rows of two tills may read alike; which till it was says the profile.
TEST_F(RetoldTest, OnlyWhatWasToldBeforeTheChangeIsLookedFor) {
  Open("first");
  const Told csv = Documents().back();
  EXPECT_EQ("1 stored, 0 known, 0 ", Tell(csv));
  const Change another{"register",
                       [](IntakeOptions* o) { o->csv[0].columns["register"] = "other"; }};
  Open("first", &another);  // the journal is not told that anything has changed
  EXPECT_EQ("1 stored, 0 known, 0 ", Tell(csv));
}

}  // namespace
}  // namespace tillrelay::capture
