#include "common/event/draft.h"

#include <algorithm>
#include <charconv>

#include "common/base/check.h"
#include "common/base/json_reader.h"
#include "common/base/text.h"
#include "common/event/bounds.h"
#include "common/event/event_json.h"
#include "common/event/gs1_code.h"
#include "common/event/gtin.h"
#include "common/event/item_map.h"
#include "common/event/item_rules.h"
#include "common/event/member_digest.h"
#include "common/event/stock_effect.h"
#include "common/event/turnover.h"

namespace tillrelay::event {
namespace {

// Half of this would do for any till; a document with more lines is no receipt.
constexpr size_t kMaxLines = 10'000;

class Drafter {
 public:
  Drafter(Event* event, const Shop& shop, const Horizon& horizon, const ItemMap* items)
      : event_(*event), shop_(shop), horizon_(horizon), items_(items) {}

  std::variant<Draft, Rejection> Run() {
    if (!event_.origin) event_.origin.emplace();
    rejection_ = OutOfBounds(event_, shop_.zone);
    if (!rejection_) Head();
    Lines();
    if (!rejection_) rejection_ = ApplyStockRule(&event_);
    if (!rejection_) Sums();
    if (!rejection_ && event_.transfer &&
        event_.transfer->from_store_id == event_.transfer->to_store_id) {
      Refuse("bad-value", "transfer.to_store_id", "a transfer goes to another store");
    }
    if (rejection_) return *std::move(rejection_);
    draft_.kind = event_.kind;
    draft_.identity = Identify(event_, end_wall_);
    draft_.identity.members = DigestMembers(event_, derived_day_ == nullptr);
    DaysAround();
    FormerName();
    event_.origin->content_sha256 = ToHex(BytesOf(draft_.identity.digest));
    OneName();
    TakesBack();
    ShiftDay();
    if (rejection_) return *std::move(rejection_);
    Book();
    WriteData(event_, &draft_.data);
    draft_.data.shrink_to_fit();  // a file may become 100,000 of them at once
    draft_.data_digest = Sha256(draft_.data);
    return std::move(draft_);
  }

 private:
  void Head() {
    if (IsTransaction(event_.kind)) return TransactionHead();
    if (IsTransfer(event_.kind)) return TransferHead();
    switch (event_.kind) {
      case Kind::kStockCounted:
        return CountHead();
      case Kind::kStockAdjusted:
        return AdjustmentHead();
      case Kind::kDayClosed:
        return CloseHead();
      default:
        Refuse("bad-value", "kind", "this kind is made by the agent itself");
    }
  }

  void TransactionHead() {
    if (!Need(event_.transaction.has_value(), "transaction")) return;
    Transaction& t = *event_.transaction;
    Own("transaction.store_id", &t.store_id);
    Register("transaction.register_id", t.register_id);
    DayOf("transaction.business_day", t.end_at, &t.business_day);
    if (const auto number = WithoutBlanks(t.transaction_no); number != t.transaction_no) {
      written_number_ = t.transaction_no;
      t.transaction_no = std::string(number);
    }
    Need(!t.transaction_no.empty(), "transaction.transaction_no");
    Need(!t.end_at.empty(), "transaction.end_at");
    if (rejection_) return;
    if (!t.kind.empty() && t.kind != KindWord(event_.kind)) {
      return Refuse("bad-value", "transaction.kind", "must equal the document's kind");
    }
    t.kind = KindWord(event_.kind);
    if (t.status.empty()) t.status = t.training.value_or(false) ? "training" : "completed";
    if (t.status == "training") t.training = true;
    if (!t.training) t.training = false;
    if (t.status == "resumed" && !event_.tenders.empty()) {
      return Refuse(
          "bad-value", "transaction.status",
          "resumed moves no goods, and this was paid: a receipt that is paid is completed");
    }
    Time("transaction.begin_at", &t.begin_at, nullptr);
    Time("transaction.end_at", &t.end_at, &t.time_quality);
    Plausible("transaction.end_at");
    draft_.number = t.transaction_no;
    draft_.subject = "register/" + t.register_id + "/" + t.business_day + "/" + t.transaction_no;
    if (event_.voids) {
      OwnIfNamed(&event_.voids->store_id);
      if (event_.kind != Kind::kTransactionVoided) {
        Refuse("bad-value", "voids", "only a transaction_voided takes a transaction back");
      } else if (VoidedKey(event_) == DocumentKey(event_)) {
        Refuse("bad-value", "voids", "it names itself");
      }
    }
    if (!event_.amounts.empty() && event_.kind != Kind::kTransactionVoided) {
      Refuse("bad-value", "amounts", "only a transaction_voided says this");
    }
  }

