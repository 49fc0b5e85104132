// What: the parameters of a question, and the refusal that a failure stands for.
// Promise: a parameter that is not known, or given twice where one is meant, refuses the question.
//   The database's own words are never told.
// Thread: any (values).
// Errors: invalid. A page that another question's answer gave is none.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/http/message.h"

namespace tillrelay::collector {

class Parameters {
 public:
  static Result<Parameters> Of(const http::Request& request,
                               std::initializer_list<std::string_view> known,
                               std::initializer_list<std::string_view> repeated = {});

  // What `page` holds of an answer to the same question, whatever its limit; "": the first page.
  Result<std::string> Page() const;
  // What is behind the place of a page, so that Page knows it again.
  std::string PageEnd() const;

  bool Has(std::string_view name) const { return !All(name).empty(); }
  std::string Text(std::string_view name) const;
  std::vector<std::string> All(std::string_view name) const;
  Result<uint64_t> Whole(std::string_view name, uint64_t least, uint64_t most,
                         uint64_t otherwise) const;

 private:
  explicit Parameters(http::QueryParameters parameters) : parameters_(std::move(parameters)) {}
  http::QueryParameters parameters_;
};

http::Response ProblemOf(const Status& status);
// What a question tells the reader: what is wrong with the question says nothing about the
// connection.
Status ForConnection(const Status& failure);

}  // namespace tillrelay::collector
