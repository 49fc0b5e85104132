#include "common/http/live_source.h"

namespace tillrelay::http {

void LiveSource::Advance(Instant now) {
  if (tick_ > 0 && now - ticked_at_ < options_.interval) return;
  ++tick_;
  ticked_at_ = now;
  whole_.reset();
  std::string text = options_.difference();
  difference_ = text.empty() ? nullptr : std::make_shared<const std::string>(std::move(text));
}

LiveSource::Text LiveSource::Since(uint64_t* seen, Instant now) {
  Advance(now);
  if (*seen == tick_) return nullptr;
  const bool follows = *seen > 0 && *seen + 1 == tick_;
  *seen = tick_;
  if (follows) return difference_;
  if (whole_ == nullptr) whole_ = std::make_shared<const std::string>(options_.whole());
  return whole_;
}

}  // namespace tillrelay::http
