#include "collector/db/reader.h"

namespace tillrelay::collector {

Reader::Reader(std::string url, std::function<void()> beat)
    : url_(std::move(url)), beat_(std::move(beat)), thread_([this] { Run(); }) {}

void Reader::Stop() {
  inbox_.Close();
  if (thread_.joinable()) thread_.join();
}

Result<Sql*> Reader::Connection() {
  if (sql_ != nullptr && sql_->usable()) return sql_.get();
  auto sql = OpenReader(url_);
  if (!sql.ok()) return std::move(sql).status();
  sql_ = *std::move(sql);
  return sql_.get();
}

void Reader::Run() {
  while (!inbox_.closed()) {
    beat_();
    for (Question& question : inbox_.PopAll(std::chrono::seconds(1))) {
      beat_();
      if (!question(Connection()).ok()) sql_.reset();
    }
  }
}

}  // namespace tillrelay::collector
