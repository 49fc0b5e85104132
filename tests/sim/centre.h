// What: head office in the simulation: the real collector on a real SQLite file; it may die, be set
//   back to a backup, and, to show what it is good for, lose its set of ids.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "collector/service/collector.h"
#include "tests/sim/node.h"

namespace tillrelay::sim {

class Centre {
 public:
  explicit Centre(World* world) : world_(*world) {}
  void Start();
  void Stop();
  void Backup();
  bool has_backup() const { return has_backup_; }
  void Restore();
  bool running() const { return collector_ != nullptr; }

  void Tick();
  Instant NextDeadline() const;
  // No id is known to have counted: what comes under another number counts again.
  void ForgetIds();

  std::set<std::string> Counted();
  // Ids whose bodies have not come.
  std::set<std::string> Owed();
  // Pieces sold, as the ledger has it; each event is one.
  // Kept aside, and their id has not counted.
  int64_t UnappliedDiverged();
  int64_t Sold();
  int64_t Query(const std::string& sql);
  std::string Told();

 private:
  std::set<std::string> Ids(const std::string& sql);
  std::string path() const { return world_.directory + "/central.db"; }
  World& world_;
  std::unique_ptr<SimLink> link_;
  collector::Fleet fleet_;
  std::unique_ptr<collector::Store> store_;
  std::unique_ptr<collector::Collector> collector_;
  bool has_backup_ = false;
};

}  // namespace tillrelay::sim
