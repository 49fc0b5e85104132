#include "agent/journal/repair/side_tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/digest.h"

namespace tillrelay::journal {
namespace {

struct SideTable {
  const char *columns, *name, *key;
};
SideTable TableOf(int step) {
  if (step <= kKnownBack) return {"key,id,digest,position,at_s", "known", "key,id"};
  if (step <= kFilesBack) return {"sha256,name,taken_at,events", "file", "sha256"};
  return {"number,at,actor,action,subject,reason,outcome", "audit", "number"};
}

constexpr size_t kIdBytes = sizeof(Uuid);

}  // namespace

bool Backwards(int step) { return step == kKnownBack || step == kFilesBack || step == kAuditBack; }

const char* SideTableOf(int step) { return TableOf(step).name; }

std::string CursorOf(int step, const sqlite::Statement& row) {
  if (step <= kKnownBack) return std::string(row.Text(0)) + std::string(row.Blob(1));
  return step <= kFilesBack ? std::string(row.Blob(0)) : std::to_string(row.Int(0));
}

void BindCursor(int step, const std::string& cursor, sqlite::Statement* select) {
  if (step <= kKnownBack) {
    const size_t key = cursor.size() - std::min(cursor.size(), kIdBytes);
    select->BindText(1, std::string_view(cursor).substr(0, key));
    select->BindBlob(2, std::string_view(cursor).substr(key));
  } else if (step <= kFilesBack) {
    select->BindBlob(1, cursor);
  } else {
    select->Bind(1, static_cast<int64_t>(std::stoll(cursor)));
  }
}

// "SELECT … WHERE (key,id)>(?1,?2) ORDER BY key,id LIMIT n", or towards the front.
std::string PieceOf(int step, bool has_cursor, int rows) {
  const SideTable table = TableOf(step);
  const bool pair = step <= kKnownBack, back = Backwards(step);
  std::string where;
  if (has_cursor) {
    where = fmt::format(" WHERE ({}){}{}", table.key, back ? '<' : '>', pair ? "(?1,?2)" : "(?1)");
  }
  const char* order = back ? " DESC" : "";
  const std::string by = pair ? fmt::format("key{0},id{0}", order) : table.key + std::string(order);
  return fmt::format("SELECT {} FROM {}{} ORDER BY {} LIMIT {}", table.columns, table.name, where,
                     by, rows);
}

}  // namespace tillrelay::journal
