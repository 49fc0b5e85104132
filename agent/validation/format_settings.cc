#include "agent/validation/format_settings.h"

namespace tillrelay {

formats::CsvProfile ProfileOf(const config::Config::Csv& csv, const config::Config& config) {
  formats::CsvProfile profile;
  profile.name = csv.name;
  profile.files = csv.files;
  profile.head_files = csv.head_files;
  profile.joined_by = csv.joined_by;
  profile.delimiter = csv.delimiter.front();
  profile.decimal_mark = csv.decimal_mark.front();
  profile.thousands_mark = csv.thousands_mark.empty() ? '\0' : csv.thousands_mark.front();
  profile.encoding = formats::EncodingNamed(csv.encoding).value_or(formats::Encoding::kUtf8);
  profile.header = csv.header;
  profile.skip_lines = static_cast<size_t>(csv.skip_lines);
  profile.final_line_end = csv.final_line_end;
  profile.time_format = csv.time_format;
  profile.day_format = csv.day_format;
  profile.store_id = config.store_id;
  profile.store_aliases = config.store_aliases;
  profile.register_id = csv.register_id;
  profile.uom = csv.uom;
  profile.currency = csv.currency;
  profile.columns = csv.columns;
  profile.constants = csv.constants;
  profile.words = csv.words;
  profile.when_empty = csv.when_empty;
  profile.zones = csv.zones;
  profile.head_in_first_row = csv.head_in_first_row;
  profile.ignored = csv.ignored;
  profile.non_stock = csv.non_stock;
  return profile;
}

Result<formats::poslog::Vocabulary> VocabularyOf(const config::Config& config) {
  formats::poslog::Vocabulary words;
  words.KnowStore(config.store_id);
  for (const std::string& alias : config.store_aliases) words.KnowStore(alias);
  for (const auto& [question, taught] : config.formats.poslog_words) {
    for (const auto& [word, meaning] : taught) {
      if (Status s = words.Teach(question, word, meaning); !s.ok()) {
        return std::move(s).Within("formats.poslog.words");
      }
    }
  }
  return words;
}

}  // namespace tillrelay
