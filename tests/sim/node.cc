#include "tests/sim/node.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "agent/journal/paths.h"
#include "agent/journal/query/reader.h"
#include "agent/journal/repair/backup.h"
#include "common/base/json_reader.h"
#include "common/wire/control.h"
#include "common/wire/rounds.h"
#include "common/wire/ulid.h"
#include "tests/support/drafts.h"
#include "tests/support/fault_disk.h"
#include "tests/support/journal_run.h"
#include "tests/support/status_streams.h"

namespace tillrelay::sim {
namespace {

namespace fs = std::filesystem;

// A lower word of the centre is believed after 10 s (docs/wire.md).
constexpr std::chrono::seconds kToBelieve{30};
// The journal's tick; so long that no tick comes but by a message.
constexpr std::chrono::milliseconds kTick{60'000};
constexpr int kOpens = 5;  // a service manager's

// Sales of one piece each, so that stock counts applied events.
event::Draft Draft(const std::string& store_id, const std::string& number, bool large) {
  event::Event sale;
  sale.kind = event::Kind::kSale;
  auto& t = sale.transaction.emplace();
  t.store_id = store_id;
  t.register_id = "03";
  t.business_day = "2026-11-21";
  t.transaction_no = number;
  t.end_at = "2026-11-21T17:42:08+01:00";
  auto& line = sale.lines.emplace_back();
  line.item.sku = "apple";
  if (large) line.item.description = std::string(1900, 'a');
  line.quantity = Decimal::Parse("1").value();
  line.uom = "EA";
  static const auto zone = event::StoreZone::Load("Europe/Berlin").value();
  auto drafted = event::MakeDraft(std::move(sale), {store_id, {}, zone});
  return std::get<event::Draft>(std::move(drafted));
}

}  // namespace

Node::Node(World* world, std::string store_id, std::string name)
    : clock(&world->timeline.clock),
      world_(*world),
      store_id_(std::move(store_id)),
      name_(std::move(name)),
      retention_(std::chrono::duration_cast<std::chrono::hours>(world->retention)) {
  fs::create_directories(folder());
}

Node::~Node() { Stop(); }

journal::JournalOptions Node::JournalOptionsOf() {
  journal::JournalOptions options;
  options.store.path = path();
  options.store.store_id = store_id_;
  options.store.age_mark_every = std::chrono::seconds(60);  // stories are short
  options.retention = retention_;
  options.min_free_bytes = 0;
  options.idle_tick = kTick;
  return options;
}

bool Node::OpenJournal() {
  for (int opens = 0; opens < kOpens; ++opens) {
    auto opened = journal::Journal::Open(JournalOptionsOf(), &clock, &world_.random);
    if (opened.ok()) {
      journal_ = *std::move(opened);
      return true;
    }
    if (world_.disk_hurts) return false;
    if (opens + 1 == kOpens || opened.status().code() == Code::kConflict) {
      world_.truth.faults.push_back(name_ + " does not start: " + opened.status().message());
      return false;
    }
  }
  return false;
}

void Node::Start() {
  if (running()) return;
  in_use_ = true;
  Timeline& timeline = world_.timeline;
  if (!OpenJournal()) return;
  learned_.clear();
  Learn();
  session_ = wire::NewUlid(timeline.clock.Wall(), &world_.random);
  uplink::UplinkDriverOptions driver;
  driver.sender.session = session_;
  driver.watch_own_status = true;
  driver.former_sessions = former_sessions_;
  former_sessions_.push_back(session_);
  driver.store_id = store_id_;
  driver.journal_path = path();
  driver.batches = driver.zstd = batches_;
  driver.topics = wire::TopicsOf(wire::kDefaultPrefix, store_id_);
  driver.status_json = [this](size_t) { return StatusJson(); };
  driver_ = std::make_unique<uplink::UplinkDriver>(driver, this, &clock, &world_.random);
  if (Status opened = driver_->OpenReader(); !opened.ok()) {
    if (!world_.disk_hurts) world_.truth.faults.push_back(name_ + ": " + opened.message());
    return Stop();
  }
  link_ = std::make_unique<SimLink>(
      &world_.broker, "tillrelay-" + store_id_, [this](mqtt::LinkEvent&& event) {
        if (world_.trace && event.what == mqtt::LinkEventType::kMessage) {
          fmt::print("{} < {} {}{}\n", name_, event.topic, event.payload,
                     event.retained ? " (r)" : "");
        }
        Hear(event);
        LeaveOutRule(&event);
        driver_->Take(event);
        DeleteWhatTheBrokerHas();
        Turn();
      });
  link_->will_topic = driver.topics.status;
  link_->will_payload = wire::WriteWill(session_);
  driver_->UseLink(link_.get());
  Turn();
}

void Node::Stop() {
  link_.reset();
  driver_.reset();
  journal_.reset();
}

void Node::Sell(int count) {
  std::vector<std::string> numbers;
  for (int i = 0; i < count; ++i) {
    // A number that no other copy of this disk gives.
    numbers.push_back(std::to_string(world_.truth.accepted.size() + numbers.size() + 1));
  }
  Append(numbers);
}

void Node::TellAgain(int count) {
  std::vector<std::string> numbers;
  for (const std::string& id : world_.truth.excused) {
    const auto reported =
        world_.truth.accepted.find(id);  // what a journal declares no register tells
    if (reported == world_.truth.accepted.end()) continue;
    if (static_cast<int>(numbers.size()) < count && world_.random.Chance(0.5)) {
      numbers.push_back(reported->second);
    }
  }
  Append(numbers);
}

void Node::Append(const std::vector<std::string>& numbers) {
  if (!running() || numbers.empty()) return;
  journal::AppendRequest request;
  for (const std::string& number : numbers) {
    const bool large = world_.large_receipts && std::stoul(number) % 5 == 0;
    request.entries.emplace_back(Draft(store_id_, number, large));
  }
  const auto receipts = testing::SubmitAndWait(journal_.get(), std::move(request));
  if (!receipts.ok()) {
    ++world_.truth.refused;
    return;
  }
  const std::vector<journal::StreamRow> streams = journal_->Streams();
  for (size_t i = 0; i < receipts->size(); ++i) {
    const journal::AppendResult& receipt = (*receipts)[i];
    const std::string id = UuidText(receipt.id);
    world_.truth.accepted[id] = numbers[i];
    if (receipt.outcome != journal::Outcome::kStored) continue;
    world_.truth.excused.erase(id);
    for (const journal::StreamRow& row : streams) {
      if (row.stream == receipt.stream) lineage_.ids[row.base + receipt.sequence] = id;
    }
    world_.truth.given[{receipt.stream, receipt.sequence}].insert(id);
  }
  Turn();
}

void Node::Settle() {
  testing::AwaitRest(journal_.get());
  Learn();
}

std::set<std::string>* Node::DeclaredOf(const wire::Lost& loss) {
  return loss.was_delivered() ? &world_.truth.delivered : &world_.truth.declared;
}

// What stood at the positions of those numbers: nobody reads a damaged row under its new number.
void Node::DeclareByPosition(const wire::Lost& loss,
                             const std::vector<journal::StreamRow>& streams) {
  for (const journal::StreamRow& row : streams) {
    if (row.stream != loss.stream) continue;
    for (uint64_t n = loss.range.first; n <= loss.range.last; ++n) {
      const auto found = lineage_.ids.find(row.base + n);
      if (found != lineage_.ids.end()) DeclaredOf(loss)->insert(found->second);
    }
  }
}

void Node::Learn() {
  const journal::JournalStats stats = journal_->Stats();
  for (const wire::Lost& loss : stats.losses) {
    if (declared_.insert(journal::LossKey(loss)).second) DeclareByPosition(loss, stats.streams);
    const uint64_t last = loss.open ? UINT64_MAX : loss.range.last;
    auto given = world_.truth.given.lower_bound({loss.stream, loss.range.first});
    for (; given != world_.truth.given.end() && given->first.first == loss.stream &&
           given->first.second <= last;
         ++given) {
      DeclaredOf(loss)->insert(given->second.begin(), given->second.end());
    }
    if (!loss.compared) DoubtBelow(loss);
  }
  if (stats.stream == learned_) return;
  learned_ = stats.stream;
  world_.truth.salvages += stats.salvages_total;
  LearnRows();
}

void Node::LearnRows() {
  auto reader = journal::JournalReader::Open(path(), store_id_);
  if (!reader.ok()) return;
  for (const journal::StreamRow& row : journal_->Streams()) {
    const uint64_t first = std::max(row.own_first(), row.floor);
    if (first > row.head) continue;
    auto rows = (*reader)->Read(row.base + first, row.head - first + 1, SIZE_MAX);
    if (!rows.ok()) continue;  // damaged: the uplink will say so
    for (const journal::Row& event : *rows) {
      const std::string id = UuidText(event.id);
      lineage_.ids[event.position] = id;
      world_.truth.given[{row.stream, event.position - row.base}].insert(id);
    }
  }
}

void Node::CopyFolder(const std::string& from, const std::string& to) {
  fs::create_directories(to);
  for (const fs::directory_entry& old : fs::directory_iterator(to)) fs::remove(old.path());
  if (fs::exists(from)) {
    for (const fs::directory_entry& file : fs::directory_iterator(from)) {
      const std::string name = file.path().filename();
      const bool made_anew =
          name.ends_with("-shm") || name.ends_with(".lock") || name.ends_with(".ballast");
      if (made_anew) continue;
      fs::copy_file(file.path(), to + "/" + name);
      const Fd copy(open((to + "/" + name).c_str(), O_RDONLY | O_CLOEXEC));
      CHECK(copy.valid() && fsync(copy.get()) == 0);
    }
  }
  CHECK(SyncDirectory(to).ok());
}

bool Node::exists() const { return fs::exists(path()); }

void Node::Snapshot() {
  CopyFolder(folder(), aside("snapshot"));
  snapshot_ = lineage_;
  snapshot_.taken = true;
}

void Node::ChangeSettings() {
  const bool was = running();
  Stop();
  batches_ = world_.random.Chance(0.5);
  retention_ = std::chrono::hours(world_.random.Below(3) * 24);
  if (was) Start();
}

void Node::MakeBackup() {
  if (!exists()) return;
  std::error_code gone;
  fs::create_directories(world_.directory + "/aside");
  fs::remove(aside("backup"), gone);
  const auto made = journal::Backup(path(), aside("backup"), nullptr);
  backup_ = lineage_;
  backup_.taken = made.ok() && made->verified.faults.empty();
}

void Node::RestoreBackup() {
  const bool was = running();
  Stop();
  journal::StoreOptions options;
  options.path = path();
  options.store_id = store_id_;
  const auto restored =
      journal::RestoreBackup(aside("backup"), options, clock.Wall(), &world_.random);
  if (restored.ok()) {
    Excuse(backup_.ids);
    lineage_ = backup_;
    lineage_.taken = false;
  } else {
    world_.truth.faults.push_back(name_ + ": " + restored.status().message());
  }
  if (was) Start();
}

void Node::SpoilARow() {
  const bool was = running();
  Stop();
  if (!exists()) return;
  std::ifstream in(path(), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  in.close();
  std::vector<size_t> places;
  for (size_t at = 0; (at = bytes.find("\"transaction_no\"", at)) != std::string::npos; ++at) {
    places.push_back(at);
  }
  if (!places.empty()) {
    const size_t at = places[world_.random.Below(places.size())];
    testing::FaultDisk::Instance().Damage(name_ + "/journal.db", static_cast<int64_t>(at), "?!");
  }
  if (was) Start();
}

void Node::ZeroPages() {
  constexpr uint64_t kPage = 4096;
  const bool was = running();
  for (uint64_t times = 1 + world_.random.Below(4); times > 0; --times) {
    Stop();
    const uint64_t every = 2 + world_.random.Below(3);
    for (const char* name : {"/journal.db", "/journal.db-wal"}) {
      const uint64_t size = fs::exists(folder() + name) ? fs::file_size(folder() + name) : 0;
      for (uint64_t page = 1 + world_.random.Below(every); page * kPage < size; page += every) {
        const std::string zeros(std::min(kPage, size - page * kPage), '\0');
        testing::FaultDisk::Instance().Damage(name_ + name, static_cast<int64_t>(page * kPage),
                                              zeros);
      }
    }
    if (!was) return;
    Start();
    if (world_.random.Chance(0.7)) Sell(static_cast<int>(1 + world_.random.Below(40)));
  }
}

void Node::LoseAFile() {
  const bool was = running();
  if (world_.random.Chance(0.5)) Stop();
  const uint64_t which = world_.random.Below(3);
  std::error_code gone;
  if (which != 1) fs::remove(path(), gone);
  if (which != 0) fs::remove(path() + "-wal", gone);
  CHECK(SyncDirectory(folder()).ok());
  if (world_.without == "witness" && !running()) fs::remove(journal::WitnessPath(path()), gone);
  if (was && !running()) Start();
}

void Node::Excuse(const std::map<uint64_t, std::string>& kept) {
  for (const auto& [position, id] : lineage_.ids) {
    const auto found = kept.find(position);
    if (found == kept.end() || found->second != id) world_.truth.excused.insert(id);
  }
}

void Node::Restore() {
  const bool was = running();
  Stop();
  CopyFolder(aside("snapshot"), folder());
  Excuse(snapshot_.ids);
  lineage_ = snapshot_;
  if (was) Start();
}

void Node::LoseDisk() {
  Stop();
  CopyFolder(aside("nothing"), folder());
  Excuse({});
  lineage_ = snapshot_ = backup_ = {};
  former_sessions_.clear();
  Start();
}

void Node::CloneTo(Node* twin) {
  twin->Stop();
  twin->Excuse({});
  CopyFolder(folder(), twin->folder());
  twin->lineage_ = lineage_;
  twin->former_sessions_ = former_sessions_;
  twin->lineage_.taken = twin->snapshot_.taken = twin->backup_.taken = false;
  twin->Start();
}

void Node::Turn() {
  if (running()) driver_->Turn();
}

// The journal's tick; every message lets it see what time it is.
void Node::Housekeeping() {
  if (!running()) return;
  uint64_t before = 0, after = 0;
  for (const journal::StreamRow& row : journal_->Streams()) before += row.floor;
  Settle();  // the tick comes behind it
  Settle();
  for (const journal::StreamRow& row : journal_->Streams()) after += row.floor;
  world_.truth.deleted += after > before ? 1 : 0;
  Turn();
}

Instant Node::NextDeadline() const {
  if (!running()) return Instant::max();
  return driver_->sender().NextDeadline(world_.timeline.now());
}

// A fork that waits for its hour is not over: its rows still have to be sent.
bool Node::drained() const {
  if (!running()) return false;
  const journal::JournalStats state = journal_->Stats();
  if (state.confirmed_through < state.head) return false;
  uplink::UplinkStats stats;
  const Instant now = world_.timeline.now();
  driver_->sender().Describe(&stats, now, world_.timeline.clock.Wall());
  return stats.alarm.empty();
}

void Node::Hear(const mqtt::LinkEvent& event) {
  const bool live = event.what == mqtt::LinkEventType::kMessage && !event.retained &&
                    event.topic.ends_with("/confirm");
  if (live && !heard_at_) heard_at_ = world_.timeline.now();
}

void Node::LeaveOutRule(mqtt::LinkEvent* event) const {
  const bool chain = world_.without == "chain", rewind = world_.without == "rewind";
  const bool confirms =
      event->what == mqtt::LinkEventType::kMessage && event->topic.ends_with("/confirm");
  if (!confirms || (!chain && !rewind)) return;
  JsonParser parser;
  std::string text = event->payload;
  auto root = parser.Parse(text);
  if (!root.ok()) return;
  auto confirm = wire::ReadConfirm(*root);
  auto reader = journal::JournalReader::Open(path(), store_id_);
  if (!confirm.ok() || !reader.ok()) return;
  const std::vector<journal::StreamRow> rows = journal_->Streams();
  std::erase_if(confirm->streams, [&](wire::StreamConfirm& word) {
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const journal::StreamRow& one) {
      return one.stream == word.stream;
    });
    if (row == rows.end()) return false;
    if (rewind) return word.through < (row->current ? row->confirmed_through : row->head);
    if (word.through > row->head) return false;
    if (auto ours = (*reader)->ChainAt(*row, word.through); ours.ok()) word.chain = *ours;
    return false;
  });
  event->payload = wire::WriteConfirm(*confirm);
}

void Node::DeleteWhatTheBrokerHas() {
  if (world_.without != "puback" || !running()) return;
  const std::vector<journal::StreamRow> rows = journal_->Streams();
  const uint64_t acked = driver_->sender().acked_through();
  if (acked <= rows.back().floor) return;
  AllowDeletion(rows.back().stream, acked, world_.timeline.now() + std::chrono::minutes(10));
  SaveConfirmation({rows.back().stream, acked, {}, {}, true});
}

bool Node::heard_the_centre() const {
  return heard_at_ && world_.timeline.now() - *heard_at_ > kToBelieve;
}

uplink::UplinkStats Node::UplinkNow() const {
  uplink::UplinkStats stats;
  stats.refused_confirmation = driver_->refused_confirmation();
  driver_->sender().Describe(&stats, clock.Now(), clock.Wall());
  stats.last_confirmed_at = driver_->last_confirmed_at();
  stats.centre_clock_ahead = driver_->centre_clock_ahead();
  stats.unknown_streams = driver_->unknown_streams();
  stats.unapplied = driver_->unapplied().events;
  return stats;
}

std::string Node::Told() const {
  if (!running()) return name_ + ": down";
  uplink::UplinkStats stats;
  driver_->sender().Describe(&stats, world_.timeline.now(), world_.timeline.clock.Wall());
  std::string reported = fmt::format("{}: phase {} cause {} alarm '{}' error '{}'", name_,
                                     static_cast<int>(stats.phase), static_cast<int>(stats.cause),
                                     stats.alarm, stats.last_error);
  for (const journal::StreamRow& row : journal_->Streams()) {
    reported += fmt::format("\n    {} head {} confirmed {} floor {} first {}", row.stream, row.head,
                            row.confirmed_through, row.floor, row.first);
  }
  return reported;
}

std::set<std::string> Node::Holds() const {
  std::set<std::string> held;
  if (!running()) return held;
  auto db = sqlite::Database::Open(path(), {.read_only = true});
  if (!db.ok()) {
    world_.truth.faults.push_back(name_ + " in the end: " + db.status().message());
    return held;
  }
  auto rows = db->Prepare("SELECT id FROM event");
  CHECK(rows.ok());
  while (rows->Step().value()) {
    Uuid id;
    std::copy_n(rows->Blob(0).begin(), id.size(), id.begin());
    held.insert(UuidText(id));
  }
  return held;
}

Node::JournalPort::JournalState Node::ReadState() {
  return {journal_->Streams(), journal_->Owed(), journal_->Losses()};
}

void Node::SaveConfirmation(const journal::Confirmation& word) {
  // The journal's thread may be killed before it has written what it was told.
  if (world_.drops_confirmations && world_.random.Chance(0.02)) return;
  journal_->SaveConfirmation(word);
  Settle();
}

void Node::DeclareLoss(const wire::Lost& loss) {
  ++world_.truth.losses;
  for (uint64_t n = loss.range.first; n <= loss.range.last; ++n) {
    const auto given = world_.truth.given.find({loss.stream, n});
    if (given == world_.truth.given.end()) continue;
    DeclaredOf(loss)->insert(given->second.begin(), given->second.end());
  }
  DeclareByPosition(loss, journal_->Streams());
  if (!loss.compared) DoubtBelow(loss);
  journal_->DeclareLoss(loss);
  Settle();
}

void Node::PassLosses(const journal::Confirmation& word) {
  Learn();  // what is over is told no more
  journal_->PassLosses(word);
  Settle();
}

// The store says that it cannot tell whether the centre holds its own events below the loss.
void Node::DoubtBelow(const wire::Lost& loss) {
  for (const journal::StreamRow& row : journal_->Streams()) {
    if (row.stream != loss.stream) continue;
    for (const auto& [position, id] : lineage_.ids) {
      if (position <= row.base || position >= row.base + loss.range.first) continue;
      world_.truth.doubted.insert(id);
    }
  }
}

void Node::Damaged(const std::string& why) {
  if (world_.trace) fmt::print("{} DAMAGED: {}\n", name_, why);
  if (world_.without == "salvage") return;
  journal_->Damaged(why);
  Settle();
}

void Node::Fork(uint64_t position, const std::string& reason) {
  ++world_.truth.forks;
  if (world_.trace) fmt::print("{} FORK at {}: {}\n", name_, position, reason);
  journal_->Fork(position, reason);
  Settle();
}

void Node::AllowDeletion(const std::string& stream, uint64_t through, Instant until) {
  journal_->AllowDeletion(stream, through, until);
}

std::string Node::StatusJson() {
  std::vector<wire::StreamState> states;
  const uplink::Sender& sender = driver_->sender();
  const std::vector<journal::StreamRow> rows = journal_->Streams();
  std::vector<const journal::StreamRow*> named{&rows.back()};
  for (const size_t i : wire::OlderNamed(rows.size() - 1, wire::RoundAt(world_.timeline.now()))) {
    named.push_back(&rows[rows.size() - 2 - i]);
  }
  for (const journal::StreamRow* row : named) {
    wire::StreamState& s = states.emplace_back();
    s.stream = row->stream;
    s.head = row->head;
    s.chain = row->head_chain;
    s.sent_through = row->current ? sender.sent_through() : row->head;
    s.acked_through = row->acked_through;
    s.confirmed_through = row->confirmed_through;
    s.confirmed_chain = row->confirmed_chain;
    s.floor = row->floor;
  }
  std::string parked = "[";
  for (const journal::OwedEvent& owed : journal_->Owed()) {
    parked += fmt::format("{}{{\"stream\":\"{}\",\"sequence\":{}}}", parked.size() > 1 ? "," : "",
                          owed.stream, owed.sequence);
  }
  std::string lost = "[";
  const std::vector<wire::Lost> losses = journal_->Stats().losses;
  for (const wire::Lost& l : losses) {
    lost += fmt::format(
        "{}{{\"stream\":\"{}\",\"from\":{},\"through\":{},\"chain\":\"{}\",\"reason\":\"{}\"{}}}",
        lost.size() > 1 ? "," : "", l.stream, l.range.first, l.range.last, ToHex(BytesOf(l.chain)),
        l.reason, l.open ? ",\"open\":true" : "");
  }
  return fmt::format(
      R"({{"v":1,"state":"online","store_id":"{}","session":"{}","host":"{}","streams":{},)"
      R"("parked":{}],"lost":{}]}})",
      store_id_, session_, name_, wire::WriteStreams(states), parked, lost);
}

}  // namespace tillrelay::sim
