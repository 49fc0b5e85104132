// What: untrusted JSON, walked without a tree and in constant memory: for documents that are too
//   large to be held as one. Whoever walks them parses the pieces (json_reader.h).
// Promise: takes exactly what JsonParser takes, with two exceptions that the parser finds in the
//   pieces: names that stand twice in one object, and numbers that no double can hold.
// Thread: one; what it gives are views into the bytes.
// Errors: the first one ends the walk; its offset counts in the bytes.
// Limits: depth and string_bytes of JsonLimits.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/base/json_reader.h"

namespace tillrelay {

class JsonWalk {
 public:
  explicit JsonWalk(std::string_view bytes, const JsonLimits& limits = {})
      : bytes_(bytes), limits_(limits) {
    CheckUtf8();
  }

  // The first byte of the next value or closing bracket; 0 at the end of the bytes.
  char Peek();
  // Steps into the array or the object that comes next. False on an error.
  bool Enter();
  // The next element of the array that was entered last, checked to its end. False behind the last
  // one, which leaves the array, and on an error.
  bool NextElement(std::string_view* element);
  // The next member of the object that was entered last: its name as it is written. Its value must
  // be taken before the next call. False behind the last one, which leaves the object, and on an
  // error.
  bool NextMember(std::string_view* name);
  // Takes one value, checked to its end.
  bool TakeValue(std::string_view* value);
  // Behind the root: false, with an error, if more than blanks follows.
  bool AtEnd();

  bool failed() const { return !error_.what.empty(); }
  const JsonError& error() const { return error_; }

 private:
  void CheckUtf8();
  void SkipBlanks();
  bool Take(char c);
  // Takes the comma before the next part of the level entered last, or its closing bracket.
  bool NextPart();
  bool TakeOne(std::string* nest);
  bool TakeClosings(std::string* nest);
  bool TakeName();
  bool TakeScalar();
  bool TakeString();
  bool TakeEscape(size_t* size);
  bool TakeHex(unsigned* unit);
  bool TakeWord(std::string_view word);
  bool TakeNumber();
  bool Fail(const char* what);

  const std::string_view bytes_;
  const JsonLimits limits_;
  size_t at_ = 0;
  std::string open_;   // closing brackets of the levels that were entered, the last one behind
  bool first_ = true;  // nothing of the level entered last has been taken
  JsonError error_;
};

}  // namespace tillrelay
