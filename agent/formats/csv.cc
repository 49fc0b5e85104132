#include "agent/formats/csv.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "agent/formats/csv_constants.h"
#include "agent/formats/csv_receipt.h"
#include "agent/formats/csv_rows.h"
#include "agent/formats/csv_unread.h"
#include "agent/formats/csv_values.h"
#include "agent/formats/poslog/vocabulary.h"
#include "common/base/page_releaser.h"
#include "common/base/text.h"
#include "common/event/item_rules.h"

namespace tillrelay::formats {
namespace {

using event::Rejection;

constexpr size_t kMaxRows = 2'000'000;
// A header may stand behind this many lines that belong to a report.
constexpr size_t kMaxPreamble = 50;

bool SameHeading(const std::string& theirs, const std::string& heading) {
  return heading == theirs || (!Heading(theirs).empty() && Heading(heading) == Heading(theirs));
}

std::optional<SyntaxError> FindColumn(const CsvProfile& profile, const std::string& ours,
                                      const std::string& theirs, const CsvRow& first,
                                      size_t* place) {
  *place = first.fields.size();
  size_t found = 0;
  if (!profile.header) {
    size_t number = 0;
    const auto parsed = std::from_chars(theirs.data(), theirs.data() + theirs.size(), number);
    if (parsed.ec == std::errc() && number > 0) *place = number - 1;
  } else {
    // Blanks at its ends make no other heading.
    const auto same_text = [&theirs](const std::string& heading) {
      return event::WithoutBlanks(heading) == event::WithoutBlanks(theirs);
    };
    const auto exact = std::count_if(first.fields.begin(), first.fields.end(), same_text);
    for (size_t i = 0; i < first.fields.size(); ++i) {
      const std::string& heading = first.fields[i];
      if (exact > 0 ? !same_text(heading) : !SameHeading(theirs, heading)) continue;
      *place = i;
      ++found;
    }
  }
  if (*place < first.fields.size() && found <= 1) return std::nullopt;
  return SyntaxError{
      0, (found > 1 ? "there are two columns " : "there is no column ") + Printable(theirs, 80),
      fmt::format("correct columns.{} of the profile, or the file", ours)};
}

std::optional<SyntaxError> FindColumns(const CsvProfile& profile, const CsvRow& first,
                                       CsvPlaces* places) {
  places->clear();
  for (const auto& [ours, theirs] : profile.columns) {
    size_t place = 0;
    if (auto error = FindColumn(profile, ours, theirs, first, &place)) return error;
    (*places)[ours] = place;
  }
  return std::nullopt;
}

// Whether a word of a column that the profile does not name decides something. Under a heading that
// can mean nothing else a word that is not known does.
bool Decides(std::string_view heading, std::string_view decider, const std::string& word) {
  const bool status = decider == "status";
  if (!status && decider != "kind") return !IsNothing(word);
  if (event::WithoutBlanks(word).empty()) return false;
  if (IsDecisiveCode(word) || WordsTell(word) != Unread::kNothing || DecidingWordsTell(word)) {
    return true;
  }
  const auto meaning = CsvMeaning(status ? DecidingColumn::kStatus : DecidingColumn::kKind, word);
  if (meaning.empty()) return !CouldMeanOthers(heading);
  return meaning != (status ? "completed" : "sale");
}

// The whole file, receipt by receipt, twice: which receipts are torn apart, and whether there is an
// error at all, is known only at its end.
class FileReader {
 public:
  FileReader(const CsvProfile& profile, std::string_view text, const Limits& limits,
             const std::function<void(Item&&)>& sink)
      : profile_(profile), text_(text), limits_(limits), sink_(sink), receipt_(profile, places_) {}

  std::optional<SyntaxError> Run() {
    if (auto error = FindHeader()) return error;
    if (auto error = ReadRows()) return error;
    seen_.clear();
    emits_ = true;
    return ReadRows();
  }
  const std::vector<std::string>& not_read() const { return not_read_; }

 private:
  struct Watched {
    size_t place;
    std::string heading;
    UnreadColumn unread;
    UnreadConstant constant;
    std::string_view decider;    // what it would decide if the profile named it
    std::optional<size_t> twin;  // of "Original payment ID" where "Payment ID" stands
  };

