#include "collector/gap_table.h"

namespace tillrelay::collector {

Result<std::vector<std::pair<StreamKey, Gap>>> LoadGaps(sqlite::Database* db) {
  auto sql = db->Prepare("SELECT store_id, stream, first, last, since, asked_at FROM gap");
  if (!sql.ok()) return std::move(sql).status();
  std::vector<std::pair<StreamKey, Gap>> gaps;
  for (;;) {
    auto row = sql->Step();
    if (!row.ok()) return std::move(row).status();
    if (!*row) return gaps;
    auto& [key, gap] = gaps.emplace_back();
    key = {std::string(sql->Text(0)), std::string(sql->Text(1))};
    gap.range = {sql->Unsigned(2), sql->Unsigned(3)};
    gap.since = sql->Text(4);
    gap.asked_at = sql->Text(5);
  }
}

Status SaveGaps(sqlite::Database* db, const StreamKey& key, const std::vector<Gap>& gaps) {
  auto clear = db->Prepare("DELETE FROM gap WHERE store_id = ? AND stream = ?");
  if (!clear.ok()) return std::move(clear).status();
  TRY(clear->BindText(1, key.store).BindText(2, key.stream).Run());
  auto insert = db->Prepare("INSERT INTO gap VALUES (?, ?, ?, ?, ?, NULLIF(?, ''))");
  if (!insert.ok()) return std::move(insert).status();
  for (const Gap& gap : gaps) {
    insert->BindText(1, key.store).BindText(2, key.stream);
    insert->Bind(3, gap.range.first).Bind(4, gap.range.last);
    TRY(insert->BindText(5, gap.since).BindText(6, gap.asked_at).Run());
  }
  return Status::Ok();
}

}  // namespace tillrelay::collector
