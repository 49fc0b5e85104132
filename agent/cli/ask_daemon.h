// What: one request over the daemon's control socket, with the words for a person when it fails.
// Thread: main; it blocks.
#pragma once

#include <functional>
#include <string>

#include "agent/cli/commands.h"
#include "common/base/json_reader.h"
#include "common/http/client.h"

namespace tillrelay::cli {

// The answer, whatever its status, over the control socket; else what is wrong and what to do, with
// the exit code for it in `*code`.
Result<http::ClientResponse> CallDaemon(const Common& common, const http::ClientRequest& request,
                                        int* code);

// The answer's body in `*body` and kOk, or an exit code after having said on standard error what is
// wrong and what to do.
int AskDaemon(const Common& common, const http::ClientRequest& request, std::string* body);

// An answer of the daemon to standard output: as it is with --json, else by `print`.
int PrintAnswer(const Common& common, std::string body,
                const std::function<void(JsonValue)>& print);

// A POST of a JSON text.
http::ClientRequest PostOf(std::string target, std::string json);

}  // namespace tillrelay::cli
