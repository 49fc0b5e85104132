#include "common/http/own_certificate.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <memory>

#include "common/base/files.h"
#include "common/base/log.h"

namespace tillrelay::http {
namespace {

constexpr size_t kMaxPemBytes = 256 * 1024;
constexpr long kValidDays = 3650;
constexpr std::chrono::days kRenewBefore{30};
constexpr long kDay = 24 * 60 * 60;
constexpr unsigned kKeyMode = 0600, kCertificateMode = 0644;

template <auto Free>
struct With {
  template <class T>
  void operator()(T* what) const {
    Free(what);
  }
};
using Certificate = std::unique_ptr<X509, With<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, With<EVP_PKEY_free>>;
using Memory = std::unique_ptr<BIO, With<BIO_free_all>>;

int NoPassword(char*, int, int, void*) { return -1; }

Result<Certificate> ReadCertificate(const std::string& file) {
  auto pem = ReadFile(file, kMaxPemBytes);
  if (!pem.ok()) return std::move(pem).status();
  const Memory bio(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr));
  if (!certificate) return Invalid(file + ": " + TlsErrorText());
  return certificate;
}

// Why the pair cannot be used, or ok.
Status Usable(const TlsFiles& files, WallTime now) {
  auto certificate = ReadCertificate(files.cert_file);
  if (!certificate.ok()) return std::move(certificate).status();
  auto pem = ReadFile(files.key_file, kMaxPemBytes);
  if (!pem.ok()) return std::move(pem).status();
  const Memory bio(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  if (!key || X509_check_private_key(certificate->get(), key.get()) != 1) {
    return Invalid(files.key_file + ": " + TlsErrorText());
  }
  const auto soon = std::chrono::floor<std::chrono::seconds>(now + kRenewBefore);
  std::time_t time = soon.time_since_epoch().count();
  if (X509_cmp_time(X509_get0_notAfter(certificate->get()), &time) < 0) {
    return Invalid(files.cert_file + ": it ends within 30 days");
  }
  return Status::Ok();
}

// "DNS:till-server,IP:192.0.2.7"; what is neither a host name nor an address is left out.
std::string AlternativeNames(const std::vector<std::string>& names) {
  std::vector<std::string> parts;
  for (const std::string& name : names) {
    in6_addr address{};
    const bool is_address = inet_pton(AF_INET, name.c_str(), &address) == 1 ||
                            inet_pton(AF_INET6, name.c_str(), &address) == 1;
    const bool is_host = std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '-' || c == '.' || c == '_';
    });
    if (name.empty() || (!is_address && !is_host)) continue;
    std::string part = (is_address ? "IP:" : "DNS:") + name;
    if (std::find(parts.begin(), parts.end(), part) == parts.end()) parts.push_back(part);
  }
  return fmt::format("{}", fmt::join(parts, ","));
}

bool Extend(X509* certificate, int nid, const std::string& value) {
  using Extension = std::unique_ptr<X509_EXTENSION, With<X509_EXTENSION_free>>;
  const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool Describe(X509* certificate, const std::vector<std::string>& names, WallTime now) {
  uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return false;
  std::time_t from = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  const std::string name = names.empty() ? "tillrelay" : names.front().substr(0, 64);
  X509_NAME* subject = X509_get_subject_name(certificate);
  return X509_set_version(certificate, X509_VERSION_3) == 1 &&
         ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1 &&
         X509_time_adj_ex(X509_getm_notBefore(certificate), -1, 0, &from) != nullptr &&
         X509_time_adj_ex(X509_getm_notAfter(certificate), kValidDays, kDay, &from) != nullptr &&
         X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                                    0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1 &&
         Extend(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
         Extend(certificate, NID_ext_key_usage, "serverAuth") &&
         Extend(certificate, NID_subject_alt_name, AlternativeNames(names));
}

std::string TextOf(const Memory& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

Status Make(const TlsFiles& files, const std::vector<std::string>& names, WallTime now) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  const Memory key_pem(BIO_new(BIO_s_mem())), certificate_pem(BIO_new(BIO_s_mem()));
  const bool made = key && certificate && Describe(certificate.get(), names, now) &&
                    X509_set_pubkey(certificate.get(), key.get()) == 1 &&
                    X509_sign(certificate.get(), key.get(), EVP_sha256()) != 0 &&
                    PEM_write_bio_PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                             nullptr) == 1 &&
                    PEM_write_bio_X509(certificate_pem.get(), certificate.get()) == 1;
  if (!made) return Internal("make a certificate: " + TlsErrorText());
  TRY(WriteFileDurably(files.key_file, TextOf(key_pem), kKeyMode));
  return WriteFileDurably(files.cert_file, TextOf(certificate_pem), kCertificateMode);
}

}  // namespace

Status EnsureOwnCertificate(const TlsFiles& files, const std::vector<std::string>& names,
                            const Clock& clock) {
  ERR_clear_error();
  const Status usable = Usable(files, clock.Wall());
  if (usable.ok()) return usable;
  if (usable.code() != Code::kNotFound) {
    log::Warning("http", "a new certificate is made: {}", usable.message());
  }
  TRY(Make(files, names, clock.Wall()));
  auto fingerprint = CertificateFingerprint(files.cert_file);
  if (!fingerprint.ok()) return std::move(fingerprint).status();
  log::Info("http", "made {}, SHA-256 fingerprint {}", files.cert_file, *fingerprint);
  return Status::Ok();
}

Result<std::string> CertificateFingerprint(const std::string& file) {
  auto certificate = ReadCertificate(file);
  if (!certificate.ok()) return std::move(certificate).status();
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(certificate->get(), EVP_sha256(), digest, &size) != 1) {
    return Invalid(file + ": " + TlsErrorText());
  }
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    fmt::format_to(std::back_inserter(text), "{}{:02X}", i == 0 ? "" : ":", digest[i]);
  }
  return text;
}

}  // namespace tillrelay::http
