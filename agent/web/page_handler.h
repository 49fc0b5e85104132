// What: what all page handlers need: who asks, what to show, how a page is sent.
// Promise: a page is made from one snapshot, taken when it is sent, and in the reader's language;
//   what is stored, ordered or logged meanwhile is English, as the snapshot is.
// Thread: any.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "agent/web/frame.h"
#include "agent/web/status_sources.h"

namespace tillrelay::web {

// One request for a page, copied into whatever answers it.
struct PageRequest {
  std::shared_ptr<const StatusSources> queries;
  std::shared_ptr<const http::Request> request;
  http::Responder responder;
  Principal viewer;
  const strings::Language* language_of_reader = &strings::English();

  std::string Query(const char* name) const { return request->Query(name).value_or(""); }
  admin::Admin& admin() const { return *queries->admin; }

  using Content = std::function<std::string(const PageContext&)>;
  void Show(const FrameParts& parts, const Content& content, int status = 200) const;
  const strings::Language& language() const { return *language_of_reader; }
  // What `make` makes while the reader's language is spoken.
  template <class Make>
  auto InLanguage(const Make& make) const {
    const strings::Speaking speaking(language());
    return make();
  }
  // The failure in words, on a page.
  void ShowFailure(const FrameParts& parts, const Status& failure) const;
  // 303 to a path of ours.
  void GoTo(std::string_view path) const;
};

// The stored form of a refusal: English until FailureText tells it.
inline Status Refused(strings::Text why) { return Invalid(std::string(why.english())); }
Status NotANumber(std::string_view parameter);
// Why something was refused, as a sentence.
std::string FailureText(const Status& failure);

using PageHandler = std::function<void(const PageRequest&)>;

// For everybody; the viewer says who it is.
http::Handler OpenPage(std::shared_ptr<const StatusSources> queries, PageHandler handler);
// For who is signed in, others are sent to the login; needs a journal.
http::Handler ClosedPage(std::shared_ptr<const StatusSources> queries, PageHandler handler);

}  // namespace tillrelay::web
