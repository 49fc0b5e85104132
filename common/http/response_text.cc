#include "common/http/response_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iterator>

namespace tillrelay::http {
namespace {

bool IsToken(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

bool IsLine(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

bool IsOurs(std::string_view name) {
  return EqualsIgnoringCase(name, "Content-Length") || EqualsIgnoringCase(name, "Connection") ||
         EqualsIgnoringCase(name, "Transfer-Encoding");
}

void AppendField(std::string_view name, std::string_view value, std::string* out) {
  if (!IsToken(name) || !IsLine(value) || IsOurs(name)) return;
  out->append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

const std::string& DateLine::At(WallTime now) {
  const int64_t second = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  if (second == second_) return text_;
  second_ = second;
  const std::time_t time = second;
  std::tm parts{};
  gmtime_r(&time, &parts);
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  text_ = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[parts.tm_wday], parts.tm_mday,
                      kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                      parts.tm_sec);
  return text_;
}

void AppendHead(const Response& response, const Framing& framing, const std::string& date,
                std::string* out) {
  fmt::format_to(std::back_inserter(*out), "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                 ReasonPhrase(response.status), date);
  if (!response.content_type.empty()) AppendField("Content-Type", response.content_type, out);
  if (response.status != 204 && response.status != 304 && !framing.live) {
    fmt::format_to(std::back_inserter(*out), "Content-Length: {}\r\n", response.body.size());
  }
  out->append("X-Content-Type-Options: nosniff\r\n");
  // A year in which a browser asks this name by TLS only (RFC 6797).
  if (framing.tls) out->append("Strict-Transport-Security: max-age=31536000\r\n");
  bool cached = false;
  for (size_t i = 0; i < response.headers.size(); ++i) {
    const auto [name, value] = response.headers[i];
    cached = cached || EqualsIgnoringCase(name, "Cache-Control");
    AppendField(name, value, out);
  }
  if (!cached) out->append("Cache-Control: no-store\r\n");
  if (!framing.keep_alive) {
    out->append("Connection: close\r\n");
  } else if (framing.http_1_0) {
    out->append("Connection: keep-alive\r\n");
  }
  out->append("\r\n");
}

}  // namespace tillrelay::http
