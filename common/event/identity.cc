#include "common/event/identity.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/event/time_text.h"

namespace tillrelay::event {
namespace {

constexpr char kField = '\x1f';
constexpr char kRecord = '\x1e';
// RFC 4122, appendix C: the name space for fully qualified domain names.
constexpr Uuid kDns = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                       0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};

template <class... Parts>
std::string Join(const Parts&... parts) {
  std::string joined;
  joined.reserve((std::string_view(parts).size() + ...) + sizeof...(parts));
  ((joined += parts, joined += kField), ...);
  joined.pop_back();
  return joined;
}

std::string Number(const std::optional<Decimal>& value) {
  return value ? value->Shortest() : std::string();
}

std::string ItemName(const Item& item) { return item.gtin.empty() ? "sku:" + item.sku : item.gtin; }

// Each with a separator behind it, in no document's own order.
std::string Sorted(std::vector<std::string> parts) {
  std::sort(parts.begin(), parts.end());
  std::string text;
  for (const std::string& part : parts) (text += part) += kRecord;
  return text;
}

// The lines as identity sees them, sorted bytewise.
std::string LineText(const Event& event) {
  std::vector<std::string> lines;
  lines.reserve(event.lines.size());
  for (const Line& line : event.lines) {
    const std::string_view uom = line.uom.empty() ? "EA" : std::string_view(line.uom);
    lines.push_back(Join(line.action, ItemName(line.item), uom, Number(line.quantity)));
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) {
    if (!text.empty()) text += kRecord;
    text += line;
  }
  return text;
}

// What identity leaves out but a second telling must repeat: condition and transfer details show in
// the effects, counts in their numbers.
std::string ConsequenceText(const Event& event) {
  std::vector<std::string> parts;
  for (const Line& line : event.lines) {
    const std::string item = ItemName(line.item);
    for (const StockEffect& effect : line.stock_effect) {
      parts.push_back(
          Join(item, line.uom, effect.bucket, effect.location, effect.ref, Number(effect.delta)));
    }
    if (line.counted) parts.push_back(Join(item, line.uom, line.bucket, Number(line.counted)));
  }
  return Sorted(std::move(parts));
}

// The member of every line beside what names the line, sorted; "" if a line does not have it.
std::string OfLines(const Event& event, std::optional<Decimal> Line::*member) {
  std::vector<std::string> parts;
  for (const Line& line : event.lines) {
    if (!(line.*member)) return {};
    parts.push_back(Join(ItemName(line.item), Number(line.quantity), Number(line.*member)));
  }
  return Sorted(std::move(parts));
}

std::string TotalsText(const Event& event) {
  if (!event.totals) return {};
  const Totals& t = *event.totals;
  if (!t.tax_amount && !t.discount_amount && !t.fee_amount) return {};
  return Join(Number(t.tax_amount), Number(t.discount_amount), Number(t.fee_amount));
}

std::string TendersText(const Event& event) {
  std::vector<std::string> parts;
  for (const Tender& tender : event.tenders) {
    parts.push_back(Join(tender.type, Number(tender.amount)));
  }
  return Sorted(std::move(parts));
}

std::string Number(const std::optional<int64_t>& value) {
  return value ? std::to_string(*value) : std::string();
}

// As a till says it; "": it names no receipt.
std::string OriginalText(const std::optional<Original>& original) {
  if (!original) return {};
  if (original->transaction_no.empty()) return original->event_id;
  const Original& o = *original;
  return Join(WithoutLeadingZeros(o.register_id), o.business_day,
              WithoutLeadingZeros(o.transaction_no), Number(o.line_no));
}

std::string ReferencesText(const Event& event) {
  std::vector<std::string> parts;
  for (const Line& line : event.lines) {
    const std::string original = OriginalText(line.original);
    if (!original.empty()) parts.push_back(Join(ItemName(line.item), original));
  }
  return OriginalText(event.voids) + Sorted(std::move(parts));
}

std::string SerialsText(const Event& event) {
  std::vector<std::string> parts;
  for (const Line& line : event.lines) {
    for (const std::string& serial : line.serials) {
      parts.push_back(Join(ItemName(line.item), serial));
    }
  }
  return Sorted(std::move(parts));
}

// However it was written.
std::string MomentText(const std::string& time) {
  const auto parsed = ParseTime(time);
  if (!parsed.ok() || !parsed->offset_s) return time;
  return Join(std::to_string(parsed->local_s - *parsed->offset_s), std::to_string(parsed->micros));
}

std::string OwnSumsText(const PosControl& sums) {
  std::string text = Join(
      WithoutLeadingZeros(sums.first_transaction_no), WithoutLeadingZeros(sums.last_transaction_no),
      Number(sums.transaction_count), Number(sums.sale_count), Number(sums.return_count),
      Number(sums.post_void_count), Number(sums.net_amount), Number(sums.tax_amount),
      Number(sums.grand_total_non_resettable));
  for (const auto& [status, count] : sums.by_status) {
    text += kRecord + Join(status, std::to_string(count));
  }
  return text;
}

template <size_t kSize>
std::array<uint8_t, kSize> DigestOfParts(std::initializer_list<std::string> parts) {
  std::array<uint8_t, kSize> digest{};
  size_t at = 0;
  for (const std::string& part : parts) {
    if (!part.empty()) {
      const Sha256Digest whole = Sha256(part);
      std::copy_n(whole.begin(), kPartBytes, digest.begin() + static_cast<ptrdiff_t>(at));
      digest[at] |= 1;  // never all zeros
    }
    at += kPartBytes;
  }
  return digest;
}

MoneyDigest MoneyOf(const Event& event) {
  return DigestOfParts<sizeof(MoneyDigest)>(
      {event.currency, TotalsText(event), OfLines(event, &Line::net_amount),
       OfLines(event, &Line::unit_price), TendersText(event)});
}

DetailDigest DetailOf(const Event& event) {
  std::string own;
  if (event.transaction && event.totals) own = Number(event.totals->net_amount);
  if (event.count) own = MomentText(event.count->as_of);
  if (event.pos_control) own = OwnSumsText(*event.pos_control);
  return DigestOfParts<sizeof(DetailDigest)>({ReferencesText(event), SerialsText(event), own});
}

std::string DocumentNumber(const Event& event, std::string* part) {
  if (event.transfer) {
    if (event.kind == Kind::kTransferReceived) *part = event.transfer->receipt_id;
    return event.transfer->transfer_id;
  }
  if (event.count) return event.count->count_id;
  if (event.adjustment) return event.adjustment->adjustment_id;
  const Close& close = *event.close;
  *part = close.z_no;
  return std::string(WithoutLeadingZeros(close.register_id)) + "/" + close.business_day;
}

std::string_view StoreOf(const Event& event) {
  if (event.transfer) {
    return event.kind == Kind::kTransferReceived ? event.transfer->to_store_id
                                                 : event.transfer->from_store_id;
  }
  if (event.count) return event.count->store_id;
  if (event.adjustment) return event.adjustment->store_id;
  return event.close->store_id;
}

// Digits sort as numbers, so that a register's receipts stand side by side in the journal.
std::string Sortable(std::string_view number) {
  if (!AllDigits(number) || number.size() > 26) return "~" + std::string(number);
  return static_cast<char>('A' + number.size() - 1) + std::string(number);
}

}  // namespace

