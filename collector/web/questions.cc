#include "collector/web/questions.h"

#include <string_view>
#include <utility>

#include "collector/web/changes_stream.h"
#include "collector/web/exceptions_view.h"
#include "collector/web/parameters.h"

namespace tillrelay::collector {
namespace {

constexpr uint64_t kLongestWait = 50;  // seconds; the server gives a handler a minute

}  // namespace

Result<ChangesQuestion> ReadChangesQuestion(const http::Request& request, uint64_t* wait) {
  if (http::ParseQuery(request.query) && request.Query("after")) {
    return Invalid(
        "after was a number that said nothing about which history it belongs to: begin with "
        "GET /v1/stock, keep its cursor, and ask with cursor=");
  }
  auto asked = Parameters::Of(request, {"cursor", "limit", "store", "item", "wait"});
  if (!asked.ok()) return std::move(asked).status();
  auto limit = asked->Whole("limit", 1, kChangesLimit, kChangesDefault);
  auto wait_s = asked->Whole("wait", 0, kLongestWait, 0);
  if (!limit.ok()) return std::move(limit).status();
  if (!wait_s.ok()) return std::move(wait_s).status();
  *wait = *wait_s;
  const bool stream = WantsStream(request);
  if (stream && asked->Has("wait")) return Invalid("a stream waits by itself: leave out wait");
  ChangesQuestion question;
  question.limit = *limit;
  question.store = asked->Text("store");
  question.item = asked->Text("item");
  // A browser comes again with the address that it had, and with what it has received.
  const std::string_view received = stream ? request.Header("Last-Event-ID") : "";
  if (received.empty() && !asked->Has("cursor")) return question;
  question.cursor = ReadCursor(received.empty() ? asked->Text("cursor") : std::string(received));
  if (!question.cursor) {
    return Invalid("cursor is not one that /v1/changes or /v1/stock gave");
  }
  return question;
}

Result<StockQuestion> ReadStockQuestion(const http::Request& request) {
  auto asked = Parameters::Of(request, {"store", "item", "page", "limit"}, {"store", "item"});
  if (!asked.ok()) return std::move(asked).status();
  auto limit = asked->Whole("limit", 1, kStockLimit, kStockLimit);
  if (!limit.ok()) return std::move(limit).status();
  StockQuestion question;
  question.stores = asked->All("store");
  question.items = asked->All("item");
  auto page = asked->Page();
  if (!page.ok()) return std::move(page).status();
  question.page = *std::move(page);
  question.page_end = asked->PageEnd();
  question.limit = *limit;
  if (question.stores.size() > kStockNamed || question.items.size() > kStockNamed) {
    return Invalid("at most 100 stores and 100 items in one question");
  }
  return question;
}

Result<ReceiptsQuestion> ReadReceiptsQuestion(const http::Request& request) {
  auto asked = Parameters::Of(
      request, {"store", "business_day", "register", "number", "item", "lot", "page", "limit"});
  if (!asked.ok()) return std::move(asked).status();
  auto limit = asked->Whole("limit", 1, kReceiptsLimit, kReceiptsDefault);
  if (!limit.ok()) return std::move(limit).status();
  ReceiptsQuestion question;
  question.store = asked->Text("store");
  question.business_day = asked->Text("business_day");
  question.register_id = asked->Text("register");
  question.number = asked->Text("number");
  question.item = asked->Text("item");
  question.lot = asked->Text("lot");
  auto page = asked->Page();
  if (!page.ok()) return std::move(page).status();
  question.page = *std::move(page);
  question.page_end = asked->PageEnd();
  question.limit = *limit;
  return question;
}

Result<ExceptionsQuestion> ReadExceptionsQuestion(const http::Request& request) {
  auto asked = Parameters::Of(request, {"store", "kind", "state", "page", "limit"});
  if (!asked.ok()) return std::move(asked).status();
  auto limit = asked->Whole("limit", 1, kExceptionsLimit, kExceptionsDefault);
  if (!limit.ok()) return std::move(limit).status();
  ExceptionsQuestion question;
  question.store = asked->Text("store");
  question.kind = asked->Text("kind");
  question.state = asked->Text("state");
  question.limit = *limit;
  TRY(CheckQuestion(question));
  question.page_end = asked->PageEnd();
  auto page = asked->Page();
  if (!page.ok()) return std::move(page).status();
  if (page->empty()) return question;
  question.after = ReadExceptionsPage(*page);
  if (!question.after) return Invalid("page is not one that an answer gave");
  return question;
}

}  // namespace tillrelay::collector
