// What: how to read documents, out of the configuration's plain values.
// Thread: any (pure).
#pragma once

#include <string>

#include "agent/config/config.h"
#include "agent/formats/csv.h"
#include "agent/formats/poslog/vocabulary.h"

namespace tillrelay {

formats::CsvProfile ProfileOf(const config::Config::Csv& csv, const config::Config& config);

// With the store's names. Invalid if a word is in the table with another meaning.
Result<formats::poslog::Vocabulary> VocabularyOf(const config::Config& config);

}  // namespace tillrelay
