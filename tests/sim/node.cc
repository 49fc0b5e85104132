#include "tests/sim/node.h"

#include <fmt/format.h>

#include <filesystem>

#include "common/wire/ulid.h"
#include "tests/support/drafts.h"

namespace tillrelay::sim {
namespace {

namespace fs = std::filesystem;

// A lower word of the centre is believed after 10 s (docs/wire.md).
constexpr std::chrono::seconds kToBelieve{30};

// Sales of one piece each, so that stock counts applied events.
event::Draft Draft(const std::string& store_id, const std::string& number) {
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
  line.quantity = Decimal::Parse("1").value();
  line.uom = "EA";
  static const auto zone = event::StoreZone::Load("Europe/Berlin").value();
  auto drafted = event::MakeDraft(std::move(sale), {store_id, {}, zone});
  return std::get<event::Draft>(std::move(drafted));
}

}  // namespace

Node::Node(World* world, std::string store_id, std::string name)
    : world_(*world), store_id_(std::move(store_id)), name_(std::move(name)) {}

Node::~Node() { Stop(); }

void Node::Start() {
  Timeline& timeline = world_.timeline;
  journal::StoreOptions options;
  options.path = path();
  options.store_id = store_id_;
  options.age_mark_every = std::chrono::seconds(60);  // stories are short
  auto store = journal::JournalStore::Open(options, timeline.clock.Wall(), &world_.random);
  CHECK(store.ok());
  store_ = *std::move(store);
  session_ = wire::NewUlid(timeline.clock.Wall(), &world_.random);
  uplink::CourierOptions courier;
  courier.sender.session = session_;
  courier.sender.rules = world_.rules;
  courier.store_id = store_id_;
  courier.journal_path = path();
  courier.topics = wire::TopicsOf(wire::kDefaultPrefix, store_id_);
  courier.status_json = [this] { return StatusJson(); };
  courier_ = std::make_unique<uplink::Courier>(courier, this, &timeline.clock, &world_.random);
  CHECK(courier_->OpenReader().ok());
  link_ = std::make_unique<SimLink>(&world_.broker, "tillrelay-" + store_id_,
                                    [this](mqtt::LinkEvent&& event) {
                                      if (world_.trace && event.what == mqtt::Happening::kMessage) {
                                        fmt::print("{} < {} {}{}\n", name_, event.topic,
                                                   event.payload, event.retained ? " (r)" : "");
                                      }
                                      Hear(event);
                                      courier_->Take(event);
                                      Turn();
                                    });
  link_->will_topic = courier.topics.status;
  link_->will_payload = wire::WriteWill(session_);
  courier_->UseLink(link_.get());
  Turn();
}

void Node::Stop() {
  link_.reset();
  courier_.reset();
  store_.reset();
  allowed_.clear();
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
    if (static_cast<int>(numbers.size()) < count && world_.random.Chance(0.5)) {
      numbers.push_back(world_.truth.accepted.at(id));
    }
  }
  Append(numbers);
}

void Node::Append(const std::vector<std::string>& numbers) {
  if (!running() || numbers.empty()) return;
  journal::AppendRequest request;
  for (const std::string& number : numbers) {
    request.entries.emplace_back(Draft(store_id_, number));
  }
  CHECK(store_->Begin().ok());
  const auto receipts = store_->Append(request, world_.timeline.clock.Wall());
  CHECK(receipts.ok());
  CHECK(store_->Commit().ok());
  for (size_t i = 0; i < receipts->size(); ++i) {
    const std::string id = UuidText((*receipts)[i].id);
    world_.truth.accepted[id] = numbers[i];
    if ((*receipts)[i].outcome != journal::Outcome::kStored) continue;
    world_.truth.excused.erase(id);
    lineage_.ids[store_->current().base + (*receipts)[i].sequence] = id;
    world_.truth.given[{store_->current().stream, (*receipts)[i].sequence}].insert(id);
  }
  Turn();
}

