// What: the catalogues that are built in; made from the files of catalogues/ by CMake.
// Thread: immutable.
#pragma once

#include <vector>

#include "common/language/language.h"

namespace tillrelay::strings {

std::vector<CatalogueText> CatalogueFiles();  // by code

}  // namespace tillrelay::strings
