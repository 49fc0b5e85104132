// What: the one way in: decode, guard, rules, append. Every channel goes through here.
// Promise: an item is stored, recognised, or quarantined with a reason; a document that is not the
//   declared syntax stores nothing but its scrubbed text in quarantine. No card number passes.
// Thread: one Intake per channel thread; the registry of last-heard registers is shared.
// Errors: Submit as Journal::Submit. `done` runs on the journal thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/capture/capture_stats.h"
#include "agent/capture/item_map_file.h"
#include "agent/formats/csv.h"
#include "agent/formats/format.h"
#include "agent/formats/poslog/vocabulary.h"
#include "agent/journal/journal.h"
#include "agent/redact/redact.h"
#include "common/base/clock_trust.h"
#include "common/base/memory_budget.h"
#include "common/event/draft.h"

namespace tillrelay::capture {

struct IntakeOptions {
  event::Shop shop;
  formats::Limits limits;
  redact::RedactOptions guard;
  std::vector<formats::CsvProfile> csv = {};
  formats::poslog::Vocabulary poslog_words = {};
  const ClockTrust* clock_trust = nullptr;  // none: the own clock is never trusted
  const ItemMapFile* items = nullptr;       // none: articles go by their own names
  journal::QuarantineRoom quarantine_share = journal::ShareOf({10'000, 64 * 1024 * 1024});
};

// Counters of all channels; channels add, the status page copies.
class Counters {
 public:
  CaptureStats Copy() const;
  // Under the lock, for a channel's own numbers.
  void Change(const std::function<void(CaptureStats*)>& change);

 private:
  mutable Mutex mutex_;
  CaptureStats stats_ GUARDED_BY(mutex_);
};

struct Document {
  formats::Format format = formats::Format::kJson;
  std::string channel;  // "http" | "file"
  std::string origin;   // file name or request id, for people
  std::string bytes;
  const formats::CsvProfile* csv = nullptr;  // of Intake::csv(), for Format::kCsv
  bool again = false;  // out of quarantine: operators have been made pseudonyms already
  std::optional<formats::Encoding> encoding = {};  // of JSON, where its sender names one
  std::string sender = {};  // whose share of the quarantine its rejected documents take
  bool explain = false;     // it is tried: what is not read is told as well
  // What the document has taken of the budget; it grows with what is made of it. None: no bound.
  MemoryBudget::Share* memory = nullptr;
};

// A document on its way: what will be appended, and what to tell about it.
struct DecodedDocument {
  std::string channel;
  std::vector<journal::Entry> entries;
  std::optional<formats::SyntaxError> syntax;  // entries holds the scrubbed document only
  size_t redactions = 0;
  Sha256Digest payload{};
  std::string sender;
  bool no_memory = false;  // the budget is used up: nothing of it may be submitted, try later
  size_t bytes = 0;        // that the entries and their answer take
  journal::QuarantineRoom rejected{};      // documents of it, and their text
  std::vector<std::string> not_read = {};  // what nobody reads; where it is tried
};

struct Answer {
  std::vector<journal::AppendResult> receipts;
  size_t stored = 0, duplicate = 0, quarantined = 0;
  size_t refused = 0;  // the quarantine is full: not kept at all, to be sent again
};

class Intake {
 public:
  Intake(const IntakeOptions* options, journal::Journal* journal, Counters* counters,
         const Clock* clock);

  DecodedDocument Prepare(Document* document);
  const std::vector<formats::CsvProfile>& csv() const { return options_.csv; }
  const formats::Limits& limits() const { return options_.limits; }
  // `file` makes the entries and the file's hash one transaction.
  Status Submit(DecodedDocument&& prepared, std::optional<journal::FileMark> file,
                std::function<void(Result<Answer>)> done);
  // A document as the quarantine keeps it, ready for Prepare. Invalid: its format is not known or
  // not configured any more.
  struct Quarantined {
    std::string channel, origin, text, media_type;
  };
  Result<Document> FromQuarantine(Quarantined kept);
  // Takes the ticket out of quarantine if every entry is accepted (AppendRequest::resolves).
  struct Ticket {
    uint64_t number = 0;
    journal::AuditRow audit;
  };
  Status Resolve(DecodedDocument&& prepared, Ticket ticket,
                 std::function<void(Result<Answer>)> done);
  // Empty when Submit would accept, else why the journal takes nothing at all.
  std::string Refusing() const { return journal_.Refusing(); }
  // The journal has failed, whatever room there is.
  bool Failed() const { return !journal_.Stats().poisoned.empty(); }
  // The same answer, nothing stored.
  Status Try(DecodedDocument&& prepared, std::function<void(Result<Answer>)> done);

 private:
  // What the quarantine keeps, and as what it can be sent again.
  struct RetainedText {
    std::string text;
    std::string_view media_type;
    event::Identity identity = {};
  };
  void TakeItem(formats::Item&& item, const Document& document, DecodedDocument* prepared);
  void Add(journal::Entry&& entry, const Document& document, DecodedDocument* prepared) const;
  void Reject(event::Rejection why, const Document& document, const RetainedText& kept,
              DecodedDocument* prepared) const;
  event::Horizon HorizonNow() const;
  static journal::RejectedDocument RejectedDocument(event::Rejection why, const Document& document,
                                                    const RetainedText& kept);
  journal::AppendRequest Request(DecodedDocument&& prepared,
                                 std::function<void(Result<Answer>)> done);
  // By entry: the register that spoke and the kind; empty for what came from none or has none.
  struct RegisterActivity {
    std::string register_id;
    std::optional<event::Kind> kind;
    size_t mapped = 0, unmapped = 0;  // lines, by the item map
  };
  static std::vector<RegisterActivity> RegisterActivityIn(
      const std::vector<journal::Entry>& entries);
  void Count(const std::vector<RegisterActivity>& heard, bool by_file, const Answer& answer);

  const IntakeOptions& options_;
  journal::Journal& journal_;
  Counters& counters_;
  const Clock& clock_;
  formats::Decoder decoder_;
  redact::NumberMemory numbers_;
  formats::CsvProfile kept_csv_;  // of the document that FromQuarantine gave last
};

}  // namespace tillrelay::capture
