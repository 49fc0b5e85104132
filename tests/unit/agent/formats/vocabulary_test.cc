// Every slot where a POSLog document tells what became of its goods: a word that nobody knows is
// refused there by its name, whoever wrote it and however it is placed.
#include "agent/formats/poslog/vocabulary.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/golden.h"

namespace tillrelay {
namespace {

using formats::Format;
using formats::poslog::Place;
using formats::poslog::Question;
using formats::poslog::Slot;
using formats::poslog::Vocabulary;

constexpr const char* kPage = "../../docs/formats.md";

// A small document with a hole in each place: attributes and children that are put into it.
struct Holes {
  std::string attributes, children;
};
using Filled = std::map<Place, Holes>;

std::string Open(const std::string& name, const Holes& holes) {
  return "<" + name + " " + holes.attributes + ">" + holes.children;
}

std::string Head(const Filled& filled, const std::string& number) {
  const auto at = [&](Place place) { return filled.contains(place) ? filled.at(place) : Holes(); };
  return "<POSLog xmlns='http://www.nrf-arts.org/IXRetail/namespace/' xmlns:own='urn:own'>" +
         Open("Transaction", at(Place::kTransaction)) +
         "<RetailStoreID>0042</RetailStoreID><WorkstationID>3</WorkstationID><SequenceNumber>" +
         number +
         "</SequenceNumber><BusinessDayDate>2026-11-21</BusinessDayDate>"
         "<EndDateTime>2026-11-21T10:00:00</EndDateTime>";
}

std::string Receipt(Filled filled) {
  const bool linked = filled.contains(Place::kLink);
  return Head(filled, "1") + Open("RetailTransaction", filled[Place::kReceipt]) +
         (linked ? Open("TransactionLink", filled[Place::kLink]) +
                       "<SequenceNumber>7</SequenceNumber></TransactionLink>"
                 : std::string()) +
         Open("LineItem", filled[Place::kLineItem]) + "<SequenceNumber>1</SequenceNumber>" +
         Open("Sale", filled[Place::kGoods]) +
         "<ItemID>A</ItemID><ExtendedAmount>1.00</ExtendedAmount><Quantity>1</Quantity></Sale>"
         "</LineItem><Total TotalType='TransactionGrandAmount'>1.00</Total></RetailTransaction>"
         "</Transaction></POSLog>";
}

std::string Return(Filled filled) {
  return Head(filled, "1") + "<RetailTransaction><LineItem><Return><ItemID>A</ItemID>" +
         Open("Disposal", filled[Place::kDisposal]) +
         "</Disposal><ExtendedAmount>1.00</ExtendedAmount><Quantity>1</Quantity></Return>"
         "</LineItem></RetailTransaction></Transaction></POSLog>";
}

// `type` is left out where the hole fills it.
std::string Inventory(Filled filled, const std::string& type) {
  filled[Place::kControl].attributes += " ";
  return Head(filled, "1") + Open("InventoryControlTransaction", filled[Place::kControl]) +
         Open("InventoryControlDocument", filled[Place::kInventory]) +
         (type.empty() ? "" : "<DocumentTypeCode>" + type + "</DocumentTypeCode>") +
         "<DocumentID>D</DocumentID><SourceRetailStoreID>0018</SourceRetailStoreID>"
         "<DestinationRetailStoreID>0042</DestinationRetailStoreID>" +
         Open("LineItem", filled[Place::kInventoryLine]) +
         "<ItemID>A</ItemID><UnitCount>1</UnitCount></LineItem></InventoryControlDocument>"
         "</InventoryControlTransaction></Transaction></POSLog>";
}

// The document in which the slot's hole is read.
std::string DocumentWith(const Slot& slot, const Holes& holes) {
  const Filled filled = {{slot.place, holes}};
  switch (slot.place) {
    case Place::kTransaction:
    case Place::kReceipt:
    case Place::kLineItem:
    case Place::kGoods:
    case Place::kLink:
      return Receipt(filled);
    case Place::kDisposal:
      return Return(filled);
    case Place::kControl:
      return Inventory(filled, "TransferIn");
    case Place::kInventory:
    case Place::kInventoryLine:
      if (slot.question == Question::kDocumentType) return Inventory(filled, "");
      if (slot.question == Question::kDirection) {
        Filled correction = filled;
        correction[Place::kInventory].children += "<ReasonCode>Correction</ReasonCode>";
        return Inventory(correction, "StockAdjustment");
      }
      return Inventory(filled,
                       slot.question == Question::kReason ? "StockAdjustment" : "TransferIn");
    case Place::kAround:  // no question is answered there
      break;
  }
  return {};
}

struct Outcome {
  std::vector<event::Rejection> refused;
  std::vector<event::Event> kept;
  size_t effects = 0;
};

Outcome Take(const std::string& document, const Vocabulary* words = nullptr) {
  Outcome outcome;
  formats::Decoder decoder(words);
  std::string bytes = document;
  const auto error = decoder.Decode(Format::kPosLog, bytes, {}, [&](formats::Item&& item) {
    if (const auto* why = std::get_if<event::Rejection>(&item.outcome)) {
      outcome.refused.push_back(*why);
      return;
    }
    event::Event event = std::get<event::Event>(item.outcome);
    const auto draft = event::DraftFrom(&event, testing::GoldenShop());
    if (const auto* why = std::get_if<event::Rejection>(&draft)) outcome.refused.push_back(*why);
    for (const auto& line : event.lines) outcome.effects += line.stock_effect.size();
    outcome.kept.push_back(std::move(event));
  });
  EXPECT_FALSE(error) << error->what << "\n" << document;
  return outcome;
}

std::string Named(const Slot& slot) {
  return std::string(formats::poslog::TableOf(slot.question).name) + " at " +
         std::string(slot.name) + ", place " + std::to_string(static_cast<int>(slot.place));
}

std::vector<std::pair<std::string, Holes>> Spellings(const Slot& slot, const std::string& word) {
  const std::string name(slot.name);
  return {
      {"attribute", {name + "='" + word + "'", ""}},
      {"prefixed attribute", {"own:" + name + "='" + word + "'", ""}},
      {"behind an empty one", {name + "='' own:" + name + "='" + word + "'", ""}},
      {"child", {"", "<" + name + ">" + word + "</" + name + ">"}},
      {"second child", {"", "<" + name + "/><own:" + name + ">" + word + "</own:" + name + ">"}}};
}

TEST(Vocabulary, AWordThatNobodyKnowsIsRefusedAtEverySlot) {
  std::set<Question> asked;
  for (const Slot& slot : formats::poslog::Slots()) {
    asked.insert(slot.question);
    for (const char* word : {"Zork", "own:Zork", "NotVoided", "7", "Отменён", "Completed Zork"}) {
      for (const auto& [how, holes] : Spellings(slot, word)) {
        SCOPED_TRACE(Named(slot) + " as " + how + ": " + word);
        const Outcome outcome = Take(DocumentWith(slot, holes));
        ASSERT_EQ(1u, outcome.refused.size());
        const event::Rejection& why = outcome.refused[0];
        EXPECT_EQ("unknown-word", why.reason);
        EXPECT_NE(std::string::npos, why.field.find(slot.name)) << why.field;
        EXPECT_NE(std::string::npos, why.hint.find("is not known")) << why.hint;
        EXPECT_NE(std::string::npos, why.hint.find("[formats.poslog.words]")) << why.hint;
        EXPECT_EQ(0u, outcome.effects);
      }
    }
  }
  // The others are asked of names: flags and elements.
  EXPECT_EQ(formats::poslog::kQuestionCount - 2, asked.size());
}

TEST(Vocabulary, EveryKnownWordIsTakenAtEverySlotOfItsQuestion) {
  for (const Slot& slot : formats::poslog::Slots()) {
    for (const auto& known : formats::poslog::TableOf(slot.question).words) {
      const std::string word = "own:" + std::string(known.word);
      SCOPED_TRACE(Named(slot) + ": " + word);
      const Outcome outcome = Take(DocumentWith(slot, Spellings(slot, word)[0].second));
      for (const auto& why : outcome.refused) EXPECT_NE("unknown-word", why.reason) << why.hint;
    }
  }
}

TEST(Vocabulary, AWordThatSaysThatNothingHappenedMovesNothing) {
  const std::set<std::string_view> none = {"cancelled", "suspended", "training", "resumed",
                                           "draft"};
  size_t tried = 0;
  for (const Slot& slot : formats::poslog::Slots()) {
    for (const auto& known : formats::poslog::TableOf(slot.question).words) {
      if (!none.contains(known.meaning) || slot.question == Question::kElement) continue;
      // A transfer that is taken back is an event of its own; arrivals are refused.
      SCOPED_TRACE(Named(slot) + ": " + std::string(known.word));
      const auto holes = Spellings(slot, std::string(known.word))[0].second;
      EXPECT_EQ(0u, Take(DocumentWith(slot, holes)).effects);
      ++tried;
    }
  }
  EXPECT_GT(tried, 100u);
}

constexpr Place kFlagPlaces[] = {Place::kTransaction,  Place::kReceipt, Place::kControl,
                                 Place::kLineItem,     Place::kGoods,   Place::kInventory,
                                 Place::kInventoryLine};

TEST(Vocabulary, FlagsAreReadInEverySpellingOrRefused) {
  for (const Place place : kFlagPlaces) {
    const bool line = place == Place::kLineItem || place == Place::kGoods;
    for (const char* name :
         {"VoidFlag", "CancelFlag", "VoidedFlag", "DeleteFlag", "own:VoidFlag"}) {
      const Slot slot{Question::kFlag, place, name};
      for (const char* value : {"true", "True", "TRUE", "1", "Y", "y", "yes", "YES", "t", "on",
                                " true ", "-1", "J", "ja", "oui"}) {
        for (const auto& [how, holes] : Spellings(slot, value)) {
          if (how != "attribute" && how != "child") continue;
          SCOPED_TRACE(Named(slot) + " = " + value + " as " + how);
          const Outcome outcome = Take(DocumentWith(slot, holes));
          EXPECT_EQ(0u, outcome.effects);
        }
      }
      for (const char* value : {"false", "False", "0", "N", "no", "off", "nein"}) {
        SCOPED_TRACE(Named(slot) + " = " + value);
        const Outcome outcome =
            Take(DocumentWith(slot, {std::string(name) + "='" + value + "'", ""}));
        EXPECT_TRUE(outcome.refused.empty()) << outcome.refused[0].hint;
        EXPECT_LT(0u, outcome.effects);
      }
      for (const char* value : {"maybe", "2", "", "X", "true false"}) {
        SCOPED_TRACE(Named(slot) + " = " + value);
        const Outcome outcome =
            Take(DocumentWith(slot, {std::string(name) + "='" + value + "'", ""}));
        ASSERT_EQ(1u, outcome.refused.size());
        EXPECT_EQ("bad-value", outcome.refused[0].reason);
        EXPECT_EQ(0u, outcome.effects);
      }
    }
    for (const char* name : {"ZorkFlag='true'", "Zorked='true'", "own:IsZork='Yes'", "ZorkFlag='1'",
                             "ZorkIndicator='1'", "ZorkFlag='perhaps'"}) {
      SCOPED_TRACE(std::string(name) + " at place " + std::to_string(static_cast<int>(place)));
      const Outcome outcome = Take(DocumentWith({Question::kFlag, place, ""}, {name, ""}));
      ASSERT_EQ(1u, outcome.refused.size());
      EXPECT_EQ(0u, outcome.effects);
      if (line) {
        EXPECT_TRUE(outcome.kept.empty());
      }
    }
    for (const char* name : {"Zorked='false'", "Zork='1'", "Version='2.1'", "TaxableFlag='true'"}) {
      SCOPED_TRACE(name);
      const Outcome outcome = Take(DocumentWith({Question::kFlag, place, ""}, {name, ""}));
      EXPECT_TRUE(outcome.refused.empty()) << outcome.refused[0].hint;
    }
  }
}

TEST(Vocabulary, AnElementOfALineThatHoldsGoodsIsNotPassedOver) {
  const std::string goods = "<ItemID>F</ItemID><Quantity>3</Quantity>";
  const std::string deep = "<own:Fuel><Part>" + goods + "</Part></own:Fuel>";
  const std::string fuel = "<FuelSale>" + goods + "</FuelSale>";
  const struct {
    const char* where;
    Filled filled;
  } cases[] = {
      {"line", {{Place::kLineItem, {"", fuel}}}},
      {"line, deep", {{Place::kLineItem, {"", deep}}}},
      {"line itself", {{Place::kLineItem, {"", goods}}}},
      {"receipt", {{Place::kReceipt, {"", fuel}}}},
      {"another kind of line", {{Place::kReceipt, {"", "<FuelLine>" + fuel + "</FuelLine>"}}}},
      {"transaction",
       {{Place::kTransaction, {"", "<FuelTransaction>" + fuel + "</FuelTransaction>"}}}},
      {"control",
       {{Place::kTransaction, {"", "<ControlTransaction>" + fuel + "</ControlTransaction>"}}}},
      {"second receipt", {{Place::kTransaction, {"", "<RetailTransaction/>"}}}},
      {"document beside", {{Place::kTransaction, {"", "<InventoryControlTransaction/>"}}}}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.where);
    const Outcome outcome = Take(Receipt(c.filled));
    ASSERT_EQ(1u, outcome.refused.size());
    EXPECT_TRUE(outcome.kept.empty());
  }
  for (const auto& filled :
       {Filled{{Place::kInventory, {"", fuel}}},
        Filled{{Place::kControl,
                {"", "<InventoryControlDocument>" + fuel + "</InventoryControlDocument>"}}}}) {
    EXPECT_EQ(1u, Take(Inventory(filled, "TransferIn")).refused.size());
  }
}

TEST(Vocabulary, AShopTeachesItsOwnWords) {
  Vocabulary words;
  EXPECT_TRUE(words.Teach("status", "dtv:Zork", "cancelled").ok());
  EXPECT_TRUE(words.Teach("flag", "ZorkFlag", "harmless").ok());
  EXPECT_TRUE(words.Teach("reason", "MERMA", "waste").ok());
  EXPECT_FALSE(words.Teach("weather", "x", "cancelled").ok());
  EXPECT_FALSE(words.Teach("status", "x", "sold").ok());
  EXPECT_FALSE(words.Teach("status", "Voided", "completed").ok());
  EXPECT_TRUE(words.Teach("status", "Voided", "cancelled").ok());
  const auto with = [&](Filled filled) { return Take(Receipt(std::move(filled)), &words); };
  EXPECT_EQ(0u, with({{Place::kReceipt, {"TransactionStatus='zork'", ""}}}).effects);
  EXPECT_EQ(1u, with({{Place::kTransaction, {"ZorkFlag='true'", ""}}}).effects);
  const Outcome waste =
      Take(Inventory({{Place::kInventory, {"ReasonCode='merma'", ""}}}, "StockAdjustment"), &words);
  ASSERT_TRUE(waste.refused.empty()) << waste.refused[0].hint;
  EXPECT_EQ("waste", waste.kept.back().adjustment->reason);
}

// "status: TransactionStatus = "Zork"" as the ticket prints it is a line that Teach takes.
TEST(Vocabulary, TheHintNamesALineThatCanBeTaught) {
  const auto why =
      formats::poslog::BuiltInVocabulary().Unknown(Question::kStatus, "TransactionStatus", "a\"b");
  EXPECT_NE(std::string::npos, why.hint.find("status.\"a\\\"b\" = \"completed\"")) << why.hint;
}

std::string Joined(std::string_view meaning, const formats::poslog::QuestionTable& table) {
  std::string text;
  for (const auto& known : table.words) {
    if (known.meaning == meaning) text += (text.empty() ? "" : ", ") + std::string(known.word);
  }
  return text.empty() ? "none yet" : text;
}

std::string Page() {
  std::string text = "| question | told by | meaning: words |\n|---|---|---|\n";
  for (size_t i = 0; i < formats::poslog::kQuestionCount; ++i) {
    const auto question = static_cast<Question>(i);
    const auto& table = formats::poslog::TableOf(question);
    std::set<std::string_view> names;
    std::string slots;
    for (const Slot& slot : formats::poslog::Slots()) {
      if (slot.question != question || !names.insert(slot.name).second) continue;
      slots += (slots.empty() ? "" : ", ") + std::string(slot.name);
    }
    if (slots.empty()) slots = "its own name";
    text +=
        "| `" + std::string(table.name) + "`: " + std::string(table.asks) + " | " + slots + " | ";
    std::string meanings;
    for (const auto meaning : table.meanings) {
      meanings += (meanings.empty() ? "" : "; ") + ("`" + std::string(meaning)) +
                  "`: " + Joined(meaning, table);
    }
    text += meanings + " |\n";
  }
  return text;
}

TEST(Vocabulary, ThePagePrintsTheTables) {
  constexpr std::string_view kFrom = "<!-- words: made by formats_vocabulary_test -->\n";
  constexpr std::string_view kTo = "<!-- end of words -->\n";
  std::string page = testing::ReadGolden(kPage);
  const size_t from = page.find(kFrom), to = page.find(kTo);
  ASSERT_NE(std::string::npos, from);
  ASSERT_NE(std::string::npos, to);
  page.replace(from + kFrom.size(), to - from - kFrom.size(), Page());
  testing::ExpectGolden(kPage, page);
}

}  // namespace
}  // namespace tillrelay
