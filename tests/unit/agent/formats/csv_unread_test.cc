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
  const Cell cells[] = {
      {"Status", "VOIDED"},
      {"Tipo de documento",
       "Nota de cr\xC3\xA9"
       "dito"},
      {"Tipo documento", "Nota di credito"},
      {"Type",
       "Note de cr\xC3\xA9"
       "dit"},
      {"Tipo", "Abono"},
      {"Tipo", "Presupuesto"},
      {"Estado", "Pendiente"},
      {"Devolu\xC3\xA7\xC3\xA3o", "Sim"},
      {"Situa\xC3\xA7\xC3\xA3o", "Devolvido"},
      {"R\xC3\xBC"
       "cksendung",
       "ja"},
      {"S/H", "H"},
      {"Ausgeliefert", "nein"},
      {"Vorbestellung", "ja"},
      {"Testmodus", "1"},
      {"\xC3\x9C"
       "bungsbuchung",
       "ja"},
      {"Rechnungskorrektur", "ja"},
      {"Type document", "Creditnota"},
      {"Typ", "Kreditfaktura"},
      {"Typ", "Retur"},
      {"Tyyppi", "Hyvityslasku"},
      {"Peruutettu", "Kyll\xC3\xA4"},
      {"Typ dokumentu", "Korekta"},
      {"Typ dokladu", "Dobropis"},
      {"\xC3\x81llapot", "Sztorn\xC3\xB3"},
      {"T\xC3\xADpus", "Vissz\xC3\xA1ru"},
      {"\xD0\xA1\xD1\x82\xD0\xBE\xD1\x80\xD0\xBD\xD0\xBE", "\xD0\x94\xD0\xB0"},
      {"\xD0\x92\xD0\xBE\xD0\xB7\xD0\xB2\xD1\x80\xD0\xB0\xD1\x82", "\xD0\x94\xD0\xB0"},
      {"\xD0\x9F\xD1\x80\xD0\xBE\xD0\xB2\xD0\xB5\xD0\xB4\xD0\xB5\xD0\xBD",
       "\xD0\x9D\xD0\xB5\xD1\x82"},
      {"\xCE\x9A\xCE\xB1\xCF\x84\xCE\xAC\xCF\x83\xCF\x84\xCE\xB1\xCF\x83\xCE\xB7",
       "\xCE\x91\xCE\xBA\xCF\x85\xCF\x81\xCF\x89\xCE\xBC\xCE\xAD\xCE\xBD\xCE\xBF"},
      {"\xE8\xAE\xA2\xE5\x8D\x95\xE7\x8A\xB6\xE6\x80\x81", "\xE5\xB7\xB2\xE9\x80\x80\xE6\xAC\xBE"},
      {"\xE4\xBA\xA4\xE6\x98\x93\xE7\x8A\xB6\xE6\x80\x81",
       "\xE4\xBA\xA4\xE6\x98\x93\xE5\x85\xB3\xE9\x97\xAD"},
      {"\xE6\x98\xAF\xE5\x90\xA6\xE9\x80\x80\xE8\xB4\xA7", "\xE6\x98\xAF"},
      {"\xE8\xBF\x94\xE5\x93\x81\xE3\x83\x95\xE3\x83\xA9\xE3\x82\xB0", "1"},
      {"\xE8\xB5\xA4\xE9\xBB\x92\xE5\x8C\xBA\xE5\x88\x86", "\xE8\xB5\xA4"},
      {"\xE4\xBC\x9D\xE7\xA5\xA8\xE5\x8C\xBA\xE5\x88\x86", "\xE8\xB5\xA4\xE4\xBC\x9D"},
      {"\xEC\x83\x81\xED\x83\x9C", "\xEC\xB7\xA8\xEC\x86\x8C"},
      {"Jenis", "Retur"},
      {"Test Order", "Yes"},
      {"Sandbox", "true"},
      {"Credit for invoice", "77"},
      {"Motivo reso", "difettoso"},
      {"Motif retour", "taille"},
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
      {"Comment", "voided"},
      {"\xE5\x8F\x96\xE6\xB6\x88", "\xE6\x98\xAF"},
      {"\xD0\x9E\xD1\x82\xD0\xBC\xD0\xB5\xD0\xBD\xD1\x91\xD0\xBD", "\xD0\xB4\xD0\xB0"},
      {"Anulowano", "tak"},
      {"Makulerad", "ja"},
      {"Not shipped", "1"},
      {"Not sold", "yes"},
      {"Sign", "\xE2\x88\x92"},
      {"Return quantity", "1"},
      {"Return amount", "12.00"},
      {"Delivery", "not delivered"},
      {"Lieferung", "nicht abgeholt"},
      {"Correction", "x"}};
  for (const Cell& cell : cells) {
    SCOPED_TRACE(std::string(cell.heading) + "=" + cell.value);
    const std::string moved = With(Till(), cell.heading, cell.value);
    EXPECT_TRUE(moved == "nothing" || moved == "refused unknown-word" || moved == "A 1") << moved;
    CsvProfile ignoring = Till();
    ignoring.ignored = {cell.heading};
    EXPECT_EQ("A -1", With(ignoring, cell.heading, cell.value));
  }
}

