// What: the `@context` of an EPCIS document: which names and words it gives another meaning, and
//   which prefixes stand for the standard's own vocabulary.
// Promise: names are read as the standard has them, so a context that says otherwise is refused by
//   the name; so is a member that says the standard's name with a prefix, as nobody would read it.
// Thread: any (pure). Nothing of the parsed document is kept.
// Errors: rejections unsupported and unknown-word.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/json_reader.h"
#include "common/event/event.h"

namespace tillrelay::formats {

class EpcisContext {
 public:
  // Of a document, or of an event in it: what its `@context` says is added.
  std::optional<event::Rejection> Add(JsonValue holder);
  // Whether the event tells something under a name that is the standard's by its prefix or but for
  // its letters, that contradicts what the standard's own member says, or in a shape that nobody
  // reads.
  std::optional<event::Rejection> Contradiction(JsonValue event) const;

 private:
  std::optional<event::Rejection> Entry(JsonValue entry);
  std::optional<event::Rejection> Term(JsonValue term);
  std::optional<event::Rejection> Below(JsonValue part, bool foreign) const;
  // With its prefix written out, as far as it is known.
  std::string Resolved(std::string_view name) const;

  std::map<std::string, std::string, std::less<>> prefixes_ = {
      {"epcis", "https://ref.gs1.org/epcis/"}, {"cbv", "https://ref.gs1.org/cbv/"}};
};

}  // namespace tillrelay::formats
