#include <fmt/format.h>

#include <algorithm>

#include "agent/cli/commands.h"
#include "agent/cli/findings_text.h"
#include "agent/config/config.h"
#include "agent/validation/validation.h"
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

using validation::Finding;
using validation::Verdict;

// Everything was judged, and events would be taken and sent.
bool Complete(const std::vector<Finding>& findings) {
  return std::all_of(findings.begin(), findings.end(),
                     [](const Finding& f) { return f.verdict == Verdict::kWarn; });
}

void PrintJson(const std::vector<Finding>& findings) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Key("good").Bool(Complete(findings)).Key("findings").BeginArray();
  for (const Finding& finding : findings) {
    json.BeginObject()
        .Field("verdict", validation::NameOf(finding.verdict))
        .Field("key", finding.key)
        .Field("text", finding.text)
        .Field("step", finding.step)
        .EndObject();
  }
  json.EndArray().EndObject();
  fmt::print("{}\n", out);
}

void PrintNotes(const Common& common, const config::Config& config,
                const std::vector<Finding>& findings) {
  for (const std::string& note : config.notes) fmt::print(stderr, "note: {}\n", note);
  if (validation::Has(findings, Verdict::kStop)) {
    return fmt::print("{}: the service would not start with it\n", common.config);
  }
  if (validation::Has(findings, Verdict::kUplinkOff)) {
    return fmt::print("{}: events would be taken and kept, and none would be sent\n",
                      common.config);
  }
  if (validation::Has(findings, Verdict::kFilesOff)) {
    return fmt::print("{}: sales would be taken over HTTP, and no file would be\n", common.config);
  }
  if (validation::Has(findings, Verdict::kUnchecked)) {
    return fmt::print("{}: not all of it could be checked\n", common.config);
  }
  fmt::print("{}: good\n", common.config);
  if (config.store_id.empty()) fmt::print("note: no store_id yet, nothing will be accepted\n");
  if (config.broker.url.empty()) fmt::print("note: no broker yet, events will be kept\n");
}

}  // namespace

void PrintFindings(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    const std::string where = finding.key.empty() ? "" : finding.key + ": ";
    fmt::print(stderr, "{:<11} {}{}\n", validation::NameOf(finding.verdict), where, finding.text);
    if (!finding.step.empty()) fmt::print(stderr, "{:<11} -> {}\n", "", finding.step);
  }
}

int RunConfigCheck(const Common& common) {
  auto config = config::Load(common.config);
  std::vector<Finding> findings;
  if (config.ok()) {
    findings = validation::Validate(*config, validation::CommandLine(common.config, *config));
  } else {
    findings.push_back({Verdict::kStop, "", config.status().message(), "", false});
  }
  if (common.json) {
    PrintJson(findings);
  } else {
    PrintFindings(findings);
    if (config.ok()) PrintNotes(common, *config, findings);
  }
  if (validation::Has(findings, Verdict::kStop)) return kConfiguration;
  return Complete(findings) ? kOk : kFault;
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
  fmt::print("applied:{}\n", applied.empty() ? " no setting changed" : applied);
  for (const JsonValue warning : json->Find("warnings")) {
    fmt::print(stderr, "warning: {}\n", warning.text());
  }
  if (!later.empty()) fmt::print("in effect after \"systemctl restart tillrelay\":{}\n", later);
  return kOk;
}

}  // namespace tillrelay::cli
