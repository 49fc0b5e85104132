// A sender whose actions are performed at once and told in words; hours pass in microseconds.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/uplink/sender.h"
#include "tests/support/seeded_random.h"

namespace tillrelay::uplink {

inline constexpr const char* kStream = "01JD3V7Q8Z5W6K2M9T4RHXCDEF";
inline constexpr const char* kSession = "01JD3V7Q8Z5W6K2M9T4RHXAAAA";
inline constexpr const char* kCommandId = "01JD3V7Q8Z5W6K2M9T4RHXBBBB";

class SenderTest : public ::testing::Test {
 protected:
  void Make(uint64_t head, uint64_t confirmed = 0, uint64_t floor = 1) {
    SenderOptions options;
    options.session = kSession;
    sender_ = std::make_unique<Sender>(options, JournalPosition{kStream, head, confirmed, floor},
                                       &random_);
  }
  // Performs every action and tells it: "connect subscribe send 1-99 save 5 ...".
  std::string Run() {
    std::string reported;
    while (auto action = sender_->Next(now_)) {
      if (!reported.empty()) reported += ' ';
      reported += Tell(*action);
    }
    return reported;
  }
  std::string Tell(const Action& action) {
    if (std::holds_alternative<act::Connect>(action)) return "connect";
    if (std::holds_alternative<act::Subscribe>(action)) return "subscribe";
    if (std::holds_alternative<act::Disconnect>(action)) return "disconnect";
    if (std::holds_alternative<act::PublishStatus>(action)) return Control("status");
    if (const auto* reply = std::get_if<act::SendReply>(&action)) {
      return Control(reply->reply.state +
                     (reply->reply.reason.empty() ? "" : ":" + reply->reply.reason));
    }
    if (const auto* save = std::get_if<act::SaveConfirmation>(&action)) {
      return "save " + std::to_string(save->confirm.through);
    }
    if (const auto* acked = std::get_if<act::SaveAcked>(&action)) {
      return "save-acked " + std::to_string(acked->through);
    }
    if (const auto* allow = std::get_if<act::AllowDeletion>(&action)) {
      return allow->through > 0 ? "may-delete" : "keep";
    }
    if (const auto* fork = std::get_if<act::Fork>(&action)) {
      return "fork " + std::to_string(fork->after);
    }
    if (const auto* loss = std::get_if<act::DeclareLoss>(&action)) {
      const std::string reported =
          loss->reply.state.empty() ? "" : " " + Control(loss->reply.state);
      return "lost " + std::to_string(loss->range.first) + "-" + std::to_string(loss->range.last) +
             ":" + loss->reason + (loss->compared ? "" : ":not-compared") +
             (loss->open ? ":open" : "") + reported;
    }
    if (const auto* resend = std::get_if<act::Resend>(&action)) {
      for (uint64_t n = resend->first; n <= resend->last; ++n) Fly(n, true, resend->stream);
      sender_->OnScanned(resend->last - resend->first + 1);
      return "replay " + std::to_string(resend->first) + "-" + std::to_string(resend->last);
    }
    const auto& send = std::get<act::Send>(action);
    for (uint64_t n = send.first; n <= send.last; ++n) Fly(n, false);
    return std::string(send.parked ? "park " : "send ") + std::to_string(send.first) + "-" +
           std::to_string(send.last);
  }
  void Fly(uint64_t number, bool replay, const std::string& stream = "") {
    sender_->OnSent(next_token_, {number, replay, 0, 0, {}, stream}, 1000, now_);
    flying_.push_back(next_token_++);
  }
  std::string Control(std::string word) {
    sender_->OnSent(next_token_, {}, 100, now_);
    flying_.push_back(next_token_++);
    return word;
  }
  void AckAll() {
    for (const uint64_t token : std::exchange(flying_, {})) sender_->OnAcked(token, now_);
  }
  // Connected, subscribed, settled, status published.
  void GoOnline(uint32_t receive_maximum = 65535) {
    now_ = std::max(now_, sender_->NextDeadline(now_));
    ASSERT_EQ(Run(), "connect");
    sender_->OnConnected(receive_maximum, now_);
    ASSERT_EQ(Run(), "subscribe");
    sender_->OnSubscribed(now_);
    ASSERT_EQ(Run(), "status");
    AckAll();
  }
  void Settle() { now_ += kSettle; }
  void Confirm(uint64_t through, bool retained = false,
               ChainVerdict verdict = ChainVerdict::kEqual) {
    sender_->OnConfirm({kStream, through, {}, {}}, verdict, retained, now_);
  }
  wire::Command ReplayCommand(uint64_t first, uint64_t last) {
    wire::Command command;
    command.command = "replay";
    command.command_id = kCommandId;
    command.session = kSession;
    command.stream = kStream;
    command.range = {first, last};
    return command;
  }
  UplinkStats Stats() {
    UplinkStats stats;
    sender_->Describe(&stats, now_, WallTime{});
    return stats;
  }

  testing::SeededRandom random_;
  Instant now_{std::chrono::hours(1)};
  std::unique_ptr<Sender> sender_;
  uint64_t next_token_ = 1;
  std::vector<uint64_t> flying_;
};

class SenderOptionsTest : public SenderTest {
 protected:
  void MakeWith(const SenderOptions& options, const JournalPosition& position) {
    options_ = options;
    options_.session = kSession;
    sender_ = std::make_unique<Sender>(options_, position, &random_);
  }
  SenderOptions options_;
};

}  // namespace tillrelay::uplink
