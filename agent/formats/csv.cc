#include "agent/formats/csv.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <set>

#include "agent/formats/self_check.h"
#include "common/base/text.h"
#include "common/event/event_json.h"
#include "common/event/item_rules.h"

namespace tillrelay::formats {
namespace {

using event::Rejection;

constexpr size_t kMaxColumns = 256;
constexpr size_t kMaxRows = 2'000'000;
constexpr size_t kMaxIdBytes = 128;
constexpr const char* kHint = "write CSV as in RFC 4180, whole, with the profile's delimiter";

struct Row {
  size_t from = 0, to = 0;  // bytes
  std::vector<std::string> fields;
};

// Splits rows; a quoted field may hold delimiters and line ends.
class RowReader {
 public:
  RowReader(std::string_view text, char delimiter, size_t field_bytes)
      : text_(text), delimiter_(delimiter), field_bytes_(field_bytes) {}

  // False at the end or on an error.
  bool Next(Row* row) {
    SkipEmptyLines();
    if (at_ >= text_.size() || error_) return false;
    row->from = at_;
    row->fields.clear();
    while (!error_) {
      row->fields.push_back(Field());
      if (row->fields.size() > kMaxColumns) Fail("more than 256 columns");
      if (row->fields.back().size() > field_bytes_) Fail("a field is too long");
      if (at_ < text_.size() && text_[at_] == delimiter_) {
        ++at_;
        continue;
      }
      break;
    }
    row->to = at_;
    return !error_;
  }
  const std::optional<SyntaxError>& error() const { return error_; }

 private:
  void SkipEmptyLines() {
    while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
  }
  bool AtEndOfField() const {
    return at_ >= text_.size() || text_[at_] == delimiter_ || text_[at_] == '\n' ||
           text_[at_] == '\r';
  }

  std::string Field() {
    if (at_ < text_.size() && text_[at_] == '"') return Quoted();
    const size_t from = at_;
    while (!AtEndOfField()) {
      if (text_[at_] == '"') {
        Fail("a quotation mark inside a field that does not begin with one");
        return {};
      }
      ++at_;
    }
    return std::string(text_.substr(from, at_ - from));
  }

  std::string Quoted() {
    std::string field;
    const size_t from = at_++;
    for (;;) {
      const size_t quote = text_.find('"', at_);
      if (quote == std::string_view::npos) {
        at_ = from;
        Fail("the quotation mark is not closed");
        return {};
      }
      field += text_.substr(at_, quote - at_);
      at_ = quote + 1;
      if (at_ >= text_.size() || text_[at_] != '"') break;
      field += '"';
      ++at_;
    }
    if (!AtEndOfField()) Fail("text behind a closing quotation mark");
    return field;
  }

  void Fail(std::string what) {
    if (!error_) error_ = SyntaxError{at_, std::move(what), kHint};
  }

  const std::string_view text_;
  const char delimiter_;
  const size_t field_bytes_;
  size_t at_ = 0;
  std::optional<SyntaxError> error_;
};

// Where each of our columns stands in a row.
using Places = std::map<std::string, size_t, std::less<>>;

std::optional<SyntaxError> FindColumns(const CsvProfile& profile, const Row& first,
                                       Places* places) {
  for (const auto& [ours, theirs] : profile.columns) {
    size_t place = 0;
    if (profile.header) {
      const auto found = std::find(first.fields.begin(), first.fields.end(), theirs);
      place = static_cast<size_t>(found - first.fields.begin());
    } else {
      const auto parsed = std::from_chars(theirs.data(), theirs.data() + theirs.size(), place);
      place = parsed.ec == std::errc() && place > 0 ? place - 1 : first.fields.size();
    }
    if (place >= first.fields.size()) {
      return SyntaxError{0, fmt::format("there is no column {}", Printable(theirs, 80)),
                         fmt::format("correct columns.{} of the profile, or the file", ours)};
    }
    (*places)[ours] = place;
  }
  return std::nullopt;
}

// "21.11.2026 17:42" by the profile's pattern, as in RFC 3339 without offset; "" if it does not
// fit.
std::string Reformat(const std::string& text, const std::string& pattern, const char* shape) {
  if (pattern.empty()) return text;
  std::tm parts{};
  const char* rest = strptime(text.c_str(), pattern.c_str(), &parts);
  if (rest == nullptr || *rest != '\0') return {};
  char buffer[32];
  return {buffer, std::strftime(buffer, sizeof buffer, shape, &parts)};
}

// The rows of one receipt, gathered into one event.
class Receipt {
 public:
  Receipt(const CsvProfile& profile, const Places& places) : profile_(profile), places_(places) {}

