// Every member of every kind of event: told again with another value it contradicts the first
// telling, or it stands in a list of those that may change. docs/journal.md, "A second telling".
#include "common/event/member_digest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <type_traits>

#include "common/event/fields.h"
#include "common/event/identity.h"

namespace tillrelay::event {
namespace {

// Visits each member that is no part, and gives it a value, or another one.
class Walk {
 public:
  // Fills what is empty, or changes the member of this path.
  explicit Walk(std::string change = "") : change_(std::move(change)) {}
  std::set<std::string> paths;

  void Id(std::string_view name, std::string& x) { Leaf(name, &x, "7", "8"); }
  void Text(std::string_view name, std::string& x) { Leaf(name, &x, "some", "other"); }
  void Scan(std::string_view name, std::string& x) { Leaf(name, &x, "(21)1", "(21)2"); }
  void Word(std::string_view name, std::string& x, Words words) {
    Leaf(name, &x, std::string(words.front()), std::string(words.back()));
  }
  void Time(std::string_view name, std::string& x) {
    Leaf(name, &x, "2026-11-21T10:00:00+01:00", "2026-11-21T10:00:01+01:00");
  }
  void Day(std::string_view name, std::string& x) { Leaf(name, &x, "2026-11-21", "2026-11-22"); }
  void Number(std::string_view name, std::optional<Decimal>& x) {
    Leaf(name, &x, std::optional(Decimal::FromInt(3)), std::optional(Decimal::FromInt(4)));
  }
  void Integer(std::string_view name, std::optional<int64_t>& x) {
    Leaf(name, &x, std::optional<int64_t>(5), std::optional<int64_t>(6));
  }
  void Flag(std::string_view name, std::optional<bool>& x) {
    Leaf(name, &x, std::optional(false), std::optional(true));
  }
  void Ids(std::string_view name, std::vector<std::string>& x) {
    Leaf(name, &x, {"A1"}, {"A1", "A2"});
  }
  void Counts(std::string_view name, std::vector<std::pair<std::string, int64_t>>& x) {
    Leaf(name, &x, {{"completed", 5}}, {{"completed", 6}});
  }
  void Sums(std::string_view name, std::vector<std::pair<std::string, Decimal>>& x) {
    Leaf(name, &x, {{"EA", Decimal::FromInt(5)}}, {{"EA", Decimal::FromInt(6)}});
  }
  void Extension(std::string_view name, std::vector<std::pair<std::string, std::string>>& x) {
    Leaf(name, &x, {{"till", "1"}}, {{"till", "2"}});
  }
  template <class T>
  void Object(std::string_view name, T& x) {
    const size_t length = path_.size();
    (path_ += name) += '.';
    Fields(*this, x);
    path_.resize(length);
  }
  template <class T>
  void Object(std::string_view name, std::optional<T>& x) {
    if (change_.empty() && !x) x.emplace();
    if (x) Object(name, *x);
  }
  template <class T>
  void List(std::string_view name, std::vector<T>& x) {
    if (change_.empty() && x.empty()) x.resize(2);
    if (!x.empty()) Object(name, x.back());
  }

 private:
  template <class T>
  void Leaf(std::string_view name, T* x, const std::type_identity_t<T>& value,
            const std::type_identity_t<T>& other) {
    const std::string path = path_ + std::string(name);
    paths.insert(path);
    if (change_.empty()) *x = value;
    if (change_ == path) *x = other;
  }

