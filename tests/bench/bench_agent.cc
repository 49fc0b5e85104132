// The parts of the way in and out: decode, identity, guard, commit, frame.
#include <benchmark/benchmark.h>

#include <future>

#include "agent/capture/intake.h"
#include "agent/cli/store_play.h"
#include "common/wire/envelope.h"
#include "tests/support/drafts.h"
#include "tests/support/temp_dir.h"

namespace tillrelay {
namespace {

std::vector<std::string> Documents(size_t count) {
  cli::StorePlay play({});
  std::vector<std::string> documents;
  while (documents.size() < count) documents.push_back(play.Next().json);
  return documents;
}

void DecodeToDraft(benchmark::State& state) {
  auto documents = Documents(1000);
  formats::Decoder decoder;
  size_t next = 0, bytes = 0;
  for (auto _ : state) {
    std::string& document = documents[next++ % documents.size()];
    bytes += document.size();
    auto error = decoder.Decode(formats::Format::kJson, document, {}, [](formats::Item&& item) {
      auto& event = std::get<event::Event>(item.outcome);
      benchmark::DoNotOptimize(redact::Check(&event, {}));
      benchmark::DoNotOptimize(event::DraftFrom(&event, testing::TestShop()));
    });
    benchmark::DoNotOptimize(error);
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(DecodeToDraft);

void CommitGroup(benchmark::State& state) {
  testing::TempDir dir;
  SystemClock clock;
  SystemRandom random;
  journal::JournalOptions options;
  options.store.path = dir / "journal.db";
  options.store.store_id = "0042";
  auto journal = journal::Journal::Open(options, &clock, &random);
  int number = 0;
  for (auto _ : state) {
    journal::AppendRequest request;
    for (int64_t i = 0; i < state.range(0); ++i) {
      request.entries.emplace_back(testing::SaleDraft("03", ++number));
    }
    std::promise<void> done;
    request.done = [&done](auto result) {
      CHECK(result.ok());
      done.set_value();
    };
    CHECK((*journal)->Submit(std::move(request)).ok());
    done.get_future().wait();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(CommitGroup)->Arg(1)->Arg(16)->Arg(64)->Arg(256)->Arg(1024)->UseRealTime();

void WriteEnvelope(benchmark::State& state) {
  const event::Draft draft = testing::SaleDraft("03", 1);
  wire::Envelope envelope;
  envelope.store = "0042";
  envelope.stream = "01JD3V7Q8Z5W6K2M9T4RHXCDEF";
  envelope.kind = "sale";
  envelope.data = draft.data;
  envelope.subject = draft.subject;
  std::string out;
  for (auto _ : state) {
    out.clear();
    envelope.sequence++;
    envelope.chain =
        wire::NextChain(envelope.chain, envelope.sequence, draft.identity.id, draft.data_digest);
    wire::WriteEnvelope(envelope, &out);
    benchmark::DoNotOptimize(out);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(WriteEnvelope);

}  // namespace
}  // namespace tillrelay

BENCHMARK_MAIN();