  std::optional<SyntaxError> ReadRows() {
    count_ = 0;
    key_.clear();
    aside_key_.clear();
    CsvRowReader reader = Reader();
    CsvRow row;
    PageReleaser passed(text_.substr(header_end_));
    for (size_t number = 1; reader.Next(&row); ++number) {
      if (number <= header_row_) continue;
      if (emits_) passed.Passed(text_.data() + (open_ ? from_ : row.from));
      if (auto error = OneRow(number, row)) return error;
    }
    if (reader.error()) return reader.error();
    return Close();
  }

  CsvRowReader Reader() const {
    CsvRowReader reader(text_, profile_.delimiter, limits_.string_bytes);
    reader.SkipLines(profile_.skip_lines);
    return reader;
  }

  // The first row that has all columns; rows of a report may stand before it.
  std::optional<SyntaxError> FindHeader() {
    CsvRowReader reader = Reader();
    CsvRow row;
    std::optional<SyntaxError> first_error;
    for (size_t number = 1; number <= kMaxPreamble && reader.Next(&row); ++number) {
      auto error = FindColumns(profile_, row, &places_);
      if (!error) {
        columns_ = row.fields.size();
        header_row_ = profile_.header ? number : 0;
        if (profile_.header) header_ = text_.substr(row.from, row.to - row.from);
        if (profile_.header) header_end_ = row.to;
        if (profile_.header) LookForDeciders(row, &reader);
        if (profile_.header) WatchTheRest(row);
        return std::nullopt;
      }
      if (!first_error) first_error = std::move(error);
      if (!profile_.header) break;
    }
    if (!first_error) return reader.error();
    return first_error;
  }

  // Columns that nobody named, whose heading and words say that they decide. One that holds no such
  // word tells something else.
  void LookForDeciders(const CsvRow& header, CsvRowReader* reader) {
    std::map<size_t, std::string_view> unnamed;
    for (size_t i = 0; i < header.fields.size(); ++i) {
      const std::string_view decider = DeciderByHeading(header.fields[i]);
      const auto is_this = [&](const auto& named) { return named.second == i; };
      const auto ignored = [&](const std::string& name) {
        return SameHeading(name, header.fields[i]);
      };
      if (decider.empty() || places_.contains(decider) ||
          profile_.constants.contains(std::string(decider)) ||
          std::any_of(places_.begin(), places_.end(), is_this) ||
          std::any_of(profile_.ignored.begin(), profile_.ignored.end(), ignored)) {
        continue;
      }
      unnamed[i] = decider;
    }
    if (profile_.is_part) {
      for (const auto& [place, decider] : unnamed) places_.emplace(decider, place);
      return;
    }
    CsvRow row;
    while (!unnamed.empty() && reader->Next(&row)) {
      for (auto at = unnamed.begin(); at != unnamed.end();) {
        const auto [place, decider] = *at;
        const bool decides =
            place < row.fields.size() && Decides(header.fields[place], decider, row.fields[place]);
        if (decides) places_.emplace(decider, place);
        at = decides ? unnamed.erase(at) : std::next(at);
      }
    }
  }

  // All columns that nobody reads.
  void WatchTheRest(const CsvRow& header) {
    for (size_t i = 0; i < header.fields.size(); ++i) {
      const std::string& heading = header.fields[i];
      const auto is_this = [&](const auto& named) { return named.second == i; };
      const auto same = [&](const std::string& name) { return SameHeading(name, heading); };
      if (std::any_of(places_.begin(), places_.end(), is_this)) continue;
      not_read_.push_back(heading);
      if (std::any_of(profile_.ignored.begin(), profile_.ignored.end(), same)) continue;
      Watched column{i,
                     heading,
                     UnreadColumn(heading),
                     UnreadConstant(heading),
                     DeciderByHeading(heading),
                     std::nullopt};
      for (size_t at = 0; at < header.fields.size(); ++at) {
        if (Heading(header.fields[at]) == column.unread.points_at()) column.twin = at;
      }
      if (column.unread.matters() || column.constant.matters(profile_) || !column.decider.empty()) {
        watched_.push_back(std::move(column));
      }
    }
  }

