// Whose events stand in a file that was written over: a copy of before an earlier repair has other
// events at the positions that were given since.
#include <algorithm>

#include "agent/journal/repair/take_over.h"
#include "agent/journal/stream_tables.h"

namespace tillrelay::journal {

TakeOver::Job* TakeOver::YoungestOf(const std::string& file) {
  const auto found = std::find_if(jobs_.begin(), jobs_.end(), [&file](const Job& job) {
    return job.row.youngest && job.row.file == file;
  });
  return found == jobs_.end() ? nullptr : &*found;
}

// From this position on other events may stand in the job's file than those that were given these
// numbers. UINT64_MAX: nowhere.
uint64_t TakeOver::ForeignFrom(Job* job) {
  if (job->foreign_from) return *job->foreign_from;
  if (!OpenSource(job)) return UINT64_MAX;  // it is tried again
  const Job* youngest = YoungestOf(job->row.file);
  const auto ours = ReadStreams(db_);
  const auto theirs = job->db.open() ? ReadStreams(&job->db)
                                     : Result<std::vector<StreamRow>>(std::vector<StreamRow>());
  if (youngest == nullptr || !ours.ok()) {
    job->foreign_from = UINT64_MAX;
  } else if (theirs.ok() && !theirs->empty()) {
    job->foreign_from = MissingFrom(*ours, *theirs, youngest->row.stream);
  } else {
    job->foreign_from = UnprovenFrom(*ours, job->row.file);
  }
  return *job->foreign_from;
}

// The file says itself which streams it has.
uint64_t TakeOver::MissingFrom(const std::vector<StreamRow>& ours,
                               const std::vector<StreamRow>& theirs, const std::string& youngest) {
  uint64_t from = UINT64_MAX;
  for (const StreamRow& row : ours) {
    const bool known = std::any_of(theirs.begin(), theirs.end(), [&row](const StreamRow& their) {
      return their.stream == row.stream;
    });
    if (!known) from = std::min(from, row.first);
    if (row.stream == youngest) return known ? UINT64_MAX : from;
  }
  return UINT64_MAX;
}

// It does not: what waited in the streams that an earlier repair opened has to give their chain.
uint64_t TakeOver::UnprovenFrom(const std::vector<StreamRow>& ours, const std::string& file) {
  uint64_t from = UINT64_MAX;
  for (const StreamRow& row : ours) {
    const auto job = std::find_if(jobs_.begin(), jobs_.end(), [&](const Job& one) {
      return one.row.file == file && one.row.stream == row.stream;
    });
    if (!row.has_opening() || job == jobs_.end() || ChainHolds(&*job, row)) continue;
    from = std::min(from, row.first);
  }
  return from;
}

// `row` ends at what was delivered; a mark says how far the stream had come.
bool TakeOver::ChainHolds(Job* job, const StreamRow& row) {
  std::optional<ChainMark> end;
  auto check = SealCheckOf(db_);
  const Status read =
      !check.ok() ? check.status() : ForEachMark(db_, *check, [&](const ChainMark& mark) {
        if (mark.stream == row.stream && (!end || mark.sequence > end->sequence)) end = mark;
        return Status::Ok();
      });
  if (!read.ok() || !end || row.head_chain == kUnknownChain) return false;
  for (bool more = true; more;) {
    auto searched = SearchPages(job);
    if (!searched.ok()) return false;
    more = *searched;
  }
  wire::Chain chain = row.head_chain;
  for (uint64_t number = row.head + 1; number <= end->sequence; ++number) {
    const std::vector<Row> rows = RowsAt(job, row.base + number);
    if (rows.size() != 1) return false;
    chain = wire::NextChain(chain, number, rows[0].id, rows[0].data_digest);
  }
  return chain == end->chain;
}

}  // namespace tillrelay::journal
