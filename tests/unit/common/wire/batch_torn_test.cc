// Batches: what is written is read back byte for byte; what is cut, changed or swollen gives an
// error, never half a batch and never a crash.
#include <gtest/gtest.h>

#include <zstd.h>

#include "common/wire/batch.h"

namespace tillrelay::wire {
namespace {

class BatchTest : public ::testing::Test {
 protected:
  std::string Batch(int count, bool zstd) {
    BatchWriter writer(zstd);
    Chain chain = FirstChain("0042", kStream);
    for (int i = 1; i <= count; ++i) {
      const std::string data = R"({"lines":[{"quantity":")" + std::to_string(i) + R"("}]})";
      Envelope e;
      e.id[0] = static_cast<uint8_t>(i);
      e.store = "0042";
      e.stream = kStream;
      e.sequence = static_cast<uint64_t>(i);
      e.previous = chain;
      e.chain = chain = NextChain(chain, e.sequence, e.id, Sha256(data));
      e.kind = "sale";
      e.subject = "register/03";
      e.time = "2026-11-21T17:42:08+01:00";
      e.recorded_at = "2026-11-21T16:42:09.512Z";
      e.data = data;
      writer.Add(e);
    }
    return writer.Take().value();
  }
  // How many good events the message gives, or why it gives none.
  std::string Read(std::string message) {
    size_t good = 0, bad = 0;
    const Status read = reader_.Read(&message, [&](const Result<Envelope>& e, JsonValue data) {
      const bool whole = e.ok() && data.is_object() &&
                         NextChain(e->previous, e->sequence, e->id, e->data_digest) == e->chain;
      (whole ? good : bad) += 1;
      return Status::Ok();
    });
    if (!read.ok()) {
      EXPECT_EQ(good + bad, 0u);
      return "error";
    }
    return std::to_string(good) + " good, " + std::to_string(bad) + " bad";
  }
  static constexpr const char* kStream = "01JD3V7Q8Z5W6K2M9T4RHXCDEF";
  MessageReader reader_;
};

TEST_F(BatchTest, IsReadBackPlainAndCompressed) {
  EXPECT_EQ(Read(Batch(5, false)), "5 good, 0 bad");
  EXPECT_EQ(Read(Batch(5, true)), "5 good, 0 bad");
  EXPECT_EQ(Read("[]"), "0 good, 0 bad");
  EXPECT_LT(Batch(100, true).size() * 5, Batch(100, false).size());
}

TEST_F(BatchTest, ASingleEventIsReadWithoutABatch) {
  const std::string batch = Batch(1, false);
  EXPECT_EQ(Read(batch.substr(1, batch.size() - 2)), "1 good, 0 bad");
}

TEST_F(BatchTest, OneBadEventDoesNotTakeTheOthersWithIt) {
  std::string batch = Batch(3, false);
  const size_t at = batch.find("\"quantity\":\"2\"");
  batch[at + 12] = '7';
  EXPECT_EQ(Read(batch), "2 good, 1 bad");
}

TEST_F(BatchTest, EveryCutIsAnError) {
  for (const bool zstd : {false, true}) {
    const std::string whole = Batch(3, zstd);
    for (size_t length = 0; length < whole.size(); ++length) {
      ASSERT_EQ(Read(whole.substr(0, length)), "error") << zstd << " cut at " << length;
    }
  }
}

TEST_F(BatchTest, NoFlippedByteOfACompressedBatchGivesAnotherGoodOne) {
  const std::string whole = Batch(3, true);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x55);
    const std::string reported = Read(changed);
    // Header bits that nobody uses may change; the content is the same then.
    ASSERT_TRUE(reported == "error" || reported == "3 good, 0 bad") << at << " " << reported;
  }
}

TEST_F(BatchTest, WhatSwellsBeyondTheBoundIsRefused) {
  const std::string zeros(kMaxUnpackedBytes + 1'000'000, ' ');
  std::string bomb(ZSTD_compressBound(zeros.size()), '\0');
  bomb.resize(ZSTD_compress(bomb.data(), bomb.size(), zeros.data(), zeros.size(), 1));
  EXPECT_LT(bomb.size(), 100'000u);
  EXPECT_EQ(Read(bomb), "error");
}

// Valid JSON to its last byte, so that nothing but the bound refuses it; with the size in the
// frame's header and without.
TEST_F(BatchTest, ABombOfValidJsonIsRefusedByItsSizeAlone) {
  for (const size_t over : {size_t{0}, size_t{1}}) {
    std::string text = "[" + std::string(kMaxUnpackedBytes - 2 + over, ' ') + "]";
    for (const bool reported : {true, false}) {
      ZSTD_CCtx* context = ZSTD_createCCtx();
      ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, reported ? 1 : 0);
      std::string packed(ZSTD_compressBound(text.size()), '\0');
      packed.resize(
          ZSTD_compress2(context, packed.data(), packed.size(), text.data(), text.size()));
      ZSTD_freeCCtx(context);
      EXPECT_EQ(UnpackedSize(packed), over == 0 || !reported ? kMaxUnpackedBytes : packed.size());
      EXPECT_EQ(Read(packed), over == 0 ? "0 good, 0 bad" : "error") << reported;
    }
    EXPECT_EQ(Read(text), over == 0 ? "0 good, 0 bad" : "error");
  }
}

TEST_F(BatchTest, AMessageOfCountlessValuesIsRefused) {
  std::string text = "[0";
  for (uint32_t i = 0; i < kMaxMessageNodes; ++i) text += ",0";
  EXPECT_EQ(Read(text + "]"), "error");
}

TEST_F(BatchTest, OtherBytesAreNoMessage) {
  for (const char* text : {"", "x", "\"text\"", "17", "null", "\xff\xfe"}) {
    EXPECT_EQ(Read(text), "error") << text;
  }
  EXPECT_EQ(Read("[1,2]"), "0 good, 2 bad");
  EXPECT_EQ(Read("{}"), "0 good, 1 bad");
}

TEST_F(BatchTest, AParkedEventCarriesTheHashOfTheBytesThatStayed) {
  const std::string body(1000, 'x');
  const std::string reported = ParkedData("sale", body.size(), "too-large");
  Envelope e;
  e.store = "0042";
  e.stream = kStream;
  e.sequence = 1;
  e.previous = FirstChain("0042", kStream);
  e.data_digest = Sha256(body);
  e.chain = NextChain(e.previous, 1, e.id, e.data_digest);
  e.kind = kParkedKind;
  e.parked = true;
  e.data = reported;
  std::string message;
  WriteEnvelope(e, &message);
  EXPECT_EQ(Read(message), "1 good, 0 bad");
}

}  // namespace
}  // namespace tillrelay::wire
