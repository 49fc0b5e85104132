// What: every English sentence of the things that need a person, beside strings.h.
// Promise: one place to read and to correct; common/language/catalogues has the translations.
//   Braces are fmt's.
// Thread: immutable.
#pragma once

#include "common/language/text.h"

namespace tillrelay::strings {

// --- things that need a person ---
inline constexpr Text kIssueQuarantine = "{} in quarantine";
inline constexpr Text kIssueQuarantineDetail = "not counted in stock until resolved";
inline constexpr Text kIssueDropFolder = "The drop folder cannot be used";
inline constexpr Text kIssueUnreadable = "{} cannot be read";
inline constexpr Text kIssueUnreadableDetail =
    "left in the drop folder; the program that writes there must let us read";
inline constexpr Text kIssueDisk = "The disk is filling up";
inline constexpr Text kIssueCutShort = "Delivered events are deleted early";
inline constexpr Text kIssueCutShortDetail =
    "There is no room for journal.retention_days. The oldest event that can be sent again: {}";
inline constexpr Text kIssueRepaired = "The journal was repaired";
inline constexpr Text kIssueRepairedDetail = "{}.";
inline constexpr Text kIssueTakingOver = "{}. {} are still being taken over from {}.";
inline constexpr Text kStepRepaired =
    "Have the disk examined. Keep the old file until head office has confirmed everything.";
inline constexpr Text kIssueAlarm = "Two servers for one store";
inline constexpr Text kIssueTwin =
    "Another server sends events as this store: {}. Here delivery goes on; the other one waits and "
    "sends for a minute now and then.";
inline constexpr Text kIssueLost = "{} lost";
inline constexpr Text kIssueUnknownStream = "A journal of this store is missing here";
inline constexpr Text kIssueUnknownStreamDetail =
    "head office has events of stream {} up to number {}, and this server does not have that "
    "journal: what was accepted there and not delivered is lost, unless its disk is found";
inline constexpr Plural kIssueUnknownStreamMore{" (and of {} more)", " (and of {} more)"};
inline constexpr Text kStepUnknownStream =
    "Find out whether this server's data was lost or replaced, or a second server runs for this "
    "store. Put the former journal back if it exists; if it is gone for good, have the stock "
    "counted "
    "and run \"tillrelay resume\", which acknowledges this.";
inline constexpr Text kIssueLostUnknown = "Events may be lost";
inline constexpr Text kIssueLostOpenDetail =
    "declared to head office; nobody knows how many more were accepted after the last number that "
    "was saved";
inline constexpr Text kIssueLostDetail = "declared to head office with their numbers";
inline constexpr Text kIssueForged = "A confirmation was not believed";
inline constexpr Text kStepForged =
    "Ask head office whether its signing key has changed. If so, enter the new one in "
    "delivery.confirm_keys; if not, somebody else writes confirmations at the broker.";
inline constexpr Text kIssueUnapplied = "Head office could not apply {}";
inline constexpr Text kIssueUnappliedDetail = "kept there whole, without effect so far: number {}";
inline constexpr Text kStepUnapplied =
    "Tell head office: the collector's page says why, and applies them after an upgrade or by "
    "hand.";
inline constexpr Text kIssueExpires = "A certificate expires in {}";
inline constexpr Text kIssueExpired = "A certificate has expired";
inline constexpr Text kStepCertificate =
    "Renew the certificate in the file that this setting names; it is used at the next connection.";
inline constexpr Text kStepOwnCertificate =
    "Restart the service: this page's server then makes itself a new certificate. \"tillrelay "
    "login\" "
    "shows its fingerprint.";
inline constexpr Text kIssueClock = "This server's clock is wrong, or head office's is";
inline constexpr Text kIssueClockBehind = "it is {} behind the clock of head office";
inline constexpr Text kIssueClockAhead = "it is {} ahead of the clock of head office";
inline constexpr Text kStepClockSource =
    "Check the time on this server (\"timedatectl\"); nothing is lost or counted twice by it.";
inline constexpr Text kIssueSilent = "Register {} is silent";
inline constexpr Text kIssueSilentDetail = "{} of opening hours without a word";
inline constexpr Text kStepSilent =
    "Ask the shop whether the register is in use; then look at its connection to this server.";
inline constexpr Text kIssueShared = "The registers share one counter of receipts";
inline constexpr Text kIssueSharedDetail =
    "each misses numbers of {} that together they do not miss";
inline constexpr Text kStepShared =
    "Set [registers] numbering = \"store\" and restart the service.";
inline constexpr Text kIssueGaps = "Register {} has missing numbers";
inline constexpr Text kIssueGapsDetail = "day {} was closed without {}";
inline constexpr Text kIssueMismatch = "Register {} closed with other totals";
inline constexpr Text kIssueMismatchDetail = "its Z report of day {} differs from what came here";
inline constexpr Text kStepDay =
    "Send the missing receipts again at the register (its export, or its journal of the day).";
inline constexpr Text kIssueMismatchAmounts =
    "its Z report of day {} differs from what came here: it reports {}, {} came";
inline constexpr Text kIssueRejected = "File {} was rejected";
inline constexpr Text kStepRejected =
    "Look at the file and its .reason in rejected/ of the drop folder; put a corrected one into "
    "incoming/, then acknowledge this.";

// --- what the list has no room for ---
inline constexpr Plural kMoreThanFit{"{} more issue", "{} more issues"};
inline constexpr Text kMoreThanFitDetail =
    "the list holds {}; it goes on when some of them are done";

// --- situations as issues ---
inline constexpr Text kTitleJournal = "The journal has failed";
inline constexpr Text kTitleDisk = "New events are refused: no room";
inline constexpr Text kTitleBusy = "Another program holds the journal locked";
inline constexpr Text kTitleUnconfigured = "This server has not been set up";
inline constexpr Text kTitlePaused = "Sending is paused";
inline constexpr Text kTitleNoBroker = "No broker is configured";
inline constexpr Text kTitleLogin = "The broker refuses the login";
inline constexpr Text kTitleRights = "The broker refuses the right to publish or subscribe";
inline constexpr Text kTitleTls = "The connection to the broker cannot be encrypted";
inline constexpr Text kTitleSettings = "A setting of the broker cannot be used";
inline constexpr Text kTitleTakeOver = "Another client has taken this store's place";
inline constexpr Text kTitleStuck = "Large messages do not reach the broker";
inline constexpr Text kTitleUndelivered = "Events have been waiting for a long time";

}  // namespace tillrelay::strings