  void TransferHead() {
    if (!Need(event_.transfer.has_value(), "transfer")) return;
    Transfer& t = *event_.transfer;
    const bool received = event_.kind == Kind::kTransferReceived;
    t.transfer_id = std::string(WithoutBlanks(t.transfer_id));
    t.receipt_id = std::string(WithoutBlanks(t.receipt_id));
    Need(!t.transfer_id.empty(), "transfer.transfer_id");
    if (received) Need(!t.receipt_id.empty(), "transfer.receipt_id");
    Own(received ? "transfer.to_store_id" : "transfer.from_store_id",
        received ? &t.to_store_id : &t.from_store_id);
    Store(received ? "transfer.from_store_id" : "transfer.to_store_id",
          received ? t.from_store_id : t.to_store_id);
    std::string* at = received ? &t.received_at
                      : event_.kind == Kind::kTransferVoided && !t.voided_at.empty()
                          ? &t.voided_at
                          : &t.shipped_at;
    Need(!at->empty(), received ? "transfer.received_at" : "transfer.shipped_at");
    DayOf("transfer.business_day", *at, &t.business_day);
    if (rejection_) return;
    Time(received ? "transfer.received_at" : "transfer.shipped_at", at, nullptr);
    Plausible(received ? "transfer.received_at" : "transfer.shipped_at");
    draft_.number = t.transfer_id;
    draft_.subject = "transfer/" + t.transfer_id;
    if (event_.kind == Kind::kTransferVoided) {
      draft_.voids_key = DocumentKeyPrefix(KindWord(Kind::kTransferShipped), t.transfer_id);
    }
  }

  void CountHead() {
    if (!Need(event_.count.has_value(), "count")) return;
    Count& c = *event_.count;
    c.count_id = std::string(WithoutBlanks(c.count_id));
    Need(!c.count_id.empty(), "count.count_id");
    Own("count.store_id", &c.store_id);
    Need(!c.as_of.empty(), "count.as_of");
    DayOf("count.business_day", c.as_of, &c.business_day);
    if (rejection_) return;
    Time("count.as_of", &c.as_of, nullptr);
    Plausible("count.as_of");
    draft_.number = c.count_id;
    draft_.subject = "count/" + c.count_id;
  }

  void AdjustmentHead() {
    if (!Need(event_.adjustment.has_value(), "adjustment")) return;
    Adjustment& a = *event_.adjustment;
    a.adjustment_id = std::string(WithoutBlanks(a.adjustment_id));
    Need(!a.adjustment_id.empty(), "adjustment.adjustment_id");
    Own("adjustment.store_id", &a.store_id);
    Need(!a.reason.empty(), "adjustment.reason");
    Need(!a.adjusted_at.empty(), "adjustment.adjusted_at");
    DayOf("adjustment.business_day", a.adjusted_at, &a.business_day);
    if (rejection_) return;
    Time("adjustment.adjusted_at", &a.adjusted_at, nullptr);
    Plausible("adjustment.adjusted_at");
    draft_.number = a.adjustment_id;
    draft_.subject = "adjustment/" + a.adjustment_id;
  }

  void CloseHead() {
    if (!Need(event_.close.has_value(), "close")) return;
    Close& c = *event_.close;
    Own("close.store_id", &c.store_id);
    Register("close.register_id", c.register_id);
    Day("close.business_day", c.business_day);
    c.z_no = std::string(WithoutBlanks(c.z_no));
    Need(!c.z_no.empty(), "close.z_no");
    Need(!c.closed_at.empty(), "close.closed_at");
    if (rejection_) return;
    Time("close.closed_at", &c.closed_at, nullptr);
    Plausible("close.closed_at");
    draft_.number = c.z_no;
    draft_.subject = "register/" + c.register_id + "/day/" + c.business_day;
  }