void Node::CopyFile(const std::string& from, const std::string& to) {
  for (const char* end : {"", "-wal"}) {
    std::error_code gone;
    fs::remove(to + end, gone);
    if (fs::exists(from + end)) fs::copy_file(from + end, to + end);
  }
  std::error_code gone;
  fs::remove(to + "-shm", gone);
}

void Node::Snapshot() {
  CopyFile(path(), path() + ".snapshot");
  snapshot_ = lineage_;
  snapshot_.taken = true;
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
  CopyFile(path() + ".snapshot", path());
  Excuse(snapshot_.ids);
  lineage_ = snapshot_;
  if (was) Start();
}

void Node::LoseDisk() {
  Stop();
  CopyFile(path() + ".none", path());
  Excuse({});
  lineage_ = snapshot_ = {};
  Start();
}

void Node::CloneTo(Node* twin) {
  twin->Stop();
  twin->Excuse({});
  CopyFile(path(), twin->path());
  twin->lineage_ = lineage_;
  twin->lineage_.taken = twin->snapshot_.taken = false;
  twin->Start();
}

void Node::Turn() {
  if (running()) courier_->Turn();
}

void Node::Housekeeping() {
  if (!running()) return;
  journal::DeletionPermit permit;
  for (const auto& [stream, allowed] : allowed_) {
    if (world_.timeline.now() < allowed.until) {
      permit.through.emplace_back(stream, allowed.through);
    }
  }
  const testing::ManualClock& clock = world_.timeline.clock;
  // Written down only in stories that are long enough for anything to become too old.
  const bool save = world_.retention < std::chrono::hours(24);
  CHECK(store_->Observe(clock.Now(), clock.Wall(), save).ok());
  for (;;) {
    auto more = store_->Trim(world_.retention, &permit);
    CHECK(more.ok());
    if (!*more) break;
    ++world_.truth.deleted;
  }
  Turn();
}

Instant Node::NextDeadline() const {
  if (!running()) return Instant::max();
  return courier_->sender().NextDeadline(world_.timeline.now());
}

// A fork that waits for its hour is not over: its rows still have to be sent.
bool Node::drained() const {
  if (!running() || store_->current().confirmed_through < store_->current().head) return false;
  uplink::UplinkStats stats;
  const Instant now = world_.timeline.now();
  courier_->sender().Describe(&stats, now, world_.timeline.clock.Wall());
  return stats.alarm.empty();
}

void Node::Hear(const mqtt::LinkEvent& event) {
  const bool live = event.what == mqtt::Happening::kMessage && !event.retained &&
                    event.topic.ends_with("/confirm");
  if (live && !heard_at_) heard_at_ = world_.timeline.now();
}

bool Node::heard_the_centre() const {
  return heard_at_ && world_.timeline.now() - *heard_at_ > kToBelieve;
}

std::string Node::Told() const {
  if (!running()) return name_ + ": down";
  uplink::UplinkStats stats;
  courier_->sender().Describe(&stats, world_.timeline.now(), world_.timeline.clock.Wall());
  std::string told = fmt::format("{}: phase {} cause {} alarm '{}' error '{}'", name_,
                                 static_cast<int>(stats.phase), static_cast<int>(stats.cause),
                                 stats.alarm, stats.last_error);
  for (const journal::StreamRow& row : store_->streams()) {
    told += fmt::format("\n    {} head {} confirmed {} floor {} first {}", row.stream, row.head,
                        row.confirmed_through, row.floor, row.first);
  }
  return told;
}

std::set<std::string> Node::Holds() const {
  std::set<std::string> held;
  if (!running()) return held;
  auto db = sqlite::Database::Open(path(), {.read_only = true});
  CHECK(db.ok());
  auto rows = db->Prepare("SELECT id FROM event");
  CHECK(rows.ok());
  while (rows->Step().value()) {
    Uuid id;
    std::copy_n(rows->Blob(0).begin(), id.size(), id.begin());
    held.insert(UuidText(id));
  }
  return held;
}