  void Start(const Row& row) {
    event_ = event::Event();
    rejection_.reset();
    row_ = 0;
    sums_ = Sums();
    event_.origin.emplace();
    event_.origin->dialect = "csv/" + profile_.name;
    event_.origin->mapper = "csv@1";
    event::Transaction& t = event_.transaction.emplace();
    t.store_id = Or(row, "store", profile_.store_id);
    t.register_id = Or(row, "register", profile_.register_id);
    t.transaction_no = Id(row, "number");
    t.end_at = Time(row, "time", profile_.time_format, "%Y-%m-%dT%H:%M:%S");
    t.business_day = places_.contains("business_day")
                         ? Time(row, "business_day", profile_.day_format, "%Y-%m-%d")
                         : t.end_at.substr(0, 10);
    event_.currency = Or(row, "currency", profile_.currency);
    if (places_.contains("grand_amount")) {
      sums_.grand = event_.totals.emplace().grand_amount = Number(row, "grand_amount");
    }
  }

  void Add(const Row& row) {
    ++row_;
    event::Line line;
    line.item.sku = Id(row, "sku");
    line.item.gtin = Id(row, "gtin");
    line.item.description = Text(row, "description");
    line.uom = event::UomOf(Or(row, "uom", profile_.uom));
    if (line.uom.empty()) Refuse("bad-value", "uom", "this unit is not known");
    if (event::IsNonStock(line.item, profile_.non_stock)) line.non_stock = true;
    line.quantity = Number(row, "quantity");
    if (!line.quantity) Refuse("missing-field", "quantity", "this field is required");
    line.net_amount = Number(row, "net_amount");
    const bool back = line.quantity && line.quantity->negative();
    line.action = back ? "return" : "sale";
    if (line.net_amount) {
      sums_.lines.Add(back ? -Magnitude(*line.net_amount) : *line.net_amount);
    }
    if (back) line.quantity = -*line.quantity;
    if (back && line.net_amount && line.net_amount->negative()) line.net_amount = -*line.net_amount;
    event_.lines.push_back(std::move(line));
  }

  std::variant<event::Event, Rejection> Finish() {
    const auto returns = std::count_if(event_.lines.begin(), event_.lines.end(),
                                       [](const event::Line& l) { return l.action == "return"; });
    const auto all = static_cast<std::ptrdiff_t>(event_.lines.size());
    event_.kind = returns == 0     ? event::Kind::kSale
                  : returns == all ? event::Kind::kReturn
                                   : event::Kind::kExchange;
    CheckTotal();
    if (rejection_) return *std::move(rejection_);
    return std::move(event_);
  }

  std::string Key(const Row& row) const {
    std::string key;
    for (const char* part : {"store", "register", "business_day", "number"}) {
      key += Text(row, part) + '\x1f';
    }
    return key;
  }

 private:
  void CheckTotal() {
    if (!event_.totals || !sums_.grand || !places_.contains("net_amount")) {
      event_.origin->flags.emplace_back("unchecked");
      return;
    }
    sums_.line_count = event_.lines.size();
    std::optional<bool> included;
    auto rejection = SelfCheck(sums_, TaxRule::kIncluded, "grand_amount", &included);
    if (rejection && !rejection_) rejection_ = std::move(rejection);
  }

