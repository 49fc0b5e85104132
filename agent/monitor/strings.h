// What: every English sentence of the verdict: headlines, reasons, what is safe, what to do.
// Promise: one place to read and to correct (labels: page_strings.h); common/language/catalogues
// has
//   their translations. Braces are fmt's.
// Thread: immutable.
#pragma once

#include "common/language/text.h"

namespace tillrelay::strings {

// --- numbers of things ---
inline constexpr Plural kEventCount{"{} event", "{} events"};
inline constexpr Plural kDocumentCount{"{} document", "{} documents"};
inline constexpr Plural kFileCount{"{} file", "{} files"};
inline constexpr Plural kIssueCount{"{} issue", "{} issues"};

// --- when ---
inline constexpr Text kTheStart = "the start";
inline constexpr Text kSinceStart = "since the start";

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
inline constexpr Text kPaused = "{}. Sending has been paused by a person {}.";
inline constexpr Text kUnreachable = "{}. Head office has been unreachable {}.";
inline constexpr Text kConnecting = "{}. Connecting to head office.";
inline constexpr Text kUnconfirmed = "{}. Head office has not confirmed {}.";
inline constexpr Text kCentreGone = "{}. Head office's collector has given no sign {}.";
inline constexpr Text kDeliveredWhole = "{} delivered whole.";
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
inline constexpr Text kReasonNotConfirmed =
    "The broker took the events, and head office has not said that it has them. They are sent "
    "again "
    "until it does.";
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
inline constexpr Plural kDisk{"Disk holds {} more day.", "Disk holds {} more days."};
inline constexpr Text kDiskOne = "Disk holds less than one more day.";

// --- what is safe ---
inline constexpr Text kSafe = "Nothing is lost: every event is stored on this server.";
inline constexpr Plural kSafeDays{
    "Nothing is lost: every event is stored on this server, and there is room for {} more day.",
    "Nothing is lost: every event is stored on this server, and there is room for {} more days."};
inline constexpr Text kSafeButLost =
    "What waits is stored on this server. What is lost is listed below.";
inline constexpr Text kSafeDelivered = "Nothing is waiting, and nothing needs a person.";
inline constexpr Text kSafeOnTheirWay =
    "What is on the way is stored on this server until it is confirmed. Nothing needs a person.";
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
inline constexpr Text kStepNoAnswer =
    "Ask the broker's administrator whether it answers others, and whoever runs the network "
    "whether "
    "a firewall, VPN or proxy on the way holds its answers back.";
inline constexpr Text kStepNoTls =
    "Check port and scheme of broker.url (TLS is usually at port 8883; 1883 has no TLS), and ask "
    "the broker's administrator whether it is up behind its balancer.";
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
inline constexpr Text kStepOwnLimit =
    "Raise journal.max_bytes in the configuration (0: no limit of its own), then run \"systemctl "
    "restart tillrelay\".";
inline constexpr Text kStepReader =
    "End the program on this server that reads the journal for so long, such as sqlite3 or a "
    "backup.";
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

// --- with issues ---
inline constexpr Text kHeadlineIssues = "{} things need a person.";
inline constexpr Text kHeadlineKnown = "{} known and acknowledged.";
inline constexpr Text kSafeKnown =
    "Deliveries are working. Everything that needed attention has been acknowledged.";

}  // namespace tillrelay::strings
