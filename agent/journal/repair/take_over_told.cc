// What is told again while a damaged file is being taken over: it is looked for there first.
#include <algorithm>

#include "agent/journal/repair/take_over.h"
#include "agent/journal/retold.h"

namespace tillrelay::journal {

KnownRow TakeOver::KnownFrom(const sqlite::Statement& row) {
  KnownRow known;
  known.key = row.Text(0);
  row.CopyBlob(1, &known.id);
  known.digest = row.Blob(2);
  known.position = row.Unsigned(3);
  if (!row.IsNull(4)) known.at_s = row.Int(4);
  return known;
}

Status TakeOver::Fetch(const std::string& first, const std::string& last) {
  for (Job& job : jobs_) {
    if (!job.row.youngest || ListIsRead(job)) continue;
    if (!OpenSource(&job) || !job.known.prepared()) continue;
    std::vector<KnownRow> rows;
    job.known.BindText(1, first).BindText(2, last);
    for (;;) {
      auto found = job.known.Step();
      if (!found.ok() || !*found) break;  // what cannot be read is not known
      rows.push_back(KnownFrom(job.known));
    }
    for (KnownRow& row : rows) {
      changed_ = true;
      TRY(TakeKnown(job.row.file, std::move(row), true));
    }
  }
  return Status::Ok();
}

void TakeOver::LoadMoved(Job* job) {
  job->moved.emplace();
  auto all = job->db.Prepare(std::string("SELECT key,digest FROM known WHERE ") + Retold::kMoved);
  if (!all.ok()) return;
  for (;;) {
    auto row = all->Step();
    if (!row.ok() || !*row) return;  // what cannot be read is not known
    if (const auto bytes = Retold::MovedBytes(all->Blob(1))) {
      job->moved->emplace(*bytes, std::string(all->Text(0)));
    }
  }
}

Status TakeOver::FetchBytes(uint64_t digest) {
  std::vector<std::string> keys;
  for (Job& job : jobs_) {
    if (!job.row.youngest || !OpenSource(&job) || !job.db.open()) continue;
    if (!job.moved) LoadMoved(&job);
    const auto found = job.moved->find(digest);
    if (found != job.moved->end()) keys.push_back(found->second);
  }
  for (const std::string& key : keys) TRY(Fetch(key));
  return Status::Ok();
}

// Whether what stands there was brought over, and not told since. Of an older file's runs some may
// lead into a file that is itself being taken over, so that the id decides where it can be read.
Result<bool> TakeOver::Brought(uint64_t position) {
  auto id = target_->IdAt(position);
  if (!id.ok() && id.status().code() != Code::kNotFound) return std::move(id).status();
  for (Job& job : jobs_) {
    for (const Run& run : job.runs) {
      if (position < run.position || position > run.PositionOf(run.last)) continue;
      if (!id.ok() || !OpenSource(&job)) return true;
      const auto rows = RowsAt(&job, run.first + (position - run.position));
      const auto is_it = [&id](const Row& row) { return row.id == *id; };
      if (rows.empty() || std::any_of(rows.begin(), rows.end(), is_it)) return true;
    }
  }
  return false;
}

}  // namespace tillrelay::journal
