#include "common/reconcile/stored_day.h"

#include <charconv>
#include <utility>

#include "common/event/identity.h"
#include "common/event/time_text.h"
#include "common/event/turnover.h"

namespace tillrelay::reconcile {
namespace {

std::optional<int64_t> WholeOf(JsonValue from, std::string_view member) {
  const std::string_view text = from.Find(member).text();
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Decimal> NumberOf(JsonValue from, std::string_view member) {
  const auto number = Decimal::Parse(from.String(member));
  return number.ok() ? std::optional(*number) : std::nullopt;
}

event::PosControl ReportedOf(JsonValue from) {
  event::PosControl reported;
  reported.first_transaction_no = from.String("first_transaction_no");
  reported.last_transaction_no = from.String("last_transaction_no");
  reported.transaction_count = WholeOf(from, "transaction_count");
  reported.sale_count = WholeOf(from, "sale_count");
  reported.return_count = WholeOf(from, "return_count");
  reported.post_void_count = WholeOf(from, "post_void_count");
  reported.net_amount = NumberOf(from, "net_amount");
  const JsonValue by_status = from.Find("by_status");
  for (const JsonValue status : by_status) {
    const auto count = WholeOf(by_status, status.name());
    if (count) reported.by_status.emplace_back(status.name(), *count);
  }
  return reported;
}

}  // namespace

std::optional<event::Draft> ReadDocument(std::string_view kind, std::string_view time,
                                         JsonValue data) {
  const auto known = event::ParseKind(kind);
  if (!known) return std::nullopt;
  const bool closes = *known == event::Kind::kDayClosed;
  if (!closes && !event::IsTransaction(*known)) return std::nullopt;
  const JsonValue head = data.Find(closes ? "close" : "transaction");
  event::Draft draft;
  draft.kind = *known;
  draft.register_id = head.String("register_id");
  draft.business_day = head.String("business_day");
  draft.number = head.String(closes ? "z_no" : "transaction_no");
  event::BookEntry& book = draft.book;
  book.register_epoch = WholeOf(head, "register_epoch");
  book.net_amount = event::Counted(NumberOf(data.Find("totals"), "net_amount"),
                                   event::TurnoverOf(*known, data).Decide().net);
  book.currency = data.String("currency");
  if (closes) book.reported = ReportedOf(data.Find("pos_control"));
  if (!closes) book.status = head.String("status");
  if (!closes) book.time_trusted = event::IsTrustedTime(head.String("time_quality"));
  if (const auto at = event::ParseUtc(time); at.ok()) {
    book.at_s = std::chrono::floor<std::chrono::seconds>(at->time_since_epoch()).count();
  }
  return draft;
}

void StoredDay::SetNumbering(const std::string& register_id, Numbering numbering) {
  rule_.of[std::string(event::WithoutLeadingZeros(register_id))] = numbering;
}

void StoredDay::Add(const event::Draft& draft, uint64_t sequence, JsonValue data) {
  if (draft.business_day != day_) return;
  const auto page_at = [this](const std::string& key) -> Result<DaySummary*> {
    return &registers_[key.substr(day_.size() + 1)].page;
  };
  (void)AddDocument(rule_, draft, sequence, page_at);
  Register& its = registers_[std::string(event::WithoutLeadingZeros(draft.register_id))];
  if (draft.kind == event::Kind::kDayClosed) {
    its.at_close = its.page.Result();
    its.agent_result = data.String("result");
    its.after_close = 0;
  } else if (!its.page.z_numbers().empty()) {
    ++its.after_close;
  }
}

}  // namespace tillrelay::reconcile
