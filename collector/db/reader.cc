#include "collector/db/reader.h"

#include <utility>

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

bool Reader::AskLater(Question question) {
  if (later_.size() >= kWaiting) return false;
  later_.push_back(std::move(question));
  return true;
}

void Reader::Run() {
  const auto answer = [this](const Question& question) {
    beat_();
    if (!question(Connection()).ok()) sql_.reset();
  };
  while (!inbox_.closed()) {
    beat_();
    const std::chrono::milliseconds wait = later_.empty() ? std::chrono::seconds(1) : kLater;
    for (const Question& question : inbox_.PopAll(wait)) answer(question);
    for (const Question& question : std::exchange(later_, {})) answer(question);
  }
  later_.clear();
}

}  // namespace tillrelay::collector
