#include "agent/config/csv_settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/config/time_pattern.h"
#include "common/base/text.h"

namespace tillrelay::config {
namespace {

constexpr const char* kColumns[] = {
    "store",      "register",   "business_day", "number",      "date",     "time",
    "sku",        "sku_else",   "gtin",         "description", "quantity", "uom",
    "unit_price", "net_amount", "tax_amount",   "currency",    "tender",   "grand_amount",
    "status",     "kind",       "void",         "training",    "return",   "tax_rate",
    "tax_base",   "tax_code",   "scan_data",    "lot",         "expiry"};

// The columns whose words decide whether goods moved, and what a word can mean there.
struct Decider {
  const char* column;
  std::initializer_list<std::string_view> meanings;
};
const Decider kDeciders[] = {
    {"status", {"completed", "cancelled", "suspended", "training", "passed_over"}},
    {"kind", {"sale", "return", "no_goods", "cancelled", "training", "head", "passed_over"}},
    {"void", {"yes", "no"}},
    {"training", {"yes", "no"}},
    {"return", {"yes", "no"}}};

class Reader {
 public:
  Reader(Settings* settings, std::string section, Config::Csv* csv)
      : s_(*settings), section_(std::move(section)), csv_(*csv) {}

  void Run() {
    Plain();
    Columns();
    Words();
    Separators();
    Times();
    Zones();
    Halves();
    Needed();
  }

 private:
  std::string Key(const std::string& name) const { return section_ + "." + name; }
  bool Says(const char* column) const {
    return csv_.columns.contains(column) || csv_.constants.contains(column);
  }
  static std::string NeedsColumn(const char* column) {
    return fmt::format("needs columns.{}, the file's name for it", column);
  }

  void Plain() {
    s_.String(Key("files"), &csv_.files);
    s_.String(Key("head_files"), &csv_.head_files);
    for (const auto& [name, pattern] :
         {std::pair("files", csv_.files), std::pair("head_files", csv_.head_files)}) {
      if (pattern.find('/') != std::string::npos) {
        s_.Complain(Key(name), "is compared with a file's name in incoming, which has no /");
      }
    }
    s_.Strings(Key("joined_by"), &csv_.joined_by);
    s_.String(Key("delimiter"), &csv_.delimiter);
    s_.Word(Key("decimal_mark"), {".", ","}, &csv_.decimal_mark);
    s_.String(Key("thousands_mark"), &csv_.thousands_mark);
    s_.Word(Key("encoding"), {"utf-8", "latin-1", "utf-16", "utf-16le", "utf-16be"},
            &csv_.encoding);
    s_.Bool(Key("header"), &csv_.header);
    s_.Integer(Key("skip_lines"), 0, 1000, &csv_.skip_lines);
    s_.Bool(Key("final_line_end"), &csv_.final_line_end);
    s_.Bool(Key("head_in_first_row"), &csv_.head_in_first_row);
    s_.String(Key("time_format"), &csv_.time_format);
    s_.String(Key("day_format"), &csv_.day_format);
    s_.String(Key("register"), &csv_.register_id);
    s_.String(Key("uom"), &csv_.uom);
    s_.String(Key("currency"), &csv_.currency);
    s_.Strings(Key("ignored"), &csv_.ignored);
    s_.Strings(Key("non_stock"), &csv_.non_stock);
  }

  void Columns() {
    for (const char* column : kColumns) {
      std::string theirs, constant, instead;
      s_.String(Key(std::string("columns.") + column), &theirs);
      s_.String(Key(std::string("constants.") + column), &constant);
      s_.String(Key(std::string("when_empty.") + column), &instead);
      if (!theirs.empty()) csv_.columns[column] = theirs;
      if (!instead.empty()) csv_.when_empty[column] = instead;
      if (!instead.empty() && theirs.empty()) {
        s_.Complain(Key(std::string("when_empty.") + column), NeedsColumn(column));
      }
      if (!constant.empty()) csv_.constants[column] = constant;
      if (!theirs.empty() && !constant.empty()) {
        s_.Complain(Key(std::string("constants.") + column), "is a column already");
      }
    }
  }

  void Words() {
    for (const Decider& decider : kDeciders) {
      const std::string key = Key(std::string("words.") + decider.column);
      std::map<std::string, std::string> words;
      s_.Texts(key, &words);
      const bool flag = decider.meanings.size() == 2;
      if (flag && words.contains("")) s_.Complain(key, "an empty cell is \"no\"");
      for (const auto& [word, meaning] : words) {
        if (std::find(decider.meanings.begin(), decider.meanings.end(), meaning) ==
            decider.meanings.end()) {
          s_.Complain(key, fmt::format("{} is none of {}", Printable(meaning, 40),
                                       fmt::join(decider.meanings, ", ")));
        }
      }
      if (!words.empty()) csv_.words[decider.column] = std::move(words);
    }
  }

