// What: query parameters of the admin API: numbers, texts, and one of several words.
// Promise: the first that is not understood is remembered, and refuses the request; nothing is
//   taken for something else.
// Thread: one.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "agent/api/admin_answers.h"
#include "agent/api/admin_routes.h"
#include "common/event/time_text.h"

namespace tillrelay::api {

class Parameters {
 public:
  static constexpr uint64_t kDefaultLimit = 100;

  explicit Parameters(const http::Request& request) : request_(request) {}
  std::optional<uint64_t> Number(const char* name) {
    const auto text = request_.Query(name);
    if (!text) return std::nullopt;
    uint64_t number = 0;
    if (ReadUnsigned(*text, &number)) return number;
    Wrong(name, "a whole number");
    return std::nullopt;
  }
  std::string Text(const char* name) const { return request_.Query(name).value_or(""); }
  size_t Limit() { return std::min(Number("limit").value_or(kDefaultLimit), kMaxLimit); }
  // Of a business day; empty where it is absent.
  std::string Day(const char* name) {
    const std::string day = Text(name);
    if (!day.empty() && !event::IsDay(day)) Wrong(name, "a day such as 2026-11-21");
    return day;
  }
  // format=json, which is the default, or csv.
  bool WantsCsv() {
    const std::string format = request_.Query("format").value_or("json");
    if (format != "json" && format != "csv") Wrong("format", "json or csv");
    return format == "csv";
  }
  void Wrong(const std::string& name, const std::string& known) {
    if (wrong_.empty()) wrong_ = name + " is " + known;
  }
  // The answer, if a parameter was not understood.
  std::optional<http::Response> Problem() const {
    if (wrong_.empty()) return std::nullopt;
    return Secured(
        http::Problem(400, "bad-parameter", "A query parameter is not understood", wrong_));
  }

 private:
  const http::Request& request_;
  std::string wrong_;
};

}  // namespace tillrelay::api
