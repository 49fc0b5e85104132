// What: the changes as server-sent events: each event is an answer of /v1/changes with something in
//   it, its id is that answer's `next`.
// Promise: what a reader has not been sent whole it gets when it comes again with the last id. The
//   next changes are read when the reader has taken those before, so that one that is slow costs
//   two events. A cursor that loses its place, or a database that fails, ends the stream; the next
//   question says why.
// Thread: FollowChanges: http. The stream: http and the reader's (one mutex).
// Limits: StreamPlaces; kStreamBytes an event, unless one change is larger.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "collector/db/reader.h"
#include "collector/ledger/changes.h"
#include "common/base/mutex.h"
#include "common/http/live_source.h"
#include "common/http/responder.h"

namespace tillrelay::collector {

inline constexpr size_t kStreamBytes = 256 * 1024;
inline constexpr std::chrono::seconds kStreamHeartbeat{15};

// How many read at once; fewer than the reader's questions and the server's connections, so that
// other questions find room.
class StreamPlaces {
 public:
  static constexpr size_t kOfToken = 8, kInAll = 32;
  using Place = std::shared_ptr<void>;

  // Null: all are taken. The place is given back with the last copy. Without tokens there is one
  // reader for all.
  Place Take(const std::string& token);

 private:
  struct TakenChanges {
    Mutex mutex;
    std::map<std::string, size_t> of GUARDED_BY(mutex);
    size_t all GUARDED_BY(mutex) = 0;
  };
  const std::shared_ptr<TakenChanges> taken_ = std::make_shared<TakenChanges>();
};

class ChangesStream final : public http::LiveStream,
                            public std::enable_shared_from_this<ChangesStream> {
 public:
  ChangesStream(Reader* reader, ChangesQuestion question, StreamPlaces::Place place)
      : reader_(*reader), question_(std::move(question)), place_(std::move(place)) {}

  // The first answer, whatever it is: it tells the reader that it is heard. On the reader's thread.
  Result<http::Response> Begin(Sql* sql);

  void Enter(std::function<void()> wake) override;
  void Leave() override;
  Text Since(uint64_t* seen, Instant now) override;
  bool ended() const override;

 private:
  Status ReadOn(Result<Sql*> sql);
  // True: there may be more now; false: nothing yet.
  bool Take(ChangesAnswer answer);
  void Ended();
  ChangesQuestion NextChanges() const;
  Reader::Question Question();

  Reader& reader_;
  mutable Mutex mutex_;
  ChangesQuestion question_ GUARDED_BY(mutex_);
  StreamPlaces::Place place_ GUARDED_BY(mutex_);
  std::function<void()> wake_ GUARDED_BY(mutex_);
  Text next_ GUARDED_BY(mutex_);  // to be sent
  bool asking_ GUARDED_BY(mutex_) = false, moved_ GUARDED_BY(mutex_) = false;
  bool left_ GUARDED_BY(mutex_) = false, ended_ GUARDED_BY(mutex_) = false;
  Instant sent_at_ GUARDED_BY(mutex_){};
};

// True: the question wants server-sent events.
bool WantsStream(const http::Request& request);
// Answers with a stream, or with what refuses the question. False: the reader has no room.
bool FollowChanges(Reader* reader, StreamPlaces* places, ChangesQuestion question,
                   const std::string& token, http::Responder responder);

}  // namespace tillrelay::collector
