// What: what a sink sends, and the way on which it is sent.
// Promise: a message that is tried again is the same one. Only kTaken moves the sink's cursor.
// Thread: one; Send waits for the answer, at most the sink's deadline, or until its `wake` becomes
//   readable.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace tillrelay::collector {

struct SinkMessage {
  std::string id, body;  // the same at each try
  // The changes of it, in the order of their positions: where they stand in `body`.
  struct Part {
    size_t begin = 0, size = 0;
    std::string store, kind;
  };
  std::vector<Part> parts = {};
};

struct SinkAnswer {
  enum class Meaning {
    kTaken,
    kLater,    // the same again works, perhaps
    kRefused,  // this message, or everything
    kGone,     // nobody wants any
  };
  Meaning meaning = Meaning::kLater;
  std::string text;                     // of what was not taken
  std::chrono::seconds retry_after{0};  // as the receiver asks
};

class Transport {
 public:
  virtual ~Transport() = default;
  virtual SinkAnswer Send(const SinkMessage& message) = 0;
};

}  // namespace tillrelay::collector
