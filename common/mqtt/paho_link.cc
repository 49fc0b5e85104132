#include "common/mqtt/paho_link.h"

#include <fmt/format.h>
#include <mqtt/async_client.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "common/base/backoff.h"
#include "common/base/files.h"
#include "common/base/log.h"
#include "common/mqtt/broker_url.h"
#include "common/mqtt/tunnel.h"
#include "common/mqtt/version_choice.h"
#include "common/net/connect.h"

namespace tillrelay::mqtt {
namespace {

// The namespace of the library has our name too; inside this file it is `paho`.
namespace paho = ::mqtt;

constexpr int kQos = 1;
constexpr int kMaxDescriptors = 1024;
constexpr int kLeastLeaveMs = 100;
constexpr std::chrono::seconds kLongestConnect{60};
constexpr std::chrono::seconds kProbe{2};
// Paho C, MQTTAsyncUtils.c: the TCP connection stood, and ended before a CONNACK. A refused or
// reset port is "TCP/TLS connect failure".
constexpr std::string_view kConnectedButNotAnswered = "TCP connect completion failure";
constexpr int kUnsupportedVersion = 0x84;      // MQTT 5
constexpr int kUnacceptableVersion = 1;        // the same, as an older broker says it
constexpr int kNotAuthorised = 0x87;           // MQTT 5
constexpr int kBadLogin = 4, kNotAllowed = 5;  // the same in MQTT 3.1.1
constexpr int kFirstRefusal = 0x80;            // MQTT 5 reason codes from here on are failures

std::string UriOf(const BrokerUrl& target) {
  const char* plain = target.websocket ? "ws" : "tcp";
  const char* secure = target.websocket ? "wss" : "ssl";
  return fmt::format("{}://{}{}", target.tls ? secure : plain, HostAndPort(target), target.path);
}

// The port in "http://user:password@host:port".
int PortOf(const std::string& proxy) { return std::atoi(proxy.c_str() + proxy.rfind(':') + 1); }

// MQTT 5 reason codes, OASIS standard, 2.4, in words for people.
std::string ReasonText(int code) {
  switch (code) {
    case 0x80:
      return "unspecified error";
    case 0x82:
      return "protocol error";
    case 0x83:
      return "the broker refuses for a reason of its own";
    case 0x84:
      return "the broker does not speak MQTT 5";
    case 0x85:
      return "client identifier refused";
    case 0x86:
      return "user name or password refused";
    case 0x87:
      return "not authorised";
    case 0x88:
      return "broker unavailable";
    case 0x89:
      return "broker busy";
    case 0x8a:
      return "banned";
    case 0x8b:
      return "broker is shutting down";
    case 0x8c:
      return "bad authentication method";
    case 0x8d:
      return "keep-alive timeout";
    case 0x8e:
      return "another client with this identity has taken over";
    case 0x90:
      return "topic name refused";
    case 0x93:
      return "receive maximum exceeded";
    case 0x95:
      return "packet too large";
    case 0x97:
      return "quota exceeded";
    case 0x99:
      return "payload format refused";
    default:
      return fmt::format("reason code {:#04x}", code);
  }
}

FailureCause CauseOf(int code) {
  switch (code) {
    case 0x85:
    case 0x86:
    case 0x8a:
    case 0x8c:
      return FailureCause::kLogin;
    case kNotAuthorised:
      return FailureCause::kRights;
    case 0x8e:
      return FailureCause::kTakeOver;
    default:
      return FailureCause::kOther;
  }
}

// "…:error:0A000086:SSL routines::certificate verify failed:statem.c:1890:" without its places in
// OpenSSL's source.
std::string TlsReason(std::string_view text) {
  constexpr int kReason = 5;
  size_t begin = 0;
  for (int i = 0; i < kReason; ++i) {
    const size_t colon = text.find(':', begin);
    if (colon == std::string_view::npos) return std::string(text);
    begin = colon + 1;
  }
  return std::string(text.substr(begin, text.find(':', begin) - begin));
}

// Of a refused CONNECT. Topics are judged later, so that "not authorised" is about who asks: a
// mosquitto says it of a wrong password.
FailureCause LoginCauseOf(int code) {
  return code == kNotAuthorised ? FailureCause::kLogin : CauseOf(code);
}

class PahoLink final : public Link, private paho::callback {
 public:
  PahoLink(const LinkOptions& options, BrokerUrl target, Deliver deliver)
      : options_(options),
        target_(std::move(target)),
        deliver_(std::move(deliver)),
        versions_(options.protocol),
        connect_listener_(*this),
        subscribe_listener_(*this),
        publish_listener_(*this) {
    const auto typed = [](const std::string& type) {
      paho::properties properties;
      if (type.empty()) return properties;
      properties.add({paho::property::CONTENT_TYPE, type});
      properties.add({paho::property::PAYLOAD_FORMAT_INDICATOR, 1});
      return properties;
    };
    event_properties_ = typed(options_.content_type);
    batch_properties_ = typed(options_.batch_content_type);
    MakeClient();
  }

