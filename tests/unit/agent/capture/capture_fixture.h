// A real journal and a real intake in a directory of their own; doors are put in front of it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "agent/capture/intake.h"
#include "common/sqlite/sqlite.h"
#include "tests/support/drafts.h"
#include "tests/support/manual_clock.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::capture {

inline constexpr const char* kCard = "4111111111111111";

// A sale of register 03 as its register would send it.
inline std::string SaleJson(int number, const std::string& description = "Milk") {
  return R"({"kind":"sale","transaction":{"store_id":"0042","register_id":"03",)"
         R"("business_day":"2026-11-21","transaction_no":")" +
         std::to_string(number) +
         R"(","end_at":"2026-11-21T17:42:08+01:00"},"lines":[{"item":{"sku":"100234",)"
         R"("description":")" +
         description + R"("},"quantity":"2","uom":"EA"}]})";
}

// JSON, but no event: the lines are missing.
inline std::string UnfitJson(int number) {
  return R"({"kind":"sale","transaction":{"store_id":"0042","register_id":"03",)"
         R"("business_day":"2026-11-21","transaction_no":")" +
         std::to_string(number) + R"(","end_at":"2026-11-21T17:42:08+01:00"}})";
}

// Two receipts as a till exports them, and how to read them.
inline constexpr const char* kTillCsv =
    "register,number,time,sku,quantity\n"
    "03,4711,2026-11-21T17:42:08+01:00,100234,2\n"
    "03,4712,2026-11-21T17:50:00+01:00,100234,-1\n";
inline formats::CsvProfile TillProfile() {
  formats::CsvProfile profile;
  profile.name = "till";
  profile.files = "till_*.csv";
  profile.store_id = "0042";
  for (const char* column : {"register", "number", "time", "sku", "quantity"}) {
    profile.columns[column] = column;
  }
  return profile;
}

class CaptureTest : public ::testing::Test {
 protected:
  void OpenJournal(const char* vfs = "") {
    journal_options_.store.path = dir_ / "journal.db";
    journal_options_.store.store_id = "0042";
    journal_options_.store.vfs = vfs;
    journal_options_.min_free_bytes = 0;
    journal_options_.idle_tick = std::chrono::milliseconds(10);
    auto journal = journal::Journal::Open(journal_options_, &system_clock_, &random_);
    ASSERT_TRUE(journal.ok()) << journal.status().message();
    journal_ = *std::move(journal);
    intake_ = std::make_unique<Intake>(&intake_options_, journal_.get(), &counters_, &clock_);
  }
  uint64_t Head() const { return journal_->Stats().head; }
  CaptureStats Stats() const { return counters_.Copy(); }
  // One text of the journal file, read beside the running daemon as a person would.
  std::string Ask(const std::string& query) {
    sqlite::OpenOptions options;
    options.read_only = true;
    auto db = sqlite::Database::Open(dir_ / "journal.db", options);
    if (!db.ok()) return db.status().message();
    auto text = db->QueryText(query.c_str());
    return text.ok() ? std::string(*text) : text.status().message();
  }

  testing::TempDir dir_;
  SystemClock system_clock_;  // the journal's
  testing::ManualClock clock_;
  testing::SeededRandom random_;
  journal::JournalOptions journal_options_;
  IntakeOptions intake_options_{testing::TestShop(), {}, {}};
  Counters counters_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<Intake> intake_;
};

}  // namespace tillrelay::capture
