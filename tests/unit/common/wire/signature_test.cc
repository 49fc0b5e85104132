// Confirmations that only the owner of a key can make: vectors, every field, every byte.
#include "common/wire/signature.h"

#include <gtest/gtest.h>

#include "common/base/digest.h"

namespace tillrelay::wire {
namespace {

// Made with `openssl genpkey -algorithm ed25519`; docs/wire.md shows it.
constexpr char kPem[] = R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
)";
constexpr char kPublic[] = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

Confirm Sample() {
  Confirm confirm{"0042", "2026-11-21T16:42:09.512Z", {}};
  StreamConfirm& first = confirm.streams.emplace_back();
  first.stream = "01JD8Z5M5N0000000000000000";
  first.through = 48613;
  first.chain.fill(0xab);
  first.owed = {{7, 7}, {9, 12}};
  first.unapplied = {{3, 3}};
  StreamConfirm& second = confirm.streams.emplace_back();
  second.stream = "01JD8Z5M5N0000000000000001";
  confirm.sessions = {{"01JD8Z5M5N0000000000000002", "store42"}};
  confirm.accepts_batches = confirm.accepts_zstd = true;
  return confirm;
}

SigningKey Key() {
  auto key = SigningKey::FromPem(kPem);
  EXPECT_TRUE(key.ok());
  return *std::move(key);
}

TEST(SignatureTest, TheVectorOfTheDocumentHolds) {
  // RFC 8032, 7.1, test 1: the key pair.
  EXPECT_EQ(KeyText(Key().public_key()), kPublic);
  EXPECT_EQ(SignedText(Sample()),
            "tillrelay confirm 1\n0042\n2026-11-21T16:42:09.512Z\n"
            "01JD8Z5M5N0000000000000000 48613 " +
                ToHex(std::string(16, '\xab')) +
                " owed 7-7 9-12 unapplied 3-3\n"
                "01JD8Z5M5N0000000000000001 0 " +
                ToHex(std::string(16, '\0')) +
                " owed unapplied\n"
                "session 01JD8Z5M5N0000000000000002 store42\n"
                "accepts batches zstd\n");
}

TEST(SignatureTest, WhatIsStoredBelowALossIsSignedToo) {
  Confirm confirm = Sample();
  confirm.streams[0].stored_through = 48610;
  confirm.streams[0].stored_chain.fill(0xcd);
  EXPECT_NE(
      SignedText(confirm).find(" unapplied 3-3 stored 48610 " + ToHex(std::string(16, '\xcd'))),
      std::string::npos);
  Key().Sign(&confirm);
  for (const bool another : {false, true}) {
    Confirm other = confirm;
    if (another) other.streams[0].stored_through = 48611;
    std::string text = WriteConfirm(other);
    JsonParser parser;
    const auto read = ReadConfirm(*parser.Parse(text));
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->streams[0].stored_through, other.streams[0].stored_through);
    EXPECT_EQ(read->streams[0].stored_chain, confirm.streams[0].stored_chain);
    EXPECT_EQ(IsSigned(*read), !another);
  }
}

TEST(SignatureTest, ItSurvivesTheWireAndNothingElseDoes) {
  Confirm confirm = Sample();
  Key().Sign(&confirm);
  std::string text = WriteConfirm(confirm);
  JsonParser parser;
  const auto read = ReadConfirm(*parser.Parse(text));
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(IsSigned(*read));
  EXPECT_EQ(read->kid, kPublic);

  const auto changed = [&read](auto change) {
    Confirm other = *read;
    change(&other);
    return !IsSigned(other);
  };
  EXPECT_TRUE(changed([](Confirm* c) { c->store = "0043"; }));
  EXPECT_TRUE(changed([](Confirm* c) { c->at.back() = 'X'; }));
  EXPECT_TRUE(changed([](Confirm* c) { c->streams[0].stream.back() = '7'; }));
  EXPECT_TRUE(changed([](Confirm* c) { ++c->streams[0].through; }));
  EXPECT_TRUE(changed([](Confirm* c) { c->streams[1].chain[15] ^= 1; }));
  EXPECT_TRUE(changed([](Confirm* c) { c->streams[0].owed.pop_back(); }));
  EXPECT_TRUE(changed([](Confirm* c) { c->streams[0].unapplied.clear(); }));
  EXPECT_TRUE(changed([](Confirm* c) { std::swap(c->streams[0].owed, c->streams[0].unapplied); }));
  EXPECT_TRUE(changed([](Confirm* c) { c->streams.pop_back(); }));
  EXPECT_TRUE(changed([](Confirm* c) { std::swap(c->streams[0], c->streams[1]); }));
  EXPECT_TRUE(changed([](Confirm* c) { c->sessions[0].host = "other"; }));
  EXPECT_TRUE(changed([](Confirm* c) { c->sessions.clear(); }));
  EXPECT_TRUE(changed([](Confirm* c) { c->accepts_zstd = false; }));
  EXPECT_TRUE(changed([](Confirm* c) { c->kid.clear(); }));
  EXPECT_TRUE(changed([](Confirm* c) { c->sig.clear(); }));
  for (size_t i = 0; i < read->sig.size(); ++i) {
    EXPECT_TRUE(changed([i](Confirm* c) { c->sig[i] = c->sig[i] == '0' ? '1' : '0'; })) << i;
  }
  for (size_t i = 0; i < read->kid.size(); ++i) {
    EXPECT_TRUE(changed([i](Confirm* c) { c->kid[i] = c->kid[i] == '0' ? '1' : '0'; })) << i;
  }
}

TEST(SignatureTest, ALineOfItsTextCannotHideInAnother) {
  Confirm confirm = Sample();
  Key().Sign(&confirm);
  const std::string text = SignedText(confirm);
  Confirm other = confirm;
  other.streams.erase(other.streams.begin());
  const size_t begin = text.find("01JD8Z5M5N0000000000000000");
  other.at += "\n" + text.substr(begin, text.find('\n', begin) - begin);
  ASSERT_EQ(SignedText(other), text);
  EXPECT_FALSE(IsSigned(other));
}

TEST(SignatureTest, ANewKeyIsAKeyAndNoTwoAreAlike) {
  const auto one = SigningKey::FromPem(SigningKey::NewPem());
  const auto two = SigningKey::FromPem(SigningKey::NewPem());
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_NE(one->public_key(), two->public_key());
  Confirm confirm = Sample();
  one->Sign(&confirm);
  EXPECT_TRUE(IsSigned(confirm));
  confirm.kid = KeyText(two->public_key());
  EXPECT_FALSE(IsSigned(confirm));
}

TEST(SignatureTest, WhatIsNoKeyIsRefused) {
  for (const char* pem : {"", "x", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"}) {
    EXPECT_FALSE(SigningKey::FromPem(pem).ok()) << pem;
  }
  for (const char* text :
       {"", "ab", "zz5a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"}) {
    EXPECT_FALSE(ParseKey(text)) << text;
  }
}

}  // namespace
}  // namespace tillrelay::wire