  ~PahoLink() override {
    Disconnect(500);
    DropClient();
  }

  Status Connect() override {
    LinkEvent failed;
    if (Status way = FindWay(); !way.ok()) {
      failed.what = LinkEventType::kConnectFailed;
      failed.cause = FailureCause::kName;
      failed.text = way.message();
      deliver_(std::move(failed));
      return Status::Ok();
    }
    return Guarded("connect", [&] {
      // A client that is still connecting or leaving drops the order without a word.
      if (made_for_ != Version() || busy_) MakeClient();
      busy_ = true;
      began_ = std::chrono::steady_clock::now();
      client_->connect(ConnectOptions(), nullptr, connect_listener_);
    });
  }

  void SetKeepAlive(int seconds) override { keep_alive_s_ = seconds; }

  Status Subscribe(const std::vector<std::string>& topics) override {
    return Guarded("subscribe", [&] {
      for (const std::string& topic : topics) {
        client_->subscribe(topic, kQos, nullptr, subscribe_listener_);
      }
    });
  }

  Status Publish(const PublishOrder& order) override {
    return Guarded("publish", [&] {
      const bool reported = (order.event || order.batch) && made_for_ == MQTTVERSION_5;
      auto message =
          reported ? paho::message::create(std::string(order.topic), order.payload.data(),
                                           order.payload.size(), kQos, order.retained,
                                           order.batch ? batch_properties_ : event_properties_)
                   : paho::message::create(std::string(order.topic), order.payload.data(),
                                           order.payload.size(), kQos, order.retained);
      client_->publish(message, reinterpret_cast<void*>(order.token), publish_listener_);
    });
  }

  // Given a time, the library waits it out for messages in flight and looks at it only every few
  // seconds; so it is given none, and what was ordered before still goes out before the DISCONNECT.
  void Disconnect(int timeout_ms) override {
    Guarded("disconnect", [&] {
      if (!client_->is_connected()) return;
      busy_ = true;
      if (client_->disconnect(0)->wait_for(std::max(timeout_ms, kLeastLeaveMs))) busy_ = false;
    }).ok();
  }

 private:
  struct ConnectListener final : paho::iaction_listener {
    explicit ConnectListener(PahoLink& link) : link_(link) {}
    void on_success(const paho::token& token) override { link_.Connected(token); }
    void on_failure(const paho::token& token) override {
      if (!link_.replacing_) link_.ConnectFailed(token);
    }
    PahoLink& link_;
  };
  struct SubscribeListener final : paho::iaction_listener {
    explicit SubscribeListener(PahoLink& link) : link_(link) {}
    void on_success(const paho::token&) override { link_.Subscribed(0); }
    void on_failure(const paho::token& token) override {
      if (link_.replacing_) return;
      // The library's own word: the connection ended, and no answer had come.
      if (token.get_return_code() < 0) return link_.connection_lost("");
      link_.Subscribed(Code(token));
    }
    PahoLink& link_;
  };
  struct PublishListener final : paho::iaction_listener {
    explicit PublishListener(PahoLink& link) : link_(link) {}
    void on_success(const paho::token& token) override { link_.Published(token, 0); }
    void on_failure(const paho::token& token) override {
      if (link_.replacing_) return;
      // Without a refusal by the broker the connection went away under the message.
      if (static_cast<int>(token.get_reason_code()) < kFirstRefusal)
        return link_.connection_lost("");
      link_.Published(token, Code(token));
    }
    PahoLink& link_;
  };

  // A refusal by reason code, or the unspecified error where the library gives only its own code.
  static int Code(const paho::token& token) {
    const int code = static_cast<int>(token.get_reason_code());
    return code >= kFirstRefusal ? code : kFirstRefusal;
  }

  // The broker's word in its CONNACK. Paho C 1.3 gives it as the return code, which is otherwise
  // its own and negative (MQTTAsyncUtils.c, nextOrClose()); the reason code of such a failure is
  // whatever lay on its stack, so it is not looked at.
  static int ConnectCode(const paho::token& token) { return std::max(0, token.get_return_code()); }

