#include "agent/capture/drop_reason.h"

#include <fmt/format.h>

namespace tillrelay::capture {
namespace {

constexpr size_t kMaxDescribed = 200;

std::string DocumentReason(size_t number, const journal::AppendResult& receipt,
                           const std::string& hint) {
  std::string text = fmt::format("\ndocument {}: {}", number, receipt.reason);
  if (!receipt.field.empty()) text += " at " + receipt.field;
  text += "\n";
  if (!hint.empty()) text += fmt::format("  what to do: {}\n", hint);
  return text + fmt::format("  quarantine ticket {}\n", receipt.ticket);
}

}  // namespace

std::string UnreadReason(const std::string& why) {
  return "Nothing of this was stored.\n" + why + "\n";
}

Hints HintsOf(const DecodedDocument& prepared) {
  Hints hints;
  for (size_t i = 0; i < prepared.entries.size() && hints.size() < kMaxDescribed; ++i) {
    const auto* unfit = std::get_if<journal::RejectedDocument>(&prepared.entries[i]);
    if (unfit != nullptr) hints.emplace(i, unfit->why.hint);
  }
  return hints;
}

std::string QuarantineReason(const Answer& answer,
                             const std::optional<formats::SyntaxError>& syntax,
                             const Hints& hints) {
  std::string text = fmt::format("{} stored, {} already known, {} in quarantine.\n", answer.stored,
                                 answer.duplicate, answer.quarantined);
  if (syntax) {
    text +=
        fmt::format("The file cannot be read from byte {} on, so nothing of it was stored: {}\n",
                    syntax->offset, syntax->what);
  } else {
    text += "What is in quarantine is kept there until a person deals with it.\n";
  }
  size_t described = 0;
  for (size_t i = 0; i < answer.receipts.size(); ++i) {
    if (answer.receipts[i].outcome != journal::Outcome::kQuarantined) continue;
    if (described++ == kMaxDescribed) {
      return text + "\nThere are more; `tillrelay quarantine list` shows all.\n";
    }
    const auto hint = hints.find(i);
    text += DocumentReason(i + 1, answer.receipts[i], hint == hints.end() ? "" : hint->second);
  }
  return text;
}

}  // namespace tillrelay::capture
