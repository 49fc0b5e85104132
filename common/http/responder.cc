#include "common/http/responder.h"

#include <atomic>

namespace tillrelay::http {

struct Responder::Pending {
  explicit Pending(std::function<void(Response&&)> function) : deliver(std::move(function)) {}
  ~Pending() {
    if (!answered.exchange(true)) {
      deliver(Problem(500, "internal", "The request was not answered"));
    }
  }
  std::function<void(Response&&)> deliver;
  std::atomic<bool> answered{false};
};

Responder::Responder(std::function<void(Response&&)> deliver)
    : pending_(std::make_shared<Pending>(std::move(deliver))) {}

void Responder::Send(Response response) const {
  if (!pending_->answered.exchange(true)) pending_->deliver(std::move(response));
}

}  // namespace tillrelay::http