Node::JournalPort::Standing Node::Look() { return {store_->streams(), store_->Owed()}; }

void Node::SaveWord(const journal::StreamWord& word) {
  // The journal's thread may be killed before it has written what it was told.
  if (world_.random.Chance(0.02)) return;
  CHECK(store_->Begin().ok());
  CHECK(store_->SaveWord(word).ok());
  CHECK(store_->Commit().ok());
}

void Node::DeclareLoss(const journal::LossRow& loss) {
  ++world_.truth.losses;
  for (uint64_t n = loss.first; n <= loss.last; ++n) {
    const auto given = world_.truth.given.find({loss.stream, n});
    if (given == world_.truth.given.end()) continue;
    world_.truth.declared.insert(given->second.begin(), given->second.end());
  }
  for (const journal::StreamRow& row : store_->streams()) {
    if (row.stream != loss.stream) continue;
    for (uint64_t n = loss.first; n <= loss.last; ++n) {
      const auto found = lineage_.ids.find(row.base + n);
      if (found != lineage_.ids.end()) world_.truth.declared.insert(found->second);
    }
  }
  if (!loss.compared) DoubtBelow(loss);
  CHECK(store_->Begin().ok());
  CHECK(store_->DeclareLoss(loss, world_.timeline.clock.Wall()).ok());
  CHECK(store_->Commit().ok());
}

// The store says that it cannot tell whether the centre holds its own events below the loss.
void Node::DoubtBelow(const journal::LossRow& loss) {
  for (const journal::StreamRow& row : store_->streams()) {
    if (row.stream != loss.stream) continue;
    for (const auto& [position, id] : lineage_.ids) {
      if (position <= row.base || position >= row.base + loss.first) continue;
      world_.truth.doubted.insert(id);
    }
  }
}

void Node::Damaged(const std::string& why) {
  fmt::print("{}: {}\n", name_, why);
  CHECK(false);
}

void Node::Fork(uint64_t position, const std::string& reason) {
  ++world_.truth.forks;
  if (world_.trace) fmt::print("{} FORK at {}: {}\n", name_, position, reason);
  const Status forked =
      store_->Fork(position, reason, world_.timeline.clock.Wall(), &world_.random);
  if (!forked.ok()) fmt::print("{}: {}\n", name_, forked.message());
  CHECK(forked.ok());
}

void Node::AllowDeletion(const std::string& stream, uint64_t through, Instant until) {
  allowed_[stream] = {through, until};
}

std::string Node::StatusJson() {
  std::vector<wire::StreamState> states;
  const uplink::Sender& sender = courier_->sender();
  for (auto row = store_->streams().rbegin(); row != store_->streams().rend(); ++row) {
    if (states.size() == 16) break;
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
  for (const journal::OwedEvent& owed : store_->Owed()) {
    parked += fmt::format("{}{{\"stream\":\"{}\",\"sequence\":{}}}", parked.size() > 1 ? "," : "",
                          owed.stream, owed.sequence);
  }
  std::string lost = "[";
  for (const journal::LossRow& l : store_->losses()) {
    lost += fmt::format(
        "{}{{\"stream\":\"{}\",\"from\":{},\"through\":{},\"chain\":\"{}\",\"reason\":\"{}\"}}",
        lost.size() > 1 ? "," : "", l.stream, l.first, l.last, ToHex(BytesOf(l.chain)), l.reason);
  }
  return fmt::format(
      R"({{"v":1,"state":"online","store_id":"{}","session":"{}","host":"{}","streams":{},)"
      R"("parked":{}],"lost":{}]}})",
      store_id_, session_, name_, wire::WriteStreams(states), parked, lost);
}

}  // namespace tillrelay::sim
