#include "agent/journal/seal.h"

#include <algorithm>
#include <string>

namespace tillrelay::journal {
namespace {

void AppendBigEndian(std::string* out, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) *out += static_cast<char>(value >> shift);
}

Seal Shortened(const Sha256Digest& digest) {
  Seal seal;
  std::copy_n(digest.begin(), seal.size(), seal.begin());
  return seal;
}

// Every field with its length, so that no two rows give the same bytes.
class SealWriter {
 public:
  explicit SealWriter(std::string_view table) { Text(table); }
  SealWriter& Text(std::string_view text) {
    AppendBigEndian(&bytes_, text.size());
    bytes_ += text;
    return *this;
  }
  SealWriter& Number(uint64_t value) {
    AppendBigEndian(&bytes_, value);
    return *this;
  }
  Seal Finish() const { return Shortened(Sha256(bytes_)); }

 private:
  std::string bytes_;
};

}  // namespace

Seal SealOf(const SealInput& row) {
  std::string bytes;
  bytes.reserve(160);
  AppendBigEndian(&bytes, row.position);
  AppendBigEndian(&bytes, static_cast<uint64_t>(row.recorded_us));
  bytes += BytesOf(row.id);
  bytes += BytesOf(row.data_digest);
  for (const std::string_view text : {row.kind, row.subject, row.time}) {
    bytes += text;
    bytes += '\0';
  }
  return Shortened(Sha256(bytes));
}

Seal SealOfStream(std::string_view store_id, const StreamRow& row) {
  SealWriter seal("stream");
  seal.Text(store_id).Text(row.stream).Number(row.base).Number(row.head);
  seal.Text(BytesOf(row.head_chain)).Number(row.confirmed_through);
  seal.Text(BytesOf(row.confirmed_chain)).Number(row.acked_through);
  return seal.Number(row.current ? 1 : 0).Number(row.number).Number(row.first).Finish();
}

Seal SealOfMark(std::string_view stream, uint64_t sequence, const wire::Chain& chain) {
  return SealWriter("chain_mark").Text(stream).Number(sequence).Text(BytesOf(chain)).Finish();
}

Seal SealOfLoss(const wire::Lost& row) {
  SealWriter seal("loss");
  seal.Text(row.stream).Number(row.range.first).Number(row.range.last).Text(BytesOf(row.chain));
  return seal.Text(row.reason).Number(row.compared ? 1 : 0).Number(row.open ? 1 : 0).Finish();
}

Seal SealOfOpening(std::string_view stream, const Row& row) {
  SealWriter seal("opening");
  seal.Text(stream).Text(BytesOf(row.id)).Text(row.subject).Text(row.time);
  return seal.Number(static_cast<uint64_t>(Micros(row.recorded_at))).Text(row.data).Finish();
}

}  // namespace tillrelay::journal
