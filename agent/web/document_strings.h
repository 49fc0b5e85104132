// What: labels and sentences of documents: as a receipt, in quarantine, and their correction.
//   Beside page_strings.h, and by the same rules.
// Thread: immutable.
#pragma once

#include <string_view>
#include <utility>

#include "agent/web/page_strings.h"

namespace tillrelay::strings {

// --- a document as a receipt ---
inline constexpr Text kReceiptTraining = "training";
inline constexpr Text kReceiptReturn = "goods came back";
inline constexpr Text kReceiptVoid = "takes another receipt back";
inline constexpr Text kReceiptVoids = "Takes back receipt";
inline constexpr Text kReceiptNonStock = "no stock";
inline constexpr Text kReceiptNumber = "Document number";
inline constexpr Text kStoreWord = "Store";
inline constexpr Text kReceiptFrom = "From store";
inline constexpr Text kReceiptTo = "To store";
inline constexpr Text kReceiptItem = "Article";
inline constexpr Text kReceiptQuantity = "Quantity";
inline constexpr Text kReceiptPrice = "Price";
inline constexpr Text kReceiptAmount = "Amount";
inline constexpr Plural kReceiptMore{"{} more line is in the source below.",
                                     "{} more lines are in the source below."};
inline constexpr Text kReceiptNet = "Net";
inline constexpr Text kReceiptTax = "Tax";
inline constexpr Text kReceiptDiscount = "Discount";
inline constexpr Text kReceiptRounding = "Rounding";
inline constexpr Text kReceiptTotal = "Total";
inline constexpr Text kReceiptTenders = "Paid with";
inline constexpr Text kReceiptFirst = "First number";
inline constexpr Text kReceiptLast = "Last number";
inline constexpr Text kReceiptCount = "Documents";
inline constexpr Text kReceiptSource = "Source (JSON)";

// --- quarantine ---
inline constexpr Text kFoundInQuarantine = "In quarantine, not stored";
inline constexpr Text kQuarantineHint =
    "Documents that could not be taken. They are not counted in stock until resolved.";
inline constexpr Text kQuarantineEmpty = "No document is in quarantine.";
inline constexpr Text kTicket = "Ticket";
inline constexpr Text kTicketNo = "Ticket {}";
inline constexpr Text kField = "Field";
inline constexpr Text kFrom = "From";
inline constexpr Text kSeen = "Seen";
inline constexpr Text kSeenOnce = "once";
inline constexpr Text kSeenTimes = "{} times";
inline constexpr Text kExport = "Export as JSON";
inline constexpr Text kHint = "Hint";
inline constexpr Text kFormat = "Format";
inline constexpr Text kDocument = "Document";
inline constexpr Text kDocumentHint = "Card numbers were masked before it was kept.";
inline constexpr Text kFieldMarked = "The marked place is the one that was not accepted.";
inline constexpr Text kEdit = "Correct it and send it in";
inline constexpr Text kEditHint =
    "Change what is wrong. It is checked like a new document; if it still cannot be taken, it "
    "stays "
    "here and the reason is shown.";
inline constexpr Text kResubmit = "Send in the corrected document";
inline constexpr Text kFieldOfLine = "Line {}: ";
inline constexpr Text kOtherFields = "The other fields";
inline constexpr Text kAllFields = "All fields";
inline constexpr Text kFieldsHint =
    "An emptied field is left out. It is checked like a new document; if it still cannot be taken, "
    "it stays here and the reason is shown.";
inline constexpr Text kResubmitFields = "Send in with these values";
inline constexpr Text kEditSource = "Correct the source instead";
inline constexpr Text kDifferences = "What differs";
inline constexpr Text kStoredOne = "Stored";
inline constexpr Text kThisOne = "In quarantine";
inline constexpr Text kNoDifference = "Both say the same of what was sold; their times differ.";
inline constexpr Text kTryAgain = "Try the same document again";
inline constexpr Text kTryAgainHint = "Use this after correcting the configuration.";
inline constexpr Text kDiscard = "Discard";
inline constexpr Text kDiscardHint = "Discard it. Your reason is recorded.";
inline constexpr Text kDiscardReason = "Reason for discarding";
inline constexpr Text kStillWrong = "It still cannot be taken: {} ({}). {}";

inline constexpr Text kExportCsv = "Export as CSV";
inline constexpr Text kAge = "Age";
inline constexpr Text kText = "Text";
inline constexpr Text kOrder = "Order";
inline constexpr Text kAnyReason = "any reason";
inline constexpr Text kNewestFirst = "newest first";
inline constexpr Text kOldestFirst = "oldest first";
inline constexpr Text kByReason = "by reason";
inline constexpr Text kByRegister = "by register";
inline constexpr Text kSelect = "Select";
inline constexpr Text kSelectTicket = "Select ticket {}";
inline constexpr Text kSelectAll = "All that match: {}";
inline constexpr Text kTryChosenAgain = "Try the selected ones again";
inline constexpr Text kDiscardChosen = "Discard the selected ones";
inline constexpr Text kChooseTickets = "select at least one document";
inline constexpr Text kNoTicketMatches = "No document in quarantine matches.";
inline constexpr Text kShowAll = "Show all";
inline constexpr Text kPrevious = "Previous";
inline constexpr Text kNext = "Next";
inline constexpr Text kBulkStored = "Taken out of quarantine and stored: {}.";
inline constexpr Text kBulkDiscarded = "Discarded: {}. The audit keeps the reason.";
inline constexpr Text kBulkGone = " Resolved by somebody else before: {}.";
inline constexpr Text kBulkLeft = " Still in quarantine: {}.";
inline constexpr Text kBulkStopped = " The rest was not tried: {}.";

// A reason of docs/formats.md in words; one that is not known stands for itself.
inline std::string_view ReasonText(std::string_view reason) {
  static constexpr NamedText kReasons[] = {
      {"not-syntax", "Cannot be read"},
      {"missing-field", "A field is missing"},
      {"bad-value", "A value is not possible"},
      {"unknown-field", "A field is not known"},
      {"unsupported", "Not supported"},
      {"unknown-word", "A word is not known"},
      {"foreign-store", "Belongs to another store"},
      {"stock-effect-disagrees", "The stock effect contradicts the rule"},
      {"totals-disagree", "Lines and total contradict each other"},
      {"implausible-time", "Its time lies in the future"},
      {"card-number", "An identifier looks like a card number"},
      {"too-large", "Too large"},
      {"changed", "Another document has this number"},
      {"time_changed", "The same goods at another time"}};
  for (const auto& [known, text] : kReasons) {
    if (known == reason) return text;
  }
  return reason;
}

}  // namespace tillrelay::strings
