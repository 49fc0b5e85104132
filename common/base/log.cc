#include "common/base/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <memory>

#include "common/base/mutex.h"
#include "common/base/text.h"

namespace tillrelay::log {
namespace {

constexpr size_t kLineLimit = 2000;
std::string (*g_scrub)(std::string_view) = nullptr;

// %P: the journal's priority prefix, sd-daemon(3).
class PriorityFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const char* prefix = message.level >= spdlog::level::err    ? "<3>"
                         : message.level == spdlog::level::warn ? "<4>"
                                                                : "<6>";
    out.append(prefix, prefix + 3);
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<PriorityFlag>();
  }
};

spdlog::level::level_enum Native(Level level) {
  switch (level) {
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::shared_ptr<spdlog::logger> MakeLogger() {
  auto logger = std::make_shared<spdlog::logger>("tillrelay",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  const bool under_systemd = std::getenv("JOURNAL_STREAM") != nullptr;
  formatter->add_flag<PriorityFlag>('P').set_pattern(under_systemd ? "%P%v"
                                                                   : "%Y-%m-%dT%H:%M:%S.%eZ %l %v");
  logger->set_formatter(std::move(formatter));
  logger->flush_on(spdlog::level::trace);
  return logger;
}

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = MakeLogger();
  return *logger;
}

// What was written last, for the page.
class Ring {
 public:
  void Add(Level level, std::string text) {
    const SystemClock clock;  // as the line on standard error has it
    Lock lock(mutex_);
    bytes_ += text.size();
    lines_.push_back({clock.Wall(), level, std::move(text)});
    while (lines_.size() > kKeptLines || bytes_ > kKeptBytes) {
      bytes_ -= lines_.front().text.size();
      lines_.pop_front();
    }
  }
  std::vector<Line> Last(Level least, size_t limit) {
    std::vector<Line> lines;
    Lock lock(mutex_);
    for (auto line = lines_.rbegin(); line != lines_.rend() && lines.size() < limit; ++line) {
      if (line->level >= least) lines.push_back(*line);
    }
    std::reverse(lines.begin(), lines.end());
    return lines;
  }

 private:
  Mutex mutex_;
  // Guarded by mutex_:
  std::deque<Line> lines_ GUARDED_BY(mutex_);
  size_t bytes_ GUARDED_BY(mutex_) = 0;
};

Ring& RecentLines() {
  static Ring ring;
  return ring;
}

}  // namespace

std::vector<Line> Recent(Level least, size_t limit) { return RecentLines().Last(least, limit); }

void Setup(Level least, std::string (*scrub)(std::string_view)) {
  g_scrub = scrub;
  SetLevel(least);
}

void SetLevel(Level least) { Logger().set_level(Native(least)); }

void Write(Level level, std::string_view room, std::string_view text) {
  if (!Logger().should_log(Native(level))) return;
  std::string line = Printable(text, kLineLimit);
  if (g_scrub != nullptr) line = g_scrub(line);
  Logger().log(Native(level), "{}: {}", room, line);
  RecentLines().Add(level, fmt::format("{}: {}", room, line));
}

void RateLimitedLog::Report(std::string_view text, Instant now) {
  const bool again = written_ && (per_ == Per::kKind || text == last_);
  if (again && now - written_at_ < kEvery) {
    ++suppressed_;
    return;
  }
  const std::string tail =
      again && suppressed_ > 0 ? fmt::format(" ({} times since)", suppressed_ + 1) : "";
  Write(level_, room_, fmt::format("{}{}", text, tail));
  last_ = text;
  written_ = true;
  written_at_ = now;
  suppressed_ = 0;
}

void RateLimitedLog::Clear() {
  written_ = false;
  suppressed_ = 0;
}

}  // namespace tillrelay::log
