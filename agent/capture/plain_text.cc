#include "agent/capture/plain_text.h"

#include <cstdint>

namespace tillrelay::capture {
namespace {

constexpr uint32_t kReplacement = 0xFFFD;

enum class Order { kNone, kLittle, kBig };

Order Utf16Order(std::string_view bytes) {
  if (bytes.size() < 2) return Order::kNone;
  if (bytes.starts_with("\xFF\xFE")) return Order::kLittle;
  if (bytes.starts_with("\xFE\xFF")) return Order::kBig;
  if (bytes[0] != '\0' && bytes[1] == '\0') return Order::kLittle;
  if (bytes[0] == '\0' && bytes[1] != '\0') return Order::kBig;
  return Order::kNone;
}

void AppendUtf8(uint32_t code, std::string* out) {
  const auto tail = [&](int shift) {
    out->push_back(static_cast<char>(0x80 | ((code >> shift) & 0x3F)));
  };
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | (code >> 6)));
    tail(0);
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | (code >> 12)));
    tail(6);
    tail(0);
  } else {
    out->push_back(static_cast<char>(0xF0 | (code >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace

std::string PlainText(std::string_view bytes) {
  const Order order = Utf16Order(bytes);
  if (order == Order::kNone) return std::string(bytes);
  const auto unit = [&](size_t at) {
    const auto first = static_cast<uint8_t>(bytes[at]);
    const auto second = static_cast<uint8_t>(bytes[at + 1]);
    return order == Order::kBig ? static_cast<uint32_t>(first << 8 | second)
                                : static_cast<uint32_t>(second << 8 | first);
  };
  std::string text;
  text.reserve(bytes.size() / 2);
  for (size_t at = 0; at + 1 < bytes.size(); at += 2) {
    const uint32_t code = unit(at);
    const bool high = code >= 0xD800 && code < 0xDC00;
    const uint32_t low = high && at + 3 < bytes.size() ? unit(at + 2) : 0;
    if (low >= 0xDC00 && low < 0xE000) {
      AppendUtf8(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00), &text);
      at += 2;
    } else {
      AppendUtf8(code >= 0xD800 && code < 0xE000 ? kReplacement : code, &text);
    }
  }
  return text;
}

}  // namespace tillrelay::capture
