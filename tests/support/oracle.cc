#include "tests/support/oracle.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/event/identity.h"

namespace tillrelay::testing {
namespace {

constexpr size_t kMaxFaults = 20;

std::string Text(const journal::Row& row) {
  return row.kind + "|" + row.subject + "|" + row.time + "|" + row.data;
}

// "stream":"X" of a `loss` event's data.
std::string Member(const std::string& data, const std::string& name) {
  const size_t at = data.find("\"" + name + "\":\"");
  if (at == std::string::npos) return {};
  const size_t begin = at + name.size() + 4;
  return data.substr(begin, data.find('"', begin) - begin);
}

}  // namespace

void Oracle::Fault(const std::string& text) {
  if (faults.size() < kMaxFaults) faults.push_back(text);
}

void Oracle::Expect(const event::Draft& draft) {
  journal::Row row;
  row.kind = event::KindWord(draft.kind);
  row.subject = draft.subject;
  row.time = draft.time;
  row.data = draft.data;
  auto& known = content[draft.identity.id];
  if (known == nullptr) known = std::make_shared<const std::string>(Text(row));
}

void Oracle::OnReceipt(int number, const event::Draft& draft,
                       const journal::AppendResult& receipt) {
  if (receipt.outcome == journal::Outcome::kQuarantined) {
    return Fault(
        fmt::format("receipt {} told as ever came into quarantine: {}", number, receipt.reason));
  }
  if (receipt.id != draft.identity.id) Fault(fmt::format("receipt {} has another id", number));
  accepted[draft.identity.id] = number;
  if (receipt.sequence == 0) return;
  std::set<Uuid>& there = given[{receipt.stream, receipt.sequence}];
  if (!there.empty() && !there.contains(draft.identity.id)) {
    ++doubled;
    Fault(fmt::format("number {} of {} was given twice", receipt.sequence, receipt.stream));
  }
  there.insert(draft.identity.id);
}

void Oracle::OnSent(const std::string& stream, uint64_t sequence, const journal::Row& row) {
  const std::string place = fmt::format("number {} of {}", sequence, stream);
  const auto known = content.find(row.id);
  if (known == content.end()) {
    const bool opening =
        row.kind == "stream_opened" && row.id == event::OwnEventId("stream_opened", "0042", stream);
    if (!opening && row.kind != "loss") Fault(place + ": an event that nobody told");
  } else if (*known->second != Text(row)) {
    ++altered;
    Fault(place + ": an altered event is sent");
  }
  std::set<Uuid>& there = given[{stream, sequence}];
  if (!there.empty() && !there.contains(row.id)) {
    ++doubled;
    Fault(place + " is sent as another event");
  }
  there.insert(row.id);
  at_centre.insert(row.id);
  if (row.kind != "loss") return;
  const std::string first = Member(row.data, "from"), last = Member(row.data, "through");
  if (first.empty()) return Fault(place + ": a loss without a range");
  const uint64_t from = std::strtoull(first.c_str(), nullptr, 10);
  const uint64_t through = std::strtoull(last.c_str(), nullptr, 10);
  const bool open = row.data.find("\"open\":true") != std::string::npos;
  Declare({Member(row.data, "stream"), from, open ? UINT64_MAX : through});
}

void Oracle::Survey(const std::string& stream, uint64_t sequence, const journal::Row& row) {
  given[{stream, sequence}].insert(row.id);
  auto& known = content[row.id];
  if (known == nullptr) known = std::make_shared<const std::string>(Text(row));
}

void Oracle::Declare(const Declared& loss) {
  if (std::find(declared.begin(), declared.end(), loss) == declared.end()) {
    declared.push_back(loss);
  }
}

bool Oracle::IsDeclared(const Uuid& id) const {
  for (const Declared& loss : declared) {
    auto at = given.lower_bound({loss.stream, loss.first});
    for (; at != given.end() && at->first.first == loss.stream && at->first.second <= loss.last;
         ++at) {
      if (at->second.contains(id)) return true;
    }
  }
  return false;
}

std::vector<int> Oracle::Missing() const {
  std::vector<int> missing;
  for (const auto& [id, number] : accepted) {
    if (!at_centre.contains(id) && !IsDeclared(id)) missing.push_back(number);
  }
  std::sort(missing.begin(), missing.end());
  return missing;
}

std::vector<int> Oracle::DeclaredLost() const {
  std::vector<int> lost;
  for (const auto& [id, number] : accepted) {
    if (!at_centre.contains(id) && IsDeclared(id)) lost.push_back(number);
  }
  return lost;
}

std::string Oracle::Summary() const {
  std::string all;
  for (const std::string& fault : faults) all += (all.empty() ? "" : "; ") + fault;
  return all;
}

}  // namespace tillrelay::testing
