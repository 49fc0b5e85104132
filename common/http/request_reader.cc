#include "common/http/request_reader.h"

#include <utility>  // before Boost: 1.74 misses it under C++20

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <limits>

#include "common/http/last_chunk.h"

namespace tillrelay::http {
namespace {

namespace beast = boost::beast;
constexpr size_t kMaxFields = 100;
constexpr size_t kSpareBytes = 64;  // behind a body, so that a wide reader need not copy it

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

struct RequestReader::Parser final : beast::http::basic_parser<true> {
  using string_view = beast::string_view;
  using error_code = beast::error_code;

  explicit Parser(Request* target) : request(*target) { eager(false); }

  void on_request_impl(beast::http::verb, string_view method, string_view target, int http_version,
                       error_code&) override {
    version = http_version;
    request.method = View(method);
    request.target = View(target);
  }
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(beast::http::field, string_view name, string_view value,
                     error_code& ec) override {
    if (++fields > kMaxFields) ec = beast::http::error::header_limit;
    if (!head_done) request.headers.Add(View(name), View(value));  // trailers are dropped
  }
  void on_header_impl(error_code&) override { head_done = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    if (length) request.body.reserve(*length + kSpareBytes);  // its memory has been taken
  }
  std::size_t on_body_impl(string_view body, error_code&) override {
    request.body.append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code& ec) override {
    return on_body_impl(body, ec);
  }
  void on_finish_impl(error_code&) override {}

  Request& request;
  size_t fields = 0;
  size_t head_bytes = 0;
  int version = 11;
  bool head_done = false;
};

RequestReader::RequestReader(size_t max_header_bytes) : max_header_bytes_(max_header_bytes) {
  Reset();
}
RequestReader::~RequestReader() = default;

void RequestReader::Reset() {
  request_ = {};
  state_ = State::kHead;
  parser_ = std::make_unique<Parser>(&request_);
  parser_->header_limit(static_cast<std::uint32_t>(max_header_bytes_));
  // Beast 1.74 takes "no limit" for a limit of nothing, so the largest number stands for it.
  parser_->body_limit(std::numeric_limits<uint64_t>::max());
}

bool RequestReader::untouched() const { return !parser_->got_some(); }
bool RequestReader::is_http_1_0() const { return parser_->version == 10; }
bool RequestReader::keep_alive() const { return parser_->keep_alive(); }
bool RequestReader::has_body() const { return !parser_->is_done(); }

std::optional<uint64_t> RequestReader::content_length() const {
  if (!parser_->head_done) return std::nullopt;
  const auto length = parser_->content_length();
  return length ? std::optional<uint64_t>(*length) : std::nullopt;
}

void RequestReader::AllowBody(size_t max_body_bytes) {
  parser_->body_limit(max_body_bytes);
  parser_->eager(true);
  state_ = State::kBody;
}

size_t RequestReader::Feed(std::string_view bytes) {
  if (state_ == State::kHeadDone || state_ == State::kDone || state_ == State::kFailed) return 0;
  const bool in_head = state_ == State::kHead;
  if (!in_head && parser_->chunked() && MayBeCutLastChunk(bytes)) return 0;
  beast::error_code error;
  const size_t taken = parser_->put({bytes.data(), bytes.size()}, error);
  if (in_head) parser_->head_bytes += taken;
  if (error && error != beast::http::error::need_more) {
    Explain(error.value());
    return taken;
  }
  const size_t left = bytes.size() - taken;
  if (in_head && parser_->head_bytes + (parser_->head_done ? 0 : left) > max_header_bytes_) {
    Explain(static_cast<int>(beast::http::error::header_limit));
  } else if (in_head && parser_->head_done) {
    request_.content_type = request_.headers.Find("Content-Type");
    state_ = State::kHeadDone;
  } else if (parser_->is_done()) {
    state_ = State::kDone;
  } else if (left > max_header_bytes_) {  // a chunk's extension or trailer without end
    Fail(400, "bad-chunk", "The chunked body has an overlong chunk head");
  }
  return taken;
}

void RequestReader::Fail(int status, std::string_view word, std::string_view title) {
  problem_ = Problem(status, word, title);
  problem_.close = true;
  state_ = State::kFailed;
}

void RequestReader::Explain(int error) {
  using Error = beast::http::error;
  switch (static_cast<Error>(error)) {
    case Error::header_limit:
      return Fail(431, "header-too-large", "The request's header is too large");
    case Error::body_limit:
      return Fail(413, "body-too-large", "The request's body is too large");
    case Error::bad_content_length:
    case Error::bad_transfer_encoding:
      return Fail(400, "bad-length", "The length of the body is not clear");
    case Error::bad_chunk:
    case Error::bad_chunk_extension:
      return Fail(400, "bad-chunk", "The chunked body is not well-formed");
    case Error::bad_version:
      return Fail(400, "bad-version", "The request is not HTTP/1.1 or HTTP/1.0");
    default:
      return Fail(400, "not-http", "The request is not well-formed HTTP");
  }
}

}  // namespace tillrelay::http
