// What: every name that the drop folder uses, and which names are not final yet.
// Thread: any.
#pragma once

#include <string>
#include <string_view>

namespace tillrelay::capture {

inline constexpr const char* kIncoming = "incoming";
inline constexpr const char* kDone = "done";
inline constexpr const char* kRejected = "rejected";

// Hidden files and the usual names of unfinished transfers: left alone.
inline bool IsUnfinished(std::string_view name) {
  if (name.empty() || name.front() == '.' || name.back() == '~') return true;
  for (const std::string_view suffix :
       {".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp", ".lock", ".inprogress"}) {
    if (name.size() > suffix.size() && name.ends_with(suffix)) return true;
  }
  return false;
}

// The n-th name to try in an archive: the name itself, then "2-name", "3-name" ... A name that
// leaves no room for more is cut.
inline std::string ArchiveName(std::string_view name, int attempt, std::string_view suffix = {}) {
  constexpr size_t kRoom = 230;  // of 255 bytes: NAME_MAX of the usual file systems
  std::string archived(name.substr(0, kRoom));
  if (attempt > 1) archived.insert(0, std::to_string(attempt) + "-");
  return archived.append(suffix);
}

}  // namespace tillrelay::capture
