#include "tests/support/journal_run.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <map>

#include "agent/journal/query/reader.h"
#include "tests/support/drafts.h"

namespace tillrelay::testing {
namespace {

constexpr int kReadAttempts = 8;
constexpr size_t kManyRows = 1'000'000;
constexpr size_t kManyBytes = 1ULL << 40;
constexpr std::chrono::minutes kPermit{3};

template <class T>
T Await(std::future<T>* future, const char* what) {
  if (future->wait_for(kHang) != std::future_status::ready) {
    fmt::print("the journal does not answer: {}\n", what);
    std::fflush(stdout);
    _exit(kHangExit);
  }
  return future->get();
}

using Answer = Result<std::vector<journal::AppendResult>>;

}  // namespace

const event::Draft& ReceiptDraft(int number) {
  static std::map<int, event::Draft> drafts;
  const auto found = drafts.find(number);
  if (found != drafts.end()) return found->second;
  return drafts.emplace(number, SaleDraft("03", number)).first->second;
}

void AwaitRest(journal::Journal* journal) {
  auto promise = std::make_shared<std::promise<void>>();
  auto future = promise->get_future();
  journal::AppendRequest nothing;
  nothing.done = [promise](const Answer&) { promise->set_value(); };
  if (journal->Try(std::move(nothing)).ok()) Await(&future, "an order");
}

Answer SubmitAndWait(journal::Journal* journal, journal::AppendRequest request) {
  auto promise = std::make_shared<std::promise<Answer>>();
  auto future = promise->get_future();
  request.done = [promise](Answer answer) { promise->set_value(std::move(answer)); };
  TRY(journal->Submit(std::move(request)));
  return Await(&future, "a request");
}

// The journal as the uplink has it open.
class DrainedFile {
 public:
  explicit DrainedFile(const std::string& path) : path_(path) {
    struct stat info {};
    if (stat(path.c_str(), &info) == 0) file_ = info.st_ino;
    auto opened = journal::JournalReader::Open(path, "0042");
    if (!opened.ok()) {
      status = std::move(opened).status();
      return;
    }
    reader = *std::move(opened);
    ReadStreams();
  }
  // False: the file is not the one any more, or could not be read.
  bool ReadAgain() {
    struct stat info {};
    if (!status.ok() || stat(path_.c_str(), &info) != 0 || info.st_ino != file_) return false;
    ReadStreams();
    return status.ok();
  }
  std::unique_ptr<journal::JournalReader> reader;
  std::vector<journal::StreamRow> streams;
  Status status;

 private:
  void ReadStreams() {
    auto rows = reader->Streams();
    if (rows.ok()) {
      streams = *std::move(rows);
    } else {
      status = std::move(rows).status();
    }
  }

