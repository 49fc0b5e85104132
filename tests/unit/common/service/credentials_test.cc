// Secrets by name: from the manager's directory or from a path, and never in a message.
#include "common/service/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/files.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::service {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const char* Nothing(const char*) { return nullptr; }

class CredentialsTest : public ::testing::Test {
 protected:
  void Put(const std::string& name, std::string_view text) {
    ASSERT_TRUE(WriteFileDurably(dir_ / name, text, 0600).ok());
  }
  Result<std::string> Read(const std::string& value) {
    return ReadSecret("broker.password_file", value, [this](const char* name) -> const char* {
      return std::string_view(name) == "CREDENTIALS_DIRECTORY" ? dir_.path().c_str() : nullptr;
    });
  }
  testing::TempDir dir_;
};

TEST_F(CredentialsTest, ANameIsReadFromTheManagersDirectoryWithoutItsLineEnd) {
  Put("tillrelay_broker-password", "secret with blanks \r\n");
  EXPECT_EQ(Read("credential:broker-password").value(), "secret with blanks ");
}

TEST_F(CredentialsTest, APathIsReadAsItStands) {
  Put("plain", "p");
  EXPECT_EQ(Read(dir_ / "plain").value(), "p");
}

TEST_F(CredentialsTest, NothingConfiguredIsNoSecret) { EXPECT_EQ(Read("").value(), ""); }

TEST_F(CredentialsTest, WhatIsMissingIsNamedByItsKey) {
  const auto secret = Read("credential:absent");
  EXPECT_EQ(secret.status().code(), Code::kInvalid);
  EXPECT_THAT(secret.status().message(), HasSubstr("broker.password_file"));
}

TEST_F(CredentialsTest, AnEmptySecretIsRefused) {
  Put("tillrelay_blank", "\n\n");
  EXPECT_FALSE(Read("credential:blank").ok());
}

TEST_F(CredentialsTest, ANameCannotLeaveTheDirectory) {
  for (const char* name : {"credential:../shadow", "credential:", "credential:a/b"}) {
    EXPECT_EQ(Read(name).status().code(), Code::kInvalid) << name;
  }
}

TEST_F(CredentialsTest, OutsideTheManagerANameSaysWhatItNeeds) {
  const auto path = CredentialPath("broker.ca_file", "credential:ca", Nothing);
  EXPECT_THAT(path.status().message(), HasSubstr("needs the service manager"));
}

TEST_F(CredentialsTest, ASecretThatIsTooLongIsNotRepeated) {
  Put("tillrelay_long", std::string(5000, 's'));
  const auto secret = Read("credential:long");
  EXPECT_FALSE(secret.ok());
  EXPECT_THAT(secret.status().message(), Not(HasSubstr("sss")));
}

}  // namespace
}  // namespace tillrelay::service
