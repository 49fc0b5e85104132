// What: where the intake is, and what a sender shows there: address, authority, certificate, token.
// Thread: main.
// Errors: invalid, for a configuration or a file that cannot be used.
#pragma once

#include <string>

#include "agent/cli/commands.h"
#include "common/http/client.h"

namespace tillrelay::cli {

struct IntakeAccess {
  std::string address;
  http::ClientTls tls;
  std::string token;  // empty: none

  http::ClientRequest Post(std::string target, std::string content_type) const;
};

// What is not given comes from the configuration: its address, and the intake's own certificate as
// the one that is expected.
Result<IntakeAccess> FindIntake(const Common& common, const IntakeOptions& options);

}  // namespace tillrelay::cli
