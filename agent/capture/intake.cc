#include "agent/capture/intake.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/capture/plain_text.h"
#include "common/base/text.h"
#include "common/event/bounds.h"
#include "common/event/event_json.h"
#include "common/event/identity.h"
#include "common/event/item_rules.h"

namespace tillrelay::capture {
namespace {

// What the quarantine keeps of a document that could not be read at all.
constexpr size_t kMaxQuarantinedBytes = 1024 * 1024;
// Longer than any card number, however it is spelled.
constexpr size_t kCutBytes = 512;
constexpr size_t kMostRegisters = 1000;
// A till in another time zone, or one whose operator set tomorrow's date.
constexpr std::chrono::hours kMostAhead{24};
constexpr std::string_view kCanonical = "application/json";

// Whoever invents register ids must not fill the memory.
template <class Registers>
void ForgetOldest(Registers* registers) {
  auto oldest = registers->begin();
  for (auto it = registers->begin(); it != registers->end(); ++it) {
    if (it->second.last_heard_at < oldest->second.last_heard_at) oldest = it;
  }
  registers->erase(oldest);
}

// Of an entry, the receipt and the answer that it gets, and its place in vectors that grow.
constexpr size_t kBytesOfEntry = 2 * sizeof(journal::Entry) + sizeof(journal::AppendResult) + 256;

size_t TextIn(const journal::Entry& entry) {
  const auto* draft = std::get_if<event::Draft>(&entry);
  return draft != nullptr ? draft->data.capacity()
                          : std::get<journal::RejectedDocument>(entry).document.size();
}

// A refused event as a document that can be corrected and sent again.
std::string Resendable(const event::Event& event) {
  std::string data;
  event::WriteData(event, &data);
  return event::WithKind(event.kind, data);
}

// By what a refused document may be stored already.
event::Identity NamesOf(const event::Event& event, event::OwnBytes bytes) {
  event::Identity identity;
  identity.bytes = bytes;
  if (event.transaction) {
    const event::Transaction& t = *event.transaction;
    identity.key = event::ReceiptKeyPrefix(t.register_id, event::WithoutBlanks(t.transaction_no)) +
                   t.business_day;
    // Its day is not known as long as it is refused.
    if (t.business_day.empty()) identity.bytes.key_by_settings = true;
  } else if (event.transfer || event.count || event.adjustment) {
    identity.key = event::DocumentKey(event);
  }
  return identity;
}

}  // namespace

CaptureStats Counters::Copy() const {
  Lock lock(mutex_);
  return stats_;
}

void Counters::Change(const std::function<void(CaptureStats*)>& change) {
  Lock lock(mutex_);
  change(&stats_);
}

Intake::Intake(const IntakeOptions* options, journal::Journal* journal, Counters* counters,
               const Clock* clock)
    : options_(*options),
      journal_(*journal),
      counters_(*counters),
      clock_(*clock),
      decoder_(&options_.poslog_words) {}

DecodedDocument Intake::Prepare(Document* document) {
  DecodedDocument prepared;
  prepared.channel = document->channel;
  prepared.sender = document->sender;
  prepared.payload = Sha256(document->bytes);
  // Room for as many as there may be: memory that is not used costs nothing, and a list that grows
  // is held twice while it does.
  if (document->bytes.size() > options_.limits.event_bytes) {
    prepared.entries.reserve(std::min(options_.limits.events, document->bytes.size() / 2));
  }
  const auto take = [&](formats::Item&& item) { TakeItem(std::move(item), *document, &prepared); };
  formats::NotRead not_read;
  std::vector<std::string> headings;
  prepared.syntax =
      document->format == formats::Format::kCsv
          ? formats::DecodeCsv(*document->csv, document->bytes, options_.limits, take, &headings)
          : decoder_.Decode({document->format, document->encoding}, document->bytes,
                            options_.limits, take, document->explain ? &not_read : nullptr);
  if (prepared.syntax) {
    // A decoder may quote what it cannot read.
    prepared.syntax->what = redact::RedactDocument(prepared.syntax->what);
    prepared.syntax->hint = redact::RedactDocument(prepared.syntax->hint);
    std::vector<journal::Entry>().swap(prepared.entries);
    prepared.no_memory = false;
    event::Rejection why{"not-syntax", fmt::format("byte {}", prepared.syntax->offset),
                         prepared.syntax->what};
    if (!prepared.syntax->hint.empty()) why.hint += "; " + prepared.syntax->hint;
    prepared.entries.emplace_back(
        RejectedDocument(std::move(why), *document,
                         {document->bytes.substr(0, kMaxQuarantinedBytes + kCutBytes),
                          formats::MediaTypeOf(document->format)}));
  }
  for (const std::string& heading : headings) not_read.Add(Printable(heading, 80));
  for (const std::string& path : not_read.paths()) {
    prepared.not_read.push_back(
        redact::RedactDocument(Printable(path, formats::NotRead::kMostBytes)));
  }
  if (prepared.redactions > 0) {
    counters_.Change([&](CaptureStats* stats) { stats->redactions += prepared.redactions; });
  }
  return prepared;
}

void Intake::TakeItem(formats::Item&& item, const Document& document, DecodedDocument* prepared) {
  if (auto* rejection = std::get_if<event::Rejection>(&item.outcome)) {
    event::Identity identity;
    identity.bytes = item.bytes;
    return Reject(std::move(*rejection), document,
                  {std::move(item.excerpt), formats::ItemMediaType(document.format), identity},
                  prepared);
  }
  auto& event = std::get<event::Event>(item.outcome);
  if (!event.origin) event.origin.emplace();
  event.origin->channel = document.channel == "file" ? "file_drop" : document.channel;
  if (document.channel == "file") {
    event.origin->file = document.origin.substr(0, event::kMaxTextBytes);
  } else {
    event.origin->request_id = document.origin.substr(0, event::kMaxTextBytes);
  }
  event.origin->index = static_cast<int64_t>(item.index);
  event.origin->payload_sha256 = ToHex(BytesOf(prepared->payload));
  event::CleanTexts(&event);  // first: what becomes a blank must not hide a card number
  redact::RedactOutcome guarded =
      redact::Check(&event, options_.guard, {document.again, &numbers_});
  prepared->redactions += guarded.redactions;
  if (guarded.rejection) {
    return Reject(std::move(*guarded.rejection), document,
                  {Resendable(event), kCanonical, NamesOf(event, item.bytes)}, prepared);
  }
  const auto items = options_.items != nullptr ? options_.items->Current() : nullptr;
  auto drafted = event::DraftFrom(&event, options_.shop, HorizonNow(), items.get());
  if (auto* rejection = std::get_if<event::Rejection>(&drafted)) {
    return Reject(std::move(*rejection), document,
                  {Resendable(event), kCanonical, NamesOf(event, item.bytes)}, prepared);
  }
  auto& draft = std::get<event::Draft>(drafted);
  draft.identity.bytes = item.bytes;
  if (draft.data.size() > options_.limits.event_bytes) {
    event::Rejection why{"too-large", "", "one event is at most 1 MiB"};
    return Reject(std::move(why), document, {std::move(draft.data), kCanonical, draft.identity},
                  prepared);
  }
  Add(std::move(draft), document, prepared);
}

// What no sender may have kept is not held until the journal says so: a hundred thousand rejected
// documents, each with the file's long header, would be far larger than the file.
void Intake::Reject(event::Rejection why, const Document& document, const RetainedText& kept,
                    DecodedDocument* prepared) const {
  const journal::QuarantineRoom& share = options_.quarantine_share;
  journal::QuarantineRoom& rejected = prepared->rejected;
  if (rejected.count >= share.count || rejected.bytes >= share.bytes) {
    journal::RejectedDocument unfit;
    unfit.why.reason = std::move(why.reason);
    unfit.beyond_share = true;
    return Add(std::move(unfit), document, prepared);
  }
  journal::RejectedDocument unfit = RejectedDocument(std::move(why), document, kept);
  const auto* last = prepared->entries.empty()
                         ? nullptr
                         : std::get_if<journal::RejectedDocument>(&prepared->entries.back());
  // The quarantine keeps a document once.
  if (last == nullptr || last->document != unfit.document) ++rejected.count;
  rejected.bytes += unfit.document.size();
  Add(std::move(unfit), document, prepared);
}

void Intake::Add(journal::Entry&& entry, const Document& document,
                 DecodedDocument* prepared) const {
  if (prepared->no_memory) return;
  prepared->bytes += kBytesOfEntry + TextIn(entry);
  if (document.memory != nullptr &&
      !document.memory->Grow(document.bytes.size() + prepared->bytes)) {
    prepared->no_memory = true;
    std::vector<journal::Entry>().swap(prepared->entries);
    return;
  }
  prepared->entries.push_back(std::move(entry));
}

// What a document tells as its own time, a day ahead at most.
event::Horizon Intake::HorizonNow() const {
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.Wall().time_since_epoch());
  const ClockTrust* trust = options_.clock_trust;
  return {(now + kMostAhead).count(), trust != nullptr && trust->Trusted(clock_)};
}

