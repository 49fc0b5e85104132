#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <deque>
#include <thread>

#include "agent/cli/intake_access.h"
#include "agent/cli/store_play.h"
#include "agent/config/config.h"
#include "common/base/files.h"
#include "common/base/json_reader.h"
#include "common/base/json_writer.h"
#include "common/base/mutex.h"
#include "common/http/client.h"

namespace tillrelay::cli {
namespace {

using std::chrono::steady_clock;
constexpr auto kRetryPause = std::chrono::milliseconds(100);

struct Tally {
  std::atomic<uint64_t> stored{0}, duplicate{0}, quarantined{0}, refused{0}, retries{0};
  std::atomic<uint64_t> given_up{0};
};

// One group of documents, sent until the intake has taken it: no answer means unknown, so repeat.
class Sender {
 public:
  Sender(const SimulateOptions& options, const IntakeAccess& intake, Tally* tally)
      : options_(options),
        intake_(intake),
        client_(intake.address, std::chrono::seconds(30), intake.tls),
        tally_(*tally) {}

  void Send(const std::string& body) {
    const auto give_up = steady_clock::now() + std::chrono::seconds(options_.patience_s);
    while (!Try(body)) {
      if (steady_clock::now() >= give_up) {
        ++tally_.given_up;
        return;
      }
      ++tally_.retries;
      std::this_thread::sleep_for(kRetryPause);
    }
  }

 private:
  // True when there is nothing more to do for this body.
  bool Try(const std::string& body) {
    http::ClientRequest request = intake_.Post("/v1/events", "application/json");
    request.body = body;
    auto answer = client_.Call(request);
    if (!answer.ok() || answer->status >= 500 || answer->status == 429) return false;
    std::string text = answer->body;
    auto value = parser_.Parse(text);
    uint64_t stored = 0, duplicate = 0, quarantined = 0;
    if (answer->status != 200 || !value.ok()) {
      ++tally_.refused;
      fmt::print(stderr, "refused ({}): {}\n", answer->status, answer->body);
      return true;
    }
    value->Unsigned("stored", &stored);
    value->Unsigned("duplicate", &duplicate);
    value->Unsigned("quarantined", &quarantined);
    tally_.stored += stored;
    tally_.duplicate += duplicate;
    tally_.quarantined += quarantined;
    return true;
  }

  const SimulateOptions& options_;
  const IntakeAccess& intake_;
  http::Client client_;
  JsonParser parser_;
  Tally& tally_;
};

class Simulation {
 public:
  Simulation(const SimulateOptions& options, IntakeAccess intake, PlayOptions play)
      : options_(options), intake_(std::move(intake)), play_(std::move(play)) {}

  int Run(bool json) {
    const auto started = steady_clock::now();
    std::vector<std::thread> workers;
    for (int i = 0; i < std::max(1, options_.connections); ++i) {
      workers.emplace_back([this] { Work(); });
    }
    Produce(started);
    for (std::thread& worker : workers) worker.join();
    const bool files_taken = WaitForFiles();
    const double seconds = std::chrono::duration<double>(steady_clock::now() - started).count();
    const std::string summary = Summary(seconds);
    if (!options_.sums_file.empty()) {
      if (Status s = WriteFileDurably(options_.sums_file, summary, 0644); !s.ok()) {
        fmt::print(stderr, "{}\n", s.message());
        return kFault;
      }
    }
    const bool good =
        files_taken && tally_.given_up == 0 && tally_.refused == 0 && tally_.quarantined == 0;
    if (json) {
      fmt::print("{}\n", summary);
    } else {
      fmt::print(
          "{} documents in {:.1f} s ({:.0f}/s): {} stored, {} answered as already known, {} "
          "in files, {} in quarantine, {} retries\n",
          options_.events, seconds, static_cast<double>(options_.events) / seconds,
          tally_.stored.load(), tally_.duplicate.load(), filed_documents_,
          tally_.quarantined.load(), tally_.retries.load());
    }
    return good ? kOk : kFault;
  }

 private:
  void Produce(steady_clock::time_point started) {
    std::vector<std::string> group;
    bool to_file = false;
    for (uint64_t i = 0; i < options_.events; ++i) {
      if (group.empty()) to_file = ToFile();
      group.push_back(play_.Next().json);
      if (group.size() < static_cast<size_t>(options_.group) && i + 1 < options_.events) continue;
      if (to_file) {
        Drop(group);
      } else {
        Queue(group);
      }
      group.clear();
      if (options_.rate > 0) {
        std::this_thread::sleep_until(started + std::chrono::microseconds(static_cast<int64_t>(
                                                    static_cast<double>(i) / options_.rate * 1e6)));
      }
    }
    Lock lock(mutex_);
    finished_ = true;
    condition_.NotifyAll();
  }

  bool ToFile() {
    if (options_.drop.empty()) return false;
    share_ += options_.drop_share;
    if (share_ < 1) return false;
    share_ -= 1;
    return true;
  }

  static std::string Joined(const std::vector<std::string>& group) {
    if (group.size() == 1) return group.front();
    return fmt::format("[{}]", fmt::join(group, ","));
  }

