#include <fmt/format.h>

#include "agent/cli/commands.h"
#include "agent/cli/doctor/findings.h"
#include "agent/cli/terminal.h"
#include "common/base/json_writer.h"

namespace tillrelay::cli {
namespace {

using doctor::Level;

const char* Word(Level level) {
  switch (level) {
    case Level::kGood:
      return "good";
    case Level::kNote:
      return "note";
    case Level::kFault:
      return "FAULT";
    case Level::kSkipped:
      return "skipped";
  }
  return "";
}

const char* ColourOf(Level level) {
  return level == Level::kGood    ? Colour("green")
         : level == Level::kFault ? Colour("red")
                                  : Colour("amber");
}

void Print(const doctor::Findings& findings) {
  for (const auto& finding : findings.all()) {
    fmt::print("{}{:<8}{}{:<15} {}\n", ColourOf(finding.level), Word(finding.level), NoColour(),
               finding.check, finding.what);
    if (!finding.remedy.empty()) fmt::print("{:8}{:<15} -> {}\n", "", "", finding.remedy);
  }
  fmt::print("\n{}\n", findings.faults() == 0 ? "No fault was found."
                       : findings.faults() == 1
                           ? "One fault was found."
                           : fmt::format("{} faults were found.", findings.faults()));
}

void PrintJson(const doctor::Findings& findings) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Field("faults", static_cast<uint64_t>(findings.faults()));
  json.Key("checks").BeginArray();
  for (const auto& finding : findings.all()) {
    json.BeginObject()
        .Field("check", finding.check)
        .Field("result", finding.level == Level::kFault ? "fault" : Word(finding.level))
        .Field("what", finding.what)
        .Field("remedy", finding.remedy)
        .EndObject();
  }
  json.EndArray().EndObject();
  fmt::print("{}\n", out);
}

}  // namespace

int RunDoctor(const Common& common, const DoctorOptions& options) {
  doctor::Findings findings;
  auto config = config::Load(common.config);
  const bool readable = config.ok();
  if (!readable) {
    findings.Fault("configuration", config.status().message(),
                   "put the named line right; tillrelay config check says whether it is");
  } else {
    findings.Good("configuration", common.config);
    doctor::Patient patient{common.config, *std::move(config), false, options.deep};
    CheckStore(patient, &findings);
    CheckPlaces(patient, &findings);
    CheckSettings(patient, &findings);
    CheckSecrets(patient, &findings);
    CheckCertificates(patient, &findings);
    CheckDisk(patient, &findings);
    if (options.daemon) CheckDaemon(&patient, &findings);
    CheckJournal(patient, &findings);
    CheckBroker(patient, &findings);
  }
  if (common.json) {
    PrintJson(findings);
  } else {
    Print(findings);
  }
  if (!readable) return kConfiguration;
  return findings.faults() == 0 ? kOk : kFault;
}

}  // namespace tillrelay::cli
