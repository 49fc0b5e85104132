#include "common/wire/batch.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <utility>

namespace tillrelay::wire {
namespace {

constexpr int kLevel = 1;  // higher levels cost more and save nothing on events that are alike
constexpr std::string_view kZstdMagic = "\x28\xB5\x2F\xFD";
// Memory for one frame's window; what our writer makes needs 1 MiB at most.
constexpr int kWindowLog = 23;

}  // namespace

size_t UnpackedSize(std::string_view payload) {
  if (!payload.starts_with(kZstdMagic)) return payload.size();
  const auto reported = ZSTD_getFrameContentSize(payload.data(), payload.size());
  if (reported == ZSTD_CONTENTSIZE_UNKNOWN) return kMaxUnpackedBytes;
  // What cannot be unpacked, or is refused for its size, costs no more than it has.
  if (reported == ZSTD_CONTENTSIZE_ERROR || reported > kMaxUnpackedBytes) return payload.size();
  return std::max<size_t>(payload.size(), reported);
}

struct BatchWriter::Compressor {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ~Compressor() { ZSTD_freeCCtx(context); }
};

BatchWriter::BatchWriter(bool zstd) {
  if (!zstd) return;
  compressor_ = std::make_unique<Compressor>();
  ZSTD_CCtx_setParameter(compressor_->context, ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(compressor_->context, ZSTD_c_checksumFlag, 1);
}

BatchWriter::~BatchWriter() = default;

void BatchWriter::Add(const Envelope& envelope) {
  text_ += count_ == 0 ? '[' : ',';
  WriteEnvelope(envelope, &text_);
  ++count_;
}

Result<std::string> BatchWriter::Take() {
  text_ += count_ == 0 ? "[]" : "]";
  count_ = 0;
  std::string text = std::exchange(text_, {});
  text_.reserve(text.size());
  if (!compressor_ || !compresses_) return text;
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  const size_t size =
      ZSTD_compress2(compressor_->context, packed.data(), packed.size(), text.data(), text.size());
  if (ZSTD_isError(size) != 0) return Internal(std::string("zstd: ") + ZSTD_getErrorName(size));
  packed.resize(size);
  return packed;
}

struct MessageReader::Decompressor {
  ZSTD_DCtx* context = ZSTD_createDCtx();
  ~Decompressor() { ZSTD_freeDCtx(context); }
};

MessageReader::MessageReader() : decompressor_(std::make_unique<Decompressor>()) {
  ZSTD_DCtx_setParameter(decompressor_->context, ZSTD_d_windowLogMax, kWindowLog);
}

MessageReader::~MessageReader() = default;

// Grows with what comes out, never by what the frame's header promises.
Status MessageReader::Unpack(std::string_view packed) {
  const auto reported = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (reported < ZSTD_CONTENTSIZE_ERROR && reported > kMaxUnpackedBytes) {
    return Invalid("more than 16 MiB when unpacked");
  }
  ZSTD_DCtx_reset(decompressor_->context, ZSTD_reset_session_only);
  unpacked_.clear();
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  size_t state = 1;
  while (in.pos < in.size || state != 0) {
    const size_t before = unpacked_.size();
    if (before >= kMaxUnpackedBytes) return Invalid("more than 16 MiB when unpacked");
    unpacked_.resize(before + ZSTD_DStreamOutSize());
    ZSTD_outBuffer out{unpacked_.data() + before, unpacked_.size() - before, 0};
    const size_t was = in.pos;
    state = ZSTD_decompressStream(decompressor_->context, &out, &in);
    unpacked_.resize(before + out.pos);
    if (ZSTD_isError(state) != 0) return Invalid(std::string("zstd: ") + ZSTD_getErrorName(state));
    if (out.pos == 0 && in.pos == was) return Invalid("zstd: the frame is cut");
  }
  return Status::Ok();
}

Result<JsonValue> MessageReader::Open(std::string* payload) {
  if (payload->starts_with(kZstdMagic)) {
    TRY(Unpack(*payload));
    payload->swap(unpacked_);
  }
  if (payload->empty() || (payload->front() != '{' && payload->front() != '[')) {
    return Invalid("neither an event nor a batch");
  }
  if (payload->size() > kMaxUnpackedBytes) return Invalid("more than 16 MiB");
  auto root = parser_.Parse(*payload, {.nodes = kMaxMessageNodes});
  if (root.ok() && root->is_array() && root->size() > kMaxBatchEvents) {
    return Invalid(fmt::format("a batch of more than {} events", kMaxBatchEvents));
  }
  return root;
}

Status MessageReader::Read(std::string* payload, const Each& each) {
  auto root = Open(payload);
  if (!root.ok()) return std::move(root).status();
  if (root->is_object()) return each(ReadEnvelope(*root), root->Find("data"));
  for (const JsonValue event : *root) TRY(each(ReadEnvelope(event), event.Find("data")));
  return Status::Ok();
}

}  // namespace tillrelay::wire