  void LookAtTheRest(const CsvRow& row, CsvReceipt::Moved moved) {
    if (moved == CsvReceipt::Moved::kNothing) return;
    for (const Watched& column : watched_) {
      const std::string& value = row.fields[column.place];
      if (column.constant.matters(profile_)) {
        if (auto why = column.constant.Contradicts(profile_, value)) {
          receipt_.RefuseFor(*why);
        }
      }
      if (moved == CsvReceipt::Moved::kSold && PointsAtItself(column, row)) continue;
      const Unread reported = Reported(column, value);
      const bool known = reported == Unread::kCameBack && moved == CsvReceipt::Moved::kCameBack;
      if (reported == Unread::kNothing || known) continue;
      receipt_.RefuseUnread(column.heading, value, reported);
    }
  }

  // "Original order" that repeats the number of its own receipt: many shops fill it on plain sales.
  bool PointsAtItself(const Watched& column, const CsvRow& row) const {
    if (column.unread.points_at().empty()) return false;
    const std::string& value = row.fields[column.place];
    if (IsSameNumber(value, row.fields[places_.at("number")])) return true;
    return column.twin && IsSameNumber(value, row.fields[*column.twin]);
  }

  // A second column that could be the status or the kind counts as well: what does not plainly say
  // that goods were sold contradicts.
  Unread Reported(const Watched& column, const std::string& value) const {
    const Unread reported = column.unread.Tells(value);
    const bool decides = column.decider == "status" || column.decider == "kind";
    if (reported != Unread::kNothing || !decides) return reported;
    const std::string_view own = receipt_.MeaningOf(column.decider == "kind" ? "kind" : "status",
                                                    std::string(event::WithoutBlanks(value)));
    if (own == "completed" || own == "sale") return Unread::kNothing;
    if (own == "return") return Unread::kCameBack;
    return Decides(column.heading, column.decider, value) ? Unread::kNotHappened : Unread::kNothing;
  }

  std::optional<SyntaxError> OneRow(size_t number, CsvRow& row) {
    if (row.fields.size() != columns_) {
      return SyntaxError{row.from,
                         fmt::format("row {} has {} columns, the first one {}", number,
                                     row.fields.size(), columns_),
                         kCsvHint};
    }
    if (number > kMaxRows && !IsEmpty(row)) {
      return SyntaxError{row.from, "too many rows", "split the file"};
    }
    if (IsEmpty(row) || receipt_.IsNoneOfOurs(row)) return std::nullopt;
    std::string key = receipt_.Key(row);
    const bool same = open_ && key == key_ && receipt_.SameDay(row);
    if (open_ && !same && receipt_.IsNotFinal(row)) {
      aside_key_ = std::move(key);
      aside_ = row;
      return std::nullopt;
    }
    if (!same) {
      if (auto error = Close()) return error;
      key_ = std::move(key);
      Open(row);
    }
    receipt_.Survey(row);
    to_ = row.to;
    return std::nullopt;
  }

  void Open(const CsvRow& row) {
    open_ = true;
    from_ = row.from;
    receipt_.Open();
    if (aside_key_ == key_) {
      receipt_.Survey(aside_);
      if (!receipt_.SameDay(row)) receipt_.Open();
    }
    aside_key_.clear();
  }

  static bool IsEmpty(const CsvRow& row) {
    return std::all_of(row.fields.begin(), row.fields.end(),
                       [](const std::string& field) { return field.empty(); });
  }

  // What is told of the receipt is known only now, at its last row.
  std::optional<SyntaxError> Close() {
    if (!open_) return std::nullopt;
    open_ = false;
    if (receipt_.IsPassedOver()) return std::nullopt;
    if (count_ >= limits_.events) {
      return SyntaxError{from_, fmt::format("more than {} receipts", limits_.events),
                         "split the file"};
    }
    const size_t index = count_++;
    if (emits_) {
      Emit(index);
      return std::nullopt;
    }
    const auto [known, fresh] = seen_.emplace(key_ + receipt_.Day(), index);
    if (!fresh) torn_apart_.insert({known->second, index});
    return std::nullopt;
  }

