#include "agent/config/csv_suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "common/base/text.h"

namespace tillrelay::config {
namespace {

using Row = std::vector<std::string>;

constexpr size_t kMaxRows = 500, kMaxPreamble = 50, kMaxWords = 12;

// Ours, and what others call it, without blanks, marks and capitals; the first that is there
// counts.
struct Column {
  const char* ours;
  std::initializer_list<std::string_view> theirs;
};
const Column kColumns[] = {
    {"number",
     {"receiptnumber",
      "receiptno",
      "receipt",
      "receiptid",
      "bonnummer",
      "bonnr",
      "bon",
      "belegnummer",
      "belegnr",
      "transactionid",
      "transactionnumber",
      "transactionno",
      "invoicenumber",
      "invoiceno",
      "invoice",
      "invoiceid",
      "checkid",
      "checknumber",
      "ticketnumber",
      "ticket",
      "ordernumber",
      "orderno",
      "orderid",
      "order",
      "saleid",
      "salenumber",
      "paymentid",
      "basketid",
      "documentnumber",
      "number",
      "no",
      "nummer"}},
    {"time", {"datetime",        "timestamp",       "zeitstempel", "endtime",   "createdat",
              "transactiondate", "transactiontime", "invoicedate", "orderdate", "saledate",
              "receiptdate",     "lineitemdate",    "zeitpunkt",   "time",      "zeit",
              "uhrzeit",         "heure",           "hora",        "ora",       "date",
              "datum",           "fecha",           "data"}},
    {"date", {"date", "datum", "day", "tag", "fecha", "data", "transactiondate", "saledate"}},
    {"business_day", {"businessday", "businessdate", "buchungstag"}},
    {"store", {"storeid", "storenumber", "filiale", "filialnummer"}},
    {"register",
     {"registerid", "register", "till", "tillid", "kasse", "kassennummer", "kassenr", "terminal",
      "terminalid", "workstation", "posid", "caisse", "caja"}},
    {"sku", {"sku",           "itemsku",    "lineitemsku", "articlenumber", "articleno",
             "artikelnummer", "artikelnr",  "artnr",       "itemid",        "itemcode",
             "itemno",        "itemnumber", "stockcode",   "productid",     "productcode",
             "plu",           "artikel",    "article",     "codigo",        "codearticle"}},
    {"gtin", {"gtin", "ean", "upc", "barcode", "ean13"}},
    {"description",
     {"description", "itemname", "productname", "lineitemname", "menuitem", "item", "product",
      "artikeltext", "bezeichnung", "name", "designation"}},
    {"quantity",
     {"quantity", "qty", "lineitemquantity", "menge", "anzahl", "quantite", "cantidad", "units",
      "unitssold", "pieces", "stueck"}},
    {"uom", {"uom", "unitofmeasure", "unit", "einheit", "mengeneinheit"}},
    {"unit_price", {"unitprice", "lineitemprice", "itemprice", "einzelpreis", "price", "preis"}},
    {"net_amount",
     {"netsales", "netprice", "netamount", "lineamount", "linetotal", "itemtotal", "betrag",
      "amount", "extendedamount", "salesvalue"}},
    {"tax_amount", {"taxamount", "tax", "taxes", "steuer", "mwst", "vat"}},
    {"grand_amount", {"receipttotal", "totalamount", "grandtotal", "summe", "gesamt"}},
    {"currency", {"currency", "currencycode", "waehrung"}},
    {"status",
     {"status", "receiptstatus", "orderstatus", "financialstatus", "state", "orderpaymentstate"}},
    {"kind",
     {"receipttype", "transactiontype", "eventtype", "saletype", "linetype", "type", "vorgang",
      "belegart", "kind"}},
    {"void", {"void", "voided", "isvoided", "isvoid", "storno"}},
    {"training", {"training", "trainingmode", "istraining"}},
    {"return", {"return", "isreturn", "returned"}}};

constexpr const char* kDayTimes[] = {
    "%Y-%m-%d %H:%M:%S",     "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S",    "%Y-%m-%d %H:%M:%S %z",
    "%d.%m.%Y %H:%M:%S",     "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S",    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",     "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p",
    "%d/%m/%y %H:%M",        "%m/%d/%y %H:%M", "%m/%d/%y %I:%M %p",    "%d-%b-%Y %I:%M %p",
    "%b %d, %Y %I:%M:%S %p", "%Y%m%d%H%M%S",   "%Y%m%d %H%M%S"};
constexpr const char* kDays[] = {"%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y",
                                 "%d.%m.%y", "%m/%d/%y", "%Y%m%d",   "%d-%b-%Y"};
constexpr const char* kTimes[] = {"%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%H%M%S"};

std::string Plain(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (c >= 'A' && c <= 'Z') plain += static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) plain += c;
  }
  return plain;
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) quoted += c;
  }
  return quoted + '"';
}

