#include "agent/journal/retold.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/event/member_digest.h"

namespace tillrelay::journal {
namespace {

constexpr size_t kMoneyEnd = kContentDigestBytes + sizeof(event::MoneyDigest);
constexpr size_t kBytesEnd = kMoneyEnd + sizeof(uint64_t);
constexpr size_t kDetailBegin = kBytesEnd + 1;
constexpr size_t kDetailEnd = kDetailBegin + sizeof(event::DetailDigest);
constexpr std::string_view kUnknownBytes("\0\0\0\0\0\0\0\0", sizeof(uint64_t));
constexpr uint64_t kRowsPerBeat = 10'000;
constexpr int64_t kMostDays = 2000;  // of one number

std::string BigEndian(uint64_t value) {
  std::string bytes(sizeof value, '\0');
  for (size_t at = sizeof value; at > 0; value >>= 8) bytes[--at] = static_cast<char>(value);
  return bytes;
}

uint64_t FromBigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

Retold::Row RowOf(const sqlite::Statement& known) {
  Retold::Row row;
  known.CopyBlob(0, &row.id);
  row.position = known.Unsigned(2);
  return row;
}

// Both say net amounts of the lines, their prices or tenders, and the same.
bool SameAmounts(std::string_view one, std::string_view other) {
  constexpr size_t kFirst = 2;  // behind the currency and the other totals
  constexpr std::string_view kUnsaid("\0\0\0", event::kPartBytes);
  for (size_t at = kFirst * event::kPartBytes; at < std::min(one.size(), other.size());
       at += event::kPartBytes) {
    const std::string_view said = one.substr(at, event::kPartBytes);
    if (said != kUnsaid && said == other.substr(at, event::kPartBytes)) return true;
  }
  return false;
}

// The day of a key of the same number, where that is another one around the document's; else "".
std::string OtherDay(const event::Identity& undated, std::string_view key) {
  if (undated.first_day.empty() || key == undated.key) return "";
  const std::string_view day = key.substr(key.rfind(event::KeyStart(true).back()) + 1);
  return day >= undated.first_day && day <= undated.last_day ? std::string(day) : "";
}

// "<digest of the settings>/<position>"
struct RetainedText {
  std::string settings;
  uint64_t through = 0;
};
RetainedText Parse(std::string_view text) {
  RetainedText kept;
  const size_t slash = std::min(text.find('/'), text.size());
  kept.settings = text.substr(0, slash);
  const std::string_view number = text.substr(std::min(slash + 1, text.size()));
  std::from_chars(number.data(), number.data() + number.size(), kept.through);
  return kept;
}

}  // namespace

std::string KeptDigest(const event::Identity& identity) {
  std::string kept(BytesOf(identity.digest).substr(0, kContentDigestBytes));
  kept.append(identity.money.begin(), identity.money.end());
  kept += BigEndian(identity.bytes.digest);
  kept += identity.bytes.key_by_settings ? '\1' : '\0';
  kept.append(identity.detail.begin(), identity.detail.end());
  return kept + identity.members;
}

Likeness Compare(std::string_view kept, std::string_view ours) {
  Likeness likeness;
  const auto part = [](std::string_view text, size_t from, size_t to) {
    return text.size() >= to ? text.substr(from, to - from) : std::string_view();
  };
  likeness.content = kept.substr(0, kContentDigestBytes) == ours.substr(0, kContentDigestBytes);
  const auto differs = [&](size_t from, size_t to) {
    return event::PartsDiffer(part(kept, from, to), part(ours, from, to));
  };
  const auto members = [](std::string_view text) {
    return text.substr(std::min(kDetailEnd, text.size()));
  };
  likeness.contradicts = differs(kContentDigestBytes, kMoneyEnd) ||
                         differs(kDetailBegin, kDetailEnd) ||
                         event::MembersDiffer(members(kept), members(ours));
  likeness.goods = likeness.content ||
                   event::MembersAgree(members(kept), members(ours), event::kGoodsMember) ||
                   SameAmounts(part(kept, kContentDigestBytes, kMoneyEnd),
                               part(ours, kContentDigestBytes, kMoneyEnd));
  const std::string_view bytes = part(kept, kMoneyEnd, kBytesEnd);
  likeness.bytes =
      !bytes.empty() && bytes != kUnknownBytes && bytes == part(ours, kMoneyEnd, kBytesEnd);
  return likeness;
}

Status Retold::Open(sqlite::Database* db, std::string_view settings, uint64_t newest,
                    std::function<void()> progress) {
  db_ = db;
  progress_ = std::move(progress);
  loaded_ = added_ = false;
  moved_.clear();
  const std::string now = ToHex(BytesOf(Sha256(settings)).substr(0, sizeof(uint64_t)));
  auto text = db->QueryText("SELECT value FROM meta WHERE key='naming_settings'");
  if (!text.ok() && text.status().code() != Code::kNotFound) return std::move(text).status();
  RetainedText kept = text.ok() ? Parse(*text) : RetainedText{};
  moved_through_ = kept.through;
  const bool changed = kept.settings != now;
  const bool brought_over = newest == kEverything && kept.through < newest;
  if (!settings.empty() && (changed || brought_over)) {
    // A file of before says nothing of the bytes of what it holds.
    moved_through_ = kept.settings.empty() && !brought_over ? 0 : std::max(newest, kept.through);
    auto save = db->Prepare("INSERT OR REPLACE INTO meta VALUES('naming_settings',?1)");
    if (!save.ok()) return std::move(save).status();
    TRY(save->BindText(1, now + "/" + std::to_string(moved_through_)).Run());
  }
  return db->PrepareAll(
      {{&near_,
        "SELECT id,digest,position,at_s,key FROM known WHERE key>=?1 AND key<=?2 LIMIT ?3"}});
}

Result<Retold::Rows> Retold::Find(const event::Identity& identity, std::optional<int64_t> at_s) {
  Rows rows;
  if (!identity.key.empty()) {
    TRY(Near(KeysOf(identity), KeptDigest(identity), at_s, &identity, &rows));
  }
  if (rows.same.empty() && !identity.former_key.empty()) TRY(Former(identity, &rows.same));
  if (!rows.same.empty() || !LooksByBytes(identity)) return rows;
  if (!loaded_) TRY(LoadMoved());
  const auto moved = moved_.find(identity.bytes.digest);
  if (moved != moved_.end()) rows.same.push_back(moved->second);
  return rows;
}

Retold::Keys Retold::KeysOf(const event::Identity& identity) {
  const std::string& key = identity.key;
  if (!key.starts_with(event::KeyStart(true))) return {key, key};
  const std::string number = key.substr(0, key.rfind(event::KeyStart(true).back()) + 1);
  if (identity.bytes.key_by_settings) return {number, number + "\x7f"};
  if (identity.first_day.empty()) return {key, key};
  return {number + identity.first_day, number + identity.last_day};
}

std::optional<uint64_t> Retold::MovedBytes(std::string_view digest) {
  if (digest.size() <= kBytesEnd || digest[kBytesEnd] != '\1') return std::nullopt;
  return FromBigEndian(digest.substr(kMoneyEnd, sizeof(uint64_t)));
}

void Retold::Add(std::string_view digest, const Row& row) {
  const auto bytes = MovedBytes(digest);
  if (!loaded_ || !bytes) return;
  moved_[*bytes] = row;
  added_ = true;
}

void Retold::RolledBack() {
  if (!std::exchange(added_, false)) return;
  loaded_ = false;
  moved_.clear();
}

// Under the same number of the same register, on days that the document may have been of.
Status Retold::Near(const Keys& keys, std::string_view digest, std::optional<int64_t> at_s,
                    const event::Identity* undated, Rows* rows) {
  near_.BindText(1, keys.first).BindText(2, keys.last).Bind(3, kMostDays);
  for (;;) {
    auto found = near_.Step();
    if (!found.ok()) return std::move(found).status();
    if (!*found) return Status::Ok();
    const Likeness like = Compare(near_.Blob(1), digest);
    const std::optional<int64_t> then =
        near_.IsNull(3) ? std::nullopt : std::optional(near_.Int(3));
    const bool moment = at_s && then == at_s;
    if (like.bytes || (moment && like.content && !like.contradicts)) {
      rows->same.push_back(RowOf(near_));
    } else if (undated != nullptr && like.goods) {
      std::string day = OtherDay(*undated, near_.Text(4));
      if (!day.empty()) rows->doubts.push_back({near_.Unsigned(2), {then, true, std::move(day)}});
    }
  }
}

Result<std::vector<Retold::Row>> Retold::OfMoment(const std::string& key, std::string_view digest,
                                                  int64_t at_s) {
  Rows rows;
  event::Identity any_day;
  any_day.key = key;
  any_day.bytes.key_by_settings = true;
  const Keys keys = KeysOf(any_day);
  if (keys.first != keys.last) TRY(Near(keys, digest, at_s, nullptr, &rows));
  return std::move(rows.same);
}

Status Retold::Former(const event::Identity& identity, std::vector<Row>* rows) {
  const std::string ours = KeptDigest(identity);
  near_.BindText(1, identity.former_key).BindText(2, identity.former_key).Bind(3, kMostDays);
  for (;;) {
    auto found = near_.Step();
    if (!found.ok()) return std::move(found).status();
    if (!*found) return Status::Ok();
    const Row row = RowOf(near_);
    const Likeness like = Compare(near_.Blob(1), ours);
    if (row.id == identity.former_id && like.content && !like.contradicts) rows->push_back(row);
  }
}

Status Retold::LoadMoved() {
  static_assert(kBytesEnd + 1 == 40, "kMoved says where the byte stands");
  auto all = db_->Prepare("SELECT id,digest,position FROM known WHERE position<=?1 AND " +
                          std::string(kMoved));
  if (!all.ok()) return std::move(all).status();
  all->Bind(1, moved_through_);
  for (uint64_t read = 1;; ++read) {
    auto row = all->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) break;
    if (const auto bytes = MovedBytes(all->Blob(1))) moved_.emplace(*bytes, RowOf(*all));
    if (progress_ && read % kRowsPerBeat == 0) progress_();
  }
  loaded_ = true;
  return Status::Ok();
}

}  // namespace tillrelay::journal