  std::string Text(const Row& row, std::string_view column) const {
    const auto place = places_.find(column);
    return place == places_.end() ? std::string() : row.fields[place->second];
  }
  std::string Id(const Row& row, std::string_view column) {
    std::string text = Text(row, column);
    if (text.size() > kMaxIdBytes) Refuse("bad-value", column, "longer than 128 bytes");
    return text.substr(0, kMaxIdBytes);
  }
  std::string Or(const Row& row, std::string_view column, const std::string& otherwise) {
    std::string text = Id(row, column);
    return text.empty() ? otherwise : text;
  }
  std::string Time(const Row& row, std::string_view column, const std::string& pattern,
                   const char* shape) {
    const std::string told = Id(row, column);
    const std::string text = Reformat(told, pattern, shape);
    if (text.empty() && !told.empty()) {
      Refuse("bad-value", column, "does not have the profile's form " + pattern);
    }
    return text;
  }
  std::optional<Decimal> Number(const Row& row, std::string_view column) {
    std::string text = Text(row, column);
    if (text.empty()) return std::nullopt;
    const char foreign = profile_.decimal_mark == ',' ? '.' : ',';
    const bool wrong_mark = text.find(foreign) != std::string::npos;
    std::replace(text.begin(), text.end(), profile_.decimal_mark, '.');
    bool rounded = false;
    const auto value = Decimal::Parse(text, &rounded);
    if (wrong_mark || !value.ok()) {
      Refuse("bad-value", column,
             fmt::format("expected a number such as 12{}50", profile_.decimal_mark));
      return std::nullopt;
    }
    if (rounded) Flag("rounded");
    return *value;
  }
  void Flag(const char* flag) {
    auto& flags = event_.origin->flags;
    if (std::find(flags.begin(), flags.end(), flag) == flags.end()) flags.emplace_back(flag);
  }
  void Refuse(const char* reason, std::string_view column, std::string hint) {
    if (rejection_) return;
    rejection_ =
        Rejection{reason, row_ == 0 ? std::string(column) : fmt::format("row {}.{}", row_, column),
                  std::move(hint)};
  }

  const CsvProfile& profile_;
  const Places& places_;
  event::Event event_;
  size_t row_ = 0;  // of this receipt
  Sums sums_;
  std::optional<Rejection> rejection_;
};

// The whole file, receipt by receipt; items wait until its end is seen.
class FileReader {
 public:
  FileReader(const CsvProfile& profile, std::string_view text, const Limits& limits)
      : profile_(profile), text_(text), limits_(limits), receipt_(profile, places_) {}

  std::optional<SyntaxError> Run() {
    RowReader reader(text_, profile_.delimiter, limits_.string_bytes);
    Row row;
    for (size_t number = 1; reader.Next(&row); ++number) {
      if (auto error = OneRow(number, row)) return error;
    }
    if (reader.error()) return reader.error();
    Close();
    for (const size_t index : torn_apart_) {
      items_[index].outcome = Rejection{
          "bad-value", "number", "the rows of this receipt do not stand together in the file"};
    }
    return std::nullopt;
  }
  std::vector<Item>& items() { return items_; }

 private:
  std::optional<SyntaxError> OneRow(size_t number, Row& row) {
    if (number == 1) {
      columns_ = row.fields.size();
      if (auto error = FindColumns(profile_, row, &places_)) return error;
      header_ = profile_.header ? text_.substr(row.from, row.to - row.from) : std::string_view();
      if (profile_.header) return std::nullopt;
    }
    if (row.fields.size() != columns_) {
      return SyntaxError{row.from,
                         fmt::format("row {} has {} columns, the first one {}", number,
                                     row.fields.size(), columns_),
                         kHint};
    }
    if (number > kMaxRows) return SyntaxError{row.from, "too many rows", "split the file"};
    std::string key = receipt_.Key(row);
    if (!open_ || key != key_) {
      Close();
      if (items_.size() >= limits_.events) {
        return SyntaxError{row.from, fmt::format("more than {} receipts", limits_.events),
                           "split the file"};
      }
      key_ = std::move(key);
      open_ = true;
      from_ = row.from;
      receipt_.Start(row);
    }
    receipt_.Add(row);
    to_ = row.to;
    return std::nullopt;
  }

