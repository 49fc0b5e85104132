// What: the close of a register's day with its totals (a Z report).
// Promise: without register, day and Z number it is a filler: a close that cannot be named is none.
// Thread: any (pure).
// Errors: rejection bad-value.
#pragma once

#include <optional>

#include "agent/formats/poslog/xml_tree.h"
#include "common/event/event.h"

namespace tillrelay::formats::poslog {

// The part of a control transaction that settles a register's day; empty if there is none.
XmlElement SettlementOf(XmlElement root);

std::optional<event::Rejection> ReadDayClose(const event::Transaction& head, XmlElement settlement,
                                             event::Event* event, bool* mapped);

}  // namespace tillrelay::formats::poslog
