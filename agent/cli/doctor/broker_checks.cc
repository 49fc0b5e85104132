// The way to the broker, step by step, as the daemon goes it: name, TCP, TLS, login, rights.
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "agent/cli/doctor/doctor_strings.h"
#include "agent/cli/doctor/findings.h"
#include "common/base/clock.h"
#include "common/base/files.h"
#include "common/base/json_reader.h"
#include "common/http/address.h"
#include "common/http/client_tls.h"
#include "common/mqtt/broker_url.h"
#include "common/mqtt/paho_link.h"
#include "common/wire/control.h"
#include "common/wire/topics.h"

namespace tillrelay::cli::doctor {
namespace {

using std::chrono::seconds;

constexpr seconds kPatience{5};  // for each step
constexpr int kExpiresSoonDays = 30;
constexpr size_t kMaxSecretBytes = 4096;
constexpr int kLoginTries = 3;
constexpr size_t kLargeMessage = 4096;  // more than one packet of any network
// The daemon knows by then whether a confirmation comes.
constexpr seconds kFirstConfirmation{20};
constexpr std::chrono::milliseconds kAgain{200};
constexpr const char* kNoAnswer = "no answer";

bool NameIsFound(const mqtt::BrokerUrl& target, Findings* findings) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const SystemClock clock;
  const Instant began = clock.Now();
  const int error = getaddrinfo(target.host.c_str(), target.port.c_str(), &hints, &found);
  const auto spent =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock.Now() - began).count();
  if (error != 0) {
    findings->Fault("broker name",
                    strings::Say(strings::kDoctorNameGone, target.host, gai_strerror(error)),
                    strings::kDoctorNameStep);
    return false;
  }
  freeaddrinfo(found);
  findings->Good("broker name", strings::Say(strings::kDoctorNameGood, target.host, spent));
  return true;
}

Result<Fd> Reached(const mqtt::BrokerUrl& target) {
  return http::ConnectTo({false, target.host, static_cast<uint16_t>(std::stoi(target.port))},
                         kPatience);
}

std::string TlsRemedy(const std::string& why) {
  if (why.find("expired") != std::string::npos) {
    return std::string(strings::kDoctorTlsExpired);
  }
  if (why.find("not yet valid") != std::string::npos) return std::string(strings::kDoctorTlsClock);
  if (why.find("mismatch") != std::string::npos) {
    return std::string(strings::kDoctorTlsName);
  }
  if (why.find("wrong version") != std::string::npos || why.find("EOF") != std::string::npos ||
      why.find("eof") != std::string::npos) {
    return std::string(strings::kDoctorNotTls);
  }
  return std::string(strings::kDoctorTlsCa);
}

bool TlsIsGood(const Patient& patient, const config::Config::BrokerAddress& broker,
               const mqtt::BrokerUrl& target, Fd socket, Findings* findings) {
  const http::ClientTls files{patient.FileOf(broker.ca_file), patient.FileOf(broker.cert_file),
                              patient.FileOf(broker.key_file)};
  auto pipe = http::TlsPipe::Connect(socket.get(), target.host, files, kPatience);
  if (!pipe.ok()) {
    findings->Fault("broker TLS", pipe.status().message(), TlsRemedy(pipe.status().message()));
    return false;
  }
  const auto left = (*pipe)->PeerExpires() - std::chrono::system_clock::now();
  const auto days = std::chrono::duration_cast<std::chrono::hours>(left).count() / 24;
  const std::string text = strings::Say(strings::kDoctorTlsGood, days);
  if (days < kExpiresSoonDays) {
    findings->Note("broker TLS", text, strings::kDoctorTlsSoon);
  } else {
    findings->Good("broker TLS", text);
  }
  return true;
}