// Rows as RFC 4180 has them; a file that is cut gives what can be read.
std::vector<Row> RowsOf(std::string_view text, char delimiter) {
  std::vector<Row> rows;
  Row row;
  std::string field;
  bool quoted = false;
  for (size_t at = 0; at < text.size() && rows.size() < kMaxRows; ++at) {
    const char c = text[at];
    if (quoted) {
      const bool doubled = c == '"' && at + 1 < text.size() && text[at + 1] == '"';
      if (c == '"' && !doubled) {
        quoted = false;
        continue;
      }
      at += doubled ? 1 : 0;
      field += c;
    } else if (c == '"' && field.empty()) {
      quoted = true;
    } else if (c == delimiter || c == '\n') {
      row.push_back(std::exchange(field, {}));
      if (c == '\n') rows.push_back(std::exchange(row, {}));
    } else if (c != '\r') {
      field += c;
    }
  }
  return rows;
}

class Suggestion {
 public:
  Suggestion(std::string name, std::string file_name, std::string_view bytes)
      : name_(std::move(name)), file_name_(std::move(file_name)) {
    ends_open_ = !bytes.empty() && bytes.back() != '\n' && bytes.back() != '\0';
    Text(bytes);
  }

  Result<std::string> Run() {
    if (!FindHeader()) {
      return Invalid(
          "no row of the first 50 reads like headings (a number, a time, an article, a quantity)");
    }
    Choose();
    return Write();
  }

