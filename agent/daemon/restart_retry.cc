#include "agent/daemon/restart_retry.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/log.h"
#include "common/event/identity.h"

namespace tillrelay {
namespace {

constexpr size_t kRowsAtOnce = 500;
constexpr std::chrono::seconds kFirstPause{1};
constexpr std::string_view kRegister = "register/";

bool OfKnownNumber(const journal::QuarantineRow& row) {
  return row.reason == "changed" || row.reason == "time_changed";
}

// "2026-11-21/3" of "register/03/2026-11-21/4711"; empty for other documents.
std::string PageOf(std::string_view subject) {
  if (!subject.starts_with(kRegister)) return "";
  subject.remove_prefix(kRegister.size());
  const size_t day = subject.find('/');
  if (day == std::string_view::npos) return "";
  const std::string_view id = subject.substr(0, day);
  subject.remove_prefix(day + 1);
  return reconcile::PageKey(std::string(subject.substr(0, subject.find('/'))), std::string(id));
}

const event::Draft* OnlyDraft(const capture::DecodedDocument& document) {
  if (document.syntax || document.no_memory || document.entries.size() != 1) return nullptr;
  return std::get_if<event::Draft>(&document.entries.front());
}

}  // namespace

void RestartRetry::CheckDue() {
  if (running_) return;
  auto round = std::make_shared<Round>();
  {
    Lock lock(mutex_);
    if (clock_.Now() < not_before_) return;
    for (std::string& key : books_.TakeRestarted()) round->pages.insert(std::move(key));
    round->pages.merge(again_);
    again_.clear();
  }
  if (round->pages.empty()) return;
  running_ = true;
  const bool asked = query_.Ask([this, round](Result<journal::Search*> search) {
    if (!search.ok()) return GiveUp(round);
    Collect(**search, round);
    Next(round);
  });
  if (!asked) GiveUp(round);
}

// A number of the whole store, or of a series, stands on a page of its own.
bool RestartRetry::OfPages(const Round& round, const journal::QuarantineRow& row) const {
  const std::string page = PageOf(row.origin);
  if (page.empty() || !OfKnownNumber(row)) return false;
  const auto at = round.pages.lower_bound(page + "#");
  const bool series = at != round.pages.end() && at->starts_with(page + "#");
  return series || round.pages.contains(page) ||
         round.pages.contains(page.substr(0, page.find('/')) + "/*");
}

void RestartRetry::Collect(journal::Search& search, const RoundPtr& round) {
  std::vector<uint64_t> tickets;
  for (uint64_t before = 0;;) {
    const auto rows = search.Quarantined(before, kRowsAtOnce, false);
    if (!rows.ok()) return log::Warning("books", "{}", rows.status().message());
    for (const auto& row : *rows) {
      if (OfPages(*round, row)) tickets.push_back(row.ticket);
    }
    if (rows->size() < kRowsAtOnce) break;
    before = rows->back().ticket;
  }
  std::sort(tickets.begin(), tickets.end());
  if (tickets.size() > kMaxTickets) tickets.resize(kMaxTickets);
  for (const uint64_t ticket : tickets) {
    const auto row = search.Ticket(ticket);
    if (!row.ok()) continue;  // a person was faster
    const auto document = Read(*row);
    if (const auto* draft = OnlyDraft(document)) {
      round->waiting.push_back({draft->book.at_s, ticket});
    }
  }
  std::sort(round->waiting.begin(), round->waiting.end(),
            [](const Waiting& a, const Waiting& b) { return a.at_s > b.at_s; });
}

capture::DecodedDocument RestartRetry::Read(const journal::QuarantineRow& row) {
  auto document = intake_.FromQuarantine(
      {row.channel.empty() ? "quarantine" : row.channel, row.origin, row.document, row.format});
  return document.ok() ? intake_.Prepare(&*document) : capture::DecodedDocument();
}

void RestartRetry::Next(const RoundPtr& round) {
  if (round->waiting.empty()) return End(*round);
  const bool asked = query_.Ask([this, round](Result<journal::Search*> search) {
    if (!search.ok()) return GiveUp(round);
    Retry(**search, round);
  });
  if (!asked) GiveUp(round);
}

void RestartRetry::Retry(journal::Search& search, const RoundPtr& round) {
  const uint64_t number = round->waiting.back().ticket;
  round->waiting.pop_back();
  const auto row = search.Ticket(number);
  if (!row.ok()) return Next(round);
  auto document = Read(*row);
  if (OnlyDraft(document) == nullptr) return Next(round);
  capture::Intake::Ticket ticket{number, {}};
  ticket.audit.actor = "agent";
  ticket.audit.action = "quarantine-retry";
  ticket.audit.subject = fmt::format("ticket/{}", number);
  ticket.audit.reason = "the register's counter has started again";
  ticket.audit.outcome = "resolved";
  const Status submitted = intake_.Resolve(std::move(document), std::move(ticket),
                                           [this, round](Result<capture::Answer> answer) {
                                             if (!answer.ok()) return GiveUp(round);
                                             round->took = round->took || answer->quarantined == 0;
                                             Next(round);
                                           });
  if (!submitted.ok()) GiveUp(round);
}

void RestartRetry::End(const Round& round) {
  {
    Lock lock(mutex_);
    pause_ = round.took ? std::chrono::seconds(0) : std::min(kMaxPause, pause_ * 2 + kFirstPause);
    not_before_ = clock_.Now() + pause_;
  }
  running_ = false;
}

void RestartRetry::GiveUp(const RoundPtr& round) {
  {
    Lock lock(mutex_);
    again_.insert(round->pages.begin(), round->pages.end());
  }
  running_ = false;
}

}  // namespace tillrelay
