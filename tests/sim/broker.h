// What: the broker and the lines of the simulation: takes orders of any number of clients, delivers
//   later, and lies as told.
// Promise: everything that happens is decided by the seed. A client id has one connection; a
//   younger one ends it with a take-over. What is published for an absent subscriber is gone (clean
//   start).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/mqtt/link.h"
#include "tests/sim/timeline.h"
#include "tests/support/seeded_random.h"

namespace tillrelay::sim {

struct BrokerFaults {
  double loses = 0;         // acknowledged, never delivered
  double duplicates = 0;    // delivered twice
  double breaks = 0;        // the connection ends at a message
  double loses_acks = 0;    // delivered, never acknowledged
  double reorders = 0;      // takes up to 20 s longer
  bool never_acks = false;  // pings and takes, but never acknowledges
  double bytes_per_s = 0;   // that each line carries towards the broker; 0: as many as come
};

class SimLink;

class Broker {
 public:
  Broker(Timeline* timeline, testing::SeededRandom* random)
      : timeline_(*timeline), random_(*random) {}

  BrokerFaults faults;
  bool up = true;
  bool no_commands = false;  // the centre confirms, but what it asks for never arrives
  // Messages of events above so many bytes are refused; 0: none. Stores are told when they connect,
  // if they are told at all.
  size_t limit = 0;
  bool tells_limit = true;
  void EndConnections();
  // All connections end; retained messages fall back to how they were at the last Save.
  void Crash();
  void SaveRetained() { saved_ = retained_; }

  uint64_t messages = 0, connects = 0, bytes = 0;

 private:
  friend class SimLink;
  void Connect(SimLink* link);
  struct Message {
    std::string topic, payload;
    bool retained = false;
    uint64_t token = 0;
  };
  void Publish(SimLink* link, const mqtt::PublishOrder& order);
  void Arrive(SimLink* link, const Message& message);
  void Deliver(const std::string& topic, const std::string& payload, bool retained);
  void Drop(SimLink* link, mqtt::FailureCause cause);
  Duration Delay();

  Timeline& timeline_;
  testing::SeededRandom& random_;
  std::map<std::string, SimLink*> clients_;  // connected, by client id
  std::map<std::string, std::string> retained_, saved_;
};

class SimLink final : public mqtt::Link {
 public:
  using Handler = std::function<void(mqtt::LinkEvent&&)>;
  SimLink(Broker* broker, std::string client_id, Handler handler);
  std::string will_topic, will_payload;  // retained, when the connection ends without a goodbye
  ~SimLink() override;

  Status Connect() override;
  Status Subscribe(const std::vector<std::string>& topics) override;
  Status Publish(const mqtt::PublishOrder& order) override;
  void Disconnect(int timeout_ms) override;

 private:
  friend class Broker;
  bool Wants(const std::string& topic) const;
  // Later, if this connection still stands then.
  void Later(Duration delay, mqtt::LinkEvent event);

  Broker& broker_;
  const std::string client_id_;
  Handler handler_;
  std::shared_ptr<uint64_t> epoch_ = std::make_shared<uint64_t>(0);  // of the connection
  bool connected_ = false;
  Instant free_at_{};  // what was published before has left then
  std::vector<std::string> subscribed_;
};

}  // namespace tillrelay::sim
