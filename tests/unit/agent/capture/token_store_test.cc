// The registers' tokens: durable before they are told, gone before that is told, never readable.
#include "agent/capture/token_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "common/base/files.h"
#include "tests/support/manual_clock.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::capture {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

constexpr RateLimit kNoLimit;

class TokenBookTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  void Open() {
    auto book = TokenStore::Open(path_, &clock_, &random_);
    ASSERT_TRUE(book.ok()) << book.status().message();
    book_ = *std::move(book);
  }
  std::string Add(const std::string& register_id) {
    auto issued = book_->Add(register_id);
    EXPECT_TRUE(issued.ok()) << issued.status().message();
    return issued.ok() ? issued->secret : "";
  }
  bool Knows(const std::string& secret) { return book_->Check(secret, kNoLimit).has_value(); }
  std::string File() { return *ReadFile(path_, 1 << 20); }

  tillrelay::testing::TempDir dir_;
  const std::string path_ = dir_ / "tokens.json";
  tillrelay::testing::ManualClock clock_;
  tillrelay::testing::SeededRandom random_{7};
  std::unique_ptr<TokenStore> book_;
};

TEST_F(TokenBookTest, ATokenIsKnownAlsoAfterARestart) {
  const std::string secret = Add("03"), any = Add("");
  EXPECT_THAT(secret, MatchesRegex("trt_[a-z2-7]{32}"));
  EXPECT_NE(secret, any);
  for (int start = 0; start < 2; ++start) {
    ASSERT_TRUE(Knows(secret));
    EXPECT_EQ(book_->Check(secret, kNoLimit)->register_id, "03");
    EXPECT_EQ(book_->Check(any, kNoLimit)->register_id, "");
    EXPECT_EQ(book_->List().size(), 2u);
    Open();
  }
}

TEST_F(TokenBookTest, TheFileHoldsNoSecretAndOnlyItsOwnerReadsIt) {
  const std::string secret = Add("03");
  EXPECT_THAT(File(), Not(HasSubstr(secret)));
  EXPECT_THAT(File(), Not(HasSubstr(secret.substr(4))));
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
}

TEST_F(TokenBookTest, NothingNearATokenIsKnown) {
  const std::string secret = Add("03");
  for (size_t length = 0; length < secret.size(); ++length) {
    EXPECT_FALSE(Knows(secret.substr(0, length)));
  }
  EXPECT_FALSE(Knows(secret + " "));
  EXPECT_FALSE(Knows(std::string(1'000'000, 'a')));
  EXPECT_FALSE(Knows(ToHex(BytesOf(Sha256(secret)))));  // what the file tells is no token
}

TEST_F(TokenBookTest, ARemovedTokenIsRefusedAtOnceAndAfterARestart) {
  const std::string kept = Add("03"), ended = Add("03");
  const std::string id = ToHex(BytesOf(Sha256(ended))).substr(0, 12);
  ASSERT_TRUE(book_->Remove(id).ok());
  EXPECT_FALSE(Knows(ended));
  EXPECT_TRUE(Knows(kept));
  Open();
  EXPECT_FALSE(Knows(ended));
  EXPECT_TRUE(Knows(kept));
  EXPECT_EQ(book_->Remove(id).status().code(), Code::kNotFound);
}

TEST_F(TokenBookTest, AChangeThatIsNotDurableDoesNotHappen) {
  const std::string secret = Add("03");
  const std::string id = book_->List()[0].id;
  std::filesystem::create_directory(path_ + ".tmp");  // in the way of the new file
  EXPECT_FALSE(book_->Add("04").ok());
  EXPECT_FALSE(book_->Remove(id).ok());
  EXPECT_TRUE(Knows(secret));
  EXPECT_EQ(book_->List().size(), 1u);
  Open();
  EXPECT_TRUE(Knows(secret));
}

TEST_F(TokenBookTest, TheBookIsBounded) {
  std::string text = R"({"v":1,"tokens":[)";
  for (size_t i = 0; i < TokenStore::kMaxTokens; ++i) {
    if (i > 0) text += ",";
    text += R"({"sha256":")" + ToHex(BytesOf(Sha256(std::to_string(i)))) + R"("})";
  }
  ASSERT_TRUE(WriteFileDurably(path_, text + "]}", 0600).ok());
  Open();
  EXPECT_TRUE(Knows("4095"));
  EXPECT_EQ(book_->Add("03").status().code(), Code::kFull);
}

TEST_F(TokenBookTest, ADamagedBookIsPutAsideNotDeleted) {
  Add("03");
  const std::string whole = File();
  size_t aside = 0;
  for (size_t length = 1; length + 1 < whole.size(); length += 9) {  // the last byte ends the line
    ASSERT_TRUE(WriteFileDurably(path_, whole.substr(0, length), 0600).ok());
    clock_.Advance(std::chrono::seconds(1));
    Open();
    EXPECT_TRUE(book_->List().empty()) << length;
    EXPECT_FALSE(std::filesystem::exists(path_)) << length;
    ++aside;
  }
  size_t found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
    found += entry.path().string().find(".damaged-") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(found, aside);
  for (const char* bad : {R"({"v":2,"tokens":[]})", R"({"v":1})", R"({"v":1,"tokens":[{}]})",
                          R"({"v":1,"tokens":[{"sha256":"00"}]})", "[]"}) {
    ASSERT_TRUE(WriteFileDurably(path_, bad, 0600).ok());
    Open();
    EXPECT_FALSE(std::filesystem::exists(path_)) << bad;
  }
}

TEST_F(TokenBookTest, AFileThatCannotBeReadIsAFailure) {
  std::filesystem::create_directory(path_);
  EXPECT_EQ(TokenStore::Open(path_, &clock_, &random_).status().code(), Code::kUnavailable);
}

TEST_F(TokenBookTest, UseIsSeen) {
  const std::string secret = Add("03");
  EXPECT_EQ(book_->List()[0].last_used_at, std::nullopt);
  Knows(secret);
  EXPECT_EQ(book_->List()[0].last_used_at, clock_.Wall());
}

TEST_F(TokenBookTest, EachTokenHasItsOwnRate) {
  const std::string one = Add("03"), other = Add("04");
  const RateLimit limit = RateLimit::PerSecond(2, 3);
  const auto waits = [&](const std::string& secret) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(book_->Check(secret, limit)->wait)
        .count();
  };
  std::vector<int64_t> seen;
  for (int i = 0; i < 5; ++i) seen.push_back(waits(one));
  EXPECT_THAT(seen, ElementsAre(0, 0, 0, 500, 500));  // a refused one costs nothing
  EXPECT_EQ(waits(other), 0);
  clock_.Advance(std::chrono::milliseconds(500));
  EXPECT_EQ(waits(one), 0);
  EXPECT_EQ(waits(one), 500);
  clock_.Advance(std::chrono::hours(1));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(waits(one), 0) << i;
  EXPECT_GT(waits(one), 0);
}

}  // namespace
}  // namespace tillrelay::capture
