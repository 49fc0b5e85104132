#include "agent/api/event_export.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/api/admin_answers.h"
#include "agent/api/admin_routes.h"
#include "agent/api/csv_export.h"

namespace tillrelay::api {
namespace {

struct Export : std::enable_shared_from_this<Export> {
  Export(std::shared_ptr<admin::Admin> from, admin::EventFilter asked, uint64_t most,
         http::Responder to)
      : admin(std::move(from)), filter(std::move(asked)), left(most), responder(std::move(to)) {}

  void Next() {
    filter.limit = static_cast<size_t>(std::min<uint64_t>(left, kMaxLimit));
    admin->FindEvents(filter, [self = shared_from_this()](Result<admin::EventPage> page) {
      if (!page.ok()) return self->responder.Send(Secured(FromStatus(page.status())));
      self->Take(*page);
    });
  }
  void Take(const admin::EventPage& page) {
    AddEventRows(page, &csv);
    rows += page.events.size();
    left -= std::min<uint64_t>(left, page.events.size());
    const bool more = GoOn(page);
    if (!more || left == 0) {
      return responder.Send(Secured(CsvResponse("events.csv", std::move(csv))));
    }
    if (rows >= kMostExported) return responder.Send(Secured(TooMany()));
    Next();
  }
  // Where the next piece begins; false: there is none.
  bool GoOn(const admin::EventPage& page) {
    if (!filter.after) {
      filter.before = page.go_on_before;
      return filter.before.has_value();
    }
    if (page.events.size() < filter.limit) return false;
    filter.after = page.events.back().sequence;
    return true;
  }
  static http::Response TooMany() {
    return http::Problem(400, "too-many", "The export would be too large",
                         fmt::format("more than {} events: narrow the question by business_day, "
                                     "register or kind, or say limit",
                                     kMostExported));
  }

  const std::shared_ptr<admin::Admin> admin;
  admin::EventFilter filter;
  uint64_t left;
  const http::Responder responder;
  std::string csv = EventsCsvHead();
  size_t rows = 0;
};

}  // namespace

void ExportEvents(const std::shared_ptr<admin::Admin>& admin, admin::EventFilter filter,
                  std::optional<uint64_t> rows, const http::Responder& responder) {
  std::make_shared<Export>(admin, std::move(filter), rows.value_or(UINT64_MAX), responder)->Next();
}

}  // namespace tillrelay::api
