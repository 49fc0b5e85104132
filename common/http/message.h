// What: an HTTP request and its answer as plain values, and the problem document of RFC 9457.
// Promise: values only; nothing here knows a socket, and nothing from a request is trusted.
// Thread: any (values).
// Limits: a head is at most 16 KiB by default (server.h), so offsets of 32 bits suffice.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/memory_budget.h"

namespace tillrelay::http {

// Names compare without regard to case; the order is kept.
class Headers {
 public:
  void Add(std::string_view name, std::string_view value);
  // The first value of that name, "" if there is none.
  std::string_view Find(std::string_view name) const;
  size_t Count(std::string_view name) const;
  size_t size() const { return entries_.size(); }
  std::pair<std::string_view, std::string_view> operator[](size_t index) const;

 private:
  struct Entry {
    uint32_t begin, name_length, value_length;
  };
  std::string text_;  // names and values one after another
  std::vector<Entry> entries_;
};

struct Request {
  std::string method;        // "POST"; a HEAD reaches handlers as it is
  std::string target;        // as it was sent
  std::string path;          // the target's path, still percent-encoded, without dot segments
  std::string query;         // without the question mark, still encoded
  std::string content_type;  // with parameters, as sent
  std::string body;
  Headers headers;
  std::string remote;        // "192.0.2.7", or "uid:1000" on a unix socket
  std::string certificate;   // the common name of the client's certificate; empty without one
  size_t memory_factor = 1;  // what a byte of the body will cost; the gate may say
  // Taken for the body; a handler that goes on with it keeps this until it is done.
  std::shared_ptr<MemoryBudget::Share> memory;
  std::string sender;   // who sends, as the gate knows it: a register, a token, an address
  bool known = false;   // the gate has checked a credential of the sender
  std::string subject;  // for whom the gate found the request to speak; empty: anybody
  std::vector<std::pair<std::string, std::string>> params;  // of the route, decoded

  std::string_view Header(std::string_view name) const { return headers.Find(name); }
  // The part of the path that the route calls {name}; "" if it has none.
  std::string_view Param(std::string_view name) const;
  // The first query parameter of that name, decoded ("+" is a blank); nothing if it is absent
  // or badly encoded.
  std::optional<std::string> Query(std::string_view name) const;
};

class LiveStream;

struct Response {
  int status = 200;
  std::string content_type;  // empty: the answer has no Content-Type
  std::string body;
  Headers headers;     // further ones; unsafe names and values are left out when written
  bool close = false;  // end the connection after this answer
  std::shared_ptr<LiveStream> live;  // after the body it goes on with this, until the reader leaves
};

Response Text(int status, std::string body);
Response Json(std::string body);

// application/problem+json with type "https://tillrelay.org/problems/<word>". `members` is the text
// of further JSON members that the caller wrote itself ("\"offset\":12"), or "".
Response Problem(int status, std::string_view word, std::string_view title,
                 std::string_view detail = "", std::string_view members = "");

// The reason phrase of a status code, "Unknown" for a foreign one.
std::string_view ReasonPhrase(int status);

// Nothing for a cut or wrong escape, or one that hides a NUL or a control character.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_blank = false);
// Every parameter in order, decoded; nothing if one of them cannot be decoded.
using QueryParameters = std::vector<std::pair<std::string, std::string>>;
std::optional<QueryParameters> ParseQuery(std::string_view query);
// The fields of a form (application/x-www-form-urlencoded); unlike a query's, their text may have
// several lines.
std::optional<QueryParameters> ParseForm(std::string_view body);
// The first of that name, "" if there is none.
std::string_view Field(const QueryParameters& fields, std::string_view name);
// Everything but unreserved characters (RFC 3986, 2.3) escaped.
std::string PercentEncode(std::string_view text);

bool EqualsIgnoringCase(std::string_view a, std::string_view b);

}  // namespace tillrelay::http
