// What: the OpenAPI document of the collector's routes, docs/api/collector.json.
// Thread: any (immutable).
#pragma once

#include <string_view>

namespace tillrelay::collector {

std::string_view OpenApiJson();

}  // namespace tillrelay::collector
