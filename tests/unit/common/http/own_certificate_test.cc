// A server's own certificate is made once, kept, and made again only when it cannot be used.
#include "common/http/own_certificate.h"

#include <sys/stat.h>

#include "tests/support/manual_clock.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/common/http/http_fixture.h"

namespace tillrelay::http {
namespace {

class OwnCertificateTest : public HttpTest {
 protected:
  std::string Ensure() {
    const Status made = EnsureOwnCertificate(
        files_, {"till-server", "localhost", "127.0.0.1", "::1", "bad\nname", ""}, clock_);
    EXPECT_TRUE(made.ok()) << made.message();
    auto fingerprint = CertificateFingerprint(files_.cert_file);
    EXPECT_TRUE(fingerprint.ok());
    return fingerprint.ok() ? *fingerprint : "";
  }
  tillrelay::testing::TempDir dir_;
  const TlsFiles files_{dir_ / "admin-cert.pem", dir_ / "admin-key.pem", ""};
};

TEST_F(OwnCertificateTest, ItIsMadeOnceAndKept) {
  const std::string first = Ensure();
  EXPECT_THAT(first, ::testing::MatchesRegex("([0-9A-F][0-9A-F]:){31}[0-9A-F][0-9A-F]"));
  EXPECT_EQ(Ensure(), first);
  struct stat info {};
  ASSERT_EQ(stat(files_.key_file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
}

TEST_F(OwnCertificateTest, WhatCannotBeUsedIsMadeAgain) {
  const std::string first = Ensure();
  ASSERT_TRUE(WriteFileDurably(files_.cert_file, "-----BEGIN CERT", 0600).ok());
  const std::string second = Ensure();
  EXPECT_NE(second, first);
  const std::string key = *ReadFile(files_.key_file, 1 << 20);
  ASSERT_TRUE(WriteFileDurably(files_.key_file, "", 0600).ok());
  EXPECT_NE(Ensure(), second) << "a key that does not fit";
  EXPECT_NE(*ReadFile(files_.key_file, 1 << 20), key);
}

TEST_F(OwnCertificateTest, OneThatHasEndedIsMadeAgain) {
  const std::string first = Ensure();
  tillrelay::testing::ManualClock later;
  later.SetWall(clock_.Wall() + std::chrono::hours(24 * 3600));
  ASSERT_TRUE(EnsureOwnCertificate(files_, {"localhost"}, later).ok());
  EXPECT_EQ(*CertificateFingerprint(files_.cert_file), first) << "ten days are left";
  later.SetWall(clock_.Wall() + std::chrono::hours(24 * 3651));
  ASSERT_TRUE(EnsureOwnCertificate(files_, {"localhost"}, later).ok());
  EXPECT_NE(*CertificateFingerprint(files_.cert_file), first);
}

TEST_F(OwnCertificateTest, AServerServesItForTheNamesThatItIsFor) {
  Ensure();
  options_.tls = files_;
  Start();
  for (const char* host : {"127.0.0.1", "localhost"}) {
    ClientTls trust;
    trust.ca_file = files_.cert_file;
    Client client("https://" + std::string(host) + ":" + std::to_string(port()),
                  std::chrono::seconds(10), trust);
    const auto answer = client.Get("/hello");
    ASSERT_TRUE(answer.ok()) << host << ": " << answer.status().message();
    EXPECT_EQ(answer->status, 200);
  }
}

TEST_F(OwnCertificateTest, AFileWithoutACertificateHasNoFingerprint) {
  EXPECT_EQ(CertificateFingerprint(dir_ / "none").status().code(), Code::kNotFound);
  ASSERT_TRUE(WriteFileDurably(dir_ / "text", "text", 0600).ok());
  EXPECT_EQ(CertificateFingerprint(dir_ / "text").status().code(), Code::kInvalid);
}

}  // namespace
}  // namespace tillrelay::http
