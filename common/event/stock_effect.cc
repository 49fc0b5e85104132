#include "common/event/stock_effect.h"

#include <algorithm>

namespace tillrelay::event {
namespace {

class LineRule {
 public:
  LineRule(const Event& event, Line* line) : event_(event), line_(*line) {}

  std::optional<Rejection> Run(size_t index) {
    const std::vector<StockEffect> reported = std::exchange(line_.stock_effect, {});
    if (line_.non_stock.value_or(false)) {
      // stays in the document and in its identity, moves nothing
    } else if (event_.kind == Kind::kStockAdjusted) {
      if (ContradictsReason()) {
        return Rejection{"bad-value", At(index, "direction"),
                         "goods go the other way for this reason; what corrects an earlier one has "
                         "the reason \"correction\""};
      }
      if (!Adjust(reported)) {
        return Rejection{"missing-field", At(index, "direction"),
                         "say \"increase\" or \"decrease\" for this reason"};
      }
    } else {
      ByKind();
    }
    if (!reported.empty() && !Same(reported)) {
      return Rejection{"stock-effect-disagrees", At(index, "stock_effect"),
                       "leave stock_effect out, or correct action, condition or quantity"};
    }
    return std::nullopt;
  }

  static std::string At(size_t index, const char* member) {
    return "lines[" + std::to_string(index) + "]." + member;
  }

 private:
  void ByKind() {
    switch (event_.kind) {
      case Kind::kSale:
      case Kind::kReturn:
      case Kind::kExchange:
        if (MovesStock()) ByAction(1);
        break;
      case Kind::kTransactionVoided:
        if (MovesStock()) ByAction(-1);
        break;
      case Kind::kTransferShipped:
        Shipped(1);
        break;
      case Kind::kTransferVoided:
        Shipped(-1);
        break;
      case Kind::kTransferReceived:
        Received();
        break;
      default:
        break;
    }
  }

  // Training never moves stock, nor does what was not completed.
  bool MovesStock() const {
    const Transaction& t = *event_.transaction;
    return !t.training.value_or(false) && (t.status.empty() || t.status == "completed");
  }

  // `sign` is -1 for a post-void: the exact negation of the original's effects.
  void ByAction(int sign) {
    const std::string& action = line_.action;
    const Decimal q = Signed(*line_.quantity, sign);
    const bool ordered = action == "order" || (action == "sale" && line_.fulfilment == "ordered");
    const bool picked_up =
        action == "pick_up" || (action == "sale" && line_.fulfilment == "picked_up");
    if (ordered) {
      Add("reserved", Store(), q);
    } else if (picked_up) {
      Add("on_hand", Store(), -q);
      Add("reserved", Store(), -q);
    } else if (action == "sale") {
      Add("on_hand", Store(), -q);
    } else if (action == "return" && line_.condition == "damaged") {
      Add("damaged", Store(), q);
    } else if (action == "return" && line_.condition != "not_kept") {
      Add("on_hand", Store(), q);
    }
  }

  void Shipped(int sign) {
    const Transfer& t = *event_.transfer;
    Add("on_hand", t.from_store_id, Signed(*line_.quantity, -sign));
    Add("in_transit", t.to_store_id, Signed(*line_.quantity, sign), t.transfer_id);
  }

  void Received() {
    const Transfer& t = *event_.transfer;
    const Decimal good = *line_.quantity;
    const Decimal damaged = line_.quantity_damaged.value_or(Decimal());
    int64_t gone = good.micros() + damaged.micros();
    uint8_t scale = std::max(good.scale(), damaged.scale());
    if (t.is_final.value_or(false)) {
      const Decimal lacking = Lacking(gone);
      gone += lacking.micros();
      scale = std::max(scale, lacking.scale());
    }
    Add("on_hand", t.to_store_id, good);
    Add("damaged", t.to_store_id, damaged);
    Add("in_transit", t.to_store_id, Decimal::FromMicros(-gone, scale), t.transfer_id);
  }

