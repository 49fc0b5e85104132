// What: from a decoded document to an event that only lacks its number: rules, derived members,
//   identity and the exact bytes of `data`.
// Promise: pure. What comes back is complete and canonical; a rejection names the field and says
//   what to do, and nothing of the document is kept.
// Thread: any.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "common/base/digest.h"
#include "common/event/event.h"
#include "common/event/identity.h"
#include "common/event/time_text.h"

namespace tillrelay::event {

struct Shop {
  std::string store_id;
  std::vector<std::string> aliases;  // other names that the store's systems use for it
  StoreZone zone;
  // Items that are no goods (deposits, services): exact, or a beginning with a final "*".
  std::vector<std::string> non_stock = {};
  // What is sold before this time of the clock is of the day before, where the document does not
  // say.
  int32_t business_day_ends_s = 0;
};

// What the store's own books (docs/books.md) take from a document, so that nobody reads it again.
struct BookEntry {
  std::string status;  // completed | cancelled | ...; empty: not a register's transaction
  int64_t at_s = 0;    // end of the transaction, seconds since 1970 UTC
  // The business day that its time fell into, in seconds since 1970 UTC, where the document did not
  // say: its number may be the same as one of another day.
  std::optional<std::pair<int64_t, int64_t>> day_s;
  bool time_trusted = true;  // false: the clock face had this time twice, or it was guessed
  std::optional<int64_t> register_epoch;
  std::optional<Decimal> net_amount;  // as it counts: what takes back is negative (turnover.h)
  std::string currency;               // of the document; empty where it told none
  std::vector<std::pair<std::string, Decimal>> stock_delta_by_bucket;
  std::optional<PosControl> reported;  // of a day_closed: the register's own totals
};

class ItemMap;

struct Draft {
  Kind kind = Kind::kSale;
  Identity identity;
  std::string subject;  // "register/03/2026-11-21/004711"
  std::string time;     // RFC 3339 with the store's offset
  std::string business_day;
  std::string register_id;     // as the register names itself; empty for others
  std::string number;          // transaction or document number, as written
  std::string data;            // the bytes that are stored, hashed and sent
  Sha256Digest data_digest{};  // of `data`
  BookEntry book;
  size_t mapped = 0, unmapped = 0;  // lines whose article the item map knows, and does not
  // Of a completed post-void and of a voided transfer: the key of what it takes back; "" if it
  // names none of this store.
  std::string voids_key;
  // Of such a post-void: the key under which it is noted that it has taken that back.
  std::string taking_back_key;
  // It does not show whether its amounts repeat the original's signs or are negated.
  bool amounts_undecided = false;
};

// Says for such a draft which it is ("repeated" or "negated"): for the books and in `data`.
void SayAmounts(std::string_view amounts, Draft* draft);

// Up to when an event's own time can be believed.
struct Horizon {
  int64_t latest_s = INT64_MAX;  // seconds since 1970 UTC
  // False: the own clock may be wrong. What lies behind the horizon is taken and flagged
  // `time_ahead`.
  bool trusted = false;
};

// `items`, if not null, gives every line its article's key; identity is as without it.
// Rejections: missing-field, bad-value (also what is out of common/event/bounds.h), foreign-store,
// stock-effect-disagrees, implausible-time.
std::variant<Draft, Rejection> MakeDraft(Event event, const Shop& shop);
// The same; the event stays with the caller, so that a refused one can still be shown.
std::variant<Draft, Rejection> DraftFrom(Event* event, const Shop& shop,
                                         const Horizon& horizon = {},
                                         const ItemMap* items = nullptr);

}  // namespace tillrelay::event