  // A failed token keeps what the library says about it, and tells it only by throwing.
  static bool HungUp(const paho::token& token) {
    try {
      const_cast<paho::token&>(token).wait();
    } catch (const paho::exception& e) {
      return e.get_message() == kConnectedButNotAnswered;
    }
    return false;
  }

  // What it still had under way concerns nobody.
  void DropClient() {
    replacing_ = true;
    client_.reset();
    replacing_ = false;
    busy_ = false;
  }

  int Version() const { return versions_.UseOlder() ? MQTTVERSION_3_1_1 : MQTTVERSION_5; }

  // The library fixes the version when a client is made.
  void MakeClient() {
    const int version = Version();
    auto made = std::make_unique<paho::async_client>(
        UriOf(target_), options_.client_id, paho::create_options(version, options_.max_in_flight),
        nullptr);
    DropClient();
    client_ = std::move(made);
    made_for_ = version;
    client_->set_callback(*this);
    if (made_for_ != MQTTVERSION_5) return;
    client_->set_disconnected_handler([this](const paho::properties&, paho::ReasonCode code) {
      Lost(static_cast<int>(code), "the broker ended the connection: ");
    });
  }

  template <class F>
  Status Guarded(const char* what, F&& order) {
    try {
      order();
      return Status::Ok();
    } catch (const std::exception& e) {
      return Unavailable(fmt::format("{}: {}", what, e.what()));
    }
  }

  // Through what the library connects. A proxy looks names up itself; the library tries one
  // address of a name only, so that more than one need the tunnel.
  Status FindWay() {
    via_ = options_.proxy;
    if (!via_.empty()) return Status::Ok();
    const auto found = LookUp(target_.host, target_.port);
    if (!found.ok()) return found.status();
    if (found->size() == 1) return Status::Ok();
    if (tunnel_ == nullptr) {
      auto tunnel = Tunnel::Open(&random_);
      if (!tunnel.ok()) return std::move(tunnel).status();
      tunnel_ = *std::move(tunnel);
    }
    via_ = tunnel_->url();
    return Status::Ok();
  }

  // A line of seconds needs several of its round trips.
  std::chrono::seconds ConnectTimeout() const {
    const Duration wait =
        Backoff(std::chrono::seconds(options_.connect_timeout_s), kLongestConnect, timed_out_);
    return std::chrono::duration_cast<std::chrono::seconds>(wait);
  }

  paho::connect_options ConnectOptions() {
    paho::connect_options_builder builder;
    const bool five = made_for_ == MQTTVERSION_5;
    if (five) {
      builder.mqtt_version(made_for_).clean_start(true);
    } else {
      builder.mqtt_version(made_for_).clean_session(true);
    }
    builder.automatic_reconnect(false)
        .keep_alive_interval(std::chrono::seconds(keep_alive_s_.load()))
        .connect_timeout(ConnectTimeout())
        .max_inflight(options_.max_in_flight);
    // The library reads the login of the proxy for TLS only behind "https://"; it speaks plain HTTP
    // to both (MQTTProtocolOut.c).
    if (!via_.empty()) builder.http_proxy(via_).https_proxy("https" + via_.substr(4));
    if (!options_.username.empty()) builder.user_name(options_.username);
    if (!options_.password.empty()) builder.password(options_.password);
    if (!options_.will_topic.empty()) {
      builder.will(paho::message(options_.will_topic, options_.will_payload, kQos, true));
    }
    if (target_.tls) {
      paho::ssl_options_builder tls;
      tls.enable_server_cert_auth(true).verify(true).ssl_version(MQTT_SSL_VERSION_TLS_1_2);
      if (!options_.ca_file.empty()) tls.trust_store(options_.ca_file);
      if (!options_.cert_file.empty()) tls.key_store(options_.cert_file);
      if (!options_.key_file.empty()) tls.private_key(options_.key_file);
      tls.error_handler([this](const std::string& text) { tls_error_ = TlsReason(text); });
      builder.ssl(tls.finalize());
    }
    tls_error_.clear();
    return builder.finalize();
  }

