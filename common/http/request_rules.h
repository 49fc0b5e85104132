// What: which complete heads are refused before their body is taken, and with which answer.
// Promise: pure. A refusal that leaves the extent of the request in doubt closes the connection.
// Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/message.h"

namespace tillrelay::http {

// Splits the target into path and query. False: NUL or control characters (also hidden behind
// percent signs), bytes beyond ASCII, a fragment, dot segments, or a form other than "/path" and
// "http://host/path".
bool SplitTarget(Request& request);

// The name in a Host value, lower case and without port: "Till:8470" -> "till", "[::1]:80" ->
// "::1". Nothing if the value is malformed.
std::optional<std::string> HostName(std::string_view value);

// Host, encodings, expectation, lengths, cross-site origin: the first rule that is broken.
// `allowed_hosts` are lower-case names; `allowed_origins` are compared whole.
std::optional<Response> CheckHead(const Request& request,
                                  const std::vector<std::string>& allowed_hosts,
                                  const std::vector<std::string>& allowed_origins, bool http_1_0);

// A person's browser: it would rather have a page than a document.
bool WantsHtml(const Request& request);

// A page of another site sends this, as far as its browser tells.
bool IsFromAnotherSite(const Request& request);

// The origin whose pages may read the answer: the request's, where it is one of these; else "".
std::string_view ReadableBy(const Request& request, const std::vector<std::string>& origins);
// What lets a page of that origin read the answer, without cookies (Fetch, 3.2).
void AddReadableBy(std::string_view origin, Response* response);
// The answer to a browser that asks before it lets a page POST (Fetch, 4.8).
Response PreflightAnswer(const Request& request);

}  // namespace tillrelay::http
