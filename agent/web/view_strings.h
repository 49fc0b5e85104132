// What: labels and sentences of the views behind the sign-in: quarantine, events, days, system,
//   audit. Beside page_strings.h, and by the same rules.
// Thread: immutable.
#pragma once

#include <string_view>
#include <utility>

#include "agent/web/document_strings.h"
#include "agent/web/page_strings.h"

namespace tillrelay::strings {

// --- what every list needs ---
inline constexpr Text kNothingHere = "Nothing here.";
inline constexpr Text kOlder = "Older";
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
inline constexpr Text kIssueTimes = ", came {} times";
inline constexpr Text kIssueUntil = " until {}";
inline constexpr Text kIssueNote = "What was found or done";
inline constexpr Text kAcknowledge = "Acknowledge";
inline constexpr Text kIssueKnownBy = "acknowledged by {} at {}: {}";
inline constexpr Text kDoneAcknowledged = "Acknowledged; the audit keeps your note.";

// --- days ---
inline constexpr Text kReportedOther = "the register reports {}; currencies are not comparable";
inline constexpr Text kReportedNet = "the register reports {}; difference {}";

inline constexpr Text kDaySheet = "Day sheet";
inline constexpr Text kHere = "Here";
inline constexpr Text kReportedByRegister = "Register";
inline constexpr Text kDifference = "Difference";
inline constexpr Text kDocumentsColumn = "Documents";
inline constexpr Text kSheetTitle = "Register {}, {}";
inline constexpr Text kSheetFigures = "Figures";
inline constexpr Text kSheetKinds = "By kind";
inline constexpr Text kSheetTender = "Tender";
inline constexpr Text kSheetPayments = "Payments";
inline constexpr Text kSheetSequences = "Numbers in the stream";
inline constexpr Text kSheetHash = "Chain value of the day";
inline constexpr Text kSheetPrinted = "As of";
inline constexpr Text kSheetPrint = "To print it or keep it as PDF, use the browser's print.";
inline constexpr Text kSheetConfirmedAt = "Confirmed by head office";
inline constexpr Text kSheetConfirmed = "yes, before the last start of the service";
inline constexpr Text kSheetNotConfirmed = "not yet all of it";
inline constexpr Text kSheetLate = "Came after the day was closed: {}";
inline constexpr Text kSheetMoreLate = "{} more are in the CSV and JSON of this sheet.";
inline constexpr Plural kSheetPart{
    "Kinds and payments are of {1} of the {0} document; the others are no longer kept here.",
    "Kinds and payments are of {1} of the {0} documents; the others are no longer kept here."};

inline std::string_view FigureName(std::string_view name) {
  static constexpr NamedText kNames[] = {{"documents", "Documents"},
                                         {"sales", "Sales"},
                                         {"returns", "Returns"},
                                         {"voids", "Voids"},
                                         {"first_number", "First number"},
                                         {"last_number", "Last number"},
                                         {"net_amount", "Net"}};
  for (const auto& [known, text] : kNames) {
    if (known == name) return text;
  }
  return name;
}

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
inline constexpr Text kLifeCorrected = "corrected in quarantine: {}";
inline constexpr Text kLifeReleased = "taken out of quarantine: {}";
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
inline constexpr Plural kLogHint{"The newest {} line. Payloads are never logged.",
                                 "The newest {} lines. Payloads are never logged."};
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