// Many shops fill a reference on every sale, with the sale's own number.
TEST(CsvUnread, AReferenceToItselfIsNone) {
  const auto sold = [](const char* heading, const std::string& value, const char* number) {
    return Moved(Till(), std::string("no,t,sku,q,") + heading + "\n" + number +
                             ",2026-11-21T10:00:00,A,1,\"" + value + "\"\n");
  };
  for (const char* heading : {"Original order", "Original receipt", "Orig. invoice no",
                              "Originalbon", "Ursprungsbeleg", "Original sale ID"}) {
    SCOPED_TRACE(heading);
    for (const char* own :
         {"17", "0017", " 17 ", "#17", "", "0", "000", "-", "--", "n/a", "none"}) {
      EXPECT_EQ("A -1", sold(heading, own, "17")) << own;
    }
    EXPECT_EQ("A -1", sold(heading, "b-4", "B-4"));
    for (const char* other : {"18", "170", "1-17", "17 voided", "-17", "17.1"}) {
      EXPECT_EQ("refused unknown-word", sold(heading, other, "17")) << other;
    }
    EXPECT_EQ("A 1", With(Till(), heading, "1", "-1"));  // a return is one by its own signs
    EXPECT_EQ("A 1", With(Till(), heading, "2", "-1"));
  }
  // What speaks of a return, or of taking back, says so of itself too.
  for (const char* heading : {"Return for", "Return order", "Return number", "Refund of", "Voids",
                              "Replaces", "Correction of", "Exchange for"}) {
    EXPECT_EQ("refused unknown-word", sold(heading, "17", "17")) << heading;
  }
}

TEST(CsvUnread, AndSoIsOneToAnotherNumberOfItsRow) {
  const char* head = "no,t,sku,q,Payment ID,Original payment ID\n";
  const std::string row = "1,2026-11-21T10:00:00,A,1,";
  EXPECT_EQ("A -1", Moved(Till(), head + row + "p7,P7\n"));
  EXPECT_EQ("refused unknown-word", Moved(Till(), head + row + "p7,p8\n"));
}

bool MovesNothingAsSold(const std::string& moved) {
  return moved == "nothing" || moved.starts_with("refused") || moved == "A 1";
}

const char* const kDeciders[] = {"Transaction type",
                                 "Type",
                                 "Order type",
                                 "Document type",
                                 "Action",
                                 "Stock movement",
                                 "Order State",
                                 "Status",
                                 "\xD0\xA1\xD1\x82\xD0\xB0\xD1\x82\xD1\x83\xD1\x81",
                                 "\xD0\xA1\xD0\xA2\xD0\x90\xD0\xA2\xD0\xA3\xD0\xA1",
                                 "\xE7\x8A\xB6\xE6\x80\x81",
                                 "\xE3\x82\xB9\xE3\x83\x86\xE3\x83\xBC\xE3\x82\xBF\xE3\x82\xB9",
                                 "Durum",
                                 "Stav",
                                 "Tila",
                                 "Estado"};
const char* const kNoSales[] = {"Layaway",
                                "Pending",
                                "Test",
                                "On hold",
                                "Estimate",
                                "Write-off",
                                "Waste",
                                "Loss",
                                "Damaged",
                                "Transfer",
                                "Inbound",
                                "Goods receipt",
                                "Wareneingang",
                                "Proforma",
                                "Not delivered",
                                "Undelivered",
                                "Abandoned",
                                "Preorder",
                                "Own use",
                                "Eigenverbrauch",
                                "Bruch",
                                "Geparkt",
                                "Avoir",
                                "Devuelto",
                                "Rembours\xC3\xA9",
                                "Reembolsado",
                                "Rimborsato",
                                "Zwrot",
                                "\xD0\x9E\xD1\x82\xD0\xBC\xD0\xB5\xD0\xBD\xD1\x91\xD0\xBD",
                                "\xD0\x9E\xD0\xA2\xD0\x9C\xD0\x95\xD0\x9D\xD0\x81\xD0\x9D",
                                "\xD0\x9E\xD1\x82\xD0\xBC\xD0\xB5\xD0\xBD\xD0\xB5\xD0\xBD",
                                "\xE5\xB7\xB2\xE5\x8F\x96\xE6\xB6\x88",
                                "\xE3\x82\xAD\xE3\x83\xA3\xE3\x83\xB3\xE3\x82\xBB\xE3\x83\xAB",
                                "\xC4\xB0ptal",
                                "\xC4\xB0PTAL",
                                "Zru\xC5\xA1"
                                "eno",
                                "ZRU\xC5\xA0"
                                "ENO",
                                "Peruttu",
                                "Pre-order",
                                "ON HOLD",
                                "Stock take",
                                "nicht geliefert",
                                "\xD0\xB2\xD0\xBE\xD0\xB7\xD0\xB2\xD1\x80\xD0\xB0\xD1\x82",
                                "\xE8\xBF\x94\xE5\x93\x81"};

