#include "agent/daemon/configured_link.h"

#include "common/http/address.h"
#include "common/http/client_tls.h"
#include "common/http/tls_check.h"
#include "common/mqtt/broker_url.h"

namespace tillrelay {
namespace {

constexpr std::chrono::seconds kPatience{5};

// The library tells of files that it cannot use as of a port that does not answer.
Status CheckFiles(const mqtt::LinkOptions& options) {
  const auto url = mqtt::ParseBrokerUrl(options.url);
  if (!url.ok() || !url->tls) return Status::Ok();
  if (!options.ca_file.empty()) {
    if (Status s = http::CheckAuthorities(options.ca_file); !s.ok()) {
      return std::move(s).Within("broker.ca_file");
    }
  }
  if (options.cert_file.empty()) return Status::Ok();
  const std::string& key = options.key_file.empty() ? options.cert_file : options.key_file;
  Status s = http::CheckKeyPair(options.cert_file, key);
  return s.ok() ? s : std::move(s).Within("broker.cert_file");
}

Result<Fd> Reached(const mqtt::BrokerUrl& url) {
  return http::ConnectTo({false, url.host, static_cast<uint16_t>(std::stoi(url.port))}, kPatience);
}

// Empty: the handshake went well, or the broker could not even be reached, or it is not for us to
// reach it.
std::string TlsFault(const mqtt::LinkOptions& options) {
  const auto url = mqtt::ParseBrokerUrl(options.url);
  if (!url.ok() || !url->tls || !options.proxy.empty()) return "";
  const auto socket = Reached(*url);
  if (!socket.ok()) return "";
  const auto pipe = http::TlsPipe::Connect(
      socket->get(), url->host, {options.ca_file, options.cert_file, options.key_file}, kPatience);
  return pipe.ok() ? "" : pipe.status().message();
}

}  // namespace

bool Answers(const mqtt::LinkOptions& options) {
  if (!options.proxy.empty()) return true;
  const auto url = mqtt::ParseBrokerUrl(options.url);
  return url.ok() && Reached(*url).ok() && TlsFault(options).empty();
}

ConfiguredLink::ConfiguredLink(Options options, Make make, mqtt::Deliver deliver)
    : options_of_(std::move(options)), make_(std::move(make)), deliver_(std::move(deliver)) {}

Status ConfiguredLink::Connect() {
  if (link_ == nullptr) {
    auto options = options_of_();
    if (!options.ok()) return std::move(options).status();
    TRY(CheckFiles(*options));
    auto made = make_(*options, [this](mqtt::LinkEvent&& event) { Deliver(std::move(event)); });
    if (!made.ok()) return std::move(made).status();
    options_ = *std::move(options);
    link_ = *std::move(made);
    if (keep_alive_s_ > 0) link_->SetKeepAlive(keep_alive_s_);
  }
  TRY(CheckFiles(options_));  // they may have been replaced
  LookAtTls();
  return link_->Connect();
}

void ConfiguredLink::LookAtTls() {
  {
    const Lock lock(mutex_);
    if (!tls_failed_) return;
  }
  std::string fault = TlsFault(options_);
  const Lock lock(mutex_);
  tls_text_ = std::move(fault);
}

void ConfiguredLink::Deliver(mqtt::LinkEvent&& event) {
  if (event.what == mqtt::LinkEventType::kConnectFailed ||
      event.what == mqtt::LinkEventType::kConnected) {
    const Lock lock(mutex_);
    tls_failed_ = event.cause == mqtt::FailureCause::kTls;
    if (tls_failed_ && !tls_text_.empty()) event.text = tls_text_;
    if (!tls_failed_) tls_text_.clear();
  }
  deliver_(std::move(event));
}

void ConfiguredLink::SetKeepAlive(int seconds) {
  keep_alive_s_ = seconds;
  if (link_ != nullptr) link_->SetKeepAlive(seconds);
}

Status ConfiguredLink::Subscribe(const std::vector<std::string>& topics) {
  return link_ != nullptr ? link_->Subscribe(topics) : Unavailable("not connected");
}

Status ConfiguredLink::Publish(const mqtt::PublishOrder& order) {
  return link_ != nullptr ? link_->Publish(order) : Unavailable("not connected");
}

void ConfiguredLink::Disconnect(int timeout_ms) {
  if (link_ != nullptr) link_->Disconnect(timeout_ms);
}

}  // namespace tillrelay
