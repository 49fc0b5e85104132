#include "agent/web/assets.h"

#include <map>

#include "common/base/digest.h"
#include "common/base/embed.h"
#include "common/web/style.h"

// TILLRELAY_ASSETS is the folder of the files, from CMakeLists.txt.
TILLRELAY_EMBED(tillrelay_asset_live, TILLRELAY_ASSETS "/live.js");
TILLRELAY_EMBED(tillrelay_asset_unknown, TILLRELAY_ASSETS "/state-unknown.svg");
TILLRELAY_EMBED(tillrelay_asset_green, TILLRELAY_ASSETS "/state-green.svg");
TILLRELAY_EMBED(tillrelay_asset_amber, TILLRELAY_ASSETS "/state-amber.svg");
TILLRELAY_EMBED(tillrelay_asset_red, TILLRELAY_ASSETS "/state-red.svg");

namespace tillrelay::web {
namespace {

Asset Make(std::string_view content_type, std::string_view bytes) {
  const Sha256Digest digest = Sha256(bytes);
  return {content_type, bytes, "\"" + ToHex(BytesOf(digest).substr(0, 8)) + "\""};
}

}  // namespace

const Asset* FindAsset(std::string_view name) {
  static constexpr std::string_view kCss = "text/css; charset=utf-8", kSvg = "image/svg+xml",
                                    kScript = "text/javascript; charset=utf-8";
  static const std::map<std::string, Asset, std::less<>> kAssets = {
      {"style.css", Make(kCss, http::StyleSheet())},
      {"live.js", Make(kScript, Embedded(tillrelay_asset_live, tillrelay_asset_live_end))},
      {"state-unknown.svg",
       Make(kSvg, Embedded(tillrelay_asset_unknown, tillrelay_asset_unknown_end))},
      {"state-green.svg", Make(kSvg, Embedded(tillrelay_asset_green, tillrelay_asset_green_end))},
      {"state-amber.svg", Make(kSvg, Embedded(tillrelay_asset_amber, tillrelay_asset_amber_end))},
      {"state-red.svg", Make(kSvg, Embedded(tillrelay_asset_red, tillrelay_asset_red_end))},
  };
  const auto it = kAssets.find(name);
  return it == kAssets.end() ? nullptr : &it->second;
}

}  // namespace tillrelay::web
