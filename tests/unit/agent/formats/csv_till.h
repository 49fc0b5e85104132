// The smallest profile of a till: what a test adds to it is what it is about.
#pragma once

#include "agent/formats/csv.h"

namespace tillrelay::testing {

inline formats::CsvProfile Till() {
  formats::CsvProfile profile;
  profile.name = "till";
  profile.store_id = "0042";
  profile.register_id = "03";
  profile.columns = {{"number", "no"}, {"time", "t"}, {"sku", "sku"}, {"quantity", "q"}};
  return profile;
}

}  // namespace tillrelay::testing
