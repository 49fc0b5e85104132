#include "common/http/answer_parser.h"

#include <utility>  // before Boost: 1.74 misses it under C++20

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "common/http/last_chunk.h"

namespace tillrelay::http {
namespace {

namespace beast = boost::beast;
constexpr int kLeastStatus = 100;

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

// Not Beast's own parser into a string: it reserves whatever length an answer promises.
struct AnswerParser::State final : beast::http::basic_parser<false> {
  using string_view = beast::string_view;
  using error_code = beast::error_code;

  explicit State(bool head_only) {
    header_limit(kMaxHeadBytes);
    body_limit(kMaxAnswerBytes);
    if (head_only) skip(true);
  }
  bool interim() const { return answer.status < 200 && answer.status != 101; }

  void on_request_impl(beast::http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int code, string_view, int, error_code& ec) override {
    answer.status = code;
    if (code < kLeastStatus) ec = beast::http::error::bad_status;
  }
  void on_field_impl(beast::http::field, string_view name, string_view value,
                     error_code&) override {
    if (!head_done) answer.headers.Add(View(name), View(value));  // trailers are dropped
  }
  void on_header_impl(error_code&) override { head_done = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code& ec) override {
    if (length && *length > kMaxAnswerBytes) ec = beast::http::error::body_limit;
  }
  std::size_t on_body_impl(string_view body, error_code& ec) override {
    if (answer.body.size() + body.size() > kMaxAnswerBytes) ec = beast::http::error::body_limit;
    if (!ec) answer.body.append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code& ec) override {
    return on_body_impl(body, ec);
  }
  void on_finish_impl(error_code&) override {}

  ClientResponse answer;
  bool head_done = false;
};

AnswerParser::AnswerParser(bool head_only) : head_only_(head_only) { Begin(); }
AnswerParser::~AnswerParser() = default;

void AnswerParser::Begin() { state_ = std::make_unique<State>(head_only_); }

Status AnswerParser::Feed(std::string* bytes) {
  while (!bytes->empty() && !done()) {
    state_->eager(state_->head_done);
    if (state_->head_done && state_->chunked() && MayBeCutLastChunk(*bytes)) break;
    beast::error_code failed;
    const size_t taken = state_->put(boost::asio::buffer(*bytes), failed);
    bytes->erase(0, taken);
    if (failed == beast::http::error::need_more) return Status::Ok();
    if (failed) return Invalid("the answer is not HTTP: " + failed.message());
    if (done() && state_->interim()) Begin();
  }
  return Status::Ok();
}

Status AnswerParser::End() {
  beast::error_code failed;
  if (state_->got_some()) state_->put_eof(failed);
  if (failed || !done()) return Unavailable("the server closed the connection");
  return Status::Ok();
}

bool AnswerParser::done() const { return state_->is_done(); }

bool AnswerParser::must_close() const { return !state_->keep_alive(); }

ClientResponse AnswerParser::Take() { return std::move(state_->answer); }

}  // namespace tillrelay::http
