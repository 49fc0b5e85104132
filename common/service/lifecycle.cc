#include "common/service/lifecycle.h"

namespace tillrelay::service {

Status Lifecycle::Start() {
  while (started_ < stages_.size()) {
    const Stage& stage = stages_[started_];
    if (Status status = stage.start(); !status.ok()) {
      Stop();
      return std::move(status).Within(stage.name);
    }
    ++started_;
  }
  return Status::Ok();
}

void Lifecycle::Stop(const BeforeStop& before) {
  while (started_ > 0) {
    const Stage& stage = stages_[--started_];
    if (before) before(stage.name, stage.patience);
    if (stage.stop) stage.stop(stage.patience);
  }
}

}  // namespace tillrelay::service
