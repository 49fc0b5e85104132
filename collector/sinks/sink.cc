#include "collector/sinks/sink.h"

#include <fmt/format.h>

#include <algorithm>

#include "collector/db/lineage.h"
#include "common/base/backoff.h"
#include "common/base/digest.h"
#include "common/base/json_writer.h"
#include "common/base/text.h"
#include "common/event/time_text.h"

namespace tillrelay::collector {
namespace {

using Meaning = SinkAnswer::Meaning;

constexpr uint64_t kPassedAtOnce = 1000;  // positions that are not for a sink, then it is saved
constexpr size_t kMostText = 200;

}  // namespace

SinkMessage MessageOf(const std::string& sink, const Cursor& after, const ChangesAnswer& batch) {
  SinkMessage message;
  JsonWriter json(&message.body);
  json.BeginObject().Field("type", "tillrelay.changes").Field("sink", sink);
  json.Field("after", CursorText(after)).Key("changes");
  const size_t at = message.body.size();
  for (const ChangesAnswer::Entry& entry : batch.each) {
    message.parts.push_back({at + entry.begin, entry.size, entry.store, entry.kind});
  }
  json.Raw(batch.entries);
  json.Field("next", CursorText(batch.next)).EndObject();
  message.id = "msg_" + ToHex(BytesOf(Sha256(message.body))).substr(0, 32);
  return message;
}

Sink::Sink(SinkConfig config, SinkDeps deps)
    : config_(std::move(config)),
      deps_(std::move(deps)),
      clock_(*deps_.clock),
      witness_(deps_.witness_path) {}

std::string Sink::NowText() const { return event::UtcText(clock_.Wall()); }

Duration Sink::Step() {
  auto wait = Work();
  if (wait.ok()) {
    troubles_ = 0;
    troubled_.Clear();
    return *wait;
  }
  troubled_.Report(fmt::format("sink {} waits: {}", config_.name, wait.status().message()),
                   clock_.Now());
  return Backoff(kRetryLeast, kRetryMost, troubles_++);
}

Result<Duration> Sink::Work() {
  auto sql = deps_.reader();
  if (!sql.ok()) return std::move(sql).status();
  auto row = ReadSink(*sql, config_.name);
  if (!row.ok()) return std::move(row).status();
  if (lease_ && (!*row || (*row)->epoch != lease_->epoch)) {
    log::Warning("sinks", "sink {} is delivered by another collector now", config_.name);
    lease_.reset();
  }
  if (lease_) return WorkOn(*sql, **row);
  TRY(Take(*sql, *row));
  return lease_ ? Duration::zero() : Duration(kPoll);
}

Result<Duration> Sink::WorkOn(Sql* sql, const SinkRow& row) {
  if (row.orders != orders_) {
    orders_ = row.orders;
    retry_at_ = {};
    failures_ = static_cast<int>(row.failures);
    passed_.reset();
  }
  TRY(RenewIfDue());
  if (row.paused || !row.halted.empty()) return Duration(kPoll);
  const Instant now = clock_.Now();
  if (now < retry_at_) return std::min<Duration>(retry_at_ - now, kPoll);
  auto halted = HaltIfRestored(sql, row);
  if (!halted.ok()) return std::move(halted).status();
  return *halted ? Result<Duration>(Duration(kPoll)) : Deliver(sql, row);
}

// What was taken must have its place in this history; a row that is of an older time than the
// witness was set back together with its database.
Result<bool> Sink::HaltIfRestored(Sql* sql, const SinkRow& row) {
  auto witnessed = witness_.Read();
  if (!witnessed.ok()) return std::move(witnessed).status();
  if (!*witnessed || (*witnessed)->lineage < row.lineage) return false;
  const Cursor& taken = (*witnessed)->cursor;
  const bool older = (*witnessed)->lineage > row.lineage;
  if (!older && verified_ && taken.at.position <= row.cursor.at.position) return false;
  Status placed = older ? Conflict("the database is of an older time") : CheckCursor(sql, taken);
  verified_ = placed.ok() || placed.code() == Code::kNotFound;
  if (verified_) return false;
  if (placed.code() != Code::kConflict) return placed;
  TRY(Halt(kHaltedRestored, fmt::format("the receiver has taken {}, which has no place here: {}",
                                        CursorText(taken), placed.message())));
  return true;
}

Result<Duration> Sink::Deliver(Sql* sql, const SinkRow& row) {
  const bool ahead = passed_ && passed_->at.position > row.cursor.at.position && row.sending == 0;
  const bool singly = row.cursor.at.position < singly_through_;
  ChangesQuestion question;
  question.cursor = ahead ? *passed_ : row.cursor;
  question.limit = singly ? 1 : static_cast<uint64_t>(config_.batch);
  question.with_data = config_.data;
  question.bytes = kMostBytes;
  question.through = row.sending > row.cursor.at.position ? row.sending : 0;
  question.stores = {config_.stores.begin(), config_.stores.end()};
  question.kinds = {config_.kinds.begin(), config_.kinds.end()};
  auto batch = ReadChanges(sql, question);
  if (batch.ok()) return batch->count == 0 ? Pass(row, *batch) : Try(row, *batch);
  const Code code = batch.status().code();
  if (code != Code::kConflict && code != Code::kNotFound) return std::move(batch).status();
  TRY(Halt(code == Code::kConflict ? kHaltedRestored : kHaltedPurged, batch.status().message()));
  return Duration(kPoll);
}

// Nothing of it is for this sink.
Result<Duration> Sink::Pass(const SinkRow& row, const ChangesAnswer& batch) {
  passed_ = batch.next;
  const bool many = batch.next.at.position >= row.cursor.at.position + kPassedAtOnce;
  if (many || row.sending > 0) {
    auto moved = Update([&](SinkRow* r) {
      if (r->cursor.at.position != row.cursor.at.position) return false;
      r->cursor = batch.next;
      r->sending = 0;
      return true;
    });
    if (!moved.ok()) return std::move(moved).status();
  }
  return batch.more() ? Duration::zero() : Duration(kPoll);
}

Result<Duration> Sink::Try(const SinkRow& row, const ChangesAnswer& batch) {
  auto claimed = Update([&](SinkRow* r) {
    const bool same = r->cursor.at.position == row.cursor.at.position && r->orders == row.orders;
    if (!same || r->paused || !r->halted.empty()) return false;
    r->sending = batch.next.at.position;
    return true;
  });
  if (!claimed.ok()) return std::move(claimed).status();
  const auto longest = 2 * std::chrono::seconds(config_.timeout_s);  // a name is looked up as well
  if (!*claimed || lease_->until - clock_.Now() < longest) return Duration::zero();
  const SinkAnswer answer = deps_.send(MessageOf(config_.name, row.cursor, batch));
  if (answer.meaning == Meaning::kTaken) return AfterTaken(row, batch.next);
  if (deps_.stopping()) return Duration(kPoll);
  if (answer.meaning == Meaning::kLater) return AfterFailure(answer);
  return AfterRefusal(batch, answer);
}

Result<Duration> Sink::AfterTaken(const SinkRow& row, const Cursor& next) {
  ++counters_.taken;
  if (Status saved = witness_.Save({row.lineage, next}); !saved.ok()) {
    log::Error("sinks", "sink {}: a database that is set back may not be noticed: {}", config_.name,
               saved.message());
  }
  if (failures_ > 0) log::Info("sinks", "sink {} takes again what it is sent", config_.name);
  failures_ = 0;
  retry_at_ = {};
  auto moved = Update([&](SinkRow* r) {
    if (r->cursor.at.position != row.cursor.at.position || r->lineage != row.lineage) return false;
    r->cursor = next;
    r->sending = r->failures = 0;
    r->failure.clear();
    r->delivered_at = NowText();
    return true;
  });
  if (!moved.ok()) return std::move(moved).status();
  return Duration::zero();
}

Result<Duration> Sink::AfterFailure(const SinkAnswer& answer) {
  ++counters_.failed;
  const Duration wait =
      std::max<Duration>(Backoff(kRetryLeast, kRetryMost, failures_++), answer.retry_after);
  retry_at_ = clock_.Now() + wait;
  const std::string text = Printable(answer.text, kMostText);
  if (failures_ == 1) log::Warning("sinks", "sink {} is tried again: {}", config_.name, text);
  auto noted = Update([&](SinkRow* r) {
    ++r->failures;
    r->failure = text;
    r->failed_at = NowText();
    return true;
  });
  if (!noted.ok()) return std::move(noted).status();
  return std::min<Duration>(wait, kPoll);
}

// One change of the message may be what is refused: they are sent one by one, so that everything
// before it is taken and a person sees which one it is.
Result<Duration> Sink::AfterRefusal(const ChangesAnswer& batch, const SinkAnswer& answer) {
  ++counters_.refused;
  const bool gone = answer.meaning == Meaning::kGone;
  if (!gone && batch.count > 1) {
    singly_through_ = batch.next.at.position;
    return Duration::zero();
  }
  TRY(Halt(gone ? kHaltedGone : kHaltedRefused, Printable(answer.text, kMostText)));
  return Duration(kPoll);
}

Status Sink::Halt(std::string_view why, const std::string& text) {
  auto halted = Update([&](SinkRow* row) {
    row->halted = why;
    row->failure = text;
    row->failed_at = NowText();
    ++row->failures;
    return true;
  });
  if (!halted.ok()) return std::move(halted).status();
  if (*halted) log::Error("sinks", "sink {} is halted ({}): {}", config_.name, why, text);
  return Status::Ok();
}

}  // namespace tillrelay::collector
