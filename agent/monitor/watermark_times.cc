#include "agent/monitor/watermark_times.h"

#include <algorithm>

namespace tillrelay::monitor {

void WatermarkTimes::Saw(const Sample& look) {
  Lock lock(mutex_);
  if (look.stream != stream_) {
    stream_ = look.stream;
    before_ = look.through;
    for (auto& marks : marks_) marks.clear();
    return;
  }
  for (size_t kind = 0; kind < kKinds; ++kind) {
    auto& marks = marks_[kind];
    const uint64_t last = marks.empty() ? before_[kind] : marks.back().through;
    if (look.through[kind] <= last) continue;
    if (marks.size() >= kMaxMarks) {  // the later of two stays: it is true of both
      for (size_t i = 0; i < kMaxMarks / 2; ++i) marks[i] = marks[2 * i + 1];
      marks.resize(kMaxMarks / 2);
    }
    marks.push_back({look.through[kind], look.at});
  }
}

WallTime WatermarkTimes::When(Kind kind, const std::string& stream, uint64_t sequence) const {
  Lock lock(mutex_);
  if (stream != stream_ || sequence <= before_[kind]) return {};
  const auto& marks = marks_[kind];
  const auto mark = std::lower_bound(marks.begin(), marks.end(), sequence,
                                     [](const Mark& m, uint64_t n) { return m.through < n; });
  return mark == marks.end() ? WallTime{} : mark->at;
}

}  // namespace tillrelay::monitor