journal::RejectedDocument Intake::RejectedDocument(event::Rejection why, const Document& document,
                                                   const RetainedText& kept) {
  journal::RejectedDocument unfit;
  unfit.why = std::move(why);
  // Field and hint quote names and values that the document has.
  unfit.why.field = redact::RedactDocument(unfit.why.field);
  unfit.why.hint = redact::RedactDocument(unfit.why.hint);
  unfit.channel = document.channel;
  unfit.origin = redact::RedactDocument(document.origin);
  unfit.document = redact::RedactDocument(
      PlainText(std::string_view(kept.text).substr(0, kMaxQuarantinedBytes + kCutBytes)));
  // The cut must not hide a card from the guard by taking its last digits.
  if (kept.text.size() > kMaxQuarantinedBytes) {
    unfit.document.resize(unfit.document.size() - std::min(unfit.document.size(), kCutBytes));
  }
  unfit.format = kept.media_type;
  unfit.identity = kept.identity;
  if (document.csv != nullptr && kept.media_type == formats::MediaTypeOf(formats::Format::kCsv)) {
    unfit.format += "; profile=" + document.csv->name;
  }
  return unfit;
}

std::vector<Intake::RegisterActivity> Intake::RegisterActivityIn(
    const std::vector<journal::Entry>& entries) {
  std::vector<RegisterActivity> heard(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto* draft = std::get_if<event::Draft>(&entries[i]);
    if (draft != nullptr)
      heard[i] = {draft->register_id, draft->kind, draft->mapped, draft->unmapped};
  }
  return heard;
}

