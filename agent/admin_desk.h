// What: the one who answers people: status::Admin over journal, books, intake and uplink. Beside
//   main.cc the only file that knows these rooms together.
// Promise: see status::Admin. A ticket is resolved by the same intake rules as a new document.
// Thread: called on http; questions and resolutions run on the query thread.
#pragma once

#include <string>
#include <vector>

#include "agent/books/books.h"
#include "agent/books/silence.h"
#include "agent/capture/intake.h"
#include "agent/config/config.h"
#include "agent/journal/query_thread.h"
#include "agent/status/admin.h"
#include "agent/status/crossings.h"
#include "agent/status/snapshot.h"
#include "agent/uplink/pump.h"
#include "common/service/heartbeat.h"

namespace tillrelay {

class AdminDesk final : public status::Admin {
 public:
  // All outlive the desk, and the query thread is stopped before any of them goes.
  struct Rooms {
    journal::QueryThread& query;
    capture::Intake& intake;  // the desk's own, used on the query thread
    journal::Journal& journal;
    uplink::Pump& pump;
    books::Books& books;
    const event::StoreZone& zone;
    const Clock& clock;
    const service::Heartbeat& heartbeat;
    const config::Config& config;
    const status::Crossings& crossings;
    std::string fingerprint;  // of the admin port's certificate; empty without TLS
    std::function<status::Snapshot()> look;
  };
  AdminDesk(const Rooms& rooms, books::SilenceRule silence)
      : r_(rooms), silence_(std::move(silence)), started_at_(rooms.clock.Wall()) {}

  void FindEvents(status::EventFilter filter, status::Reply<status::EventPage> reply) override;
  void OneEvent(std::string id, status::Reply<status::EventRow> reply) override;
  void Quarantine(uint64_t before, size_t limit,
                  status::Reply<std::vector<status::QuarantineRow>> reply) override;
  void Ticket(uint64_t ticket, status::Reply<status::QuarantineRow> reply) override;
  void Resolve(status::Resolution resolution, status::Reply<status::Resolved> reply) override;
  std::vector<books::RegisterRow> Registers() override;
  void Days(std::string from, std::string through,
            status::Reply<std::vector<status::DayRow>> reply) override;
  void Audit(uint64_t before, size_t limit,
             status::Reply<std::vector<status::AuditRow>> reply) override;
  void Preview(status::ReplayWish wish, status::Reply<status::ReplayPreview> reply) override;
  void Replay(status::ReplayWish wish, status::Reply<status::ReplayState> reply) override;
  std::vector<status::ReplayState> Replays() override;
  void History(std::string range, status::Reply<status::HistoryTable> reply) override;
  std::vector<status::LogLine> Log(std::string level, size_t limit) override;
  status::SystemFacts System() override;
  void SupportBundle(status::Reply<std::string> reply) override;
  Status Deliver(Delivery what, const std::string& actor) override;

  // Yesterday's and today's pages into the overview; once, after the start.
  void LoadRegisters();

 private:
  static Status Busy() { return Full("too many questions wait; ask again in a moment"); }
  template <class T>
  void Ask(status::Reply<T> reply, std::function<Result<T>(journal::Search&)> question) {
    const bool asked =
        r_.query.Ask([reply, question = std::move(question)](Result<journal::Search*> search) {
          reply(search.ok() ? question(**search) : Result<T>(std::move(search).status()));
        });
    if (!asked) reply(Busy());
  }
  static Result<std::vector<status::AuditRow>> AuditOf(journal::Search& search, uint64_t before,
                                                       size_t limit);
  std::vector<status::LifeStep> LifeOf(const status::EventRow& row, bool is_current,
                                       journal::Search& search) const;
  Result<status::EventRow> RowOf(const journal::FoundEvent& found) const;
  void TakeTicket(const status::Resolution& resolution, const journal::QuarantineRow& row,
                  status::Reply<status::Resolved> reply);
  int64_t LocalSeconds(WallTime time) const;

  const Rooms r_;
  const books::SilenceRule silence_;
  const WallTime started_at_;
};

}  // namespace tillrelay
