// What: the golden files of tests/golden: their bytes, and what they decode to, as text.
// Thread: any.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "agent/formats/format.h"
#include "common/event/draft.h"

namespace tillrelay::testing {

inline std::string GoldenPath(const std::string& name) {
  return std::string(TILLRELAY_TEST_DATA) + "/" + name;
}

inline std::string ReadGolden(const std::string& name) {
  std::ifstream file(GoldenPath(name), std::ios::binary);
  EXPECT_TRUE(file.is_open()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

// Store 0042 in Berlin; the samples' own store names are its aliases.
inline const event::Shop& GoldenShop() {
  static const event::Shop shop = [] {
    auto zone = event::StoreZone::Load("Europe/Berlin");
    return event::Shop{"0042", {"9", "502", "0610", "0017"}, *zone};
  }();
  return shop;
}

struct Decoded {
  std::vector<formats::Item> items;
  std::optional<formats::SyntaxError> error;
};

inline Decoded Decode(formats::Format format, std::string bytes,
                      const formats::Limits& limits = {}) {
  Decoded decoded;
  formats::Decoder decoder;
  decoded.error = decoder.Decode(format, bytes, limits, [&](formats::Item&& item) {
    decoded.items.push_back(std::move(item));
  });
  return decoded;
}

inline std::string Told(const event::Rejection& rejection) {
  return "rejected " + rejection.reason + " at " + rejection.field + ": " + rejection.hint;
}

// One line per item: the stored bytes or the rejection; then the error, if any, and the totals.
inline std::string Render(const Decoded& decoded) {
  std::string text;
  size_t events = 0, rejections = 0;
  for (const formats::Item& item : decoded.items) {
    const auto* event = std::get_if<event::Event>(&item.outcome);
    if (event == nullptr) {
      text += Told(std::get<event::Rejection>(item.outcome)) + "\n";
      ++rejections;
      continue;
    }
    const auto draft = event::MakeDraft(*event, GoldenShop());
    if (const auto* refused = std::get_if<event::Rejection>(&draft)) {
      text += Told(*refused) + "\n";
      ++rejections;
    } else {
      text += std::get<event::Draft>(draft).data + "\n";
      ++events;
    }
  }
  if (decoded.error) {
    text += "not the declared syntax, byte " + std::to_string(decoded.error->offset) + ": " +
            decoded.error->what + "; " + decoded.error->hint + "\n";
  }
  return text + std::to_string(events) + " events, " + std::to_string(rejections) + " rejections\n";
}

// Compares with the reference beside the file. TILLRELAY_WRITE_GOLDEN=1 writes it instead.
inline void ExpectGolden(const std::string& reference, const std::string& text) {
  if (std::getenv("TILLRELAY_WRITE_GOLDEN") != nullptr) {
    std::ofstream(GoldenPath(reference), std::ios::binary) << text;
    return;
  }
  EXPECT_EQ(ReadGolden(reference), text) << reference;
}

}  // namespace tillrelay::testing
