// The service's answers about sending again.
#include "agent/daemon/admin_service.h"
#include "common/event/time_text.h"
#include "common/redact/card_redaction.h"

namespace tillrelay {
namespace {

constexpr size_t kMaxDayPages = 1'000;  // registers of one day

uplink::ReplayOrder OrderOf(const admin::ReplayWish& wish) {
  uplink::ReplayOrder order;
  order.stream = wish.stream;
  order.first = wish.first;
  order.last = wish.last;
  order.business_day = wish.business_day;
  if (wish.recorded_from) order.recorded_from = event::UtcText(*wish.recorded_from);
  if (wish.recorded_through) order.recorded_through = event::UtcText(*wish.recorded_through);
  return order;
}

std::string SubjectOf(const admin::ReplayWish& wish) {
  if (!wish.business_day.empty()) return "day/" + wish.business_day;
  const uplink::ReplayOrder order = OrderOf(wish);
  if (wish.recorded_from) return order.recorded_from + "/" + order.recorded_through;
  const std::string stream = wish.stream.empty() ? "current" : wish.stream;
  return stream + "/" + std::to_string(wish.first) + "-" + std::to_string(wish.last);
}

admin::ReplayState StateOf(const uplink::ReplayProgress& progress) {
  return {progress.id, progress.state, progress.sent, progress.looked, progress.of};
}

// Clamped to what was sent and is kept, as the replay itself will be.
admin::ReplayPreview PreviewOfNumbers(const admin::ReplayWish& wish,
                                      const journal::JournalStats& journal,
                                      const uplink::UplinkStats& link) {
  for (const journal::StreamRow& row : journal.streams) {
    if (wish.stream.empty() ? !row.current : row.stream != wish.stream) continue;
    const uint64_t sent =
        row.current ? std::max({link.sent_through, row.acked_through, row.confirmed_through})
                    : row.head;
    const uint64_t first = std::max(wish.first, row.floor), last = std::min(wish.last, sent);
    return {first > last ? 0 : last - first + 1, true};
  }
  return {0, true};
}

// The highest position that a replay reaches: older streams were sent whole.
uint64_t SentPosition(const journal::JournalStats& journal, const uplink::UplinkStats& link) {
  for (const journal::StreamRow& row : journal.streams) {
    if (!row.current) continue;
    return row.base + std::max({link.sent_through, row.acked_through, row.confirmed_through});
  }
  return 0;
}

// In a journal too large to count, as the books counted; what retention deleted is among them.
Result<admin::ReplayPreview> PreviewOfDay(const std::string& day, uint64_t through,
                                          journal::Search& search) {
  auto counted = search.CountOfDay(day, through);
  if (!counted.ok()) return std::move(counted).status();
  if (*counted) return admin::ReplayPreview{**counted, true};
  auto pages = search.Pages(day, day + "~", kMaxDayPages);
  if (!pages.ok()) return std::move(pages).status();
  admin::ReplayPreview preview{0, false};
  for (const auto& [key, text] : *pages) {
    if (const auto page = reconcile::DaySummary::Parse(text)) {
      preview.events += static_cast<uint64_t>(page->events());
    }
  }
  return preview;
}

}  // namespace

void AdminService::Preview(admin::ReplayWish wish, admin::Reply<admin::ReplayPreview> reply) {
  Ask<admin::ReplayPreview>(
      std::move(reply),
      [this, wish = std::move(wish)](journal::Search& search) -> Result<admin::ReplayPreview> {
        const uint64_t sent = SentPosition(r_.journal.Stats(), r_.uplink.Stats());
        if (!wish.business_day.empty()) return PreviewOfDay(wish.business_day, sent, search);
        if (!wish.recorded_from) {
          return PreviewOfNumbers(wish, r_.journal.Stats(), r_.uplink.Stats());
        }
        auto count = search.CountRecorded(*wish.recorded_from, *wish.recorded_through, sent);
        if (!count.ok()) return std::move(count).status();
        return admin::ReplayPreview{*count, true};
      });
}

// The uplink answers within its patience; the thread `query` is there to wait.
void AdminService::Replay(admin::ReplayWish wish, admin::Reply<admin::ReplayState> reply) {
  Ask<admin::ReplayState>(
      std::move(reply),
      [this, wish = std::move(wish)](journal::Search&) -> Result<admin::ReplayState> {
        const auto id = r_.uplink.Replay(OrderOf(wish));
        r_.journal.Audit({wish.actor,
                          "replay",
                          SubjectOf(wish),
                          redact::RedactNote(wish.reason),
                          id.ok() ? *id : id.status().message(),
                          {},
                          0});
        if (!id.ok()) return id.status();
        for (const auto& replay : Replays()) {
          if (replay.id == *id) return replay;
        }
        return admin::ReplayState{*id, "running", 0, 0, 0};
      });
}

std::vector<admin::ReplayState> AdminService::Replays() {
  std::vector<admin::ReplayState> states;
  for (const auto& progress : r_.uplink.Stats().replays) states.push_back(StateOf(progress));
  return states;
}

}  // namespace tillrelay
