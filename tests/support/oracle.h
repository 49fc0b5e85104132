// What: what registers were promised and what the centre was given, and what is wrong with it in
// the
//   end: an event that is lost without a declaration, altered, or under a number that another has.
// Thread: one at a time (a value; copies are snapshots).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/journal/record.h"

namespace tillrelay::testing {

struct Oracle {
  using Number = std::pair<std::string, uint64_t>;  // stream and sequence
  struct Declared {
    std::string stream;
    uint64_t first = 0, last = 0;  // UINT64_MAX: everything from `first` on
    bool operator==(const Declared&) const = default;
  };

  std::map<Uuid, int> accepted;                 // by a register's receipt: stored or duplicate
  std::map<std::string, uint64_t> quarantined;  // document and ticket
  // What an event's sent parts are; all those of events that were told or read before a fault.
  std::map<Uuid, std::shared_ptr<const std::string>> content;
  std::map<Number, std::set<Uuid>> given;  // by a receipt, or to the centre
  std::set<Uuid> at_centre;
  std::vector<Declared> declared;
  std::set<Number> owed;  // the centre lists them as owed: it lacks their bodies
  std::vector<std::string> faults;
  uint64_t doubled = 0, altered = 0;

  void Fault(const std::string& text);
  void Expect(const event::Draft& draft);
  void OnReceipt(int number, const event::Draft& draft, const journal::AppendResult& receipt);
  // The row was read as sound, as number `sequence` of `stream`: what the uplink would send.
  void OnSent(const std::string& stream, uint64_t sequence, const journal::Row& row);
  // The row stands in the journal there; no fault yet that is being looked for.
  void Survey(const std::string& stream, uint64_t sequence, const journal::Row& row);
  void Declare(const Declared& loss);
  bool IsDeclared(const Uuid& id) const;
  // Accepted, not at the centre, not declared.
  std::vector<int> Missing() const;
  // Accepted, not at the centre, but declared: what registers may tell again.
  std::vector<int> DeclaredLost() const;
  std::string Summary() const;
};

}  // namespace tillrelay::testing
