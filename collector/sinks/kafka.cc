#include "collector/sinks/kafka.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "common/base/check.h"

namespace tillrelay::collector {
namespace {

using Meaning = SinkAnswer::Meaning;

constexpr int kLookAgainMs = 50;            // whether it shall stop
constexpr int kLargestRecord = 16'777'216;  // bytes; the broker's own limit is what counts

struct ConfDelete {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, ConfDelete>;

Status Set(rd_kafka_conf_t* conf, const char* name, const std::string& value) {
  std::array<char, 256> why{};
  if (rd_kafka_conf_set(conf, name, value.c_str(), why.data(), why.size()) == RD_KAFKA_CONF_OK) {
    return Status::Ok();
  }
  return Invalid(fmt::format("{}: {}", name, why.data()));
}

Result<Conf> ConfOf(const KafkaSettings& settings) {
  Conf conf(rd_kafka_conf_new());
  const bool login = !settings.username.empty();
  const std::pair<const char*, std::string> common[] = {
      {"bootstrap.servers", settings.url.servers},
      {"client.id", "tillrelay-collector"},
      {"security.protocol",
       fmt::format("{}{}", login ? "sasl_" : "", settings.url.tls ? "ssl" : "plaintext")},
      {"enable.idempotence", "true"},
      {"message.timeout.ms", fmt::format("{}", settings.deadline.count() * 1000)},
      {"message.max.bytes", fmt::format("{}", kLargestRecord)},
      // The same partition for a store as with other clients.
      {"partitioner", "murmur2_random"},
      {"linger.ms", "5"},
      {"topic.metadata.refresh.interval.ms", "-1"},  // an error asks for them anew
      {"log_level", "0"}};
  for (const auto& [name, value] : common) TRY(Set(conf.get(), name, value));
  if (login) {
    TRY(Set(conf.get(), "sasl.mechanism", settings.mechanism));
    TRY(Set(conf.get(), "sasl.username", settings.username));
    TRY(Set(conf.get(), "sasl.password", settings.password));
  }
  if (settings.url.tls && !settings.ca_file.empty()) {
    TRY(Set(conf.get(), "ssl.ca.location", settings.ca_file));
  }
  return conf;
}

// What is wrong with the record itself stays wrong; everything else may pass: a topic is made, a
// right given.
bool IsOfTheRecord(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || error == RD_KAFKA_RESP_ERR_INVALID_MSG ||
         error == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE || error == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
         error == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION;
}

bool IsReadable(int fd) {
  pollfd wait{fd, POLLIN, 0};
  return fd >= 0 && poll(&wait, 1, 0) > 0;
}

}  // namespace

// One producer of the library: a connection to each broker, and what is under way.
class Kafka::Producer {
 public:
  static Result<std::unique_ptr<Producer>> Make(const KafkaSettings& settings) {
    auto conf = ConfOf(settings);
    if (!conf.ok()) return std::move(conf).status();
    std::unique_ptr<Producer> producer(new Producer());
    rd_kafka_conf_set_opaque(conf->get(), producer.get());
    rd_kafka_conf_set_dr_msg_cb(conf->get(), &Producer::Reported);
    rd_kafka_conf_set_error_cb(conf->get(), &Producer::Failed);
    rd_kafka_conf_set_log_cb(conf->get(), nullptr);  // what fails comes as an error as well
    std::array<char, 256> why{};
    producer->client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf->get(), why.data(), why.size());
    if (producer->client_ == nullptr) {
      const bool own_authority = settings.url.tls && !settings.ca_file.empty();
      return Invalid(own_authority ? fmt::format("{} (ca_file {})", why.data(), settings.ca_file)
                                   : why.data());
    }
    conf->release();  // the producer's now
    return producer;
  }
  // Nothing is sent behind this.
  ~Producer() {
    if (client_ == nullptr) return;
    rd_kafka_purge(client_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_destroy(client_);
  }
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  void Begin() {
    waiting_ = 0;
    error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
    of_the_record_ = RD_KAFKA_RESP_ERR_NO_ERROR;
    connection_.clear();
  }
  void Add(const std::string& topic, const SinkMessage& message, const SinkMessage::Part& part) {
    std::array<rd_kafka_vu_t, 5> record{};
    record[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    record[0].u.cstr = topic.c_str();
    record[1].vtype = RD_KAFKA_VTYPE_KEY;
    record[1].u.mem.ptr = const_cast<char*>(part.store.data());  // it is copied
    record[1].u.mem.size = part.store.size();
    record[2].vtype = RD_KAFKA_VTYPE_VALUE;
    record[2].u.mem.ptr = const_cast<char*>(message.body.data()) + part.begin;
    record[2].u.mem.size = part.size;
    record[3].vtype = RD_KAFKA_VTYPE_HEADER;
    record[3].u.header.name = "kind";
    record[3].u.header.val = part.kind.data();
    record[3].u.header.size = static_cast<ssize_t>(part.kind.size());
    record[4].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    record[4].u.i = RD_KAFKA_MSG_F_COPY;
    rd_kafka_error_t* failed = rd_kafka_produceva(client_, record.data(), record.size());
    if (failed == nullptr) {
      ++waiting_;
      return;
    }
    Note(rd_kafka_error_code(failed));
    rd_kafka_error_destroy(failed);
  }
  // Until every record was reported, something failed, or it shall stop.
  void Wait(int wake) {
    while (waiting_ > 0 && error_ == RD_KAFKA_RESP_ERR_NO_ERROR && !IsReadable(wake)) {
      rd_kafka_poll(client_, kLookAgainMs);
    }
  }
  bool all_taken() const { return waiting_ == 0 && error_ == RD_KAFKA_RESP_ERR_NO_ERROR; }
  SinkAnswer Untaken() const {
    SinkAnswer answer;
    const bool refused = of_the_record_ != RD_KAFKA_RESP_ERR_NO_ERROR;
    answer.meaning = refused ? Meaning::kRefused : Meaning::kLater;
    const rd_kafka_resp_err_t error = refused ? of_the_record_ : error_;
    answer.text = error == RD_KAFKA_RESP_ERR_NO_ERROR ? "stopped" : rd_kafka_err2str(error);
    if (!refused && !connection_.empty()) answer.text += "; " + connection_;
    return answer;
  }

 private:
  Producer() = default;

  static void Reported(rd_kafka_t*, const rd_kafka_message_t* record, void* self) {
    auto* producer = static_cast<Producer*>(self);
    CHECK(producer->waiting_ > 0);
    --producer->waiting_;
    if (record->err != RD_KAFKA_RESP_ERR_NO_ERROR) producer->Note(record->err);
  }
  static void Failed(rd_kafka_t*, int, const char* reason, void* self) {
    static_cast<Producer*>(self)->connection_ = reason;
  }
  void Note(rd_kafka_resp_err_t error) {
    error_ = error;
    if (IsOfTheRecord(error)) of_the_record_ = error;
  }

  rd_kafka_t* client_ = nullptr;
  size_t waiting_ = 0;  // records without a report
  rd_kafka_resp_err_t error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  rd_kafka_resp_err_t of_the_record_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string connection_;  // what went wrong with one last
};

Kafka::Kafka(KafkaSettings settings) : settings_(std::move(settings)) {}
Kafka::~Kafka() = default;

Result<std::unique_ptr<Kafka>> Kafka::Make(KafkaSettings settings) {
  auto producer = Producer::Make(settings);  // knows more than its settings say
  if (!producer.ok()) return std::move(producer).status();
  std::unique_ptr<Kafka> kafka(new Kafka(std::move(settings)));
  kafka->producer_ = *std::move(producer);
  return kafka;
}

SinkAnswer Kafka::Send(const SinkMessage& message) {
  if (producer_ == nullptr) {
    auto made = Producer::Make(settings_);
    if (!made.ok()) return {Meaning::kLater, made.status().message(), {}};
    producer_ = *std::move(made);
  }
  producer_->Begin();
  for (const SinkMessage::Part& part : message.parts) {
    producer_->Add(TopicOf(settings_.url, part.kind), message, part);
  }
  producer_->Wait(settings_.wake);
  if (producer_->all_taken()) return {Meaning::kTaken, {}, {}};
  SinkAnswer answer = producer_->Untaken();
  producer_.reset();
  return answer;
}

}  // namespace tillrelay::collector
