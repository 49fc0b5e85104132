#include "agent/uplink/uplink_thread.h"

#include <pthread.h>

#include <algorithm>

#include "common/base/log.h"
#include "common/wire/ulid.h"

namespace tillrelay::uplink {
namespace {

constexpr size_t kInboxEntries = 4096;
constexpr size_t kInboxBytes = 16 * 1024 * 1024;
constexpr size_t kMaxMessagesWaiting = 1024;
constexpr size_t kMaxControlBytes = 256 * 1024;
constexpr Duration kLongestWait = seconds(5);  // the thread shows that it moves
constexpr seconds kReplayPatience{10};         // for the uplink's answer to an order

class Port final : public JournalPort {
 public:
  explicit Port(journal::Journal* journal) : journal_(*journal) {}
  JournalState ReadState() override {
    return {journal_.Streams(), journal_.Owed(), journal_.Losses()};
  }
  void SaveConfirmation(const journal::Confirmation& word) override {
    journal_.SaveConfirmation(word);
  }
  void SaveAcked(const std::string& stream, uint64_t through) override {
    journal_.SaveAcked(stream, through);
  }
  void DeclareLoss(const wire::Lost& loss) override { journal_.DeclareLoss(loss); }
  void Damaged(const std::string& why) override { journal_.Damaged(why); }
  void Fork(uint64_t position, const std::string& reason) override {
    journal_.Fork(position, reason);
  }
  void PassLosses(const journal::Confirmation& word) override { journal_.PassLosses(word); }
  void ClocksCompared(Instant at, WallTime own, Duration ahead) override {
    journal_.ClocksCompared(at, own, ahead);
  }
  void AllowDeletion(const std::string& stream, uint64_t through, Instant until) override {
    journal_.AllowDeletion(stream, through, until);
  }

 private:
  journal::Journal& journal_;
};

}  // namespace

UplinkThread::UplinkThread(UplinkThreadOptions options, journal::Journal* journal,
                           const Clock* clock, Random* random)
    : options_(std::move(options)),
      clock_(*clock),
      random_(*random),
      inbox_(kInboxEntries, kInboxBytes),
      port_(std::make_unique<Port>(journal)),
      driver_(options_.driver, port_.get(), clock, random) {
  head_ = journal->Stats().head;
  driver_.before_status = [this] { PublishStats(); };
}

UplinkThread::~UplinkThread() { Stop(Duration(0)); }

Status UplinkThread::Start() {
  if (Status opened = driver_.OpenReader(); !opened.ok()) return std::move(opened).Within("uplink");
  if (options_.make_link) {
    auto link = options_.make_link([this](mqtt::LinkEvent&& event) {
      const bool message = event.what == mqtt::LinkEventType::kMessage;
      const size_t bytes = event.payload.size();
      if (message && (bytes > kMaxControlBytes || inbox_.size() > kMaxMessagesWaiting)) {
        ++dropped_;
        return;
      }
      if (!inbox_.Push(Input(std::move(event)), bytes)) ++dropped_;
    });
    if (!link.ok()) return std::move(link).status().Within("broker");
    link_ = *std::move(link);
    driver_.UseLink(link_.get());
  }
  PublishStats();
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "uplink");
    Run();
  });
  return Status::Ok();
}

void UplinkThread::Stop(Duration flush) {
  if (!thread_.joinable()) return;
  stop_at_ = (clock_.Now() + flush).time_since_epoch().count();
  inbox_.Wake();
  thread_.join();
  inbox_.Close();
}

void UplinkThread::JournalGrew(const journal::StreamRow& stream) {
  head_ = stream.head;
  inbox_.Wake();
}

void UplinkThread::Pause() { inbox_.Push(Input(Order::kPause)); }
void UplinkThread::Resume() { inbox_.Push(Input(Order::kResume)); }
void UplinkThread::RetryNow() { inbox_.Push(Input(Order::kRetryNow)); }

Result<std::string> UplinkThread::Replay(const ReplayOrder& order) {
  ReplayAsked asked{order, wire::NewUlid(clock_.Wall(), &random_),
                    std::make_shared<std::promise<Status>>()};
  const std::string id = asked.id;
  auto answer = asked.answer->get_future();
  if (!inbox_.Push(Input(std::move(asked)))) return Unavailable("the uplink is busy or stopping");
  if (answer.wait_for(kReplayPatience) != std::future_status::ready) {
    return Unavailable("the uplink does not answer; ask for the replay's progress");
  }
  TRY(answer.get());
  return id;
}

UplinkStats UplinkThread::Stats() const {
  Lock lock(mutex_);
  return stats_;
}

void UplinkThread::Run() {
  const Sender& sender = driver_.sender();
  for (;;) {
    const Instant now = clock_.Now();
    const Instant stop_at{Duration(stop_at_.load())};
    const Instant until = std::min(sender.NextDeadline(now), stop_at);
    const Duration wait =
        until <= now ? Duration(0) : std::min(kLongestWait, Duration(until - now));
    std::vector<Input> inputs = inbox_.PopAll(wait);
    if (options_.beat) options_.beat();
    for (Input& input : inputs) Take(input);
    driver_.Turn();
    PublishStats();
    if (stop_at_ != INT64_MAX && (clock_.Now() >= stop_at || Flushed())) break;
  }
  driver_.SayGoodbye();
}

bool UplinkThread::Flushed() const {
  const Sender& sender = driver_.sender();
  return !sender.online() || sender.settled_through() >= head_.load();
}

void UplinkThread::Take(Input& input) {
  if (auto* event = std::get_if<mqtt::LinkEvent>(&input)) return driver_.Take(*event);
  if (auto* asked = std::get_if<ReplayAsked>(&input)) {
    Status started = driver_.sender().StartReplay(asked->order, asked->id);
    PublishStats();  // whoever has the answer finds the replay
    return asked->answer->set_value(std::move(started));
  }
  switch (std::get<Order>(input)) {
    case Order::kPause:
      return driver_.sender().Pause(clock_.Now());
    case Order::kResume:
      return driver_.sender().Resume(clock_.Now());
    case Order::kRetryNow:
      return driver_.sender().RetryNow(clock_.Now());
  }
}

void UplinkThread::PublishStats() {
  UplinkStats stats;
  stats.broker = driver_.broker();
  stats.refused_confirmation = driver_.refused_confirmation();
  stats.confirm_trust = driver_.centre_key().trust();
  driver_.sender().Describe(&stats, clock_.Now(), clock_.Wall());
  stats.last_confirmed_at = driver_.last_confirmed_at();
  stats.centre_clock_ahead = driver_.centre_clock_ahead();
  stats.unknown_streams = driver_.unknown_streams();
  stats.dropped_messages_total = dropped_;
  stats.sees_twins = driver_.sees_twins();
  stats.unapplied = driver_.unapplied().events;
  stats.unapplied_numbers = driver_.unapplied().numbers;
  stats.to_broker = driver_.latency().broker();
  stats.to_centre = driver_.latency().centre();
  Lock lock(mutex_);
  stats_ = std::move(stats);
}

}  // namespace tillrelay::uplink