const Uuid& IdentityNamespace() {
  static const Uuid name_space = UuidV5(kDns, "tillrelay.org");
  return name_space;
}

std::string_view WithoutLeadingZeros(std::string_view text) {
  if (!AllDigits(text)) return text;
  const size_t first = text.find_first_not_of('0');
  return first == std::string_view::npos ? text.substr(text.size() - 1) : text.substr(first);
}

std::string DocumentKey(const Event& event) {
  if (event.transaction) {
    const Transaction& t = *event.transaction;
    return Join("r", WithoutLeadingZeros(t.register_id),
                Sortable(WithoutLeadingZeros(t.transaction_no)), t.business_day);
  }
  std::string part;
  const std::string number = DocumentNumber(event, &part);
  return Join("d", KindWord(event.kind), number, part);
}

Identity Identify(const Event& event, std::string_view end_wall) {
  Identity identity;
  const std::string grand = event.totals ? Number(event.totals->grand_amount) : std::string();
  const std::string lines = LineText(event);
  identity.key = DocumentKey(event);
  if (event.transaction) {
    const Transaction& t = *event.transaction;
    const std::string_view register_id = WithoutLeadingZeros(t.register_id);
    const std::string_view number = WithoutLeadingZeros(t.transaction_no);
    const std::string content =
        ToHex(BytesOf(Sha256(Join(t.kind, t.status, end_wall, lines, grand))));
    identity.id = UuidV5(IdentityNamespace(),
                         Join("1", t.store_id, register_id, t.business_day, number, content));
  } else {
    std::string part;
    const std::string number = DocumentNumber(event, &part);
    identity.id =
        UuidV5(IdentityNamespace(), Join("1", StoreOf(event), KindWord(event.kind), number, part));
  }
  identity.digest = Sha256(Join(lines, ConsequenceText(event), grand));
  identity.money = MoneyOf(event);
  identity.detail = DetailOf(event);
  return identity;
}

