// What: the reason that a person gives for a decision, as page and API take it.
// Thread: any (pure).
// Errors: invalid, with what is wrong in words.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "agent/admin/admin.h"
#include "common/base/text.h"

namespace tillrelay::admin {

// Of well-formed UTF-8; a character of several bytes counts once.
inline size_t CharactersIn(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

// UTF-8, and no longer than kMaxReasonCharacters. Blanks around it go.
inline Status BoundText(const char* name, std::string* text) {
  const size_t first = text->find_first_not_of(" \t\r\n");
  *text = first == std::string::npos
              ? ""
              : text->substr(first, text->find_last_not_of(" \t\r\n") - first + 1);
  if (FirstInvalidUtf8(*text) != std::string_view::npos) {
    return Invalid(std::string(name) + ": not UTF-8");
  }
  if (CharactersIn(*text) <= kMaxReasonCharacters) return Status::Ok();
  return Invalid(std::string(name) + ": at most " + std::to_string(kMaxReasonCharacters) +
                 " characters");
}

// Whoever acknowledges says what was found.
inline Status CheckNote(std::string* note) {
  if (Status bounded = BoundText("note", note); !bounded.ok()) return bounded;
  return note->empty() ? Invalid("note: say what was found or done") : Status::Ok();
}

// What is given up needs a reason.
inline Status CheckReason(Resolution::Way way, std::string* reason) {
  if (Status bounded = BoundText("reason", reason); !bounded.ok()) return bounded;
  if (way == Resolution::Way::kDiscard && reason->empty()) {
    return Invalid("reason: say why the document is discarded");
  }
  return Status::Ok();
}

}  // namespace tillrelay::admin
