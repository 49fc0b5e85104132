// What: labels and sentences of the views behind the sign-in: quarantine, events, days, system,
//   audit. Beside page_words.h, and by the same rules.
// Thread: immutable.
#pragma once

#include <string_view>

#include "agent/web/page_strings.h"

namespace tillrelay::strings {

// --- what every list needs ---
inline constexpr Text kNothingHere = "Nothing here.";
inline constexpr Text kOlder = "Older";
inline constexpr Text kBack = "Back";
inline constexpr Text kNoStoreYet =
    "There is nothing to show yet: this server does not know which store it is.";
inline constexpr Text kFailed = "This could not be answered: {}.";
inline constexpr Text kReason = "Reason";
inline constexpr Text kWhen = "When";
inline constexpr Text kKind = "Kind";

// --- what has just been done ---
inline constexpr Text kDonePause = "Sending is paused.";
inline constexpr Text kDoneResume = "Sending goes on.";
inline constexpr Text kDoneRetry = "A new attempt begins now.";
inline constexpr Text kDoneResolved = "The document is taken; it is no longer in quarantine.";
inline constexpr Text kDoneDiscarded = "The document is discarded; the audit keeps the reason.";
inline constexpr Text kDoneReplay = "It is being sent again.";

// --- issues ---
inline constexpr Text kIssuesHint =
    "Everything that needs attention, until it is over or somebody has acknowledged it. What "
    "becomes worse is open again.";
inline constexpr Text kIssuesNone = "Nothing needs attention.";
inline constexpr Text kIssueIsOpen = "open";
inline constexpr Text kIssueIsKnown = "acknowledged";
inline constexpr Text kIssueIsHealed = "over";
inline constexpr Text kIssueSince = "since {}";
inline constexpr Text kIssueTimes = ", came {} times";
inline constexpr Text kIssueUntil = " until {}";
inline constexpr Text kIssueNote = "What was found or done";
inline constexpr Text kAcknowledge = "Acknowledge";
inline constexpr Text kIssueKnownBy = "acknowledged by {} at {}: {}";
inline constexpr Text kDoneAcknowledged = "Acknowledged; the audit keeps your note.";

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
inline constexpr Text kReceiptMore = "{} more lines are in the source below.";
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

// --- days ---
inline constexpr Text kReportedNet = "the register reports {}";

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
inline constexpr Text kTryAgain = "Try the same document again";
inline constexpr Text kTryAgainHint = "Use this after correcting the configuration.";
inline constexpr Text kDiscard = "Discard";
inline constexpr Text kDiscardHint = "Discard it. Your reason is recorded.";
inline constexpr Text kDiscardReason = "Reason for discarding";
inline constexpr Text kStillWrong = "It still cannot be taken: {} ({}). {}";

// --- events ---
inline constexpr Text kSearch = "Search";
inline constexpr Text kSearchLabel = "Receipt, register, day, kind, id or any text";
inline constexpr Text kSearchHint =
    "For example: 004711 register 3 · return 2026-11-25 · an event's id · any word in a document";
inline constexpr Text kNewest = "The newest events";
inline constexpr Text kFound = "Found";
inline constexpr Text kNothingFound =
    "No matching event. Events that head office confirmed are kept for the configured time, then "
    "removed here.";
inline constexpr Text kNumber = "Number";
inline constexpr Text kReceipt = "Receipt";
inline constexpr Text kWhere = "Where it is";
inline constexpr Text kWaitingState = "waiting here";
inline constexpr Text kSentState = "sent";
inline constexpr Text kAckedState = "at the broker";
inline constexpr Text kConfirmedState = "at head office";
inline constexpr Text kLife = "Its life";
inline constexpr Text kLifeCaptured = "happened at the register";
inline constexpr Text kLifeStored = "stored here as number {}";
inline constexpr Text kLifeSent = "sent to the broker";
inline constexpr Text kLifeAcked = "acknowledged by the broker";
inline constexpr Text kLifeConfirmed = "confirmed by head office";
inline constexpr Text kLifeReplayed = "sent again";
inline constexpr Text kNotYet = "not yet";
inline constexpr Text kShowEvent = "Show the event";
inline constexpr Text kSubjectReceipt = "{}, register {}, {}";
inline constexpr Text kSubjectDay = "Register {}, day {} closed";
inline constexpr Text kEventId = "Event";
inline constexpr Text kStream = "Stream";

// --- days ---
inline constexpr Text kDaysHint =
    "Each register's business days: what came here, and how it compares with the register's own "
    "close (Z).";
inline constexpr Text kDaysFrom = "From";
inline constexpr Text kDaysThrough = "Through";
inline constexpr Text kShow = "Show";
inline constexpr Text kNet = "Net";
inline constexpr Text kUnits = "Units";
inline constexpr Text kZ = "Z";
inline constexpr Text kNoDays = "No business day has been seen in this time.";

// --- system ---
inline constexpr Text kVersion = "Version";
inline constexpr Text kHost = "Host";
inline constexpr Text kRunningSince = "Running since";
inline constexpr Text kIntake = "Intake";
inline constexpr Text kJournal = "Journal";
inline constexpr Text kFree = "Free on its disk";
inline constexpr Text kOldestKept = "Oldest event kept";
inline constexpr Text kCutShort = "{} (deleted early: no room)";
inline constexpr Text kFiles = "Files";
inline constexpr Text kFilesText = "{} done, {} rejected, {} waiting";
inline constexpr Text kMasked = "Card numbers masked";
inline constexpr Text kFingerprint = "Certificate of this page";
inline constexpr Text kServerTime = "Clock";
inline constexpr Text kThreads = "Threads";
inline constexpr Text kThread = "Thread";
inline constexpr Text kThreadMoved = "Last moved";
inline constexpr Text kThreadBudget = "Stuck after";
inline constexpr Text kSettings = "Settings in effect";
inline constexpr Text kSetting = "Setting";
inline constexpr Text kValue = "Value";
inline constexpr Text kSetIn = "Set in";
inline constexpr Text kDefault = "default";
inline constexpr Text kLog = "Log";
inline constexpr Text kLogLevel = "Level";
inline constexpr Text kLogHint = "The newest {} lines. Payloads are never logged.";
inline constexpr Text kLogEmpty = "No line of this level since the start.";
inline constexpr Text kBundle = "Download a support bundle";
inline constexpr Text kBundleHint =
    "Status, settings without secrets, metrics and the log in one file. It holds no receipts.";
inline constexpr Text kMachine = "For machines";

// --- audit ---
inline constexpr Text kAuditHint = "Who did what, when, and why.";
inline constexpr Text kActor = "Who";
inline constexpr Text kAction = "What";
inline constexpr Text kSubject = "On what";
inline constexpr Text kOutcome = "Outcome";

}  // namespace tillrelay::strings
