// Every sample with one decisive word changed: it is refused or means something else, never
// silently the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

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
    if (const auto* why = std::get_if<event::Rejection>(&draft)) {
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
  void Change(const std::string& document, const Found& value, const std::string& word) {
    std::string changed = document;
    changed.replace(value.at, value.size, word);
    SCOPED_TRACE(document.substr(value.at - std::min<size_t>(value.at, 60), value.size + 80));
    EXPECT_NE(Meanings(Format::kPosLog, document), Meanings(Format::kPosLog, changed)) << word;
    ++changes_;
  }
  size_t changes_ = 0;
};

std::vector<std::string> Samples() {
  std::vector<std::string> samples;
  for (const auto& entry : fs::recursive_directory_iterator(testing::GoldenPath("poslog"))) {
    const std::string ending = entry.path().extension().string();
    // The largest has nothing that the others have not.
    if ((ending != ".xml" && ending != ".in") || entry.file_size() > 100'000) continue;
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
  for (const std::string& document : Samples()) {
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

}  // namespace
}  // namespace tillrelay
