// What: every English sentence of the doctor.
// Promise: one place to read and to correct; common/language/catalogues has the translations.
//   Braces are fmt's. Commands alone are no sentences and stand where they are given.
// Thread: immutable.
#pragma once

#include "common/language/text.h"

namespace tillrelay::strings {

// --- the checks ---
inline constexpr Text kDoctorChecks[] = {
    "configuration",  "store",          "clock",       "folders",      "permissions",
    "drop folder",    "time zone",      "journal",     "secrets",      "broker",
    "settings",       "disk",           "daemon",      "head office",  "certificates",
    "broker name",    "broker TCP",     "broker TLS",  "broker login", "broker rights",
    "broker answers", "broker packets", "confirmation"};

// --- what they find, and what to do ---
inline constexpr Text kDoctorNoFolder = "{} is no folder";
inline constexpr Text kDoctorNotYours = "{} cannot be written by you";
inline constexpr Text kDoctorAsRoot = "run the doctor as root to see what the service sees";
inline constexpr Text kDoctorNoStore = "no store_id is configured: nothing is accepted";
inline constexpr Text kDoctorClockOff = "the system clock is not synchronised";
inline constexpr Text kDoctorClockStep =
    "timedatectl set-ntp true, or install chrony; events keep their order all the same";
inline constexpr Text kDoctorClockGood = "synchronised";
inline constexpr Text kDoctorReadable = "{} can be read by everybody";
inline constexpr Text kDoctorNoDrop = "none configured";
inline constexpr Text kDoctorDropStep =
    "systemd-tmpfiles --create tillrelay.conf; for a folder elsewhere see \"Install\" in "
    "operations.md";
inline constexpr Text kDoctorSettingsGood = "every setting and its files can be used";
inline constexpr Text kDoctorSecretOpen = "{}: {} can be read by others";
inline constexpr Text kDoctorNetworkDisk = "{} is on a network file system";
inline constexpr Text kDoctorNetworkStep = "the journal needs a local disk: journal.path";
inline constexpr Text kDoctorReadOnly = "{} is mounted read-only";
inline constexpr Text kDoctorReadOnlyStep =
    "the kernel does that after a disk fault: journalctl -k, then mount -o remount,rw";
inline constexpr Text kDoctorFree = "{} MB free in {}";
inline constexpr Text kDoctorFreeTooLittle = "{}, {} are needed: new events are refused";
inline constexpr Text kDoctorFreeStep = "make room on this disk, or lower journal.min_free_bytes";
inline constexpr Text kDoctorNoInode = "no inode is free in {}";
inline constexpr Text kDoctorNoInodeStep = "delete small files on this disk";
inline constexpr Text kDoctorFreeSoon = "make room soon, or shorten journal.retention_days";
inline constexpr Text kDoctorNoJournal = "none yet: it is made at the first start";
inline constexpr Text kDoctorRunAsRoot = "run the doctor as root";
inline constexpr Text kDoctorUnreadable = "{} cannot be read by you";
inline constexpr Text kDoctorVerifyStep =
    "tillrelay verify; then tillrelay salvage, or restore-backup";
inline constexpr Text kDoctorDamagedStep =
    "systemctl restart tillrelay: the daemon saves what can be read; have the disk examined "
    "(smartctl -a)";
inline constexpr Text kDoctorRowsGood = "{} rows are as they were written, {} events wait";
inline constexpr Text kDoctorFuture =
    "the newest event was stored {} minutes in the future: the clock was set back";
inline constexpr Text kDoctorFutureStep =
    "check date, and the server's battery; timedatectl set-ntp true";
inline constexpr Text kDoctorAway =
    "the broker is connected, but the collector has given no sign for 150 s";
inline constexpr Text kDoctorUnconfirmed =
    "the broker took events that head office has not confirmed since {}";
inline constexpr Text kDoctorNeverConfirmed =
    "the broker is connected, and not one confirmation has come";
inline constexpr Text kDoctorCentreStep =
    "head office: does the collector run? The broker: may this store read its topic confirm?";
inline constexpr Text kDoctorParked =
    "{} events are there by their numbers only: their contents are larger than the broker takes";
inline constexpr Text kDoctorParkedStep =
    "the broker's administrator: raise its packet size limit; they are sent then";
inline constexpr Text kDoctorOtherProgram = "another program answers on {}: HTTP {}";
inline constexpr Text kDoctorOtherStep =
    "ss -ltnp shows whose port it is; move one of them ([status] listen)";
inline constexpr Text kDoctorNotThere = "it runs with this journal but does not answer on {}";
inline constexpr Text kDoctorNotThereStep =
    "it may run with another configuration: systemctl cat tillrelay";
inline constexpr Text kDoctorNotRunning = "it does not run: {}";
inline constexpr Text kDoctorServes = "it serves store {}, the configuration says {}";
inline constexpr Text kDoctorServesStep =
    "systemctl restart tillrelay, if the configuration is right";
inline constexpr Text kDoctorDaysLeft = "{}: {} days left";
inline constexpr Text kDoctorExpired = "{}: {} has expired";
inline constexpr Text kDoctorExpiredStep =
    "replace the file; \"Rotate certificates\" in operations.md";
inline constexpr Text kDoctorReplaceSoon = "replace it before that day";
inline constexpr Text kDoctorNameGone = "{} could not be looked up: {}";
inline constexpr Text kDoctorNameStep =
    "check the spelling in broker.url; then the router and this site's DNS server (resolvectl "
    "status)";
inline constexpr Text kDoctorNameGood = "{} found in {} ms";
inline constexpr Text kDoctorTlsExpired =
    "the broker's certificate has to be renewed at head office; if only this store says so, check "
    "this server's clock: date";
inline constexpr Text kDoctorTlsClock = "check this server's clock: date";
inline constexpr Text kDoctorTlsName =
    "broker.url must use the name that stands in the broker's certificate";
inline constexpr Text kDoctorNotTls =
    "this port does not speak TLS: mqtt instead of mqtts in broker.url, or another port (8883)";
inline constexpr Text kDoctorTlsCa =
    "broker.ca_file must be the authority that signed the broker's certificate";
inline constexpr Text kDoctorTlsGood = "the broker's certificate is good for {} days";
inline constexpr Text kDoctorTlsSoon = "it has to be renewed at head office before that day";
inline constexpr Text kDoctorLoginGood = "accepted";
inline constexpr Text kDoctorLoginStep =
    "broker.username and the password: tillrelay setup --username NAME --password-file FILE; or "
    "ask the broker's administrator";
inline constexpr Text kDoctorUserStep =
    "the broker does not know this user, or its password is another one: tillrelay setup "
    "--username NAME --password-file FILE";
inline constexpr Text kDoctorMqttStep =
    "does an MQTT broker listen on this port? Ask its administrator for its log";
inline constexpr Text kDoctorTcpStep =
    "is the broker up and the port right? If other devices reach it: a firewall between here and "
    "there";
inline constexpr Text kDoctorTcpGood = "{} answers";
inline constexpr Text kDoctorNoTls = "none: what this store sells can be read on the line";
inline constexpr Text kDoctorNoTlsStep =
    "mqtts in broker.url, unless the line is protected otherwise";
inline constexpr Text kDoctorNoAnswer = "the broker does not answer {}";
inline constexpr Text kDoctorNoAnswerStep =
    "the broker's administrator: does it answer others? Whoever runs the network: does a firewall, "
    "VPN or proxy hold its answers back?";
inline constexpr Text kDoctorSubscription = "a subscription";
inline constexpr Text kDoctorMessage = "a message";
inline constexpr Text kDoctorNoRead = "{} cannot be read: {}";
inline constexpr Text kDoctorReadStep =
    "the broker's administrator: this store's user must be allowed to read it (tillrelay.acl in "
    "the collector's examples)";
inline constexpr Text kDoctorNoWrite = "{} cannot be written: {}";
inline constexpr Text kDoctorWriteStep =
    "the broker's administrator: this store's user must be allowed to write it (tillrelay.acl in "
    "the collector's examples)";
inline constexpr Text kDoctorPackets =
    "a message of {} bytes is not acknowledged, small ones are: {}";
inline constexpr Text kDoctorPacketsStep =
    "whoever runs the network: the packet size (MTU) of the line and of its VPN, a firewall that "
    "drops large packets; the broker's administrator: its limits of message sizes";
inline constexpr Text kDoctorRightsGood = "this store's topics can be read and written";
inline constexpr Text kDoctorConfirmed = "this store's events are taken and confirmed";
inline constexpr Text kDoctorNothingWaits = "confirmations come, and no event waits for one";
inline constexpr Text kDoctorSession = "the service is logged in";
inline constexpr Text kDoctorNotProven =
    "not proven: {} events wait, and none was confirmed meanwhile";
inline constexpr Text kDoctorAskAgain = "the service does not know yet; ask again";
inline constexpr Text kDoctorNoBroker = "none is configured: events are only kept";
inline constexpr Text kDoctorUnheard =
    "none is there: the collector does not run or has not heard of this store yet, or this store "
    "may not read {}";
inline constexpr Text kDoctorUnheardStep =
    "the broker's administrator: \"pattern read {}/%u/confirm\" in its access list (tillrelay.acl "
    "in the collector's examples); head office: does the collector run?";
inline constexpr Text kDoctorGood = "good";
inline constexpr Text kDoctorNote = "note";
inline constexpr Text kDoctorFault = "FAULT";
inline constexpr Text kDoctorSkipped = "skipped";
inline constexpr Text kDoctorNoFault = "No fault was found.";
inline constexpr Text kDoctorConfigStep =
    "put the named line right; tillrelay config check says whether it is";
inline constexpr Plural kDoctorFaults{"{} fault was found.", "{} faults were found."};

}  // namespace tillrelay::strings
