// What: a store at work, as a list of documents: sales, returns, exchanges, voids, orders,
// controls,
//   transfers, adjustments and day closes of several registers, the same for the same seed.
// Promise: keeps its own sums of what each document does to stock, in a few lines that share
//   nothing with the product's rule, so that a ledger can be checked against them.
// Thread: one.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

namespace tillrelay::cli {

struct PlayOptions {
  uint64_t seed = 1;
  int registers = 4;
  std::string store_id = "0042";
  std::string day = "2026-11-21";  // first business day
};

// Bucket sums in thousandths of a unit, by item and unit.
struct BucketSums {
  int64_t on_hand = 0, reserved = 0, damaged = 0, in_transit = 0;
  bool operator==(const BucketSums&) const = default;
};
using StockSums = std::map<std::pair<std::string, std::string>, BucketSums>;

struct PlayedDocument {
  std::string json;  // one canonical document
  std::string kind;
};

class StorePlay {
 public:
  explicit StorePlay(PlayOptions options);
  PlayedDocument Next();
  const StockSums& sums() const { return sums_; }
  const std::map<std::string, uint64_t>& kinds() const { return kinds_; }

 private:
  struct SoldLine {
    int item;
    int64_t thousandths;
    const char* action = "sale";
  };
  struct Register {
    int number = 0;       // last transaction number
    int since_close = 0;  // transactions of this business day
    int day_offset = 0;
    int z_no = 0;
    std::vector<SoldLine> sold;  // of its last transaction, where that is a sale
  };

  uint64_t Below(uint64_t bound) { return engine_() % bound; }
  std::string Day(int offset) const;
  std::string Time(int day_offset);
  void Head(const char* kind, Register* reg, std::string* json, const char* status);
  void AddLine(const SoldLine& line, const std::string& more, std::string* json);
  SoldLine PickLine();
  BucketSums& Sum(int item);
  // `way`: 1 sells, -1 takes back.
  void Move(const SoldLine& line, int way);
  std::string Sale(Register* reg);
  std::string Return(Register* reg, bool exchange);
  std::string Void(Register* reg);
  std::string Control(Register* reg);
  std::string Shipped();
  std::string Received();
  std::string Adjusted();
  std::string Close(Register* reg);

  const PlayOptions options_;
  std::mt19937_64 engine_;
  std::vector<Register> registers_;
  int current_register_ = 0;
  int documents_ = 0;
  int64_t second_ = 0;
  StockSums sums_;
  std::map<std::string, uint64_t> kinds_;
};

}  // namespace tillrelay::cli
