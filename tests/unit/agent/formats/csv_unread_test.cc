// Columns of a CSV file that no profile names, and say all the same that goods did not leave.
#include "agent/formats/csv_unread.h"

#include <gtest/gtest.h>

#include "agent/formats/csv.h"
#include "agent/formats/csv_values.h"
#include "common/event/draft.h"
#include "common/event/item_rules.h"
#include "tests/support/golden.h"
#include "tests/unit/agent/formats/csv_till.h"

namespace tillrelay {
namespace {

using formats::CsvProfile;
using testing::Till;

// "A -1; refused unknown-word": what each receipt moves.
std::string Moved(const CsvProfile& profile, const std::string& text) {
  std::string all;
  const auto error = formats::DecodeCsv(profile, text, {}, [&](formats::Item&& item) {
    if (!all.empty()) all += "; ";
    const auto* why = std::get_if<event::Rejection>(&item.outcome);
    if (why != nullptr) {
      all += "refused " + why->reason;
      return;
    }
    event::Event event = std::get<event::Event>(item.outcome);
    const auto draft = event::DraftFrom(&event, testing::GoldenShop());
    why = std::get_if<event::Rejection>(&draft);
    std::string moved = why == nullptr ? "" : "refused " + why->reason;
    for (const auto& line : event.lines) {
      for (const auto& effect : line.stock_effect) {
        moved += (moved.empty() ? "" : " ") + line.item.sku + " " + effect.delta->Shortest();
      }
    }
    all += moved.empty() ? "nothing" : moved;
  });
  return error ? "not syntax: " + error->what : all;
}

std::string With(const CsvProfile& profile, const std::string& heading, const std::string& value,
                 const std::string& quantity = "1") {
  return Moved(profile, "no,t,sku,q,\"" + heading + "\"\n1,2026-11-21T10:00:00,A," + quantity +
                            ",\"" + value + "\"\n");
}

struct Cell {
  const char *heading, *value;
};

TEST(CsvUnread, NoRowThatSaysOtherwiseIsSold) {
  const Cell cells[] = {{"Status", "VOIDED"},
                        {"Payment Status", "Voided"},
                        {"Financial Status", "refunded"},
                        {"Financial Status", "partially_refunded"},
                        {"Order state", "Cancelled"},
                        {"Statut", "Annul\xC3\xA9"},
                        {"Estado", "Anulada"},
                        {"sale_state", "Aborted"},
                        {"POS Mode", "Training"},
                        {"Operation", "Void Sale"},
                        {"Belegart", "Storno"},
                        {"Typ",
                         "R\xC3\xBC"
                         "cknahme"},
                        {"Document Type", "Credit note (return)"},
                        {"Result", "cancelled"},
                        {"Anything", "Voided (manager)"},
                        {"Void?", "Y"},
                        {"Is Voided", "1"},
                        {"Storno", "x"},
                        {"Storno", "J"},
                        {"Voided", "voided"},
                        {"Voided At", "2026-11-21"},
                        {"Cancelled on", "2026-11-21 10:00"},
                        {"Training?", "training"},
                        {"Is Test", "yes"},
                        {"Test", "1"},
                        {"Return", "Y"},
                        {"Returned", "1"},
                        {"Is Return", "true"},
                        {"Refund", "12.50"},
                        {"Refund Reason", "too small"},
                        {"Retoure", "ja"},
                        {"Reversal", "X"},
                        {"Parked", "yes"},
                        {"Direction", "IN"},
                        {"Sign", "-"},
                        {"+/-", "-"},
                        {"D/C", "C"},
                        {"Type", "RTN"},
                        {"Type", "R"},
                        {"Status", "V"},
                        {"Type", "Exchange"},
                        {"Record type", "Return"},
                        {"Void comment", "wrong item"},
                        {"Refund note", "too small"},
                        {"Original receipt", "4711"},
                        {"Typ",
                         "R\xC3\x9C"
                         "CKNAHME"},
                        {"VOID?", "Y"},
                        {"Status", "Zork"},
                        {"Status", "7"},
                        {"Receipt Status", "gel\xC3\xB6scht"},
                        {"Payment result", "declined"},
                        {"Sale Outcome", "disputed"},
                        {"Vorgangsart", "Umbuchung"},
                        {"Belegtyp", "Zork"},
                        {"Transaction Type", "Zork"},
                        {"Anything", "ABGELEHNT"},
                        {"Anything", "Gel\xC3\x96scht"},
                        {"Typ", "ritorno"},
                        {"Typ",
                         "Zur\xC3\x9C"
                         "CK"},
                        {"Anything", "quoted"},
                        {"Bemerkung", "STORNIERT"},
                        {"Comment", "voided"}};
  for (const Cell& cell : cells) {
    SCOPED_TRACE(std::string(cell.heading) + "=" + cell.value);
    const std::string moved = With(Till(), cell.heading, cell.value);
    EXPECT_TRUE(moved == "nothing" || moved == "refused unknown-word" || moved == "A 1") << moved;
    CsvProfile ignoring = Till();
    ignoring.ignored = {cell.heading};
    EXPECT_EQ("A -1", With(ignoring, cell.heading, cell.value));
  }
}

TEST(CsvUnread, WhatDecidesNothingIsLeftAlone) {
  const Cell cells[] = {{"Product", "Return envelope"},
                        {"Description", "Void"},
                        {"Artikelname", "Storno-Block"},
                        {"Note", "voided once"},
                        {"Category", "Training"},
                        {"Customer", "Cancel & Sons"},
                        {"Refund", "0.00"},
                        {"Refunded amount", "0,00"},
                        {"Voided At", ""},
                        {"Cancelled", "false"},
                        {"Returnable", "yes"},
                        {"Return policy", "30 days"},
                        {"Clerk", "Anna"},
                        {"Type", "Grocery"},
                        {"Sign", "+"},
                        {"Direction", "OUT"},
                        {"Status", "Paid"},
                        {"Memo", "Return label"},
                        {"Item label", "Void tape"},
                        {"Details", "Training shirt"},
                        {"Libell\xC3\xA9", "Storno"},
                        {"Omschrijving", "Retour doos"},
                        {"Model", "Reverse"},
                        {"Goods", "Returns box"},
                        {"Void policy text", "none given"},
                        {"Remark", "please do not cancel this at all"},
                        {"Remark", "gift"},
                        {"Customer Status", "Gold"},
                        {"Stock status", "low"},
                        {"Fulfillment Status", "shipped"},
                        {"Order Type", "Dine In"},
                        {"State", "CA"}};
  for (const Cell& cell : cells) {
    EXPECT_EQ("A -1", With(Till(), cell.heading, cell.value)) << cell.heading << "=" << cell.value;
  }
}

TEST(CsvUnread, AReturnMaySaySoInMoreColumnsThanOne) {
  EXPECT_EQ("A 1", With(Till(), "Refund reason", "too small", "-1"));
  EXPECT_EQ("refused unknown-word", With(Till(), "Voided at", "2026-11-21", "-1"));
  CsvProfile profile = Till();
  profile.columns["void"] = "v";
  EXPECT_EQ("nothing",
            Moved(profile, "no,t,sku,q,v,Cancelled at\n1,2026-11-21T10:00:00,A,1,1,2026-11-21\n"));
  // Of two columns that could be the same, both count.
  EXPECT_EQ("nothing; refused unknown-word", Moved(Till(),
                                                   "no,t,sku,q,Status,Payment status\n"
                                                   "1,2026-11-21T10:00:00,A,1,Paid,Voided\n"
                                                   "2,2026-11-21T10:00:00,A,1,Cancelled,Paid\n"));
}

TEST(CsvUnread, AmountsOfTwoCurrenciesAreNotAdded) {
  CsvProfile profile = Till();
  profile.columns["net_amount"] = "net";
  const std::string head = "no,t,sku,q,net\n", row = "1,2026-11-21T10:00:00,A,1,";
  EXPECT_EQ("A -1 A -1", Moved(profile, head + row + "$8.00\n" + row + "$1.00\n"));
  EXPECT_EQ("refused unsupported",
            Moved(profile, head + row + "$8.00\n" + row + "\xE2\x82\xAC" + "1.00\n"));
  EXPECT_EQ("refused bad-value", Moved(profile, head + row + "$8.00 \xE2\x82\xAC\n"));
  profile.currency = "EUR";
  EXPECT_EQ("refused unsupported", Moved(profile, head + row + "$8.00\n"));
  EXPECT_EQ("A -1", Moved(profile, head + row + "8.00 \xE2\x82\xAC\n"));
  EXPECT_TRUE(formats::SignFits("\xC2\xA3", "GBP"));
  EXPECT_FALSE(formats::SignFits("\xC2\xA3", "USD"));
  EXPECT_FALSE(formats::SignFits("\xE2\x82\xAC", "USD"));
  EXPECT_TRUE(formats::SignFits("$", "CAD"));
}

TEST(CsvUnread, ANumberThatStartsAgainAtMidnightIsAnotherReceipt) {
  const std::string head = "no,t,sku,q\n";
  const auto two = [&](const char* first, const char* second) {
    CsvProfile profile = Till();
    profile.zone = testing::GoldenShop().zone;
    return Moved(profile, head + "1," + first + ",A,1\n1," + second + ",B,1\n");
  };
  EXPECT_EQ("A -1; B -1", two("2026-11-21T23:30:00", "2026-11-22T00:15:00"));
  EXPECT_EQ("A -1 B -1", two("2026-11-21T23:59:30", "2026-11-22T00:00:30"));
  // The store's own midnight counts, whatever the offset is: in Berlin it is 23:00Z.
  EXPECT_EQ("A -1; B -1", two("2026-11-21T22:30:00Z", "2026-11-21T23:15:00Z"));
  EXPECT_EQ("A -1 B -1", two("2026-11-20T23:30:00Z", "2026-11-21T00:15:00Z"));
  EXPECT_EQ("A -1 B -1", two("2026-11-21T22:59:30Z", "2026-11-21T23:00:30Z"));
}

TEST(CsvUnread, BlanksAroundWhatIsReadMakeNoOther) {
  CsvProfile profile = Till();
  profile.columns["net_amount"] = "net";
  const std::string head = "no,t,sku,q,net\n";
  for (const char* row :
       {"1, 2026-11-21T10:00:00,A, 1 ,8.00\n", " 1,2026-11-21T10:00:00 ,A,\t1, 8.00\t\n",
        "1 ,2026-11-21T10:00:00,A,\xC2\xA0"
        "1,\xC2\xA0"
        "8.00\n"}) {
    EXPECT_EQ("A -1", Moved(profile, head + row)) << row;
    // Two rows of one receipt, one of them with blanks: not two receipts, and none torn apart.
    EXPECT_EQ("A -1 A -1", Moved(profile, head + "1,2026-11-21T10:00:00,A,1,8.00\n" + row)) << row;
  }
}

TEST(CsvUnread, RowsOfNothingArePassedOver) {
  EXPECT_EQ("A -1", Moved(Till(), "no,t,sku,q\n,,,\n1,2026-11-21T10:00:00,A,1\n,,,\n"));
}

TEST(ItemRules, BlanksOfEveryKindMakeNoOtherArticle) {
  for (const char* id : {"A", " A", "A\t",
                         "\xC2\xA0"
                         "A",
                         "A\xE2\x80\xAF",
                         "\xEF\xBB\xBF"
                         "A\xE2\x80\x8B ",
                         "\xE3\x80\x80"
                         "A"}) {
    EXPECT_EQ("A", event::WithoutBlanks(id));
  }
  EXPECT_EQ("A B", event::WithoutBlanks(" A B "));
  EXPECT_EQ("", event::WithoutBlanks("\xC2\xA0 "));
}

}  // namespace
}  // namespace tillrelay
