// What: what all page handlers need: who asks, what to show, how a page is sent.
// Promise: a page is made from one snapshot, taken when it is sent.
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

  std::string Query(const char* name) const { return request->Query(name).value_or(""); }
  admin::Admin& admin() const { return *queries->admin; }

  using Content = std::function<std::string(const PageContext&)>;
  void Show(const FrameParts& parts, const Content& content, int status = 200) const;
  // The failure in words, on a page.
  void ShowFailure(const FrameParts& parts, const Status& failure) const;
  // 303 to a path of ours.
  void GoTo(std::string_view path) const;
};

using PageHandler = std::function<void(const PageRequest&)>;

// For everybody; the viewer says who it is.
http::Handler OpenPage(std::shared_ptr<const StatusSources> queries, PageHandler handler);
// For who is signed in, others are sent to the login; needs a journal.
http::Handler ClosedPage(std::shared_ptr<const StatusSources> queries, PageHandler handler);

}  // namespace tillrelay::web
