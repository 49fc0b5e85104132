#include "collector/db/pg_array.h"

namespace tillrelay::collector {
namespace {

constexpr uint32_t kByteaOid = 17, kInt8Oid = 20, kTextOid = 25;  // pg_type.dat
constexpr uint32_t kNullLength = 0xFFFFFFFF;

void Big32(uint32_t value, std::string* out) {
  for (int shift = 24; shift >= 0; shift -= 8) out->push_back(static_cast<char>(value >> shift));
}

void Big64(uint64_t value, std::string* out) {
  Big32(static_cast<uint32_t>(value >> 32), out);
  Big32(static_cast<uint32_t>(value), out);
}

}  // namespace

std::string PgArray(const Input::Column& column) {
  std::string out;
  size_t bytes = 20 + column.size() * 12;
  for (const std::string_view text : column.texts) bytes += text.size();
  out.reserve(bytes);
  Big32(column.size() == 0 ? 0 : 1, &out);
  Big32(column.has_null ? 1 : 0, &out);
  Big32(column.number ? kInt8Oid : column.bytes ? kByteaOid : kTextOid, &out);
  if (column.size() == 0) return out;
  Big32(static_cast<uint32_t>(column.size()), &out);
  Big32(1, &out);  // the first index
  for (size_t i = 0; i < column.size(); ++i) {
    if (column.nulls[i]) {
      Big32(kNullLength, &out);
    } else if (column.number) {
      Big32(8, &out);
      Big64(static_cast<uint64_t>(column.numbers[i]), &out);
    } else {
      Big32(static_cast<uint32_t>(column.texts[i].size()), &out);
      out.append(column.texts[i]);
    }
  }
  return out;
}

}  // namespace tillrelay::collector
