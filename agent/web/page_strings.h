// What: every English label and sentence of the pages that is not part of the verdict
// (agent/monitor/strings.h). Promise: one place to read and to correct; common/language/catalogues
// has the translations.
//   Braces are fmt's.
// Thread: immutable.
#pragma once

#include <string_view>

#include "agent/monitor/strings.h"
#include "common/web/unit_strings.h"

namespace tillrelay::strings {

// --- around every page ---
inline constexpr Text kTitle = "Tillrelay";
inline constexpr Text kStore = "Store {}";
inline constexpr Text kNoStore = "no store yet";
inline constexpr Text kTitleWaiting = "{} waiting";
inline constexpr Text kAsOf = "as of {}";
inline constexpr Text kSkip = "Skip to the content";
inline constexpr Text kViews = "Views";
inline constexpr Text kOverview = "Overview";
inline constexpr Text kIssues = "Issues";
inline constexpr Text kDelivery = "Delivery";
inline constexpr Text kCharts = "Charts";
inline constexpr Text kRegisters = "Registers";
inline constexpr Text kQuarantine = "Quarantine";
inline constexpr Text kEvents = "Events";
inline constexpr Text kDays = "Days";
inline constexpr Text kSystem = "System";
inline constexpr Text kAudit = "Audit";
inline constexpr Text kSignIn = "Sign in";
inline constexpr Text kSignOut = "Sign out";
inline constexpr Text kDocuments = "documents: ";
inline constexpr Text kLanguage = "Language";
inline constexpr Text kStale =
    "This page has had no news from the server for some seconds. What it shows may be old.";

// --- the overview ---
inline constexpr Text kWhatToDo = "What to do";
inline constexpr Text kStateIs = "State: {}";
inline constexpr Text kTileWaiting = "waiting";
inline constexpr Text kTileOldest = "waiting · oldest {}";
// Behind the number of events: sales, returns; the day before them.
inline constexpr Plural kTileToday{"event of today · {1}, {2}", "events of today · {1}, {2}"};
inline constexpr Plural kTileDay{"event of {1} · {2}, {3}", "events of {1} · {2}, {3}"};
inline constexpr Plural kSaleCount{"{} sale", "{} sales"};
inline constexpr Plural kReturnCount{"{} return", "{} returns"};
inline constexpr Text kTileCaptured = "captured {}";
inline constexpr Text kTileToCentre = "to head office, median of the last hour · confirmed {}";
inline constexpr Text kTileToBroker = "to the broker, median of the last hour";
inline constexpr Text kTileNoneLately = "no event has reached the broker lately";
inline constexpr Text kTileConfirmed = "since head office last confirmed";
inline constexpr Text kTileNotConfirmed = "head office has not confirmed yet";
inline constexpr Text kTileNoWordYet = "no confirmation since the service was started";
inline constexpr Text kTileDisk = "of room at this store's rate · {} free";
inline constexpr Text kTileDiskUnknown = "free; the rate is not known yet";
inline constexpr Text kTileDiskNoJournal = "of room; there is no journal yet";
inline constexpr Text kDiskUsed = "{} % of the disk are used";
inline constexpr Text kConfirmed = "confirmed by head office";
inline constexpr Text kAcked = "at the broker";
inline constexpr Text kStored = "stored here";
inline constexpr Text kNumbersWhole = "complete";
inline constexpr Text kNumbersMissing = "missing {}";
inline constexpr Text kNeverHeard = "never";
inline constexpr Text kNoRegisters = "No register has been heard yet. The intake listens on {}.";
inline constexpr Text kNeedsPerson = "Needs attention";
inline constexpr Text kNobody = "Nothing.";
inline constexpr Text kNothingElse = "Nothing beside what is said above.";
inline constexpr Text kKnownIssue = "acknowledged";
inline constexpr Text kMoreIssues = "{} more";
inline constexpr Text kByLink = "signed in by a one-time link";
inline constexpr Text kDidItArrive = "Did this receipt arrive?";
inline constexpr Text kFindLabel = "Receipt and register, or an event's id";
inline constexpr Text kFindHint = "For example: 004711 register 3";
inline constexpr Text kFind = "Find";
inline constexpr Text kFindSignIn = "Sign in to look for a receipt.";

// --- delivery ---
inline constexpr Text kRetryNow = "Try now";
inline constexpr Text kPause = "Pause";
inline constexpr Text kResume = "Resume";
inline constexpr Text kBroker = "Broker";
inline constexpr Text kConnection = "Connection";
inline constexpr Text kConnectedSince = "connected {}";
inline constexpr Text kNotConnectedSince = "not connected {}";
inline constexpr Text kNextTryIn = "next try in {}";
inline constexpr Text kLastError = "Last error";
inline constexpr Text kNoError = "No errors since connecting";
inline constexpr Text kInFlight = "In flight";
inline constexpr Text kInFlightEvents = "{} sent, not yet acknowledged";
inline constexpr Text kRate = "Rate";
inline constexpr Text kRates = "{} in, {} out (over the last minute)";
inline constexpr Text kPerMinute = "{} a minute";
inline constexpr Text kPerSecond = "{} a second";
inline constexpr Text kFinished = "Finished in";
inline constexpr Text kFinishedIn = "about {}, at this rate";
inline constexpr Text kFinishedUnknown =
    "not known: at the rate of the last minute it would not end";
inline constexpr Text kReconnects = "Connections";
inline constexpr Text kCertificates = "Certificates";
// The name first.
inline constexpr Plural kCertificateDays{"{1}: valid for {0} more day",
                                         "{1}: valid for {0} more days"};
inline constexpr Text kCertificateExpired = "{}: expired {}";
inline constexpr Text kCountsAsDelivered = "The broker's acknowledgement counts as delivered.";
inline constexpr Text kLastConfirmed = "Last confirmation";
inline constexpr Text kActions = "Do something";
inline constexpr Text kActionsHint =
    "A pause stops sending only; registers go on, and every event is kept.";
inline constexpr Text kReplay = "Send again";
inline constexpr Text kMayOnlyLook =
    "This login may look at everything and change nothing; a login with the role operate may.";
inline constexpr Text kReplayHint =
    "Head office counts every event once, however often it is sent. The first step shows how many "
    "events it would be; nothing is sent yet.";
inline constexpr Text kReplayDay = "One business day";
inline constexpr Text kReplayNumbers = "Numbers from";
inline constexpr Text kReplayThrough = "through";
inline constexpr Text kReplayTimes = "Stored from (UTC)";
inline constexpr Text kReplayPreview = "How many?";
inline constexpr Text kReplayCount = "{} would be sent again.";
inline constexpr Text kReplayNone = "No matching event; there is nothing to send.";
inline constexpr Text kReplayStart = "Send {} again";
inline constexpr Text kReplayOf = "Replay {}";
inline constexpr Text kReplayRunning = "running: {} sent, looked at {} of {}";
inline constexpr Text kReplayDone = "done: {} sent";
inline constexpr Text kReplayInterrupted =
    "interrupted after {}; send it again when the link is up";
inline constexpr Text kReplayEmpty = "Nothing has been sent again since the start.";

// --- charts ---
inline constexpr Text kRange1h = "1 hour";
inline constexpr Text kRange24h = "24 hours";
inline constexpr Text kRange7d = "7 days";
inline constexpr Text kRangeLabel = "Range of the charts";
inline constexpr Text kChartWaiting = "Events waiting";
inline constexpr Text kChartRates = "Events stored and confirmed";
inline constexpr Text kUnitEvents = "";
inline constexpr Text kUnitPerSecond = "· a second";
inline constexpr Text kUnitPerMinute = "· a minute";
inline constexpr Text kUnitMilliseconds = "· milliseconds";
inline constexpr Text kUnitSeconds = "· seconds";
inline constexpr Text kReadOut = "read the values";
inline constexpr Text kMarkOff = "no connection to the broker";
inline constexpr Text kMarkDown = "the service was not running";
inline constexpr Text kMarkStart = "last start";
inline constexpr Text kMarkUpgrade = "another version";
inline constexpr Text kChartIn = "stored";
inline constexpr Text kChartOut = "confirmed";
inline constexpr Text kChartBroker = "Time from store to broker";
inline constexpr Text kChartCentre = "Time from store to head office";
inline constexpr Text kMedian = "median";
inline constexpr Text kSlowest = "slowest 1 %";
inline constexpr Text kChartConnected = "Connection to the broker";
inline constexpr Text kConnectedShare = "connected {} of the time";
inline constexpr Text kTableOf = "The same as a table";
inline constexpr Text kTime = "Time";
inline constexpr Text kNoHistory = "There is no history yet. It grows by one point a minute.";
inline constexpr Text kNow = "now";

// --- instead of a page ---
inline constexpr Text kProblem = "Not possible";

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

// --- registers ---
inline constexpr Text kRegister = "Register";
inline constexpr Text kState = "State";
inline constexpr Text kSales = "Sales";
inline constexpr Text kReturns = "Returns";
inline constexpr Text kOthers = "Others";
inline constexpr Text kNumbers = "Numbers";
inline constexpr Text kBusinessDay = "Day";
inline constexpr Text kDayClosed = "Day close";
inline constexpr Text kLastHeard = "Last heard";
inline constexpr Text kDuplicates = "Duplicates";
inline constexpr Text kConflicts = "Conflicts";
inline constexpr Text kRestarts = "Counter restarts";
inline constexpr Text kSelling = "selling";
inline constexpr Text kQuiet = "quiet";
inline constexpr Text kSilentState = "silent";
inline constexpr Text kGapState = "gap";
inline constexpr Text kDiffers = "differs";
inline constexpr Text kMoreRegisters = "{} of {} registers are shown.";
inline constexpr Text kRegistersHint =
    "Counts are of each register's newest business day. A duplicate is a document that came again "
    "and was counted once; a conflict is the same number with other content.";

inline constexpr Text kDayOpen = "open";
inline constexpr Text kDayBalanced = "balanced";
inline constexpr Text kDayBalancedLate = "balanced, late";
inline constexpr Text kDayGaps = "gaps";
inline constexpr Text kDayIsClosed = "closed";

// How a register's day stands, in a word.
inline Text DayClose(std::string_view result, bool reopened) {
  if (result.empty()) return kDayOpen;
  if (result == "balanced") return reopened ? kDayBalancedLate : kDayBalanced;
  if (result == "gaps") return kDayGaps;
  return result == "mismatch" ? kDiffers : kDayIsClosed;
}

}  // namespace tillrelay::strings
