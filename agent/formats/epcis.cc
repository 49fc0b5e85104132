#include "agent/formats/epcis.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

#include "agent/formats/csv_unread.h"
#include "agent/formats/epcis_context.h"
#include "agent/formats/epcis_extras.h"
#include "agent/formats/epcis_words.h"
#include "agent/formats/gs1_names.h"
#include "agent/formats/json_steps.h"
#include "common/base/text.h"
#include "common/event/event_json.h"
#include "common/event/item_rules.h"
#include "common/event/time_text.h"

namespace tillrelay::formats {
namespace {

using event::Kind;
using event::Rejection;

constexpr size_t kLookBytes = 4096;
constexpr size_t kMaxIdBytes = 128;
constexpr size_t kMaxSerials = 1000;

// A date on the clock face of the place where it happened.
std::string LocalDay(int64_t local_s) {
  const std::chrono::sys_seconds at{std::chrono::seconds(local_s)};
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(at)};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

class Mapper {
 public:
  Mapper(JsonValue source, const EpcisContext& context, event::Event* event)
      : source_(source), context_(context), event_(*event) {}

  std::optional<Rejection> Run() {
    event_.origin.emplace();
    event_.origin->dialect = "epcis-2.0";
    event_.origin->mapper = "epcis@1";
    event_.origin->source_event_id = source_.String("eventID").substr(0, kMaxIdBytes);
    Frame();
    if (!rejection_) Meaning();
    if (!rejection_) Goods();
    if (!rejection_) rejection_ = context_.Add(source_);
    if (!rejection_) rejection_ = context_.Contradiction(source_);
    if (!rejection_) rejection_ = ForbiddenByExtras(source_, event_.kind);
    return std::move(rejection_);
  }

  // After Run.
  void ListNotRead(NotRead* not_read) const {
    for (const JsonValue member : source_) {
      const std::string name(member.name());
      if (!read_.contains(name)) {
        not_read->Add(name);
        continue;
      }
      if (member.is_object()) ListBelow(name, member, not_read);
      if (!member.is_array()) continue;
      for (const JsonValue entry : member) ListBelow(name, entry, not_read);
    }
  }

 private:
  static void ListBelow(const std::string& name, JsonValue part, NotRead* not_read) {
    // By the part's own name, what of it is read.
    static constexpr std::pair<std::string_view, std::string_view> kRead[] = {
        {"readPoint", "id"},
        {"bizLocation", "id"},
        {"persistentDisposition", "set"},
        {"bizTransactionList", "type"},
        {"bizTransactionList", "bizTransaction"},
        {"sourceList", "source"},
        {"destinationList", "destination"},
        {"quantityList", "epcClass"},
        {"quantityList", "quantity"},
        {"quantityList", "uom"}};
    if (!part.is_object()) return;
    for (const JsonValue member : part) {
      const auto same = [&](const auto& read) {
        return read.first == name && read.second == member.name();
      };
      if (std::none_of(std::begin(kRead), std::end(kRead), same)) {
        not_read->Add(name + "." + std::string(member.name()));
      }
    }
  }

  // What every event must say, and what none of ours may.
  void Frame() {
    const std::string_view type = source_.String("type");
    if (type != "ObjectEvent" && type != "TransactionEvent") {
      return Refuse(type.empty() ? "missing-field" : "unsupported", "type",
                    "only ObjectEvent and TransactionEvent tell a shop's stock");
    }
    if (source_.Find("errorDeclaration")) {
      return Refuse("unsupported", "errorDeclaration",
                    "it takes back an earlier event; send the correction as a void or a return");
    }
    for (const char* list : {"childEPCs", "childQuantityList", "inputEPCList", "inputQuantityList",
                             "outputEPCList", "outputQuantityList"}) {
      if (source_.Find(list).size() == 0) continue;
      return Refuse("unsupported", list, "goods of another type of event, which would not be read");
    }
    at_ = source_.String("eventTime");
    if (at_.empty()) return Refuse("missing-field", "eventTime", "this field is required");
    const auto time = event::ParseTime(at_);
    if (!time.ok()) return Refuse("bad-value", "eventTime", "expected a time as in RFC 3339");
    int64_t local = time->local_s;
    const std::string_view offset = source_.String("eventTimeZoneOffset");
    if (!offset.empty() && time->offset_s) {
      const auto there = event::ParseTime("2000-01-01T00:00:00" + std::string(offset));
      if (!there.ok() || !there->offset_s) {
        return Refuse("bad-value", "eventTimeZoneOffset", "expected an offset such as +01:00");
      }
      local += *there->offset_s - *time->offset_s;
    }
    day_ = LocalDay(local);
    read_point_ = PlaceOf(source_.Find("readPoint").String("id"));
    here_ = PlaceOf(source_.Find("bizLocation").String("id"));
    if (here_.gln.empty()) here_.gln = read_point_.gln;
  }