  void Separators() {
    if (csv_.delimiter.size() != 1 || csv_.delimiter.find_first_of("\"\r\n") != std::string::npos) {
      s_.Complain(Key("delimiter"), "expected one character, such as \";\"");
    }
    if (csv_.delimiter == csv_.decimal_mark) {
      s_.Complain(Key("decimal_mark"), "must differ from the delimiter");
    }
    const std::string& mark = csv_.thousands_mark;
    const bool known = mark == "." || mark == "," || mark == " " || mark == "'";
    if (!mark.empty() && (!known || mark == csv_.decimal_mark)) {
      s_.Complain(Key("thousands_mark"),
                  "expected one of \".\", \",\", \" \" and \"'\", other than the decimal mark");
    }
  }

  void Times() {
    const bool dated = Says("date") || Says("business_day");
    if (const auto wrong = WrongTimePattern(csv_.time_format, dated)) {
      s_.Complain(Key("time_format"), *wrong);
    }
    if (const auto wrong = WrongDayPattern(csv_.day_format)) {
      s_.Complain(Key("day_format"), *wrong);
    }
  }

  // "PDT" = "-07:00"
  void Zones() {
    s_.Texts(Key("zones"), &csv_.zones);
    for (const auto& [name, offset] : csv_.zones) {
      const bool shaped =
          offset.size() == 6 && (offset[0] == '+' || offset[0] == '-') && offset[3] == ':' &&
          offset.substr(1, 2) <= "14" && offset.find_first_not_of("0123456789", 1) == 3 &&
          offset.find_first_not_of("0123456789", 4) == std::string::npos && offset[4] < '6';
      if (!shaped) {
        s_.Complain(Key("zones"), Printable(name, 40) + " needs an offset such as \"-07:00\"");
      }
    }
  }

  // "lines*.csv" and "transactions*.csv": what stands for the stars tells which two belong
  // together.
  void Halves() {
    if (csv_.head_files.empty() && csv_.joined_by.empty()) return;
    for (const auto& [name, pattern] :
         {std::pair("head_files", csv_.head_files), std::pair("files", csv_.files)}) {
      const bool plain = pattern.find_first_of("?[\\") == std::string::npos &&
                         std::count(pattern.begin(), pattern.end(), '*') == 1;
      if (!plain) s_.Complain(Key(name), "of two files needs one * and no other wildcard");
    }
    if (csv_.head_files == csv_.files) s_.Complain(Key("head_files"), "must differ from files");
    if (csv_.joined_by.empty()) {
      s_.Complain(Key("joined_by"), "needs the columns that both files have");
    }
    if (!csv_.header) s_.Complain(Key("header"), "two files are joined by names of columns");
  }

  void Needed() {
    for (const char* column : {"number", "time"}) {
      if (!csv_.columns.contains(column)) s_.Complain(section_, NeedsColumn(column));
    }
    if (!Says("quantity")) {
      s_.Complain(section_, NeedsColumn("quantity") +
                                "; or constants.quantity = \"1\" where each row is one piece");
    }
    if (!Says("sku") && !Says("gtin")) s_.Complain(section_, NeedsColumn("sku"));
    if (!Says("register") && csv_.register_id.empty()) {
      s_.Complain(section_, "needs columns.register, or register for all rows");
    }
    OneMeaningEach();
  }

  // What cannot be said in one cell.
  void OneMeaningEach() {
    std::map<std::string, const char*> said;
    for (const char* column : {"number", "sku", "quantity", "net_amount"}) {
      const auto theirs = csv_.columns.find(column);
      if (theirs == csv_.columns.end()) continue;
      const auto [other, is_new] = said.emplace(theirs->second, column);
      if (!is_new) {
        s_.Complain(Key(std::string("columns.") + column),
                    fmt::format("is the column of {} already", other->second));
      }
    }
  }

  Settings& s_;
  const std::string section_;
  Config::Csv& csv_;
};

}  // namespace

void ReadCsvProfiles(Settings* settings, std::vector<Config::Csv>* profiles) {
  for (const std::string& name : settings->Sections("drop_folder.csv")) {
    Config::Csv& csv = profiles->emplace_back();
    csv.name = name;
    const std::string section = "drop_folder.csv." + name;
    if (!IsName(name)) {
      return settings->Complain(section, "must match [A-Za-z0-9._-]{1,32}");
    }
    Reader(settings, section, &csv).Run();
  }
}

}  // namespace tillrelay::config
