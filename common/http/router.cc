#include "common/http/router.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/http/request_rules.h"

namespace tillrelay::http {
namespace {

std::vector<std::string_view> Segments(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty() && path.front() == '/') {
    path.remove_prefix(1);
    segments.push_back(path.substr(0, path.find('/')));
    path.remove_prefix(segments.back().size());
  }
  return segments;
}

bool IsParameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

// The parameters of `path` in the terms of `pattern`; false if it does not match.
bool Matches(const std::vector<std::string>& pattern, const std::vector<std::string_view>& path,
             std::vector<std::pair<std::string, std::string>>* params) {
  if (pattern.size() != path.size()) return false;
  params->clear();
  for (size_t i = 0; i < path.size(); ++i) {
    if (IsParameter(pattern[i])) {
      auto value = PercentDecode(path[i]);
      if (!value || value->empty()) return false;
      params->emplace_back(pattern[i].substr(1, pattern[i].size() - 2), std::move(*value));
    } else if (pattern[i] != path[i]) {
      return false;
    }
  }
  return true;
}

}  // namespace

void Router::Add(std::string_view method, std::string_view pattern, Handler handler,
                 size_t max_body) {
  CHECK(!pattern.empty() && pattern.front() == '/');
  Route route{std::move(handler), max_body};
  if (pattern.find('{') == std::string_view::npos) {
    fixed_[std::string(pattern)].insert_or_assign(std::string(method), std::move(route));
    return;
  }
  std::vector<std::string> segments;
  for (const std::string_view segment : Segments(pattern)) segments.emplace_back(segment);
  for (Pattern& known : patterns_) {
    if (known.segments == segments) {
      known.methods.insert_or_assign(std::string(method), std::move(route));
      return;
    }
  }
  patterns_.push_back({std::string(pattern), std::move(segments), {}});
  patterns_.back().methods.emplace(std::string(method), std::move(route));
}

void Router::TakeParameters(std::string_view pattern, std::vector<std::string> names) {
  parameters_.insert_or_assign(std::string(pattern), Parameters{std::move(names), false});
}

void Router::TakeFields(std::string_view pattern, std::vector<std::string> names) {
  parameters_.insert_or_assign(std::string(pattern), Parameters{std::move(names), true});
}

std::optional<Response> Router::WrongParameter(const Request& request,
                                               const std::string& pattern) const {
  if (!refuses_unknown_ || request.query.empty() || open_.contains(pattern)) return std::nullopt;
  const auto wrong = [](const std::string& detail) {
    return Problem(400, "bad-parameter", "A query parameter is not understood", detail);
  };
  const auto asked = ParseQuery(request.query);
  if (!asked) return wrong("the parameters cannot be decoded");
  const auto declared = parameters_.find(pattern);
  const Parameters known = declared == parameters_.end() ? Parameters() : declared->second;
  std::set<std::string_view> seen;
  for (const auto& [name, value] : *asked) {
    if (std::find(known.names.begin(), known.names.end(), name) == known.names.end()) {
      std::string names;
      for (const std::string& one : known.names)
        names.append(names.empty() ? "" : ", ").append(one);
      return wrong("there is no parameter " + Printable(name, 40) +
                   "; known here: " + (names.empty() ? "none" : names));
    }
    if (!seen.insert(name).second) return wrong(name + " is given twice");
    if (value.empty() && !known.may_be_empty) return wrong(name + " has no value: leave it out");
  }
  return std::nullopt;
}

std::optional<Request> Router::PageReader(const Request& request) const {
  if (!problem_page_ || !WantsHtml(request)) return std::nullopt;
  Request head;
  head.method = request.method;
  head.target = request.target;
  head.headers = request.headers;
  return head;
}

void Router::MakePage(const Request& reader, Response* response) const {
  if (response->content_type != "application/problem+json") return;
  *response = problem_page_(reader, *response);
}

std::vector<std::string> Router::Listing() const {
  std::vector<std::string> listing;
  for (const auto& [path, methods] : fixed_) {
    for (const auto& [method, route] : methods) listing.push_back(method + " " + path);
  }
  for (const Pattern& pattern : patterns_) {
    std::string path;
    for (const std::string& segment : pattern.segments) path += "/" + segment;
    for (const auto& [method, route] : pattern.methods) listing.push_back(method + " " + path);
  }
  std::sort(listing.begin(), listing.end());
  return listing;
}

const Router::Methods* Router::FindMethods(Request& request, std::string* text) const {
  request.params.clear();
  *text = request.path;
  if (const auto it = fixed_.find(request.path); it != fixed_.end()) return &it->second;
  const std::vector<std::string_view> path = Segments(request.path);
  for (const Pattern& pattern : patterns_) {
    if (!Matches(pattern.segments, path, &request.params)) continue;
    *text = pattern.text;
    return &pattern.methods;
  }
  request.params.clear();
  return nullptr;
}

Router::Match Router::Find(Request& request) const {
  Match match;
  std::string pattern;
  const Methods* methods = FindMethods(request, &pattern);
  if (methods == nullptr) {
    match.problem = Problem(404, "not-found", "There is nothing at this path");
    return match;
  }
  auto it = methods->find(request.method);
  if (it == methods->end() && request.method == "HEAD") it = methods->find("GET");
  if (it != methods->end()) {
    auto wrong = WrongParameter(request, pattern);
    if (wrong) {
      match.problem = *std::move(wrong);
    } else {
      match.route = &it->second;
    }
    return match;
  }
  std::string allow;
  for (const auto& [method, route] : *methods) {
    if (!allow.empty()) allow += ", ";
    allow += method == "GET" ? "GET, HEAD" : method;
  }
  match.problem = Problem(405, "method-not-allowed", "This path does not take this method",
                          "Allowed here: " + allow);
  match.problem.headers.Add("Allow", allow);
  return match;
}

}  // namespace tillrelay::http
