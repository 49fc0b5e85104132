// A database for one test: a SQLite file, or a schema of its own in the PostgreSQL server that
// TILLRELAY_TEST_POSTGRES names.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "collector/db/sql.h"
#include "tests/support/temp_dir.h"

namespace tillrelay::collector {

class TestDatabase {
 public:
  TestDatabase() {
    const char* server = std::getenv("TILLRELAY_TEST_POSTGRES");
    if (server == nullptr) {
      std::filesystem::create_directory(folder());
      url_ = "sqlite:" + path();
      return;
    }
    static int count = 0;
    server_ = server;
    schema_ = "t" + std::to_string(getpid()) + "_" + std::to_string(++count);
    url_ = server_ + "&options=-csearch_path%3D" + schema_;
    Make();
  }
  ~TestDatabase() {
    reader_.reset();
    if (postgres()) Drop();
  }
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  bool postgres() const { return !server_.empty(); }
  const std::string& url() const { return url_; }
  std::string folder() const { return dir_ / "files"; }
  std::string path() const { return folder() + "/central.db"; }

  // As if there had never been one. Nobody may be connected.
  void Renew() {
    reader_.reset();
    statements_.clear();
    for (const char* end : {"", "-wal", "-shm"}) std::remove((path() + end).c_str());
    if (!postgres()) return;
    Drop();
    Make();
  }

  // Rows joined by "; ", columns by "|".
  std::string Query(const std::string& text) {
    if (reader_ == nullptr) {
      auto opened = OpenReader(url_);
      if (!opened.ok()) return opened.status().message();
      reader_ = *std::move(opened);
    }
    const auto [found, fresh] = statements_.try_emplace(text);
    if (fresh) found->second = {found->first.c_str(), ""};
    return Joined(reader_->Run(found->second), text);
  }
  // As if the program with tables of version 8 had written everything.
  void AsVersion8() {
    Execute("UPDATE warehouse SET version = 1");
    Execute("DROP TABLE sink");
    Execute("DROP INDEX store_day_returns");
    for (const char* column : {"sold", "returned", "returns_off"}) {
      Execute(std::string("ALTER TABLE store_day DROP COLUMN ") + column);
    }
    Execute(postgres() ? "UPDATE schema_version SET version = 8" : "PRAGMA user_version = 8");
  }
  // As if the program with tables of version 7 had written everything.
  void AsVersion7() {
    AsVersion8();
    for (const char* step : {
             "DROP INDEX exception_kind",
             "DROP INDEX exception_item",
             "DROP INDEX exception_standing",
             "DROP INDEX exception_closed",
             "DROP INDEX movement_set",
             "DROP INDEX loss_unfilled",
             "DROP INDEX diverged_at",
             "DROP INDEX doubtful_since",
             "DROP INDEX event_closed",
             "DROP TABLE day_close",
             "DROP TABLE store_day",
             "DROP TABLE negative_cell",
             "DROP TABLE exception_audit",
             "DROP TABLE detector",
         }) {
      Execute(step);
    }
    for (const char* column : {"level", "last_seen", "ended", "assignee", "weight",
                               "decided_weight", "money", "currency", "detail", "times"}) {
      Execute(std::string("ALTER TABLE exception DROP COLUMN ") + column);
    }
    Execute("UPDATE warehouse SET version = 1");
    Execute(postgres() ? "UPDATE schema_version SET version = 7" : "PRAGMA user_version = 7");
  }
  void AsVersion6() {
    AsVersion7();
    for (const char* table : {"receipt", "receipt_line", "tender", "tax", "warehouse"}) {
      Execute(std::string("DROP TABLE ") + table);
    }
    Execute("ALTER TABLE diverged RENAME TO fork");
    Execute(postgres() ? "UPDATE schema_version SET version = 6" : "PRAGMA user_version = 6");
  }
  void AsVersion5() {
    AsVersion6();
    for (const char* step : {
             "DROP INDEX event_time",
             "ALTER TABLE event DROP COLUMN hash",
             "DROP TABLE movement",
             "DROP TABLE held_count",
             "DROP TABLE exception",
             "DROP TABLE rebuilt_stock",
             "DROP TABLE rebuilt_transit",
             "DROP TABLE rebuilt_counted_at",
             "DROP INDEX stock_item",
             "ALTER TABLE stock DROP COLUMN position",
             "ALTER TABLE transit DROP COLUMN since",
             "ALTER TABLE counted_at DROP COLUMN position",
             "ALTER TABLE head DROP COLUMN hash",
             "ALTER TABLE head DROP COLUMN purged_hash",
             "ALTER TABLE head DROP COLUMN changes_after",
             "ALTER TABLE head DROP COLUMN filled_through",
             "ALTER TABLE head DROP COLUMN rebuilt_through",
             "CREATE TABLE timeline (store_id TEXT, at BIGINT, position BIGINT)",
             "CREATE TABLE late (position BIGINT)",
         }) {
      Execute(step);
    }
    if (!postgres()) return Execute("PRAGMA user_version = 5");
    for (const char* step : {
             "ALTER TABLE event ADD CONSTRAINT event_store_id_stream_sequence_key"
             " UNIQUE (store_id, stream, sequence)",
             "ALTER TABLE event DROP CONSTRAINT event_pkey",
             "ALTER TABLE stream ADD CONSTRAINT stream_store_id_stream_key"
             " UNIQUE (store_id, stream)",
             "ALTER TABLE stream DROP CONSTRAINT stream_pkey",
             "ALTER TABLE schema_version DROP CONSTRAINT schema_version_pkey",
             "UPDATE schema_version SET version = 5",
         }) {
      Execute(step);
    }
  }
  // As another program would change the tables.
  void Execute(const std::string& text) { Run(url_, text); }

 private:
  void Make() { Run(server_, "CREATE SCHEMA " + schema_); }
  void Drop() { Run(server_, "DROP SCHEMA " + schema_ + " CASCADE"); }

  static void Run(const std::string& url, const std::string& text) {
    auto sql = OpenPlain(url, false);
    ASSERT_TRUE(sql.ok()) << sql.status().message();
    const Statement statement{text.c_str(), ""};
    Joined((*sql)->Run(statement), text);
  }
  static std::string Joined(const Result<Rows>& rows, const std::string& text) {
    if (!rows.ok()) ADD_FAILURE() << text << ": " << rows.status().message();
    if (!rows.ok()) return rows.status().message();
    std::string joined;
    for (size_t i = 0; i < rows.value().size(); ++i) {
      if (i > 0) joined += "; ";
      for (size_t c = 0; c < rows.value().width; ++c)
        joined += (c > 0 ? "|" : "") + rows.value().Text(i, c);
    }
    return joined;
  }

  testing::TempDir dir_;
  std::string server_, schema_, url_;
  std::unique_ptr<Sql> reader_;
  std::map<std::string, Statement> statements_;
};

}  // namespace tillrelay::collector
