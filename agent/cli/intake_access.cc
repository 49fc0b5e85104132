#include "agent/cli/intake_access.h"

#include "agent/config/config.h"
#include "agent/validation/validation.h"
#include "common/base/files.h"

namespace tillrelay::cli {
namespace {

constexpr size_t kMaxTokenBytes = 256;

}  // namespace

Result<IntakeAccess> FindIntake(const Common& common, const IntakeOptions& options) {
  IntakeAccess access{options.address, {options.ca_file, options.cert_file, options.key_file}, ""};
  if (access.address.empty()) {
    auto config = config::Load(common.config);
    if (!config.ok()) return std::move(config).status();
    access.address = config->intake.listen;
    if (!config->intake.tls_cert_file.empty()) {
      access.address.insert(0, "https://");
      if (access.tls.ca_file.empty()) {
        auto file = validation::CommandLine(common.config, *config)
                        .file_of("intake.tls_cert_file", config->intake.tls_cert_file);
        if (!file.ok()) return std::move(file).status();
        access.tls.ca_file = *std::move(file);
        access.tls.check_name = false;
      }
    }
  }
  if (options.token_file.empty()) return access;
  auto token = ReadFile(options.token_file, kMaxTokenBytes);
  if (!token.ok()) return Invalid("token: " + token.status().message());
  access.token = token->substr(0, token->find_first_of(" \r\n"));
  return access;
}

http::ClientRequest IntakeAccess::Post(std::string target, std::string content_type) const {
  http::ClientRequest request;
  request.method = "POST";
  request.target = std::move(target);
  request.headers.Add("Content-Type", content_type);
  if (!token.empty()) request.headers.Add("Authorization", "Bearer " + token);
  return request;
}

}  // namespace tillrelay::cli
