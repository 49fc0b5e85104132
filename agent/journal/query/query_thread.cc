#include "agent/journal/query/query_thread.h"

#include <pthread.h>
#include <sys/stat.h>

namespace tillrelay::journal {
namespace {
constexpr std::chrono::seconds kBeat{5};
}  // namespace

QueryThread::QueryThread(std::string path, std::function<void()> beat)
    : path_(std::move(path)), beat_(std::move(beat)), inbox_(kMaxQueued, SIZE_MAX) {}

void QueryThread::Start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "query");
    Run();
  });
}

void QueryThread::Stop() {
  inbox_.Close();
  if (thread_.joinable()) thread_.join();
}

bool QueryThread::Ask(Question question) { return inbox_.Push(std::move(question)); }

// A damaged journal is moved aside and a new one takes its name: then it is the new one that people
// ask.
void QueryThread::Answer(const Question& question) {
  struct stat file {};
  const bool there = stat(path_.c_str(), &file) == 0;
  if (there && (file.st_ino != inode_ || file.st_dev != device_)) search_.reset();
  if (search_ == nullptr) {
    auto opened = Search::Open(path_);
    if (!opened.ok()) return question(std::move(opened).status());
    search_ = *std::move(opened);
    inode_ = file.st_ino;
    device_ = file.st_dev;
  }
  question(search_.get());
}

void QueryThread::Run() {
  for (;;) {
    const bool closing = inbox_.closed();
    auto questions = inbox_.PopAll(kBeat);
    for (const Question& question : questions) {
      if (beat_) beat_();
      Answer(question);
    }
    if (beat_) beat_();
    if (closing && questions.empty()) return;
  }
}

}  // namespace tillrelay::journal
