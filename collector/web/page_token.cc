#include "collector/web/page_token.h"

#include "common/base/digest.h"
#include "common/base/json_reader.h"
#include "common/base/json_writer.h"

namespace tillrelay::collector {
namespace {

constexpr size_t kMaxDigits = 4096;

}  // namespace

std::string PageToken(const PagePlace& place) {
  std::string text;
  JsonWriter json(&text);
  json.BeginArray();
  for (const std::string& part : place) json.String(part);
  json.EndArray();
  return ToHex(text);
}

std::optional<PagePlace> ReadPageToken(const std::string& token) {
  std::string text(token.size() / 2, '\0');
  if (token.size() % 2 != 0 || token.size() > kMaxDigits ||
      !FromHex(token, reinterpret_cast<uint8_t*>(text.data()), text.size())) {
    return std::nullopt;
  }
  JsonParser parser;
  auto value = parser.Parse(text);
  PagePlace place;
  if (!value.ok() || !value->is_array() || value->size() != place.size()) return std::nullopt;
  size_t i = 0;
  for (const JsonValue part : *value) place[i++] = part.text();
  return place;
}

}  // namespace tillrelay::collector
