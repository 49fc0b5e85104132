#include "common/http/tls_check.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>

#include "common/base/file_kind.h"
#include "common/http/tls.h"

namespace tillrelay::http {
namespace {

using Context = std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)>;

// OpenSSL would ask at the terminal for the password of a key.
int NoPassword(char*, int, int, void*) { return -1; }

Context MakeContext() {
  ERR_clear_error();
  Context context(SSL_CTX_new(TLS_method()), SSL_CTX_free);
  SSL_CTX_set_default_passwd_cb(context.get(), NoPassword);
  return context;
}

// OpenSSL would wait for whoever writes into a FIFO.
Status CheckOddKind(const std::string& file) {
  Status status = CheckIsFile(file);
  return status.code() == Code::kInvalid ? status : Status::Ok();
}

Status Wrong(const std::string& file) { return Invalid(file + ": " + TlsErrorText()); }

}  // namespace

Status CheckKeyPair(const std::string& cert_file, const std::string& key_file) {
  TRY(CheckOddKind(cert_file));
  TRY(CheckOddKind(key_file));
  const Context context = MakeContext();
  if (SSL_CTX_use_certificate_chain_file(context.get(), cert_file.c_str()) != 1) {
    return Wrong(cert_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return Wrong(key_file);
  }
  return Status::Ok();
}

Status CheckAuthorities(const std::string& ca_file) {
  TRY(CheckOddKind(ca_file));
  const Context context = MakeContext();
  if (SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr) == 1) {
    return Status::Ok();
  }
  return Wrong(ca_file);
}

}  // namespace tillrelay::http
