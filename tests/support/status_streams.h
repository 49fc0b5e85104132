// What: the `streams` of a status as a store writes them, for tests that speak to head office.
#pragma once

#include <string>
#include <vector>

#include "common/base/digest.h"
#include "common/base/json_writer.h"
#include "common/wire/control.h"

namespace tillrelay::wire {

inline std::string WriteStreams(const std::vector<StreamState>& streams) {
  std::string out;
  JsonWriter json(&out);
  json.BeginArray();
  for (const StreamState& s : streams) {
    json.BeginObject()
        .Field("stream", s.stream)
        .Field("head", s.head)
        .Field("chain", ToHex(BytesOf(s.chain)))
        .Field("sent_through", s.sent_through)
        .Field("acked_through", s.acked_through)
        .Field("confirmed_through", s.confirmed_through)
        .Field("confirmed_chain", ToHex(BytesOf(s.confirmed_chain)))
        .Field("floor", s.floor)
        .EndObject();
  }
  json.EndArray();
  return out;
}

}  // namespace tillrelay::wire
