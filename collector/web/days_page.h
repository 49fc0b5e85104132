// What: the page of a business day: all stores, what blocks signing first.
// Promise: complete without JavaScript but for signing; every text from outside is escaped.
// Thread: any.
#pragma once

#include <string>

#include "collector/web/days_view.h"
#include "common/base/clock.h"

namespace tillrelay::collector {

std::string DaysPageHtml(const DaysAnswer& answer, WallTime now);

}  // namespace tillrelay::collector
