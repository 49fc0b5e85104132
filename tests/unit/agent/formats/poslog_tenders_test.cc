// What a till says of a payment: that it was taken back, paid out or never made.
#include <gtest/gtest.h>

#include "tests/unit/agent/formats/poslog_documents.h"

namespace tillrelay {
namespace {

using testing::Added, testing::Receipt;

// "cash 1, card 1": what is kept of a cash payment with something added, and of one by card.
std::string Paid(const std::string& attributes, const std::string& inner,
                 const std::string& line = "", const std::string& in_line = "",
                 const formats::poslog::Vocabulary* words = nullptr) {
  Added added;
  added.lines = "<LineItem " + line + ">" + in_line + "<Tender TenderType='Cash' " + attributes +
                "><Amount>1.00</Amount>" + inner +
                "</Tender></LineItem><LineItem><Tender TenderType='CreditDebit'>"
                "<Amount>2.00</Amount></Tender></LineItem>";
  std::string paid;
  formats::Decoder decoder(words);
  std::string bytes = Receipt(added);
  const auto error = decoder.Decode(formats::Format::kPosLog, bytes, {}, [&](formats::Item&& item) {
    if (const auto* why = std::get_if<event::Rejection>(&item.outcome)) {
      paid = "refused " + why->reason;
      return;
    }
    for (const auto& tender : std::get<event::Event>(item.outcome).tenders) {
      paid += (paid.empty() ? "" : ", ") + tender.type + " " + tender.amount->Shortest();
    }
  });
  EXPECT_FALSE(error) << bytes;
  return paid;
}

TEST(PosLogTenders, OneThatWasTakenBackIsNotPaid) {
  for (const char* mark :
       {"VoidFlag='true'", "own:Voided='1'", "Status='Voided'", "own:TenderStatus='Cancelled'",
        "own:State='void'", "TypeCode='Void'", "own:PaymentState='Deleted'"}) {
    EXPECT_EQ("card 2", Paid(mark, "")) << mark;
  }
  for (const char* mark : {"<own:Voided>true</own:Voided>", "<Status>Voided</Status>",
                           "<own:TenderState>Cancelled</own:TenderState>",
                           "<own:PaymentStatus>void</own:PaymentStatus>"}) {
    EXPECT_EQ("card 2", Paid("", mark)) << mark;
  }
}

TEST(PosLogTenders, OneThatMayNotHaveBeenPaidIsRefused) {
  for (const char* mark :
       {"<own:Ext><own:Voided>true</own:Voided></own:Ext>", "<own:Ext own:Cancelled='1'/>",
        "<Authorization><own:Reversed>true</own:Reversed></Authorization>",
        "<Authorization><own:X Declined='true'/></Authorization>",
        "<own:Ext><own:Status>Voided</own:Status></own:Ext>",
        "<own:Ext ResultCode='x' Result='Declined'/>", "<own:AuthResult>rejected</own:AuthResult>",
        "<Status>Zork</Status>", "<own:TenderState>Zork</own:TenderState>",
        "<own:TypeCode>Zork</own:TypeCode>", "<own:Ext><own:VoidFlag>1</own:VoidFlag></own:Ext>"}) {
    EXPECT_EQ("refused unknown-word", Paid("", mark)) << mark;
  }
  for (const char* mark : {"TypeCode='Zork'", "Status='Zork'", "own:TenderStatus='Pending'"}) {
    EXPECT_EQ("refused unknown-word", Paid(mark, "")) << mark;
  }
  for (const char* mark : {"<own:Ext><own:Voided>true</own:Voided></own:Ext>",
                           "<own:TenderState>Cancelled</own:TenderState>",
                           "<own:Zork>true</own:Zork>", "<own:X Zork='true'/>"}) {
    EXPECT_EQ("refused unknown-word", Paid("", "", "", mark)) << mark;
  }
}

TEST(PosLogTenders, MoneyThatGoesBackIsPaidOut) {
  for (const char* mark : {"TypeCode='Refund'", "TypeCode='Return'", "TypeCode='Change'",
                           "own:TenderTypeCode='refund'"}) {
    EXPECT_EQ("cash -1, card 2", Paid(mark, "")) << mark;
  }
  EXPECT_EQ("cash -1, card 2", Paid("", "<TypeCode>Refund</TypeCode>"));
  EXPECT_EQ("cash -1, card 2", Paid("", "", "TypeCode='Return'"));
  EXPECT_EQ("cash 1, cash -0.2, cash -0.1, card 2",
            Paid("",
                 "<TenderChange><Amount>0.20</Amount></TenderChange>"
                 "<TenderChange><Amount>0.10</Amount></TenderChange>"));
}

TEST(PosLogTenders, WhatSaysThatItWasPaidIsHarmless) {
  for (const char* mark : {"TypeCode='Sale'", "TypeCode='Payment'", "TypeCode='Redemption'",
                           "Status='Completed'", "own:Status='Approved'",
                           "own:TenderStatus='CAPTURED'", "own:Zork='true'", "VoidFlag='false'"}) {
    EXPECT_EQ("cash 1, card 2", Paid(mark, "")) << mark;
  }
  for (const char* mark :
       {"<Authorization HostAuthorized='true'><own:Status>Approved</own:Status></Authorization>",
        "<own:Ext><own:Zork>true</own:Zork><own:ResultCode>00</own:ResultCode></own:Ext>",
        "<own:CardStatus>Zork</own:CardStatus>",
        "<Customer><own:LoyaltyStatus>Void</own:LoyaltyStatus></Customer>"}) {
    EXPECT_EQ("cash 1, card 2", Paid("", mark)) << mark;
  }
  formats::poslog::Vocabulary words;
  ASSERT_TRUE(words.Teach("line_status", "Zork", "kept").ok());
  EXPECT_EQ("cash 1, card 2", Paid("Status='Zork'", "", "", "", &words));
}

}  // namespace
}  // namespace tillrelay