  void AddRows() {
    receipt_.Start();
    CsvRowReader rows(text_.substr(from_, to_ - from_), profile_.delimiter, limits_.string_bytes);
    CsvRow row;
    while (rows.Next(&row)) {
      // An order that is not final may stand between them; one of the receipt itself refuses it.
      const bool ours = !receipt_.IsNoneOfOurs(row) && !receipt_.IsNotFinal(row);
      if (IsEmpty(row) || !ours || receipt_.Key(row) != key_) continue;
      LookAtTheRest(row, receipt_.Add(row));
    }
  }

  void Emit(size_t index) {
    AddRows();
    Item item{index, receipt_.Finish(), {}, {}};
    item.bytes = {event::DigestOfBytes({profile_.name, header_, Rows()}), true};
    if (torn_apart_.contains(index)) {
      item.outcome = Rejection{"bad-value", "number",
                               "the rows of this receipt do not stand together in the file"};
    }
    if (auto* event = std::get_if<event::Event>(&item.outcome)) {
      event->origin->index = static_cast<int64_t>(index);
    } else {
      item.excerpt = Excerpt();
    }
    sink_(std::move(item));
  }

  std::string_view Rows() const {
    const std::string_view rows = text_.substr(from_, to_ - from_);
    return rows.substr(0, rows.find_last_not_of("\r\n") + 1);
  }

  // The receipt as a file of its own, so that a corrected one can be dropped again.
  std::string Excerpt() const {
    std::string text(header_);
    if (!text.empty()) text += '\n';
    text += text_.substr(from_, std::min(to_ - from_, limits_.event_bytes));
    text += '\n';
    if (text.size() > limits_.event_bytes) text.resize(limits_.event_bytes);
    return text;
  }

  const CsvProfile& profile_;
  const std::string_view text_;
  const Limits& limits_;
  const std::function<void(Item&&)>& sink_;
  CsvPlaces places_;
  CsvReceipt receipt_;
  std::vector<Watched> watched_;
  size_t columns_ = 0, header_row_ = 0, header_end_ = 0;
  std::vector<std::string> not_read_;
  std::string_view header_;
  std::string key_;
  // The last row of an order that is not final, between rows of another receipt.
  CsvRow aside_;
  std::string aside_key_;
  bool open_ = false;
  size_t from_ = 0, to_ = 0;
  bool emits_ = false;  // the second time
  size_t count_ = 0;    // receipts that have ended
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
                                     const Limits& limits, const std::function<void(Item&&)>& sink,
                                     std::vector<std::string>* not_read) {
  std::string copy(bytes);
  return DecodeCsv(profile, copy, limits, sink, not_read);
}

std::optional<SyntaxError> DecodeCsv(const CsvProfile& profile, std::string& bytes,
                                     const Limits& limits, const std::function<void(Item&&)>& sink,
                                     std::vector<std::string>* not_read) {
  // A mark or zero bytes tell more than the profile does.
  const Encoding encoding = EncodingOf(bytes).value_or(profile.encoding);
  Origin origin;
  if (auto fault = MakeUtf8(&bytes, encoding, limits.text_bytes, &origin)) {
    return SyntaxError{fault->offset, fault->what, "send the file again, whole, or as UTF-8"};
  }
  const std::string_view text =
      std::string_view(bytes).substr(encoding == Encoding::kUtf8 ? origin.mark_bytes : 0);
  const auto at = [&](SyntaxError error) {
    error.offset = OriginalOffset(text, origin, error.offset);
    return error;
  };
  const size_t invalid = FirstInvalidUtf8(text);
  if (invalid != std::string_view::npos) {
    return at({invalid, "not UTF-8", "save the file as UTF-8, or set encoding in its profile"});
  }
  // A row is complete with its line end; without one nobody knows what was cut off.
  if (profile.final_line_end && !text.empty() && text.back() != '\n') {
    return at({text.size(), "the last row has no line end", "send the file again, whole"});
  }
  FileReader reader(profile, text, limits, sink);
  if (auto error = reader.Run()) return at(*std::move(error));
  if (not_read != nullptr) *not_read = reader.not_read();
  return std::nullopt;
}

}  // namespace tillrelay::formats
