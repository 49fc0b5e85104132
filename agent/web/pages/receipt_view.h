// What: a stored document or one in canonical JSON as a receipt: what was sold or moved, for how
//   much, how it was paid, and what it takes back.
// Promise: pure. Only what the document says is shown, escaped; nothing is added up.
// Thread: any.
// Limits: kMaxReceiptLines lines; the rest is in the JSON.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace tillrelay::web {

inline constexpr size_t kMaxReceiptLines = 500;

// Empty where `json` is no such document: then only its source can be shown. `marked`: members
// ("lines[0].quantity") that are to be seen at once.
using MarkedMembers = std::set<std::string, std::less<>>;
std::string ReceiptHtml(std::string_view kind, const std::string& json,
                        const MarkedMembers& marked = {});

}  // namespace tillrelay::web