// A register that repeats itself is alive, but has not sold twice.
void Intake::Count(const std::vector<RegisterActivity>& heard, bool by_file, const Answer& answer) {
  counters_.Change([&](CaptureStats* stats) {
    ChannelCounts& channel = by_file ? stats->file : stats->http;
    for (size_t i = 0; i < heard.size(); ++i) {
      const auto& [register_id, kind, mapped, unmapped] = heard[i];
      const journal::Outcome outcome = answer.receipts[i].outcome;
      channel.Add(outcome, kind);
      if (outcome == journal::Outcome::kStored) {
        stats->lines_mapped += mapped;
        stats->lines_unmapped += unmapped;
      }
      const bool heard_of =
          outcome == journal::Outcome::kStored || outcome == journal::Outcome::kDuplicate;
      if (register_id.empty() || !heard_of) continue;
      const std::string name(event::WithoutLeadingZeros(register_id));  // as the books call it
      if (stats->registers.size() >= kMostRegisters && !stats->registers.contains(name)) {
        ForgetOldest(&stats->registers);
      }
      auto& counts = stats->registers[name];
      counts.last_heard_at = clock_.Wall();
      if (outcome != journal::Outcome::kStored) continue;
      ++(kind == event::Kind::kSale     ? counts.sales
         : kind == event::Kind::kReturn ? counts.returns
                                        : counts.others);
    }
  });
}

journal::AppendRequest Intake::Request(DecodedDocument&& prepared,
                                       std::function<void(Result<Answer>)> done) {
  journal::AppendRequest request;
  request.entries = std::move(prepared.entries);
  request.sender = std::move(prepared.sender);
  request.done = [done = std::move(done)](Result<std::vector<journal::AppendResult>> receipts) {
    if (!receipts.ok()) return done(std::move(receipts).status());
    Answer answer;
    answer.receipts = *std::move(receipts);
    for (const journal::AppendResult& receipt : answer.receipts) {
      ++(receipt.outcome == journal::Outcome::kStored      ? answer.stored
         : receipt.outcome == journal::Outcome::kDuplicate ? answer.duplicate
         : receipt.outcome == journal::Outcome::kRefused   ? answer.refused
                                                           : answer.quarantined);
    }
    done(std::move(answer));
  };
  return request;
}

Status Intake::Submit(DecodedDocument&& prepared, std::optional<journal::FileMark> file,
                      std::function<void(Result<Answer>)> done) {
  auto counted = [this, heard = RegisterActivityIn(prepared.entries),
                  by_file = prepared.channel == "file",
                  done = std::move(done)](Result<Answer> answer) {
    if (answer.ok()) Count(heard, by_file, *answer);
    done(std::move(answer));
  };
  journal::AppendRequest request = Request(std::move(prepared), std::move(counted));
  request.file = std::move(file);
  return journal_.Submit(std::move(request));
}

Result<Document> Intake::FromQuarantine(Quarantined kept) {
  const auto format = formats::ByContentType(kept.media_type);
  if (!format) {
    return Invalid("its format is not known; send a corrected document with its content_type");
  }
  Document document{*format, std::move(kept.channel), std::move(kept.origin), std::move(kept.text)};
  document.again = true;
  if (*format != formats::Format::kCsv) return document;
  const auto* csv = formats::CsvByName(options_.csv, formats::CsvProfileOf(kept.media_type));
  if (csv == nullptr) return Invalid("its CSV profile is not configured any more");
  kept_csv_ = *csv;
  kept_csv_.encoding = formats::Encoding::kUtf8;  // what is kept is UTF-8
  kept_csv_.skip_lines = 0;
  kept_csv_.is_part = true;
  document.csv = &kept_csv_;
  return document;
}

Status Intake::Resolve(DecodedDocument&& prepared, Ticket ticket,
                       std::function<void(Result<Answer>)> done) {
  journal::AppendRequest request = Request(std::move(prepared), std::move(done));
  request.resolves = ticket.number;
  request.audit = std::move(ticket.audit);
  return journal_.Submit(std::move(request));
}

Status Intake::Try(DecodedDocument&& prepared, std::function<void(Result<Answer>)> done) {
  return journal_.Try(Request(std::move(prepared), std::move(done)));
}

}  // namespace tillrelay::capture
