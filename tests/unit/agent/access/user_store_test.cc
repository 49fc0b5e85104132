// Users and API tokens: durable before they are told, never readable, and a damaged file locks
// nobody out.
#include "agent/access/user_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "agent/access/password.h"
#include "common/base/files.h"
#include "tests/support/manual_clock.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::access {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class AccessBookTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  void Open() {
    auto book = UserStore::Open(path_, &clock_, &random_);
    ASSERT_TRUE(book.ok()) << book.status().message();
    book_ = *std::move(book);
  }
  void SetPassword(const std::string& name, const std::string& password) {
    auto hash = HashPassword(password, &random_);
    ASSERT_TRUE(hash.ok());
    ASSERT_TRUE(book_->SetUser({name, Role::kOperate, *hash}).ok());
  }
  std::string File() { return *ReadFile(path_, 1 << 20); }

  tillrelay::testing::TempDir dir_;
  const std::string path_ = dir_ / "access.json";
  tillrelay::testing::ManualClock clock_;
  tillrelay::testing::SeededRandom random_{7};
  std::unique_ptr<UserStore> book_;
};

TEST_F(AccessBookTest, APasswordIsKnownAlsoAfterARestartAndInNoFile) {
  EXPECT_TRUE(book_->empty());
  SetPassword("anna", "correct horse battery");
  Open();
  EXPECT_FALSE(book_->empty());
  const auto user = book_->FindUser("anna");
  ASSERT_TRUE(user);
  EXPECT_THAT(user->password, MatchesRegex("\\$argon2id\\$v=19\\$m=19456,t=2,p=1\\$.*"));
  EXPECT_TRUE(PasswordFits("correct horse battery", user->password));
  EXPECT_FALSE(PasswordFits("correct horse batterz", user->password));
  EXPECT_FALSE(PasswordFits("", user->password));
  EXPECT_THAT(File(), Not(HasSubstr("correct horse")));
}

TEST_F(AccessBookTest, NoUserAndNoHashFitAnyPassword) {
  EXPECT_FALSE(PasswordFits("correct horse battery", ""));
  EXPECT_FALSE(PasswordFits("x", "$argon2id$v=19$m=19456,t=2,p=1$"));
  EXPECT_FALSE(PasswordFits("x", "plain"));
  EXPECT_FALSE(IsPasswordHash("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$x")) << "weaker than ours";
}

TEST_F(AccessBookTest, TwoUsersWithOnePasswordHaveTwoHashes) {
  SetPassword("anna", "correct horse battery");
  SetPassword("bert", "correct horse battery");
  EXPECT_NE(book_->FindUser("anna")->password, book_->FindUser("bert")->password);
}

TEST_F(AccessBookTest, OnlyTheOwnerReadsTheFile) {
  ASSERT_TRUE(book_->AddToken("backup", Role::kView).ok());
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
}

TEST_F(AccessBookTest, ATokenIsKnownUntilItIsRemovedAndIsInNoFile) {
  auto issued = book_->AddToken("backup", Role::kView);
  ASSERT_TRUE(issued.ok());
  EXPECT_THAT(issued->secret, MatchesRegex("tra_[a-z2-7]{32}"));
  EXPECT_THAT(File(), Not(HasSubstr(issued->secret)));
  Open();
  ASSERT_TRUE(book_->FindToken(issued->secret));
  EXPECT_EQ(book_->FindToken(issued->secret)->name, "backup");
  EXPECT_FALSE(book_->FindToken("tra_x"));
  ASSERT_TRUE(book_->RemoveToken(issued->token.id).ok());
  EXPECT_FALSE(book_->FindToken(issued->secret));
  EXPECT_EQ(book_->RemoveToken(issued->token.id).status().code(), Code::kNotFound);
  Open();
  EXPECT_FALSE(book_->FindToken(issued->secret));
}

TEST_F(AccessBookTest, WhatCannotBeWrittenIsNotInForce) {
  SetPassword("anna", "correct horse battery");
  std::filesystem::create_directory(path_ + ".tmp");  // in the way of the new file
  EXPECT_FALSE(book_->RemoveUser("anna").ok());
  EXPECT_TRUE(book_->FindUser("anna"));
  EXPECT_FALSE(book_->AddToken("backup", Role::kView).ok());
  EXPECT_TRUE(book_->Tokens().empty());
}

TEST_F(AccessBookTest, EveryCutFileIsPutAsideAndTheServiceGoesOn) {
  SetPassword("anna", "correct horse battery");
  const std::string whole = File();
  for (size_t length = 0; length + 2 < whole.size(); length += 7) {
    ASSERT_TRUE(WriteFileDurably(path_, whole.substr(0, length), 0600).ok());
    Open();
    EXPECT_TRUE(book_->empty()) << length;
    EXPECT_FALSE(std::filesystem::exists(path_)) << length;
  }
}

TEST_F(AccessBookTest, ThereIsABoundOnBoth) {
  for (size_t i = 0; i < UserStore::kMaxTokens; ++i) {
    ASSERT_TRUE(book_->AddToken("n", Role::kView).ok());
  }
  EXPECT_EQ(book_->AddToken("n", Role::kView).status().code(), Code::kFull);
  const std::string hash = *HashPassword("correct horse battery", &random_);
  for (size_t i = 0; i < UserStore::kMaxUsers; ++i) {
    ASSERT_TRUE(book_->SetUser({"u" + std::to_string(i), Role::kView, hash}).ok());
  }
  EXPECT_EQ(book_->SetUser({"more", Role::kView, hash}).code(), Code::kFull);
  EXPECT_TRUE(book_->SetUser({"u1", Role::kOperate, hash}).ok()) << "one that is there may change";
}

}  // namespace
}  // namespace tillrelay::access
