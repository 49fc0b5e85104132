// What: a CSV profile for a file that nobody has described yet, from its headings and rows.
// Promise: pure. What is proposed says in comments what it guessed; it decides nothing that the
//   file does not show, and a person reads it before it counts.
// Thread: any.
// Errors: invalid: no row of the first 50 reads like headings.
// Limits: looks at the first 500 rows.
#pragma once

#include <string>
#include <string_view>

#include "common/base/status.h"

namespace tillrelay::config {

// TOML, a table [drop_folder.csv.NAME] and those below it.
Result<std::string> SuggestCsvProfile(const std::string& name, const std::string& file_name,
                                      std::string_view bytes);

}  // namespace tillrelay::config