  void Lines() {
    if (rejection_) return;
    const bool lines_optional =
        event_.kind == Kind::kRegisterControl || event_.kind == Kind::kDayClosed;
    if (!lines_optional) Need(!event_.lines.empty(), "lines");
    if (event_.lines.size() > kMaxLines) Refuse("bad-value", "lines", "more than 10,000 lines");
    for (size_t i = 0; i < event_.lines.size() && !rejection_; ++i) {
      OneLine(i, &event_.lines[i]);
    }
    if (!rejection_ && SellsAsAWhole()) {
      Refuse("bad-value", "lines[0].action", "nothing comes back in this return; say sale");
    }
    if (!rejection_ && PaysOutAsAWhole()) {
      Refuse("bad-value", "totals.grand_amount",
             "goods are sold and the customer is paid; say that they come back, or \"non_stock\": "
             "true where it is no goods");
    }
  }

  void OneLine(size_t index, Line* line) {
    const auto at = [index](const char* member) {
      return "lines[" + std::to_string(index) + "]." + member;
    };
    const auto need = [&](bool there, const char* member) {
      if (!there) Need(false, at(member));
      return there;
    };
    if (!line->line_no) line->line_no = static_cast<int64_t>(index) + 1;
    NormaliseItem(&line->item);
    if (Scanned(at("item.scan_data"), line); rejection_) return;
    if (!line->non_stock && IsNonStock(line->item, shop_.non_stock)) line->non_stock = true;
    need(!WithoutBlanks(line->item.sku).empty() || !line->item.gtin.empty(), "item");
    need(!line->uom.empty(), "uom");
    if (event_.kind == Kind::kStockCounted) {
      need(line->counted.has_value(), "counted");
      if (line->bucket.empty()) line->bucket = "on_hand";
      return;
    }
    if (!need(line->quantity.has_value(), "quantity")) return;
    for (const auto& quantity :
         {line->quantity, line->quantity_damaged, line->quantity_short, line->quantity_expected}) {
      if (quantity && quantity->negative()) {
        return Refuse("bad-value", at("quantity"),
                      "quantities are never negative; the action gives the direction");
      }
    }
    if (line->action.empty() && !HasDefaultAction(line)) {
      return Refuse("missing-field", at("action"), "say sale or return");
    }
    if (PaysOutAsSold(*line)) {
      return Refuse("bad-value", at("net_amount"),
                    "goods are sold for less than nothing; say that they come back, or "
                    "\"non_stock\": true where it is no goods");
    }
    if (line->original) OwnIfNamed(&line->original->store_id);
    Expired(*line);
  }

  // A return in which nothing comes back.
  bool SellsAsAWhole() const {
    return event_.kind == Kind::kReturn && !event_.lines.empty() &&
           std::all_of(event_.lines.begin(), event_.lines.end(), [](const Line& line) {
             return Leaves(line) && !line.non_stock.value_or(false) && line.quantity &&
                    !line.quantity->zero();
           });
  }
  static bool Leaves(const Line& line) {
    return line.action == "sale" || line.action == "order" || line.action == "pick_up";
  }

  // Money goes back to the customer, and the goods are said to leave: one of the two is wrong.
  bool PaysOutAsSold(const Line& line) const {
    const bool receipt = event_.kind == Kind::kSale || event_.kind == Kind::kExchange;
    const auto negative = [](const std::optional<Decimal>& amount) {
      return amount && amount->negative();
    };
    return receipt && Leaves(line) && !line.non_stock.value_or(false) && !line.quantity->zero() &&
           (negative(line.net_amount) || negative(line.extended_amount) ||
            negative(line.unit_price));
  }

  // The same of the whole: every line leaves, and the customer is paid.
  bool PaysOutAsAWhole() const {
    if (event_.kind != Kind::kSale || event_.lines.empty()) return false;
    const bool all_leave =
        std::all_of(event_.lines.begin(), event_.lines.end(), [](const Line& line) {
          return line.action == "sale" && !line.non_stock.value_or(false) && line.quantity &&
                 !line.quantity->zero();
        });
    return all_leave && event_.totals && event_.totals->grand_amount &&
           event_.totals->grand_amount->negative();
  }

