#include "tests/support/case_runner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <memory>

#include "common/base/check.h"

namespace tillrelay::testing {
namespace {

using Steady = std::chrono::steady_clock;

constexpr size_t kCasesPerProcess = 400;
constexpr int kPollMs = 200;

// "<case> <fault or ->\t<name>=<count>...\n"; a line "<case>\n" says that it begins.
std::string Line(uint64_t number, const CaseOutcome& outcome) {
  std::string fault = outcome.fault.empty() ? "-" : outcome.fault;
  std::replace(fault.begin(), fault.end(), '\n', ' ');
  std::replace(fault.begin(), fault.end(), '\t', ' ');
  std::string line = fmt::format("{} {}\t", number, fault);
  for (const auto& [name, count] : outcome.counts) line += fmt::format("{}={}\t", name, count);
  return line + "\n";
}

CaseOutcome Parse(const std::string& line) {
  CaseOutcome outcome;
  const size_t tab = line.find('\t');
  const size_t space = line.find(' ');
  outcome.fault = line.substr(space + 1, tab - space - 1);
  if (outcome.fault == "-") outcome.fault.clear();
  for (size_t at = tab + 1; at < line.size();) {
    const size_t end = line.find('\t', at), equals = line.find('=', at);
    if (end == std::string::npos || equals > end) break;
    outcome.counts[line.substr(at, equals - at)] =
        std::strtoull(line.c_str() + equals + 1, nullptr, 10);
    at = end + 1;
  }
  return outcome;
}

void Send(int pipe, const std::string& text) {
  CHECK(write(pipe, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

class Worker {
 public:
  Worker(std::vector<uint64_t> cases, const std::function<CaseOutcome(uint64_t)>& run)
      : cases_(std::move(cases)) {
    int ends[2];
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    std::fflush(stdout);
    child_ = fork();
    CHECK(child_ >= 0);
    if (child_ == 0) {
      close(ends[0]);
      BeQuiet();
      for (const uint64_t number : cases_) {
        Send(ends[1], std::to_string(number) + "\n");
        Send(ends[1], Line(number, run(number)));
      }
      _exit(0);
    }
    close(ends[1]);
    pipe_ = ends[0];
    moved_at_ = Steady::now();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    close(pipe_);
    waitpid(child_, nullptr, 0);
  }

  int pipe() const { return pipe_; }
  // False at the end. What is told goes to `tell`.
  template <class F>
  bool Read(F&& tell) {
    char bytes[16 * 1024];
    const ssize_t got = read(pipe_, bytes, sizeof bytes);
    if (got <= 0) return false;
    moved_at_ = Steady::now();
    text_.append(bytes, static_cast<size_t>(got));
    for (size_t end; (end = text_.find('\n')) != std::string::npos; text_.erase(0, end + 1)) {
      const std::string line = text_.substr(0, end);
      const uint64_t number = std::strtoull(line.c_str(), nullptr, 10);
      const bool begins = line.find(' ') == std::string::npos;
      if (begins) {
        begun_ = number;
        runs_ = true;
        continue;
      }
      runs_ = false;
      ++done_;
      tell(number, Parse(line));
    }
    return true;
  }
  bool Hangs() const { return Steady::now() - moved_at_ > kCaseLimit; }
  void Kill() {
    hung_ = true;
    kill(child_, SIGKILL);
  }
  // Its last case never ended.
  bool broke() const { return runs_; }
  CaseOutcome Broken() const {
    int status = 0;
    waitpid(child_, &status, WNOWAIT);
    CaseOutcome outcome;
    outcome.fault = hung_ ? "hangs" : "the process ends in the middle";
    outcome.counts[hung_ ? "hung" : "crashed"] = 1;
    return outcome;
  }
  uint64_t begun() const { return begun_; }
  std::vector<uint64_t> Rest() const {
    return {cases_.begin() + static_cast<int64_t>(done_ + (runs_ ? 1 : 0)), cases_.end()};
  }

 private:
  const std::vector<uint64_t> cases_;
  pid_t child_ = 0;
  int pipe_ = -1;
  std::string text_;
  uint64_t begun_ = 0;
  size_t done_ = 0;
  bool runs_ = false, hung_ = false;
  Steady::time_point moved_at_;
};

class Runner {
 public:
  Runner(const std::vector<uint64_t>& cases, size_t jobs,
         const std::function<CaseOutcome(uint64_t)>& run,
         const std::function<void(uint64_t, const CaseOutcome&)>& on_fault)
      : run_(run), on_fault_(on_fault), workers_(std::max<size_t>(1, jobs)) {
    for (size_t at = 0; at < cases.size(); at += kCasesPerProcess) {
      const size_t end = std::min(cases.size(), at + kCasesPerProcess);
      waiting_.emplace_back(cases.begin() + static_cast<int64_t>(at),
                            cases.begin() + static_cast<int64_t>(end));
    }
  }

  CaseTotals Run() {
    while (Fill()) {
      std::vector<pollfd> ready;
      for (const auto& worker : workers_) {
        if (worker) ready.push_back({worker->pipe(), POLLIN, 0});
      }
      poll(ready.data(), ready.size(), kPollMs);
      for (const pollfd& p : ready) {
        if (p.revents != 0) Read(p.fd);
      }
      for (const auto& worker : workers_) {
        if (worker && worker->Hangs()) worker->Kill();
      }
    }
    return std::move(totals_);
  }

 private:
  bool Fill() {
    bool any = false;
    for (auto& worker : workers_) {
      if (!worker && !waiting_.empty()) {
        worker = std::make_unique<Worker>(std::move(waiting_.front()), run_);
        waiting_.pop_front();
      }
      any = any || worker != nullptr;
    }
    return any;
  }
  void Read(int pipe) {
    for (auto& worker : workers_) {
      if (!worker || worker->pipe() != pipe) continue;
      const bool on = worker->Read(
          [this](uint64_t number, const CaseOutcome& outcome) { Take(number, outcome); });
      if (on) return;
      if (worker->broke()) Take(worker->begun(), worker->Broken());
      std::vector<uint64_t> rest = worker->Rest();
      if (!rest.empty()) waiting_.push_front(std::move(rest));
      worker.reset();
      return;
    }
  }
  void Take(uint64_t number, const CaseOutcome& outcome) {
    ++totals_.run;
    for (const auto& [name, count] : outcome.counts) totals_.counts[name] += count;
    if (outcome.fault.empty()) return;
    ++totals_.failed;
    if (totals_.faults.size() < CaseTotals::kMaxFaults) totals_.faults[number] = outcome.fault;
    on_fault_(number, outcome);
  }

  const std::function<CaseOutcome(uint64_t)>& run_;
  const std::function<void(uint64_t, const CaseOutcome&)>& on_fault_;
  std::deque<std::vector<uint64_t>> waiting_;
  std::vector<std::unique_ptr<Worker>> workers_;
  CaseTotals totals_;
};

}  // namespace

std::string KindOf(const std::string& fault) {
  std::string kind;
  for (size_t at = 0; at < fault.size() && kind.size() < 50; ++at) {
    if (fault[at] == '(') at = std::min(fault.find(')', at), fault.size() - 1);
    const bool digit = fault[at] >= '0' && fault[at] <= '9';
    if (digit && kind.ends_with('#')) continue;
    kind += digit ? '#' : fault[at];
  }
  return kind;
}

namespace {

using Situations = std::map<std::string, std::map<std::string, uint64_t>>;

Situations BySituation(const CaseTotals& totals) {
  Situations all;
  for (const auto& [name, count] : totals.counts) {
    const size_t slash = name.find('/');
    if (slash != std::string::npos) all[name.substr(0, slash)][name.substr(slash + 1)] = count;
  }
  return all;
}

}  // namespace

void CountAs(const std::string& situation, CaseOutcome* outcome) {
  std::map<std::string, uint64_t> counts;
  for (const auto& [name, count] : outcome->counts) counts[situation + "/" + name] = count;
  counts[situation + "/run"] = 1;
  counts[situation + "/failed"] = outcome->fault.empty() ? 0 : 1;
  outcome->counts = std::move(counts);
}

void WriteReport(const std::string& path, const std::string& suite, const CaseTotals& totals) {
  if (path.empty()) return;
  std::ofstream report(path, std::ios::app);
  for (const auto& [situation, counts] : BySituation(totals)) {
    report << fmt::format(R"({{"suite":"{}","situation":"{}")", suite, situation);
    for (const auto& [name, count] : counts) report << fmt::format(R"(,"{}":{})", name, count);
    report << "}\n";
  }
}

void PrintTotals(const CaseTotals& totals) {
  for (const auto& [situation, counts] : BySituation(totals)) {
    fmt::print("  {}:", situation);
    for (const auto& [name, count] : counts) fmt::print(" {} {},", count, name);
    fmt::print("\n");
  }
}

void BeQuiet() {
  if (std::getenv("TILLRELAY_LOUD") != nullptr) return;
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  CHECK(nowhere >= 0);
  dup2(nowhere, STDOUT_FILENO);
  dup2(nowhere, STDERR_FILENO);
  close(nowhere);
}

CaseTotals RunCases(const std::vector<uint64_t>& cases, size_t jobs,
                    const std::function<CaseOutcome(uint64_t)>& run,
                    const std::function<void(uint64_t, const CaseOutcome&)>& on_fault) {
  return Runner(cases, jobs, run, on_fault).Run();
}

}  // namespace tillrelay::testing
