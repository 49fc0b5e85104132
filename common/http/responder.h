// What: the promise to answer one request. Copies share it; the first Send wins, later ones do
//   nothing.
// Promise: a request whose last Responder goes away unanswered is answered with 500.
// Thread: any. The answer is handed to the http thread.
#pragma once

#include <functional>
#include <memory>

#include "common/http/message.h"

namespace tillrelay::http {

class Responder {
 public:
  // `deliver` is called at most once, by whichever thread answers. Tests may pass any function.
  explicit Responder(std::function<void(Response&&)> deliver);
  void Send(Response response) const;

 private:
  struct Pending;
  std::shared_ptr<Pending> pending_;
};

}  // namespace tillrelay::http