  // The word of a vocabulary; a foreign one is no word of ours, and not the same as none.
  static std::optional<std::string_view> Word(std::string_view reported, std::string_view list,
                                              std::string_view prefix) {
    const std::string_view word = CbvWord(reported, list, prefix);
    if (word.empty() && !reported.empty()) return std::nullopt;
    return word;
  }

  void Meaning() {
    const auto step = Word(source_.String("bizStep"), "bizstep", "BizStep");
    const auto state = Word(source_.String("disposition"), "disp", "Disp");
    const EpcisRule* rule = step && state ? EpcisRuleOf(*step, *state) : nullptr;
    if (rule == nullptr) return NoMeaning();
    if (!Action(*rule) || !Persistent(*rule)) return;
    switch (rule->meaning) {
      case EpcisMeaning::kSale:
        return Receipt(Kind::kSale);
      case EpcisMeaning::kReturn:
        return Receipt(Kind::kReturn);
      case EpcisMeaning::kShipped:
        return Transfer(Kind::kTransferShipped);
      case EpcisMeaning::kShipmentVoided:
        return Transfer(Kind::kTransferVoided);
      case EpcisMeaning::kReceivedDamaged:
        damaged_ = true;
        [[fallthrough]];
      case EpcisMeaning::kReceived:
        return Transfer(Kind::kTransferReceived);
      case EpcisMeaning::kCountedDamaged:
        damaged_ = true;
        [[fallthrough]];
      case EpcisMeaning::kCounted:
        return Count(*step);
      case EpcisMeaning::kDamage:
        return Adjustment("damage");
      case EpcisMeaning::kWaste:
        return Adjustment("waste");
      case EpcisMeaning::kTheft:
        return Adjustment("theft");
    }
  }

  void NoMeaning() {
    std::string known;
    const std::string_view step = CbvWord(source_.String("bizStep"), "bizstep", "BizStep");
    for (const EpcisRule& rule : EpcisRules()) {
      if (step.empty() || rule.step != step) continue;
      known += (known.empty() ? "" : ", ");
      known += rule.disposition.empty() ? "(none)" : rule.disposition;
    }
    Refuse("unsupported", "bizStep",
           fmt::format("{} with disposition {} says nothing about a shop's stock{}{}",
                       Named(source_.String("bizStep")), Named(source_.String("disposition")),
                       known.empty() ? "" : "; known dispositions of this step are ", known));
  }

  // An ObjectEvent says whether it only saw the goods, or whether they begin or cease to be.
  bool Action(const EpcisRule& rule) {
    const std::string_view action = source_.String("action");
    const bool object = source_.String("type") == "ObjectEvent";
    const bool known = action == "ADD" || action == "OBSERVE" || action == "DELETE";
    if (!source_.Find("action")) return true;  // OBSERVE is meant
    const bool goes = object ? rule.actions.find(action) != std::string_view::npos
                             : action != "DELETE";  // it takes the document off its goods
    if (known && goes) return true;
    Refuse("unsupported", "action",
           fmt::format("{} does not go with this bizStep; known are {}", Named(action),
                       object ? rule.actions : "ADD OBSERVE"));
    return false;
  }

