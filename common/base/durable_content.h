// What: a small file of ours that is read whole at the start and written whole at each change:
// users,
//   tokens.
// Promise: what is in force is on the disk, and the file holds the old content or the new. A
// missing
//   file is empty content. A damaged one is moved aside (*.damaged-<time>), logged, and the content
//   is empty: what does not need it goes on.
// Thread: any. Changes one at a time, by the caller.
// Errors: those of reading and writing files.
#pragma once

#include <string>
#include <utility>

#include "common/base/clock.h"
#include "common/base/files.h"
#include "common/base/json_reader.h"
#include "common/base/json_writer.h"
#include "common/base/log.h"
#include "common/base/mutex.h"
#include "common/base/secret_token.h"

namespace tillrelay {

template <class Content>
class DurableContent {
 public:
  struct Format {
    size_t max_bytes;
    const char* room;         // of the log's line about a damaged file
    const char* consequence;  // "until passwords are set again nobody has one"
    // Corrupt with the reason.
    Result<Content> (*parse)(JsonValue root);
    // Members of an object that is open already.
    void (*write)(const Content& content, JsonWriter* json);
  };
  DurableContent(std::string path, const Format& format)
      : path_(std::move(path)), format_(format) {}

  Status Open(WallTime now) {
    const Status read = Read();
    if (read.code() != Code::kCorrupt) return read;
    const auto aside = PutDamagedAside(path_, now);
    if (!aside.ok()) return aside.status();
    log::Error(format_.room, "{}; it is kept as {}, and {}", read.message(), *aside,
               format_.consequence);
    return Status::Ok();
  }

  Content Copy() const {
    return Read([](const Content& content) { return content; });
  }
  // Writes it, then puts it in force.
  Status Replace(Content content) {
    std::string text;
    JsonWriter json(&text);
    json.BeginObject().Field("v", 1);
    format_.write(content, &json);
    json.EndObject();
    TRY(WriteFileDurably(path_, text + "\n", kMode));
    Lock lock(mutex_);
    content_ = std::move(content);
    return Status::Ok();
  }

  // What `read` gives of the content, or `change` while it changes what no file holds.
  template <class F>
  auto Read(F&& read) const {
    Lock lock(mutex_);
    return read(content_);
  }
  template <class F>
  auto Change(F&& change) {
    Lock lock(mutex_);
    return change(content_);
  }

 private:
  static constexpr unsigned kMode = 0600;

  Status Read() {
    auto bytes = ReadFile(path_, format_.max_bytes);
    if (!bytes.ok() && bytes.status().code() == Code::kNotFound) return Status::Ok();
    if (!bytes.ok()) return std::move(bytes).status();
    JsonParser parser;
    auto root = parser.Parse(*bytes);
    if (!root.ok()) return Corrupt(path_ + ": " + root.status().message());
    uint64_t version = 0;
    if (!root->Unsigned("v", &version) || version != 1) {
      return Corrupt(path_ + ": this is not of version 1");
    }
    auto content = format_.parse(*root);
    if (!content.ok()) return std::move(content).status().Within(path_);
    Lock lock(mutex_);
    content_ = *std::move(content);
    return Status::Ok();
  }

  const std::string path_;
  const Format format_;
  mutable Mutex mutex_;
  // Guarded by mutex_:
  Content content_ GUARDED_BY(mutex_);
};

}  // namespace tillrelay
