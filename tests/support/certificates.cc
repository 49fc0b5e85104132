#include "tests/support/certificates.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "common/base/check.h"

namespace tillrelay::testing {
namespace {

std::string Text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(bio);
  return text;
}

std::string PemOf(X509* certificate) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  return Text(bio);
}

std::string PemOf(EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  return Text(bio);
}

void Extend(X509* certificate, int nid, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  CHECK(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

X509* MakeCertificate(EVP_PKEY* key, const Wanted& wanted) {
  static long serial = 1;
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), wanted.valid_from_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate), wanted.valid_from_s + wanted.valid_for_s);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wanted.common_name.c_str()), -1,
                             -1, 0);
  return certificate;
}

}  // namespace

struct Authority::Keys {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = nullptr;
  ~Keys() {
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
};

Authority::Authority() : keys_(std::make_unique<Keys>()) {
  X509* own = MakeCertificate(keys_->key, {"authority", "", -60, 7200});
  X509_set_issuer_name(own, X509_get_subject_name(own));
  Extend(own, NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(own, keys_->key, EVP_sha256());
  keys_->certificate = own;
  certificate_ = PemOf(own);
}

Authority::~Authority() = default;

Identity Authority::Issue(const Wanted& wanted) const {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = MakeCertificate(key, wanted);
  X509_set_issuer_name(certificate, X509_get_subject_name(keys_->certificate));
  if (!wanted.names.empty()) Extend(certificate, NID_subject_alt_name, wanted.names);
  X509_sign(certificate, keys_->key, EVP_sha256());
  Identity identity{PemOf(certificate), PemOf(key)};
  X509_free(certificate);
  EVP_PKEY_free(key);
  return identity;
}

std::string HandshakeAtMost(int fd, int version) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context, version);
  SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
  SSL* ssl = SSL_new(context);
  SSL_set_fd(ssl, fd);
  ERR_clear_error();
  std::string words;
  if (SSL_connect(ssl) != 1) {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    words = reason == nullptr ? "no handshake" : reason;
  }
  SSL_free(ssl);
  SSL_CTX_free(context);
  return words;
}

}  // namespace tillrelay::testing
