// What: the thread that answers questions about the database, with a connection of its own, so that
//   neither the collector nor the HTTP loop waits for them.
// Promise: one question at a time, in order; a connection that failed is opened anew for the next.
// Thread: Ask from any; the work runs on the reader's own thread.
// Limits: 64 questions wait, and 64 to be asked once more; further ones are refused.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "collector/db/sql.h"
#include "common/base/inbox.h"

namespace tillrelay::collector {

class Reader {
 public:
  // Gets the connection, or why there is none. What it returns tells whether the connection is
  // good.
  using Question = std::function<Status(Result<Sql*>)>;

  // `beat` is called at least once a second.
  Reader(std::string url, std::function<void()> beat);
  ~Reader() { Stop(); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  // False: too many wait.
  bool Ask(Question question) { return inbox_.Push(std::move(question)); }
  // From within a question: asks once more after a while. False: too many wait already.
  bool AskLater(Question question);
  void Stop();

 private:
  static constexpr size_t kWaiting = 64;
  static constexpr std::chrono::milliseconds kLater{250};

  void Run();
  Result<Sql*> Connection();

  const std::string url_;
  const std::function<void()> beat_;
  Inbox<Question> inbox_{kWaiting, kWaiting};
  std::unique_ptr<Sql> sql_;
  std::vector<Question> later_;  // the reader's thread alone
  std::thread thread_;
};

}  // namespace tillrelay::collector
