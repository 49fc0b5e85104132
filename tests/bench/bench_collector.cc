// Events per second from message bytes to committed rows, in groups, on a real database: a SQLite
// file, or the PostgreSQL server that TILLRELAY_TEST_POSTGRES names (tests/support/postgres.py).
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>

#include "collector/intake/ingest.h"
#include "tests/support/event_source.h"
#include "tests/support/manual_clock.h"
#include "tests/unit/collector/test_database.h"

namespace tillrelay::collector {
namespace {

constexpr int kItems = 2000;  // a shop's fast-moving assortment

void BenchIngest(benchmark::State& state) {
  log::Setup(log::Level::kError, nullptr);
  const auto group_size = static_cast<size_t>(state.range(0));
  TestDatabase database;
  testing::ManualClock clock;
  auto store = Store::Open(database.url());
  if (!store.ok()) return state.SkipWithError(store.status().message().c_str());
  Ingest ingest(store->get(), &clock, std::string(wire::kDefaultPrefix));
  testing::EventSource source;
  int sale = 0;
  size_t bytes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<mqtt::LinkEvent> group;
    for (size_t i = 0; i < group_size; ++i, ++sale) {
      group.push_back(source.Sale("sku" + std::to_string(sale * 7 % kItems), "2").Message());
      bytes += group.back().payload.size();
    }
    state.ResumeTiming();
    std::set<StreamKey> touched;
    const Status stored = ingest.Run(group, &touched);
    if (!stored.ok()) return state.SkipWithError(stored.message().c_str());
  }
  if (ingest.counters().counted != static_cast<uint64_t>(sale)) {
    return state.SkipWithError("not every event was counted");
  }
  state.SetItemsProcessed(sale);
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}
// What is deleted by age, with everything that stands beside it, a slice a transaction.
void BenchPurge(benchmark::State& state) {
  log::Setup(log::Level::kError, nullptr);
  constexpr uint64_t kGroups = 40, kGroup = 1024;
  const auto slice = static_cast<uint64_t>(state.range(0));
  TestDatabase database;
  testing::ManualClock clock;
  auto store = Store::Open(database.url());
  if (!store.ok()) return state.SkipWithError(store.status().message().c_str());
  Ingest ingest(store->get(), &clock, std::string(wire::kDefaultPrefix));
  testing::EventSource source;
  for (uint64_t sale = 0; sale < kGroups * kGroup; sale += kGroup) {
    std::vector<mqtt::LinkEvent> group;
    for (uint64_t i = sale; i < sale + kGroup; ++i) {
      group.push_back(source.Sale("sku" + std::to_string(i * 7 % kItems), "2").Message());
    }
    std::set<StreamKey> touched;
    if (!ingest.Run(group, &touched).ok()) return state.SkipWithError("not stored");
  }
  int64_t purged = 0;
  for (auto _ : state) {
    const auto some = (*store)->tables().Purge(kGroups * kGroup, slice);
    if (!some.ok() || *some != slice) return state.SkipWithError("not deleted");
    purged += static_cast<int64_t>(*some);
  }
  state.SetItemsProcessed(purged);
}
BENCHMARK(BenchPurge)->Arg(2000)->UseRealTime()->Iterations(20);

BENCHMARK(BenchIngest)->Arg(1)->Arg(64)->Arg(1024)->UseRealTime()->MinTime(3);

}  // namespace
}  // namespace tillrelay::collector

BENCHMARK_MAIN();
