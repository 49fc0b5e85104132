// The cases of tests/golden/cases: each stands for a kind of file that once was taken wrongly and
// silently. From the settings of the shop to what its stock becomes.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "agent/config/config.h"
#include "agent/formats/csv.h"
#include "agent/validation/format_settings.h"
#include "tests/support/golden.h"

namespace tillrelay {
namespace {

namespace fs = std::filesystem;

// What a shop adds to the settings of its case, now that they can say it.
struct Shop {
  const char* name;
  const char* more = "";  // settings, in TOML
};

struct Story {
  std::vector<std::string> reported;          // an item each
  std::map<std::string, int64_t> stock;       // "on_hand A/EA" to millionths
  std::set<std::array<uint8_t, 16>> counted;  // ids
};

std::string StockText(const Story& story) {
  std::string text;
  for (const auto& [cell, micros] : story.stock) {
    if (micros == 0) continue;
    text += (text.empty() ? "" : ", ") + cell + " " + Decimal::FromMicros(micros, 0).Shortest();
  }
  return text;
}

class Case {
 public:
  explicit Case(const Shop& shop) : name_(shop.name) {
    std::string toml = "store_id = \"0042\"\ntime_zone = \"Europe/Berlin\"\n";
    if (Exists("profile.toml")) toml += Text("profile.toml");
    auto parsed = config::Parse(toml + shop.more, "case");
    EXPECT_TRUE(parsed.ok()) << parsed.status().message();
    if (!parsed.ok()) return;
    for (const auto& csv : parsed->drop_folder.csv) profiles_.push_back(ProfileOf(csv, *parsed));
    auto words = VocabularyOf(*parsed);
    EXPECT_TRUE(words.ok());
    words_ = *std::move(words);
    shop_ = std::make_unique<event::Shop>(
        event::Shop{"0042",
                    Exists("store.json") ? std::vector<std::string>{"9521321000421"}
                                         : std::vector<std::string>{},
                    event::StoreZone::Load("Europe/Berlin").value()});
  }

  Story Play() {
    Story story;
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(Path(""))) {
      const std::string name = entry.path().filename().string();
      if (name.front() >= '0' && name.front() <= '9') files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    EXPECT_FALSE(files.empty()) << name_;
    for (const fs::path& file : files) Take(file.filename().string(), &story);
    return story;
  }

 private:
  std::string Path(const std::string& file) const {
    return testing::GoldenPath("cases/" + name_ + "/" + file);
  }
  bool Exists(const std::string& file) const { return fs::exists(Path(file)); }
  std::string Text(const std::string& file) const {
    return testing::ReadGolden("cases/" + name_ + "/" + file);
  }

  // As the drop folder does it.
  void Take(const std::string& file, Story* story) {
    std::string bytes = Text(file);
    const auto sink = [&](formats::Item&& item) { TakeItem(std::move(item), story); };
    auto format = formats::Sniff(bytes, file);
    const auto* profile = formats::CsvByFile(profiles_, file);
    if (!format && profile != nullptr) format = formats::Format::kCsv;
    ASSERT_TRUE(format) << file;
    formats::Decoder decoder(&words_);
    const auto error = *format == formats::Format::kCsv
                           ? formats::DecodeCsv(*profile, bytes, {}, sink)
                           : decoder.Decode(*format, bytes, {}, sink);
    if (error) story->reported.push_back("not syntax: " + error->what);
  }

  void TakeItem(formats::Item&& item, Story* story) {
    if (const auto* why = std::get_if<event::Rejection>(&item.outcome)) {
      story->reported.push_back("refused " + why->reason + " at " + why->field);
      return;
    }
    auto& event = std::get<event::Event>(item.outcome);
    const auto made = event::DraftFrom(&event, *shop_);
    if (const auto* why = std::get_if<event::Rejection>(&made)) {
      story->reported.push_back("refused " + why->reason + " at " + why->field);
      return;
    }
    const auto& draft = std::get<event::Draft>(made);
    if (!story->counted.insert(draft.identity.id).second) {
      story->reported.push_back("duplicate " + draft.subject);
      return;
    }
    std::string text(event::KindWord(event.kind));
    if (event.transaction && event.transaction->status != "completed") {
      text += "/" + event.transaction->status;
    }
    story->reported.push_back(text + " " + draft.subject + " at " + draft.time);
    for (const auto& line : event.lines) {
      const std::string item_name = line.item.gtin.empty() ? line.item.sku : line.item.gtin;
      for (const auto& effect : line.stock_effect) {
        const std::string where = effect.location == "0042" ? "" : "@" + effect.location;
        story->stock[effect.bucket + where + " " + item_name + "/" + line.uom] +=
            effect.delta->micros();
      }
    }
  }

