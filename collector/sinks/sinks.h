// What: the sinks of this process, each on a thread of its own with a reading connection of its
//   own; what is written goes through the thread that owns the writing connection.
// Promise: one that is slow or fails does not keep another one, nor the collector.
// Thread: the owner's.
// Errors: of Make: invalid, a secret or a file that cannot be used.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "collector/db/write_queue.h"
#include "collector/sinks/sink.h"

namespace tillrelay::collector {

// What one sink needs beyond its configuration.
struct SinkSetup {
  SinkConfig config;
  std::string secret;          // the text of its file, if it has one
  std::string ca_file;         // the path
  std::function<void()> beat;  // called at least every 150 s
  std::string witness_path;
};

// Whether Sinks would take it.
Status CheckSink(const SinkSetup& setup);

class Sinks {
 public:
  struct Deps {
    const Clock* clock = nullptr;
    WriteQueue* writes = nullptr;
    std::string database, owner;
    bool alone = false;
  };
  static Result<std::unique_ptr<Sinks>> Make(std::vector<SinkSetup> setups, const Deps& deps);
  ~Sinks();
  void Start();
  // Ends what is being sent; the writing thread must still run.
  void Stop();
  // By name, since the start. Any thread.
  std::map<std::string, SinkCounters> Counters() const;

 private:
  class Worker;
  Sinks();
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace tillrelay::collector
