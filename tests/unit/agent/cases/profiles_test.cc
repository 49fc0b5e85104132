// The shipped profiles of packaging/profiles, each on two exports of its layout: the second has in
// it what the first had, and goods that come back.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <set>

#include "agent/config/config.h"
#include "agent/config/csv_suggest.h"
#include "agent/formats/csv.h"
#include "agent/formats/csv_join.h"
#include "agent/formats/csv_rows.h"
#include "agent/formats/csv_values.h"
#include "agent/validation/format_settings.h"
#include "common/base/files.h"
#include "tests/support/golden.h"

namespace tillrelay {
namespace {

namespace fs = std::filesystem;

std::string ProfilePath(const std::string& name) {
  return std::string(TILLRELAY_PROFILES) + "/" + name + ".toml";
}

struct Story {
  std::vector<std::string> reported;
  std::map<std::string, int64_t> stock;       // "MUG-1/EA" to millionths
  std::set<std::array<uint8_t, 16>> counted;  // ids
};

class Play {
 public:
  explicit Play(const std::string& name) : Play(name, ReadFile(ProfilePath(name), 1 << 20)) {}
  Play(const std::string& name, const Result<std::string>& text) : name_(name) {
    EXPECT_TRUE(text.ok()) << name;
    const auto parsed = config::Parse(
        "store_id = \"0042\"\ntime_zone = \"Europe/Berlin\"\n" + (text.ok() ? *text : ""), name);
    EXPECT_TRUE(parsed.ok()) << parsed.status().message();
    if (!parsed.ok()) return;
    for (const auto& csv : parsed->drop_folder.csv) {
      profiles_.push_back(ProfileOf(csv, *parsed));
      profiles_.back().zone = testing::GoldenShop().zone;
    }
  }

  Story Run() {
    Story story;
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(testing::GoldenPath("profiles/" + name_))) {
      files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    const bool halves = !profiles_.empty() && !profiles_.front().head_files.empty();
    EXPECT_EQ(halves ? 4u : 2u, files.size());
    for (const fs::path& file : files) {
      bool is_head = false;
      const auto other = formats::OtherHalf(profiles_.front(), file.filename().string(), &is_head);
      if (!other.empty() && is_head) continue;
      story.reported.push_back("--");
      Take(file, &story);
    }
    return story;
  }

  void Take(const fs::path& file, Story* story) {
    const auto [profile, bytes] = Text(file);
    EXPECT_NE(nullptr, profile) << file;
    if (profile != nullptr) TakeText(*profile, bytes, story);
  }

  static void TakeText(const formats::CsvProfile& profile, const std::string& text, Story* story) {
    const auto error = formats::DecodeCsv(
        profile, text, {}, [&](formats::Item&& item) { TakeItem(std::move(item), story); });
    EXPECT_FALSE(error) << error->what;
  }

  // The file, joined with its heads where they are another one, and its profile; nothing for a file
  // of heads.
  std::pair<const formats::CsvProfile*, std::string> Text(const fs::path& file) {
    const auto* profile = formats::CsvByFile(profiles_, file.filename().string());
    if (profile == nullptr) return {};
    auto bytes = ReadFile(file.string(), 1 << 20);
    EXPECT_TRUE(bytes.ok());
    bool is_head = false;
    const auto head = formats::OtherHalf(*profile, file.filename().string(), &is_head);
    if (is_head) return {};
    if (!head.empty()) {
      auto heads = ReadFile((file.parent_path() / head).string(), 1 << 20);
      EXPECT_TRUE(heads.ok()) << head;
      auto joined = formats::JoinCsv(*profile, *std::move(heads), *std::move(bytes), {});
      EXPECT_FALSE(joined.error) << joined.error->what;
      bytes = std::move(joined.text);
    }
    return {profile, *std::move(bytes)};
  }

