#include "common/http/message.h"

#include <fmt/format.h>

#include "common/base/json_writer.h"

namespace tillrelay::http {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = Lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (Lower(a[i]) != Lower(b[i])) return false;
  }
  return true;
}

void Headers::Add(std::string_view name, std::string_view value) {
  if (entries_.empty()) {
    text_.reserve(512);
    entries_.reserve(12);
  }
  entries_.push_back({static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(name.size()),
                      static_cast<uint32_t>(value.size())});
  text_.append(name).append(value);
}

std::pair<std::string_view, std::string_view> Headers::operator[](size_t index) const {
  const Entry& entry = entries_[index];
  const std::string_view text(text_);
  return {text.substr(entry.begin, entry.name_length),
          text.substr(entry.begin + entry.name_length, entry.value_length)};
}

std::string_view Headers::Find(std::string_view name) const {
  for (size_t i = 0; i < entries_.size(); ++i) {
    const auto [found, value] = (*this)[i];
    if (EqualsIgnoringCase(found, name)) return value;
  }
  return {};
}

size_t Headers::Count(std::string_view name) const {
  size_t count = 0;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (EqualsIgnoringCase((*this)[i].first, name)) ++count;
  }
  return count;
}

std::string_view Request::Param(std::string_view name) const {
  for (const auto& [key, value] : params) {
    if (key == name) return value;
  }
  return {};
}

std::optional<std::string> Request::Query(std::string_view name) const {
  const auto parameters = ParseQuery(query);
  if (!parameters) return std::nullopt;
  for (const auto& [key, value] : *parameters) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Response Text(int status, std::string body) {
  Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(body);
  return response;
}

Response Json(std::string body) {
  Response response;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

Response Problem(int status, std::string_view word, std::string_view title, std::string_view detail,
                 std::string_view members) {
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  JsonWriter json(&response.body);
  json.BeginObject();
  json.Field("type", fmt::format("https://tillrelay.org/problems/{}", word));
  json.Field("title", title);
  json.Field("status", status);
  if (!detail.empty()) json.Field("detail", detail);
  json.EndObject();
  if (!members.empty()) {
    response.body.pop_back();
    response.body.append(",").append(members).append("}");
  }
  return response;
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

namespace {

enum class Lines { kRefuse, kKeep };

std::optional<std::string> Decode(std::string_view text, bool plus_is_blank, Lines lines) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus_is_blank) {
      c = ' ';
    } else if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    const auto byte = static_cast<unsigned char>(c);
    const bool in_text = lines == Lines::kKeep && (c == '\n' || c == '\r' || c == '\t');
    if ((byte < 0x20 && !in_text) || byte == 0x7f) return std::nullopt;
    out.push_back(c);
  }
  return out;
}

std::optional<QueryParameters> Pairs(std::string_view query, Lines lines) {
  QueryParameters parameters;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    auto name = Decode(part.substr(0, equals), true, lines);
    auto value =
        Decode(equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1),
               true, lines);
    if (!name || !value) return std::nullopt;
    parameters.emplace_back(std::move(*name), std::move(*value));
  }
  return parameters;
}

}  // namespace

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_blank) {
  return Decode(text, plus_is_blank, Lines::kRefuse);
}

std::string PercentEncode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

std::optional<QueryParameters> ParseQuery(std::string_view query) {
  return Pairs(query, Lines::kRefuse);
}

std::optional<QueryParameters> ParseForm(std::string_view body) {
  return Pairs(body, Lines::kKeep);
}

std::string_view Field(const QueryParameters& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace tillrelay::http
