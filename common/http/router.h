// What: which function answers which method and path.
// Promise: an unknown path is 404, a known path with another method 405 with Allow, both as problem
//   documents, or pages for people's browsers (SetProblemPage). HEAD is served by the GET route.
//   Once RefuseUnknownParameters was called, a query parameter that its path does not declare is
//   400 and names those that it takes, and so is one that is given twice (which of the two was
//   meant?) or without a value (forms apart).
// Thread: filled before the server starts, then immutable.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/http/message.h"
#include "common/http/responder.h"

namespace tillrelay::http {

// Called on the http thread: it must not block. It may answer later, from any thread.
using Handler = std::function<void(Request&&, Responder)>;
// Asked when the head is complete and no byte of the body has been taken; an answer ends it. It may
// set the request's `known`, `subject`, `sender` and `memory_factor`, and nothing else of it.
using Gate = std::function<std::optional<Response>(Request&)>;

// What a person's browser gets instead of a problem document; of the request there is the head.
using ProblemPageMaker = std::function<Response(const Request& request, const Response& problem)>;

struct Route {
  Handler handler;
  size_t max_body = 0;  // bytes; 0: the listener's limit
};

class Router {
 public:
  // `pattern` is "/v1/events/{id}": a part in braces matches one segment, which must not be empty.
  void Add(std::string_view method, std::string_view pattern, Handler handler, size_t max_body = 0);
  // Of a pattern as it is given to Add, whatever the method.
  void TakeParameters(std::string_view pattern, std::vector<std::string> names);
  // The same of a page whose forms send every field, also those that were left empty.
  void TakeFields(std::string_view pattern, std::vector<std::string> names);
  // Of what load balancers, scrapers and caches ask for: they add parameters of their own.
  void TakeAnyParameters(std::string_view pattern) { open_.emplace(pattern); }
  void RefuseUnknownParameters() { refuses_unknown_ = true; }
  void SetAuthorizer(Gate gate) { gate_ = std::move(gate); }
  const Gate& gate() const { return gate_; }
  // PageRequest once more when the body is there, before the handler.
  void SetBodyGate(Gate gate) { body_gate_ = std::move(gate); }
  const Gate& body_gate() const { return body_gate_; }
  // Without one every problem is a document.
  void SetProblemPage(ProblemPageMaker maker) { problem_page_ = std::move(maker); }
  // The head of a request by a person's browser: its problems become pages. A handler takes the
  // request itself with it.
  std::optional<Request> PageReader(const Request& request) const;
  void MakePage(const Request& reader, Response* response) const;
  // Every route as "GET /v1/events/{id}", sorted.
  std::vector<std::string> Listing() const;

  // The route of the request with `params` filled, or the problem to answer instead.
  struct Match {
    const Route* route = nullptr;
    Response problem;
  };
  Match Find(Request& request) const;

 private:
  using Methods = std::map<std::string, Route, std::less<>>;
  struct Pattern {
    std::string text;
    std::vector<std::string> segments;
    Methods methods;
  };
  // `*text` is the pattern that fits.
  const Methods* FindMethods(Request& request, std::string* text) const;
  std::optional<Response> WrongParameter(const Request& request, const std::string& pattern) const;

  std::map<std::string, Methods, std::less<>> fixed_;
  std::vector<Pattern> patterns_;
  struct Parameters {
    std::vector<std::string> names;
    bool may_be_empty = false;
  };
  std::map<std::string, Parameters, std::less<>> parameters_;
  std::set<std::string, std::less<>> open_;
  bool refuses_unknown_ = false;
  Gate gate_, body_gate_;
  ProblemPageMaker problem_page_;
};

}  // namespace tillrelay::http