  void Close() {
    if (!open_) return;
    open_ = false;
    Item item{items_.size(), receipt_.Finish(), {}};
    item.excerpt = Excerpt();
    const auto [known, fresh] = seen_.emplace(key_, items_.size());
    if (!fresh) {
      torn_apart_.insert(known->second);
      torn_apart_.insert(items_.size());
    }
    items_.push_back(std::move(item));
  }

  // The receipt as a file of its own, so that a corrected one can be dropped again.
  std::string Excerpt() const {
    std::string text(header_);
    if (!text.empty()) text += '\n';
    text += text_.substr(from_, std::min(to_ - from_, limits_.event_bytes));
    if (text.size() > limits_.event_bytes) text.resize(limits_.event_bytes);
    return text;
  }

  const CsvProfile& profile_;
  const std::string_view text_;
  const Limits& limits_;
  Places places_;
  Receipt receipt_;
  size_t columns_ = 0;
  std::string_view header_;
  std::string key_;
  bool open_ = false;
  size_t from_ = 0, to_ = 0;
  std::vector<Item> items_;
  std::map<std::string, size_t> seen_;
  std::set<size_t> torn_apart_;
};

}  // namespace

std::string_view CsvProfileOf(std::string_view content_type) {
  constexpr std::string_view kName = "profile=";
  const size_t at = content_type.find(kName);
  if (at == std::string_view::npos) return {};
  std::string_view value = content_type.substr(at + kName.size());
  value = value.substr(0, value.find_first_of("; \t"));
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  return value;
}

const CsvProfile* CsvByName(const std::vector<CsvProfile>& profiles, std::string_view name) {
  if (name.empty() && profiles.size() == 1) return &profiles.front();
  for (const CsvProfile& profile : profiles) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
}

const CsvProfile* CsvByFile(const std::vector<CsvProfile>& profiles, const std::string& file_name) {
  for (const CsvProfile& profile : profiles) {
    if (fnmatch(profile.files.c_str(), file_name.c_str(), 0) == 0) return &profile;
  }
  return nullptr;
}

std::optional<SyntaxError> DecodeCsv(const CsvProfile& profile, std::string_view bytes,
                                     const Limits& limits,
                                     const std::function<void(Item&&)>& sink) {
  // A mark or zero bytes tell more than the profile does.
  const Encoding encoding = EncodingOf(bytes).value_or(profile.encoding);
  const Utf8 utf8 = ToUtf8(bytes, encoding);
  if (utf8.torn) {
    return SyntaxError{*utf8.torn, "half a UTF-16 character", "send the file again, whole"};
  }
  const auto at = [&](SyntaxError error) {
    error.offset = OriginalOffset(bytes, encoding, error.offset);
    return error;
  };
  const std::string_view text = utf8.text;
  const size_t invalid = FirstInvalidUtf8(text);
  if (invalid != std::string_view::npos) {
    return at({invalid, "not UTF-8", "save the file as UTF-8, or set encoding in its profile"});
  }
  // A row is complete with its line end; without one nobody knows what was cut off.
  if (!text.empty() && text.back() != '\n') {
    return at({text.size(), "the last row has no line end", "send the file again, whole"});
  }
  FileReader reader(profile, text, limits);
  if (auto error = reader.Run()) return at(*std::move(error));
  for (Item& item : reader.items()) {
    if (auto* event = std::get_if<event::Event>(&item.outcome)) {
      event->origin->index = static_cast<int64_t>(item.index);
      item.excerpt.clear();
    }
    sink(std::move(item));
  }
  return std::nullopt;
}

}  // namespace tillrelay::formats
