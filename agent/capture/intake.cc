#include "agent/capture/intake.h"

#include <fmt/format.h>

#include "common/event/event_json.h"

namespace tillrelay::capture {
namespace {

// What the quarantine keeps of a document that could not be read at all.
constexpr size_t kMaxQuarantinedBytes = 1024 * 1024;

// A refused event as a document that can be corrected and sent again.
std::string Resendable(const event::Event& event) {
  std::string data;
  event::WriteData(event, &data);
  std::string text = fmt::format("{{\"kind\":\"{}\"", event::KindWord(event.kind));
  if (data.size() > 2) text += ",";
  return text.append(data, 1);
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
    : options_(*options), journal_(*journal), counters_(*counters), clock_(*clock) {}

Prepared Intake::Prepare(Document* document) {
  Prepared prepared;
  prepared.payload = Sha256(document->bytes);
  prepared.syntax = decoder_.Decode(
      document->format, document->bytes, options_.limits,
      [&](formats::Item&& item) { TakeItem(std::move(item), *document, &prepared); });
  if (prepared.syntax) {
    prepared.entries.clear();
    event::Rejection why{"not-syntax", fmt::format("byte {}", prepared.syntax->offset),
                         prepared.syntax->what};
    if (!prepared.syntax->hint.empty()) why.hint += "; " + prepared.syntax->hint;
    prepared.entries.emplace_back(Unfit(std::move(why), *document, document->bytes));
  }
  if (prepared.redactions > 0) {
    counters_.Change([&](CaptureStats* stats) { stats->redactions += prepared.redactions; });
  }
  return prepared;
}

void Intake::TakeItem(formats::Item&& item, const Document& document, Prepared* prepared) {
  if (auto* rejection = std::get_if<event::Rejection>(&item.outcome)) {
    prepared->entries.emplace_back(Unfit(std::move(*rejection), document, item.excerpt));
    return;
  }
  auto& event = std::get<event::Event>(item.outcome);
  if (!event.origin) event.origin.emplace();
  event.origin->channel = document.channel == "file" ? "file_drop" : document.channel;
  if (document.channel == "file") {
    event.origin->file = document.origin;
  } else {
    event.origin->request_id = document.origin;
  }
  event.origin->index = static_cast<int64_t>(item.index);
  event.origin->payload_sha256 = ToHex(BytesOf(prepared->payload));
  guard::GuardOutcome guarded = guard::Check(&event, options_.guard);
  prepared->redactions += guarded.redactions;
  if (guarded.rejection) {
    prepared->entries.emplace_back(
        Unfit(std::move(*guarded.rejection), document, Resendable(event)));
    return;
  }
  auto drafted = event::DraftFrom(&event, options_.shop);
  if (auto* rejection = std::get_if<event::Rejection>(&drafted)) {
    prepared->entries.emplace_back(Unfit(std::move(*rejection), document, Resendable(event)));
    return;
  }
  auto& draft = std::get<event::Draft>(drafted);
  if (draft.data.size() > options_.limits.event_bytes) {
    event::Rejection why{"too-large", "", "one event is at most 1 MiB"};
    prepared->entries.emplace_back(Unfit(std::move(why), document, draft.data));
    return;
  }
  prepared->entries.emplace_back(std::move(draft));
}

journal::Unfit Intake::Unfit(event::Rejection why, const Document& document,
                             std::string_view text) {
  journal::Unfit unfit;
  unfit.why = std::move(why);
  unfit.channel = document.channel;
  unfit.origin = guard::Scrub(document.origin);
  unfit.document = guard::Scrub(text.substr(0, kMaxQuarantinedBytes));
  return unfit;
}

void Intake::CountHeard(const std::vector<journal::Entry>& entries) {
  counters_.Change([&](CaptureStats* stats) {
    for (const journal::Entry& entry : entries) {
      const auto* draft = std::get_if<event::Draft>(&entry);
      if (draft == nullptr || draft->register_id.empty()) continue;
      auto& heard = stats->registers[draft->register_id];
      heard.last_heard_at = clock_.Wall();
      ++(draft->kind == event::Kind::kSale     ? heard.sales
         : draft->kind == event::Kind::kReturn ? heard.returns
                                               : heard.others);
    }
  });
}

journal::AppendRequest Intake::Request(Prepared&& prepared,
                                       std::function<void(Result<Answer>)> done) {
  journal::AppendRequest request;
  request.entries = std::move(prepared.entries);
  request.done = [done = std::move(done)](Result<std::vector<journal::Receipt>> receipts) {
    if (!receipts.ok()) return done(std::move(receipts).status());
    Answer answer;
    answer.receipts = *std::move(receipts);
    for (const journal::Receipt& receipt : answer.receipts) {
      ++(receipt.outcome == journal::Outcome::kStored      ? answer.stored
         : receipt.outcome == journal::Outcome::kDuplicate ? answer.duplicate
                                                           : answer.quarantined);
    }
    done(std::move(answer));
  };
  return request;
}

Status Intake::Submit(Prepared&& prepared, std::optional<journal::FileMark> file,
                      std::function<void(Result<Answer>)> done) {
  CountHeard(prepared.entries);
  journal::AppendRequest request = Request(std::move(prepared), std::move(done));
  request.file = std::move(file);
  return journal_.Submit(std::move(request));
}

Status Intake::Try(Prepared&& prepared, std::function<void(Result<Answer>)> done) {
  return journal_.Try(Request(std::move(prepared), std::move(done)));
}

}  // namespace tillrelay::capture
