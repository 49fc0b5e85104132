// What: the settings of one source of CSV files; docs/formats.md, "CSV".
// Promise: a profile that comes through can read files: everything that it needs is said, and no
//   pattern of it is read in another way than it looks.
// Thread: one.
// Errors: complaints of the settings.
#pragma once

#include <vector>

#include "agent/config/config.h"

namespace tillrelay::config {

void ReadCsvProfiles(Settings* settings, std::vector<Config::Csv>* profiles);

}  // namespace tillrelay::config
