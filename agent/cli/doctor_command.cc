#include <fmt/format.h>

#include "agent/cli/commands.h"
#include "agent/cli/doctor/doctor_strings.h"
#include "agent/cli/doctor/findings.h"
#include "agent/cli/terminal.h"
#include "common/base/json_writer.h"
#include "common/language/language.h"

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
      return "fault";
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

std::string_view ShownCheck(std::string_view check) {
  for (const strings::Text& known : strings::kDoctorChecks) {
    if (known.english() == check) return known;
  }
  return check;
}

strings::Text ShownWord(Level level) {
  switch (level) {
    case Level::kGood:
      return strings::kDoctorGood;
    case Level::kNote:
      return strings::kDoctorNote;
    case Level::kFault:
      return strings::kDoctorFault;
    case Level::kSkipped:
      return strings::kDoctorSkipped;
  }
  return strings::kDoctorSkipped;
}

void Print(const doctor::Findings& findings) {
  for (const auto& finding : findings.all()) {
    fmt::print("{}{:<9}{}{:<15} {}\n", ColourOf(finding.level),
               std::string_view(ShownWord(finding.level)), NoColour(), ShownCheck(finding.check),
               finding.what);
    if (!finding.remedy.empty()) fmt::print("{:9}{:<15} -> {}\n", "", "", finding.remedy);
  }
  fmt::print("\n{}\n", findings.faults() == 0
                           ? std::string(strings::kDoctorNoFault)
                           : strings::Count(strings::kDoctorFaults, findings.faults()));
}

void PrintJson(const doctor::Findings& findings) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Field("faults", static_cast<uint64_t>(findings.faults()));
  json.Key("checks").BeginArray();
  for (const auto& finding : findings.all()) {
    json.BeginObject()
        .Field("check", finding.check)
        .Field("result", Word(finding.level))
        .Field("what", finding.what)
        .Field("remedy", finding.remedy)
        .EndObject();
  }
  json.EndArray().EndObject();
  fmt::print("{}\n", out);
}

}  // namespace

int RunDoctor(const Common& common, const DoctorOptions& options) {
  // Programs read English.
  const strings::Speaking speaking(common.json ? strings::English() : TerminalLanguage());
  doctor::Findings findings;
  auto config = config::Load(common.config);
  const bool readable = config.ok();
  if (!readable) {
    findings.Fault("configuration", config.status().message(), strings::kDoctorConfigStep);
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