TEST(CsvUnread, NoWordOfAnotherKindIsSoldUnderAnyHeadingThatDecides) {
  for (const char* heading : kDeciders) {
    for (const char* word : kNoSales) {
      const std::string moved = With(Till(), heading, word);
      EXPECT_TRUE(MovesNothingAsSold(moved)) << heading << "=" << word << ": " << moved;
    }
  }
}

TEST(CsvUnread, ASecondColumnThatDecidesIsReadToo) {
  CsvProfile profile = Till();
  profile.columns["kind"] = "k";
  profile.columns["status"] = "s";
  const auto with = [&](const std::string& heading, const std::string& word) {
    return Moved(profile, "no,t,sku,q,k,s,\"" + heading +
                              "\"\n1,2026-11-21T10:00:00,A,1,Sale,Paid,\"" + word + "\"\n");
  };
  for (const char* heading : kDeciders) {
    for (const char* word : kNoSales) {
      EXPECT_EQ("refused unknown-word", with(heading, word)) << heading << "=" << word;
    }
  }
  for (const char* heading : {"Transaction type", "Payment status", "Belegart"}) {
    EXPECT_EQ("refused unknown-word", with(heading, "Zork")) << heading;
  }
  EXPECT_EQ("A -1", with("Transaction type", "Sale"));
  EXPECT_EQ("A -1", with("Payment status", "Paid"));
  EXPECT_EQ("A -1", with("Type", "Grocery"));
  profile.words["kind"]["Zork"] = "sale";
  EXPECT_EQ("A -1", with("Transaction type", "Zork"));
}

TEST(CsvUnread, AHeadingThatTellsRefusesWhatIsTrueUnderIt) {
  for (const char* heading : {"Customer refund",
                              "Return indicator",
                              "Return to stock",
                              "Gutschrift",
                              "Credit note",
                              "Devoluci\xC3\xB3n",
                              "Schulung",
                              "Testbon",
                              "Geparkt",
                              "Angebot",
                              "Lieferschein",
                              "Layaway",
                              "Quote",
                              "Pending",
                              "Rejected",
                              "Failed",
                              "On hold",
                              "Write-off",
                              "Loss",
                              "Duplicate",
                              "Is pending",
                              "Parked flag",
                              "Proforma",
                              "Eigenverbrauch"}) {
    for (const char* value : {"yes", "1", "x", "true", "J", heading}) {
      EXPECT_EQ("refused unknown-word", With(Till(), heading, value)) << heading << "=" << value;
    }
    for (const char* value : {"", " ", "no", "0", "false", "N"}) {
      EXPECT_EQ("A -1", With(Till(), heading, value)) << heading << "=" << value;
    }
  }
  for (const char* heading : {"Paid", "Completed", "Posted", "Approved", "Valid", "Finalized",
                              "Livemode", "Is paid", "Is valid"}) {
    for (const char* value : {"no", "0", "false", "N", "nein"}) {
      EXPECT_EQ("refused unknown-word", With(Till(), heading, value)) << heading << "=" << value;
    }
    for (const char* value : {"", "yes", "1", "true"}) {
      EXPECT_EQ("A -1", With(Till(), heading, value)) << heading << "=" << value;
    }
  }
}

TEST(CsvUnread, WhatPointsAtAnotherReceiptIsNotSoldAgain) {
  for (const char* heading :
       {"Return for", "Correction of", "Corrects", "Replaces", "Original Payment ID",
        "Original receipt no", "Orig. transaction", "Voids"}) {
    EXPECT_EQ("refused unknown-word", With(Till(), heading, "4711")) << heading;
    EXPECT_EQ("A -1", With(Till(), heading, "")) << heading;
  }
  EXPECT_EQ("A 1", With(Till(), "Return for", "4711", "-1"));
  EXPECT_EQ("A 1", With(Till(), "Original Payment ID", "4711", "-1"));
  for (const char* heading : {"Fulfillment Status", "Lineitem fulfillment status"}) {
    EXPECT_EQ("refused unknown-word", With(Till(), heading, "restocked")) << heading;
  }
}