  // What is true of the goods no longer: not what the event says of them.
  bool Unset(const EpcisRule& rule) {
    const JsonValue unset = source_.Find("persistentDisposition").Find("unset");
    if (unset && !unset.is_array()) {
      Refuse("bad-value", "persistentDisposition.unset", "expected a list of words");
      return false;
    }
    for (const JsonValue entry : unset) {
      const std::string_view word =
          CbvWord(entry.is_string() ? entry.text() : std::string_view(), "disp", "Disp");
      if (word.empty() || word != rule.disposition) continue;
      Refuse("bad-value", "persistentDisposition.unset",
             fmt::format("{} is unset, and the event's own disposition", word));
      return false;
    }
    return true;
  }

  // What else is true of the goods: it may say that they cannot be sold.
  bool Persistent(const EpcisRule& rule) {
    if (!Unset(rule)) return false;
    const JsonValue set = source_.Find("persistentDisposition").Find("set");
    if (set && !set.is_array()) {
      Refuse("bad-value", "persistentDisposition.set", "expected a list of words");
      return false;
    }
    for (const JsonValue entry : set) {
      const std::string_view reported = entry.is_string() ? entry.text() : std::string_view();
      const std::string_view word = CbvWord(reported, "disp", "Disp");
      if (!word.empty() && (word == rule.disposition || LeavesGoodsAsTheyAre(word))) continue;
      const EpcisRule* as_state = EpcisRuleOf(rule.step, word);
      const bool arrives_damaged = rule.meaning == EpcisMeaning::kReceived && as_state != nullptr &&
                                   as_state->meaning == EpcisMeaning::kReceivedDamaged;
      if (!arrives_damaged) {
        Refuse("unsupported", "persistentDisposition",
               fmt::format("{} with this bizStep says nothing that is known about a shop's stock",
                           Named(reported)));
        return false;
      }
      damaged_ = true;
    }
    return true;
  }

  void Receipt(Kind kind) {
    event_.kind = kind;
    event::Transaction& t = event_.transaction.emplace();
    t.store_id = t.store_gln = Own();
    t.register_id = read_point_.extension;
    if (t.register_id.empty()) {
      return Refuse("missing-field", "readPoint.id",
                    "the extension of its SGLN names the register: urn:epc:id:sgln:….….03");
    }
    t.transaction_no = DocumentNo({"inv", "receipt"});
    if (t.transaction_no.empty()) return NoDocument("inv");
    t.business_day = day_;
    t.end_at = at_;
  }

  void Transfer(Kind kind) {
    event_.kind = kind;
    event::Transfer& t = event_.transfer.emplace();
    t.transfer_id = DocumentNo({"desadv", "bol", "po"});
    if (t.transfer_id.empty()) return NoDocument("desadv");
    t.business_day = day_;
    const bool received = kind == Kind::kTransferReceived;
    const std::string other =
        received ? Partner("sourceList", "source") : Partner("destinationList", "destination");
    if (other.empty()) {
      return Refuse("missing-field", received ? "sourceList" : "destinationList",
                    "name the other side as a location with its GLN");
    }
    t.from_store_id = t.from_gln = received ? other : Own();
    t.to_store_id = t.to_gln = received ? Own() : other;
    (received ? t.received_at : kind == Kind::kTransferVoided ? t.voided_at : t.shipped_at) = at_;
    if (!received) return;
    t.receipt_id = DocumentNo({"recadv"});
    if (t.receipt_id.empty()) t.receipt_id = EventNo();
  }

  void Count(std::string_view step) {
    event_.kind = Kind::kStockCounted;
    event::Count& c = event_.count.emplace();
    c.count_id = EventNo();
    c.store_id = Own();
    c.kind = step == "cycle_counting" ? "cycle" : "full";
    c.as_of = at_;
    c.business_day = day_;
  }

  void Adjustment(const char* reason) {
    event_.kind = Kind::kStockAdjusted;
    event::Adjustment& a = event_.adjustment.emplace();
    a.adjustment_id = EventNo();
    a.store_id = Own();
    a.business_day = day_;
    a.adjusted_at = at_;
    a.reason = reason;
  }

  // The shop where it happened, by its GLN; store_aliases knows it.
  std::string Own() {
    if (here_.gln.empty()) {
      Refuse("missing-field", "bizLocation.id", "name the shop by its GLN, as an SGLN or a link");
    }
    return here_.gln;
  }

