// What: the stages of the program: started in order, stopped in reverse, each with its patience.
// Promise: if a stage does not start, those before it are stopped and its failure is returned. A
//   stage that started is stopped exactly once.
// Thread: main.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "common/base/status.h"

namespace tillrelay::service {

struct Stage {
  std::string name;
  std::function<Status()> start;
  // Must return within the patience it is given.
  std::function<void(std::chrono::milliseconds)> stop;
  std::chrono::milliseconds patience{5000};
};

class Lifecycle {
 public:
  ~Lifecycle() { Stop(); }
  Lifecycle() = default;
  Lifecycle(const Lifecycle&) = delete;
  Lifecycle& operator=(const Lifecycle&) = delete;

  void Add(Stage stage) { stages_.push_back(std::move(stage)); }
  // "<stage>: <failure>" if one fails.
  Status Start();
  // `before` is told each stage's name and patience, so that the service manager can be asked for
  // that time.
  using BeforeStop = std::function<void(const std::string&, std::chrono::milliseconds)>;
  void Stop(const BeforeStop& before = {});

 private:
  std::vector<Stage> stages_;
  size_t started_ = 0;
};

}  // namespace tillrelay::service