  void Queue(const std::vector<std::string>& group) {
    Lock lock(mutex_);
    while (queue_.size() >= kMaxQueued) condition_.Wait(mutex_);
    queue_.push_back(Joined(group));
    condition_.NotifyAll();
  }

  void Work() {
    Sender sender(options_, intake_, &tally_);
    for (;;) {
      std::string body;
      {
        Lock lock(mutex_);
        while (queue_.empty() && !finished_) condition_.Wait(mutex_);
        if (queue_.empty()) return;
        body = std::move(queue_.front());
        queue_.pop_front();
        condition_.NotifyAll();
      }
      sender.Send(body);
    }
  }

  // Written under a name that is left alone, then renamed into place, as a careful POS does.
  void Drop(const std::vector<std::string>& group) {
    const std::string incoming = options_.drop + "/incoming/";
    const std::string name = fmt::format("sim-{}-{}-{:06}.json", options_.seed, getpid(), ++files_);
    const std::string hidden = incoming + "." + name;
    const Fd fd(open(hidden.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!fd.valid() || !WriteAll(fd.get(), Joined(group)).ok() ||
        rename(hidden.c_str(), (incoming + name).c_str()) != 0) {
      fmt::print(stderr, "{}: {}\n", incoming + name, ErrnoText(errno));
      ++tally_.given_up;
      return;
    }
    filed_documents_ += group.size();
    waiting_files_.push_back(incoming + name);
  }

  bool WaitForFiles() {
    const auto give_up = steady_clock::now() + std::chrono::seconds(options_.patience_s);
    while (!waiting_files_.empty()) {
      if (access(waiting_files_.front().c_str(), F_OK) != 0) {
        waiting_files_.pop_front();
        continue;
      }
      if (steady_clock::now() >= give_up) {
        fmt::print(stderr, "{} files were not taken\n", waiting_files_.size());
        return false;
      }
      std::this_thread::sleep_for(kRetryPause);
    }
    return true;
  }

  std::string Summary(double seconds) const {
    std::string out;
    JsonWriter json(&out);
    json.BeginObject()
        .Field("documents", options_.events)
        .Field("by_http", tally_.stored.load() + tally_.duplicate.load())
        .Field("in_files", filed_documents_)
        .Field("stored", tally_.stored.load())
        .Field("duplicate", tally_.duplicate.load())
        .Field("quarantined", tally_.quarantined.load())
        .Field("refused", tally_.refused.load())
        .Field("retries", tally_.retries.load())
        .Field("given_up", tally_.given_up.load());
    json.Key("seconds").Real(seconds);
    json.Key("kinds").BeginObject();
    for (const auto& [kind, count] : play_.kinds()) json.Field(kind, count);
    json.EndObject().Key("stock").BeginArray();
    for (const auto& [key, sum] : play_.sums()) {
      json.BeginObject()
          .Field("item", key.first)
          .Field("uom", key.second)
          .Field("on_hand_thousandths", sum.on_hand)
          .Field("reserved_thousandths", sum.reserved)
          .Field("damaged_thousandths", sum.damaged)
          .Field("in_transit_thousandths", sum.in_transit)
          .EndObject();
    }
    json.EndArray().EndObject();
    return out;
  }

  static constexpr size_t kMaxQueued = 1000;
  const SimulateOptions& options_;
  const IntakeAccess intake_;
  StorePlay play_;
  Tally tally_;
  double share_ = 0;
  uint64_t files_ = 0, filed_documents_ = 0;
  std::deque<std::string> waiting_files_;

  Mutex mutex_;
  Condition condition_;
  // Guarded by mutex_:
  std::deque<std::string> queue_ GUARDED_BY(mutex_);
  bool finished_ GUARDED_BY(mutex_) = false;
};

// The played sales are stored and delivered like real ones.
bool Agreed(const Common& common, const SimulateOptions& options) {
  if (options.yes) return true;
  const auto config = config::Load(common.config);
  if (config.ok() && config->test_store && options.intake.address.empty()) return true;
  const std::string question = fmt::format(
      "This plays {} documents, which count as real sales of the store and reach head office.",
      options.events);
  if (isatty(STDIN_FILENO) == 0) {
    fmt::print(stderr, "{}\nSay --yes, or set test_store = true where no real store is meant.\n",
               question);
    return false;
  }
  fmt::print("{} Go on? [y/N] ", question);
  std::fflush(stdout);
  const int answer = std::getchar();
  return answer == 'y' || answer == 'Y';
}

}  // namespace

int RunSimulate(const Common& common, const SimulateOptions& options) {
  if (!Agreed(common, options)) return kUsage;
  SimulateOptions filled = options;
  const auto unusable = [](const Status& status) {
    fmt::print(stderr, "{}\nGive --intake and --store, or a configuration.\n", status.message());
    return kConfiguration;
  };
  auto intake = FindIntake(common, options.intake);
  if (!intake.ok()) return unusable(intake.status());
  if (filled.store_id.empty()) {
    auto config = config::Load(common.config);
    if (!config.ok()) return unusable(config.status());
    filled.store_id = config->store_id;
  }
  PlayOptions play{options.seed, options.registers, filled.store_id, options.day};
  return Simulation(filled, *std::move(intake), play).Run(common.json);
}

}  // namespace tillrelay::cli
