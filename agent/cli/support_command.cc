// The support bundle: what the maker needs to see, without events, documents and secrets.
#include <fmt/format.h>

#include "agent/cli/access_commands.h"
#include "agent/cli/ask_daemon.h"
#include "common/base/files.h"

namespace tillrelay::cli {

int RunSupportBundle(const Common& common, const std::string& file) {
  http::ClientRequest request;
  request.target = "/v1/support-bundle";
  std::string archive;
  if (const int code = AskDaemon(common, request, &archive); code != kOk) return code;
  if (Status s = WriteFileDurably(file, archive, 0600); !s.ok()) {
    fmt::print(stderr, "{}: {}\n", file, s.message());
    return kFault;
  }
  fmt::print("{}\n", file);
  fmt::print(stderr,
             "It holds no event, document or secret; look through it before you send it.\n");
  return kOk;
}

}  // namespace tillrelay::cli