  std::string Partner(const char* list, const char* member) {
    read_.insert(list);
    for (const JsonValue entry : source_.Find(list)) {
      const Place place = PlaceOf(entry.String(member));
      if (!place.gln.empty()) return place.gln;
    }
    return {};
  }

  // The first business transaction of the types in their order; one alone needs no type.
  std::string DocumentNo(std::initializer_list<std::string_view> types) {
    const JsonValue list = source_.Find("bizTransactionList");
    read_.insert("bizTransactionList");
    CheckDocuments();
    for (const std::string_view type : types) {
      std::optional<std::string_view> number;
      for (const JsonValue entry : list) {
        const std::string_view reported = entry.String("type");
        const std::string_view word = CbvWord(reported, "btt", "BTT");
        const bool own = word.empty() && LastPart(reported) == type;
        if (word != type && !own && !(reported.empty() && list.size() == 1)) continue;
        const std::string_view document = entry.String("bizTransaction");
        if (number && *number != document) {
          Refuse("bad-value", "bizTransactionList",
                 fmt::format("two documents of type {}: nobody can tell which is this one", type));
        }
        number = document;
      }
      if (number) return Id(LastPart(*number));
    }
    return {};
  }

  // A document beside the receipt may say that it takes something back.
  void CheckDocuments() {
    for (const JsonValue entry : source_.Find("bizTransactionList")) {
      const std::string_view reported = entry.String("type");
      const std::string_view word = CbvWord(reported, "btt", "BTT");
      const Unread tells = word.empty()    ? UnreadColumn(LastPart(reported)).Tells("4711")
                           : word == "rma" ? Unread::kCameBack
                                           : Unread::kNothing;
      const bool back = event_.kind != Kind::kSale;  // goods that go back, or came
      if (tells == Unread::kNothing || (tells == Unread::kCameBack && back)) continue;
      Refuse("unsupported", "bizTransactionList",
             fmt::format("a document of type {} takes something back; send that as a void or a "
                         "return",
                         Named(reported)));
    }
  }

  // The event's own name where there is no document: the hash of an ni: name, or its last part.
  std::string EventNo() {
    const std::string number = Id(LastPart(source_.String("eventID")));
    if (number.empty()) Refuse("missing-field", "eventID", "without it a repeat is not recognised");
    return number;
  }

  void Goods() {
    size_t index = 0;
    for (const JsonValue epc : source_.Find("epcList")) {
      ++index;
      const TradeItem item = TradeItemOf(epc.is_string() ? epc.text() : std::string_view());
      if (item.gtin.empty()) return NoTradeItem(fmt::format("epcList[{}]", index - 1));
      // One piece has one serial number: told twice, it is still one.
      if (!item.serial.empty() && !pieces_.emplace(item.gtin, item.serial).second) continue;
      Add(item, Decimal::FromMicros(Decimal::kUnit, 0), "EA", "epcList");
    }
    index = 0;
    for (const JsonValue entry : source_.Find("quantityList")) {
      const std::string at = fmt::format("quantityList[{}]", index++);
      const TradeItem item = TradeItemOf(entry.String("epcClass"));
      if (item.gtin.empty()) return NoTradeItem(at + ".epcClass");
      const JsonValue quantity = entry.Find("quantity");
      if (!quantity.is_number()) {
        return Refuse(quantity ? "bad-value" : "missing-field", at + ".quantity", "write a number");
      }
      bool rounded = false;
      auto value = Decimal::Parse(quantity.text(), &rounded);
      if (!value.ok() || value->negative()) {
        return Refuse("bad-value", at + ".quantity", "expected a number from 0 to 4e12");
      }
      const JsonValue unit = entry.Find("uom");
      const std::string uom = unit && !unit.is_string() ? "" : event::UomOf(unit.text());
      if (uom.empty()) return Refuse("bad-value", at + ".uom", "this unit is not known");
      if (rounded) Flag("rounded");
      Add(item, *value, uom, at);
      if (rejection_) return;
    }
    if (event_.lines.empty()) Refuse("missing-field", "epcList", "the event names no goods");
  }

