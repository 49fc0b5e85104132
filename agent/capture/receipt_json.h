// What: the journal's receipts as the intake tells them.
// Thread: any (pure).
#pragma once

#include <string>
#include <vector>

#include "agent/journal/record.h"

namespace tillrelay::capture {

// "[{\"outcome\":\"stored\",...},...]"
std::string ReceiptsJson(const std::vector<journal::AppendResult>& receipts);

// How documents were understood, for who brings in a new source: each as the canonical document
// that it becomes, with its stock effects; "" for one that was refused. For the first 1,000 of
// them.
std::vector<std::string> UnderstoodIn(const std::vector<journal::Entry>& entries);
// The same receipts, each with what was understood beside it.
std::string ExplainedJson(const std::vector<journal::AppendResult>& receipts,
                          const std::vector<std::string>& understood);

}  // namespace tillrelay::capture
