#include "collector/sinks/webhook.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "collector/sinks/webhook_signature.h"
#include "common/base/text.h"

namespace tillrelay::collector {
namespace {

using Meaning = SinkAnswer::Meaning;

constexpr std::chrono::seconds kLongestRetryAfter{3600};

Meaning MeaningOfStatus(int status) {
  if (status / 100 == 2) return Meaning::kTaken;
  if (status == 410) return Meaning::kGone;
  const bool later = status == 408 || status == 425 || status == 429 || status >= 500;
  if (later) return Meaning::kLater;
  return status / 100 == 3 || status / 100 == 4 ? Meaning::kRefused : Meaning::kLater;
}

// Only seconds; a date would need both clocks to be right.
std::chrono::seconds RetryAfter(std::string_view text) {
  int64_t after_s = 0;
  if (text.size() > 9 || !AllDigits(text)) return std::chrono::seconds(0);
  (void)std::from_chars(text.data(), text.data() + text.size(), after_s);
  return std::min(std::chrono::seconds(after_s), kLongestRetryAfter);
}

http::ClientOptions OptionsOf(const WebhookSettings& settings) {
  http::ClientOptions options;
  options.timeout = options.deadline = settings.deadline;
  options.tls.ca_file = settings.ca_file;
  options.proxy = settings.proxy;
  options.head_is_enough = true;
  options.wake = settings.wake;
  return options;
}

}  // namespace

SinkAnswer MeaningOf(const http::ClientResponse& response) {
  SinkAnswer answer;
  answer.meaning = MeaningOfStatus(response.status);
  if (answer.meaning == Meaning::kTaken) return answer;
  answer.text =
      fmt::format("it answers {} {}", response.status, http::ReasonPhrase(response.status));
  if (response.status / 100 == 3) answer.text += "; redirects are not followed";
  answer.retry_after = RetryAfter(response.Header("Retry-After"));
  return answer;
}

Webhook::Webhook(WebhookSettings settings, const Clock* clock)
    : settings_(std::move(settings)),
      clock_(*clock),
      client_(settings_.url.address, OptionsOf(settings_)) {}

SinkAnswer Webhook::Send(const SinkMessage& message) {
  const int64_t now_s = Micros(clock_.Wall()) / 1'000'000;
  http::ClientRequest request;
  request.method = "POST";
  request.target = settings_.url.target;
  request.headers.Add("Content-Type", "application/json");
  request.headers.Add("User-Agent", "tillrelay-collector/" TILLRELAY_VERSION);
  request.headers.Add("Connection", "close");
  request.headers.Add("webhook-id", message.id);
  request.headers.Add("webhook-timestamp", std::to_string(now_s));
  request.headers.Add("webhook-signature",
                      WebhookSignature(settings_.keys, message.id, now_s, message.body));
  request.body = message.body;
  auto response = client_.Call(request);
  client_.Close();
  if (response.ok()) return MeaningOf(*response);
  SinkAnswer answer;
  answer.text = response.status().message();
  return answer;
}

}  // namespace tillrelay::collector
