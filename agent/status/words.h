// What: every English sentence and label that a person reads on the page or in the status.
// Promise: one place to read, to correct and to translate. Braces are fmt's.
// Thread: immutable.
#pragma once

#include <string_view>

namespace tillrelay::status::words {

using Text = std::string_view;

// --- headlines: how it stands ---
inline constexpr Text kDelivered = "All {} events are at head office.";
inline constexpr Text kDeliveredBroker = "All {} events are at the broker.";
inline constexpr Text kNothingYet = "Ready. No event has been captured yet.";
inline constexpr Text kOnTheirWay = "On line. {} on the way to head office.";
inline constexpr Text kDraining = "Catching up: {} waiting, oldest {}.";
inline constexpr Text kUnconfigured = "This server does not know yet which store it is.";
inline constexpr Text kNoBroker = "{}: no broker is configured.";
inline constexpr Text kPaused = "{}. Sending has been paused by a person since {}.";
inline constexpr Text kUnreachable = "{}. Head office cannot be reached since {}.";
inline constexpr Text kConnecting = "{}. Connecting to head office.";
inline constexpr Text kUnconfirmed = "{}. Head office has not confirmed since {}.";
inline constexpr Text kPoisoned = "Nothing can be stored: the journal has failed.";
inline constexpr Text kRefusing = "New events are refused: this server is out of room.";
inline constexpr Text kAlarm = "Sending has stopped: two servers seem to speak for this store.";
inline constexpr Text kAlarmOnline = "Warning: two servers seem to speak for this store.";
inline constexpr Text kWaiting = "{} waiting, oldest {}";
inline constexpr Text kNoneWaiting = "Nothing waits";

// --- reasons ---
inline constexpr Text kReasonName = "The broker's name could not be looked up ({}).";
inline constexpr Text kReasonTcp = "The broker does not take connections ({}).";
inline constexpr Text kReasonTls = "The broker's certificate or encryption was not accepted ({}).";
inline constexpr Text kReasonLogin = "The broker refused the login ({}).";
inline constexpr Text kReasonRights = "The broker refused the right to publish or subscribe ({}).";
inline constexpr Text kReasonLost = "The connection to the broker was lost ({}).";
inline constexpr Text kReasonTakeOver = "Another client has taken this store's place ({}).";
inline constexpr Text kReasonSilent = "The broker is connected, but its answers do not come ({}).";
inline constexpr Text kReasonOther = "The broker cannot be used ({}).";
inline constexpr Text kNoDetail = "no further detail";
inline constexpr Text kReasonAway =
    "The broker takes the events, but the collector gives no sign. They are sent again until it "
    "confirms.";
inline constexpr Text kReasonBroker = "Delivered means: acknowledged by the broker.";
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
inline constexpr Text kSafeDelivered = "Nothing is waiting, and nothing needs a person.";
inline constexpr Text kSafeIssues = "Delivery works; what follows needs a person.";
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
inline constexpr Text kStepResume = "Restart the service when the reason for the pause is over.";
inline constexpr Text kStepSpace = "Make room on the disk that holds the journal.";
inline constexpr Text kStepDeliver =
    "Restore the connection: delivered events are removed in time.";
inline constexpr Text kStepRestart = "Restart the service: it opens and checks the journal again.";
inline constexpr Text kStepDiskHealth =
    "If it happens again, have the disk of this server examined.";
inline constexpr Text kStepTwoServers =
    "Look for a second server or a restored copy of this one, and stop it.";
inline constexpr Text kStepAlarmResume = "Then restart the service here.";
inline constexpr Text kStepQuarantine =
    "Look at \"tillrelay quarantine list\", and have the sender correct each document.";
inline constexpr Text kStepDropFolder =
    "Check the drop folder and its permissions; the log names the fault.";

// --- things that need a person ---
inline constexpr Text kIssueQuarantine = "{} in quarantine";
inline constexpr Text kIssueQuarantineDetail = "kept, but in no ledger until a person decides";
inline constexpr Text kIssueDropFolder = "The drop folder cannot be used";
inline constexpr Text kIssueUnreadable = "{} cannot be read";
inline constexpr Text kIssueUnreadableDetail =
    "left in the drop folder; the program that writes there must let us read";
inline constexpr Text kIssueDisk = "The disk is filling up";
inline constexpr Text kIssueAlarm = "Two servers for one store";
inline constexpr Text kIssueLost = "{} lost";
inline constexpr Text kIssueLostDetail = "declared to head office with their numbers";
inline constexpr Text kIssueSilent = "Register {} is silent";
inline constexpr Text kIssueSilentDetail = "{} of opening hours without a word";
inline constexpr Text kStepSilent =
    "Ask the shop whether the register is in use; then look at its connection to this server.";
inline constexpr Text kIssueGaps = "Register {} has missing numbers";
inline constexpr Text kIssueGapsDetail = "day {} was closed without {}";
inline constexpr Text kIssueMismatch = "Register {} closed with other totals";
inline constexpr Text kIssueMismatchDetail = "its Z report of day {} differs from what came here";
inline constexpr Text kStepDay =
    "Send the missing receipts again at the register (its export, or its journal of the day).";
inline constexpr Text kHeadlineIssues = "{} things need a person.";

// --- labels of the page ---
inline constexpr Text kTitle = "Tillrelay";
inline constexpr Text kStore = "Store {}";
inline constexpr Text kNoStore = "no store yet";
inline constexpr Text kRenews = "as of {} · renews every 5 s";
inline constexpr Text kWhatToDo = "What to do";
inline constexpr Text kTileWaiting = "waiting";
inline constexpr Text kTileCaptured = "captured since {}";
inline constexpr Text kTileQuarantine = "in quarantine";
inline constexpr Text kTileDisk = "of room at this store's rate";
inline constexpr Text kTileDiskUnknown = "free; the rate is not known yet";
inline constexpr Text kDelivery = "Delivery";
inline constexpr Text kConfirmed = "confirmed by head office";
inline constexpr Text kAcked = "at the broker";
inline constexpr Text kStored = "stored here";
inline constexpr Text kRegisters = "Registers";
inline constexpr Text kNumbersWhole = "none missing";
inline constexpr Text kNumbersMissing = "missing {}";
inline constexpr Text kNeverHeard = "never";
inline constexpr Text kNoRegisters = "No register has been heard yet. The intake listens on {}.";
inline constexpr Text kNeedsPerson = "Needs a person";
inline constexpr Text kNobody = "Nothing.";
inline constexpr Text kSystem = "System";
inline constexpr Text kSkip = "Skip to the content";

// How a register's day stands, in a word.
constexpr Text DayClose(std::string_view result, bool reopened) {
  if (result.empty()) return "open";
  if (result == "balanced") return reopened ? "balanced, late" : "balanced";
  if (result == "gaps") return "gaps";
  return result == "mismatch" ? "differs" : "closed";
}

// --- signing in ---
inline constexpr Text kLoginTitle = "Sign in";
inline constexpr Text kLoginUser = "User";
inline constexpr Text kLoginPassword = "Password";
inline constexpr Text kLoginButton = "Sign in";
inline constexpr Text kLoginByLink =
    "On this server, \"tillrelay login\" prints a link that needs no password.";
inline constexpr Text kLoginWrong = "The user or the password is wrong.";
inline constexpr Text kLoginLockedOut =
    "Too many wrong logins. The password was not looked at; try again in {} s, or use a link.";
inline constexpr Text kLoginLinkUsed =
    "This link has been used or is older than five minutes. \"tillrelay login\" makes another one.";
inline constexpr Text kLoginBusy = "Too many logins at one time. Try again.";
inline constexpr Text kLoginNoPassword =
    "No password has been set yet. Run \"tillrelay set-password\" or \"tillrelay login\" on this "
    "server.";

}  // namespace tillrelay::status::words
