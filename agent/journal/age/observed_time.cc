#include "agent/journal/age/observed_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "common/base/digest.h"

namespace tillrelay::journal {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr size_t kSealDigits = 16;
constexpr SeenMs kLongest = SeenMs{1} << 52;  // some 140,000 years

SeenMs Ms(Duration time) { return duration_cast<milliseconds>(time).count(); }

// Between two readings of a wall clock, which may be centuries apart.
SeenMs MsBetween(WallTime from, WallTime to) {
  return std::clamp((Micros(to) / 1000) - (Micros(from) / 1000), -kLongest, kLongest);
}

std::string SealOf(std::string_view text) {
  return ToHex(BytesOf(Sha256(text))).substr(0, kSealDigits);
}

// The next number of a text of numbers, each followed by a blank.
bool Next(std::string_view* text, int64_t* number) {
  const size_t blank = text->find(' ');
  if (blank == std::string_view::npos) return false;
  const char* end = text->data() + blank;
  const auto read = std::from_chars(text->data(), end, *number);
  text->remove_prefix(blank + 1);
  return read.ec == std::errc() && read.ptr == end;
}

}  // namespace

bool ObservedTime::Observe(Instant tick, WallTime wall) {
  if (tick_ && tick > *tick_) {
    below_ms_ += tick - *tick_;
    const SeenMs whole = Ms(below_ms_);
    now_ += whole;
    below_ms_ -= milliseconds(whole);
  }
  const bool first = !tick_.has_value();
  if (first || tick > *tick_) tick_ = tick;
  if (!first && !runs_.empty()) {
    const SeenMs apart = MsBetween(runs_.back().wall, wall) - (now_ - runs_.back().from);
    if (apart <= Ms(kJump) && apart >= -Ms(kJump)) return false;
  }
  runs_.push_back({now_, wall});
  if (runs_.size() > kMaxRuns) runs_.erase(runs_.begin());
  return true;
}

bool ObservedTime::Agree(Instant at, WallTime own) {
  if (!tick_ || at > *tick_) return false;
  const SeenMs seen = now_ - Ms(*tick_ - at);
  if (!anchor_) {
    anchor_ = Anchor{own, seen};
    return false;
  }
  // A pair of clocks that both went back proves nothing; what they showed last stands.
  if (own < anchor_->wall) return false;
  const SeenMs passed = MsBetween(anchor_->wall, own) - Ms(kTolerance);
  const SeenMs unseen = std::min(passed - (seen - anchor_->at), Ms(kMostCredit));
  const SeenMs after = anchor_->at;
  anchor_ = Anchor{own, seen};
  if (unseen <= 0) return false;
  credits_.push_back({after, unseen});
  if (credits_.size() > kMaxCredits) credits_.erase(credits_.begin());
  return true;
}

// What was unseen after a stamp has passed since; what was unseen before it has not. A stamp that
// is the same as a credit's may have been given after it.
SeenMs ObservedTime::Cutoff(Duration keep) const {
  SeenMs unseen = 0;
  for (auto credit = credits_.rbegin(); credit != credits_.rend(); ++credit) {
    const SeenMs stamp = now_ + unseen - Ms(keep);
    if (stamp >= credit->after) return stamp;
    unseen += credit->ms;
    if (now_ + unseen - Ms(keep) >= credit->after - 1) return credit->after - 1;
  }
  return now_ + unseen - Ms(keep);
}

Duration ObservedTime::AgeOfStamp(SeenMs stamp) const {
  SeenMs age = now_ - stamp;
  for (const Credit& credit : credits_) {
    if (credit.after > stamp) age += credit.ms;
  }
  return milliseconds(std::max<SeenMs>(age, 0));
}

// The same stamp may have been shown in several runs, or between two while the service was off: the
// latest moment that fits counts. What is from before the first run is at least as old as that;
// what fits nowhere else is from before this start.
Duration ObservedTime::AgeOf(WallTime wall) const {
  if (runs_.empty()) return Duration(0);
  std::optional<SeenMs> latest;
  const auto fits = [&latest](SeenMs at) { latest = std::max(latest.value_or(at), at); };
  for (size_t i = 0; i < runs_.size(); ++i) {
    const Run& run = runs_[i];
    const bool last = i + 1 == runs_.size();
    const SeenMs end = last ? now_ : runs_[i + 1].from, length = end - run.from;
    const SeenMs into = MsBetween(run.wall, wall);
    if (into >= -Ms(kJump) && into <= length + Ms(kJump)) {
      fits(run.from + std::clamp<SeenMs>(into + Ms(kJump), 0, length));
    } else if (into > length && !last && wall < runs_[i + 1].wall) {
      const SeenMs off = MsBetween(run.wall, runs_[i + 1].wall) - length;
      if (off <= Ms(kMostCredit)) fits(end);
    }
  }
  if (!latest && wall < runs_.front().wall) latest = runs_.front().from;
  const bool shown = MsBetween(runs_.back().wall, wall) <= now_ - runs_.back().from;
  if (!latest && shown) latest = started_;
  return latest ? AgeOfStamp(*latest) : Duration(0);
}

WallTime ObservedTime::LastShown() const {
  if (runs_.empty()) return WallTime{};
  return runs_.back().wall + milliseconds(now_ - runs_.back().from);
}

std::string ObservedTime::Text() const {
  std::string text = fmt::format("1 {} ", now_);
  text += anchor_ ? fmt::format("1 {} {} ", Micros(anchor_->wall), anchor_->at) : "0 ";
  text += fmt::format("{} ", credits_.size());
  for (const Credit& credit : credits_) text += fmt::format("{} {} ", credit.after, credit.ms);
  return text + SealOf(text);
}

std::optional<ObservedTime> ObservedTime::Read(std::string_view text) {
  if (text.size() < kSealDigits) return std::nullopt;
  std::string_view numbers = text.substr(0, text.size() - kSealDigits);
  if (SealOf(numbers) != text.substr(numbers.size())) return std::nullopt;
  ObservedTime time;
  int64_t version = 0, anchored = 0, credits = 0;
  if (!Next(&numbers, &version) || version != 1) return std::nullopt;
  if (!Next(&numbers, &time.now_) || !Next(&numbers, &anchored)) return std::nullopt;
  if (anchored != 0) {
    int64_t wall = 0;
    Anchor& anchor = time.anchor_.emplace(Anchor{});
    if (!Next(&numbers, &wall) || !Next(&numbers, &anchor.at)) return std::nullopt;
    anchor.wall = WallTime(std::chrono::microseconds(wall));
  }
  if (!Next(&numbers, &credits)) return std::nullopt;
  for (int64_t i = 0; i < credits; ++i) {
    Credit& credit = time.credits_.emplace_back();
    if (!Next(&numbers, &credit.after) || !Next(&numbers, &credit.ms)) return std::nullopt;
  }
  return time;
}

void ObservedTime::Restore(std::vector<Run> runs, SeenMs highest) {
  now_ = std::max(now_, highest);
  runs_ = std::move(runs);
  // A start takes longer than this: each run has a stamp of its own.
  if (!runs_.empty()) now_ = std::max(now_, runs_.back().from + 1);
  started_ = now_;
}

}  // namespace tillrelay::journal
