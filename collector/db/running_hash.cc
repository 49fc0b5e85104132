#include "collector/db/running_hash.h"

#include <charconv>

#include "common/base/digest.h"
#include "common/base/text.h"

namespace tillrelay::collector {
namespace {

constexpr size_t kHashBytes = 16, kHashDigits = 2 * kHashBytes;

bool IsHash(std::string_view text) {
  return text.size() == kHashDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string PlaceText(const Cursor::Place& place) {
  return std::to_string(place.position) + "-" + place.hash;
}

// Takes it from the beginning of `text`.
std::optional<Cursor::Place> ReadPlace(std::string_view* text) {
  const size_t dash = text->find('-');
  if (dash == 0 || dash == std::string_view::npos || dash > 18) return std::nullopt;
  Cursor::Place place;
  const std::string_view digits = text->substr(0, dash);
  if (!AllDigits(digits)) return std::nullopt;
  std::from_chars(digits.data(), digits.data() + digits.size(), place.position);
  place.hash = text->substr(dash + 1, kHashDigits);
  if (!IsHash(place.hash)) return std::nullopt;
  text->remove_prefix(dash + 1 + kHashDigits);
  return place;
}

}  // namespace

std::string NextHash(std::string_view before, uint64_t position, std::string_view store,
                     std::string_view id, std::span<const MovementRow> lines) {
  std::string text(before);
  const auto add = [&text](std::string_view part) {
    text += '\0';
    text += part;
  };
  add(std::to_string(position));
  add(store);
  add(id);
  for (const MovementRow& line : lines) {
    add(line.cell.store);
    add(line.cell.item);
    add(line.cell.uom);
    add(std::to_string(line.bucket));
    add(kAppliedWords[static_cast<size_t>(line.applied)]);
    add(std::to_string(line.change));
    add(std::to_string(line.quantity));
  }
  return ToHex(BytesOf(Sha256(text))).substr(0, kHashDigits);
}

std::string CursorText(const Cursor& cursor) {
  const std::string at = PlaceText(cursor.at);
  return cursor.seen ? at + "-" + PlaceText(*cursor.seen) : at;
}

std::optional<Cursor> ReadCursor(std::string_view text) {
  const auto at = ReadPlace(&text);
  if (!at) return std::nullopt;
  if (text.empty()) return Cursor{*at, std::nullopt};
  if (text.front() != '-') return std::nullopt;
  text.remove_prefix(1);
  const auto seen = ReadPlace(&text);
  if (!seen || !text.empty() || seen->position <= at->position) return std::nullopt;
  return Cursor{*at, seen};
}

}  // namespace tillrelay::collector