TEST(CsvUnread, AFactorOfPackagesRefuses) {
  for (const char* heading : {"FAKTOR", "Factor", "Multiplier"}) {
    for (const char* value : {"6", "6,000", "0.5", "0", "1,5", "10", "1 "}) {
      EXPECT_EQ(std::string(value) == "1 " ? "A -1" : "refused unsupported",
                With(Till(), heading, value))
          << heading << "=" << value;
    }
  }
}

TEST(CsvUnread, HeadingsThatDifferInBlanksAreTheSame) {
  for (const char* other : {"q ", " q", "q\xC2\xA0"}) {
    EXPECT_EQ(
        "not syntax: there are two columns q",
        Moved(Till(), std::string("no,t,sku,q,") + other + "\n1,2026-11-21T10:00:00,A,1,9\n"));
  }
}

TEST(CsvUnread, WhatWasNotHandedOverAndWhatIsMoneyIsNotSold) {
  for (const char* heading : {"Fulfillment Status", "Lineitem fulfillment status", "Fulfilment"}) {
    for (const char* word : {"unfulfilled", "partial", "Pending", "on_hold"}) {
      EXPECT_TRUE(With(Till(), heading, word).starts_with("refused")) << heading << " " << word;
    }
    EXPECT_EQ("A -1", With(Till(), heading, "fulfilled")) << heading;
    EXPECT_EQ("A -1", With(Till(), heading, "")) << heading;
  }
  for (const char* heading : {"Itemization Type", "Item Type", "Category", "Sales Category"}) {
    EXPECT_TRUE(With(Till(), heading, "Gift Card").starts_with("refused")) << heading;
    EXPECT_EQ("A -1", With(Till(), heading, "Physical Good")) << heading;
  }
  EXPECT_TRUE(With(Till(), "Deferred", "true").starts_with("refused"));
  EXPECT_EQ("A -1", With(Till(), "Deferred", "false"));
}

TEST(CsvUnread, WhoTookSomethingBackSaysThatItCameBack) {
  for (const Cell& cell : {Cell{"Returned by employee", "Anna"}, Cell{"Void cashier", "Ben"},
                           Cell{"Refund coupon", "X1"}, Cell{"Training cashier", "yes"}}) {
    EXPECT_TRUE(With(Till(), cell.heading, cell.value).starts_with("refused")) << cell.heading;
  }
}

TEST(CsvUnread, WhatDecidesNothingIsLeftAlone) {
  const Cell cells[] = {
      {"Product", "Return envelope"},
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
      {"Cashier", "Void"},
      {"Sales person", "Storno, Anna"},
      {"Coupon", "RETURN10"},
      {"Coupon code", "CANCEL5"},
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
      {"Origin of sale", "Web"},
      {"Status", "Paid"},
      {"\xD0\xA1\xD1\x82\xD0\xB0\xD1\x82\xD1\x83\xD1\x81",
       "\xD0\x9E\xD0\xBF\xD0\xBB\xD0\xB0\xD1\x87\xD0\xB5\xD0\xBD"},
      {"\xE7\x8A\xB6\xE6\x80\x81", "\xE5\xB7\xB2\xE5\xAE\x8C\xE6\x88\x90"},
      {"Durum", "Tamamland\xC4\xB1"},
      {"Stav", "Zaplaceno"},
      {"Tila", "Maksettu"},
      {"Estado", "Pagado"},
      {"Estado", "Jalisco"},
      {"\xE3\x82\xB9\xE3\x83\x86\xE3\x83\xBC\xE3\x82\xBF\xE3\x82\xB9", "\xE5\xAE\x8C\xE4\xBA\x86"},
      {"Type", "Grocery"},
      {"Type", "Non-food"},
      {"Order Type", "Delivery"},
      {"Order Type", "Take out"},
      {"Action", "Scan"},
      {"Order State", "CA"},
      {"Stock movement", "Out"},
      {"Transaction type", "Sale"},
      {"Payment", "Bank transfer"},
      {"Shipping", "Transfer"},
      {"Lineitem fulfillment status", "fulfilled"},
      {"Lieferschein", "LS-4711"},
      {"Quote", "Q-7"},
      {"Angebot", "Sommeraktion"},
      {"Loss", "no"},
      {"Pending", "0"},
      {"Duplicate", "false"},
      {"Paid", "yes"},
      {"Paid", "9.50"},
      {"Paid", "0.00"},
      {"Completed", "true"},
      {"Valid until", "0"},
      {"Original price", "9.99"},
      {"Original order date", "2026-11-01"},
      {"Replaces", "none"},
      {"Gutschrift", "0,00"},
      {"Faktor", "1"},
      {"FAKTOR", "1,000"},
      {"Factor", "1.0"},
      {"Factor", ""},
      {"Livemode", "true"},
      {"Return to stock", "no"},
      {"Rendu monnaie", "2.00"},
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
