// What: what the root of a document, and whatever stands beside or around its transactions, say of
//   them all.
// Promise: judged as the inside of a transaction is: what says that nothing of it was meant, or
//   that it was taken back, refuses every transaction that it stands around.
// Thread: one.
// Errors: rejections unknown-word, bad-value, unsupported.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "agent/formats/poslog/vocabulary.h"
#include "agent/formats/poslog/xml_tree.h"
#include "common/event/event.h"

namespace tillrelay::formats::poslog {

class Around {
 public:
  Around(const XmlOutside& outside, const Vocabulary& words) : outside_(outside), words_(words) {}

  // Why no transaction in this element can be taken.
  std::optional<event::Rejection> Of(uint32_t wrapper);
  // Why a document without any transaction cannot be passed over.
  std::optional<event::Rejection> OfNone() const;

 private:
  std::optional<event::Rejection> ReasonOf(XmlElement element) const;

  const XmlOutside& outside_;
  const Vocabulary& words_;
  std::map<uint32_t, std::optional<event::Rejection>> judged_;
};

// Whether transactions stand in it.
bool HoldsTransactions(XmlElement element);

}  // namespace tillrelay::formats::poslog
