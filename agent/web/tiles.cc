#include "agent/web/tiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "agent/web/page_strings.h"
#include "common/web/html.h"

namespace tillrelay::web {
namespace {

using http::Html;

constexpr double kPictureWidth = 120;  // of the view box, as a spark's

uint64_t Unsigned(int64_t number) { return static_cast<uint64_t>(number); }

std::string Tile(std::string_view value, std::string_view label) {
  Html html;
  html.Put("<b>{}</b> <span>{}</span>", value, label);
  return html.Take();
}

std::string WaitingTile(const PageContext& context) {
  const journal::JournalStats& j = context.s.journal;
  return Tile(Thousands(j.waiting),
              j.waiting > 0 ? strings::Say(strings::kTileOldest, context.Ago(j.oldest_waiting_at))
                            : std::string(strings::kTileWaiting));
}

// The newest business day over all registers.
struct Today {
  std::string day;
  int64_t sales = 0, returns = 0, all = 0;
};
Today TodayOf(const monitor::Snapshot& s) {
  Today today;
  for (const reconcile::RegisterRow& row : s.registers)
    today.day = std::max(today.day, row.business_day);
  for (const reconcile::RegisterRow& row : s.registers) {
    if (row.business_day != today.day) continue;
    today.sales += row.sales;
    today.returns += row.returns;
    today.all += row.sales + row.returns + row.others;
  }
  return today;
}

std::string CapturedTile(const PageContext& context) {
  const Today today = TodayOf(context.s);
  if (!today.day.empty()) {
    // Before the first receipt of a day the newest one is yesterday's.
    const bool is_today = today.day == context.Stamp(context.s.now).substr(0, 10);
    const uint64_t all = Unsigned(today.all);
    const std::string sales = strings::Count(strings::kSaleCount, Unsigned(today.sales));
    const std::string returns = strings::Count(strings::kReturnCount, Unsigned(today.returns));
    return Tile(Thousands(all), is_today
                                    ? strings::Count(strings::kTileToday, all, sales, returns)
                                    : strings::Count(strings::kTileDay, all,
                                                     strings::Dated(today.day), sales, returns));
  }
  return Tile(Thousands(context.s.capture.http.stored() + context.s.capture.file.stored()),
              strings::Say(strings::kTileCaptured, context.Since(context.s.started_at)));
}

std::string TookText(double ms) {
  if (ms < 1) return "< 1 ms";
  if (ms < 1000) return fmt::format("{:.0f} ms", ms);
  if (ms < 10'000) return strings::Fraction(fmt::format("{:.1f} s", ms / 1000));
  return AgeText(std::chrono::seconds(static_cast<int64_t>(ms / 1000)));
}

// How long events take; where none has come through lately, how old the centre's word is.
std::string LatencyTile(const PageContext& context) {
  const bool by_broker = context.s.by_broker();
  const WallTime at = context.s.uplink.last_confirmed_at;
  if (context.s.median_ms) {
    const std::string took = TookText(*context.s.median_ms);
    if (by_broker) return Tile(took, strings::kTileToBroker);
    return Tile(took, strings::Say(strings::kTileToCentre, context.Ago(at)));
  }
  if (by_broker) return Tile("–", strings::kTileNoneLately);
  if (at == WallTime()) {
    return Tile("–", context.s.journal.confirmed_through == 0 ? strings::kTileNotConfirmed
                                                              : strings::kTileNoWordYet);
  }
  const auto age = std::chrono::floor<std::chrono::seconds>(context.s.now - at);
  return Tile(AgeText(age), strings::kTileConfirmed);
}

// The used part of the disk, in the colour of what follows from it.
std::string DiskPicture(const journal::JournalStats& j) {
  if (j.disk_bytes == 0) return "";
  const double used = 1 - static_cast<double>(std::min(j.disk_free_bytes, j.disk_bytes)) /
                              static_cast<double>(j.disk_bytes);
  const bool scarce = j.disk_days_left >= 0 && j.disk_days_left < monitor::kDiskAmberDays;
  Html html;
  html.Put(
      "<svg class=\"spark\" viewBox=\"0 0 120 34\" preserveAspectRatio=\"none\" role=\"img\" "
      "aria-label=\"{}\"><rect y=\"14\" width=\"120\" height=\"8\" class=\"fill-room\"/>"
      "<rect y=\"14\" width=\"{}\" height=\"8\" class=\"fill-{}\"/></svg>",
      strings::Say(strings::kDiskUsed, std::lround(used * 100)),
      fmt::format("{:.1f}", used * kPictureWidth), scarce ? "off" : "ok");
  return html.Take();
}

std::string DiskTile(const PageContext& context) {
  const journal::JournalStats& j = context.s.journal;
  if (!context.s.configured) return Tile("–", strings::kTileDiskNoJournal);
  const std::string free = BytesText(j.disk_free_bytes);
  if (j.disk_days_left < 0) return Tile(free, strings::kTileDiskUnknown) + DiskPicture(j);
  const auto days = static_cast<uint64_t>(j.disk_days_left);
  return Tile(strings::Count(strings::kDayCount, days), strings::Say(strings::kTileDisk, free)) +
         DiskPicture(j);
}

}  // namespace

TileFragments TileFragmentsOf(const PageContext& context) {
  return {{{"tile-waiting", WaitingTile(context)},
           {"tile-captured", CapturedTile(context)},
           {"tile-latency", LatencyTile(context)},
           {"tile-disk", DiskTile(context)}}};
}

std::string TilesHtml(const PageContext& context, const Past& past) {
  const std::string* pictures[] = {&past.waiting, &past.captured, &past.latency, nullptr};
  const TileFragments pieces = TileFragmentsOf(context);
  Html html;
  html.Raw("<ul class=\"tiles\">\n");
  for (size_t i = 0; i < pieces.size(); ++i) {
    html.Put("<li><div id=\"{}\">", pieces[i].first).Raw(pieces[i].second).Raw("</div>");
    if (pictures[i] != nullptr && !pictures[i]->empty()) {
      html.Put("<div id=\"{}-past\" data-slow>", pieces[i].first).Raw(*pictures[i]).Raw("</div>");
    }
    html.Raw("</li>\n");
  }
  html.Raw("</ul>\n");
  return html.Take();
}

}  // namespace tillrelay::web
