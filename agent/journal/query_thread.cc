#include "agent/journal/query_thread.h"

#include <pthread.h>

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

void QueryThread::Run() {
  for (;;) {
    const bool closing = inbox_.closed();
    auto questions = inbox_.PopAll(kBeat);
    for (const Question& question : questions) {
      if (beat_) beat_();
      // The file may have been replaced since: a connection that failed is not used again.
      if (search_ == nullptr) {
        auto opened = Search::Open(path_);
        if (!opened.ok()) {
          question(std::move(opened).status());
          continue;
        }
        search_ = *std::move(opened);
      }
      question(search_.get());
    }
    if (beat_) beat_();
    if (closing && questions.empty()) return;
  }
}

}  // namespace tillrelay::journal