  // The action that follows from the kind; false where it must be said.
  bool HasDefaultAction(Line* line) const {
    switch (event_.kind) {
      case Kind::kSale:
      case Kind::kTransactionVoided:
        line->action = "sale";
        return true;
      case Kind::kReturn:
        line->action = "return";
        return true;
      case Kind::kExchange:
        return false;
      default:
        return true;
    }
  }

  // A GTIN is a GTIN only if it can be one; otherwise the number is the shop's own.
  void NormaliseItem(Item* item) {
    if (item->gtin.empty()) return;
    std::string gtin = NormaliseGtin(item->gtin);
    if (gtin.empty()) {
      if (item->sku.empty()) item->sku = item->gtin;
      Flag("gtin_as_sku");
    }
    item->gtin = std::move(gtin);
  }

  // One article has one name in the books, however its number and unit were written. Identity keeps
  // what was written: a repeat is recognised under any rule.
  void OneName() {
    for (Line& line : event_.lines) {
      line.item.sku = std::string(WithoutBlanks(line.item.sku));
      line.uom = OneUnit(line.uom);
      if (items_ != nullptr) Map(&line);
    }
    Sums();
  }

  void Map(Line* line) {
    const ItemMap::Entry* entry = items_->Find(line->item, line->uom);
    ++(entry != nullptr ? draft_.mapped : draft_.unmapped);
    if (entry == nullptr) return;
    line->item.key = entry->key;
    line->item.key_map = items_->version();
    line->item.key_factor = entry->factor;
  }

  // What the code on the goods says travels with the line; it must not contradict what the till
  // says.
  void Scanned(const std::string& field, Line* line) {
    line->item.key.clear();
    line->item.key_map.clear();
    line->item.key_factor.reset();
    const auto code = ReadGs1Code(line->item.scan_data, YearOfDay(draft_.business_day));
    if (!code) return;
    const std::string fault = code->fault.empty() ? Contradiction(*code, *line) : code->fault;
    if (!fault.empty()) return Refuse("bad-value", field, fault);
    if (line->item.scan_data.find(kGs1Separator) != std::string::npos) {
      line->item.scan_data = code->Printed();
      if (const auto too_long = FaultOfId(line->item.scan_data); !too_long.empty()) {
        return Refuse("bad-value", field, std::string(too_long));
      }
    }
    TakeCode(*code, line);
  }

  static std::string Contradiction(const Gs1Code& code, const Line& line) {
    const auto differs = [](const std::string& said, const std::string& scanned) {
      return !said.empty() && !scanned.empty() && said != scanned;
    };
    std::string item = line.item.gtin;
    constexpr size_t kShortestGtin = 12;  // shorter ones may be the shop's own numbers
    if (item.empty() && line.item.sku.size() >= kShortestGtin) item = NormaliseGtin(line.item.sku);
    if (differs(item, code.gtin)) return "(01) names another article than the line";
    if (differs(line.lot, code.lot)) return "(10) names another lot than the line";
    if (differs(line.expiry, code.expiry)) return "(17) names another day than the line";
    return differs(line.best_before, code.best_before) ? "(15) names another day than the line"
                                                       : "";
  }

  static void TakeCode(const Gs1Code& code, Line* line) {
    const auto take = [](std::string* member, const std::string& scanned) {
      if (member->empty()) *member = scanned;
    };
    take(&line->lot, code.lot);
    take(&line->expiry, code.expiry);
    take(&line->best_before, code.best_before);
    if (!line->net_weight) line->net_weight = code.net_weight;
    auto& serials = line->serials;
    const bool known = std::find(serials.begin(), serials.end(), code.serial) != serials.end();
    if (!code.serial.empty() && !known) serials.push_back(code.serial);
    // Only where nothing else names the article: its identity is by what names it.
    if (line->item.gtin.empty() && WithoutBlanks(line->item.sku).empty()) {
      line->item.gtin = NormaliseGtin(code.gtin);
    }
  }