  const std::string path_;
  ino_t file_ = 0;
};

JournalRun::JournalRun(const std::string& folder, Oracle* oracle, SeededRandom* random,
                       ManualClock* clock)
    : oracle_(*oracle), random_(*random), clock_(*clock) {
  options.store.path = folder + "/journal.db";
  options.store.store_id = "0042";
  options.min_free_bytes = 0;
}

Status JournalRun::Start() {
  auto opened = journal::Journal::Open(options, &clock_, &random_);
  if (!opened.ok()) return std::move(opened).status();
  journal_ = *std::move(opened);
  return Status::Ok();
}

bool JournalRun::StartAgainAndAgain(int opens) {
  Status last;
  for (int i = 0; i < opens; ++i) {
    last = Start();
    if (last.ok()) return true;
    if (last.code() == Code::kConflict) break;
    clock_.Advance(std::chrono::seconds(2));
  }
  oracle_.Fault("does not start: " + last.message());
  return false;
}

JournalRun::~JournalRun() { Stop(); }

void JournalRun::Stop() {
  drained_.reset();
  journal_.reset();
}

DrainedFile* JournalRun::OpenDrained() {
  if (drained_ == nullptr || !drained_->ReadAgain()) {
    drained_.reset();
    drained_ = std::make_unique<DrainedFile>(path());
  }
  return drained_.get();
}

Status JournalRun::SubmitNumbers(const std::vector<int>& numbers) {
  journal::AppendRequest request;
  for (const int number : numbers) {
    oracle_.Expect(ReceiptDraft(number));
    request.entries.emplace_back(ReceiptDraft(number));
  }
  Answer answer = SubmitAndWait(journal_.get(), std::move(request));
  if (!answer.ok()) return std::move(answer).status();
  for (size_t i = 0; i < numbers.size(); ++i) {
    oracle_.OnReceipt(numbers[i], ReceiptDraft(numbers[i]), (*answer)[i]);
  }
  return Status::Ok();
}

Status JournalRun::TellUnfit(const std::string& document) {
  journal::AppendRequest request;
  request.entries.emplace_back(
      journal::RejectedDocument{{"bad-value", "", ""}, "http", "", document});
  Answer answer = SubmitAndWait(journal_.get(), std::move(request));
  if (!answer.ok()) return std::move(answer).status();
  oracle_.quarantined[document] = answer->front().ticket;
  return Status::Ok();
}

void JournalRun::MustAccept(int number, int ticks) {
  Status reported;
  for (int i = 0; i <= ticks; ++i) {
    reported = SubmitNumbers({number});
    if (reported.ok()) {
      back_after_ = i;
      return;
    }
    Tick();
  }
  oracle_.Fault("refuses for good: " + reported.message());
}

void JournalRun::Confirm(const std::string& stream, uint64_t through) {
  const DrainedFile file(path());
  for (const journal::StreamRow& row : file.streams) {
    if (row.stream != stream) continue;
    auto chain = file.reader->ChainAt(row, through);
    if (chain.ok()) journal_->SaveConfirmation({stream, through, *chain, {}, true});
  }
  Settle();
}

void JournalRun::Hear(const journal::Confirmation& word) {
  journal_->SaveConfirmation(word);
  Settle();
}

void JournalRun::Acknowledge(const std::string& stream, uint64_t through) {
  journal_->SaveAcked(stream, through);
  Settle();
}

void JournalRun::Fork(uint64_t position) {
  journal_->Fork(position, "the centre says so");
  Settle();
}

void JournalRun::Damaged(const std::string& why) {
  journal_->Damaged(why);
  Settle();
}

void JournalRun::AllowDeletion() {
  for (const journal::StreamRow& row : journal_->Streams()) {
    journal_->AllowDeletion(row.stream, row.confirmed_through, clock_.Now() + kPermit);
  }
}

void JournalRun::Audit(const std::string& subject) {
  journal::AuditRow row;
  row.actor = "suite";
  row.action = "look";
  row.subject = subject;
  row.outcome = "done";
  journal_->Audit(row);
  Settle();
}

void JournalRun::Settle() { AwaitRest(journal_.get()); }

void JournalRun::Tick(int times) {
  for (int i = 0; i < times; ++i) {
    clock_.Advance(options.idle_tick);
    Settle();  // the tick comes behind it
    Settle();
  }
}

void JournalRun::Survey() {
  DrainedFile file(path());
  if (!file.status.ok()) return oracle_.Fault("survey: " + file.status.message());
  for (const journal::StreamRow& row : file.streams) {
    if (row.has_opening()) {
      auto opening = file.reader->Opening(row);
      if (opening.ok()) oracle_.Survey(row.stream, 1, *opening);
    }
    const uint64_t first = std::max(row.own_first(), row.floor);
    if (first > row.head) continue;
    auto rows = file.reader->Read(row.base + first, row.head - first + 1, kManyBytes);
    if (!rows.ok()) return oracle_.Fault("survey: " + rows.status().message());
    for (const journal::Row& event : *rows) {
      oracle_.Survey(row.stream, event.position - row.base, event);
    }
  }
}

bool JournalRun::DrainStream(DrainedFile* file, const journal::StreamRow& row) {
  const auto report = [&](const Status& why) {
    if (why.code() == Code::kCorrupt) Damaged(why.message());
    return false;
  };
  const uint64_t from = row.confirmed_through + 1;
  if (from == 1 && row.has_opening()) {
    // Not found: a salvage has lost it, and its number is declared.
    auto opening = file->reader->Opening(row);
    if (!opening.ok() && opening.status().code() != Code::kNotFound) {
      return report(opening.status());
    }
    if (opening.ok()) oracle_.OnSent(row.stream, 1, *opening);
  }
  uint64_t next = std::max({from, row.own_first(), row.floor});
  if (next <= row.head) {
    auto chain = file->reader->ChainAt(row, next - 1);
    if (!chain.ok()) return report(chain.status());
  }
  while (next <= row.head) {
    auto rows = file->reader->Read(row.base + next, row.head - next + 1, kManyBytes);
    if (!rows.ok()) return report(rows.status());
    if (rows->empty() || rows->front().position != row.base + next) {
      return report(Corrupt(fmt::format("number {} is missing", next)));
    }
    for (const journal::Row& event : *rows) oracle_.OnSent(row.stream, next++, event);
  }
  return true;
}

// Bodies that the centre asks for although their numbers are confirmed: sent, or declared as gone.
bool JournalRun::DrainOwed(DrainedFile* file) {
  for (const auto& [stream, sequence] : oracle_.owed) {
    for (const journal::StreamRow& row : file->streams) {
      if (row.stream != stream) continue;
      auto rows = file->reader->Read(row.base + sequence, 1, kManyBytes);
      if (!rows.ok() && rows.status().code() == Code::kCorrupt) Damaged(rows.status().message());
      if (!rows.ok()) return false;
      if (!rows->empty() && rows->front().position == row.base + sequence) {
        oracle_.OnSent(stream, sequence, rows->front());
      } else {
        journal_->DeclareLoss({stream, {sequence, sequence}, {}, "not_kept", false});
      }
    }
  }
  return true;
}

bool JournalRun::Drain() {
  for (const wire::Lost& loss : journal_->Stats().losses) {
    oracle_.Declare({loss.stream, loss.range.first, loss.open ? UINT64_MAX : loss.range.last});
  }
  DrainedFile* file = OpenDrained();
  if (!file->status.ok()) {
    if (file->status.code() == Code::kCorrupt) Damaged(file->status.message());
    return false;
  }
  if (!DrainOwed(file)) return false;
  // The current stream first: the centre asks for the older ones later.
  for (auto row = file->streams.rbegin(); row != file->streams.rend(); ++row) {
    if (!DrainStream(file, *row)) return false;
  }
  return true;
}

void JournalRun::DrainAll(int ticks) {
  int unread = 0;
  bool read = false;
  for (int i = 0; i <= ticks; ++i) {
    read = Drain();
    const bool over = Stats().taking_over == 0;
    if (read && over && oracle_.Missing().empty()) return;
    if (!read && ++unread > kReadAttempts) break;
    Tick();
  }
  if (!read) oracle_.Fault("cannot be read to its end");
  const std::vector<int> missing = oracle_.Missing();
  if (missing.empty()) return;
  std::string numbers;
  for (size_t i = 0; i < std::min<size_t>(missing.size(), 8); ++i) {
    numbers += fmt::format("{}{}", i == 0 ? "" : ",", missing[i]);
  }
  const journal::JournalStats stats = Stats();
  oracle_.Fault(fmt::format("{} of {} lost without a declaration ({}{}); poisoned: '{}'; {}",
                            missing.size(), oracle_.accepted.size(), numbers,
                            missing.size() > 8 ? ",..." : "", stats.poisoned, stats.salvaged));
}

void JournalRun::TellAgain(const std::vector<int>& numbers, bool strict) {
  for (const int number : numbers) {
    if (number < 0) continue;  // no register's
    const event::Draft& draft = ReceiptDraft(number);
    const bool kept = oracle_.at_centre.contains(draft.identity.id);
    const uint64_t stored = Stats().stored_total;
    if (Status reported = SubmitNumbers({number}); !reported.ok()) {
      oracle_.Fault(fmt::format("receipt {} told again: {}", number, reported.message()));
      continue;
    }
    const bool again = Stats().stored_total > stored;
    if (kept && again && strict) oracle_.Fault(fmt::format("receipt {} is stored twice", number));
    if (!kept && !again) {
      oracle_.Fault(fmt::format("receipt {} is answered as a duplicate, its body is gone", number));
    }
  }
}

void JournalRun::CheckNothingTwice() {
  DrainedFile file(path());
  if (!file.status.ok()) return oracle_.Fault("in the end: " + file.status.message());
  std::map<Uuid, uint64_t> seen;
  for (uint64_t position = 1;;) {
    auto rows = file.reader->Read(position, kManyRows, kManyBytes);
    if (!rows.ok()) return oracle_.Fault("in the end: " + rows.status().message());
    if (rows->empty()) return;
    for (const journal::Row& row : *rows) {
      const auto [first, fresh] = seen.emplace(row.id, row.position);
      if (fresh) continue;
      oracle_.Fault(fmt::format("one event at positions {} and {}", first->second, row.position));
    }
    position = rows->back().position + 1;
  }
}

void JournalRun::Judge(int fresh_number, bool strict) {
  constexpr int kTicks = 30;
  DrainAll(kTicks);
  MustAccept(fresh_number, kTicks);
  DrainAll(kTicks);
  std::vector<int> again = oracle_.DeclaredLost();
  again.resize(std::min<size_t>(again.size(), 20));
  for (const auto& [id, number] : oracle_.accepted) {
    if (random_.Below(oracle_.accepted.size()) < 4) again.push_back(number);
  }
  std::sort(again.begin(), again.end());
  again.erase(std::unique(again.begin(), again.end()), again.end());
  TellAgain(again, strict);
  DrainAll(kTicks);
  if (strict) CheckNothingTwice();
  if (strict && Stats().quarantined < oracle_.quarantined.size()) {
    oracle_.Fault(fmt::format("{} of {} documents are in quarantine", Stats().quarantined,
                              oracle_.quarantined.size()));
  }
}

}  // namespace tillrelay::testing
