#include "agent/access/sessions.h"

#include <algorithm>

#include "common/base/secret_token.h"

namespace tillrelay::access {

bool Sessions::Alive(const StoredSession& kept, Instant now) const {
  return now - kept.used < kIdle && now - kept.opened < kLongest;
}

std::string Sessions::Open(Session session) {
  const Instant now = clock_.Now();
  std::string cookie = NewSecretKey(&random_);
  session.csrf = NewSecretKey(&random_);
  Lock lock(mutex_);
  std::erase_if(sessions_, [&](const auto& entry) { return !Alive(entry.second, now); });
  if (sessions_.size() >= kMaxSessions) {
    sessions_.erase(std::min_element(
        sessions_.begin(), sessions_.end(),
        [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
  }
  sessions_[Sha256(cookie)] = {std::move(session), now, now};
  return cookie;
}

std::optional<Session> Sessions::Find(std::string_view cookie) {
  const Instant now = clock_.Now();
  Lock lock(mutex_);
  const auto found = sessions_.find(Sha256(cookie));
  if (found == sessions_.end()) return std::nullopt;
  if (!Alive(found->second, now)) {
    sessions_.erase(found);
    return std::nullopt;
  }
  found->second.used = now;
  return found->second.session;
}

std::optional<Session> Sessions::Close(std::string_view cookie) {
  Lock lock(mutex_);
  const auto found = sessions_.find(Sha256(cookie));
  if (found == sessions_.end()) return std::nullopt;
  Session session = std::move(found->second.session);
  sessions_.erase(found);
  return session;
}

void Sessions::CloseOf(std::string_view user) {
  Lock lock(mutex_);
  std::erase_if(sessions_, [user](const auto& entry) { return entry.second.session.user == user; });
}

std::string Sessions::OpenLink(std::string maker) {
  std::string token = NewSecretKey(&random_);
  Lock lock(mutex_);
  if (links_.size() >= kMaxLinks) links_.erase(links_.begin());
  links_.push_back({Sha256(token), std::move(maker), clock_.Now()});
  return token;
}

size_t Sessions::FindLink(std::string_view token) {
  const Instant now = clock_.Now();
  std::erase_if(links_, [now](const Link& link) { return now - link.opened >= kLinkLife; });
  const Sha256Digest digest = Sha256(token);
  size_t index = 0;
  while (index < links_.size() && links_[index].digest != digest) ++index;
  return index;
}

std::optional<std::string> Sessions::TakeLink(std::string_view token) {
  Lock lock(mutex_);
  const size_t index = FindLink(token);
  if (index == links_.size()) return std::nullopt;
  std::string maker = std::move(links_[index].maker);
  links_.erase(links_.begin() + static_cast<ptrdiff_t>(index));
  return maker;
}

bool Sessions::HasLink(std::string_view token) {
  Lock lock(mutex_);
  const size_t index = FindLink(token);
  return index < links_.size();
}

}  // namespace tillrelay::access
