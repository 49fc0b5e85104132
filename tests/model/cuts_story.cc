#include "tests/model/cuts_story.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "agent/journal/repair/backup.h"
#include "tests/support/fault_disk.h"

namespace tillrelay::testing {
namespace {

constexpr int kOpens = 5;
constexpr int kFirstReceiptOfStep = 10;  // times the step's number

}  // namespace

void CutsStory::Configure(journal::JournalOptions* options) {
  options->retention = std::chrono::hours(0);  // what is confirmed may go with the next tick
}

void CutsStory::Step(int number) {
  if (!run_.running() && !run_.StartAgainAndAgain(kOpens)) return;
  if (number == kForkAt) {
    const journal::JournalStats stats = run_.Stats();
    run_.Fork(stats.streams.back().base + stats.head - 5);
  }
  if (number == kDamageAt) SpoilARow();
  if (number == kRestoreAt) RestoreABackup(number);
  if (!run_.running()) return;
  std::vector<int> receipts;
  for (int i = 0; i <= number * 7 % 6; ++i) receipts.push_back(number * kFirstReceiptOfStep + i);
  if (number % 8 == 5) receipts.push_back((number - 3) * kFirstReceiptOfStep);  // told again
  run_.SubmitNumbers(receipts).ok();
  note_();
  if (number % 9 == 4) {
    run_.TellUnfit(fmt::format("unfit document {}", number)).ok();
    note_();
  }
  if (number % 11 == 5) run_.Audit(std::to_string(number));
  if (number % 7 == 3) DeliverAndConfirm();
  if (number % 10 == 9) {
    run_.AllowDeletion();
    run_.Tick();
  }
  if (number % 50 == 25) Restart();
}

void CutsStory::DeliverAndConfirm() {
  const bool delivered = run_.Drain();
  note_();
  if (!delivered) return run_.Tick(2);
  const journal::JournalStats stats = run_.Stats();
  run_.Acknowledge(stats.stream, stats.head);
  if (stats.head > 12) run_.Confirm(stats.stream, stats.head - 12);
}

void CutsStory::Restart() {
  run_.Stop();
  run_.StartAgainAndAgain(kOpens);
}

// A row that the centre does not have, so that it has to be declared.
void CutsStory::SpoilARow() {
  run_.Stop();  // everything is in the file now
  std::ifstream in(run_.path(), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  in.close();
  Oracle& oracle = run_.oracle();
  for (const auto& [id, number] : oracle.accepted) {
    if (oracle.at_centre.contains(id)) continue;
    const size_t at = bytes.find(ReceiptDraft(number).data);
    if (at == std::string::npos) continue;
    FaultDisk::Instance().Damage("journal.db", static_cast<int64_t>(at) + 20, "?!");
    break;
  }
  if (!run_.StartAgainAndAgain(kOpens)) return;
  for (int i = 0; i < 10 && !run_.Drain(); ++i) run_.Tick();
  note_();
}

void CutsStory::RestoreABackup(int number) {
  run_.Stop();
  const std::string backup = folder_ + "/backup.db";
  journal::Backup(run_.path(), backup, nullptr).ok();
  SeededRandom random(static_cast<uint64_t>(number));
  journal::StoreOptions store = run_.options.store;
  journal::RestoreBackup(backup, store, WallTime(std::chrono::hours(500'100)), &random).ok();
  run_.StartAgainAndAgain(kOpens);
}

}  // namespace tillrelay::testing
