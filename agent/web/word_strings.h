// What: the words of documents, states and levels that pages show, and why a request was refused.
//   Beside page_strings.h, and by the same rules.
// Thread: immutable.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "common/language/text.h"

namespace tillrelay::strings {

// As documents have them, with blanks for underscores. What is none of them is shown as it is.
inline constexpr Text kWords[] = {
    // kinds
    "sale", "return", "exchange", "transaction voided", "transfer shipped", "transfer received",
    "transfer voided", "stock adjusted", "stock counted", "register control", "day closed",
    "stream opened", "loss",
    // states and actions
    "completed", "cancelled", "suspended", "resumed", "training", "control", "order", "pick up",
    "refund only", "deposit return", "void", "carried out", "ordered", "picked up",
    // conditions, places, directions
    "sellable", "damaged", "not kept", "on hand", "reserved", "in transit", "increase", "decrease",
    // tenders
    "cash", "card", "voucher", "gift card", "account", "mobile", "other",
    // reasons
    "damage", "theft", "found", "waste", "own use", "correction",
    // how sure a time is
    "exact", "zone assumed", "dst ambiguous", "agent clock",
    // members
    "transaction", "transaction no", "transaction type", "store id", "register id", "business day",
    "operator", "end at", "start at", "status", "currency", "lines", "item", "sku", "gtin",
    "description", "quantity", "counted", "uom", "unit price", "net amount", "tax amount",
    "gross amount", "extended amount", "discount amount", "grand amount", "rounding amount",
    "action", "bucket", "reason", "condition", "type", "amount", "totals", "tenders", "line no",
    "non stock", "fulfilment", "close", "z no", "transfer", "count", "adjustment", "voids",
    // how the store stands
    "green", "amber", "red", "online", "offline", "paused", "refusing", "unconfigured",
    // levels of the log
    "info", "warning", "error"};

// "on_hand" -> "on hand", or what the reader says for it.
inline std::string WordText(std::string_view word) {
  std::string text(word);
  std::replace(text.begin(), text.end(), '_', ' ');
  for (const Text known : kWords) {
    if (known.english() == text) return std::string(known);
  }
  return text;
}

// Why a request was refused.
inline constexpr Text kWrongForm = "the form is not well-formed";
inline constexpr Text kWrongRange = "range is 1h, 24h or 7d";
inline constexpr Text kWrongDay = "a day is written like 2026-11-21";
inline constexpr Text kNoSuchDay = "no such day";
inline constexpr Text kWrongLevel = "level is info, warning or error";
inline constexpr Text kWrongOrder = "order is newest, oldest, reason or register";
inline constexpr Text kWrongNumber = "{} is a whole number";
inline constexpr Text kWrongTimes = "the times are not understood";
inline constexpr Text kWrongNumbers = "the first and the last number are needed";
inline constexpr Text kWrongLanguage = "this language is not known";
// As agent/admin/reason.h has them.
inline constexpr Text kNoNote = "note: say what was found or done";
inline constexpr Text kNoReason = "reason: say why the document is discarded";

}  // namespace tillrelay::strings