  const std::string name_;
  std::vector<formats::CsvProfile> profiles_;
  formats::poslog::Vocabulary words_;
  std::unique_ptr<event::Shop> shop_;
};

struct Expected {
  Shop shop;
  std::vector<std::string> reported;
  std::string stock;
};

std::string Sale(const std::string& number, const std::string& at = "2026-11-21T10:00:00+01:00") {
  return "sale register/03/" + at.substr(0, 10) + "/" + number + " at " + at;
}

const std::vector<Expected>& Cases() {
  static const std::vector<Expected> cases = {
      // The words of such columns are understood although the profile does not name them …
      {{"csv-cancelled-rows-in-the-file"},
       {Sale("1"),
        "register_control/cancelled register/03/2026-11-21/2 at 2026-11-21T10:05:00+01:00"},
       "on_hand A/EA -1"},
      // … and where it does, in the shop's own words.
      {{"csv-cancelled-rows-in-the-file",
        "status = \"status\"\nkind = \"type\"\n[drop_folder.csv.case.words]\n"
        "kind.Sale = \"return\"\nstatus.closed = \"completed\"\n"},
       {"return register/03/2026-11-21/1 at 2026-11-21T10:00:00+01:00",
        "register_control/cancelled register/03/2026-11-21/2 at 2026-11-21T10:05:00+01:00"},
       "on_hand A/EA 1"},
      {{"csv-date-and-time-in-two-columns"},
       {Sale("1", "2026-11-21T17:42:08+01:00")},
       "on_hand A/EA -1"},
      {{"csv-date-and-time-in-two-columns", "date = \"d\"\n"},
       {Sale("1", "2026-11-21T17:42:08+01:00")},
       "on_hand A/EA -1"},
      {{"csv-files-pattern-with-another-ending"}, {Sale("1")}, "on_hand A/EA -1"},
      {{"csv-number-restarts-next-day"},
       {Sale("1"), Sale("1", "2026-11-22T09:00:00+01:00"), "duplicate register/03/2026-11-22/1"},
       "on_hand A/EA -1, on_hand B/EA -2"},
      {{"csv-offset-in-time-format"}, {Sale("1", "2026-11-22T05:30:00+01:00")}, "on_hand A/EA -1"},
      {{"csv-one-row-a-unit", "[drop_folder.csv.case.constants]\nquantity = \"1\"\n"},
       {Sale("1")},
       "on_hand A/EA -2"},
      {{"csv-refund-told-by-amount"}, {"refused bad-value at lines[0].net_amount"}, ""},
      {{"csv-refund-told-by-type-column"},
       {"return register/03/2026-11-21/1 at 2026-11-21T10:00:00+01:00"},
       "on_hand A/EA 1"},
      {{"csv-utc-time-after-midnight"},
       {Sale("1", "2026-11-22T00:30:00+01:00")},
       "on_hand A/EA -1"},
      {{"epcis-received-damaged"},
       {"transfer_received transfer/T1 at 2026-11-21T17:42:08+01:00"},
       "damaged 09521234000013/EA 5, in_transit 09521234000013/EA -5"},
      {{"poslog-discount-already-in-the-price"},
       {"sale register/10/2026-06-13/1 at 2026-06-13T12:34:41+02:00"},
       "on_hand A/EA -2"},
      {{"poslog-flags-in-other-spellings"},
       {"register_control/training register/1/2026-11-21/1 at 2026-11-21T10:00:00+01:00",
        "register_control/cancelled register/1/2026-11-21/2 at 2026-11-21T10:00:00+01:00",
        "register_control/training register/1/2026-11-21/3 at 2026-11-21T10:00:00+01:00"},
       ""},
      {{"poslog-inventory-state-unknown"},
       {"register_control/control register/0/2026-05-05/1 at 2026-05-05T22:00:00+02:00",
        "refused unknown-word at InventoryControlDocumentState",
        "register_control/control register/0/2026-05-05/2 at 2026-05-05T22:00:00+02:00",
        "refused unknown-word at InventoryControlDocumentState",
        "register_control/control register/0/2026-05-05/3 at 2026-05-05T22:00:00+02:00",
        "refused unknown-word at InventoryControlDocumentState",
        "register_control/control register/0/2026-05-05/4 at 2026-05-05T22:00:00+02:00",
        "refused unknown-word at InventoryControlDocumentState"},
       ""},
      {{"poslog-inventory-voided-line"},
       {"register_control/control register/0/2026-05-05/1 at 2026-05-05T22:00:00+02:00"},
       ""},
      {{"poslog-itemtype-with-prefix"},
       {"sale register/1/2026-11-21/1 at 2026-11-21T10:00:00+01:00"},
       ""},
      {{"poslog-loss-with-own-reason-word"},
       {"register_control/control register/0/2026-05-05/1 at 2026-05-05T22:00:00+02:00",
        "stock_adjusted adjustment/1 at 2026-05-05T22:00:00+02:00"},
       "on_hand L/EA -3"},
      {{"poslog-status-with-prefix"},
       {"register_control/cancelled register/1/2026-11-21/1 at 2026-11-21T10:00:00+01:00"},
       ""},
      {{"poslog-total-with-typecode"},
       {"refused totals-disagree at Total[TransactionGrandAmount]"},
       ""},
      {{"poslog-transaction-type-training"},
       {"register_control/training register/1/2026-11-21/1 at 2026-11-21T10:00:00+01:00"},
       ""},
      {{"poslog-unknown-goods-element"}, {"refused unknown-word at LineItem[1].FuelSale"}, ""},
      {{"poslog-voidedflag-suspendedflag"},
       {"register_control/cancelled register/1/2026-11-21/1 at 2026-11-21T10:00:00+01:00",
        "register_control/suspended register/1/2026-11-21/2 at 2026-11-21T10:00:00+01:00",
        "register_control/suspended register/1/2026-11-21/3 at 2026-11-21T10:00:00+01:00"},
       ""},
      {{"units-that-all-mean-one-piece"},
       {Sale("1", "2026-11-21T17:42:08+01:00"), Sale("2", "2026-11-21T17:42:08+01:00"),
        Sale("3", "2026-11-21T17:42:08+01:00")},
       "on_hand A/EA -3"}};
  return cases;
}

TEST(Cases, EachComesOutAsItShould) {
  for (const Expected& expected : Cases()) {
    SCOPED_TRACE(expected.shop.name);
    const Story story = Case(expected.shop).Play();
    EXPECT_EQ(expected.reported, story.reported);
    EXPECT_EQ(expected.stock, StockText(story));
  }
}

TEST(Cases, EveryFolderIsPlayed) {
  std::set<std::string> played, there;
  for (const Expected& expected : Cases()) played.insert(expected.shop.name);
  for (const auto& entry : fs::directory_iterator(testing::GoldenPath("cases"))) {
    there.insert(entry.path().filename().string());
  }
  EXPECT_EQ(there, played);
  EXPECT_EQ(22u, there.size());
}

// The configuration refuses a meaning before the decoder would.
TEST(Cases, ConfigurationAndDecoderKnowTheSameMeanings) {
  ASSERT_EQ(formats::poslog::kQuestionCount, config::PosLogQuestions().size());
  for (size_t i = 0; i < formats::poslog::kQuestionCount; ++i) {
    const auto& table = formats::poslog::TableOf(static_cast<formats::poslog::Question>(i));
    const auto& question = config::PosLogQuestions()[i];
    EXPECT_EQ(table.name, question.name);
    EXPECT_EQ(std::vector(table.meanings.begin(), table.meanings.end()), question.meanings);
  }
}

TEST(Cases, WordsOfTheShopReachTheDecoder) {
  const auto parsed = config::Parse(
      "[formats.poslog.words]\nstatus.\"dtv:Zork\" = \"cancelled\"\nreason.merma = \"waste\"\n",
      "case");
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  const auto words = VocabularyOf(*parsed);
  ASSERT_TRUE(words.ok());
  EXPECT_EQ("cancelled", words->Meaning(formats::poslog::Question::kStatus, "zork"));
  EXPECT_FALSE(config::Parse("[formats.poslog.words]\nstatus.x = \"sold\"\n", "case").ok());
  EXPECT_FALSE(config::Parse("[formats.poslog.words]\nweather.x = \"sold\"\n", "case").ok());
  const auto twice =
      config::Parse("[formats.poslog.words]\nstatus.voided = \"completed\"\n", "case");
  ASSERT_TRUE(twice.ok());
  EXPECT_FALSE(VocabularyOf(*twice).ok());
}

}  // namespace
}  // namespace tillrelay
