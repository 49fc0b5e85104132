#include "collector/ledger/store_days.h"

#include <algorithm>
#include <map>
#include <vector>

#include "collector/ledger/reconciliation.h"
#include "common/base/json_reader.h"
#include "common/base/text.h"
#include "common/event/bounds.h"
#include "common/event/item_rules.h"
#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

constexpr uint64_t kPositionsAtOnce = 5000;

const Statement kMark(
    "SELECT d.position, h.position FROM detector d CROSS JOIN head h WHERE d.name = 'store_day'",
    "");
const Statement kSaveMark("UPDATE detector SET position = r.a FROM {rows} WHERE name = 'store_day'",
                          "a#");
const Statement kReceived(
    "WITH span AS (SELECT r.a, r.b FROM {rows})"
    " SELECT p.store_id, p.business_day, COUNT(*) FROM receipt p"
    " WHERE p.position > (SELECT a FROM span) AND p.position <= (SELECT b FROM span)"
    " AND p.business_day <> '' GROUP BY p.store_id, p.business_day",
    "a# b#");
const Statement kCloses(
    "WITH span AS (SELECT r.a, r.b FROM {rows})"
    " SELECT e.position, e.store_id, e.body FROM event e WHERE e.kind = 'day_closed'"
    " AND e.position > (SELECT a FROM span) AND e.position <= (SELECT b FROM span)"
    " ORDER BY e.position",
    "a# b#");
const Statement kSaveClose(
    "INSERT INTO day_close (store_id, business_day, position) SELECT r.a, r.b, r.c FROM {rows}"
    " WHERE true ON CONFLICT DO NOTHING",
    "a b c#");
// What comes after a person has signed opens the day again.
const Statement kTouch(
    "INSERT INTO store_day (store_id, business_day, received, closes, dirty, judged_at)"
    " SELECT r.a, r.b, r.c, r.d, 1, r.e FROM {rows} WHERE true"
    " ON CONFLICT (store_id, business_day) DO UPDATE SET"
    " received = store_day.received + excluded.received,"
    " closes = store_day.closes + excluded.closes, dirty = 1,"
    " reopened_at = CASE WHEN store_day.signed_at = '' THEN store_day.reopened_at"
    " ELSE excluded.judged_at END, signed_at = '', signed_by = '', signed_note = ''",
    "a b c# d# e");
const Statement kDirty(
    "SELECT store_id, business_day, received FROM store_day WHERE dirty = 1 AND closes > 0 LIMIT 1",
    "");
const Statement kSaveJudged(
    "UPDATE store_day SET dirty = 0, result = r.c, agrees = r.d, blocks = r.e, late = r.f,"
    " registers = r.g, difference = r.h, currency = r.i, judged_at = r.j, sold = r.k,"
    " returned = r.l, returns_off = r.m,"
    " closed_at = CASE WHEN closed_at = '' THEN r.j ELSE closed_at END FROM {rows}"
    " WHERE store_day.store_id = r.a AND store_day.business_day = r.b",
    "a b c d# e f# g h# i j k# l# m");
const Statement kBefore(
    "SELECT d.sold, d.returned FROM {rows} JOIN store_day d ON d.store_id = r.a"
    " AND d.business_day < r.b AND d.sold + d.returned >= r.c ORDER BY d.business_day DESC LIMIT "
    "28",
    "a b c#");
const Statement kDay(
    "SELECT d.closes, d.blocks, CASE WHEN d.dirty <> 0 OR EXISTS (SELECT 1 FROM receipt p"
    " WHERE p.store_id = r.a AND p.business_day = r.b AND p.position > m.position) OR EXISTS"
    " (SELECT 1 FROM event e WHERE e.position > m.position AND e.store_id = r.a"
    " AND e.kind = 'day_closed') THEN 1 ELSE 0 END,"
    " (SELECT COUNT(*) FROM gap g WHERE g.store_id = r.a)"
    " FROM {rows} JOIN detector m ON m.name = 'store_day' JOIN store_day d ON d.store_id = r.a AND "
    "d.business_day = r.b",
    "a b");
const Statement kSign(
    "UPDATE store_day SET signed_at = r.c, signed_by = r.d, signed_note = r.e FROM {rows}"
    " WHERE store_day.store_id = r.a AND store_day.business_day = r.b",
    "a b c d e");
const Statement kAudit(
    "INSERT INTO exception_audit (store_id, kind, subject, number, at, actor, token, state,"
    " assignee, note) SELECT r.a, 'store_day', r.b, (SELECT COALESCE(MAX(o.number), 0) + 1 FROM"
    " exception_audit o WHERE o.store_id = r.a AND o.kind = 'store_day' AND o.subject = r.b),"
    " r.c, r.d, r.e, r.f, '', r.g FROM {rows} WHERE true",
    "a b c d e f g");

struct Touched {
  uint64_t received = 0, closes = 0;
};

Result<std::string> ReturnsOff(Sql* sql, const std::string& store, const std::string& day,
                               const ReturnCounts& counts, int64_t least_percent) {
  if (counts.receipts() < kLeastReceipts) return std::string();
  Input past(kBefore);
  auto rows = sql->Run(kBefore, past.Text(store).Text(day).Int(kLeastReceipts));
  if (!rows.ok()) return std::move(rows).status();
  std::vector<ReturnCounts> before;
  for (size_t i = 0; i < rows->size(); ++i) before.push_back({rows->Int(i, 0), rows->Int(i, 1)});
  return FarFromUsual(counts, before, least_percent);
}

