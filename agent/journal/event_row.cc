#include "agent/journal/event_row.h"

namespace tillrelay::journal {

bool IsSound(const Row& row, const Seal& seal) {
  const Seal expected = SealOf({row.position, row.id, Micros(row.recorded_at), row.data_digest,
                                row.kind, row.subject, row.time});
  return seal == expected && Sha256(row.data) == row.data_digest;
}

bool ReadEventRow(const sqlite::Statement& select, Row* row) {
  Seal seal{};
  row->position = select.Unsigned(0);
  const bool whole = select.CopyBlob(1, &row->id) && select.CopyBlob(7, &row->data_digest) &&
                     select.CopyBlob(8, &seal);
  row->kind = select.Text(2);
  row->subject = select.Text(3);
  row->time = select.Text(4);
  row->recorded_at = WallTime(std::chrono::microseconds(select.Int(5)));
  row->data = select.Text(6);
  return whole && IsSound(*row, seal);
}

}  // namespace tillrelay::journal
