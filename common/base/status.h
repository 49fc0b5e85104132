// What: the outcome of an operation that can fail: a code that says what the caller should do, and
//   a text that grows outward ("append batch: commit: disk is full").
// Promise: a Result holds either a value or a failed Status, never both and never neither.
// Thread: any (values).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/check.h"

namespace tillrelay {

enum class Code {
  kOk,
  kInvalid,      // fix the input
  kNotFound,     // it is not here
  kConflict,     // it contradicts what is already here
  kFull,         // slow down, or make room
  kUnavailable,  // try later
  kCorrupt,      // call a person
  kInternal,     // our own bug
  kBusy,         // somebody else holds it; the same again works soon
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  static Status Ok() { return {}; }
  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same failure, told from one step further out: "<what>: <message>".
  Status Within(std::string_view what) && {
    if (!ok()) message_.insert(0, std::string(what) + ": ");
    return std::move(*this);
  }

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

inline Status Invalid(std::string m) { return {Code::kInvalid, std::move(m)}; }
inline Status NotFound(std::string m) { return {Code::kNotFound, std::move(m)}; }
inline Status Conflict(std::string m) { return {Code::kConflict, std::move(m)}; }
inline Status Full(std::string m) { return {Code::kFull, std::move(m)}; }
inline Status Unavailable(std::string m) { return {Code::kUnavailable, std::move(m)}; }
inline Status Corrupt(std::string m) { return {Code::kCorrupt, std::move(m)}; }
inline Status Busy(std::string m) { return {Code::kBusy, std::move(m)}; }
inline Status Internal(std::string m) { return {Code::kInternal, std::move(m)}; }

// The one table from a code to what the outside is told.
struct CodeMeaning {
  const char* word;
  int http_status;
  int exit_code;
};
const CodeMeaning& Meaning(Code code);

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}         // NOLINT: implicit by design
  Result(Status status) : status_(std::move(status)) {  // NOLINT: implicit by design
    CHECK(!status_.ok());
  }
  bool ok() const { return value_.has_value(); }
  const Status& status() const& { return status_; }
  Status status() && { return std::move(status_); }
  T& value() & {
    CHECK(ok());
    return *value_;
  }
  const T& value() const& {
    CHECK(ok());
    return *value_;
  }
  T&& value() && {
    CHECK(ok());
    return *std::move(value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace tillrelay

// Leaves the enclosing function with the failure, if there is one.
#define TRY(expression)                                     \
  do {                                                      \
    if (auto try_status = (expression); !try_status.ok()) { \
      return try_status;                                    \
    }                                                       \
  } while (false)
