// Every document of tests/golden, and what becomes of it: docs/samples.md.
// TILLRELAY_WRITE_GOLDEN=1 writes that page; TILLRELAY_SAMPLES=DIR prints the table of another
// folder instead.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "agent/formats/csv.h"
#include "tests/support/golden.h"

namespace tillrelay {
namespace {

namespace fs = std::filesystem;
using formats::Format;

constexpr const char* kPage = "../../docs/samples.md";
constexpr const char* kHead =
    R"(# What becomes of each sample

Every document of `tests/golden` (origins: its SOURCES.md), read by the same code as in a shop.
Made by `formats_samples_test`, which fails when this page and the code disagree; with
`TILLRELAY_WRITE_GOLDEN=1` it writes the page anew. *reconciled*: the lines agree with the
document's own total. *unchecked*: it tells no total. Transfers, counts, closes and fillers have
none to check.

| document | dialect | kept | reconciled | unchecked | refused, and why |
|---|---|---|---|---|---|
)";

struct Row {
  std::map<std::string, size_t> dialects, kinds, reasons;
  size_t reconciled = 0, unchecked = 0;
  std::string syntax;
};

formats::CsvProfile Journey() {
  formats::CsvProfile profile;
  profile.name = "completejourney";
  profile.register_id = "1";
  profile.columns = {
      {"store", "store_id"}, {"number", "basket_id"},  {"time", "transaction_timestamp"},
      {"sku", "product_id"}, {"quantity", "quantity"}, {"net_amount", "sales_value"}};
  return profile;
}

// Each document is about its own store here.
std::string StoreOf(const event::Event& event) {
  if (event.transaction) return event.transaction->store_id;
  if (event.transfer) {
    return event.kind == event::Kind::kTransferReceived ? event.transfer->to_store_id
                                                        : event.transfer->from_store_id;
  }
  if (event.count) return event.count->store_id;
  if (event.adjustment) return event.adjustment->store_id;
  return event.close ? event.close->store_id : "0042";
}

void Refused(const event::Rejection& why, Row* row) {
  std::string hint = why.hint;
  std::replace(hint.begin(), hint.end(), '|', '/');
  ++row->reasons["`" + why.reason + "`" + (why.field.empty() ? "" : " " + why.field) + ": " + hint];
}

void Take(formats::Item&& item, Row* row) {
  if (const auto* why = std::get_if<event::Rejection>(&item.outcome)) return Refused(*why, row);
  auto& event = std::get<event::Event>(item.outcome);
  ++row->dialects[event.origin->dialect];
  const auto& flags = event.origin->flags;
  const bool unchecked = std::find(flags.begin(), flags.end(), "unchecked") != flags.end();
  const bool checked = event.transaction && !event.lines.empty() && !unchecked;
  const event::Shop shop{StoreOf(event), {}, event::StoreZone::Load("Europe/Berlin").value()};
  const event::Kind kind = event.kind;
  const auto draft = event::MakeDraft(std::move(event), shop);
  if (const auto* why = std::get_if<event::Rejection>(&draft)) return Refused(*why, row);
  ++row->kinds[std::string(event::KindWord(kind))];
  row->reconciled += checked ? 1 : 0;
  row->unchecked += unchecked ? 1 : 0;
}

Row Read(const fs::path& path, const std::string& bytes) {
  Row row;
  const std::string folder = path.parent_path().string();
  auto format = formats::Sniff(bytes, path.filename().string());
  if (path.filename() == "batch.in") format = Format::kCloudEventBatch;
  if (folder.find("cloudevents-spec") != std::string::npos) format = Format::kCloudEvent;
  if (folder.find("ndjson") != std::string::npos) format = Format::kNdjson;
  if (!format) {
    row.syntax = "not a format that is known";
    return row;
  }
  const auto sink = [&row](formats::Item&& item) { Take(std::move(item), &row); };
  std::string copy = bytes;
  formats::Decoder decoder;
  const auto error = *format == Format::kCsv ? formats::DecodeCsv(Journey(), bytes, {}, sink)
                                             : decoder.Decode(*format, copy, {}, sink);
  if (error) row.syntax = "byte " + std::to_string(error->offset) + ": " + error->what;
  return row;
}

std::string Counted(const std::map<std::string, size_t>& counts, const char* between) {
  std::string text;
  for (const auto& [name, count] : counts) {
    text += (text.empty() ? "" : between) + std::to_string(count) + " " + name;
  }
  return text;
}

std::string Line(const std::string& name, const Row& row) {
  std::string dialects;
  for (const auto& [dialect, count] : row.dialects) {
    dialects += (dialects.empty() ? "" : ", ") + dialect;
  }
  const auto number = [](size_t n) { return n == 0 ? std::string() : std::to_string(n); };
  const std::string why =
      row.syntax.empty() ? Counted(row.reasons, "; ") : "`not-syntax` " + row.syntax;
  return "| " + name + " | " + dialects + " | " + Counted(row.kinds, ", ") + " | " +
         number(row.reconciled) + " | " + number(row.unchecked) + " | " + why + " |\n";
}

bool IsDocument(const fs::path& path) {
  const std::string kind = path.extension().string();
  return kind == ".json" || kind == ".xml" || kind == ".in" || kind == ".csv";
}

// Folders of what is no document of a register, or has pages of its own.
const std::set<std::string> kOthers = {"cases",    "control", "guard",
                                       "profiles", "schema",  "senders"};

std::string Table(const fs::path& root) {
  std::map<std::string, std::string> lines;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const fs::path name = entry.path().lexically_relative(root);
    const std::string top = name.begin()->string();
    if (!entry.is_regular_file() || !IsDocument(name) || kOthers.contains(top)) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    lines[name.string()] = Line(name.string(), Read(name, bytes));
  }
  std::string table;
  for (const auto& [name, line] : lines) table += line;
  return table;
}

TEST(Samples, EveryOneIsKeptOrRefusedAsThePageSays) {
  if (const char* other = std::getenv("TILLRELAY_SAMPLES")) {
    std::fputs(Table(other).c_str(), stdout);
    return;
  }
  testing::ExpectGolden(kPage, kHead + Table(testing::GoldenPath("")));
}

}  // namespace
}  // namespace tillrelay