  static int YearOfDay(const std::string& day) {
    int year = 0;
    std::from_chars(day.data(), day.data() + std::min<size_t>(4, day.size()), year);
    return year;
  }

  // Sold behind the day that stands on it, on the store's own clock.
  void Expired(const Line& line) {
    const bool leaves = line.action == "sale" || line.action == "pick_up";
    if (leaves && IsTransaction(event_.kind) && event_.kind != Kind::kTransactionVoided &&
        !line.expiry.empty() && line.expiry < end_wall_.substr(0, 10)) {
      Flag("expired");
    }
  }

  void Book() {
    BookEntry& book = draft_.book;
    if (event_.transaction) {
      book.status = event_.transaction->status;
      book.register_epoch = event_.transaction->register_epoch;
      book.time_trusted = IsTrustedTime(event_.transaction->time_quality);
    }
    Money();
    book.currency = event_.currency;
    if (event_.control) book.stock_delta_by_bucket = event_.control->stock_delta_by_bucket;
    if (event_.kind == Kind::kDayClosed) {
      book.register_epoch = event_.close->register_epoch;
      book.reported = event_.pos_control.value_or(PosControl());
    }
  }

  void Money() {
    const Turnover turnover = TurnoverOf(event_);
    if (event_.totals) {
      draft_.book.net_amount = Counted(event_.totals->net_amount, turnover.Decide().net);
    }
    draft_.amounts_undecided = IsEffectivePostVoid(event_) && turnover.Undecided();
  }

  // By the date of the clock, as identity goes.
  void TakesBack() {
    if (!IsEffectivePostVoid(event_)) return;
    draft_.voids_key = VoidedKey(event_);
    draft_.taking_back_key = TakingBackKey(event_);
  }

  void Sums() {
    auto control = ControlSums(event_);
    if (!control.ok()) return Refuse("bad-value", "lines", control.status().message());
    if (!event_.lines.empty() && event_.kind != Kind::kStockCounted) {
      event_.control = *std::move(control);
    }
  }

