#include "common/http/tls.h"

#include <utility>  // before Boost: 1.74 misses it under C++20

#include <boost/asio/ssl/context.hpp>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <iterator>

namespace tillrelay::http {
namespace {

namespace ssl = boost::asio::ssl;

// TLS 1.3 brings its own. Of 1.2 only what has forward secrecy and authenticated encryption.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

// OpenSSL would ask at the terminal for the password of a key.
int NoPassword(char*, int, int, void*) { return -1; }

Status Wrong(const std::string& file) { return Invalid(file + ": " + TlsErrorText()); }

void Harden(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, kCiphers);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_default_passwd_cb(context, NoPassword);
}

Status AskClients(SSL_CTX* context, const std::string& file) {
  if (SSL_CTX_load_verify_locations(context, file.c_str(), nullptr) != 1) return Wrong(file);
  auto* names = SSL_load_client_CA_file(file.c_str());
  if (names == nullptr) return Wrong(file);
  SSL_CTX_set_client_CA_list(context, names);  // takes them over
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return Status::Ok();
}

Status Fill(SSL_CTX* context, const TlsFiles& files) {
  ERR_clear_error();
  Harden(context);
  if (SSL_CTX_use_certificate_chain_file(context, files.cert_file.c_str()) != 1) {
    return Wrong(files.cert_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context, files.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return Wrong(files.key_file);
  }
  return files.client_ca_file.empty() ? Status::Ok() : AskClients(context, files.client_ca_file);
}

// Changes whenever one of the files is written or replaced.
std::string LookOf(const TlsFiles& files) {
  std::string look;
  for (const std::string& file : {files.cert_file, files.key_file, files.client_ca_file}) {
    struct stat info {};
    if (file.empty() || stat(file.c_str(), &info) != 0) info = {};
    fmt::format_to(std::back_inserter(look), "{} {} {} {}.{} {}.{};", info.st_dev, info.st_ino,
                   info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_ctim.tv_sec,
                   info.st_ctim.tv_nsec);
  }
  return look;
}

std::string ValidUntil(SSL_CTX* context) {
  std::tm parts{};
  const X509* certificate = SSL_CTX_get0_certificate(context);
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) {
    return "an unknown day";
  }
  return fmt::format("{}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

}  // namespace

std::string TlsErrorText() {
  const char* reason = nullptr;
  while (const unsigned long error = ERR_get_error()) {  // the first is the cause
    const char* words = ERR_reason_error_string(error);
    if (reason == nullptr && words != nullptr) reason = words;
    if (reason == nullptr && ERR_SYSTEM_ERROR(error)) reason = strerror(ERR_GET_REASON(error));
  }
  return reason == nullptr ? "not usable" : reason;
}

Result<WallTime> CertificateEnd(const std::string& file) {
  using Bio = std::unique_ptr<BIO, int (*)(BIO*)>;
  using Certificate = std::unique_ptr<X509, void (*)(X509*)>;
  const Bio in(BIO_new_file(file.c_str(), "r"), BIO_free);
  const Certificate certificate(
      in == nullptr ? nullptr : PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr), X509_free);
  std::tm parts{};
  if (certificate == nullptr ||
      ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &parts) != 1) {
    return Invalid(fmt::format("{}: {}", file, TlsErrorText()));
  }
  return WallTime(std::chrono::seconds(timegm(&parts)));
}

ServerTls::ServerTls(std::string name, TlsFiles files)
    : name_(std::move(name)), files_(std::move(files)), trouble_(log::Level::kError, "http") {}

Result<std::shared_ptr<ServerTls>> ServerTls::Load(std::string name, TlsFiles files) {
  std::shared_ptr<ServerTls> tls(new ServerTls(std::move(name), std::move(files)));
  TRY(tls->Read());
  return tls;
}

Status ServerTls::Read() {
  seen_ = LookOf(files_);
  auto fresh = std::make_shared<ssl::context>(ssl::context::tls_server);
  TRY(Fill(fresh->native_handle(), files_));
  context_ = std::move(fresh);
  log::Info("http", "{}: the certificate is valid until {}", name_,
            ValidUntil(context_->native_handle()));
  return Status::Ok();
}

std::shared_ptr<ssl::context> ServerTls::Current(Instant now) {
  if (LookOf(files_) != seen_) {
    if (const Status status = Read(); !status.ok()) {
      trouble_.Report(
          fmt::format("{}: the new certificate is not used: {}", name_, status.message()), now);
    } else {
      trouble_.Clear();
    }
  }
  return context_;
}

}  // namespace tillrelay::http
