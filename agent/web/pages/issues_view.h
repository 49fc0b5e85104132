// What: the list of things that need a person, with a form to acknowledge each.
// Thread: any (pure).
#pragma once

#include <string>
#include <vector>

#include "agent/admin/admin.h"
#include "agent/web/frame.h"

namespace tillrelay::web {

// `problem`: why the last acknowledgement was not taken; empty: it was, or there was none.
std::string IssuesContent(const PageContext& context, const Principal& viewer,
                          const std::vector<admin::IssueRow>& rows, const std::string& problem);

}  // namespace tillrelay::web
