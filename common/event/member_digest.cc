#include "common/event/member_digest.h"

#include <algorithm>
#include <array>
#include <map>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/base/digest.h"
#include "common/event/fields.h"
#include "common/event/time_text.h"

namespace tillrelay::event {
namespace {

constexpr size_t kTagBytes = 2, kValueBytes = 3, kEntryBytes = kTagBytes + kValueBytes;
constexpr char kFieldEnd = '\x1f', kRecordEnd = '\x1e';

// Each list is sorted. docs/journal.md, "A second telling", names the first.
constexpr auto kDescriptive = std::to_array<std::string_view>(
    {"adjustment.operator_ref", "count.operator_ref", "ext", "lines.entry_method",
     "lines.item.description", "lines.item.scan_data", "lines.line_no", "lines.original_line_no",
     "lines.source_line_no", "transaction.begin_at", "transaction.captured_offline",
     "transaction.operator_ref", "transaction.receipt_no", "transaction.store_gln",
     "transaction.time_quality", "transfer.carrier_ref", "transfer.expected_at",
     "transfer.operator_ref"});
constexpr auto kMadeHere =
    std::to_array<std::string_view>({"control", "lines.item.key", "lines.item.key_factor",
                                     "lines.item.key_map", "lines.stock_effect", "origin"});
constexpr auto kIdentity = std::to_array<std::string_view>({"adjustment.adjustment_id",
                                                            "close.business_day",
                                                            "close.register_id",
                                                            "close.store_id",
                                                            "close.z_no",
                                                            "count.as_of",
                                                            "count.count_id",
                                                            "currency",
                                                            "lines.action",
                                                            "lines.counted",
                                                            "lines.item.gtin",
                                                            "lines.original.business_day",
                                                            "lines.original.line_no",
                                                            "lines.original.register_id",
                                                            "lines.original.transaction_no",
                                                            "lines.quantity",
                                                            "lines.serials",
                                                            "lines.uom",
                                                            "pos_control",
                                                            "tenders",
                                                            "totals.discount_amount",
                                                            "totals.fee_amount",
                                                            "totals.grand_amount",
                                                            "totals.tax_amount",
                                                            "transaction.business_day",
                                                            "transaction.end_at",
                                                            "transaction.kind",
                                                            "transaction.register_id",
                                                            "transaction.status",
                                                            "transaction.store_id",
                                                            "transaction.training",
                                                            "transaction.transaction_no",
                                                            "transfer.transfer_id",
                                                            "voids.business_day",
                                                            "voids.line_no",
                                                            "voids.register_id",
                                                            "voids.transaction_no"});

template <size_t kSize>
bool Contains(const std::array<std::string_view, kSize>& sorted, std::string_view path) {
  return std::binary_search(sorted.begin(), sorted.end(), path);
}

bool IsCompared(std::string_view path) {
  return !Contains(kDescriptive, path) && !Contains(kMadeHere, path) && !Contains(kIdentity, path);
}

std::string TimeText(const std::string& time) {
  const auto parsed = ParseTime(time);
  if (!parsed.ok() || !parsed->offset_s) return time;
  return std::to_string(parsed->local_s - *parsed->offset_s) + kFieldEnd +
         std::to_string(parsed->micros);
}

// Every member that the document says, by its path; those of a list's parts together.
class Sayings {
 public:
  std::map<std::string, std::vector<std::string>> by_path;

  void Id(std::string_view name, const std::string& x) {
    if (!x.empty()) Add(name, x);
  }
  void Text(std::string_view name, const std::string& x) { Id(name, x); }
  void Scan(std::string_view name, const std::string& x) { Id(name, x); }
  void Word(std::string_view name, const std::string& x, Words) { Id(name, x); }
  void Day(std::string_view name, const std::string& x) { Id(name, x); }
  void Time(std::string_view name, const std::string& x) {
    if (!x.empty()) Add(name, TimeText(x));
  }
  void Number(std::string_view name, const std::optional<Decimal>& x) {
    if (x) Add(name, x->Shortest());
  }
  void Integer(std::string_view name, const std::optional<int64_t>& x) {
    if (x) Add(name, std::to_string(*x));
  }
  void Flag(std::string_view name, const std::optional<bool>& x) {
    if (x) Add(name, *x ? "true" : "false");
  }
  void Ids(std::string_view name, const std::vector<std::string>& x) {
    for (const std::string& id : x) Add(name, id);
  }
  void Counts(std::string_view name, const std::vector<std::pair<std::string, int64_t>>& x) {
    for (const auto& [key, count] : x) Add(name, key + kFieldEnd + std::to_string(count));
  }
  void Sums(std::string_view name, const std::vector<std::pair<std::string, Decimal>>& x) {
    for (const auto& [key, sum] : x) Add(name, key + kFieldEnd + sum.Shortest());
  }
  void Extension(std::string_view, const std::vector<std::pair<std::string, std::string>>&) {}
  template <class T>
  void Object(std::string_view name, T& x) {
    if (!IsCompared(PathOf(name))) return;
    const size_t length = path_.size();
    (path_ += name) += '.';
    Fields(*this, x);
    path_.resize(length);
  }
  template <class T>
  void Object(std::string_view name, std::optional<T>& x) {
    if (x) Object(name, *x);
  }
  template <class T>
  void List(std::string_view name, std::vector<T>& x) {
    if (!IsCompared(PathOf(name))) return;
    for (T& part : x) {
      if constexpr (std::is_same_v<T, Line>) {
        OneLine(name, part);
      } else {
        Add(name, TextOf(part));
      }
    }
  }