  // The library leaves Nagle's algorithm on: a full window of acknowledgements then waits 40 ms for
  // the other side's delayed ACK. It does not show its socket, so the one that leads to the
  // broker's port, or the proxy's, is looked for.
  void SendWithoutDelay() const {
    const int port = via_.empty() ? std::atoi(target_.port.c_str()) : PortOf(via_);
    for (int fd = 3; fd < kMaxDescriptors; ++fd) {
      sockaddr_storage peer{};
      socklen_t size = sizeof peer;
      if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
      const in_port_t raw = peer.ss_family == AF_INET6
                                ? reinterpret_cast<sockaddr_in6*>(&peer)->sin6_port
                                : reinterpret_cast<sockaddr_in*>(&peer)->sin_port;
      const bool inet = peer.ss_family == AF_INET || peer.ss_family == AF_INET6;
      const int on = 1;
      if (inet && ntohs(raw) == port) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
  }

  void Connected(const paho::token& token) {
    busy_ = false;
    heard_ = false;
    connected_at_ = std::chrono::steady_clock::now();
    versions_.Connected(made_for_ == MQTTVERSION_5);
    SendWithoutDelay();
    LinkEvent event;
    event.what = LinkEventType::kConnected;
    event.gives_reasons = made_for_ == MQTTVERSION_5;
    event.fell_back = !event.gives_reasons && options_.protocol == Protocol::kAuto;
    if (!event.gives_reasons) return deliver_(std::move(event));
    try {
      const paho::connect_response response = token.get_connect_response();
      const paho::properties& properties = response.get_properties();
      if (properties.contains(paho::property::RECEIVE_MAXIMUM)) {
        event.receive_maximum = paho::get<uint16_t>(properties, paho::property::RECEIVE_MAXIMUM);
      }
      if (properties.contains(paho::property::MAXIMUM_PACKET_SIZE)) {
        event.maximum_packet = paho::get<uint32_t>(properties, paho::property::MAXIMUM_PACKET_SIZE);
      }
    } catch (const std::exception&) {
      // The broker told no limits.
    }
    deliver_(std::move(event));
  }

  void ConnectFailed(const paho::token& token) {
    busy_ = false;
    const bool timed_out = std::chrono::steady_clock::now() - began_ >= ConnectTimeout();
    if (timed_out) ++timed_out_;
    LinkEvent event;
    event.what = LinkEventType::kConnectFailed;
    event.reason_code = ConnectCode(token);
    const bool five = made_for_ == MQTTVERSION_5;
    const bool too_new = five && (event.reason_code == kUnsupportedVersion ||
                                  event.reason_code == kUnacceptableVersion);
    const bool hung_up = five && event.reason_code == 0 && HungUp(token);
    event.version_refused = too_new || hung_up;
    if (event.version_refused) versions_.FiveRefused();
    if (!five) versions_.OlderFailed();
    const std::string next = versions_.UseOlder() ? "; the next attempt uses 3.1.1" : "";
    if (too_new) {
      event.text = "the broker does not speak MQTT 5" + next;
    } else if (hung_up) {
      event.text = "the broker takes the connection and hangs up on MQTT 5" + next;
    } else if (!five && (event.reason_code == kBadLogin || event.reason_code == kNotAllowed)) {
      event.cause = FailureCause::kLogin;
      event.text = "the broker refused the login: user name and password do not fit";
    } else if (event.reason_code >= kFirstRefusal) {
      event.cause = LoginCauseOf(event.reason_code);
      event.text = "the broker refused the login: " + ReasonText(event.reason_code);
      if (event.reason_code == kNotAuthorised) {
        event.text += "; user name and password do not fit, or the user is unknown";
      }
    } else if (!tls_error_.empty()) {
      event.cause = FailureCause::kTls;
      event.text = "TLS to " + target_.host + " failed: " + tls_error_;
    } else if (timed_out && options_.proxy.empty() && TakesConnections()) {
      event.cause = FailureCause::kSilent;
      event.text = fmt::format("{} port {} takes the connection, and no answer comes", target_.host,
                               target_.port);
    } else if (!timed_out && target_.tls && options_.proxy.empty() && TakesConnections()) {
      event.cause = FailureCause::kSilent;
      event.text = fmt::format("{} port {} takes the connection and ends it before TLS is agreed",
                               target_.host, target_.port);
    } else {
      event.cause = FailureCause::kTcp;
      event.text = fmt::format("no connection to {} port {}", target_.host, target_.port);
      if (!options_.proxy.empty()) event.text += " through the proxy";
    }
    deliver_(std::move(event));
  }

  // The library does not say how far a connection came that took too long.
  bool TakesConnections() const {
    const auto found = LookUp(target_.host, target_.port);
    return found.ok() && ConnectToAny(*found, kProbe).ok();
  }

  // Behind the CONNACK nothing came for as long as the broker is given.
  bool Unanswered() const {
    const auto stood = std::chrono::steady_clock::now() - connected_at_.load();
    return !heard_ && stood >= std::chrono::seconds(keep_alive_s_.load());
  }

  void Subscribed(int code) {
    heard_ = true;
    LinkEvent event;
    event.what = LinkEventType::kSubscribed;
    event.reason_code = code;
    if (code != 0) {
      event.cause = CauseOf(code);
      event.text = "the broker refused the subscription: " + ReasonText(code);
    }
    deliver_(std::move(event));
  }

  void Published(const paho::token& token, int code) {
    heard_ = true;
    LinkEvent event;
    event.what = LinkEventType::kPublished;
    event.token = reinterpret_cast<uint64_t>(token.get_user_context());
    event.reason_code = code;
    if (code != 0) {
      event.cause = CauseOf(code);
      event.text = "the broker refused a message: " + ReasonText(code);
    }
    deliver_(std::move(event));
  }

  void Lost(int code, const char* prefix) {
    LinkEvent event;
    event.what = LinkEventType::kLost;
    event.reason_code = code;
    event.cause = CauseOf(code);
    event.text = prefix + ReasonText(code);
    deliver_(std::move(event));
  }

  void connection_lost(const std::string& cause) override {
    LinkEvent event;
    event.what = LinkEventType::kLost;
    event.cause = Unanswered() ? FailureCause::kSilent : FailureCause::kOther;
    event.text = Unanswered()    ? "the broker does not answer"
                 : cause.empty() ? "the connection was lost"
                                 : "the connection was lost: " + cause;
    deliver_(std::move(event));
  }

  void message_arrived(paho::const_message_ptr message) override {
    heard_ = true;
    LinkEvent event;
    event.what = LinkEventType::kMessage;
    event.topic = message->get_topic();
    event.payload = message->to_string();
    event.retained = message->is_retained();
    deliver_(std::move(event));
  }

  const LinkOptions options_;
  const BrokerUrl target_;
  const Deliver deliver_;
  std::atomic<int> keep_alive_s_{options_.keep_alive_s};
  std::string tls_error_;
  std::chrono::steady_clock::time_point began_{};  // the attempt
  std::atomic<std::chrono::steady_clock::time_point> connected_at_{};
  std::atomic<bool> heard_{true};  // an answer, or a message, on this connection
  std::atomic<int> timed_out_{0};  // attempts that took all their time
  SystemRandom random_;
  std::unique_ptr<Tunnel> tunnel_;
  std::string via_;  // a proxy's address with its login; empty: straight to the broker
  paho::properties event_properties_, batch_properties_;
  VersionChoice versions_;
  std::atomic<bool> busy_{false};       // connecting, or leaving and not yet gone
  std::atomic<bool> replacing_{false};  // the client is being taken down
  int made_for_ = MQTTVERSION_5;        // of the client that there is; changed between connections
  std::unique_ptr<paho::async_client> client_;
  ConnectListener connect_listener_;
  SubscribeListener subscribe_listener_;
  PublishListener publish_listener_;
};

Status CheckReadable(const std::string& path, const char* key) {
  if (path.empty() || access(path.c_str(), R_OK) == 0) return Status::Ok();
  return Invalid(fmt::format("{} {}: {}", key, path, std::strerror(errno)));
}

}  // namespace

Status CheckLink(const LinkOptions& options) {
  const auto target = ParseBrokerUrl(options.url);
  if (!target.ok()) return Status(target.status()).Within("broker.url");
  if (!target->tls) return Status::Ok();
  TRY(CheckReadable(options.ca_file, "ca_file"));
  TRY(CheckReadable(options.cert_file, "cert_file"));
  return CheckReadable(options.key_file, "key_file");
}

Result<std::unique_ptr<Link>> MakePahoLink(const LinkOptions& options, Deliver deliver) {
  TRY(CheckLink(options));
  auto target = ParseBrokerUrl(options.url);
  // The library would otherwise send the broker's traffic through a web proxy.
  for (const char* name : {"http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"}) {
    unsetenv(name);
  }
  try {
    return std::unique_ptr<Link>(
        std::make_unique<PahoLink>(options, *std::move(target), std::move(deliver)));
  } catch (const std::exception& e) {
    return Invalid(std::string("MQTT client: ") + e.what());
  }
}

}  // namespace tillrelay::mqtt
