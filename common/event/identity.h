// What: who is this event, made from the document alone, so that the same receipt captured twice
//   (file and HTTP, or after a lost database) gets the same id. docs/wire.md, "Identity".
// Promise: pure and stable for ever: a change here is a new version digit in the name.
// Thread: any.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "common/base/digest.h"
#include "common/event/event.h"

namespace tillrelay::event {

// Name space of all ids: UUIDv5(DNS, "tillrelay.org").
const Uuid& IdentityNamespace();

// What the document says beside its lines, part by part, so that one which says less is no
// contradiction: a digest of three bytes each. Zeros: the document does not say, or not for every
// line.
inline constexpr size_t kPartBytes = 3;
// Currency, other totals, net amounts of the lines, their unit prices, tenders.
using MoneyDigest = std::array<uint8_t, 5 * kPartBytes>;
// What it takes back or refers to, serial numbers, and its own net amount, moment or sums.
using DetailDigest = std::array<uint8_t, 3 * kPartBytes>;
// Whether two documents contradict each other: both say a part, and not the same.
bool PartsDiffer(std::string_view one, std::string_view other);

// What is kept of the document's own bytes: the same bytes are known again, whatever the settings
// have come to say of them.
struct OwnBytes {
  uint64_t digest = 0;           // 0: not known
  bool key_by_settings = false;  // which register and number they name follows from settings
};

struct Identity {
  Uuid id;
  // What the shop calls the document: register, number and day, or kind and document number.
  // Two documents with one key and different ids contradict each other.
  std::string key;
  // Lines, effects and totals: the same id with another digest is a changed document.
  Sha256Digest digest;
  MoneyDigest money;
  DetailDigest detail;
  std::string members;  // DigestMembers; of what passed the rules
  OwnBytes bytes = {};
  // The days on which it may have been told before: its time falls into them on some clock, or an
  // export told it with another time; empty where it says its day.
  std::string first_day = {}, last_day = {};
  // Under which an older version stored it, if that differs.
  std::string former_key = {};
  Uuid former_id{};
};

// The beginning of SHA-256 over the parts and their lengths; never 0.
uint64_t DigestOfBytes(std::initializer_list<std::string_view> parts);

// `Identity::key` alone: it follows from the names of the document.
std::string DocumentKey(const Event& event);

// `end_wall` is the end on the store's clock face, YYYY-MM-DDTHH:MM:SS. The event has passed the
// rules: its number, lines and effects are there, its store id is the store's own.
Identity Identify(const Event& event, std::string_view end_wall);

// Ids of the journal's own events.
Uuid OwnEventId(std::string_view word, std::string_view store, std::string_view stream,
                std::string_view range = {});

// What the keys of a register's documents under one number begin with, whatever their day.
// The same of a document that is no receipt: kind and its own number.
std::string DocumentKeyPrefix(std::string_view kind, std::string_view number);
// Whether it takes back what another receipt has done: completed, and no training.
bool IsEffectivePostVoid(const Event& event);
// `Identity::key` of what such a post-void takes back: a day or a register that it does not name is
// its own. "": it names none, or another store's.
std::string VoidedKey(const Event& event);
// Under what it is noted that it has taken back that document, or a line of it ("" likewise), and
// what all notes of the document `key` begin with. No key of a document.
std::string TakingBackKey(const Event& event);
std::string TakingBackKeyPrefix(std::string_view key);
// What all keys of receipts, and of other documents, begin with; the next part of a key that begins
// so.
std::string KeyStart(bool receipts);
std::string_view SecondPart(std::string_view key);
std::string ReceiptKeyPrefix(std::string_view register_id, std::string_view number);

// All-digit registers and numbers lose leading zeros: "03" is "3", "000" is "0".
std::string_view WithoutLeadingZeros(std::string_view text);

}  // namespace tillrelay::event
