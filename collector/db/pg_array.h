// What: a column of input as PostgreSQL's binary array format (array_send in
//   src/backend/utils/adt/arrayfuncs.c): header, one dimension, then a length and bytes a value.
// Promise: no text needs escaping, so a body travels byte for byte.
// Thread: any.
#pragma once

#include <string>

#include "collector/db/sql.h"

namespace tillrelay::collector {

std::string PgArray(const Input::Column& column);

}  // namespace tillrelay::collector
