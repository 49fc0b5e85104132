// What: small POSLog documents with something added, and what moves by them.
// Thread: one.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "agent/formats/poslog/vocabulary.h"
#include "tests/support/golden.h"

namespace tillrelay::testing {

inline constexpr const char* kLink =
    "<WorkstationID>1</WorkstationID><SequenceNumber>7</SequenceNumber>"
    "<BusinessDayDate>2026-11-21</BusinessDayDate>";

// Where something is added to a receipt with one sold article, or to a transfer.
struct Added {
  std::string transaction = {}, receipt = {}, line = {}, goods = {};  // attributes
  std::string in_transaction = {}, in_receipt = {}, in_line = {}, in_goods = {}, lines = {};
  std::string quantity = "<Quantity>1</Quantity>";
  std::string total = "<Total TotalType='TransactionGrandAmount'>1.00</Total>";
};

inline std::string DocumentHead() {
  return "<RetailStoreID>0042</RetailStoreID><WorkstationID>1</WorkstationID>"
         "<SequenceNumber>1</SequenceNumber><BusinessDayDate>2026-11-21</BusinessDayDate>"
         "<EndDateTime>2026-11-21T10:00:00</EndDateTime>";
}

inline std::string Document(const std::string& attributes, const std::string& body) {
  return "<POSLog xmlns='http://www.nrf-arts.org/IXRetail/namespace/' xmlns:own='urn:own'>"
         "<Transaction " +
         attributes + ">" + DocumentHead() + body + "</Transaction></POSLog>";
}

// The same with attributes of the root and with something before and after its Transaction.
struct Around {
  std::string root = {}, before = {}, after = {};
};
inline std::string Surrounded(std::string document, const Around& around) {
  const size_t end = document.find("</POSLog>");
  document.insert(end, around.after);
  document.insert(document.find("<Transaction"), around.before);
  document.insert(document.find('>'), " " + around.root);
  return document;
}

inline std::string Receipt(const Added& a) {
  return Document(
      a.transaction,
      a.in_transaction + "<RetailTransaction " + a.receipt + ">" + a.in_receipt + "<LineItem " +
          a.line + "><SequenceNumber>1</SequenceNumber>" + a.in_line + "<Sale " + a.goods +
          "><ItemID>A</ItemID><ExtendedAmount>1.00</ExtendedAmount>" + a.quantity + a.in_goods +
          "</Sale></LineItem>" + a.lines + a.total + "</RetailTransaction>");
}

// `from` of a document is `to`.
inline std::string Replaced(std::string document, const std::string& from, const std::string& to) {
  size_t at = 0;
  while ((at = document.find(from, at)) != std::string::npos) {
    document.replace(at, from.size(), to);
    at += to.size();
  }
  return document;
}

inline std::string Inventory(const std::string& type, const std::string& attributes,
                             const std::string& children, const std::string& line) {
  return Document("", "<InventoryControlTransaction " + attributes +
                          "><SerialFormID>1</SerialFormID><DocumentTypeCode>" + type +
                          "</DocumentTypeCode><DestinationRetailStoreID>0018"
                          "</DestinationRetailStoreID><SourceRetailStoreID>0042"
                          "</SourceRetailStoreID>" +
                          children + line + "</InventoryControlTransaction>");
}

inline std::string Line(const std::string& attributes, const std::string& children,
                        const std::string& count = "<UnitCount>3</UnitCount>") {
  return "<LineItem " + attributes + "><ItemID>T</ItemID>" + count + children + "</LineItem>";
}

// "on_hand -1" of everything that moves; "refused unknown-word", "nothing".
inline std::string Moved(const std::string& document,
                         const formats::poslog::Vocabulary* words = nullptr) {
  std::string moved;
  formats::Decoder decoder(words);
  std::string bytes = document;
  const auto error = decoder.Decode(formats::Format::kPosLog, bytes, {}, [&](formats::Item&& item) {
    const auto* why = std::get_if<event::Rejection>(&item.outcome);
    if (why == nullptr) {
      event::Event event = std::get<event::Event>(item.outcome);
      const auto draft = event::DraftFrom(&event, GoldenShop());
      why = std::get_if<event::Rejection>(&draft);
      if (why != nullptr) moved += "refused " + why->reason;
      for (const auto& line : event.lines) {
        for (const auto& effect : line.stock_effect) {
          if (effect.bucket == "in_transit") continue;
          moved += (moved.empty() ? "" : " ") + effect.bucket + " " + effect.delta->Shortest();
        }
      }
      return;
    }
    moved += "refused " + why->reason;
  });
  EXPECT_FALSE(error) << document;
  return moved.empty() ? "nothing" : moved;
}

// Refused, or moves nothing.
inline void ExpectStill(const std::string& document) {
  const std::string moved = Moved(document);
  EXPECT_TRUE(moved.starts_with("refused") || moved == "nothing") << moved << "\n" << document;
}

}  // namespace tillrelay::testing
