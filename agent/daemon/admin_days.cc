// Business days: the list of them, and one as a sheet.
#include <algorithm>

#include "agent/admin/day_sheet.h"
#include "agent/daemon/admin_service.h"
#include "common/event/identity.h"
#include "common/reconcile/day_summary.h"

namespace tillrelay {
namespace {

constexpr size_t kMaxPages = 4'000;  // read at once: about 60 registers for two months
constexpr size_t kMostPieces = 15;   // of a search, each of at most 20,000 rows

admin::DayRow DayOf(const std::string& key, const reconcile::DaySummary& page) {
  admin::DayRow day;
  day.row = reconcile::RowOf(key, page);
  day.events = page.events();
  if (page.net_amount()) day.net_amount = page.NetText();
  for (const auto& [bucket, sum] : page.units()) day.units.emplace_back(bucket, sum.Text());
  day.kinds.assign(page.kinds().begin(), page.kinds().end());
  day.statuses.assign(page.statuses().begin(), page.statuses().end());
  day.z_numbers = page.z_numbers();
  return day;
}

// `here` and what the register reported of it, if it did.
template <class Number>
admin::DayFigure Figure(const char* name, const std::string& here,
                        const std::optional<Number>& reported) {
  const std::string theirs = reported ? std::to_string(*reported) : std::string();
  return {name, here, theirs, admin::DifferenceOf(here, theirs)};
}

std::string TextOf(const std::optional<Decimal>& amount) { return amount ? amount->Text() : ""; }

// Where currencies differ, a figure for each of them: "net_amount CHF".
void AddNet(const reconcile::DaySummary& page, std::vector<admin::DayFigure>* figures) {
  const auto compared = page.CompareNet();
  if (compared.empty()) {
    figures->push_back({"net_amount", page.net_amount() ? page.NetText() : "", "", ""});
  }
  for (const reconcile::NetComparison& net : compared) {
    const std::string name =
        compared.size() == 1
            ? "net_amount"
            : "net_amount " + (net.currency.empty() ? "(no currency)" : net.currency);
    const std::string here = TextOf(net.came), reported = TextOf(net.reported);
    figures->push_back({name, here, reported, admin::DifferenceOf(here, reported)});
  }
}

std::vector<admin::DayFigure> FiguresOf(const reconcile::DaySummary& page) {
  const reconcile::Reported& reported = page.reported();
  const auto count = [&page](const char* kind) { return std::to_string(page.Count(kind)); };
  const auto* run = page.OneRun();
  const bool numbered = run != nullptr && !run->empty();
  std::vector<admin::DayFigure> figures = {
      Figure("documents", std::to_string(page.events()), reported.transactions),
      Figure("sales", count("sale"), reported.sales),
      Figure("returns", count("return"), reported.returns),
      Figure("voids", count("transaction_voided"), reported.post_voids),
      Figure("first_number", numbered ? std::to_string(run->first()) : "", reported.first_no),
      Figure("last_number", numbered ? std::to_string(run->last()) : "", reported.last_no)};
  AddNet(page, &figures);
  return figures;
}

// The last event of a day that is still kept; none, at position 0.
struct Newest {
  uint64_t position = 0, sequence = 0;
  std::string stream;
  bool current = false;
};

// Every event of that day that is still kept, as far as it is found within bounds.
Status CountEvents(journal::Search& search, admin::DaySheet* sheet, Newest* newest) {
  admin::DayTally tally;
  journal::EventQuery query;
  query.register_id = sheet->day.row.register_id;
  query.business_day = sheet->day.row.business_day;
  query.limit = journal::Search::kMaxAnswer;
  const bool closed = !sheet->day.row.result.empty() || sheet->day.row.reopened;
  const size_t closes = std::max<size_t>(sheet->day.z_numbers.size(), closed ? 1 : 0);
  const size_t expected = static_cast<size_t>(sheet->day.events) + closes;
  size_t looked = 0;
  for (size_t piece = 0; piece < kMostPieces && looked < expected; ++piece) {
    auto found = search.Events(query);
    if (!found.ok()) return std::move(found).status();
    for (const journal::FoundEvent& listed : found->events) {
      auto event = search.Event(listed.row.position);
      if (event.status().code() == Code::kNotFound) continue;  // deleted meanwhile
      if (!event.ok()) return std::move(event).status();
      const bool is_close = event->row.kind == "day_closed";
      if (event->row.position > newest->position) {
        *newest = {event->row.position, event->sequence, event->stream, event->current};
      }
      tally.Add({event->row.position, UuidText(event->row.id), event->row.kind, event->row.subject,
                 event->row.recorded_at, std::move(event->row.data)});
      ++looked;
      sheet->counted += is_close ? 0 : 1;
    }
    if (!found->go_on_before) break;
    query.before = found->go_on_before;
  }
  tally.Fill(sheet);
  return Status::Ok();
}

Result<admin::DaySheet> SheetOf(const std::string& key, journal::Search& search, Newest* newest) {
  auto pages = search.Pages(key, key + std::string(1, '\0'), 1);
  if (!pages.ok()) return std::move(pages).status();
  const auto page =
      pages->empty() ? std::nullopt : reconcile::DaySummary::Parse(pages->front().second);
  if (!page) return NotFound("nothing is known of this register's day");
  admin::DaySheet sheet;
  sheet.day = DayOf(key, *page);
  sheet.figures = FiguresOf(*page);
  sheet.first_sequence = page->first_sequence();
  sheet.last_sequence = page->last_sequence();
  sheet.stream_hash = page->stream_hash();
  TRY(CountEvents(search, &sheet, newest));
  return sheet;
}

}  // namespace

void AdminService::Days(std::string from, std::string through,
                        admin::Reply<std::vector<admin::DayRow>> reply) {
  Ask<std::vector<admin::DayRow>>(
      std::move(reply),
      [from = std::move(from), through = std::move(through)](
          journal::Search& search) -> Result<std::vector<admin::DayRow>> {
        // '0' follows '/', so this is behind every register of the last day.
        const std::string before = through.empty() ? "~" : through + "0";
        std::vector<admin::DayRow> days;
        for (std::string end = before; !end.empty();) {
          auto pages = search.Pages(from, end, kMaxPages);
          if (!pages.ok()) return std::move(pages).status();
          end = pages->size() < kMaxPages ? "" : pages->back().first;
          for (const auto& [key, text] : *pages) {
            if (const auto page = reconcile::DaySummary::Parse(text))
              days.push_back(DayOf(key, *page));
          }
        }
        return days;
      });
}

void AdminService::Sheet(std::string business_day, std::string register_id,
                         admin::Reply<admin::DaySheet> reply) {
  const std::string key = business_day + "/" + std::string(event::WithoutLeadingZeros(register_id));
  Ask<admin::DaySheet>(std::move(reply), [this, key](journal::Search& search) {
    Newest newest;
    auto sheet = SheetOf(key, search, &newest);
    if (!sheet.ok()) return sheet;
    // Only what head office has confirmed is deleted, or left behind in an older stream.
    sheet->confirmed = !newest.current || newest.sequence <= r_.journal.Stats().confirmed_through;
    if (sheet->confirmed) {
      sheet->confirmed_at = r_.watermark_times.When(monitor::WatermarkTimes::kConfirmed,
                                                    newest.stream, newest.sequence);
    }
    return sheet;
  });
}

}  // namespace tillrelay
