// What: the thread `query`: questions of people against the journal, one after the other, with one
//   read-only connection, never in the way of the committer.
// Promise: a question that was taken is answered; a full queue refuses at once (503 outside).
// Thread: Ask from any; questions run on the thread `query`, which this object owns.
// Limits: kMaxQueued questions wait.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "agent/journal/query/search.h"
#include "common/base/inbox.h"

namespace tillrelay::journal {

class QueryThread {
 public:
  static constexpr size_t kMaxQueued = 64;
  using Question = std::function<void(Result<Search*>)>;

  QueryThread(std::string path, std::function<void()> beat);
  ~QueryThread() { Stop(); }
  void Start();
  void Stop();

  // False: too many wait already, or it stops; the question is not asked.
  bool Ask(Question question);

 private:
  void Run();
  void Answer(const Question& question);

  const std::string path_;
  const std::function<void()> beat_;
  Inbox<Question> inbox_;
  std::unique_ptr<Search> search_;
  uint64_t inode_ = 0, device_ = 0;  // of the file that it has open
  std::thread thread_;
};

}  // namespace tillrelay::journal