 private:
  void Text(std::string_view bytes) {
    if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) {
      encoding_ = bytes.front() == '\xFF' ? "utf-16le" : "utf-16be";
      for (const char c : bytes.substr(2)) {
        if (c != '\0') text_ += c;
      }
      return;
    }
    if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
    text_ = bytes;
    if (text_.empty() || text_.back() != '\n') text_ += '\n';
    if (FirstInvalidUtf8(text_) != std::string_view::npos) encoding_ = "latin-1";
  }

  // The row, of all delimiters, in which most headings are known.
  bool FindHeader() {
    size_t best = 2;
    for (const char delimiter : {',', ';', '\t', '|'}) {
      const auto rows = RowsOf(text_, delimiter);
      for (size_t i = 0; i < rows.size() && i < kMaxPreamble; ++i) {
        size_t known = 0;
        for (const Column& column : kColumns) known += Find(rows[i], column) ? 1 : 0;
        if (known <= best) continue;
        best = known;
        delimiter_ = delimiter;
        header_ = rows[i];
        rows_.assign(rows.begin() + static_cast<ptrdiff_t>(i) + 1, rows.end());
      }
    }
    return best > 2;
  }

  static std::optional<size_t> Find(const Row& header, const Column& column) {
    for (const std::string_view theirs : column.theirs) {
      for (size_t i = 0; i < header.size(); ++i) {
        if (Plain(header[i]) == theirs) return i;
      }
    }
    return std::nullopt;
  }

  void Choose() {
    std::set<size_t> taken;
    for (const Column& column : kColumns) {
      const auto place = Find(header_, column);
      if (place && taken.insert(*place).second) places_[column.ours] = *place;
    }
    const auto time = places_.find("time");
    const auto date = places_.find("date");
    if (time == places_.end() && date != places_.end()) {
      places_["time"] = date->second;
      places_.erase("date");
    }
    if (!places_.contains("time")) return;
    time_formats_ = Fitting(places_["time"], kDayTimes);
    if (!time_formats_.empty()) {
      places_.erase("date");
      return;
    }
    time_formats_ = Fitting(places_["time"], kTimes);
    if (places_.contains("date")) day_formats_ = Fitting(places_["date"], kDays);
  }

  std::vector<std::string> Cells(size_t place) const {
    std::vector<std::string> cells;
    for (const Row& row : rows_) {
      if (place < row.size() && !row[place].empty()) cells.push_back(row[place]);
    }
    return cells;
  }

  template <size_t N>
  std::vector<std::string> Fitting(size_t place, const char* const (&patterns)[N]) const {
    std::vector<std::string> fitting;
    const auto cells = Cells(place);
    for (const char* pattern : patterns) {
      const bool fits = std::all_of(cells.begin(), cells.end(), [pattern](const std::string& cell) {
        std::tm parts{};
        const char* rest = strptime(cell.c_str(), pattern, &parts);
        // "%Y" takes 26 for the year 26.
        return rest != nullptr && *rest == '\0' && (parts.tm_year == 0 || parts.tm_year > 69);
      });
      if (fits && !cells.empty()) fitting.emplace_back(pattern);
    }
    return fitting;
  }

  // RFC 3339 needs no pattern.
  bool PlainTimes() const {
    const auto cells = Cells(places_.at("time"));
    return !cells.empty() && std::all_of(cells.begin(), cells.end(), [](const std::string& cell) {
      return cell.size() >= 19 && cell[4] == '-' && (cell[10] == 'T' || cell[10] == ' ') &&
             (cell.size() == 19 || cell[19] == '.' || cell[19] == 'Z' || cell[19] == '+' ||
              cell[19] == '-');
    });
  }

  // "," where a comma stands before the last one or two digits, and no point does.
  void Marks() {
    bool comma = false, point = false, comma_thousands = false, point_thousands = false;
    for (const char* column : {"quantity", "unit_price", "net_amount", "grand_amount"}) {
      const auto place = places_.find(column);
      if (place == places_.end()) continue;
      for (const std::string& cell : Cells(place->second)) {
        const size_t mark = cell.find_last_of(",.");
        if (mark == std::string::npos) continue;
        const auto digits = std::count_if(cell.begin() + static_cast<ptrdiff_t>(mark), cell.end(),
                                          [](char c) { return c >= '0' && c <= '9'; });
        const size_t other = cell.find_first_of(",.");
        (cell[mark] == ',' ? comma : point) |= digits != 3 || other != mark;
        if (other == mark) continue;
        (cell[other] == ',' ? comma_thousands : point_thousands) = true;
      }
    }
    decimal_ = comma && !point ? ',' : '.';
    if (decimal_ == '.' && comma_thousands) thousands_ = ',';
    if (decimal_ == ',' && point_thousands) thousands_ = '.';
  }

  void Pattern(const char* key, const std::vector<std::string>& fitting) {
    if (fitting.empty()) return;
    Line(key, fitting.front());
    if (fitting.size() > 1) {
      out_ += fmt::format("# {} fits as well: see which is the day\n", Quoted(fitting[1]));
    }
  }

  void Line(const char* key, std::string_view value) {
    out_ += fmt::format("{} = {}\n", key, Quoted(value));
  }

  std::string Write() {
    Marks();
    const std::string table = "drop_folder.csv." + name_;
    out_ =
        fmt::format("# Proposed from {}; see what it makes of it: tillrelay send --check\n[{}]\n",
                    Printable(file_name_, 80), table);
    const size_t ending = file_name_.rfind('.');
    Line("files", "*" + (ending == std::string::npos ? "" : file_name_.substr(ending)));
    if (delimiter_ != ',') Line("delimiter", std::string(1, delimiter_));
    if (decimal_ != '.') Line("decimal_mark", std::string(1, decimal_));
    if (thousands_ != '\0') Line("thousands_mark", std::string(1, thousands_));
    if (!encoding_.empty()) Line("encoding", encoding_);
    if (ends_open_) out_ += "final_line_end = false\n";
    if (places_.contains("time") && !PlainTimes()) {
      if (time_formats_.empty()) out_ += "# time_format = \"...\" is needed: no known form fits\n";
      Pattern("time_format", time_formats_);
    }
    if (!day_formats_.empty() && day_formats_.front() != "%Y-%m-%d") {
      Pattern("day_format", day_formats_);
    }
    if (!places_.contains("register")) {
      Line("register", name_);
      out_ += "# no column tells the register: all rows are of this one\n";
    }
    Columns(table);
    Words(table);
    return out_;
  }

  void Columns(const std::string& table) {
    out_ += "[" + table + ".columns]\n";
    for (const Column& column : kColumns) {
      const auto place = places_.find(column.ours);
      if (place != places_.end()) Line(column.ours, header_[place->second]);
    }
    if (!places_.contains("sku") && !places_.contains("gtin") && places_.contains("description")) {
      Line("sku", header_[places_["description"]]);
      out_ += "# no column has article numbers: articles go by their names\n";
    }
    for (const char* needed : {"number", "time"}) {
      if (places_.contains(needed)) continue;
      out_ += fmt::format("# {} = \"...\" is needed: no heading was understood as it\n", needed);
    }
    if (!places_.contains("quantity")) {
      out_ += "[" + table + ".constants]\nquantity = \"1\"\n# no column has quantities\n";
    }
  }

  // What the deciding columns say, for a person to give each word its meaning.
  void Words(const std::string& table) {
    std::string words;
    for (const char* column : {"status", "kind"}) {
      const auto place = places_.find(column);
      if (place == places_.end()) continue;
      const auto cells = Cells(place->second);
      const std::set<std::string> seen(cells.begin(), cells.end());
      size_t count = 0;
      for (const std::string& word : seen) {
        if (++count > kMaxWords) break;
        words += fmt::format("# {}.{} = \"{}\"\n", column, Quoted(Printable(word, 60)),
                             std::string_view(column) == "status" ? "completed" : "sale");
      }
    }
    if (words.empty()) return;
    out_ += "[" + table +
            ".words]\n# the words of this file, where they mean something else than "
            "they say:\n" +
            words;
  }

  const std::string name_, file_name_;
  std::string text_, encoding_, out_;
  bool ends_open_ = false;
  char delimiter_ = ',', decimal_ = '.', thousands_ = '\0';
  Row header_;
  std::vector<Row> rows_;
  std::map<std::string, size_t> places_;
  std::vector<std::string> time_formats_, day_formats_;
};

}  // namespace

Result<std::string> SuggestCsvProfile(const std::string& name, const std::string& file_name,
                                      std::string_view bytes) {
  return Suggestion(name, file_name, bytes).Run();
}

}  // namespace tillrelay::config