 private:
  std::string PathOf(std::string_view name) const { return path_ + std::string(name); }
  void Add(std::string_view name, std::string value) {
    std::string path = PathOf(name);
    if (!IsCompared(path) || (by_sku_ && path == "lines.item.sku")) return;
    by_path[std::move(path)].push_back(of_ + std::move(value));
  }
  // What a line says belongs to its goods.
  void OneLine(std::string_view name, Line& line) {
    const Item& item = line.item;
    of_ = (item.gtin.empty() ? item.sku : item.gtin) + kFieldEnd +
          (line.quantity ? line.quantity->Shortest() : "") + kFieldEnd;
    // Where there is a GTIN, identity goes by it, and the ledger by the other number.
    by_sku_ = item.gtin.empty();
    Object(name, line);
    of_.clear();
  }
  // A part that has no members of its own to be compared: all it says.
  template <class T>
  static std::string TextOf(T& part) {
    Sayings inner;
    Fields(inner, part);
    std::string text;
    for (const auto& [path, values] : inner.by_path) {
      for (const std::string& value : values) (((text += path) += kFieldEnd) += value) += kFieldEnd;
    }
    return text;
  }

  std::string path_, of_;
  bool by_sku_ = false;  // identity goes by the number of the line that is walked
};

std::string TagOf(std::string_view path) {
  return std::string(BytesOf(Sha256(path)).substr(0, kTagBytes));
}

std::string Together(std::vector<std::string> values) {
  std::sort(values.begin(), values.end());
  std::string text;
  for (const std::string& value : values) (text += value) += kRecordEnd;
  return text;
}

std::vector<std::string> GoodsOf(const Event& event) {
  std::vector<std::string> goods;
  if (!event.transaction) return goods;
  for (const Line& line : event.lines) {
    goods.push_back((line.item.gtin.empty() ? line.item.sku : line.item.gtin) + kFieldEnd +
                    (line.quantity ? line.quantity->Shortest() : ""));
  }
  return goods;
}

std::string StatusOf(const Transaction& transaction) {
  if (transaction.training.value_or(false)) return "training";
  return transaction.status.empty() ? "completed" : transaction.status;
}

// The entry of a tag; empty: the document does not say it.
std::string_view ValueOf(std::string_view members, std::string_view tag) {
  for (size_t at = 0; at + kEntryBytes <= members.size(); at += kEntryBytes) {
    if (members.substr(at, kTagBytes) == tag) return members.substr(at + kTagBytes, kValueBytes);
  }
  return {};
}

// Of what every line says the money's digest speaks; of the net amount of a receipt the details'.
void LeaveToOlderDigests(const Event& event,
                         std::map<std::string, std::vector<std::string>>* by_path) {
  if (event.transaction) by_path->erase("totals.net_amount");
  for (const char* member : {"lines.net_amount", "lines.unit_price"}) {
    const auto said = by_path->find(member);
    if (said != by_path->end() && said->second.size() == event.lines.size()) by_path->erase(said);
  }
}

}  // namespace

std::string DigestMembers(const Event& event, bool day_is_told) {
  Sayings said;
  Fields(said, const_cast<Event&>(event));  // the walk only reads
  LeaveToOlderDigests(event, &said.by_path);
  if (!day_is_told) {
    for (const char* head : {"transfer", "count", "adjustment"}) {
      said.by_path.erase(std::string(head) + ".business_day");
    }
  }
  if (event.transaction) {
    const std::string status = StatusOf(*event.transaction);
    const bool moves = status == "completed" && event.kind != Kind::kRegisterControl;
    if (!moves) said.by_path["transaction.status"] = {status};
  }
  if (auto goods = GoodsOf(event); !goods.empty()) {
    said.by_path[std::string(kGoodsMember)] = std::move(goods);
  }
  std::string digest;
  digest.reserve(said.by_path.size() * kEntryBytes);
  for (auto& [path, values] : said.by_path) {
    digest += TagOf(path);
    digest += BytesOf(Sha256(Together(std::move(values)))).substr(0, kValueBytes);
  }
  return digest;
}

bool MembersDiffer(std::string_view one, std::string_view other) {
  for (size_t at = 0; at + kEntryBytes <= one.size(); at += kEntryBytes) {
    const std::string_view theirs = ValueOf(other, one.substr(at, kTagBytes));
    if (!theirs.empty() && theirs != one.substr(at + kTagBytes, kValueBytes)) return true;
  }
  return false;
}

bool MembersAgree(std::string_view one, std::string_view other, std::string_view member) {
  const std::string tag = TagOf(member);
  const std::string_view ours = ValueOf(one, tag);
  return !ours.empty() && ours == ValueOf(other, tag);
}

std::span<const std::string_view> DescriptiveMembers() { return kDescriptive; }
std::span<const std::string_view> DerivedMembers() { return kMadeHere; }
std::span<const std::string_view> IdentityMembers() { return kIdentity; }

}  // namespace tillrelay::event
