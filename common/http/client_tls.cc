#include "common/http/client_tls.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <ctime>

#include "common/base/text.h"
#include "common/http/tls.h"

namespace tillrelay::http {
namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

// A socket for OpenSSL that never raises SIGPIPE, which its own does.
int SocketOf(BIO* bio) { return static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio))); }

int WriteSocket(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t count = send(SocketOf(bio), bytes, static_cast<size_t>(size), MSG_NOSIGNAL);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(count);
}

int ReadSocket(BIO* bio, char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t count = recv(SocketOf(bio), bytes, static_cast<size_t>(size), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  return static_cast<int>(count);
}

long ControlSocket(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO* MakeBio(int fd) {
  static BIO_METHOD* const kMethod = [] {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    BIO_meth_set_write(method, WriteSocket);
    BIO_meth_set_read(method, ReadSocket);
    BIO_meth_set_ctrl(method, ControlSocket);
    return method;
  }();
  BIO* bio = BIO_new(kMethod);
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<intptr_t>(fd)));
  BIO_set_init(bio, 1);
  return bio;
}

Status Fill(SSL_CTX* context, const ClientTls& files) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // A file may also name the server's own certificate instead of its authority.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  const char* ca = files.ca_file.c_str();
  if (files.ca_file.empty() ? SSL_CTX_set_default_verify_paths(context) != 1
                            : SSL_CTX_load_verify_locations(context, ca, nullptr) != 1) {
    return Invalid(files.ca_file + ": " + TlsErrorText());
  }
  if (files.cert_file.empty()) return Status::Ok();
  if (SSL_CTX_use_certificate_chain_file(context, files.cert_file.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, files.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Invalid(files.cert_file + ", " + files.key_file + ": " + TlsErrorText());
  }
  return Status::Ok();
}

std::chrono::sys_seconds ExpiryOf(const X509* certificate) {
  std::tm parts{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) {
    return {};
  }
  return std::chrono::sys_seconds(std::chrono::seconds(timegm(&parts)));
}

// The certificate that was refused, if one was.
struct Refused {
  std::string name, from, until;  // its common name and its days
};

std::string DayOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "an unknown day";
  return fmt::format("{}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

int NoteRefused(int good, X509_STORE_CTX* store) {
  const X509* certificate = X509_STORE_CTX_get_current_cert(store);
  auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* refused = ssl == nullptr ? nullptr : static_cast<Refused*>(SSL_get_app_data(ssl));
  if (good == 1 || certificate == nullptr || refused == nullptr) return good;
  char name[256] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  *refused = {Printable(name), DayOf(X509_get0_notBefore(certificate)),
              DayOf(X509_get0_notAfter(certificate))};
  return good;
}

// Whose certificate, and its days, where that is the matter.
std::string RefusalText(long verdict, const Refused& refused) {
  const std::string words = X509_verify_cert_error_string(verdict);
  if (verdict == X509_V_ERR_CERT_HAS_EXPIRED) {
    return fmt::format("the certificate of \"{}\" has expired on {}", refused.name, refused.until);
  }
  if (verdict == X509_V_ERR_CERT_NOT_YET_VALID) {
    return fmt::format("the certificate of \"{}\" is not yet valid, it begins on {}", refused.name,
                       refused.from);
  }
  return refused.name.empty() ? words
                              : fmt::format("the certificate of \"{}\": {}", refused.name, words);
}

void ExpectName(SSL* ssl, const std::string& host, bool check) {
  in6_addr ignored{};
  const bool is_ip = inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
                     inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
  if (!is_ip) SSL_set_tlsext_host_name(ssl, host.c_str());
  if (!check) return;
  if (is_ip) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
  } else {
    SSL_set1_host(ssl, host.c_str());
  }
}

}  // namespace

struct TlsPipe::Engine {
  std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>> context{SSL_CTX_new(TLS_client_method())};
  Refused refused;
  std::unique_ptr<SSL, Freed<SSL_free>> ssl;

  // 0: go on when the socket is ready for `events`, else OpenSSL's error.
  int Outcome(int result, short* events) const {
    const int error = SSL_get_error(ssl.get(), result);
    if (error == SSL_ERROR_WANT_READ) *events = POLLIN;
    if (error == SSL_ERROR_WANT_WRITE) *events = POLLOUT;
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : error;
  }
  ssize_t Told(int result) const {
    if (result > 0) return result;
    short events = 0;
    const int error = Outcome(result, &events);
    if (error == SSL_ERROR_ZERO_RETURN) return 0;
    errno = error == 0 ? EAGAIN : EPROTO;
    return -1;
  }
};

TlsPipe::TlsPipe(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
TlsPipe::~TlsPipe() = default;

Result<std::unique_ptr<TlsPipe>> TlsPipe::Connect(int fd, const std::string& host,
                                                  const ClientTls& files,
                                                  std::chrono::milliseconds timeout, int wake) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  ERR_clear_error();
  auto engine = std::make_unique<Engine>();
  TRY(Fill(engine->context.get(), files));
  engine->ssl.reset(SSL_new(engine->context.get()));
  SSL* ssl = engine->ssl.get();
  BIO* bio = MakeBio(fd);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_app_data(ssl, &engine->refused);
  SSL_set_verify(ssl, SSL_VERIFY_PEER, NoteRefused);
  ExpectName(ssl, host, files.check_name);
  for (int result = 0; (result = SSL_connect(ssl)) != 1;) {
    short events = 0;
    if (engine->Outcome(result, &events) != 0) {
      const long verdict = SSL_get_verify_result(ssl);
      return Unavailable(
          "TLS with " + host + ": " +
          (verdict == X509_V_OK ? TlsErrorText() : RefusalText(verdict, engine->refused)));
    }
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd watched[] = {{fd, events, 0}, {wake, POLLIN, 0}};  // poll ignores a negative one
    const int ready = poll(watched, 2, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready < 1 || watched[1].revents != 0) {
      return Unavailable("TLS with " + host + ": no answer in time");
    }
  }
  return std::unique_ptr<TlsPipe>(new TlsPipe(std::move(engine)));
}

std::chrono::sys_seconds TlsPipe::PeerExpires() const {
  return ExpiryOf(SSL_get0_peer_certificate(engine_->ssl.get()));
}

Result<std::chrono::sys_seconds> CertificateExpires(const std::string& pem_file) {
  const std::unique_ptr<BIO, Freed<BIO_free_all>> file(BIO_new_file(pem_file.c_str(), "r"));
  if (file == nullptr) return Invalid(pem_file + ": " + TlsErrorText());
  const std::unique_ptr<X509, Freed<X509_free>> certificate(
      PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) return Invalid(pem_file + ": no certificate in PEM");
  return ExpiryOf(certificate.get());
}

ssize_t TlsPipe::Send(const char* bytes, size_t size) {
  ERR_clear_error();
  const int most = static_cast<int>(std::min<size_t>(size, INT_MAX));
  return engine_->Told(SSL_write(engine_->ssl.get(), bytes, most));
}

ssize_t TlsPipe::Receive(char* bytes, size_t size) {
  ERR_clear_error();
  const int most = static_cast<int>(std::min<size_t>(size, INT_MAX));
  return engine_->Told(SSL_read(engine_->ssl.get(), bytes, most));
}

}  // namespace tillrelay::http