  bool Need(bool there, std::string_view field) {
    if (!there) Refuse("missing-field", std::string(field), "this field is required");
    return there;
  }
  // A document that says no business day is of the day of its time, on the shop's own clock.
  void DayOf(const char* field, const std::string& at, std::string* day) {
    if (day->empty() && !at.empty()) {
      if (const auto time = ParseTime(at); time.ok()) {
        *day = shop_.zone.Resolve(*time).wall.substr(0, 10);
        derived_day_ = day;
      }
    }
    Day(field, *day);
  }
  // Identity keeps the date of the clock: a receipt is the same whatever the setting is.
  void ShiftDay() {
    if (derived_day_ == nullptr || shop_.business_day_ends_s == 0) return;
    const auto wall = ParseTime(end_wall_);
    if (!wall.ok()) return;
    constexpr int64_t kDay = 24 * 60 * 60;
    const int64_t into = (wall->local_s - shop_.business_day_ends_s) % kDay;
    const int64_t start = wall->local_s - into;
    const std::string before = *derived_day_;
    *derived_day_ = draft_.business_day =
        UtcText(WallTime{std::chrono::seconds(start)}).substr(0, 10);
    const int64_t from = draft_.book.at_s - into;
    draft_.book.day_s.emplace(from, from + kDay);
    if (const size_t at = draft_.subject.find("/" + before + "/");
        event_.transaction && at != std::string::npos) {
      draft_.subject.replace(at + 1, before.size(), *derived_day_);
    }
  }
  // Blanks around a number once made another receipt of it.
  void FormerName() {
    if (written_number_.empty()) return;
    std::string& number = event_.transaction->transaction_no;
    std::swap(number, written_number_);
    const Identity former = Identify(event_, end_wall_);
    std::swap(number, written_number_);
    draft_.identity.former_key = former.key;
    draft_.identity.former_id = former.id;
  }
  // Clocks of this world show a moment as days that lie two apart at most; an export that tells a
  // receipt with a new time comes within a week.
  void DaysAround() {
    if (derived_day_ == nullptr || !event_.transaction || !IsDay(*derived_day_)) return;
    draft_.identity.first_day = DayAfter(*derived_day_, -7);
    draft_.identity.last_day = DayAfter(*derived_day_, 2);
  }
  void Day(const char* field, const std::string& day) {
    if (!Need(!day.empty(), field)) return;
    if (!IsDay(day)) Refuse("bad-value", field, "write the day as 2026-11-21");
    draft_.business_day = day;
  }
  void Register(const char* field, const std::string& id) {
    Store(field, id);
    draft_.register_id = id;
  }
  void Store(const char* field, const std::string& id) {
    if (!Need(!id.empty(), field)) return;
    if (!IsName(id)) Refuse("bad-value", field, "ids match [A-Za-z0-9._-]{1,32}");
  }
  // The document must be about this store; an alias becomes the store's own id.
  void Own(const char* field, std::string* id) {
    Store(field, *id);
    if (rejection_) return;
    if (!OwnIfNamed(id)) {
      Refuse("foreign-store", field,
             "this server is store " + shop_.store_id + "; add \"" + *id +
                 "\" to store_aliases if it is the same shop");
    }
  }
  bool OwnIfNamed(std::string* id) {
    const auto& aliases = shop_.aliases;
    if (*id != shop_.store_id && std::find(aliases.begin(), aliases.end(), *id) == aliases.end()) {
      return false;
    }
    *id = shop_.store_id;
    return true;
  }
  // `quality` non-null: this is the end of the transaction. All document times here are the event's
  // own time except a transaction's begin.
  void Time(const char* field, std::string* text, std::string* quality) {
    if (text->empty() || rejection_) return;
    auto parsed = ParseTime(*text);
    if (!parsed.ok()) return Refuse("bad-value", field, parsed.status().message());
    const ResolvedTime resolved = shop_.zone.Resolve(*parsed);
    if (!parsed->offset_s) *text = resolved.text;
    draft_.time = resolved.text;
    draft_.book.at_s =
        std::chrono::floor<std::chrono::seconds>(resolved.utc.time_since_epoch()).count();
    end_wall_ = resolved.wall;
    if (quality != nullptr && quality->empty()) *quality = resolved.quality;
  }
  // The event's own time, which has just been read.
  void Plausible(const char* field) {
    if (rejection_ || draft_.book.at_s <= horizon_.latest_s) return;
    if (horizon_.trusted) {
      return Refuse("implausible-time", field,
                    "more than a day ahead of a clock that head office agrees with");
    }
    Flag("time_ahead");
  }
  void Flag(const char* flag) {
    auto& flags = event_.origin->flags;
    if (std::find(flags.begin(), flags.end(), flag) == flags.end()) flags.emplace_back(flag);
  }
  void Refuse(const char* reason, std::string field, std::string hint) {
    if (!rejection_) rejection_ = Rejection{reason, std::move(field), std::move(hint)};
  }

  Event& event_;
  const Shop& shop_;
  const Horizon& horizon_;
  const ItemMap* const items_;
  Draft draft_;
  std::string end_wall_;
  std::string written_number_;          // where blanks stood around it
  std::string* derived_day_ = nullptr;  // where the document did not say its business day
  std::optional<Rejection> rejection_;
};

}  // namespace

void SayAmounts(std::string_view amounts, Draft* draft) {
  draft->amounts_undecided = false;
  draft->data.insert(draft->data.size() - 1, ",\"amounts\":\"" + std::string(amounts) + '"');
  draft->data_digest = Sha256(draft->data);
  JsonParser parser;
  std::string data = draft->data;
  const auto document = parser.Parse(data);
  CHECK(document.ok());
  const auto net = Decimal::Parse(document->Find("totals").String("net_amount"));
  if (!net.ok()) return;
  draft->book.net_amount = Counted(*net, TurnoverOf(draft->kind, *document).Decide().net);
}

std::variant<Draft, Rejection> MakeDraft(Event event, const Shop& shop) {
  return DraftFrom(&event, shop);
}

std::variant<Draft, Rejection> DraftFrom(Event* event, const Shop& shop, const Horizon& horizon,
                                         const ItemMap* items) {
  return Drafter(event, shop, horizon, items).Run();
}

}  // namespace tillrelay::event
