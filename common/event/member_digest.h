// What: what a document says beside what its identity and its older digests hold, member by member:
//   two documents of one number that both say a member and not the same contradict each other.
// Promise: pure and stable for ever: kept in the journal. A member that one of the two does not say
//   is no contradiction, and so is one that this version knows and an older one did not.
// Thread: any.
// Limits: 5 bytes for each member that is said, of a list once for all.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/event/event.h"

namespace tillrelay::event {

// What the lines name and how many, of documents of a register: the same goods, whatever else is
// said of them.
inline constexpr std::string_view kGoodsMember = "goods";

// `day_is_told`: the business day stands in the document; else it follows from a setting.
std::string DigestMembers(const Event& event, bool day_is_told);

bool MembersDiffer(std::string_view one, std::string_view other);
// Both say `member`, and the same.
bool MembersAgree(std::string_view one, std::string_view other, std::string_view member);

// Members by path ("lines.lot"): descriptions, which may change without any consequence for stock,
// money or the day; what the agent makes itself; and what identity and the older digests compare.
std::span<const std::string_view> DescriptiveMembers();
std::span<const std::string_view> DerivedMembers();
std::span<const std::string_view> IdentityMembers();

}  // namespace tillrelay::event
