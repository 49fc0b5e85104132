// What: decodes hostile bytes and holds the decoder to its promises.
#pragma once

#include <string>
#include <string_view>

#include "agent/formats/encoding.h"
#include "agent/formats/format.h"
#include "agent/redact/redact.h"
#include "common/base/check.h"
#include "common/event/draft.h"

namespace tillrelay::testing {

inline const event::Shop& FuzzShop() {
  static const event::Shop shop{"0042",
                                {"9", "502", "0610", "0017", "9521321000421"},
                                event::StoreZone::Load("Europe/Berlin").value()};
  return shop;
}

inline void DecodeHostile(formats::Format format, std::string_view input) {
  static formats::Decoder decoder;
  std::string bytes(input);
  size_t count = 0;
  const auto error = decoder.Decode(format, bytes, {}, [&](formats::Item&& item) {
    CHECK(item.index == count++);
    CHECK(item.excerpt.size() <= formats::Limits().event_bytes);
    auto* event = std::get_if<event::Event>(&item.outcome);
    if (event == nullptr) {
      CHECK(!std::get<event::Rejection>(item.outcome).reason.empty());
      return;
    }
    CHECK(event->origin.has_value());
    (void)redact::Check(event, {});
    const auto draft = event::MakeDraft(std::move(*event), FuzzShop());
    if (const auto* made = std::get_if<event::Draft>(&draft)) CHECK(!made->data.empty());
  });
  // What is not UTF-8 is made so in its place.
  using formats::Encoding;
  if (formats::EncodingOf(input).value_or(Encoding::kUtf8) == Encoding::kUtf8)
    CHECK(bytes == input);
  if (error) {
    CHECK(count == 0);
    CHECK(error->offset <= input.size());
    CHECK(!error->what.empty());
  }
}

}  // namespace tillrelay::testing
