#include "agent/api/admin_answers.h"

#include <charconv>

namespace tillrelay::api {

using http::Request;
using http::Response;

Response FromStatus(const Status& status) {
  const CodeMeaning& meaning = Meaning(status.code());
  Response response =
      http::Problem(meaning.http_status, meaning.word, "This could not be done", status.message());
  if (meaning.http_status == 503) response.headers.Add("Retry-After", "5");
  return response;
}

bool ReadUnsigned(std::string_view text, uint64_t* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace tillrelay::api