  const std::string change_;
  std::string path_;
};

// Everything that a document of its kind can say.
Event Whole(Kind kind, Walk* walk) {
  Event event;
  Fields(*walk, event);
  event.kind = kind;
  if (!IsTransaction(kind)) event.transaction.reset();
  if (!IsTransfer(kind)) event.transfer.reset();
  if (kind != Kind::kStockCounted) event.count.reset();
  if (kind != Kind::kStockAdjusted) event.adjustment.reset();
  if (kind != Kind::kDayClosed) event.close.reset(), event.pos_control.reset();
  return event;
}

Identity IdentityOf(const Event& event) {
  Identity identity =
      Identify(event, event.transaction ? event.transaction->end_at : std::string());
  identity.members = DigestMembers(event, true);
  return identity;
}

bool Contradict(const Identity& one, const Identity& other) {
  const auto view = [](const auto& parts) {
    return std::string_view(reinterpret_cast<const char*>(parts.data()), parts.size());
  };
  return one.id != other.id || one.digest != other.digest ||
         PartsDiffer(view(one.money), view(other.money)) ||
         PartsDiffer(view(one.detail), view(other.detail)) ||
         MembersDiffer(one.members, other.members);
}

bool MayChange(const std::string& path) {
  const auto holds = [&path](std::span<const std::string_view> list) {
    return std::any_of(list.begin(), list.end(), [&](std::string_view member) {
      return path == member || path.starts_with(std::string(member) + ".");
    });
  };
  return holds(DescriptiveMembers()) || holds(DerivedMembers());
}

constexpr Kind kKinds[] = {Kind::kSale,
                           Kind::kReturn,
                           Kind::kExchange,
                           Kind::kTransactionVoided,
                           Kind::kTransferShipped,
                           Kind::kTransferReceived,
                           Kind::kTransferVoided,
                           Kind::kStockAdjusted,
                           Kind::kStockCounted,
                           Kind::kRegisterControl,
                           Kind::kDayClosed};

TEST(MemberDigest, AnotherValueOfAnyMemberOfAnyKindIsAContradiction) {
  for (const Kind kind : kKinds) {
    Walk fill;
    const Event whole = Whole(kind, &fill);
    const Identity first = IdentityOf(whole);
    Event again = whole;
    EXPECT_FALSE(Contradict(first, IdentityOf(again)));
    for (const std::string& path : fill.paths) {
      Event other = whole;
      Walk change(path);
      Fields(change, other);
      if (!change.paths.contains(path)) continue;             // of another kind
      if (path.starts_with("lines.stock_effect.")) continue;  // follows from the others
      // What a receipt says of itself is in its kind and its status, where it moves goods.
      const bool status = path == "transaction.training" && kind != Kind::kRegisterControl;
      EXPECT_EQ(Contradict(first, IdentityOf(other)), !MayChange(path) && !status)
          << KindWord(kind) << " " << path;
    }
  }
}

// A number that was cancelled is told as training: the day's sums by status differ.
TEST(MemberDigest, AnotherStatusOfWhatMovesNothingIsAContradiction) {
  const char* statuses[] = {"completed", "cancelled", "suspended", "training", "resumed"};
  for (const Kind kind : {Kind::kRegisterControl, Kind::kSale}) {
    for (const std::string one : statuses) {
      for (const std::string other : statuses) {
        const auto identity = [kind](const std::string& status) {
          Walk fill;
          Event event = Whole(kind, &fill);
          event.transaction->training.reset();
          event.transaction->status = status;
          return IdentityOf(event);
        };
        const std::string completed = "completed";
        const bool sold = kind == Kind::kSale && (one == completed || other == completed);
        if (sold) continue;  // their content differs
        EXPECT_EQ(Contradict(identity(one), identity(other)), one != other)
            << KindWord(kind) << " " << one << " " << other;
      }
    }
  }
}

TEST(MemberDigest, WhatOnlyOneOfTwoSaysIsNoContradiction) {
  for (const Kind kind : kKinds) {
    Walk fill;
    const Event whole = Whole(kind, &fill);
    Event sparse = whole;
    sparse.reason.clear(), sparse.audit.reset(), sparse.taxes.clear();
    for (Line& line : sparse.lines) line.lot.clear(), line.taxes.clear(), line.reason.clear();
    EXPECT_FALSE(Contradict(IdentityOf(whole), IdentityOf(sparse))) << KindWord(kind);
    EXPECT_FALSE(MembersDiffer(IdentityOf(whole).members, "")) << "a row of before";
  }
}

TEST(MemberDigest, TheOrderOfLinesAndTheWritingOfNumbersAndTimesDecideNothing) {
  Walk fill;
  Event one = Whole(Kind::kTransferReceived, &fill);
  one.lines[0].item.sku = "1", one.lines[0].lot = "L1", one.lines[1].lot = "L2";
  Event other = one;
  std::reverse(other.lines.begin(), other.lines.end());
  other.transfer->received_at = "2026-11-21T09:00:00Z";
  other.lines[0].extended_amount = Decimal::Parse("3.000").value();
  one.lines[1].extended_amount = Decimal::Parse("3").value();
  EXPECT_EQ(DigestMembers(one, true), DigestMembers(other, true));
  std::swap(other.lines[0].lot, other.lines[1].lot);
  EXPECT_TRUE(MembersDiffer(DigestMembers(one, true), DigestMembers(other, true)));
}

TEST(MemberDigest, ADayThatFollowsFromASettingIsNotCompared) {
  Walk fill;
  Event one = Whole(Kind::kStockAdjusted, &fill), other = one;
  other.adjustment->business_day = "2026-11-22";
  EXPECT_TRUE(MembersDiffer(DigestMembers(one, true), DigestMembers(other, true)));
  EXPECT_FALSE(MembersDiffer(DigestMembers(one, true), DigestMembers(other, false)));
}

// No two members may be taken for each other.
TEST(MemberDigest, EveryTagIsAnother) {
  Walk fill;
  Event event;
  Fields(fill, event);
  fill.paths.insert(std::string(kGoodsMember));
  fill.paths.insert({"taxes", "lines.taxes", "tenders"});
  std::set<std::string> tags;
  for (const std::string& path : fill.paths) {
    tags.insert(std::string(BytesOf(Sha256(path)).substr(0, 2)));
  }
  EXPECT_EQ(tags.size(), fill.paths.size());
}

TEST(MemberDigest, TheListsAreSortedNameMembersAndStandInTheDocs) {
  Walk fill;
  Event event;
  Fields(fill, event);
  for (const auto list : {DescriptiveMembers(), DerivedMembers(), IdentityMembers()}) {
    EXPECT_TRUE(std::is_sorted(list.begin(), list.end()));
    for (const std::string_view member : list) {
      const auto at = fill.paths.lower_bound(std::string(member));
      EXPECT_TRUE(at != fill.paths.end() && at->starts_with(member)) << member;
    }
  }
  std::ifstream file(std::string(TILLRELAY_TEST_DATA) + "/../../docs/journal.md");
  const std::string page((std::istreambuf_iterator<char>(file)), {});
  for (const std::string_view member : DescriptiveMembers()) {
    EXPECT_NE(page.find("`" + std::string(member) + "`"), std::string::npos) << member;
  }
}

}  // namespace
}  // namespace tillrelay::event
