// What: every English sentence of the verdict: headlines, reasons, what is safe, what to do.
// Promise: one place to read, to correct and to translate (labels: page_words.h). Braces are fmt's.
// Thread: immutable.
#pragma once

#include <string_view>

namespace tillrelay::strings {

using Text = std::string_view;

// --- headlines: how it stands ---
inline constexpr Text kDelivered = "{} delivered, nothing waiting.";
inline constexpr Text kDeliveredBroker = "{} delivered to the broker, nothing waiting.";
inline constexpr Text kNothingYet = "Ready. No event has been captured yet.";
inline constexpr Text kOnTheirWay = "On line. {} on the way to head office.";
inline constexpr Text kOlderMissing =
    "Catching up: head office lacks {} from before this journal was put back.";
inline constexpr Text kDraining = "Catching up: {} waiting, oldest {}.";
inline constexpr Text kUnconfigured = "This server does not know yet which store it is.";
inline constexpr Text kNoBroker = "{}: no broker is configured.";
inline constexpr Text kPaused = "{}. Sending has been paused by a person since {}.";
inline constexpr Text kUnreachable = "{}. Head office has been unreachable since {}.";
inline constexpr Text kConnecting = "{}. Connecting to head office.";
inline constexpr Text kUnconfirmed = "{}. Head office has not confirmed since {}.";
inline constexpr Text kPoisoned = "Nothing can be stored: the journal has failed.";
inline constexpr Text kRefusing = "New events are refused: this server is out of room.";
inline constexpr Text kBusy =
    "New events are refused for a moment: another program holds the journal locked.";
inline constexpr Text kReasonBusy = "It is tried again several times a second.";
inline constexpr Text kAlarm = "Sending has stopped: two servers seem to speak for this store.";
inline constexpr Text kAlarmOnline = "Warning: two servers seem to speak for this store.";
inline constexpr Text kWaiting = "{} waiting, oldest {}";
inline constexpr Text kNoneWaiting = "Nothing waits";
inline constexpr Text kBodiesWait = "The contents of {} have not reached head office yet";

// --- reasons ---
inline constexpr Text kReasonName = "The broker's name could not be looked up ({}).";
inline constexpr Text kReasonTcp = "The broker does not take connections ({}).";
inline constexpr Text kReasonTls = "The broker's certificate or encryption was not accepted ({}).";
inline constexpr Text kReasonLogin = "The broker refused the login ({}).";
inline constexpr Text kReasonRights = "The broker refused the right to publish or subscribe ({}).";
inline constexpr Text kReasonLost = "The connection to the broker was lost ({}).";
inline constexpr Text kReasonTakeOver = "Another client has taken this store's place ({}).";
inline constexpr Text kReasonSilent = "The broker is connected, but its answers do not come ({}).";
inline constexpr Text kReasonSettings = "A setting of the broker cannot be used ({}).";
inline constexpr Text kReasonOther = "The broker cannot be used ({}).";
inline constexpr Text kNoDetail = "no further detail";
inline constexpr Text kReasonAway =
    "The broker takes the events, but the collector gives no sign. They are sent again until it "
    "confirms.";
inline constexpr Text kReasonNeverConfirmed =
    "Since connecting, not one confirmation has come: head office is away, or this store may not "
    "read its topic \"confirm\".";
inline constexpr Text kStepReadConfirm =
    "Ask the broker's administrator whether this store may read .../confirm (\"pattern read "
    "tillrelay/v1/%u/confirm\" in tillrelay.acl), and head office whether the collector runs.";
inline constexpr Text kReasonFellBack =
    "The broker speaks MQTT 3.1.1 only and does not say when it refuses a message, so nothing is "
    "counted as delivered.";
inline constexpr Text kStepFellBack =
    "Renew the broker, or set broker.protocol = \"3.1.1\" if its word is to count all the same.";
inline constexpr Text kStuck = "{}; messages of {} bytes do not reach the broker";
inline constexpr Text kReasonStuck =
    "Smaller messages were acknowledged on the same connections: something on the way drops large "
    "packets, or the line is too slow for them.";
inline constexpr Text kStepStuck =
    "Ask whoever runs the network for the packet size (MTU) of the line and of its VPN, and for a "
    "firewall that drops large packets.";
inline constexpr Text kReasonNoReasons =
    "By MQTT 3.1.1 the broker does not say when it refuses a message: a refusal counts as "
    "delivered.";
inline constexpr Text kIssueOwed = "{} not yet at head office: larger than the line takes";
inline constexpr Text kIssueOwedDetail = "kept here; sent as soon as the broker's limit is raised";
inline constexpr Text kStepOwed = "Ask the broker's administrator to raise its packet size limit.";
inline constexpr Text kReasonBroker = "Delivered means: acknowledged by the broker.";
inline constexpr Text kReasonDraining = "Finished in about {}, at the rate of the last minute.";
inline constexpr Text kReasonUnconfigured = "The configuration has no store_id.";
inline constexpr Text kReasonNoBroker = "Events are captured and kept until there is one.";
inline constexpr Text kReasonPaused = "Events are captured and kept meanwhile.";
inline constexpr Text kNextTry = "Next try in {}.";
inline constexpr Text kTrying = "Trying now.";
inline constexpr Text kDisk = "Disk holds {} more days.";
inline constexpr Text kDiskOne = "Disk holds less than one more day.";

// --- what is safe ---
inline constexpr Text kSafe = "Nothing is lost: every event is stored on this server.";
inline constexpr Text kSafeDays =
    "Nothing is lost: every event is stored on this server, and there is room for {} more days.";
inline constexpr Text kSafeButLost =
    "What waits is stored on this server. What is lost is listed below.";
inline constexpr Text kSafeDelivered = "Nothing is waiting, and nothing needs a person.";
inline constexpr Text kSafeIssues = "Deliveries are working. These items need attention:";
inline constexpr Text kSafeRefusing =
    "Everything accepted so far is safe. Registers keep what is refused and send it again; files "
    "stay in the drop folder.";
inline constexpr Text kSafeUnconfigured =
    "Nothing is taken yet: registers are told to wait, and files stay in the drop folder.";
inline constexpr Text kSafePoisoned =
    "Everything accepted so far was on disk before it was accepted. Nothing new is taken.";

// --- what to do ---
inline constexpr Text kStepRouter =
    "Check the router in the back office: other devices are probably offline too.";
inline constexpr Text kStepDns =
    "If they are not, ask the network team for the DNS server of this site.";
inline constexpr Text kStepFirewall =
    "If they are not, ask the network team whether {} may be reached from this store.";
inline constexpr Text kStepDoctor = "Read the last lines of the log: \"journalctl -u tillrelay\".";
inline constexpr Text kStepSettings =
    "Correct the setting or the file that it names (\"tillrelay config check\" as root), then run "
    "\"systemctl restart tillrelay\".";
inline constexpr Text kStepBrokerExpired =
    "Head office: the broker's certificate has to be renewed. Only if no other store has this: "
    "check "
    "this server's clock.";
inline constexpr Text kStepBrokerCertificate =
    "Run \"tillrelay doctor\" as root: it tells whose certificate was refused, why, and what to "
    "do.";
inline constexpr Text kStepClock =
    "Check this server's clock and the certificate files named in the configuration.";
inline constexpr Text kStepLogin =
    "Check user name, password file and client certificate in [broker]; then restart the service.";
inline constexpr Text kStepRights =
    "Ask the broker's administrator for the rights of this store's user on its own topics.";
inline constexpr Text kStepCollector =
    "Ask head office whether the collector runs. There is nothing to do in the store.";
inline constexpr Text kStepSetup = "Run \"tillrelay setup\" on this server.";
inline constexpr Text kStepBroker = "Run \"tillrelay setup --broker-url URL\" on this server.";
inline constexpr Text kStepResume =
    "Resume (here, or \"tillrelay resume\") when the reason for the pause is over.";
inline constexpr Text kStepSpace = "Make room on the disk that holds the journal.";
inline constexpr Text kStepBusy =
    "End the program on this server that has the journal open for writing, such as sqlite3.";
inline constexpr Text kStepDeliver =
    "Restore the connection: delivered events are removed in time.";
inline constexpr Text kStepRestart = "Restart the service: it opens and checks the journal again.";
inline constexpr Text kStepDiskHealth =
    "If it happens again, have the disk of this server examined.";
inline constexpr Text kStepTwoServers =
    "Look for a second server or a restored copy of this one, and stop it.";
inline constexpr Text kStepAlarmResume = "Then restart the service here.";
inline constexpr Text kStepNothing = "Nothing: it goes on by itself.";
inline constexpr Text kStepLost =
    "Have the stock of the days around the lost events counted: what they held is gone.";
inline constexpr Text kStepQuarantine =
    "Look at the quarantine (or \"tillrelay quarantine list\"): correct each document, or have its "
    "sender do it.";
inline constexpr Text kStepDropFolder =
    "Check the drop folder and its permissions; the log names the fault.";

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
inline constexpr Text kIssueUnknownStreamMore = " (and of {} more)";
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
inline constexpr Text kIssueAmounts = ": it reports {}, {} came";
inline constexpr Text kIssueRejected = "File {} was rejected";
inline constexpr Text kStepRejected =
    "Look at the file and its .reason in rejected/ of the drop folder; put a corrected one into "
    "incoming/, then acknowledge this.";
inline constexpr Text kHeadlineIssues = "{} things need a person.";
inline constexpr Text kHeadlineKnown = "{} known and acknowledged.";
inline constexpr Text kSafeKnown =
    "Deliveries are working. Everything that needed attention has been acknowledged.";

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
