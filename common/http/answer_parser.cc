#include "common/http/answer_parser.h"

#include <utility>  // before Boost: 1.74 misses it under C++20

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace tillrelay::http {
namespace {

namespace beast = boost::beast::http;
using Parser = beast::response_parser<beast::string_body>;

bool IsInterim(const Parser& parser) {
  const unsigned status = parser.get().result_int();
  return status >= 100 && status < 200 && status != 101;
}

}  // namespace

struct AnswerParser::State {
  Parser parser;
};

AnswerParser::AnswerParser(bool head_only) : head_only_(head_only) { Begin(); }
AnswerParser::~AnswerParser() = default;

void AnswerParser::Begin() {
  state_ = std::make_unique<State>();
  Parser& parser = state_->parser;
  parser.header_limit(kMaxHeadBytes);
  parser.body_limit(kMaxAnswerBytes);
  parser.eager(true);
  if (head_only_) parser.skip(true);
}

Status AnswerParser::Feed(std::string* bytes) {
  while (!bytes->empty() && !done()) {
    boost::system::error_code failed;
    const size_t taken = state_->parser.put(boost::asio::buffer(*bytes), failed);
    bytes->erase(0, taken);
    if (failed == beast::error::need_more) return Status::Ok();
    if (failed) return Invalid("the answer is not HTTP: " + failed.message());
    if (done() && IsInterim(state_->parser)) Begin();
  }
  return Status::Ok();
}

Status AnswerParser::End() {
  boost::system::error_code failed;
  if (state_->parser.got_some()) state_->parser.put_eof(failed);
  if (failed || !done()) return Unavailable("the server closed the connection");
  return Status::Ok();
}

bool AnswerParser::done() const { return state_->parser.is_done(); }

bool AnswerParser::must_close() const { return !state_->parser.keep_alive(); }

ClientResponse AnswerParser::Take() {
  auto& message = state_->parser.get();
  ClientResponse response;
  response.status = static_cast<int>(message.result_int());
  for (const auto& field : message) {
    response.headers.Add({field.name_string().data(), field.name_string().size()},
                         {field.value().data(), field.value().size()});
  }
  response.body = std::move(message.body());
  return response;
}

}  // namespace tillrelay::http
