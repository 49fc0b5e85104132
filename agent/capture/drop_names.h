// What: every name that the drop folder uses, and which names are not final yet.
// Thread: any.
#pragma once

#include <string>
#include <string_view>

namespace tillrelay::capture {

inline constexpr const char* kIncoming = "incoming";
inline constexpr const char* kDone = "done";
inline constexpr const char* kRejected = "rejected";
// In done/ and rejected/ while they are written. No dropped file can have such a name there: names
// that begin with a dot are never taken.
inline constexpr const char* kUnfinishedCopy = ".copy";
inline constexpr const char* kUnfinishedReason = ".reason";

// Hidden files and the usual names of unfinished transfers: left alone.
inline bool IsUnfinished(std::string_view name) {
  if (name.empty() || name.front() == '.' || name.back() == '~') return true;
  for (const std::string_view suffix :
       {".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp", ".lock", ".inprogress"}) {
    if (name.size() > suffix.size() && name.ends_with(suffix)) return true;
  }
  return false;
}

// A name in an archive: `prefix`, the name that the file had, `suffix`. One that leaves no room for
// more is cut.
inline std::string ArchiveName(std::string_view prefix, std::string_view name,
                               std::string_view suffix = {}) {
  constexpr size_t kRoom = 215;  // of 255 bytes: NAME_MAX of the usual file systems
  return std::string(prefix).append(name.substr(0, kRoom)).append(suffix);
}

}  // namespace tillrelay::capture
