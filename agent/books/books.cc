#include "agent/books/books.h"

#include <fmt/format.h>

#include "common/base/json_writer.h"
#include "common/base/log.h"
#include "common/event/identity.h"

namespace tillrelay::books {
namespace {

constexpr size_t kMaxGapsTold = 100;
constexpr size_t kMaxGapsShown = 5;

std::string Padded(uint64_t sequence) { return fmt::format("{:020}", sequence); }

// docs/books.md, "agent_control".
std::string AgentControl(const DayPage& page, const event::Bookkeeper::Place& place) {
  std::string text = "\"agent_control\":";
  JsonWriter json(&text);
  json.BeginObject();
  json.Field("source",
             fmt::format("urn:tillrelay:store:{}:stream:{}", place.store_id, place.stream));
  if (page.events() > 0) {
    json.Field("first_sequence", Padded(page.first_sequence()));
    json.Field("last_sequence", Padded(page.last_sequence()));
  }
  json.Field("event_count", page.events()).Field("transaction_nos_seen", page.numbers());
  json.Key("gaps").BeginArray();
  const auto gaps = page.Gaps();
  for (size_t i = 0; i < gaps.size() && i < kMaxGapsTold; ++i) json.String(RunText(gaps[i]));
  json.EndArray();
  json.Field("duplicates_dropped", page.duplicates()).Field("conflicts", page.conflicts());
  if (page.net_amount()) json.Field("net_amount", page.net_amount()->Text());
  json.Key("units_by_bucket").BeginObject();
  for (const auto& [bucket, sum] : page.units()) json.Field(bucket, sum.Text());
  json.EndObject().Field("stream_hash", page.stream_hash()).EndObject();
  text += ",\"result\":";
  JsonWriter(&text).String(page.Result());
  return text;
}

}  // namespace

std::string PageKey(const std::string& business_day, const std::string& register_id) {
  return business_day + "/" + std::string(event::WithoutLeadingZeros(register_id));
}

RegisterRow RowOf(const std::string& key, const DayPage& page) {
  RegisterRow row;
  const size_t slash = key.find('/');
  row.business_day = key.substr(0, slash);
  row.register_id = key.substr(slash + 1);
  row.heard_at = page.heard_at();
  row.sales = page.Count("sale");
  row.returns = page.Count("return");
  row.others = page.events() - row.sales - row.returns;
  const auto gaps = page.Gaps();
  for (size_t i = 0; i < gaps.size() && i < kMaxGapsShown; ++i) {
    row.gaps += (i == 0 ? "" : ", ") + RunText(gaps[i]);
  }
  if (gaps.size() > kMaxGapsShown) row.gaps += ", ...";
  row.missing = page.missing();
  row.restarts = page.restarts();
  row.duplicates = page.duplicates();
  row.conflicts = page.conflicts();
  row.result = page.Result();
  row.reopened = page.reopened();
  return row;
}

void Books::Attach(Load load) {
  load_ = std::move(load);
  pages_.clear();
  changed_.clear();
}

Result<DayPage*> Books::Page(const event::Draft& draft, WallTime now) {
  const std::string key = PageKey(draft.business_day, draft.register_id);
  auto at = pages_.find(key);
  if (at == pages_.end()) {
    if (pages_.size() >= kMaxPages && changed_.empty()) pages_.clear();
    auto text = load_(key);
    if (!text.ok()) return std::move(text).status();
    auto page = DayPage::Parse(*text);
    // A damaged page must not keep a store from selling: the count starts again, and says so.
    if (!page && !text->empty()) log::Error("books", "page {} is damaged, it starts again", key);
    at = pages_.emplace(key, std::move(page).value_or(DayPage())).first;
  }
  at->second.Heard(now);
  changed_.insert(key);
  return &at->second;
}

Result<bool> Books::Reused(const event::Draft& draft, std::optional<int64_t> known_at_s,
                           WallTime now) {
  auto page = Page(draft, now);
  if (!page.ok()) return std::move(page).status();
  return (*page)->TakeReused(draft, known_at_s);
}

Result<std::string> Books::Stored(const event::Draft& draft, const Place& place) {
  auto page = Page(draft, place.now);
  if (!page.ok()) return std::move(page).status();
  (*page)->Stored(draft, place.sequence);
  if (draft.kind != event::Kind::kDayClosed) return std::string();
  return AgentControl(**page, place);
}

Status Books::Repeated(const event::Draft& draft, WallTime now) {
  auto page = Page(draft, now);
  if (page.ok()) (*page)->Repeated();
  return std::move(page).status();
}

std::vector<std::pair<std::string, std::string>> Books::Changed() {
  std::vector<std::pair<std::string, std::string>> texts;
  texts.reserve(changed_.size());
  for (const std::string& key : changed_) texts.emplace_back(key, pages_.at(key).Text());
  return texts;
}

void Books::Committed() {
  for (const std::string& key : changed_) Show(key, pages_.at(key));
  changed_.clear();
}

void Books::RolledBack() {
  for (const std::string& key : changed_) pages_.erase(key);
  changed_.clear();
}

void Books::Remember(const std::string& key, const std::string& text) {
  if (const auto page = DayPage::Parse(text)) Show(key, *page);
}

// The newest day of each register; a late document of an older day does not hide it.
void Books::Show(const std::string& key, const DayPage& page) {
  RegisterRow row = RowOf(key, page);
  if (row.register_id.empty()) return;
  Lock lock(mutex_);
  const auto known = rows_.find(row.register_id);
  if (known == rows_.end()) {
    if (rows_.size() < kMaxRegisters) rows_.emplace(row.register_id, std::move(row));
    return;
  }
  const WallTime heard_at = std::max(known->second.heard_at, row.heard_at);
  if (row.business_day >= known->second.business_day) known->second = std::move(row);
  known->second.heard_at = heard_at;
}

std::vector<RegisterRow> Books::Registers() const {
  std::vector<RegisterRow> rows;
  Lock lock(mutex_);
  for (const auto& [id, row] : rows_) rows.push_back(row);
  return rows;
}

}  // namespace tillrelay::books
