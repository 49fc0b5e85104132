// What: what goes into the journal and what comes out of it, as values.
// Thread: any.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/journal/rows.h"
#include "agent/journal/stream_row.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/status.h"
#include "common/event/draft.h"
#include "common/wire/chain.h"
#include "common/wire/control.h"

namespace tillrelay::journal {

// A document that cannot be kept as an event: kept for a person. Already scrubbed.
struct RejectedDocument {
  event::Rejection why;
  std::string channel;   // "http" | "file"
  std::string origin;    // file name or request id
  std::string document;  // what was sent, without card numbers
  std::string format =
      {};  // media type of `document`, so that it can be tried again; empty: unknown
  // Its request holds more than the quarantine keeps of one sender: refused, its text is not here.
  bool beyond_share = false;
  // As far as it is known which document it is, and its bytes: it may be stored already.
  event::Identity identity = {};
};

using Entry = std::variant<event::Draft, RejectedDocument>;

// kRefused: the quarantine has no room for it, or its sender no share left; others of its request
// are stored all the same.
enum class Outcome { kStored, kDuplicate, kQuarantined, kRefused };

struct AppendResult {
  Outcome outcome = Outcome::kStored;
  Uuid id{};
  uint64_t sequence = 0;  // stored and duplicate
  std::string stream;
  uint64_t ticket = 0;  // quarantined
  std::string reason, field, hint;
};

// A dropped file whose entries are appended in the same transaction as its hash.
struct FileMark {
  Sha256Digest sha256{};
  std::string name;
};

struct AppendRequest {
  std::vector<Entry> entries;
  std::optional<FileMark> file;
  std::string sender = {};  // whose share of the quarantine its documents take; empty: nobody's
  // Takes this ticket out of quarantine and writes `audit`, if every entry is stored or known;
  // otherwise nothing is written, and the receipts say what is still wrong. Without entries the
  // document is discarded. Not found: there is no such ticket.
  uint64_t resolves = 0;
  AuditRow audit;
  // Called on the journal thread after the commit, or with why nothing was stored: full, if the
  // quarantine has no room and no entry could be taken.
  std::function<void(Result<std::vector<AppendResult>>)> done;
};

// Of a document's digest, what the table `known` keeps first.
inline constexpr size_t kContentDigestBytes = 16;

// The column `digest` of `known`: the content's, the money's, the document's own bytes' (zeros: not
// known), one byte that is 1 where settings decide under which key these are stored, the details'
// and the further members'. Older rows have less: each part stands where it always stood.
std::string KeptDigest(const event::Identity& identity);
struct Likeness {
  bool content = false;
  bool contradicts = false;  // in money, or in another part that both say
  bool bytes = false;        // the document's own: nothing else needs to be compared
  bool goods = false;        // the same goods or amounts, of which both documents say something
};
Likeness Compare(std::string_view kept, std::string_view ours);

// One row as the uplink reads it.
struct Row {
  uint64_t position = 0;
  Uuid id{};
  std::string kind, subject, time;
  WallTime recorded_at{};
  std::string data;
  Sha256Digest data_digest{};
};

// What the centre has said about one stream; `owed` only of what lies at or below `through`.
struct Confirmation {
  std::string stream;
  uint64_t through = 0;
  wire::Chain chain{};
  std::vector<wire::Range> owed;
  bool live = false;  // not an old retained message: owed bodies that are not listed may go
};

// How far rows may be deleted: what the last live confirmation left without doubt.
struct DeletionPermit {
  bool by_broker = false;  // acknowledged is enough
  std::vector<std::pair<std::string, uint64_t>> through;
};

}  // namespace tillrelay::journal
