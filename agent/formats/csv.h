// What: rows of a CSV file (RFC 4180) to receipts, by a profile of the configuration.
// Promise: pure. A word that decides whether goods moved and is not known refuses its receipt; so
//   does a column that plainly tells such words and is named by nobody. A receipt is complete when
//   the next key appears and the file is closed: one that is cut inside a row, or a row with
//   another number of columns, gives nothing at all. Rows of one receipt stand together; a key that
//   comes back later in the file is never guessed at.
// Thread: any.
// Limits: 256 columns, 2,000,000 rows, fields and events as Limits.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/formats/format.h"
#include "common/event/time_text.h"

namespace tillrelay::formats {

struct CsvProfile {
  std::string name;
  std::string files = "*.csv";  // which dropped files are read by this profile
  // Where heads and rows of receipts are two files: the pattern of the heads, and the columns of
  // both by which they are joined (csv_join.h).
  std::string head_files;
  std::vector<std::string> joined_by;
  char delimiter = ',';
  char decimal_mark = '.';
  Encoding encoding = Encoding::kUtf8;  // a byte order mark counts more
  char thousands_mark = '\0';           // none is taken
  bool header = true;                   // else columns are numbers from 1
  size_t skip_lines = 0;                // before the header
  bool final_line_end = true;           // else the last row may lack its line end
  // As strptime(3); empty: as in RFC 3339. A time without offset is the store's.
  std::string time_format, day_format;
  // Where no column says it.
  std::string store_id, register_id, uom = "EA", currency;
  std::vector<std::string> store_aliases;  // other names of the store
  // Our name to the file's: store, register, business_day, number, date, time, sku, sku_else (where
  // sku is empty), gtin, description, quantity, uom, unit_price, net_amount, tax_amount, currency,
  // tender, grand_amount, status, kind, void, training, return, tax_rate, tax_base, tax_code,
  // scan_data, lot, expiry.
  std::map<std::string, std::string> columns;
  // Our name to the text that every row has.
  std::map<std::string, std::string> constants;
  // Our name to the text that a row has where its cell is empty.
  std::map<std::string, std::string> when_empty;
  // Names of zones behind times ("PDT") and their offsets ("-07:00").
  std::map<std::string, std::string> zones;
  // What belongs to the receipt (status, totals, currency) stands in one of its rows.
  bool head_in_first_row = false;
  // Of status, kind, void, training and return: the file's words and what they mean; of status and
  // kind "" is an empty cell, which is no word otherwise.
  std::map<std::string, std::map<std::string, std::string>> words;
  std::vector<std::string> ignored;  // headings of columns that decide nothing
  // Columns that nobody named count by their headings alone: the file is a part of a larger one.
  bool is_part = false;
  // The store's, by which a time with an offset falls on a day; without it the day that is written.
  std::optional<event::StoreZone> zone;
  // Items of this source that are no goods, as event::MatchesCode reads them.
  std::vector<std::string> non_stock;
};

// "till" of "text/csv; profile=\"till\""; "" if there is none.
std::string_view CsvProfileOf(std::string_view content_type);
// The profile of that name; the only one if `name` is empty; else nothing.
const CsvProfile* CsvByName(const std::vector<CsvProfile>& profiles, std::string_view name);
const CsvProfile* CsvByFile(const std::vector<CsvProfile>& profiles, const std::string& file_name);

// `not_read`, if it is given: the headings of columns that nobody reads.
// Makes `bytes` UTF-8 where they are not; the other one copies them first.
std::optional<SyntaxError> DecodeCsv(const CsvProfile& profile, std::string& bytes,
                                     const Limits& limits, const std::function<void(Item&&)>& sink,
                                     std::vector<std::string>* not_read = nullptr);
std::optional<SyntaxError> DecodeCsv(const CsvProfile& profile, std::string_view bytes,
                                     const Limits& limits, const std::function<void(Item&&)>& sink,
                                     std::vector<std::string>* not_read = nullptr);

}  // namespace tillrelay::formats
