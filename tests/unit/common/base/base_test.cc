#include <gtest/gtest.h>

#include <thread>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/inbox.h"
#include "common/base/settings.h"
#include "common/base/text.h"

namespace tillrelay {
namespace {

TEST(DigestTest, Base64IsThatOfTheStandard) {
  // RFC 4648, 10.
  const char* const rows[][2] = {{"", ""},
                                 {"f", "Zg=="},
                                 {"fo", "Zm8="},
                                 {"foo", "Zm9v"},
                                 {"foob", "Zm9vYg=="},
                                 {"fooba", "Zm9vYmE="},
                                 {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : rows) EXPECT_EQ(ToBase64(plain), encoded);
}

TEST(DigestTest, KnownVectors) {
  EXPECT_EQ(ToHex(BytesOf(Sha256("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Uuid dns;
  ASSERT_TRUE(ParseUuid("6ba7b810-9dad-11d1-80b4-00c04fd430c8", &dns));
  // RFC 9562, A.4.
  EXPECT_EQ(UuidText(UuidV5(dns, "www.example.com")), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

TEST(TextTest, InvalidUtf8IsFoundWhereItStarts) {
  EXPECT_EQ(FirstInvalidUtf8("a\xc3\xa4z"), std::string_view::npos);
  EXPECT_EQ(FirstInvalidUtf8("ab\xc3"), 2u);
  EXPECT_EQ(FirstInvalidUtf8("a\xed\xa0\x80"), 1u);  // surrogate
  EXPECT_EQ(FirstInvalidUtf8("\xc0\xaf"), 0u);       // overlong
}

TEST(TextTest, PrintableCannotForgeALine) {
  EXPECT_EQ(Printable("a\nb\x1b[31m\xff"), "a\\x0ab\\x1b[31m\\xff");
  EXPECT_EQ(Printable(std::string(300, 'a'), 10), "aaaaaaaaaa...");
}

TEST(InboxTest, RefusesWhenFullAndGivesInOrder) {
  Inbox<int> inbox(2, 100);
  EXPECT_TRUE(inbox.Push(1));
  EXPECT_TRUE(inbox.Push(2));
  EXPECT_FALSE(inbox.Push(3));
  EXPECT_EQ(inbox.PopAll(Duration(0)), (std::vector<int>{1, 2}));
  EXPECT_TRUE(inbox.Push(4, 1000));  // alone, however large
  EXPECT_FALSE(inbox.Push(5, 1));
  inbox.Close();
  EXPECT_FALSE(inbox.Push(6));
  EXPECT_EQ(inbox.PopAll(std::chrono::hours(1)).size(), 1u);
}

TEST(InboxTest, WakeIsNotLostWhenItComesFirst) {
  Inbox<int> inbox(1, 1);
  inbox.Wake();
  EXPECT_TRUE(inbox.PopAll(std::chrono::hours(1)).empty());
}

TEST(InboxTest, ManyPushersOnePopper) {
  Inbox<int> inbox(64, 1 << 20);
  std::vector<std::thread> pushers;
  for (int t = 0; t < 4; ++t) {
    pushers.emplace_back([&inbox] {
      for (int i = 0; i < 1000;) {
        if (inbox.Push(1)) {
          ++i;
        } else {
          std::this_thread::yield();
        }
      }
    });
  }
  size_t got = 0;
  while (got < 4000) got += inbox.PopAll(std::chrono::seconds(10)).size();
  for (auto& pusher : pushers) pusher.join();
  EXPECT_EQ(got, 4000u);
}

TEST(SettingsTest, AnOldNameStillWorksAndIsTold) {
  auto settings = Settings::Parse("[broker]\nuri = \"x\"\n", "t.toml");
  ASSERT_TRUE(settings.ok());
  settings->Renamed("broker.uri", "link.url");
  std::string url;
  settings->String("link.url", &url);
  ASSERT_TRUE(settings->Finish().ok()) << settings->Finish().message();
  EXPECT_EQ(url, "x");
  ASSERT_EQ(settings->Notes().size(), 1u);
  EXPECT_NE(settings->Notes()[0].find("t.toml:2: broker.uri is called link.url now"),
            std::string::npos);
}

TEST(SettingsTest, BesideItsNewNameAnOldOneDoesNotCount) {
  auto settings = Settings::Parse("uri = \"x\"\nurl = \"y\"\n", "t.toml");
  ASSERT_TRUE(settings.ok());
  settings->Renamed("uri", "url");
  std::string url;
  settings->String("url", &url);
  EXPECT_TRUE(settings->Finish().ok());
  EXPECT_EQ(url, "y");
}

TEST(SettingsTest, NoByteWhereAKeyShouldBeginStopsTheProgram) {
  for (const char* before : {"", "[", "[[", "[ ", "[a.", "[[a.", "a.", "a = {", "a = {b."}) {
    for (int byte = 0; byte < 256; ++byte) {
      const std::string text = std::string("ok = 1\n") + before + static_cast<char>(byte);
      const auto settings = Settings::Parse(text, "t.toml");
      if (settings.ok()) continue;
      EXPECT_EQ(settings.status().message().find("t.toml:"), 0u) << text;
      const auto finished = Settings::Parse(text + "]\nb = 1\n", "t.toml");
      if (finished.ok()) continue;
      EXPECT_EQ(finished.status().message().find("t.toml:"), 0u) << text;
    }
  }
}

TEST(SettingsTest, ReportsEveryMistakeWithItsPlace) {
  auto settings = Settings::Parse("store_id = 5\n[broker]\nulr = \"x\"\nport = 99999\n", "t.toml");
  ASSERT_TRUE(settings.ok());
  std::string store, url;
  int64_t port = 1;
  settings->String("store_id", &store);
  settings->String("broker.url", &url);
  settings->Integer("broker.port", 1, 65535, &port);
  const Status status = settings->Finish();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find("t.toml:1:"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("did you mean broker.url?"), std::string::npos)
      << status.message();
  EXPECT_NE(status.message().find("from 1 to 65535"), std::string::npos) << status.message();
  EXPECT_EQ(port, 1);
}

TEST(SettingsTest, LaterFilesWinKeyByKey) {
  auto base = Settings::Parse("[a]\nx = 1\ny = 2\n", "base");
  auto over = Settings::Parse("[a]\ny = 3\n", "over");
  ASSERT_TRUE(base->Merge(*std::move(over)).ok());
  int64_t x = 0, y = 0;
  base->Integer("a.x", 0, 9, &x);
  base->Integer("a.y", 0, 9, &y);
  EXPECT_TRUE(base->Finish().ok());
  EXPECT_EQ(x * 10 + y, 13);
}

TEST(SettingsTest, BrokenTomlSaysWhere) {
  auto settings = Settings::Parse("a = \n", "t.toml");
  ASSERT_FALSE(settings.ok());
  EXPECT_EQ(settings.status().message().find("t.toml:1:"), 0u);
}

}  // namespace
}  // namespace tillrelay
