// Whatever a message on the `events` topic carries: no crash, no unbounded memory, and what is told
// as an event is one whose digest is that of its bytes.
#include <cstdint>
#include <string>

#include "common/base/check.h"
#include "common/wire/batch.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tillrelay::wire::Envelope;
  static tillrelay::wire::MessageReader reader;
  std::string message(reinterpret_cast<const char*>(data), size);
  reader
      .Read(&message,
            [](const tillrelay::Result<Envelope>& event, tillrelay::JsonValue body) {
              if (!event.ok()) return tillrelay::Status::Ok();
              CHECK(body.is_object());
              CHECK(event->parked || event->data_digest == tillrelay::Sha256(event->data));
              return tillrelay::Status::Ok();
            })
      .ok();
  return 0;
}
