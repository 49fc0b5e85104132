#include "collector/ledger/negative_cells.h"

namespace tillrelay::collector {
namespace {

#define TILLRELAY_NEGATIVES(bucket)                                                            \
  "INSERT INTO negative_cell (store_id, item, uom, bucket, since)"                             \
  " SELECT s.store_id, s.item, s.uom, '" bucket "', r.a FROM {rows} JOIN stock s ON s." bucket \
  " < 0 WHERE true ON CONFLICT DO NOTHING"
const Statement kNegatives[] = {{TILLRELAY_NEGATIVES("on_hand"), "a"},
                                {TILLRELAY_NEGATIVES("reserved"), "a"},
                                {TILLRELAY_NEGATIVES("damaged"), "a"},
                                {TILLRELAY_NEGATIVES("in_transit"), "a"}};
#undef TILLRELAY_NEGATIVES
const Statement kOver(
    "DELETE FROM negative_cell WHERE NOT EXISTS (SELECT 1 FROM stock s"
    " WHERE s.store_id = negative_cell.store_id AND s.item = negative_cell.item"
    " AND s.uom = negative_cell.uom AND CASE negative_cell.bucket WHEN 'on_hand' THEN s.on_hand"
    " WHEN 'reserved' THEN s.reserved WHEN 'damaged' THEN s.damaged ELSE s.in_transit END < 0)",
    "");

}  // namespace

Status RecountNegatives(Sql* sql, const std::string& now) {
  TRY(sql->Queue(kOver, Input(kOver)));
  for (const Statement& negatives : kNegatives) {
    Input input(negatives);
    TRY(sql->Queue(negatives, input.Text(now)));
  }
  return Status::Ok();
}

}  // namespace tillrelay::collector
