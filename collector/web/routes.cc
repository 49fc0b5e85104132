#include "collector/web/routes.h"

#include <charconv>

#include "collector/ledger/reconciliation.h"
#include "collector/web/metrics.h"
#include "collector/web/page.h"
#include "collector/web/views.h"
#include "common/base/digest.h"
#include "common/base/embed.h"
#include "common/base/text.h"
#include "common/web/security_headers.h"
#include "common/web/style.h"

// TILLRELAY_CENTRE is the folder of the file, from CMakeLists.txt.
TILLRELAY_EMBED(tillrelay_renew, TILLRELAY_CENTRE "/renew.js");

namespace tillrelay::collector {
namespace {

http::Response ProblemOf(const Status& status) {
  switch (status.code()) {
    case Code::kInvalid:
      return http::Problem(400, "bad-question", "The question cannot be answered",
                           status.message());
    case Code::kNotFound:
      return http::Problem(410, "deleted", "No longer kept", status.message());
    case Code::kConflict:
      return http::Problem(409, "ahead", "This position does not exist yet", status.message());
    default:
      // The database's own words may name hosts and users.
      return http::Problem(503, "database", "The database does not answer now");
  }
}

std::optional<uint64_t> Whole(const http::Request& request, std::string_view name,
                              uint64_t otherwise) {
  const auto text = request.Query(name);
  if (!text)
    return request.query.find(name) == std::string::npos ? std::optional(otherwise) : std::nullopt;
  uint64_t value = 0;
  if (text->empty() || text->size() > 18 || !AllDigits(*text)) return std::nullopt;
  std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

class Routes {
 public:
  explicit Routes(RoutesOptions options) : options_(std::move(options)) {}

  using Answer = std::function<Result<http::Response>(Sql*)>;
  // Answers from the database, on the reader's thread.
  void FromDatabase(http::Responder responder, Answer answer) const {
    const bool taken = options_.reader->Ask([responder, answer](Result<Sql*> sql) -> Status {
      auto response = sql.ok() ? answer(*sql) : Result<http::Response>(sql.status());
      const Status failure = response.ok() ? Status::Ok() : response.status();
      responder.Send(Secured(response.ok() ? *std::move(response) : ProblemOf(failure)));
      const bool question = failure.code() == Code::kInvalid || failure.code() == Code::kNotFound ||
                            failure.code() == Code::kConflict;
      return question ? Status::Ok() : failure;
    });
    if (!taken) {
      responder.Send(Secured(http::Problem(503, "busy", "Too many questions wait already")));
    }
  }

  std::vector<StoreHealth> Judged(const std::map<std::string, StoreFacts>& facts) const {
    const HealthRules judge{options_.expected, options_.silent_after, options_.clock->Wall(),
                            options_.fleet->Collector().started_at};
    return AssessStores(judge, options_.fleet->Stores(), facts);
  }
  Result<std::vector<StoreHealth>> Judged(Sql* sql) const {
    auto facts = ReadFacts(sql);
    if (!facts.ok()) return std::move(facts).status();
    return Judged(*facts);
  }

  http::Response Health() const {
    const auto stalled = options_.stalled ? options_.stalled() : std::vector<std::string>();
    if (!stalled.empty()) return http::Text(503, "thread " + stalled.front() + " is stuck\n");
    if (options_.fleet->Collector().failing) return http::Text(503, "the database fails\n");
    return http::Text(200, "ok\n");
  }

  void Changes(const http::Request& request, const http::Responder& responder) const {
    const auto after = Whole(request, "after", 0);
    const auto limit = Whole(request, "limit", kChangesDefault);
    if (!after || !limit || *limit == 0) {
      return responder.Send(Secured(ProblemOf(Invalid("after and limit are whole numbers"))));
    }
    FromDatabase(responder, [=](Sql* sql) -> Result<http::Response> {
      auto json = ChangesJson(sql, *after, std::min(*limit, kChangesLimit));
      if (!json.ok()) return std::move(json).status();
      return http::Json(*std::move(json));
    });
  }

  void Reconciliation(const http::Request& request, const http::Responder& responder) const {
    const std::string store = request.Query("store").value_or("");
    const std::string day = request.Query("business_day").value_or("");
    FromDatabase(responder, [=](Sql* sql) -> Result<http::Response> {
      auto json = ReconciliationJson(sql, store, day);
      if (!json.ok()) return std::move(json).status();
      return http::Json(*std::move(json));
    });
  }

  void Stores(const http::Responder& responder) const {
    FromDatabase(responder, [this](Sql* sql) -> Result<http::Response> {
      auto stores = Judged(sql);
      if (!stores.ok()) return std::move(stores).status();
      return http::Json(StoresJson(*stores, options_.clock->Wall()));
    });
  }

  // Without the database the page shows what is known without it, and says so.
  void Page(const http::Responder& responder) const {
    const bool taken = options_.reader->Ask([this, responder](Result<Sql*> sql) -> Status {
      auto stores = sql.ok() ? Judged(*sql) : Result<std::vector<StoreHealth>>(sql.status());
      PageView view;
      view.now = options_.clock->Wall();
      view.collector = options_.fleet->Collector();
      view.database_answers = stores.ok();
      view.stores = stores.ok() ? *stores : Judged(std::map<std::string, StoreFacts>());
      http::Response page;
      page.content_type = "text/html; charset=utf-8";
      page.body = PageHtml(view);
      responder.Send(Secured(std::move(page)));
      return stores.ok() ? Status::Ok() : stores.status();
    });
    if (!taken) responder.Send(Secured(http::Text(503, "Too many questions wait already\n")));
  }

  void Metrics(const http::Responder& responder) const {
    const bool taken = options_.reader->Ask([this, responder](Result<Sql*> sql) -> Status {
      auto facts =
          sql.ok() ? ReadFacts(*sql) : Result<std::map<std::string, StoreFacts>>(sql.status());
      MetricsView view;
      view.collector = options_.fleet->Collector();
      view.database_answers = facts.ok();
      view.stores = Judged(facts.ok() ? *facts : std::map<std::string, StoreFacts>());
      http::Response answer = http::Text(200, MetricsText(view));
      answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
      responder.Send(Secured(std::move(answer)));
      return facts.ok() ? Status::Ok() : facts.status();
    });
    if (!taken) responder.Send(Secured(http::Text(503, "busy\n")));
  }

  // Compared by digest, so that the time tells nothing.
  std::optional<http::Response> Gate(const http::Request& request) const {
    if (options_.token.empty() || request.path == "/healthz") return std::nullopt;
    const std::string wanted = "Bearer " + options_.token;
    if (Sha256(request.Header("Authorization")) == Sha256(wanted)) return std::nullopt;
    http::Response refused = http::Problem(401, "token", "A token is needed");
    refused.headers.Add("WWW-Authenticate", "Bearer");
    return Secured(std::move(refused));
  }

 private:
  const RoutesOptions options_;
};

}  // namespace

void AddRoutes(http::Router& router, RoutesOptions options) {
  const auto routes = std::make_shared<Routes>(std::move(options));
  using http::Request;
  using http::Responder;
  router.SetAuthorizer([routes](const Request& request) { return routes->Gate(request); });
  router.Add("GET", "/healthz",
             [routes](Request&&, Responder r) { r.Send(Secured(routes->Health())); });
  router.Add("GET", "/metrics", [routes](Request&&, Responder r) { routes->Metrics(r); });
  router.Add("GET", "/v1/changes", [routes](Request&& q, Responder r) { routes->Changes(q, r); });
  router.Add("GET", "/v1/stores", [routes](Request&&, Responder r) { routes->Stores(r); });
  router.Add("GET", "/v1/reconciliation",
             [routes](Request&& q, Responder r) { routes->Reconciliation(q, r); });
  router.Add("GET", "/", [routes](Request&&, Responder r) { routes->Page(r); });
  router.Add("GET", "/style.css", [](Request&&, Responder r) {
    http::Response style;
    style.content_type = "text/css; charset=utf-8";
    style.body = http::StyleSheet();
    r.Send(Secured(std::move(style)));
  });
  router.Add("GET", "/renew.js", [](Request&&, Responder r) {
    http::Response script;
    script.content_type = "text/javascript; charset=utf-8";
    script.body = Embedded(tillrelay_renew, tillrelay_renew_end);
    r.Send(Secured(std::move(script)));
  });
}

}  // namespace tillrelay::collector