  // What a final receipt writes off: as told, else expected less received.
  Decimal Lacking(int64_t received) const {
    if (line_.quantity_short) return *line_.quantity_short;
    if (!line_.quantity_expected || line_.quantity_expected->micros() <= received) return {};
    return Decimal::FromMicros(line_.quantity_expected->micros() - received,
                               line_.quantity_expected->scale());
  }

  bool ContradictsReason() const {
    const std::string& reason = event_.adjustment->reason;
    const bool either = reason == "correction" || reason == "other";
    const bool on_hand = line_.bucket.empty() || line_.bucket == "on_hand";
    return !either && on_hand && !line_.direction.empty() &&
           (line_.direction == "increase") != (reason == "found");
  }

  // False when neither the reason, a direction nor the sender's own effect says which way.
  bool Adjust(const std::vector<StockEffect>& reported) {
    const std::string& store = event_.adjustment->store_id;
    const std::string& reason = event_.adjustment->reason;
    const std::string bucket = line_.bucket.empty() ? "on_hand" : line_.bucket;
    const Decimal q = *line_.quantity;
    if (reason == "damage" && line_.direction.empty() && bucket == "on_hand") {
      Add("on_hand", store, -q);
      Add("damaged", store, q);
      return true;
    }
    int sign = 0;
    if (!line_.direction.empty()) {
      sign = line_.direction == "increase" ? 1 : -1;
    } else if (reason == "found") {
      sign = 1;
    } else if (reason != "correction" && reason != "other") {
      sign = -1;
    } else if (reported.size() == 1 && reported[0].delta) {
      sign = reported[0].delta->negative() ? -1 : 1;
    } else {
      return false;
    }
    Add(bucket, store, Signed(q, sign));
    return true;
  }

  static Decimal Signed(Decimal q, int sign) { return sign < 0 ? -q : q; }
  const std::string& Store() const { return event_.transaction->store_id; }

  void Add(std::string bucket, const std::string& location, Decimal delta, std::string ref = {}) {
    if (delta.zero()) return;
    line_.stock_effect.push_back({std::move(bucket), location, std::move(ref), delta});
  }

  bool Same(const std::vector<StockEffect>& reported) const {
    const auto key = [](const StockEffect& e) {
      return e.bucket + "\x1f" + e.location + "\x1f" + e.ref + "\x1f" +
             e.delta.value_or(Decimal()).Shortest();
    };
    std::vector<std::string> ours, theirs;
    for (const auto& effect : line_.stock_effect) ours.push_back(key(effect));
    for (const auto& effect : reported) theirs.push_back(key(effect));
    std::sort(ours.begin(), ours.end());
    std::sort(theirs.begin(), theirs.end());
    return ours == theirs;
  }

  const Event& event_;
  Line& line_;
};

Status AddTo(std::vector<std::pair<std::string, Decimal>>* sums, const std::string& key,
             Decimal value) {
  for (auto& [known, sum] : *sums) {
    if (known != key) continue;
    auto total = sum.Plus(value);
    if (!total.ok()) return std::move(total).status();
    sum = *total;
    return Status::Ok();
  }
  sums->emplace_back(key, value);
  return Status::Ok();
}

}  // namespace

std::optional<Rejection> ApplyStockRule(Event* event) {
  for (size_t i = 0; i < event->lines.size(); ++i) {
    if (auto rejection = LineRule(*event, &event->lines[i]).Run(i)) return rejection;
  }
  return std::nullopt;
}

Result<Control> ControlSums(const Event& event) {
  Control control;
  control.line_count = static_cast<int64_t>(event.lines.size());
  for (const Line& line : event.lines) {
    if (line.quantity) {
      auto quantity = line.quantity->Plus(line.quantity_damaged.value_or(Decimal()));
      if (!quantity.ok()) return std::move(quantity).status();
      TRY(AddTo(&control.quantity_by_uom, line.uom, *quantity));
    }
    for (const StockEffect& effect : line.stock_effect) {
      TRY(AddTo(&control.stock_delta_by_bucket, effect.bucket + ":" + line.uom, *effect.delta));
    }
  }
  return control;
}

}  // namespace tillrelay::event
