#include "common/event/member_digest.h"

#include <algorithm>
#include <array>
#include <functional>
#include <type_traits>
#include <unordered_map>
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

std::string TagOf(std::string_view path) {
  return std::string(BytesOf(Sha256(path)).substr(0, kTagBytes));
}

// A member by its path. There are some hundred of them, and what is known of each is kept.
struct Member {
  std::string path, tag;
  bool compared = false;
};

const Member& MemberOf(std::string_view path) {
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  thread_local std::unordered_map<std::string, Member, Hash, std::equal_to<>> members;
  const auto known = members.find(path);
  if (known != members.end()) return known->second;
  return members.emplace(path, Member{std::string(path), TagOf(path), IsCompared(path)})
      .first->second;
}

// What is said of each member.
class Said {
 public:
  std::vector<std::string>& Of(const Member& member) {
    for (Entry& entry : entries_) {
      if (entry.member == &member) return entry.values;
    }
    return entries_.emplace_back(Entry{&member, {}}).values;
  }
  void Erase(std::string_view path) {
    std::erase_if(entries_, [&member = MemberOf(path)](const Entry& entry) {
      return entry.member == &member;
    });
  }
  // In the order of the paths.
  template <class Take>
  void ForEach(const Take& take) {
    std::sort(entries_.begin(), entries_.end(),
              [](const Entry& a, const Entry& b) { return a.member->path < b.member->path; });
    for (Entry& entry : entries_) take(*entry.member, entry.values);
  }

 private:
  struct Entry {
    const Member* member;
    std::vector<std::string> values;
  };
  std::vector<Entry> entries_;
};

std::string TimeText(const std::string& time) {
  const auto parsed = ParseTime(time);
  if (!parsed.ok() || !parsed->offset_s) return time;
  return std::to_string(parsed->local_s - *parsed->offset_s) + kFieldEnd +
         std::to_string(parsed->micros);
}

// Every member that the document says, by its path; those of a list's parts together.
class Sayings {
 public:
  Said said;

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
    if (!MemberAt(name).compared) return;
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
    if (!MemberAt(name).compared) return;
    for (T& part : x) {
      if constexpr (std::is_same_v<T, Line>) {
        OneLine(name, part);
      } else {
        Add(name, TextOf(part));
      }
    }
  }

 private:
  const Member& MemberAt(std::string_view name) {
    const size_t length = path_.size();
    const Member& member = MemberOf(path_ += name);
    path_.resize(length);
    return member;
  }
  void Add(std::string_view name, std::string value) {
    const Member& member = MemberAt(name);
    if (!member.compared || (by_sku_ && member.path == "lines.item.sku")) return;
    said.Of(member).push_back(of_ + std::move(value));
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
    inner.said.ForEach([&text](const Member& member, const std::vector<std::string>& values) {
      for (const std::string& value : values) {
        (((text += member.path) += kFieldEnd) += value) += kFieldEnd;
      }
    });
    return text;
  }

  std::string path_, of_;
  bool by_sku_ = false;  // identity goes by the number of the line that is walked
};

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
void LeaveToOlderDigests(const Event& event, Said* said) {
  if (event.transaction) said->Erase("totals.net_amount");
  for (const char* member : {"lines.net_amount", "lines.unit_price"}) {
    if (said->Of(MemberOf(member)).size() == event.lines.size()) said->Erase(member);
  }
}

}  // namespace

std::string DigestMembers(const Event& event, bool day_is_told) {
  Sayings sayings;
  Fields(sayings, const_cast<Event&>(event));  // the walk only reads
  Said& said = sayings.said;
  LeaveToOlderDigests(event, &said);
  if (!day_is_told) {
    for (const char* day :
         {"transfer.business_day", "count.business_day", "adjustment.business_day"}) {
      said.Erase(day);
    }
  }
  if (event.transaction) {
    const std::string status = StatusOf(*event.transaction);
    const bool moves = status == "completed" && event.kind != Kind::kRegisterControl;
    if (!moves) said.Of(MemberOf("transaction.status")) = {status};
  }
  if (auto goods = GoodsOf(event); !goods.empty())
    said.Of(MemberOf(kGoodsMember)) = std::move(goods);
  std::string digest;
  said.ForEach([&digest](const Member& member, std::vector<std::string>& values) {
    if (values.empty()) return;
    digest += member.tag;
    digest += BytesOf(Sha256(Together(std::move(values)))).substr(0, kValueBytes);
  });
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