// What the link tells, on its own threads.
class Mailbox {
 public:
  void Put(mqtt::LinkEvent&& event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    arrived_.notify_one();
  }
  // Nothing if there is none in time.
  std::optional<mqtt::LinkEvent> Next() {
    std::unique_lock lock(mutex_);
    const auto until = std::chrono::steady_clock::now() + kPatience + kPatience;
    if (!arrived_.wait_until(lock, until, [this] { return !events_.empty(); })) {
      return std::nullopt;
    }
    mqtt::LinkEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<mqtt::LinkEvent> events_;
};

// Empty for no file.
Result<std::string> SecretIn(const std::string& path) {
  if (path.empty()) return std::string();
  auto secret = ReadFile(path, kMaxSecretBytes);
  if (!secret.ok()) return secret;
  return secret->substr(0, secret->find_last_not_of("\r\n") + 1);
}

Result<std::string> ProxyFor(const Patient& patient) {
  const auto& broker = patient.config.broker;
  if (broker.proxy.empty()) return std::string();
  const auto proxy = mqtt::ParseProxyUrl(broker.proxy);
  if (!proxy.ok()) return proxy.status();
  auto password = SecretIn(patient.FileOf(broker.proxy_password_file));
  if (!password.ok()) return password;
  return mqtt::ProxyWithLogin(*proxy, broker.proxy_username, *password);
}

Result<mqtt::LinkOptions> OptionsFor(const Patient& patient,
                                     const config::Config::BrokerAddress& broker) {
  mqtt::LinkOptions link;
  link.url = broker.url;
  link.client_id = "tillrelay-doctor-" + patient.config.store_id;
  link.protocol = mqtt::ProtocolOf(patient.config.broker.protocol);
  link.username = broker.username;
  auto password = SecretIn(patient.FileOf(broker.password_file));
  if (!password.ok()) return std::move(password).status();
  auto proxy = ProxyFor(patient);
  if (!proxy.ok()) return std::move(proxy).status();
  link.password = *std::move(password);
  link.proxy = *std::move(proxy);
  link.ca_file = patient.FileOf(broker.ca_file);
  link.cert_file = patient.FileOf(broker.cert_file);
  link.key_file = patient.FileOf(broker.key_file);
  link.connect_timeout_s = static_cast<int>(kPatience.count());
  return link;
}

bool LoginIsGood(mqtt::Link* link, Mailbox* mail, Findings* findings) {
  Status ordered;
  std::optional<mqtt::LinkEvent> event;
  // A broker that refuses MQTT 5 is asked again, and then with 3.1.1, as the daemon would.
  for (int tries = 0; tries == 0 || (tries < kLoginTries && event && event->version_refused);
       ++tries) {
    ordered = link->Connect();
    event = ordered.ok() ? mail->Next() : std::nullopt;
  }
  if (event && event->what == mqtt::LinkEventType::kConnected) {
    findings->Good("broker login", strings::kDoctorLoginGood);
    return true;
  }
  const std::string why = !ordered.ok() ? ordered.message() : event ? event->text : "no answer";
  if (event && event->cause == mqtt::FailureCause::kLogin) {
    findings->Fault("broker login", why, strings::kDoctorLoginStep);
  } else if (event && event->cause == mqtt::FailureCause::kRights) {
    findings->Fault("broker login", why, strings::kDoctorUserStep);
  } else {
    findings->Fault("broker login", why, strings::kDoctorMqttStep);
  }
  return false;
}

bool IsConfirmation(const mqtt::LinkEvent& event, const std::string& topic) {
  return event.what == mqtt::LinkEventType::kMessage && event.topic == topic;
}

// Some brokers grant a subscription without the right to it, and send nothing. A collector confirms
// every store that it has heard of, also one without events.
void Unheard(const Patient& patient, Findings* findings) {
  const auto topics = wire::TopicsOf(patient.config.delivery.topic_prefix, patient.config.store_id);
  findings->Fault("confirmation", strings::Say(strings::kDoctorUnheard, topics.confirm),
                  strings::Say(strings::kDoctorUnheardStep, patient.config.delivery.topic_prefix));
}

bool IsReached(const Patient& patient, const config::Config::BrokerAddress& broker,
               const mqtt::BrokerUrl& target, Findings* findings) {
  if (!NameIsFound(target, findings)) return false;
  auto socket = Reached(target);
  if (!socket.ok()) {
    findings->Fault("broker TCP", socket.status().message(), strings::kDoctorTcpStep);
    return false;
  }
  findings->Good("broker TCP", strings::Say(strings::kDoctorTcpGood, mqtt::HostAndPort(target)));
  if (target.tls) return TlsIsGood(patient, broker, target, *std::move(socket), findings);
  findings->Note("broker TLS", strings::kDoctorNoTls, strings::kDoctorNoTlsStep);
  return true;
}

// Nothing was refused: the line swallows it, or the broker hangs.
void NoAnswer(std::string_view what, Findings* findings) {
  findings->Fault("broker answers", strings::Say(strings::kDoctorNoAnswer, what),
                  strings::kDoctorNoAnswerStep);
}

// Answers a command that nobody gave. With a last member of blanks it is as large as an event.
std::string ReplyToNobody(size_t blanks = 0) {
  wire::Reply reply;
  reply.command_id = std::string(26, '0');
  reply.state = "refused";
  reply.reason = std::string(blanks, ' ');
  return wire::WriteReply(reply);
}

// An empty batch is no event: the right is used and nothing is told.
void CheckRights(const Patient& patient, mqtt::Link* link, Mailbox* mail, Findings* findings) {
  const auto topics = wire::TopicsOf(patient.config.delivery.topic_prefix, patient.config.store_id);
  bool confirmed = false;
  const auto reported = [&](mqtt::LinkEventType what) -> std::string {
    for (auto event = mail->Next(); event; event = mail->Next()) {
      confirmed = confirmed || IsConfirmation(*event, topics.confirm);
      if (event->what == what) return event->reason_code == 0 ? "" : event->text;
      if (event->what == mqtt::LinkEventType::kLost) return event->text;
    }
    return kNoAnswer;
  };
  for (const std::string& topic : {topics.confirm, topics.command}) {
    const Status ordered = link->Subscribe({topic});
    const std::string why =
        ordered.ok() ? reported(mqtt::LinkEventType::kSubscribed) : ordered.message();
    if (why.empty()) continue;
    if (why == kNoAnswer) return NoAnswer(strings::kDoctorSubscription, findings);
    return findings->Fault("broker rights", strings::Say(strings::kDoctorNoRead, topic, why),
                           strings::kDoctorReadStep);
  }
  const bool events = patient.config.delivery.confirm == "centre";
  for (const std::string& topic : {events ? topics.events : topics.reply, topics.reply}) {
    const std::string nothing = topic == topics.events ? "[]" : ReplyToNobody();
    const Status ordered = link->Publish({topic, nothing, false, false, 1});
    const std::string why =
        ordered.ok() ? reported(mqtt::LinkEventType::kPublished) : ordered.message();
    if (why.empty()) continue;
    if (why == kNoAnswer) return NoAnswer(strings::kDoctorMessage, findings);
    return findings->Fault("broker rights", strings::Say(strings::kDoctorNoWrite, topic, why),
                           strings::kDoctorWriteStep);
  }
  const Status ordered =
      events ? link->Publish(
                   {topics.events, "[" + std::string(kLargeMessage, ' ') + "]", false, false, 2})
             : link->Publish({topics.reply, ReplyToNobody(kLargeMessage), false, false, 2});
  const std::string why =
      ordered.ok() ? reported(mqtt::LinkEventType::kPublished) : ordered.message();
  if (!why.empty()) {
    return findings->Fault("broker packets",
                           strings::Say(strings::kDoctorPackets, kLargeMessage, why),
                           strings::kDoctorPacketsStep);
  }
  for (auto event = std::optional<mqtt::LinkEvent>(); events && !confirmed;) {
    event = mail->Next();
    if (!event) break;
    confirmed = IsConfirmation(*event, topics.confirm);
  }
  if (!events || confirmed) {
    return findings->Good("broker rights", strings::kDoctorRightsGood);
  }
  Unheard(patient, findings);
}

// What the daemon says of its session.
struct Session {
  bool unheard = false;  // not one confirmation, and long enough for one
  bool heard = false;    // one has come, perhaps one that the broker kept
  bool overdue = false;  // the broker took what nobody has confirmed
  uint64_t waiting = 0, through = 0;
};

// Nothing while it is not connected.
std::optional<Session> LookAtSession(const Patient& patient) {
  JsonParser parser;
  std::string body = StatusOfDaemon(patient);
  const auto status = parser.Parse(body);
  if (!status.ok()) return std::nullopt;
  const JsonValue broker = status->Find("broker");
  if (!broker.Find("connected").is_true()) return std::nullopt;
  const bool by_broker = patient.config.delivery.confirm == "broker";
  Session session;
  session.unheard = !by_broker && broker.Find("never_confirmed").is_true();
  session.heard = by_broker || broker.Find("confirmations").is_string();
  session.overdue = !broker.String("centre_doubt").empty();
  status->Unsigned("waiting", &session.waiting);
  status->Unsigned(by_broker ? "acked_through" : "confirmed_through", &session.through);
  return session;
}

// Empty: not proven by what was seen so far.
std::string ProofIn(const Session& first, const Session& now) {
  if (!now.heard) return "";
  if (now.through > first.through) return std::string(strings::kDoctorConfirmed);
  if (now.waiting > 0 || now.overdue) return "";
  return std::string(strings::kDoctorNothingWaits);
}

// The daemon's own session says as much as a login of ours would.
void CheckSession(const Patient& patient, Findings* findings) {
  findings->Good("broker login", strings::kDoctorSession);
  const SystemClock clock;
  const Instant until = clock.Now() + kFirstConfirmation;
  std::optional<Session> first, now;
  std::string proof;
  for (;;) {
    now = LookAtSession(patient);
    if (!first) first = now;
    if (now) proof = ProofIn(*first, *now);
    // Whether a first confirmation comes shows a little later than that one is overdue.
    const bool overdue = now && now->heard && now->overdue;
    const bool settled = overdue || (now && now->unheard) || !proof.empty();
    if (settled || clock.Now() >= until) break;
    std::this_thread::sleep_for(kAgain);
  }
  if (now && now->unheard) return Unheard(patient, findings);
  if (!proof.empty()) return findings->Good("broker rights", proof);
  findings->Skipped("broker rights", now && now->waiting > 0
                                         ? strings::Say(strings::kDoctorNotProven, now->waiting)
                                         : std::string(strings::kDoctorAskAgain));
}

void CheckAddress(const Patient& patient, const config::Config::BrokerAddress& broker,
                  Findings* findings) {
  const auto target = mqtt::ParseBrokerUrl(broker.url);
  if (!target.ok()) return;  // told by CheckSettings
  if (patient.config.broker.proxy.empty() && !IsReached(patient, broker, *target, findings)) return;
  if (patient.session_at == broker.url) return CheckSession(patient, findings);
  auto options = OptionsFor(patient, broker);
  if (!options.ok()) return findings->Skipped("broker login", options.status().message());
  Mailbox mail;
  auto link = mqtt::MakePahoLink(*options,
                                 [&mail](mqtt::LinkEvent&& event) { mail.Put(std::move(event)); });
  if (!link.ok()) return findings->Skipped("broker login", link.status().message());
  if (LoginIsGood(link->get(), &mail, findings) && !patient.config.store_id.empty()) {
    CheckRights(patient, link->get(), &mail, findings);
  }
  (*link)->Disconnect(500);
}

}  // namespace

void CheckBroker(const Patient& patient, Findings* findings) {
  const auto& broker = patient.config.broker;
  if (broker.url.empty()) {
    return findings->Fault("broker", strings::kDoctorNoBroker,
                           "tillrelay setup --broker-url mqtts://HOST:8883");
  }
  CheckAddress(patient, broker, findings);
  for (const auto& other : broker.others) CheckAddress(patient, other, findings);
}

}  // namespace tillrelay::cli::doctor
