#include "agent/formats/csv.h"
#include "common/base/check.h"

namespace {

tillrelay::formats::CsvProfile Journey() {
  tillrelay::formats::CsvProfile profile;
  profile.name = "journey";
  profile.register_id = "1";
  profile.columns = {
      {"store", "store_id"}, {"number", "basket_id"},  {"time", "transaction_timestamp"},
      {"sku", "product_id"}, {"quantity", "quantity"}, {"net_amount", "sales_value"}};
  return profile;
}

// Columns by number, so that a fuzzer need not find the header.
tillrelay::formats::CsvProfile Numbered() {
  tillrelay::formats::CsvProfile profile = Journey();
  profile.header = false;
  profile.encoding = tillrelay::formats::Encoding::kLatin1;
  profile.non_stock = {"9*"};
  profile.time_format = "%Y%m%d";
  profile.columns = {{"number", "1"}, {"time", "2"}, {"sku", "3"}, {"quantity", "4"}};
  return profile;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tillrelay;
  static const formats::CsvProfile profiles[] = {Journey(), Numbered()};
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const auto& profile : profiles) {
    size_t count = 0;
    const auto error = formats::DecodeCsv(profile, input, {}, [&](formats::Item&& item) {
      CHECK(item.index == count++);
      const auto* rejection = std::get_if<event::Rejection>(&item.outcome);
      CHECK(rejection == nullptr || !rejection->hint.empty());
    });
    if (error) CHECK(count == 0 && error->offset <= size);
  }
  return 0;
}
