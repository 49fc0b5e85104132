#include "collector/web/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "common/base/digest.h"
#include "common/base/text.h"

namespace tillrelay::collector {
namespace {

// Where one begins anew whose cursor has no place any more.
constexpr std::string_view kSnapshot = "\"snapshot\":\"/v1/stock\"";

}  // namespace

http::Response ProblemOf(const Status& status) {
  switch (status.code()) {
    case Code::kInvalid:
      return http::Problem(400, "bad-question", "The question cannot be answered",
                           status.message());
    case Code::kNotFound:
      return http::Problem(410, "deleted", "No longer kept", status.message(), kSnapshot);
    case Code::kConflict:
      return http::Problem(409, "other-history", "This cursor has no place here", status.message(),
                           kSnapshot);
    default:
      break;
  }
  // The database's own words may name hosts and users.
  http::Response failed = http::Problem(503, "database", "The database does not answer now");
  failed.headers.Add("Retry-After", "2");
  return failed;
}

Status ForConnection(const Status& failure) {
  const bool question = failure.code() == Code::kInvalid || failure.code() == Code::kNotFound ||
                        failure.code() == Code::kConflict;
  return question ? Status::Ok() : failure;
}

Result<Parameters> Parameters::Of(const http::Request& request,
                                  std::initializer_list<std::string_view> known,
                                  std::initializer_list<std::string_view> repeated) {
  auto parsed = http::ParseQuery(request.query);
  if (!parsed) return Invalid("the parameters cannot be decoded");
  std::string names;
  for (const std::string_view name : known) names.append(names.empty() ? "" : ", ").append(name);
  std::set<std::string> seen;
  for (const auto& [name, value] : *parsed) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return Invalid("there is no parameter " + Printable(name, 40) +
                     "; known: " + (names.empty() ? "none" : names));
    }
    const bool again = !seen.insert(name).second;
    if (again && std::find(repeated.begin(), repeated.end(), name) == repeated.end()) {
      return Invalid(name + " is given twice");
    }
    // Forms of pages send every field; a program that has no value for one means something else.
    if (value.empty() && request.path.starts_with("/v1/")) {
      return Invalid(name + " has no value: leave it out");
    }
  }
  return Parameters(*std::move(parsed));
}

std::string Parameters::PageEnd() const {
  std::set<std::string> said;
  for (const auto& [name, value] : parameters_) {
    const bool is_filter = name != "page" && name != "limit" && !value.empty();
    if (is_filter) said.insert(name + "=" + value + "\n");
  }
  std::string all;
  for (const std::string& one : said) all += one;
  constexpr size_t kBytes = 4;
  return "." + ToHex(BytesOf(Sha256(all)).substr(0, kBytes));
}

Result<std::string> Parameters::Page() const {
  std::string page = Text("page");
  if (page.empty()) return page;
  const std::string end = PageEnd();
  if (!page.ends_with(end)) return Invalid("page is not one that an answer to this question gave");
  page.resize(page.size() - end.size());
  return page;
}

std::string Parameters::Text(std::string_view name) const {
  const auto all = All(name);
  return all.empty() ? "" : all.front();
}

std::vector<std::string> Parameters::All(std::string_view name) const {
  std::vector<std::string> all;
  for (const auto& [key, value] : parameters_) {
    if (key == name) all.push_back(value);
  }
  return all;
}

Result<uint64_t> Parameters::Whole(std::string_view name, uint64_t least, uint64_t most,
                                   uint64_t otherwise) const {
  if (!Has(name)) return otherwise;
  const std::string text = Text(name);
  uint64_t value = 0;
  if (!text.empty() && text.size() <= 18 && AllDigits(text)) {
    std::from_chars(text.data(), text.data() + text.size(), value);
    if (value >= least && value <= most) return value;
  }
  return Invalid(fmt::format("{} is a whole number from {} to {}", name, least, most));
}

}  // namespace tillrelay::collector
