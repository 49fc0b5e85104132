// What stands on the root of a POSLog document, and beside or around its transactions, speaks of
// all that it stands around.
#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/agent/formats/poslog_documents.h"

namespace tillrelay {
namespace {

using testing::ExpectStill, testing::Moved, testing::Receipt, testing::Surrounded;

const std::vector<std::string> kRoots = {"TrainingModeFlag='true'",
                                         "TrainingFlag='1'",
                                         "TestFlag='true'",
                                         "own:TestFlag='Y'",
                                         "Mode='Test'",
                                         "Mode='Training'",
                                         "Status='Cancelled'",
                                         "BatchStatus='Zork'",
                                         "VoidFlag='true'",
                                         "Voided='yes'",
                                         "Type='Training'",
                                         "State='Voided'",
                                         "Test='1'",
                                         "IsTest='true'",
                                         "Simulation='true'",
                                         "VoidFlag='perhaps'",
                                         "Draft='true'",
                                         "CancelFlag='maybe'",
                                         "Operation='Refund'",
                                         "Rejected='1'",
                                         "ActionCode='Delete'",
                                         "ActionCode='Zork'"};

const std::vector<std::string> kBeside = {
    "<ARTSHeader ActionCode='Cancel'/>",
    "<ARTSHeader ActionCode='Delete'><MessageID>1</MessageID></ARTSHeader>",
    "<ARTSHeader><ActionCode>Rollback</ActionCode></ARTSHeader>",
    "<Header><TrainingFlag>true</TrainingFlag></Header>",
    "<Header><own:X><own:Flag name='Void' value='true'/></own:X></Header>",
    "<TrainingModeFlag>true</TrainingModeFlag>",
    "<Voided>true</Voided>",
    "<own:Voided/>",
    "<own:Training/>",
    "<Status>Cancelled</Status>",
    "<Header><Status>Voided</Status></Header>",
    "<Header Mode='Demo'/>",
    "<Mode>Test</Mode>",
    "<TestFlag>true</TestFlag>",
    "<Response ResponseCode='Rejected'/>"};

const std::vector<std::string> kHarmless = {
    "<ARTSHeader ActionCode='Create' MessageType='Publish'><MessageID>1</MessageID>"
    "<DateTime>2026-11-21T10:00:00</DateTime></ARTSHeader>",
    "<ARTSHeader ActionCode='Begin'/>",
    "<Header><TrainingFlag>false</TrainingFlag></Header>",
    "<Header><SenderName>Void Stores Ltd</SenderName><Status>OK</Status></Header>",
    "<RetailStoreID>0042</RetailStoreID>",
    "<TransactionCount>1</TransactionCount>",
    "<Customer><Status>Voided</Status></Customer>",
    "<own:Voided>false</own:Voided>"};

TEST(PosLogAround, TheRootSpeaksOfItsTransactions) {
  ASSERT_EQ("on_hand -1", Moved(Receipt({})));
  for (const std::string& root : kRoots) {
    SCOPED_TRACE(root);
    EXPECT_TRUE(Moved(Surrounded(Receipt({}), {.root = root})).starts_with("refused"));
  }
  for (const char* root :
       {"MajorVersion='6'", "TrainingModeFlag='false'", "Mode='Production'", "ActionCode='Create'",
        "Status='OK'", "SenderName='Void Ltd'", "FixVersion='1'", "OfflineFlag='true'"}) {
    EXPECT_EQ("on_hand -1", Moved(Surrounded(Receipt({}), {.root = root}))) << root;
  }
}

TEST(PosLogAround, SoDoesWhatStandsBesideThem) {
  for (const std::string& beside : kBeside) {
    SCOPED_TRACE(beside);
    ExpectStill(Surrounded(Receipt({}), {.before = beside}));
    ExpectStill(Surrounded(Receipt({}), {.after = beside}));
    ExpectStill(Surrounded(Receipt({}), {.before = "<Batch>" + beside + "</Batch>"}));
    ExpectStill(Surrounded(Receipt({}), {.before = "<Batch>" + beside, .after = "</Batch>"}));
  }
  for (const std::string& beside : kHarmless) {
    EXPECT_EQ("on_hand -1", Moved(Surrounded(Receipt({}), {.before = beside}))) << beside;
    EXPECT_EQ("on_hand -1", Moved(Surrounded(Receipt({}), {.after = beside}))) << beside;
  }
}

TEST(PosLogAround, AnElementAroundSpeaksOfWhatIsInIt) {
  for (const char* wrapper :
       {"VoidedTransactions", "own:CancelledTransactions", "Training", "TrainingTransactions",
        "SuspendedTransactions", "Transactions Type='Training'", "Batch Status='Voided'",
        "Transactions Mode='Test'", "Quotes", "TestTransactions", "Voided", "Batch VoidFlag='1'"}) {
    const std::string tag(wrapper);
    const testing::Around around{.before = "<" + tag + ">",
                                 .after = "</" + tag.substr(0, tag.find(' ')) + ">"};
    ExpectStill(Surrounded(Receipt({}), around));
    // Others are not in it.
    EXPECT_EQ("on_hand -1refused unsupported", [&] {
      const std::string inner = Receipt({});
      const size_t from = inner.find("<Transaction");
      const std::string one = inner.substr(from, inner.find("</POSLog>") - from);
      std::string moved = Moved(Surrounded(inner, {.after = around.before + one + around.after}));
      if (const size_t at = moved.find("unknown-word"); at != std::string::npos) {
        moved.replace(at, 12, "unsupported");
      }
      return moved;
    }()) << wrapper;
  }
  for (const char* wrapper :
       {"Transactions", "Batch Status='Completed'", "own:Day", "Sales", "Returns"}) {
    const std::string tag(wrapper);
    const testing::Around around{.before = "<" + tag + ">",
                                 .after = "</" + tag.substr(0, tag.find(' ')) + ">"};
    EXPECT_EQ("on_hand -1", Moved(Surrounded(Receipt({}), around))) << wrapper;
  }
}

const std::string kGoods =
    "<LineItem><Sale><ItemID>B</ItemID><ExtendedAmount>1.00</ExtendedAmount><Quantity>1</Quantity>"
    "</Sale></LineItem>";

std::string Wrapped(std::string inner, int depth) {
  for (int i = 0; i < depth; ++i) inner = "<own:W>" + inner + "</own:W>";
  return inner;
}

TEST(PosLogAround, GoodsOutsideOfATransactionAreNotPassedOver) {
  const std::string own = "<LineItem><Sale><own:Artikel>B</own:Artikel></Sale></LineItem>";
  for (const std::string& goods :
       {kGoods, own, kGoods.substr(10, kGoods.size() - 21),
        "<RetailTransaction>" + own + "</RetailTransaction>",
        std::string("<PostVoidTransaction><SequenceNumber>1</SequenceNumber>"
                    "</PostVoidTransaction>"),
        std::string("<Return><ItemID>B</ItemID><Quantity>1</Quantity></Return>")}) {
    for (const int depth : {0, 1, 7}) {
      const std::string beside = Wrapped(goods, depth);
      EXPECT_EQ("refused unsupported", Moved(Surrounded(Receipt({}), {.before = beside})))
          << beside;
      EXPECT_EQ("refused unsupported", Moved(Surrounded(Receipt({}), {.after = beside}))) << beside;
      const std::string alone = "<POSLog xmlns:own='urn:own'>" + beside + "</POSLog>";
      EXPECT_EQ("refused unsupported", Moved(alone)) << beside;
    }
  }
}

TEST(PosLogAround, NorAreTransactionsOfAnotherName) {
  std::string document = Receipt({});
  document.replace(document.find("<Transaction"), 12, "<own:SaleTransaction");
  document.replace(document.find("</Transaction>"), 14, "</own:SaleTransaction>");
  EXPECT_EQ("refused unsupported", Moved(document));
  for (const char* nothing :
       {"<POSLog/>", "<POSLog><BatchID>7</BatchID></POSLog>",
        "<POSLog><ARTSHeader><TransactionCount>0</TransactionCount></ARTSHeader></POSLog>"}) {
    EXPECT_EQ("nothing", Moved(nothing)) << nothing;
  }
}

TEST(PosLogAround, NorAreGoodsBelowAWrapper) {
  for (const int depth : {1, 3, 9}) {
    const std::string goods = Wrapped(kGoods, depth);
    ExpectStill(Receipt({.in_transaction = goods}));
    ExpectStill(Receipt({.in_receipt = goods}));
    ExpectStill(Receipt({.in_line = goods}));
    ExpectStill(Receipt({.in_goods = goods}));
    ExpectStill(Receipt({.lines = goods}));
    ExpectStill(Receipt(
        {.lines = "<LineItem><Tender><Amount>1.00</Amount>" + goods + "</Tender></LineItem>"}));
    EXPECT_EQ("refused unsupported", Moved(testing::Document("", "<ControlTransaction>" + goods +
                                                                     "</ControlTransaction>")));
  }
}

// A document so large that it is not kept as a whole is judged by its end as well.
TEST(PosLogAround, AtTheEndOfALargeDocument) {
  const std::string filling = "<!--" + std::string(2'000'000, 'x') + "-->";
  EXPECT_EQ("on_hand -1", Moved(Surrounded(Receipt({}), {.before = filling})));
  ExpectStill(Surrounded(Receipt({}), {.before = filling, .after = "<Voided>true</Voided>"}));
}

TEST(PosLogAround, IsBounded) {
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "<a/>";
  const std::string wide = "Note='" + std::string(70'000, 'x') + "'";
  EXPECT_EQ("refused bad-value", Moved(Surrounded(Receipt({}), {.before = many})));
  EXPECT_EQ("refused bad-value", Moved(Surrounded(Receipt({}), {.after = many})));
  EXPECT_EQ("refused bad-value", Moved(Surrounded(Receipt({}), {.root = wide})));
  EXPECT_EQ("on_hand -1", Moved(Surrounded(Receipt({}), {.before = many.substr(0, 40'000)})));
}

}  // namespace
}  // namespace tillrelay