Result<bool> JudgeNext(Sql* sql, const std::string& now, int64_t least_percent) {
  auto dirty = sql->Run(kDirty);
  if (!dirty.ok()) return std::move(dirty).status();
  if (dirty->empty()) return false;
  const std::string &store = dirty->Text(0, 0), &day = dirty->Text(0, 1);
  auto judged = JudgeDay(sql, store, day);
  if (!judged.ok()) return std::move(judged).status();
  // What is left of a day does not tell how it was.
  if (judged->documents < dirty->Unsigned(0, 2)) {
    judged->blocks = "the day: documents of it were deleted by age";
  }
  auto off = ReturnsOff(sql, store, day, judged->returns, least_percent);
  if (!off.ok()) return std::move(off).status();
  Input save(kSaveJudged);
  save.Text(store).Text(day).Text(judged->result).Int(int64_t{judged->agrees});
  save.Text(judged->blocks).Int(judged->late).Text(judged->registers).Int(judged->difference);
  save.Text(judged->currency).Text(now);
  save.Int(judged->returns.sold).Int(judged->returns.returned).Text(*off);
  TRY(sql->Begin());
  TRY(sql->Queue(kSaveJudged, save));
  TRY(sql->Commit());
  return true;
}

Status CheckSigning(const DaySigning& signing) {
  if (!IsName(signing.store)) return Invalid("that is no store id");
  if (!event::IsDay(signing.business_day)) return Invalid("the day is not YYYY-MM-DD");
  if (event::WithoutBlanks(signing.actor).empty() || !event::FaultOfId(signing.actor).empty()) {
    return Invalid("actor names who signs");
  }
  const bool blank = !signing.note.empty() && event::WithoutBlanks(signing.note).empty();
  if (blank) return Invalid("note says nothing");
  const bool text = signing.note.empty() || event::FaultOfText(signing.note).empty();
  return text ? Status::Ok() : Invalid("note is no text");
}

}  // namespace

// The documents above the mark; each is looked at once.
Result<bool> StoreDays::Follow(Sql* sql, const std::string& now) {
  auto mark = sql->Run(kMark);
  if (!mark.ok()) return std::move(mark).status();
  if (mark->empty()) return Corrupt("the days have no mark");
  const uint64_t after = mark->Unsigned(0, 0), head = mark->Unsigned(0, 1);
  if (head <= after) return false;
  const uint64_t through = std::min(head, after + kPositionsAtOnce);
  Input span(kReceived), closes(kCloses);
  span.Int(after).Int(through);
  closes.Int(after).Int(through);
  auto rows = sql->RunAll({{&kReceived, &span}, {&kCloses, &closes}});
  if (!rows.ok()) return std::move(rows).status();
  std::map<std::pair<std::string, std::string>, Touched> touched;
  const Rows &received = (*rows)[0], &closed = (*rows)[1];
  for (size_t i = 0; i < received.size(); ++i) {
    touched[{received.Text(i, 0), received.Text(i, 1)}].received = received.Unsigned(i, 2);
  }
  Input close(kSaveClose), touch(kTouch), done(kSaveMark);
  JsonParser parser;
  for (size_t i = 0; i < closed.size(); ++i) {
    std::string body = closed.Text(i, 2);
    auto data = parser.Parse(body);
    const std::string day(data.ok() ? data->Find("close").String("business_day") : "");
    if (!event::IsDay(day)) continue;
    ++touched[{closed.Text(i, 1), day}].closes;
    close.Text(closed.Text(i, 1)).Own(day).Int(closed.Unsigned(i, 0));
  }
  for (const auto& [key, count] : touched) {
    touch.Text(key.first).Text(key.second).Int(count.received).Int(count.closes).Text(now);
  }
  TRY(sql->Begin());
  TRY(sql->Queue(kSaveClose, close));
  TRY(sql->Queue(kTouch, touch));
  TRY(sql->Queue(kSaveMark, done.Int(through)));
  TRY(sql->Commit());
  return true;
}

Result<bool> StoreDays::Step(Sql* sql, const std::string& now, int64_t returns_off_percent) {
  auto followed = Follow(sql, now);
  if (!followed.ok() || *followed) return followed;
  return JudgeNext(sql, now, returns_off_percent);
}

Status SignDay(Sql* sql, const DaySigning& signing, const std::string& now) {
  TRY(CheckSigning(signing));
  Input one(kDay), sign(kSign), audit(kAudit);
  auto day = sql->Run(kDay, one.Text(signing.store).Text(signing.business_day));
  if (!day.ok()) return std::move(day).status();
  if (day->empty()) return NotFound("nothing of that day has come");
  if (signing.is_signed) {
    if (day->Int(0, 0) == 0) return Conflict("no register has closed it");
    if (day->Int(0, 2) != 0) return Conflict("something has just come; it is being judged");
    const std::string why = day->Int(0, 3) > 0 ? "events are missing" : day->Text(0, 1);
    if (!why.empty() && signing.note.empty()) {
      return Invalid("a note says why it is signed all the same: " + why);
    }
  }
  sign.Text(signing.store).Text(signing.business_day);
  const auto of_signature = [&](std::string_view text) {
    return signing.is_signed ? text : std::string_view();
  };
  sign.Text(of_signature(now)).Text(of_signature(signing.actor));
  TRY(sql->Queue(kSign, sign.Text(of_signature(signing.note))));
  audit.Text(signing.store).Text(signing.business_day).Text(now).Text(signing.actor);
  audit.Text(signing.token).Text(signing.is_signed ? "signed" : "open").Text(signing.note);
  return sql->Queue(kAudit, audit);
}

}  // namespace tillrelay::collector