  // One line per trade item and unit.
  void Add(const TradeItem& item, Decimal quantity, const std::string& uom,
           const std::string& field) {
    auto line = std::find_if(event_.lines.begin(), event_.lines.end(), [&](const event::Line& l) {
      return l.item.gtin == item.gtin && l.uom == uom;
    });
    if (line == event_.lines.end()) {
      line = event_.lines.emplace(event_.lines.end());
      line->item.gtin = item.gtin;
      line->uom = uom;
      if (damaged_ && event_.kind == Kind::kStockCounted) line->bucket = "damaged";
      if (damaged_ && event_.kind == Kind::kTransferReceived) line->quantity = Decimal();
    }
    auto& sum = event_.kind == Kind::kStockCounted ? line->counted
                : damaged_                         ? line->quantity_damaged
                                                   : line->quantity;
    auto total = sum.value_or(Decimal()).Plus(quantity);
    if (!total.ok()) return Refuse("bad-value", field, "the quantities are too large");
    sum = *total;
    if (!item.serial.empty() && line->serials.size() < kMaxSerials) {
      line->serials.push_back(Id(item.serial));
    }
  }

  void NoTradeItem(const std::string& field) {
    Refuse("unsupported", field, "only trade items (GTIN as SGTIN, LGTIN or Digital Link) count");
  }
  void NoDocument(const char* type) {
    Refuse("missing-field", "bizTransactionList",
           fmt::format("name the document, as a business transaction of type {}", type));
  }
  void Flag(const char* flag) {
    auto& flags = event_.origin->flags;
    if (std::find(flags.begin(), flags.end(), flag) == flags.end()) flags.emplace_back(flag);
  }
  static std::string Named(std::string_view text) {
    return text.empty() ? "(none)" : Printable(text, 80);
  }
  std::string Id(std::string_view text) {
    if (text.size() > kMaxIdBytes) Refuse("bad-value", "", "an identifier is at most 128 bytes");
    return std::string(text.substr(0, kMaxIdBytes));
  }
  void Refuse(const char* reason, std::string field, std::string hint) {
    if (!rejection_) rejection_ = Rejection{reason, std::move(field), std::move(hint)};
  }

