// Every sample with one decisive word changed: it is refused or means something else, never
// silently the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <set>

#include "agent/formats/csv.h"
#include "agent/formats/poslog/vocabulary.h"
#include "tests/support/golden.h"

namespace tillrelay {
namespace {

using formats::Format;
namespace fs = std::filesystem;

// What each item does: its kind, status and effects, or its refusal.
std::vector<std::string> Meanings(Format format, const std::string& document) {
  std::vector<std::string> all;
  const auto decoded = testing::Decode(format, document);
  if (decoded.error) return {"not syntax"};
  for (const auto& item : decoded.items) {
    if (const auto* why = std::get_if<event::Rejection>(&item.outcome)) {
      all.push_back("refused " + why->reason + " " + why->field + why->hint);
      continue;
    }
    event::Event event = std::get<event::Event>(item.outcome);
    const auto draft = event::DraftFrom(&event, testing::GoldenShop());
    const auto* why = std::get_if<event::Rejection>(&draft);
    if (why != nullptr && why->reason != "foreign-store") {
      all.push_back("refused " + why->reason + " " + why->field + why->hint);
      continue;
    }
    std::string text(event::KindWord(event.kind));
    if (event.transaction) text += "/" + event.transaction->status;
    if (event.adjustment) text += "/" + event.adjustment->reason;
    for (const auto& line : event.lines) {
      text += " " + line.action + "," + line.condition + (line.non_stock ? ",no goods" : "");
      for (const auto& effect : line.stock_effect) {
        text += " " + effect.bucket + effect.delta->Shortest();
      }
    }
    all.push_back(text);
  }
  return all;
}

struct Found {
  size_t at, size;
};

// The texts of a member of this name in JSON.
std::vector<Found> MembersOf(const std::string& document, const std::string& name) {
  std::vector<Found> found;
  const std::string member = "\"" + name + "\"";
  for (size_t at = 0; (at = document.find(member, at)) != std::string::npos;) {
    at = document.find_first_not_of(" :\n\t", at + member.size());
    if (at == std::string::npos || document[at] != '"') continue;
    const size_t end = document.find('"', ++at);
    if (end != std::string::npos && end > at) found.push_back({at, end - at});
  }
  return found;
}

// The values of an attribute or the texts of an element of this name.
std::vector<Found> ValuesOf(const std::string& document, const std::string& name) {
  std::vector<Found> found;
  for (const auto& [before, after] :
       {std::pair{name + "=\"", std::string("\"")}, {"<" + name + ">", std::string("<")}}) {
    for (size_t at = 0; (at = document.find(before, at)) != std::string::npos;) {
      const bool whole =
          before.front() == '<' || document[at - 1] == ' ' || document[at - 1] == ':';
      at += before.size();
      const size_t end = document.find(after, at);
      if (whole && end != std::string::npos && end > at) found.push_back({at, end - at});
    }
  }
  return found;
}

class DecisiveWords : public ::testing::Test {
 protected:
  // Replaces the value and compares what the document means.
  void Change(const std::string& document, const Found& value, const std::string& word,
              Format format = Format::kPosLog) {
    std::string changed = document;
    changed.replace(value.at, value.size, word);
    SCOPED_TRACE(document.substr(value.at - std::min<size_t>(value.at, 60), value.size + 80));
    EXPECT_NE(Meanings(format, document), Meanings(format, changed)) << word;
    ++changes_;
  }
  size_t changes_ = 0;
};

std::vector<std::string> Samples(const char* folder) {
  std::vector<std::string> samples;
  for (const auto& entry : fs::recursive_directory_iterator(testing::GoldenPath(folder))) {
    const std::string ending = entry.path().extension().string();
    // The largest has nothing that the others have not.
    if ((ending != ".xml" && ending != ".in" && ending != ".json") || entry.file_size() > 100'000) {
      continue;
    }
    std::ifstream file(entry.path(), std::ios::binary);
    samples.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return samples;
}

// Words that are told in a place that is not read: reasons of receipts and signs of other elements.
bool IsRead(const std::string& document, const Found& value) {
  const size_t open = document.rfind('<', value.at);
  const std::string element =
      document.substr(open + 1, document.find_first_of(" >", open) - open - 1);
  static const std::set<std::string> kRead = {"Transaction",
                                              "RetailTransaction",
                                              "TransactionLink",
                                              "LineItem",
                                              "Sale",
                                              "Return",
                                              "Disposal",
                                              "InventoryControlTransaction",
                                              "InventoryControlDocument",
                                              "DocumentTypeCode",
                                              "DocumentState",
                                              "InventoryAdjustmentType"};
  return kRead.contains(element);
}

TEST_F(DecisiveWords, NoneChangesSilently) {
  std::set<std::string> names;
  for (const auto& slot : formats::poslog::Slots()) names.insert(std::string(slot.name));
  for (const std::string& document : Samples("poslog")) {
    for (const std::string& name : names) {
      for (const Found& value : ValuesOf(document, name)) {
        if (IsRead(document, value)) Change(document, value, "Zork");
      }
    }
    for (const auto& known : formats::poslog::TableOf(formats::poslog::Question::kFlag).words) {
      if (known.meaning == "harmless" || known.meaning == "offline") continue;
      for (const char* name : {"CancelFlag", "VoidFlag", "TrainingModeFlag"}) {
        if (formats::poslog::Normal(name) != known.word) continue;
        for (const Found& value : ValuesOf(document, name)) {
          if (IsRead(document, value)) Change(document, value, "maybe");
        }
      }
    }
  }
  EXPECT_GT(changes_, 60u);
}

// What a maker adds anywhere in a sample that moves goods.
TEST_F(DecisiveWords, NoneIsPassedOverInAnExtension) {
  const char* const additions[] = {
      "<zz:A xmlns:zz='urn:zz'><zz:B><zz:Status>Voided</zz:Status></zz:B></zz:A>",
      "<zz:A xmlns:zz='urn:zz'><zz:B state='Cancelled'/></zz:A>",
      "<zz:A xmlns:zz='urn:zz'><zz:B><zz:TrainingMode>1</zz:TrainingMode></zz:B></zz:A>",
      "<zz:Voided xmlns:zz='urn:zz'/>",
      "<zz:A xmlns:zz='urn:zz'><zz:VoidFlag value='true'/></zz:A>",
      "<zz:Flag xmlns:zz='urn:zz' name='Cancelled' value='1'/>"};
  size_t added = 0;
  for (const std::string& document : Samples("poslog")) {
    if (document.find("encoding=\"UTF-16") != std::string::npos) continue;
    const auto before = Meanings(Format::kPosLog, document);
    const bool moves = before.size() == 1 && before.front().find("on_hand") != std::string::npos &&
                       !before.front().starts_with("transaction_voided");
    if (!moves) continue;
    for (const char* parent : {"POSLog", "Transaction", "RetailTransaction", "Sale", "Return"}) {
      for (size_t at = 0;; ++at) {
        at = document.find(parent, at);
        if (at == std::string::npos) break;
        const size_t end = document.find('>', at);
        const char follows = document[at + std::strlen(parent)];
        const bool opens = (document[at - 1] == '<' || document[at - 1] == ':') &&
                           (follows == ' ' || follows == '>' || follows == '\n');
        const size_t bracket = document.rfind('<', at);
        if (!opens || document[bracket + 1] == '/' || document[end - 1] == '/') continue;
        for (const char* addition : additions) {
          std::string changed = document;
          changed.insert(end + 1, addition);
          EXPECT_NE(before, Meanings(Format::kPosLog, changed)) << parent << " " << changed;
          ++added;
        }
        break;
      }
    }
  }
  EXPECT_GT(added, 15u);
}

// A member that decides, in canonical documents and CloudEvents.
TEST_F(DecisiveWords, NoneChangesSilentlyInJson) {
  for (const std::string& document : Samples("canonical")) {
    const auto format = formats::Sniff(document, "x.json");
    ASSERT_TRUE(format);
    if (Meanings(*format, document).front().starts_with("refused")) continue;
    for (const char* name : {"type", "kind", "status", "action", "condition", "reason", "direction",
                             "fulfilment", "bucket"}) {
      for (const Found& value : MembersOf(document, name)) {
        // A tender's type and a reason that is free text decide nothing about goods.
        const std::string before = document.substr(value.at - std::min<size_t>(value.at, 400), 400);
        bool read = name != std::string("type") || before.find("specversion") != before.npos;
        // How a count was made is kept, and nothing hangs on it.
        if (name == std::string("kind") && before.find("\"count_id\"") != before.npos) read = false;
        if (read && name != std::string("reason")) Change(document, value, "Zork", *format);
      }
    }
    for (const Found& value : MembersOf(document, "quantity")) {
      Change(document, value, "977", *format);
      Change(document, value, "-1", *format);
    }
  }
  EXPECT_GT(changes_, 20u);
}

TEST_F(DecisiveWords, NoneChangesSilentlyInEpcis) {
  for (const std::string& document : Samples("epcis")) {
    for (const char* name : {"type", "action", "bizStep", "disposition"}) {
      for (const Found& value : MembersOf(document, name)) {
        const auto meant = Meanings(Format::kEpcis, document);
        const bool taken = std::all_of(meant.begin(), meant.end(), [](const std::string& m) {
          return !m.starts_with("refused") && !m.starts_with("not");
        });
        const std::string word = document.substr(value.at, value.size);
        const bool event_type = name != std::string("type") || word.ends_with("Event");
        if (taken && event_type) Change(document, value, "Zork", Format::kEpcis);
      }
    }
  }
  EXPECT_GT(changes_, 6u);
}

// Every cell of a column that decides, in a profile that names it and in one that does not.
TEST_F(DecisiveWords, NoneChangesSilentlyInCsv) {
  const struct {
    const char *heading, *column, *word;
  } cells[] = {{"Status", "status", "Cancelled"},
               {"Type", "kind", "Refund"},
               {"Void", "void", "yes"},
               {"Training", "training", "yes"},
               {"Return", "return", "yes"}};
  for (const bool named : {true, false}) {
    for (const auto& cell : cells) {
      formats::CsvProfile profile;
      profile.store_id = "0042";
      profile.register_id = "03";
      profile.columns = {{"number", "no"}, {"time", "t"}, {"sku", "sku"}, {"quantity", "q"}};
      if (named) profile.columns[cell.column] = cell.heading;
      const auto meaning = [&](const std::string& word) {
        std::string text;
        const std::string file = "no,t,sku,q," + std::string(cell.heading) +
                                 "\n1,2026-11-21T10:00:00,A,1," + word + "\n";
        const auto error = formats::DecodeCsv(profile, file, {}, [&](formats::Item&& item) {
          const auto* event = std::get_if<event::Event>(&item.outcome);
          text += event == nullptr ? "refused" : std::string(event::KindWord(event->kind));
        });
        return error ? "not syntax" : text;
      };
      // An empty flag is false; an empty cell of words is no word.
      const bool words =
          named && (cell.column == std::string("status") || cell.column == std::string("kind"));
      EXPECT_EQ(words ? "refused" : "sale", meaning(""));
      EXPECT_NE("sale", meaning(cell.word)) << cell.heading;
      if (named) {
        EXPECT_EQ("refused", meaning("Zork")) << cell.heading;
      }
    }
  }
}

}  // namespace
}  // namespace tillrelay
