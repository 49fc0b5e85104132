// What: the one who answers people: admin::Admin over journal, books, intake and uplink. Beside
//   main.cc the only file that knows these rooms together.
// Promise: see admin::Admin. A ticket is resolved by the same intake rules as a new document.
// Thread: called on http; questions and resolutions run on the query thread.
#pragma once

#include <string>
#include <vector>

#include "agent/admin/admin.h"
#include "agent/capture/intake.h"
#include "agent/config/config.h"
#include "agent/journal/query/query_thread.h"
#include "agent/monitor/issue_list.h"
#include "agent/monitor/snapshot.h"
#include "agent/monitor/watermark_times.h"
#include "agent/reconcile/reconciliation.h"
#include "agent/reconcile/silence.h"
#include "agent/uplink/uplink_thread.h"
#include "common/service/heartbeat.h"

namespace tillrelay {

class AdminService final : public admin::Admin {
 public:
  // All outlive it, and the query thread is stopped before any of them goes.
  struct Rooms {
    journal::QueryThread& query;
    capture::Intake& intake;  // its own, used on the query thread
    journal::Journal& journal;
    uplink::UplinkThread& uplink;
    reconcile::Reconciliation& reconciliation;
    const event::StoreZone& zone;
    const Clock& clock;
    const service::Heartbeat& heartbeat;
    const config::Config& config;
    const monitor::WatermarkTimes& watermark_times;
    monitor::IssueList& issues;
    std::string fingerprint;  // of the admin port's certificate; empty without TLS
    std::function<monitor::Snapshot()> take_snapshot;
  };
  AdminService(const Rooms& rooms, reconcile::SilenceRule silence)
      : r_(rooms), silence_(std::move(silence)), started_at_(rooms.clock.Wall()) {}

  void FindEvents(admin::EventFilter filter, admin::Reply<admin::EventPage> reply) override;
  void OneEvent(std::string id, admin::Reply<admin::EventRow> reply) override;
  void Tickets(admin::TicketFilter filter, admin::Reply<admin::TicketPage> reply) override;
  void Ticket(uint64_t ticket, admin::Reply<admin::QuarantineRow> reply) override;
  void Resolve(admin::Resolution resolution, admin::Reply<admin::Resolved> reply) override;
  std::vector<reconcile::RegisterRow> Registers() override;
  std::vector<admin::IssueRow> Issues(bool healed) override;
  Status Acknowledge(admin::Acknowledgement acknowledgement) override;
  void Days(std::string from, std::string through,
            admin::Reply<std::vector<admin::DayRow>> reply) override;
  void Sheet(std::string business_day, std::string register_id,
             admin::Reply<admin::DaySheet> reply) override;
  void Audit(uint64_t before, size_t limit,
             admin::Reply<std::vector<journal::AuditRow>> reply) override;
  void Preview(admin::ReplayWish wish, admin::Reply<admin::ReplayPreview> reply) override;
  void Replay(admin::ReplayWish wish, admin::Reply<admin::ReplayState> reply) override;
  std::vector<admin::ReplayState> Replays() override;
  void History(std::string range, admin::Reply<admin::HistoryTable> reply) override;
  std::vector<admin::LogLine> Log(std::string level, size_t limit) override;
  admin::SystemFacts System() override;
  void SupportBundle(admin::Reply<std::string> reply) override;
  Status Deliver(Delivery what, const std::string& actor) override;

  // Yesterday's and today's pages into the overview; once, after the start.
  void LoadRegisters();
  // Another version than the last one is written into the audit; once, after the start.
  void NoteVersion();

 private:
  static Status Busy() { return Full("too many questions wait; ask again in a moment"); }
  template <class T>
  void Ask(admin::Reply<T> reply, std::function<Result<T>(journal::Search&)> question) {
    const bool asked =
        r_.query.Ask([reply, question = std::move(question)](Result<journal::Search*> search) {
          reply(search.ok() ? question(**search) : Result<T>(std::move(search).status()));
        });
    if (!asked) reply(Busy());
  }
  static Result<std::vector<admin::QuarantineRow>> QuarantinedOf(const admin::EventFilter& filter,
                                                                 journal::Search& search);
  std::vector<admin::LifeStep> LifeOf(const admin::EventRow& row, bool is_current,
                                      journal::Search& search) const;
  Result<admin::EventRow> RowOf(const journal::FoundEvent& found) const;
  static std::string DeliveryState(const journal::FoundEvent& found,
                                   const journal::JournalStats& journal,
                                   const uplink::UplinkStats& link);
  void TakeTicket(const admin::Resolution& resolution, const journal::QuarantineRow& row,
                  admin::Reply<admin::Resolved> reply);
  int64_t LocalSeconds(WallTime time) const;

  const Rooms r_;
  const reconcile::SilenceRule silence_;
  const WallTime started_at_;
};

}  // namespace tillrelay
