#include <fmt/format.h>

#include <algorithm>

#include "agent/cli/commands.h"
#include "agent/config/config.h"
#include "common/base/json_reader.h"
#include "common/base/json_writer.h"
#include "common/http/client.h"

namespace tillrelay::cli {
namespace {

std::string Joined(JsonValue list) {
  std::string text;
  for (const JsonValue item : list) text += fmt::format("\n  {}", item.text());
  return text;
}

}  // namespace

int RunConfigCheck(const Common& common) {
  auto config = config::Load(common.config);
  if (!config.ok()) {
    fmt::print(stderr, "{}\n", config.status().message());
    return kConfiguration;
  }
  for (const std::string& note : config->notes) fmt::print(stderr, "note: {}\n", note);
  if (common.json) {
    fmt::print("{{\"good\":true}}\n");
    return kOk;
  }
  fmt::print("{}: good\n", common.config);
  if (config->store_id.empty()) fmt::print("note: no store_id yet, nothing will be accepted\n");
  if (config->broker.url.empty()) fmt::print("note: no broker yet, events will be kept\n");
  return kOk;
}

int RunConfigShow(const Common& common) {
  auto config = config::Load(common.config);
  if (!config.ok()) {
    fmt::print(stderr, "{}\n", config.status().message());
    return kConfiguration;
  }
  if (common.json) {
    std::string out;
    JsonWriter json(&out);
    json.BeginArray();
    for (const SettingValue& value : config->effective) {
      json.BeginObject()
          .Field("key", value.key)
          .Field("value", config::ShownValue(value))
          .Field("file", value.file)
          .EndObject();
    }
    json.EndArray();
    fmt::print("{}\n", out);
    return kOk;
  }
  size_t width = 0;
  for (const SettingValue& value : config->effective) {
    width = std::max(width, value.key.size() + config::ShownValue(value).size() + 3);
  }
  for (const SettingValue& value : config->effective) {
    fmt::print("{:<{}}  # {}\n", fmt::format("{} = {}", value.key, config::ShownValue(value)),
               width, value.file.empty() ? "default" : value.file);
  }
  return kOk;
}

int RunReload(const Common& common) {
  auto config = config::Load(common.config);
  if (!config.ok()) {
    fmt::print(stderr, "{}\nThe daemon keeps its old configuration.\n", config.status().message());
    return kConfiguration;
  }
  if (config->control.socket.empty()) {
    fmt::print(stderr,
               "control.socket is empty; \"systemctl kill -s HUP tillrelay\" reloads too\n");
    return kConfiguration;
  }
  auto answer = http::Client("unix:" + config->control.socket).Call({"POST", "/v1/reload", {}, ""});
  if (!answer.ok()) {
    fmt::print(stderr, "tillrelayd does not answer: {}\n", answer.status().message());
    return kUnreachable;
  }
  JsonParser parser;
  auto json = parser.Parse(answer->body);
  if (answer->status != 200 || !json.ok()) {
    const std::string_view detail = json.ok() ? json->String("detail") : "";
    fmt::print(stderr, "tillrelayd answers {}: {}\n", answer->status, detail);
    return answer->status == 409 ? kConfiguration : kFault;
  }
  if (common.json) {
    fmt::print("{}\n", answer->body);
    return kOk;
  }
  const std::string applied = Joined(json->Find("applied"));
  const std::string later = Joined(json->Find("needs_restart"));
  fmt::print("applied:{}\n", applied.empty() ? " nothing has changed" : applied);
  if (!later.empty()) fmt::print("in effect after \"systemctl restart tillrelay\":{}\n", later);
  return kOk;
}

}  // namespace tillrelay::cli
