#include "collector/sinks/witness.h"

#include <charconv>

#include "common/base/files.h"
#include "common/base/text.h"

namespace tillrelay::collector {
namespace {

constexpr size_t kMostBytes = 256;
constexpr std::string_view kHead = "tillrelay sink 1 ";

// "tillrelay sink 1 LINEAGE CURSOR"
std::optional<Witnessed> Parse(std::string_view text) {
  if (!text.starts_with(kHead) || !text.ends_with('\n')) return std::nullopt;
  text.remove_prefix(kHead.size());
  text.remove_suffix(1);
  const size_t blank = text.find(' ');
  if (blank == std::string_view::npos || blank > 18 || !AllDigits(text.substr(0, blank))) {
    return std::nullopt;
  }
  Witnessed found;
  (void)std::from_chars(text.data(), text.data() + blank, found.lineage);
  const auto cursor = ReadCursor(text.substr(blank + 1));
  if (!cursor) return std::nullopt;
  found.cursor = *cursor;
  return found;
}

}  // namespace

Result<std::optional<Witnessed>> Witness::Read() {
  if (read_ || path_.empty()) return last_;
  auto text = ReadFile(path_, kMostBytes);
  if (!text.ok() && text.status().code() != Code::kNotFound) return std::move(text).status();
  if (text.ok()) {
    last_ = Parse(*text);
    if (!last_) {
      return Corrupt(path_ + " is no sink's file; remove it if the database was not set back");
    }
  }
  read_ = true;
  return last_;
}

Status Witness::Save(const Witnessed& witnessed) {
  last_ = witnessed;
  read_ = true;
  if (path_.empty()) return Status::Ok();
  const std::string text = std::string(kHead) + std::to_string(witnessed.lineage) + " " +
                           CursorText(witnessed.cursor) + "\n";
  return WriteFileDurably(path_, text, 0600);
}

}  // namespace tillrelay::collector
