// What: what the doctor found: one line for each check, and for each fault what to do about it.
// Thread: main.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/config/config.h"
#include "common/language/text.h"

namespace tillrelay::cli::doctor {

// A fault stops something; a note will stop something soon, or is worth knowing.
enum class Level { kGood, kNote, kFault, kSkipped };

// In the language that is spoken.
struct Words {
  Words(strings::Text of) : text(std::string_view(of)) {}  // NOLINT: a sentence is one
  Words(std::string of) : text(std::move(of)) {}           // NOLINT
  Words(const char* of) : text(of) {}                      // NOLINT: commands
  std::string text;
};

struct Finding {
  std::string check;  // "broker login": a word for programs
  Level level = Level::kGood;
  std::string what, remedy;
};

class Findings {
 public:
  void Good(std::string check, Words what) {
    all_.push_back({std::move(check), Level::kGood, std::move(what.text), ""});
  }
  void Note(std::string check, Words what, Words remedy) {
    all_.push_back({std::move(check), Level::kNote, std::move(what.text), std::move(remedy.text)});
  }
  void Fault(std::string check, Words what, Words remedy) {
    all_.push_back({std::move(check), Level::kFault, std::move(what.text), std::move(remedy.text)});
  }
  void Skipped(std::string check, Words why) {
    all_.push_back({std::move(check), Level::kSkipped, std::move(why.text), ""});
  }
  const std::vector<Finding>& all() const { return all_; }
  size_t faults() const {
    size_t count = 0;
    for (const Finding& finding : all_) count += finding.level == Level::kFault ? 1 : 0;
    return count;
  }

 private:
  std::vector<Finding> all_;
};

struct Patient {
  std::string config_path;
  config::Config config;
  bool daemon_runs = false;
  bool deep = false;  // every row of the journal
  // Where the running daemon is logged in; empty: nowhere. A second login with its credential could
  // end that session: brokers may bind the client id to the user.
  std::string session_at = {};

  // The file behind a setting; "credential:NAME" lies in `credentials` beside the configuration,
  // where the service manager takes it from.
  std::string FileOf(const std::string& setting) const;
};

// Each looks at one matter and adds what it saw; none changes anything.
void CheckStore(const Patient& patient, Findings* findings);
void CheckPlaces(const Patient& patient, Findings* findings);
// By the same function as a start (agent/validation).
void CheckSettings(const Patient& patient, Findings* findings);
void CheckSecrets(const Patient& patient, Findings* findings);
void CheckDisk(const Patient& patient, Findings* findings);
void CheckJournal(const Patient& patient, Findings* findings);
void CheckDaemon(Patient* patient, Findings* findings);
// The daemon's own status as JSON text; empty where it does not answer.
std::string StatusOfDaemon(const Patient& patient);
void CheckCertificates(const Patient& patient, Findings* findings);
// Name, TCP, TLS, login, rights: the first fault ends the line.
void CheckBroker(const Patient& patient, Findings* findings);

}  // namespace tillrelay::cli::doctor