uint64_t DigestOfBytes(std::initializer_list<std::string_view> parts) {
  std::string all;
  for (const std::string_view part : parts) {
    all += std::to_string(part.size()) + ':';
    all += part;
  }
  uint64_t digest = 0;
  const Sha256Digest whole = Sha256(all);
  for (size_t i = 0; i < sizeof digest; ++i) digest = digest << 8 | whole[i];
  return std::max<uint64_t>(digest, 1);
}

bool PartsDiffer(std::string_view one, std::string_view other) {
  constexpr std::string_view kUnsaid("\0\0\0", kPartBytes);
  for (size_t at = 0; at + kPartBytes <= std::min(one.size(), other.size()); at += kPartBytes) {
    const std::string_view a = one.substr(at, kPartBytes);
    const std::string_view b = other.substr(at, kPartBytes);
    if (a != b && a != kUnsaid && b != kUnsaid) return true;
  }
  return false;
}

std::string ReceiptKeyPrefix(std::string_view register_id, std::string_view number) {
  return Join("r", WithoutLeadingZeros(register_id), Sortable(WithoutLeadingZeros(number)), "");
}

std::string DocumentKeyPrefix(std::string_view kind, std::string_view number) {
  return Join("d", kind, number, "");
}

bool IsEffectivePostVoid(const Event& event) {
  return event.kind == Kind::kTransactionVoided && event.transaction &&
         event.transaction->status == "completed" && !event.transaction->training.value_or(false);
}

std::string VoidedKey(const Event& event) {
  if (!event.voids || event.voids->transaction_no.empty()) return "";
  const Original& voided = *event.voids;
  const Transaction& own = *event.transaction;
  if (!voided.store_id.empty() && voided.store_id != own.store_id) return "";
  return ReceiptKeyPrefix(voided.register_id.empty() ? own.register_id : voided.register_id,
                          voided.transaction_no) +
         (voided.business_day.empty() ? own.business_day : voided.business_day);
}

std::string TakingBackKey(const Event& event) {
  const std::string voided = VoidedKey(event);
  return voided.empty() ? "" : TakingBackKeyPrefix(voided) + Number(event.voids->line_no);
}

std::string TakingBackKeyPrefix(std::string_view key) { return Join("v", key, ""); }

std::string KeyStart(bool receipts) { return Join(receipts ? "r" : "d", ""); }

std::string_view SecondPart(std::string_view key) {
  const size_t begin = std::min(key.find(kField), key.size() - 1) + 1;
  return key.substr(begin, key.find(kField, begin) - begin);
}

Uuid OwnEventId(std::string_view word, std::string_view store, std::string_view stream,
                std::string_view range) {
  std::string name = Join(word, store, stream);
  if (!range.empty()) name += kField + std::string(range);
  return UuidV5(IdentityNamespace(), name);
}

}  // namespace tillrelay::event
