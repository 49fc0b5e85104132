// The collector and its routes on a real database: questions and orders without a socket.
#pragma once

#include <future>
#include <regex>

#include "collector/web/routes.h"
#include "tests/unit/collector/collector_fixture.h"

namespace tillrelay::collector {

class HttpTest : public CollectorTest {
 protected:
  HttpTest() : reader_(url(), [] {}) { Serve(""); }

  void Serve(const std::string& token) {
    RoutesOptions options;
    options.clock = &clock_;
    options.fleet = &fleet_;
    options.reader = &reader_;
    options.expected = {"0042", "0099"};
    if (!token.empty()) {
      options.tokens = {{"all", token, {"stock", "receipts", "operate"}, 6000},
                        {"erp", "erp-secret", {"stock"}, 600},
                        {"audit", "audit-secret", {"receipts"}, 600}};
    }
    options.orders = &orders_;
    router_ = std::make_unique<http::Router>();
    AddRoutes(*router_, std::move(options));
  }
  using HeaderFields = std::vector<std::pair<std::string, std::string>>;
  http::Response Get(const std::string& path, const std::string& query = "",
                     const std::string& authorization = "", const HeaderFields& headers = {}) {
    http::Request request;
    request.method = "GET";
    request.path = path;
    request.query = query;
    if (!authorization.empty()) request.headers.Add("Authorization", authorization);
    for (const auto& [name, value] : headers) request.headers.Add(name, value);
    if (auto refused = router_->gate()(request)) return *std::move(refused);
    auto answer = std::make_shared<std::promise<http::Response>>();
    auto future = answer->get_future();
    const auto match = router_->Find(request);
    if (match.route == nullptr) return match.problem;
    match.route->handler(std::move(request), http::Responder([answer](http::Response&& response) {
                           answer->set_value(std::move(response));
                         }));
    return future.get();
  }
  // With the collector's turn in which an order is carried out; gives the status.
  int Post(const std::string& path, const std::string& body) {
    http::Request request;
    request.method = "POST";
    request.path = path;
    request.content_type = "application/json";
    request.body = body;
    auto answer = std::make_shared<std::promise<http::Response>>();
    auto future = answer->get_future();
    router_->Find(request).route->handler(std::move(request),
                                          http::Responder([answer](http::Response&& response) {
                                            answer->set_value(std::move(response));
                                          }));
    Turn();
    return future.get().status;
  }
  std::string Member(const std::string& json, const std::string& pattern) {
    std::smatch match;
    return std::regex_search(json, match, std::regex(pattern)) ? match[1].str() : "none";
  }
  std::string Next(const std::string& json) { return Member(json, R"re("next":"([^"]+)")re"); }
  // The centre is set back to a backup: what is left is the first change.
  void SetBackToTheFirst() {
    for (const char* table :
         {"event", "movement", "stock", "receipt", "receipt_line", "tender", "tax"}) {
      database_.Execute("DELETE FROM " + std::string(table) + " WHERE position > 1");
    }
    database_.Execute(
        "UPDATE stream SET confirmed_through = 1, highest_seen = 1, chain ="
        " (SELECT chain FROM event WHERE position = 1), revision = revision + 1");
    database_.Execute(
        "UPDATE head SET position = 1, hash ="
        " (SELECT hash FROM event WHERE position = 1)");
    Restart();
  }
  void Status(const std::string& store, const std::string& members) {
    DeliverText("tillrelay/v1/" + store + "/status",
                R"({"v":1,"state":"online","session":"S","host":"h1",)" + members + "}");
  }

  Reader reader_;
  std::unique_ptr<http::Router> router_;
  EventSource source_;
};

}  // namespace tillrelay::collector
