// What: one store server of the simulation: the real journal, driver and sender on a disk that
// fails,
//   fills and is cut. It may crash, be copied, set back, lose its disk or single files of it; its
//   clock may step, its settings may change between two lives.
// Thread: one. The journal's own thread rests whenever a call of this has returned.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "agent/journal/journal.h"
#include "agent/uplink/uplink_driver.h"
#include "tests/sim/broker.h"

namespace tillrelay::sim {

// What the simulation knows that nobody in it knows.
struct Truth {
  std::map<std::string, std::string> accepted;  // id -> number; a register was told `stored`
  std::set<std::string> excused;   // gone with a disk, or with what was written since a snapshot
  std::set<std::string> declared;  // named by a `loss`
  // Named as delivered before: gone where the centre was set back as well.
  std::set<std::string> delivered;
  std::set<std::string> doubted;  // below a `loss` that could not be compared
  // Stream and number -> what any copy of the disk ever stored there: a loss names them all.
  std::map<std::pair<std::string, uint64_t>, std::set<std::string>> given;
  uint64_t forks = 0, losses = 0, deleted = 0, salvages = 0, refused = 0;
  std::vector<std::string> faults;  // what no fault of the disk excuses
};

// A server's own clock: its wall time may be wrong.
class NodeClock final : public Clock {
 public:
  explicit NodeClock(const Clock* true_clock) : true_(*true_clock) {}
  Instant Now() const override { return true_.Now(); }
  WallTime Wall() const override { return true_.Wall() + off; }
  std::chrono::microseconds off{0};

 private:
  const Clock& true_;
};

struct World {
  Timeline timeline;
  testing::SeededRandom random;
  Broker broker;
  Truth truth;
  std::chrono::minutes retention{60 * 24 * 30};
  std::string directory;
  std::string without;  // the rule that is left out
  bool trace = false;
  bool large_receipts = false;  // some of them are larger than some brokers take
  // The power is about to go, or the disk is full: what fails now is no fault of the product.
  bool disk_hurts = false;
  // The journal's thread may be killed before it has written what it was told.
  bool drops_confirmations = true;

  explicit World(uint64_t seed) : random(seed), broker(&timeline, &random) {}
};

class Node final : public uplink::JournalPort {
 public:
  Node(World* world, std::string store_id, std::string name);
  ~Node() override;

  void Start();
  void Stop();  // as kill -9 does
  bool running() const { return driver_ != nullptr; }
  // It was started once, or is a copy of one that was.
  bool in_use() const { return in_use_; }
  // A register tells `count` sales; accepted when it returns.
  void Sell(int count);
  // A register tells again what it told before, among it what this server has forgotten.
  void TellAgain(int count);

  NodeClock clock;
  // Settings that the next life has: the form of sending, the retention.
  void ChangeSettings();
  // A copy by the product's own means, and the way back.
  void MakeBackup();
  bool has_backup() const { return backup_.taken; }
  void RestoreBackup();
  // The disk changes the text of an event that the centre does not have, perhaps.
  void SpoilARow();
  // Zeroes pages of file and log, starts, sells, and again, as often as it comes.
  void ZeroPages();
  // While it runs or not, one of the journal's files is gone.
  void LoseAFile();
  bool exists() const;

  // The files as they are now, and everything known of them.
  void Snapshot();
  bool has_snapshot() const { return snapshot_.taken; }
  // What was accepted since exists nowhere any more, unless the centre has it or another copy.
  void Restore();
  void LoseDisk();
  // The other server starts with a copy of this one's disk.
  void CloneTo(Node* twin);

  void Turn();
  void Housekeeping();  // once a minute
  Instant NextDeadline() const;
  bool drained() const;
  // From now on: has the centre said live, some time ago, what it holds of this server?
  void WaitForTheCentre() { heard_at_.reset(); }
  bool heard_the_centre() const;
  std::string Told() const;
  // Of a running one, as the daemon gathers them for its page.
  journal::JournalStats JournalNow() const { return journal_->Stats(); }
  uplink::UplinkStats UplinkNow() const;
  const std::string& store_id() const { return store_id_; }
  // Ids whose rows are kept in this journal now.
  std::set<std::string> Holds() const;

  // JournalPort
  JournalState ReadState() override;
  void SaveConfirmation(const journal::Confirmation& word) override;
  void SaveAcked(const std::string&, uint64_t) override {}
  void DeclareLoss(const wire::Lost& loss) override;
  void Damaged(const std::string& why) override;
  void Fork(uint64_t position, const std::string& reason) override;
  void PassLosses(const journal::Confirmation& word) override;
  void AllowDeletion(const std::string& stream, uint64_t through, Instant until) override;

 private:
  struct Lineage {
    bool taken = false;
    std::map<uint64_t, std::string> ids;  // by position, of all rows that were ever in the file
  };
  std::string folder() const { return world_.directory + "/disk/" + name_; }
  std::string path() const { return folder() + "/journal.db"; }
  std::string aside(const char* what) const {
    return world_.directory + "/aside/" + name_ + "." + what;
  }
  journal::JournalOptions JournalOptionsOf();
  bool OpenJournal();
  void Append(const std::vector<std::string>& numbers);
  // Everything of a server's disk but what is made anew; from nowhere: the disk is empty then.
  static void CopyFolder(const std::string& from, const std::string& to);
  std::set<std::string>* DeclaredOf(const wire::Lost& loss);
  void DeclareByPosition(const wire::Lost& loss, const std::vector<journal::StreamRow>& streams);
  // What the journal has declared by itself, and which numbers its rows have now.
  void Learn();
  void LearnRows();
  void DoubtBelow(const wire::Lost& loss);
  void Settle();
  void Hear(const mqtt::LinkEvent& event);
  // A confirmation, changed so that the agent takes it as one would that lacks the rule.
  void LeaveOutRule(mqtt::LinkEvent* event) const;
  void DeleteWhatTheBrokerHas();
  void Excuse(const std::map<uint64_t, std::string>& kept);
  std::string StatusJson();

  World& world_;
  const std::string store_id_, name_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<SimLink> link_;
  std::unique_ptr<uplink::UplinkDriver> driver_;
  std::string session_;
  Lineage lineage_, snapshot_, backup_;
  std::set<std::string> declared_;  // keys of losses whose positions have been looked at
  std::string learned_;             // the stream that was current when the rows were read last
  std::vector<std::string> former_sessions_;  // kept beside the journal
  bool batches_ = false, in_use_ = false;
  std::chrono::hours retention_{0};
  std::optional<Instant> heard_at_;
};

}  // namespace tillrelay::sim
