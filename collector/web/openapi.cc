#include "collector/web/openapi.h"

#include "common/base/embed.h"

// TILLRELAY_API is the folder of the file, from CMakeLists.txt.
TILLRELAY_EMBED(tillrelay_openapi_collector, TILLRELAY_API "/collector.json");

namespace tillrelay::collector {

std::string_view OpenApiJson() {
  return Embedded(tillrelay_openapi_collector, tillrelay_openapi_collector_end);
}

}  // namespace tillrelay::collector
