#include "agent/monitor/issue_list.h"

#include <algorithm>

#include "agent/monitor/issue_strings.h"
#include "common/base/json_reader.h"
#include "common/base/json_writer.h"

namespace tillrelay::monitor {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kMoreKind = "more";
constexpr int64_t kHourMs = 3'600'000;

int64_t Ms(Duration time) { return std::chrono::duration_cast<milliseconds>(time).count(); }

WallTime WallOf(int64_t micros) { return WallTime(std::chrono::microseconds(micros)); }

// Cut where a character begins.
std::string Bounded(std::string text) {
  if (text.size() <= IssueList::kMaxText) return text;
  size_t end = IssueList::kMaxText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

Level LevelNamed(std::string_view word) {
  return word == LevelWord(Level::kGreen)   ? Level::kGreen
         : word == LevelWord(Level::kAmber) ? Level::kAmber
                                            : Level::kRed;  // whatever is not known is not better
}

bool WorseFirst(const Issue& a, const Issue& b) {
  if (a.state != b.state) return a.state < b.state;
  if (a.state == IssueState::kHealed) return a.healed_at > b.healed_at;
  if (a.level != b.level) return a.level > b.level;
  return a.since != b.since ? a.since < b.since : a.id() < b.id();
}

Issue MoreThanFit(uint64_t number) {
  Issue more;
  more.kind = kMoreKind;
  more.title = strings::Count(strings::kMoreThanFit, number);
  more.detail = strings::Say(strings::kMoreThanFitDetail, IssueList::kMost);
  more.weight = number;
  return more;
}

}  // namespace

std::string IssueList::BodyOf(const Row& row) {
  const Issue& issue = row.issue;
  std::string body;
  JsonWriter json(&body);
  json.BeginObject().Field("level", LevelWord(issue.level));
  json.Field("kind", issue.kind).Field("key", issue.key);
  json.Field("title", issue.title).Field("detail", issue.detail);
  json.Field("view", issue.view).Field("step", issue.step);
  json.Field("weight", issue.weight).Field("stays", issue.stays);
  json.Field("since", Micros(issue.since)).Field("count", issue.count);
  json.Field("by", issue.by).Field("note", issue.note);
  json.Field("acknowledged_at", Micros(issue.acknowledged_at));
  json.Field("healed_at", Micros(issue.healed_at));
  json.Field("acknowledged_level", LevelWord(row.acknowledged_level));
  json.Field("acknowledged_weight", row.acknowledged_weight);
  json.Field("was_acknowledged", row.was_acknowledged);
  json.Field("known_ms", row.known_ms).EndObject();
  return body;
}

bool IssueList::ReadBody(const journal::IssueRow& kept, Row* row) {
  JsonParser parser;
  std::string body = kept.body;
  const auto root = parser.Parse(body);
  if (!root.ok() || !root->is_object()) return false;
  Issue& issue = row->issue;
  const auto text = [&](const char* name) { return std::string(root->String(name)); };
  const auto number = [&](const char* name) {
    uint64_t value = 0;
    root->Unsigned(name, &value);
    return value;
  };
  const auto time = [&](const char* name) { return WallOf(static_cast<int64_t>(number(name))); };
  issue.level = LevelNamed(root->String("level"));
  issue.kind = text("kind");
  issue.key = text("key");
  issue.title = text("title");
  issue.detail = text("detail");
  issue.view = text("view");
  issue.step = text("step");
  issue.weight = number("weight");
  issue.stays = root->Find("stays").is_true();
  issue.since = time("since");
  issue.count = std::max<uint64_t>(number("count"), 1);
  issue.by = text("by");
  issue.note = text("note");
  issue.acknowledged_at = time("acknowledged_at");
  issue.healed_at = time("healed_at");
  row->acknowledged_level = LevelNamed(root->String("acknowledged_level"));
  row->acknowledged_weight = number("acknowledged_weight");
  row->was_acknowledged = root->Find("was_acknowledged").is_true();
  row->known_ms = static_cast<int64_t>(number("known_ms"));
  // What is not known to be over is open.
  issue.state = kept.state == StateWord(IssueState::kHealed)         ? IssueState::kHealed
                : kept.state == StateWord(IssueState::kAcknowledged) ? IssueState::kAcknowledged
                                                                     : IssueState::kOpen;
  return !issue.kind.empty() && !issue.title.empty() && issue.id() == kept.id;
}

void IssueList::Load(const std::vector<journal::IssueRow>& rows) {
  Lock lock(mutex_);
  for (const journal::IssueRow& kept : rows) {
    Row row;
    if (ReadBody(kept, &row)) rows_.emplace(kept.id, std::move(row));
  }
  DropHealed();
}

bool IssueList::Worse(const Row& row, const Issue& found) {
  return found.level > row.acknowledged_level || found.weight > row.acknowledged_weight;
}

// What it says now. A text that counts minutes is no change that has to be written.
void IssueList::Refresh(Issue&& found, Row* row) {
  Issue& issue = row->issue;
  row->changed = row->changed || issue.level != found.level || issue.weight != found.weight ||
                 issue.title != found.title || (found.stays && issue.detail != found.detail);
  issue.level = found.level;
  issue.weight = found.weight;
  issue.stays = found.stays;
  issue.title = std::move(found.title);
  issue.detail = std::move(found.detail);
  issue.view = std::move(found.view);
  issue.step = std::move(found.step);
}

void IssueList::Heal(const Now& now, Row* row) {
  row->was_acknowledged = row->issue.state == IssueState::kAcknowledged;
  row->issue.state = IssueState::kHealed;
  row->issue.healed_at = now.wall;
  row->healed_tick = now.tick;
  row->changed = true;
}

// It is back. What was gone for a moment only goes on as what it was.
void IssueList::Reopen(Row* row, const Now& now) {
  Issue& issue = row->issue;
  const Duration gone = row->healed_tick != Instant{}
                            ? now.tick - row->healed_tick
                            : std::chrono::abs(Duration(now.wall - issue.healed_at));
  if (gone <= kFold) {
    ++issue.count;
    issue.state = row->was_acknowledged ? IssueState::kAcknowledged : IssueState::kOpen;
  } else {
    issue.count = 1;
    issue.since = now.wall;
    issue.state = IssueState::kOpen;
  }
  if (issue.state == IssueState::kOpen) {
    issue.by.clear();
    issue.note.clear();
    issue.acknowledged_at = {};
  }
  issue.healed_at = {};
  row->known_ms = 0;
  row->changed = true;
}

bool IssueList::Take(Issue found, const Now& now) {
  found.title = Bounded(std::move(found.title));
  found.detail = Bounded(std::move(found.detail));
  found.step = Bounded(std::move(found.step));
  const auto at = rows_.find(found.id());
  if (at == rows_.end()) {
    Row row;
    row.issue = std::move(found);
    row.issue.since = now.wall;
    row.changed = true;
    const std::string id = row.issue.id();
    rows_.emplace(id, std::move(row));
    return true;
  }
  Row& row = at->second;
  const bool worse = Worse(row, found), healed = row.issue.state == IssueState::kHealed;
  if (healed) {
    // A person has seen it, and the facts are still the same.
    if (found.stays && row.was_acknowledged && !worse) return false;
    Reopen(&row, now);
  }
  if (row.issue.state == IssueState::kAcknowledged) {
    if (worse) {
      row.issue.state = IssueState::kOpen;
      row.changed = true;
    } else {
      row.acknowledged_weight = std::min(row.acknowledged_weight, found.weight);
    }
  }
  Refresh(std::move(found), &row);
  return healed;
}

// What stays and was acknowledged is done after a day.
void IssueList::AgeKnown(Row* row, const Now& now) {
  if (!row->issue.stays || row->issue.state != IssueState::kAcknowledged) return;
  const int64_t before = row->known_ms;
  row->known_ms += last_ == Instant{} ? 0 : std::max<int64_t>(0, Ms(now.tick - last_));
  row->changed = row->changed || row->known_ms / kHourMs != before / kHourMs;
  if (row->known_ms >= Ms(kKnown)) Heal(now, row);
}

size_t IssueList::unsettled() const {
  return static_cast<size_t>(std::count_if(rows_.begin(), rows_.end(), [](const auto& row) {
    return row.second.issue.state != IssueState::kHealed;
  }));
}

void IssueList::Update(const Findings& findings, const Now& now) {
  Lock lock(mutex_);
  if (now.tick < last_) return;
  std::map<std::string, bool> seen;
  size_t held = unsettled();
  uint64_t more = 0;
  for (const Issue& issue : findings.found) {
    const std::string id = issue.id();
    const auto at = rows_.find(id);
    const bool fresh = at == rows_.end() || at->second.issue.state == IssueState::kHealed;
    seen[id] = true;
    if (fresh && held >= kMost) {
      ++more;
      continue;
    }
    held += Take(issue, now) ? 1 : 0;
  }
  if (more > 0) Take(MoreThanFit(more), now);
  seen[std::string(kMoreKind)] = more > 0;
  for (auto& [id, row] : rows_) {
    const auto found = seen.find(id);
    const bool reported = found != seen.end() && found->second;
    if (!reported && !row.issue.stays && row.issue.state != IssueState::kHealed) Heal(now, &row);
    AgeKnown(&row, now);
  }
  for (const std::string& id : findings.settled) {
    const auto at = rows_.find(id);
    if (at == rows_.end() || at->second.issue.state == IssueState::kHealed) continue;
    Heal(now, &at->second);
    at->second.was_acknowledged = false;  // were it to come again, it would be new
    at->second.acknowledged_level = Level::kGreen;
    at->second.acknowledged_weight = 0;
  }
  DropHealed();
  last_ = now.tick;
}

Status IssueList::Acknowledge(const std::string& id, const std::string& by, const std::string& note,
                              const Now& now) {
  Lock lock(mutex_);
  const auto at = rows_.find(id);
  if (at == rows_.end() || at->second.issue.state == IssueState::kHealed) {
    return NotFound("no open issue has this name: " + id);
  }
  Row& row = at->second;
  if (row.issue.state == IssueState::kAcknowledged) {
    return Conflict("it has been acknowledged already by " + row.issue.by);
  }
  row.issue.state = IssueState::kAcknowledged;
  row.issue.by = Bounded(by);
  row.issue.note = Bounded(note);
  row.issue.acknowledged_at = now.wall;
  row.acknowledged_level = row.issue.level;
  row.acknowledged_weight = row.issue.weight;
  row.known_ms = 0;
  row.changed = true;
  return Status::Ok();
}

void IssueList::DropHealed() {
  std::vector<std::pair<WallTime, std::string>> healed;
  for (const auto& [id, row] : rows_) {
    if (row.issue.state == IssueState::kHealed) healed.emplace_back(row.issue.healed_at, id);
  }
  if (healed.size() <= kMostHealed) return;
  std::sort(healed.begin(), healed.end());
  for (size_t i = 0; i + kMostHealed < healed.size(); ++i) rows_.erase(healed[i].second);
}

std::vector<Issue> IssueList::All() const {
  std::vector<Issue> all;
  {
    Lock lock(mutex_);
    for (const auto& [id, row] : rows_) all.push_back(row.issue);
  }
  std::sort(all.begin(), all.end(), WorseFirst);
  return all;
}

std::vector<Issue> IssueList::Unsettled() const {
  std::vector<Issue> all = All();
  std::erase_if(all, [](const Issue& issue) { return issue.state == IssueState::kHealed; });
  return all;
}

std::vector<journal::IssueRow> IssueList::TakeChanges(bool all) {
  std::vector<journal::IssueRow> changes;
  Lock lock(mutex_);
  for (auto& [id, row] : rows_) {
    if (!all && !row.changed) continue;
    row.changed = false;
    changes.push_back({id, std::string(StateWord(row.issue.state)), BodyOf(row)});
  }
  return changes;
}

}  // namespace tillrelay::monitor
