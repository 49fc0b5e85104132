// What: reading the configuration again: asked for by SIGHUP or over the control socket, done on
//   the main thread, told to everybody who asked.
// Promise: the log level changes at once; every other changed key is named and used after a
//   restart. A wrong configuration changes nothing.
// Thread: AddRoute before the server starts; its requests come on http; the rest on main.
// Limits: 16 requests may wait; more are told 503.
#pragma once

#include <string>
#include <vector>

#include "agent/config/config.h"
#include "common/base/log.h"
#include "common/base/mutex.h"
#include "common/http/router.h"
#include "common/service/signals.h"

namespace tillrelay {

log::Level LogLevelOf(const std::string& word);

class ConfigReloader {
 public:
  ConfigReloader(const config::Config* running, std::string path, service::Signals* signals);

  void AddRoute(http::Router* control);
  // Somebody on the control socket waits for a reload.
  bool asked();
  // Reads, applies, logs, and answers those who wait.
  void Reload();

 private:
  static constexpr size_t kMaxWaiting = 16;
  void Ask(const http::Responder& responder);
  http::Response Apply();

  const config::Config& running_;
  const std::string path_;
  service::Signals& signals_;
  std::string log_level_;
  // Guarded by mutex_:
  Mutex mutex_;
  std::vector<http::Responder> waiting_ GUARDED_BY(mutex_);
};

}  // namespace tillrelay
