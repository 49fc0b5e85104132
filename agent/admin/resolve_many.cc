#include "agent/admin/resolve_many.h"

#include <utility>

namespace tillrelay::admin {
namespace {

class Run : public std::enable_shared_from_this<Run> {
 public:
  Run(std::shared_ptr<Admin> admin, BulkOrder order, Reply<BulkOutcome> reply)
      : admin_(std::move(admin)), order_(std::move(order)), reply_(std::move(reply)) {}

  void Next() {
    if (at_ == order_.tickets.size()) return reply_(std::move(outcome_));
    Resolution one;
    one.ticket = order_.tickets[at_];
    one.way = order_.way;
    one.reason = order_.reason;
    one.actor = order_.actor;
    admin_->Resolve(std::move(one),
                    [self = shared_from_this()](Result<Resolved> done) { self->Take(done); });
  }

 private:
  void Take(const Result<Resolved>& done) {
    const uint64_t ticket = order_.tickets[at_];
    const Code code = done.ok() ? Code::kOk : done.status().code();
    if (done.ok() && done->gone) {
      ++outcome_.resolved;
    } else if (code == Code::kNotFound) {
      ++outcome_.gone;
    } else if (code == Code::kOk || code == Code::kInvalid) {
      outcome_.left.push_back(ticket);
    } else {
      return Stop(done.status().message());
    }
    ++at_;
    Next();
  }
  // May be called from within Resolve: nothing is asked again.
  void Stop(std::string why) {
    outcome_.stopped = std::move(why);
    const auto rest = order_.tickets.begin() + static_cast<std::ptrdiff_t>(at_);
    outcome_.left.insert(outcome_.left.end(), rest, order_.tickets.end());
    reply_(std::move(outcome_));
  }

  const std::shared_ptr<Admin> admin_;
  const BulkOrder order_;
  const Reply<BulkOutcome> reply_;
  BulkOutcome outcome_;
  size_t at_ = 0;
};

}  // namespace

void ResolveMany(std::shared_ptr<Admin> admin, BulkOrder order, Reply<BulkOutcome> reply) {
  std::make_shared<Run>(std::move(admin), std::move(order), std::move(reply))->Next();
}

}  // namespace tillrelay::admin