  const JsonValue source_;
  EpcisContext context_;  // of the document, and of the event
  event::Event& event_;
  std::string at_, day_;
  Place here_, read_point_;
  bool damaged_ = false;
  std::set<std::pair<std::string, std::string>> pieces_;  // GTIN and serial
  // Members; others are read by some kinds only.
  std::set<std::string, std::less<>> read_ = {
      "type",        "errorDeclaration",      "eventTime", "eventTimeZoneOffset",
      "readPoint",   "bizLocation",           "bizStep",   "action",
      "disposition", "persistentDisposition", "eventID",   "epcList",
      "quantityList"};
  std::optional<Rejection> rejection_;
};

// The events of a capture or a query document, or the value itself.
JsonValue EventsOf(JsonValue root) {
  const JsonValue body = root.Find("epcisBody");
  if (!body) return root;
  const JsonValue results = body.Find("queryResults").Find("resultsBody");
  return (results ? results : body).Find("eventList");
}

// The same of a document that has no tree; nothing if a name of the way stands there twice.
std::string_view EventsOf(std::string_view root, const Limits& limits) {
  bool twice = false;
  const auto member = [&](std::string_view object, std::string_view name) {
    return RawMember(object, name, limits, &twice);
  };
  const std::string_view body = member(root, "epcisBody");
  if (body.empty()) return root;
  const std::string_view results = member(member(body, "queryResults"), "resultsBody");
  const std::string_view events = member(results.empty() ? body : results, "eventList");
  return twice ? std::string_view() : events;
}

// What of a document stands around its events and is no master data; each is an empty list there.
std::string FrameOf(std::string_view whole, std::string_view events, const Limits& limits) {
  bool twice = false;
  const std::string_view header = RawMember(whole, "epcisHeader", limits, &twice);
  const std::string_view master =
      header.empty() ? header : RawMember(header, "epcisMasterData", limits, &twice);
  std::string frame;
  const char* at = whole.data();
  const bool header_first = !master.empty() && master.data() < events.data();
  for (const std::string_view part :
       {header_first ? master : events, header_first ? events : master}) {
    if (part.empty()) continue;
    frame.append(at, part.data()).append("[]");
    at = part.data() + part.size();
  }
  return frame.append(at, whole.data() + whole.size());
}

// What stands around the events.
void ListFrame(JsonValue root, NotRead* not_read) {
  for (const JsonValue member : root) {
    const std::string_view name = member.name();
    if (name != "@context" && name != "type" && name != "epcisBody") not_read->Add(name);
  }
  for (const JsonValue member : root.Find("epcisBody")) {
    const std::string_view name = member.name();
    if (name != "eventList" && name != "queryResults") {
      not_read->Add("epcisBody." + std::string(name));
    }
  }
}

SyntaxError NoEvents() {
  return {0, "the document has no epcisBody.eventList", "send an EPCIS 2.0 document or one event"};
}

}  // namespace

bool LooksLikeEpcis(std::string_view bytes) {
  const std::string_view start = bytes.substr(0, kLookBytes);
  return start.find("\"@context\"") != std::string_view::npos ||
         start.find("\"EPCISDocument\"") != std::string_view::npos ||
         start.find("\"EPCISQueryDocument\"") != std::string_view::npos;
}

std::optional<SyntaxError> DecodeEpcis(JsonParser& parser, std::string& bytes, const Limits& limits,
                                       const std::function<void(Item&&)>& sink, NotRead* not_read) {
  size_t index = 0;
  std::optional<Rejection> of_all;  // by what stands around the events
  EpcisContext context;
  const auto frame_says = [&](JsonValue root) {
    of_all = ForbiddenByFrame(root);
    if (auto renamed = context.Add(root)) of_all = std::move(renamed);
  };
  const auto add = [&](std::string_view text, JsonValue value) {
    Item item{index++, event::Event(), {}, {}};
    std::optional<Rejection> rejection;
    if (!value.is_object()) {
      rejection =
          Rejection{"bad-value", "",
                    text.size() > limits.event_bytes
                        ? fmt::format("the event is larger than {} bytes", limits.event_bytes)
                        : "an event is an object"};
    } else {
      Mapper mapper(value, context, &std::get<event::Event>(item.outcome));
      rejection = mapper.Run();
      if (!rejection) rejection = of_all;
      if (not_read != nullptr) mapper.ListNotRead(not_read);
    }
    if (rejection) {
      item.outcome = *std::move(rejection);
      item.excerpt = text.substr(0, limits.event_bytes);
    }
    item.bytes.digest = event::DigestOfBytes({text});
    sink(std::move(item));
  };
  if (bytes.size() > limits.event_bytes) {
    std::string_view whole;
    if (auto error = CheckWhole(bytes, limits, &whole)) return error;
    const std::string_view list = EventsOf(whole, limits);
    if (list.empty()) return NoEvents();
    if (list.data() != whole.data()) {
      std::string frame = FrameOf(whole, list, limits);
      JsonValue root;
      if (frame.size() > limits.event_bytes) {
        of_all = Rejection{"unsupported", "epcisHeader",
                           fmt::format("what stands around the events is larger than {} bytes",
                                       limits.event_bytes)};
      } else if (auto error = ParseWhole(parser, frame, limits, &root)) {
        return error;
      } else {
        frame_says(root);
      }
    }
    return ForEachElement(parser, bytes, list, limits, add);
  }
  JsonValue root;
  if (auto error = ParseWhole(parser, bytes, limits, &root)) return error;
  const JsonValue events = EventsOf(root);
  if (!events) return NoEvents();
  if (root.Find("epcisBody")) frame_says(root);
  if (not_read != nullptr && root.Find("epcisBody")) ListFrame(root, not_read);
  if (events.is_array() && events.size() > limits.events) {
    return SyntaxError{0, fmt::format("more than {} events", limits.events), "split the document"};
  }
  if (!events.is_array()) {
    add(events.text(), events);
    return std::nullopt;
  }
  for (const JsonValue value : events) add(value.text(), value);
  return std::nullopt;
}

}  // namespace tillrelay::formats
