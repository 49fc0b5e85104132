#include "tests/sim/centre.h"

#include <fmt/format.h>

#include <filesystem>

namespace tillrelay::sim {
namespace {

namespace fs = std::filesystem;

void Copy(const std::string& from, const std::string& to) {
  for (const char* end : {"", "-wal", "-shm"}) {
    std::error_code gone;
    fs::remove(to + end, gone);
    if (fs::exists(from + end) && std::string(end) != "-shm") fs::copy_file(from + end, to + end);
  }
}

}  // namespace

void Centre::Start() {
  auto store = collector::Store::Open("sqlite:" + path());
  CHECK(store.ok());
  store_ = *std::move(store);
  link_ = std::make_unique<SimLink>(
      &world_.broker, "tillrelay-collector-1", [this](mqtt::LinkEvent&& event) {
        if (world_.trace && event.what == mqtt::LinkEventType::kMessage) {
          fmt::print("centre < {} {}\n", event.topic, event.payload.substr(0, 420));
        }
        std::vector<mqtt::LinkEvent> events;
        events.push_back(std::move(event));
        collector_->Handle(std::move(events));
        Tick();
      });
  collector_ = std::make_unique<collector::Collector>(
      collector::Config{}, store_.get(),
      collector::Deps{&world_.timeline.clock, &world_.random, link_.get(), &fleet_});
  CHECK(collector_->Start().ok());
  Tick();
}

void Centre::Stop() {
  link_.reset();
  collector_.reset();
  store_.reset();
}

void Centre::Backup() {
  Copy(path(), path() + ".backup");
  has_backup_ = true;
}

void Centre::Restore() {
  Stop();
  Copy(path() + ".backup", path());
  Start();
}

void Centre::Tick() {
  if (running()) collector_->Tick();
}

Instant Centre::NextDeadline() const {
  return running() ? collector_->NextDeadline() : Instant::max();
}

void Centre::ForgetIds() {
  if (!running()) return;
  auto db = sqlite::Database::Open(path(), {});
  CHECK(db.ok());
  CHECK(
      db->Exec("UPDATE event SET id=id||'#'||position WHERE counted=1 AND id NOT LIKE '%#%'").ok());
}

int64_t Centre::Query(const std::string& sql) {
  auto db = sqlite::Database::Open(path(), {.read_only = true});
  CHECK(db.ok());
  auto value = db->QueryInt(sql);
  CHECK(value.ok());
  return *value;
}

std::set<std::string> Centre::Ids(const std::string& sql) {
  auto db = sqlite::Database::Open(path(), {.read_only = true});
  CHECK(db.ok());
  auto rows = db->Prepare(sql);
  CHECK(rows.ok());
  std::set<std::string> ids;
  while (rows->Step().value()) ids.insert(std::string(rows->Text(0)));
  return ids;
}

std::set<std::string> Centre::Counted() {
  return Ids("SELECT substr(id,1,36) FROM event WHERE counted=1");
}

std::set<std::string> Centre::Owed() {
  return Ids(
      "SELECT substr(e.id,1,36) FROM owed o JOIN event e USING (store_id, stream, sequence)");
}

int64_t Centre::UnappliedDiverged() {
  return Query(
      "SELECT count(*) FROM diverged f WHERE kind NOT IN ('parked','stream_opened','loss') AND "
      "NOT EXISTS (SELECT 1 FROM event e WHERE substr(e.id,1,36) = f.id AND counted = 1)");
}

int64_t Centre::Sold() {
  return -Query("SELECT CAST(COALESCE(SUM(on_hand),0) AS INTEGER) FROM stock");
}

std::string Centre::Told() {
  auto db = sqlite::Database::Open(path(), {.read_only = true});
  CHECK(db.ok());
  std::string reported;
  for (const char* sql :
       {"SELECT 'stream '||store_id||' '||stream||' through '||confirmed_through||' seen '||"
        "highest_seen FROM stream",
        "SELECT 'gap '||stream||' '||first||'-'||last FROM gap",
        "SELECT 'aside '||stream||' '||count(*)||' '||min(sequence)||'-'||max(sequence) FROM "
        "diverged GROUP BY stream"}) {
    auto rows = db->Prepare(sql);
    CHECK(rows.ok());
    while (rows->Step().value()) reported += "    " + std::string(rows->Text(0)) + "\n";
  }
  return reported;
}

}  // namespace tillrelay::sim
