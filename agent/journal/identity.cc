#include "agent/journal/identity.h"

#include <sys/stat.h>

#include <cerrno>

#include "agent/journal/schema.h"
#include "common/base/files.h"

namespace tillrelay::journal {

Result<JournalIdentity> ReadIdentity(const std::string& path) {
  struct stat file {};
  if (stat(path.c_str(), &file) != 0) {
    const std::string text = path + ": " + ErrnoText(errno);
    return errno == ENOENT ? NotFound(text) : Unavailable(text);
  }
  if (file.st_size == 0) return NotFound(path + " is empty");
  sqlite::OpenOptions options;
  options.read_only = true;
  options.cache_kib = 64;
  auto db = sqlite::Database::Open(path, options);
  if (!db.ok()) return std::move(db).status();
  JournalIdentity identity;
  auto schema = db->QueryInt("PRAGMA user_version");
  if (!schema.ok()) return std::move(schema).status();
  identity.schema = *schema;
  identity.newer_schema = *schema > kSchemaVersion;
  auto store = db->QueryText("SELECT value FROM meta WHERE key='store_id'");
  if (store.ok()) {
    identity.store_id = *std::move(store);
  } else if (store.status().code() != Code::kNotFound) {
    return std::move(store).status();
  }
  return identity;
}

}  // namespace tillrelay::journal
