// The format of the pages: https://www.sqlite.org/fileformat2.html, sections 1.6 and 4.
#include "agent/journal/repair/raw_rows.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "agent/journal/event_row.h"

namespace tillrelay::journal {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kFileHeader = 100;  // in front of the first page's content
constexpr uint64_t kLogHeader = 32, kFrameHeader = 24;
constexpr unsigned char kTableLeaf = 13;
constexpr uint64_t kLeafHeader = 8;
// How much of a large payload stays on its page.
constexpr uint64_t kMostLocal = kPage - 35, kLeastLocal = (kPage - 12) * 32 / 255 - 23;
constexpr uint64_t kMaxPayload = 64 * 1024 * 1024;
constexpr size_t kColumns = 9;  // of table `event`

unsigned char ByteAt(std::string_view bytes, size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

uint64_t BigEndian(std::string_view bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | ByteAt(bytes, at + i);
  return value;
}

// Takes a variable-length integer off the front; false where the bytes end.
bool TakeVarint(std::string_view* bytes, uint64_t* value) {
  *value = 0;
  for (size_t i = 0; i < 9; ++i) {
    if (i >= bytes->size()) return false;
    const unsigned char byte = ByteAt(*bytes, i);
    if (i == 8) {
      *value = *value << 8 | byte;
    } else {
      *value = *value << 7 | (byte & 0x7f);
    }
    if (i == 8 || (byte & 0x80) == 0) {
      bytes->remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

uint64_t BytesOfType(uint64_t type) {
  constexpr uint64_t kSmall[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0};
  if (type < std::size(kSmall)) return kSmall[type];
  return type < 12 ? UINT64_MAX : (type - 12) / 2;
}

int64_t IntegerOf(uint64_t type, std::string_view bytes) {
  if (type == 8 || type == 9) return static_cast<int64_t>(type - 8);
  uint64_t value = BigEndian(bytes, 0, bytes.size());
  const unsigned bits = static_cast<unsigned>(bytes.size()) * 8;
  if (bits > 0 && bits < 64 && (value >> (bits - 1)) != 0) value |= ~uint64_t{0} << bits;
  return static_cast<int64_t>(value);
}

// The row in a record of the table `event`, if it is one and its seal fits.
std::optional<Row> RowOf(uint64_t position, std::string_view payload) {
  std::string_view rest = payload;
  uint64_t header = 0;
  if (!TakeVarint(&rest, &header) || header > payload.size()) return std::nullopt;
  std::string_view types = payload.substr(payload.size() - rest.size());
  if (header < payload.size() - rest.size()) return std::nullopt;
  types = types.substr(0, header - (payload.size() - rest.size()));
  std::string_view body = payload.substr(header);
  std::array<std::string_view, kColumns> columns;
  std::array<uint64_t, kColumns> type{};
  for (size_t i = 0; i < kColumns; ++i) {
    if (!TakeVarint(&types, &type[i])) return std::nullopt;
    const uint64_t size = BytesOfType(type[i]);
    if (size > body.size()) return std::nullopt;
    columns[i] = body.substr(0, size);
    body.remove_prefix(size);
  }
  Row row;
  Seal seal{};
  if (!types.empty() || columns[1].size() != row.id.size() ||
      columns[7].size() != row.data_digest.size() || columns[8].size() != seal.size()) {
    return std::nullopt;
  }
  row.position = position;
  std::copy(columns[1].begin(), columns[1].end(), row.id.begin());
  row.kind = columns[2];
  row.subject = columns[3];
  row.time = columns[4];
  row.recorded_at = WallTime(std::chrono::microseconds(IntegerOf(type[5], columns[5])));
  row.data = columns[6];
  std::copy(columns[7].begin(), columns[7].end(), row.data_digest.begin());
  std::copy(columns[8].begin(), columns[8].end(), seal.begin());
  if (!IsSound(row, seal)) return std::nullopt;
  return row;
}

uint64_t LocalBytes(uint64_t payload) {
  if (payload <= kMostLocal) return payload;
  const uint64_t local = kLeastLocal + (payload - kLeastLocal) % (kPage - 4);
  return local <= kMostLocal ? local : kLeastLocal;
}

}  // namespace

RawRows::RawRows(const std::string& database, const std::string& log, uint64_t from)
    : sources_{{Fd(open(log.c_str(), O_RDONLY | O_CLOEXEC)), 0, kLogHeader, kFrameHeader},
               {Fd(open(database.c_str(), O_RDONLY | O_CLOEXEC)), 0, 0, 0}},
      from_(from) {
  for (Source& source : sources_) {
    struct stat info {};
    if (source.file.valid() && fstat(source.file.get(), &info) == 0) {
      source.size = static_cast<uint64_t>(info.st_size);
    }
  }
  IndexLog();
}

// Which page each frame of the log holds; the last one of a page counts.
void RawRows::IndexLog() {
  const Source& log = sources_[kLog];
  std::string number(4, '\0');
  for (uint64_t frame = 0; frame < PagesOf(log); ++frame) {
    const auto at = static_cast<off_t>(log.header + frame * (kPage + log.frame));
    if (pread(log.file.get(), number.data(), number.size(), at) != 4) continue;
    in_log_[static_cast<uint32_t>(BigEndian(number, 0, 4))] = static_cast<uint32_t>(frame);
  }
}

// A page that was cut short counts: what is left of it may hold rows.
uint64_t RawRows::PagesOf(const Source& source) const {
  if (source.size <= source.header) return 0;
  return (source.size - source.header + kPage + source.frame - 1) / (kPage + source.frame);
}

Status RawRows::ReadPage(const Source& source, uint64_t page, std::string* bytes) const {
  bytes->assign(kPage, '\0');
  const uint64_t at = source.header + page * (kPage + source.frame) + source.frame;
  const ssize_t count =
      pread(source.file.get(), bytes->data(), bytes->size(), static_cast<off_t>(at));
  // A bad block costs its page, not the file.
  if (count < 0 && errno != EIO) return Unavailable("damaged journal: " + ErrnoText(errno));
  return Status::Ok();
}

Result<bool> RawRows::Scan(size_t bytes) {
  std::string page;
  for (uint64_t read = 0; source_ < 2 && read < bytes;) {
    const Source& source = sources_[source_];
    if (page_ >= PagesOf(source)) {
      ++source_;
      page_ = 0;
      continue;
    }
    TRY(ReadPage(source, page_, &page));
    for (const Row& row : RowsOf(source_, page, 0)) {
      found_.push_back({row.position, source_, static_cast<uint32_t>(page_)});
    }
    ++page_;
    read += kPage;
  }
  if (source_ < 2) return true;
  std::sort(found_.begin(), found_.end());
  found_.erase(std::unique(found_.begin(), found_.end()), found_.end());
  scanned_ = true;
  return false;
}

std::vector<Row> RawRows::RowsOf(uint32_t source, const std::string& page, uint64_t only) const {
  std::vector<Row> rows;
  const bool first = source == kDatabase && page.starts_with("SQLite format 3");
  const size_t at = first ? kFileHeader : 0;
  if (ByteAt(page, at) != kTableLeaf) return rows;
  const uint64_t cells = BigEndian(page, at + 3, 2);
  for (uint64_t i = 0; i < cells; ++i) {
    const uint64_t pointer = at + kLeafHeader + 2 * i;
    if (pointer + 2 > kPage) break;
    const uint64_t cell_at = BigEndian(page, pointer, 2);
    if (cell_at < at + kLeafHeader || cell_at >= kPage) continue;
    std::string_view cell = std::string_view(page).substr(cell_at);
    uint64_t size = 0, position = 0;
    if (!TakeVarint(&cell, &size) || !TakeVarint(&cell, &position)) continue;
    const uint64_t local = LocalBytes(size);
    const uint64_t needed = local + (local < size ? 4 : 0);
    if (position < from_ || (only != 0 && position != only)) continue;
    if (size > kMaxPayload || cell.size() < needed) continue;
    if (local == size) {
      if (auto row = RowOf(position, cell.substr(0, size))) rows.push_back(*std::move(row));
      continue;
    }
    const auto next = static_cast<uint32_t>(BigEndian(cell, local, 4));
    // Its further pages as the log has them, else as the database has them.
    for (const bool use_log : {true, false}) {
      auto payload = WithOverflow(std::string(cell.substr(0, local)), size, next, use_log);
      auto row = RowOf(position, payload);
      if (!row) continue;
      rows.push_back(*std::move(row));
      break;
    }
  }
  return rows;
}

std::string RawRows::WithOverflow(std::string payload, uint64_t size, uint32_t next,
                                  bool use_log) const {
  std::string page;
  while (payload.size() < size && next > 0) {
    const auto in_log = in_log_.find(next);
    const bool logged = use_log && in_log != in_log_.end();
    const Source& source = sources_[logged ? kLog : kDatabase];
    const uint64_t number = logged ? in_log->second : next - 1;
    if (number >= PagesOf(source) || !ReadPage(source, number, &page).ok()) break;
    next = static_cast<uint32_t>(BigEndian(page, 0, 4));
    payload.append(page, 4, std::min<uint64_t>(size - payload.size(), kPage - 4));
  }
  return payload;
}

std::vector<Row> RawRows::At(uint64_t position) {
  std::vector<Row> rows;
  std::string page;
  auto found = std::lower_bound(found_.begin(), found_.end(), Found{position, 0, 0});
  for (; found != found_.end() && found->position == position; ++found) {
    if (!ReadPage(sources_[found->source], found->page, &page).ok()) continue;
    for (Row& row : RowsOf(found->source, page, position)) {
      const bool known = std::any_of(rows.begin(), rows.end(), [&](const Row& other) {
        return other.id == row.id && other.data_digest == row.data_digest;
      });
      if (!known) rows.push_back(std::move(row));
    }
  }
  return rows;
}

uint64_t RawRows::Next(uint64_t position) const {
  const auto found = std::lower_bound(found_.begin(), found_.end(), Found{position, 0, 0});
  return found == found_.end() ? 0 : found->position;
}

}  // namespace tillrelay::journal
