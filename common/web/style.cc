#include "common/web/style.h"

#include "common/base/embed.h"

// TILLRELAY_STYLE is the folder of the file, from CMakeLists.txt.
TILLRELAY_EMBED(tillrelay_style, TILLRELAY_STYLE "/style.css");

namespace tillrelay::http {

std::string_view StyleSheet() { return Embedded(tillrelay_style, tillrelay_style_end); }

}  // namespace tillrelay::http
