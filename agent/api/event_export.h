// What: events as one CSV file, however many pieces they are read in.
// Promise: the file holds all that match, or as many as were asked for; never silently fewer. What
//   is stored meanwhile is not in it.
// Thread: http; goes on where the replies come.
// Errors: those of FindEvents; 400 too-many.
// Limits: kMostExported events; more are refused, so that the question is narrowed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "agent/admin/admin.h"
#include "common/http/responder.h"

namespace tillrelay::api {

inline constexpr size_t kMostExported = 200'000;

// `rows`: no more than these; nothing: all.
void ExportEvents(const std::shared_ptr<admin::Admin>& admin, admin::EventFilter filter,
                  std::optional<uint64_t> rows, const http::Responder& responder);

}  // namespace tillrelay::api
