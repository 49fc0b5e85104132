#include "common/wire/signature.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <iterator>

#include "common/base/check.h"
#include "common/base/digest.h"

namespace tillrelay::wire {
namespace {

constexpr size_t kSignatureBytes = 64;

using Key = std::shared_ptr<EVP_PKEY>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

Key Owned(EVP_PKEY* raw) { return {raw, EVP_PKEY_free}; }

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

void AppendRanges(const std::vector<Range>& ranges, std::string* out) {
  for (const Range& range : ranges) {
    fmt::format_to(std::back_inserter(*out), " {}-{}", range.first, range.last);
  }
}

}  // namespace

std::string KeyText(const PublicKey& key) { return ToHex(BytesOf(key)); }

std::optional<PublicKey> ParseKey(std::string_view text) {
  PublicKey key{};
  return FromHex(text, key.data(), key.size()) ? std::optional(key) : std::nullopt;
}

Result<SigningKey> SigningKey::FromPem(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  // Without a prompt: a key that wants a password is no key that a service can use.
  const auto no_password = [](char*, int, int, void*) { return 0; };
  Key key = Owned(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  PublicKey public_key{};
  size_t size = public_key.size();
  if (key == nullptr || EVP_PKEY_id(key.get()) != EVP_PKEY_ED25519 ||
      EVP_PKEY_get_raw_public_key(key.get(), public_key.data(), &size) != 1) {
    return Invalid("it is no Ed25519 private key in PEM; openssl genpkey -algorithm ed25519");
  }
  return SigningKey(std::move(key), public_key);
}

std::string SigningKey::NewPem() {
  const Key key = Owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  CHECK(key != nullptr && PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0,
                                                        nullptr, nullptr) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<size_t>(size)};
}

std::string SignedText(const Confirm& confirm) {
  std::string out = fmt::format("tillrelay confirm 1\n{}\n{}\n", confirm.store, confirm.at);
  for (const StreamConfirm& s : confirm.streams) {
    out += fmt::format("{} {} {} owed", s.stream, s.through, ToHex(BytesOf(s.chain)));
    AppendRanges(s.owed, &out);
    out += " unapplied";
    AppendRanges(s.unapplied, &out);
    if (s.stored_through > 0) {
      out += fmt::format(" stored {} {}", s.stored_through, ToHex(BytesOf(s.stored_chain)));
    }
    out += '\n';
  }
  for (const HeardSession& heard : confirm.sessions) {
    out += fmt::format("session {} {}\n", heard.session, heard.host);
  }
  return out + fmt::format("accepts{}{}\n", confirm.accepts_batches ? " batches" : "",
                           confirm.accepts_zstd ? " zstd" : "");
}

void SigningKey::Sign(Confirm* confirm) const {
  const std::string text = SignedText(*confirm);
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::string signature(kSignatureBytes, '\0');
  size_t size = signature.size();
  CHECK(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr,
                           static_cast<EVP_PKEY*>(key_.get())) == 1 &&
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                       Bytes(text), text.size()) == 1);
  confirm->kid = KeyText(public_key_);
  confirm->sig = ToHex(signature);
}

bool IsSigned(const Confirm& confirm) {
  const auto public_key = ParseKey(confirm.kid);
  std::array<uint8_t, kSignatureBytes> signature{};
  if (confirm.at.find('\n') != std::string::npos) return false;  // could hide a line
  if (!public_key || !FromHex(confirm.sig, signature.data(), signature.size())) return false;
  const Key key = Owned(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_key->data(),
                                                    public_key->size()));
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const std::string text = SignedText(confirm);
  return key != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), Bytes(text),
                          text.size()) == 1;
}

}  // namespace tillrelay::wire