 private:
  static void TakeItem(formats::Item&& item, Story* story) {
    auto* event = std::get_if<event::Event>(&item.outcome);
    auto made = event != nullptr ? event::DraftFrom(event, testing::GoldenShop())
                                 : std::get<event::Rejection>(item.outcome);
    const auto* why = std::get_if<event::Rejection>(&made);
    if (event == nullptr || why != nullptr) {
      story->reported.push_back("refused " + why->reason + " at " + why->field);
      return;
    }
    const auto& draft = std::get<event::Draft>(made);
    const bool fresh = story->counted.insert(draft.identity.id).second;
    std::string text(fresh ? event::KindWord(event->kind) : "duplicate");
    if (event->transaction->status != "completed") text += "/" + event->transaction->status;
    story->reported.push_back(text + " " + draft.number + " " + draft.time);
    if (!fresh) return;
    for (const auto& line : event->lines) {
      for (const auto& effect : line.stock_effect) {
        story->stock[line.item.sku + "/" + line.uom] += effect.delta->micros();
      }
    }
  }

  const std::string name_;
  std::vector<formats::CsvProfile> profiles_;
};

std::string StockText(const Story& story) {
  std::string text;
  for (const auto& [cell, micros] : story.stock) {
    if (micros == 0) continue;
    text += (text.empty() ? "" : ", ") + cell + " " + Decimal::FromMicros(micros, 0).Shortest();
  }
  return text;
}

struct Expected {
  const char* name;
  std::vector<std::string> reported;
  std::string stock;
};

const std::vector<Expected>& All() {
  static const std::vector<Expected> all = {
      {"square-items",
       {"--", "sale P2 2026-11-21T11:40:00+01:00", "sale P1 2026-11-21T10:02:11+01:00", "--",
        "return P2R 2026-11-21T15:00:00+01:00", "duplicate P2 2026-11-21T11:40:00+01:00",
        "duplicate P1 2026-11-21T10:02:11+01:00"},
       "MUG-1/EA -2"},
      {"shopify-orders",
       {"--", "register_control/cancelled #1052 2026-11-21T09:59:00+01:00",
        "sale #1050 2026-11-21T09:59:00+01:00", "--", "refused unknown-word at row 1.status",
        "sale #1051 2026-11-21T09:59:00+01:00", "duplicate #1050 2026-11-21T09:59:00+01:00"},
       "MAT-100/EA -2, MAT-50/EA -2, Whisk/EA -1"},
      {"lightspeed-sales",
       {"--", "sale 4711 2026-11-21T10:00:00+01:00",
        "register_control/cancelled 4713 2026-11-21T12:00:00+01:00", "--",
        "duplicate 4711 2026-11-21T10:00:00+01:00", "sale 4712 2026-11-21T11:00:00+01:00",
        "duplicate/cancelled 4713 2026-11-21T12:00:00+01:00",
        "return 4714 2026-11-21T13:00:00+01:00"},
       "100/EA -2, 200/EA -1"},
      {"loyverse-items",
       {"--", "sale 1-0003 2026-11-21T10:15:00+01:00",
        "register_control/cancelled 1-0004 2026-11-21T12:20:00+01:00", "--",
        "return 1-0005 2026-11-21T13:30:00+01:00", "duplicate 1-0003 2026-11-21T10:15:00+01:00"},
       "10145/EA -1, Lemonade/EA -1"},
      {"toast-items",
       {"--", "sale C1 2026-11-21T17:17:00+01:00",
        "register_control/cancelled C2 2026-11-21T18:00:00+01:00", "--",
        "duplicate C1 2026-11-21T17:17:00+01:00", "sale C3 2026-11-21T19:00:00+01:00"},
       "I1/EA -1, I2/EA -3"},
      {"clover-items",
       {"--", "sale OA 2026-11-22T03:34:00+01:00", "--", "duplicate OA 2026-11-22T03:34:00+01:00",
        "sale OB 2026-11-22T03:34:00+01:00", "refused unknown-word at row 1.Refunded",
        "refused unknown-word at row 1.Exchanged"},
       "CAKE-1/EA -3, I2/KGM -0.75"},
      {"woocommerce-orders",
       {"--", "sale 501 2026-11-21T10:00:00+01:00",
        "register_control/cancelled 503 2026-11-21T10:00:00+01:00", "--",
        "duplicate 501 2026-11-21T10:00:00+01:00", "sale 502 2026-11-21T10:00:00+01:00",
        "refused unknown-word at row 1.status",
        "refused unknown-word at row 1.Order Line Total Refunded"},
       "HON-1/EA -3, HON-2/EA -1"},
      {"amazon-date-range",
       {"--", "sale 111-1111111-1111111 2026-11-04T10:05:07+01:00", "--",
        "duplicate 111-1111111-1111111 2026-11-04T10:05:07+01:00",
        "return 111-1111111-1111111 2026-11-10T00:00:00+01:00",
        "refused unknown-word at row 1.kind"},
       "MUG-1/EA -1"},
      {"dsfinv-k",
       {"--", "sale 101 2026-11-21T10:00:00+01:00",
        "register_control/cancelled 102 2026-11-21T10:05:00+01:00", "--",
        "duplicate 101 2026-11-21T10:00:00+01:00",
        "duplicate/cancelled 102 2026-11-21T10:05:00+01:00", "return 103 2026-11-21T10:10:00+01:00",
        "register_control/training 104 2026-11-21T10:15:00+01:00",
        "refused unknown-word at row 1.BON_STORNO", "refused unknown-word at row 1.status"},
       "100/EA -1"},
      {"uci-online-retail",
       {"--", "sale 536365 2010-12-01T08:26:00+01:00", "--",
        "duplicate 536365 2010-12-01T08:26:00+01:00", "return C536379 2010-12-01T09:41:00+01:00",
        "refused unsupported at row 1.quantity"},
       "85123A/EA -5"}};
  return all;
}

TEST(Profiles, ReadExportsThatOverlapAndGoodsThatComeBack) {
  for (const Expected& expected : All()) {
    SCOPED_TRACE(expected.name);
    const Story story = Play(expected.name).Run();
    EXPECT_EQ(expected.reported, story.reported);
    EXPECT_EQ(expected.stock, StockText(story));
  }
}

// The rows of an export, each with its line.
struct Export {
  std::string head;
  std::vector<std::string> lines;
  std::vector<formats::CsvRow> rows;
  std::map<std::string, size_t> places;
};

Export Split(const formats::CsvProfile& profile, const std::string& text) {
  Export out;
  formats::CsvRowReader reader(text, profile.delimiter, 1 << 20);
  formats::CsvRow row;
  size_t from = 0;
  while (reader.Next(&row)) {
    const std::string line = text.substr(from, row.to + 1 - from);
    from = row.to + 1;
    if (!out.head.empty() && !out.places.empty()) {
      out.lines.push_back(line);
      out.rows.push_back(row);
      continue;
    }
    out.head += line;
    for (const auto& [ours, theirs] : profile.columns) {
      for (size_t i = 0; i < row.fields.size(); ++i) {
        if (formats::Heading(row.fields[i]) == formats::Heading(theirs)) out.places[ours] = i;
      }
    }
    if (out.places.size() < profile.columns.size()) out.places.clear();
  }
  return out;
}

// Calls `with` for each receipt: where its rows begin and end.
void ForEachReceipt(const Export& all, const std::function<void(size_t, size_t)>& with) {
  const size_t number = all.places.at("number");
  for (size_t from = 0, to = 0; from < all.rows.size(); from = to) {
    while (to < all.rows.size() && all.rows[to].fields[number] == all.rows[from].fields[number]) {
      ++to;
    }
    with(from, to);
  }
}

std::string Joined(const Export& all, const std::vector<size_t>& order) {
  std::string text = all.head;
  for (const size_t row : order) text += all.lines[row];
  return text;
}

void ForEachExport(const std::function<void(const formats::CsvProfile&, const Export&)>& with) {
  for (const Expected& expected : All()) {
    Play play(expected.name);
    for (const auto& entry :
         fs::directory_iterator(testing::GoldenPath("profiles/" + std::string(expected.name)))) {
      SCOPED_TRACE(entry.path());
      auto [profile, text] = play.Text(entry.path());
      if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
      if (!text.empty()) with(*profile, Split(*profile, text));
    }
  }
}

TEST(Profiles, TheOrderOfAReceiptsRowsChangesNothing) {
  size_t orders = 0;
  ForEachExport([&orders](const formats::CsvProfile& profile, const Export& all) {
    ForEachReceipt(all, [&](size_t from, size_t to) {
      std::vector<size_t> order;
      for (size_t i = from; i < to; ++i) order.push_back(i);
      std::set<std::vector<std::string>> reported;
      std::set<std::string> stocks;
      do {
        Story story;
        Play::TakeText(profile, Joined(all, order), &story);
        for (std::string& line : story.reported) {
          // Which row is to blame is another one in each order.
          if (line.find("at row ") != std::string::npos) line.resize(line.find("at row "));
        }
        reported.insert(story.reported);
        stocks.insert(StockText(story));
        ++orders;
      } while (std::next_permutation(order.begin(), order.end()));
      EXPECT_EQ(1u, reported.size()) << profile.name << " " << all.lines[from];
      EXPECT_EQ(1u, stocks.size()) << profile.name << " " << all.lines[from];
    });
  });
  EXPECT_GT(orders, 50u);
}

// The words of a column that decides, gone from all rows of a receipt.
TEST(Profiles, AReceiptOfWhichNoRowSaysWhatItIsIsRefused) {
  size_t refused = 0;
  ForEachExport([&refused](const formats::CsvProfile& profile, const Export& all) {
    for (const char* column : {"status", "kind"}) {
      const auto place = all.places.find(column);
      if (place == all.places.end()) continue;
      ForEachReceipt(all, [&](size_t from, size_t to) {
        std::string text = all.head;
        for (size_t i = from; i < to; ++i) {
          auto fields = all.rows[i].fields;
          fields[place->second].clear();
          for (const auto& field : fields) {
            text += (&field == &fields.front() ? "\"" : std::string(1, profile.delimiter) + "\"") +
                    field + "\"";
          }
          text += "\n";
        }
        Story story;
        Play::TakeText(profile, text, &story);
        EXPECT_EQ("", StockText(story)) << profile.name << " " << column << "\n" << text;
        refused += story.reported.empty() ? 0 : 1;
      });
    }
  });
  EXPECT_GT(refused, 10u);
}

// Without the row that speaks for it, nothing of a receipt is sold.
TEST(Profiles, LinesWithoutTheirHeadAreNotSold) {
  size_t heads = 0;
  ForEachExport([&heads](const formats::CsvProfile& profile, const Export& all) {
    if (!profile.head_in_first_row) return;
    const size_t status = all.places.at("status");
    ForEachReceipt(all, [&](size_t from, size_t to) {
      std::string text = all.head;
      for (size_t i = from; i < to; ++i) {
        const bool head = !all.rows[i].fields[status].empty();
        heads += head ? 1 : 0;
        if (!head) text += all.lines[i];
      }
      Story story;
      Play::TakeText(profile, text, &story);
      EXPECT_EQ("", StockText(story)) << profile.name << "\n" << text;
    });
  });
  EXPECT_GT(heads, 10u);
}

TEST(Profiles, ASaleLineOfNegativeQuantityThatWasPaidForIsRefused) {
  Play play("lightspeed-sales");
  auto [profile, text] =
      play.Text(testing::GoldenPath("profiles/lightspeed-sales/vend_sales_history_2.csv"));
  for (size_t at = 0; (at = text.find(",-3.00000,")) != std::string::npos;) text.erase(at + 1, 1);
  Story story;
  Play::TakeText(*profile, text, &story);
  ASSERT_FALSE(story.reported.empty());
  EXPECT_EQ("refused bad-value at row 2.quantity", story.reported.back());
}

TEST(Profiles, AnOrderCountsWhenItIsHandedOver) {
  Play play("lightspeed-sales");
  const auto [profile, text] =
      play.Text(testing::GoldenPath("profiles/lightspeed-sales/vend_sales_history_2.csv"));
  const auto with = [&, &profile = profile, &text = text](const std::string& status) {
    std::string changed = text;
    for (size_t at = 0; (at = changed.find(",CLOSED,", at)) != std::string::npos; ++at) {
      changed.replace(at + 1, 6, status);
    }
    Story story;
    Play::TakeText(*profile, changed, &story);
    return story.stock;
  };
  const auto closed = with("CLOSED");
  ASSERT_TRUE(closed.contains("100/EA"));
  for (const char* status : {"DISPATCHED_CLOSED", "PICKED_UP_CLOSED"}) {
    EXPECT_EQ(with(status), closed) << status;
  }
  for (const char* status : {"AWAITING_DISPATCH", "AWAITING_PICKUP"}) {
    EXPECT_FALSE(with(status).contains("200/EA")) << status;
  }
}

// From a file that nobody has described to the same stock, with the edits that are named.
TEST(Profiles, WhatIsSuggestedForAnExportReadsIt) {
  const struct {
    const char *name, *file, *stock;
    std::vector<std::pair<std::string, std::string>> edits;
  } exports[] = {
      // Both ways to read 12/1/2010 are named; the second is the right one. Postage is no goods.
      {"uci-online-retail",
       "online_retail_1.csv",
       "85123A/EA -6",
       {{"%d/%m/%Y", "%m/%d/%Y"}, {"register", "non_stock = [\"POST\"]\nregister"}}},
      {"loyverse-items",
       "receipts-by-item-1.csv",
       "10145/EA -2, Lemonade/EA -1",
       {{"sku = \"SKU\"", "sku = \"SKU\"\nsku_else = \"Item\""}}},
      {"toast-items",
       "ItemSelectionDetails_1.csv",
       "I1/EA -1",
       {{"sku = \"SKU\"", "sku = \"Item Id\""}}}};
  for (const auto& one : exports) {
    SCOPED_TRACE(one.name);
    const std::string path =
        testing::GoldenPath("profiles/" + std::string(one.name) + "/" + one.file);
    auto suggested = config::SuggestCsvProfile(one.name, one.file, ReadFile(path, 1 << 20).value());
    ASSERT_TRUE(suggested.ok()) << suggested.status().message();
    std::string text = *suggested;
    for (const auto& [from, to] : one.edits) {
      const size_t at = text.find(from);
      ASSERT_NE(std::string::npos, at) << from << "\n" << text;
      text.replace(at, from.size(), to);
    }
    Play play(one.name, text);
    Story story;
    play.Take(path, &story);
    EXPECT_EQ(one.stock, StockText(story)) << text;
  }
  EXPECT_FALSE(config::SuggestCsvProfile("x", "x.csv", "a,b,c\n1,2,3\n").ok());
}

TEST(Profiles, ASuggestionTellsMarksDelimiterAndEncoding) {
  const auto text = config::SuggestCsvProfile(
      "kasse", "kasse.txt",
      "Kassenbericht\nKasse;Bon;Datum;Zeit;Artikel;Menge;Betrag;Vorgang\n"
      "03;4711;21.11.2026;17:42;100;2;1.025,98;Verkauf\n03;4712;22.11.2026;17:50;101;1;12,99;"
      "R\xFC"
      "cknahme");
  ASSERT_TRUE(text.ok());
  for (const char* line :
       {"files = \"*.txt\"", "delimiter = \";\"", "decimal_mark = \",\"", "thousands_mark = \".\"",
        "encoding = \"latin-1\"", "final_line_end = false", "time_format = \"%H:%M\"",
        "day_format = \"%d.%m.%Y\"", "register = \"Kasse\"", "number = \"Bon\"", "date = \"Datum\"",
        "sku = \"Artikel\"", "quantity = \"Menge\"", "net_amount = \"Betrag\"",
        "kind = \"Vorgang\""}) {
    EXPECT_NE(std::string::npos, text->find(line)) << line << "\n" << *text;
  }
  EXPECT_TRUE(config::Parse(*text, "kasse").ok()) << *text;
}

TEST(Profiles, EveryShippedOneIsPlayed) {
  std::set<std::string> played, there;
  for (const Expected& expected : All()) played.insert(expected.name);
  for (const auto& entry : fs::directory_iterator(TILLRELAY_PROFILES)) {
    there.insert(entry.path().stem().string());
  }
  EXPECT_EQ(there, played);
}

}  // namespace
}  // namespace tillrelay
