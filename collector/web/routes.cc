#include "collector/web/routes.h"

#include <fmt/format.h>

#include <algorithm>

#include "collector/ledger/changes.h"
#include "collector/ledger/reconciliation.h"
#include "collector/web/changes_stream.h"
#include "collector/web/days_page.h"
#include "collector/web/days_view.h"
#include "collector/web/exceptions_page.h"
#include "collector/web/exceptions_view.h"
#include "collector/web/frame.h"
#include "collector/web/metrics.h"
#include "collector/web/openapi.h"
#include "collector/web/page.h"
#include "collector/web/parameters.h"
#include "collector/web/questions.h"
#include "collector/web/receipts.h"
#include "collector/web/sinks_view.h"
#include "collector/web/stock.h"
#include "collector/web/views.h"
#include "common/base/embed.h"
#include "common/base/json_reader.h"
#include "common/base/text.h"
#include "common/web/problem_page.h"
#include "common/web/security_headers.h"
#include "common/web/style.h"

// TILLRELAY_CENTRE is the folder of the file, from CMakeLists.txt.
TILLRELAY_EMBED(tillrelay_renew, TILLRELAY_CENTRE "/renew.js");
TILLRELAY_EMBED(tillrelay_decide, TILLRELAY_CENTRE "/decide.js");

namespace tillrelay::collector {
namespace {

// The texts of a JSON object. Conflict: the type of the body. No page of another site can make a
// browser send JSON without asking first.
using Members = std::initializer_list<std::pair<const char*, std::string*>>;
Status ReadMembers(const http::Request& request, Members members) {
  if (!request.content_type.starts_with("application/json")) return Conflict("no JSON");
  JsonParser parser;
  std::string text = request.body, names;
  auto body = parser.Parse(text);
  if (!body.ok() || !body->is_object()) return Invalid("the body is no JSON object");
  for (const auto& member : members) names.append(names.empty() ? "" : ", ").append(member.first);
  for (const JsonValue member : *body) {
    const auto known = std::find_if(members.begin(), members.end(), [&](const auto& m) {
      return member.name() == m.first && member.is_string();
    });
    if (known == members.end()) return Invalid(names + " are texts; there is nothing else");
    *known->second = member.text();
  }
  return Status::Ok();
}

Result<ExceptionOrder> ReadOrder(const http::Request& request) {
  ExceptionOrder order;
  order.token = request.subject;
  TRY(ReadMembers(request, {{"state", &order.state},
                            {"note", &order.note},
                            {"actor", &order.actor},
                            {"assignee", &order.assignee}}));
  return order;
}

Result<DaySigning> ReadSigning(const http::Request& request) {
  DaySigning signing;
  std::string state;
  signing.token = request.subject;
  signing.store = request.Param("store");
  signing.business_day = request.Param("business_day");
  TRY(ReadMembers(request,
                  {{"state", &state}, {"note", &signing.note}, {"actor", &signing.actor}}));
  if (state != "signed" && state != "open") return Invalid("state is signed or open");
  signing.is_signed = state == "signed";
  return signing;
}

Result<SinkOrder> ReadSinkOrder(const http::Request& request) {
  SinkOrder order;
  order.name = request.Param("name");
  order.token = request.subject;
  TRY(ReadMembers(request, {{"action", &order.action},
                            {"note", &order.note},
                            {"actor", &order.actor},
                            {"cursor", &order.cursor}}));
  return order;
}

Result<DaysQuestion> ReadDaysQuestion(const http::Request& request) {
  auto asked = Parameters::Of(request, {"business_day", "page", "limit"});
  if (!asked.ok()) return std::move(asked).status();
  auto limit = asked->Whole("limit", 1, kDaysLimit, kDaysLimit);
  if (!limit.ok()) return std::move(limit).status();
  const DaysQuestion question{asked->Text("business_day"), asked->Text("page"), *limit};
  TRY(CheckQuestion(question));
  return question;
}

http::Response RefusedOrder(const Status& why) {
  if (why.code() != Code::kConflict) return ProblemOf(why);
  return http::Problem(415, "content-type", "Content-Type must be application/json");
}

http::Response UnknownException() {
  return http::Problem(404, "unknown", "There is no such exception");
}

http::Response UnknownSink() { return http::Problem(404, "unknown", "There is no such sink"); }

http::Response DecidedAnswer(const Status& done) {
  if (done.ok()) return http::Json("{}");
  if (done.code() == Code::kNotFound) {
    return http::Problem(404, "unknown", "That is not known", done.message());
  }
  if (done.code() == Code::kConflict) {
    return http::Problem(409, "not-now", "That cannot be decided now", done.message());
  }
  return ProblemOf(done);
}

http::Response CsvOf(const DaysAnswer& answer) {
  http::Response csv;
  csv.content_type = "text/csv; charset=utf-8";
  csv.body = DaysCsv(answer);
  csv.headers.Add("Content-Disposition",
                  "attachment; filename=\"days-" + answer.business_day + ".csv\"");
  return csv;
}

http::Response HtmlPage(std::string html) {
  http::Response page;
  page.content_type = "text/html; charset=utf-8";
  page.body = std::move(html);
  return page;
}

class Routes {
 public:
  explicit Routes(RoutesOptions options)
      : options_(std::move(options)), access_(options_.clock, options_.tokens) {}

  using Answer = std::function<Result<http::Response>(Sql*)>;
  // Answers from the database, on the reader's thread.
  void FromDatabase(http::Responder responder, Answer answer) const {
    const bool taken = options_.reader->Ask([responder, answer](Result<Sql*> sql) -> Status {
      auto response = sql.ok() ? answer(*sql) : Result<http::Response>(sql.status());
      const Status failure = response.ok() ? Status::Ok() : response.status();
      responder.Send(Secured(response.ok() ? *std::move(response) : ProblemOf(failure)));
      return ForConnection(failure);
    });
    if (!taken) Busy(responder);
  }
  static void Busy(const http::Responder& responder) {
    http::Response busy = http::Problem(503, "busy", "Too many questions wait already");
    busy.headers.Add("Retry-After", "1");
    responder.Send(Secured(std::move(busy)));
  }
  std::vector<StoreHealth> Judged(const std::map<std::string, StoreFacts>& facts) const {
    const HealthRules judge{options_.expected, options_.silent_after, options_.clock->Wall(),
                            options_.fleet->Collector().started_at, options_.thresholds};
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

  void Refuse(const http::Responder& responder, const Status& why) const {
    responder.Send(Secured(ProblemOf(why)));
  }

  void Changes(const http::Request& request, const http::Responder& responder) const {
    uint64_t wait = 0;
    auto question = ReadChangesQuestion(request, &wait);
    if (!question.ok()) return Refuse(responder, question.status());
    question->with_data = access_.Has(request, kScopeReceipts);
    if (WantsStream(request)) {
      const bool taken = FollowChanges(options_.reader, &streams_, *std::move(question),
                                       request.subject, responder);
      return taken ? void() : Busy(responder);
    }
    const Instant until = options_.clock->Now() + std::chrono::seconds(wait);
    if (!options_.reader->Ask(ChangesOf(responder, *std::move(question), until))) Busy(responder);
  }

  // Asks itself again as long as there is nothing and time is left.
  Reader::Question ChangesOf(http::Responder responder, ChangesQuestion question,
                             Instant until) const {
    return [this, responder, question, until](Result<Sql*> sql) -> Status {
      auto answer = sql.ok() ? ReadChanges(*sql, question) : Result<ChangesAnswer>(sql.status());
      if (!answer.ok()) {
        Refuse(responder, answer.status());
        return ForConnection(answer.status());
      }
      const bool nothing = answer->count == 0 && !answer->more();
      const bool later = nothing && options_.clock->Now() < until &&
                         options_.reader->AskLater(ChangesOf(responder, question, until));
      if (!later) responder.Send(Secured(http::Json(ChangesJson(*answer))));
      return Status::Ok();
    };
  }

  void Stock(const http::Request& request, const http::Responder& responder) const {
    auto question = ReadStockQuestion(request);
    if (!question.ok()) return Refuse(responder, question.status());
    FromDatabase(responder, [this, q = *std::move(question)](Sql* sql) -> Result<http::Response> {
      auto json = StockJson(sql, q, options_.fleet->Stores(), options_.clock->Wall());
      if (!json.ok()) return std::move(json).status();
      return http::Json(*std::move(json));
    });
  }

  void Receipts(const http::Request& request, const http::Responder& responder) const {
    auto question = ReadReceiptsQuestion(request);
    if (!question.ok()) return Refuse(responder, question.status());
    FromDatabase(responder, [q = *std::move(question)](Sql* sql) -> Result<http::Response> {
      auto json = ReceiptsJson(sql, q);
      if (!json.ok()) return std::move(json).status();
      return http::Json(*std::move(json));
    });
  }

  void Reconciliation(const http::Request& request, const http::Responder& responder) const {
    auto asked = Parameters::Of(request, {"store", "business_day"});
    if (!asked.ok()) return Refuse(responder, asked.status());
    const std::string store = asked->Text("store"), day = asked->Text("business_day");
    FromDatabase(responder, [=](Sql* sql) -> Result<http::Response> {
      auto json = ReconciliationJson(sql, store, day);
      if (!json.ok()) return std::move(json).status();
      return http::Json(*std::move(json));
    });
  }

  void Stores(const http::Request& request, const http::Responder& responder) const {
    if (auto asked = Parameters::Of(request, {}); !asked.ok()) {
      return Refuse(responder, asked.status());
    }
    FromDatabase(responder, [this](Sql* sql) -> Result<http::Response> {
      auto stores = Judged(sql);
      if (!stores.ok()) return std::move(stores).status();
      return http::Json(StoresJson(*stores, options_.clock->Wall()));
    });
  }

  // What a person's browser gets instead of a document.
  http::Response ProblemPage(const http::Response& problem) const {
    PageFrame frame;
    frame.level = Level::kAmber;
    frame.sentence = "Not possible";
    frame.renews = false;
    frame.json = "/v1/stores";
    frame.now = options_.clock->Wall();
    http::Html html;
    BeginPage(frame, &html);
    html.Raw(http::ProblemSection(problem, "Stores"));
    EndPage(frame, &html);
    return http::ProblemPage(problem, html.Take());
  }

  // Without the database the page shows what is known without it, and says so.
  void Page(const http::Responder& responder) const {
    const bool taken = options_.reader->Ask([this, responder](Result<Sql*> sql) -> Status {
      auto stores = sql.ok() ? Judged(*sql) : Result<std::vector<StoreHealth>>(sql.status());
      PageView view;
      view.now = options_.clock->Wall();
      view.collector = options_.fleet->Collector();
      view.database_answers = stores.ok();
      view.halted_sinks = stores.ok() ? CountHalted(*sql) : 0;
      view.stores = stores.ok() ? *stores : Judged(std::map<std::string, StoreFacts>());
      responder.Send(Secured(HtmlPage(PageHtml(view))));
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
      if (options_.sink_counters) view.sink_counters = options_.sink_counters();
      if (facts.ok()) {
        auto sinks = ReadSinkStates(*sql);
        auto counts = CountExceptions(*sql);
        if (sinks.ok() && counts.ok()) {
          view.sinks = *std::move(sinks);
          view.exceptions = *std::move(counts);
        } else {
          facts = sinks.ok() ? counts.status() : sinks.status();
        }
      }
      view.database_answers = facts.ok();
      view.stores = Judged(facts.ok() ? *facts : std::map<std::string, StoreFacts>());
      http::Response answer = http::Text(200, MetricsText(view));
      answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
      responder.Send(Secured(std::move(answer)));
      return facts.ok() ? Status::Ok() : facts.status();
    });
    if (!taken) responder.Send(Secured(http::Text(503, "busy\n")));
  }

  std::optional<http::Response> Gate(http::Request& request) {
    if (request.path == "/healthz" || request.path == "/v1/openapi.json") return std::nullopt;
    const bool stock = request.path == "/v1/stock" || request.path == "/v1/changes";
    const bool receipts = request.path == "/v1/receipts" || request.path == "/v1/reconciliation" ||
                          request.path == "/v1/days" || request.path == "/v1/days.csv";
    auto refused = access_.Check(request, {stock      ? kScopeStock
                                           : receipts ? kScopeReceipts
                                                      : kScopeOperate});
    return refused ? std::optional(Secured(*std::move(refused))) : std::nullopt;
  }

  void Exceptions(const http::Request& request, const http::Responder& responder) const {
    auto question = ReadExceptionsQuestion(request);
    if (!question.ok()) return Refuse(responder, question.status());
    FromDatabase(responder, [q = *std::move(question)](Sql* sql) -> Result<http::Response> {
      auto json = ExceptionsJson(sql, q);
      if (!json.ok()) return std::move(json).status();
      return http::Json(*std::move(json));
    });
  }

  void OneException(const http::Request& request, const http::Responder& responder) const {
    if (auto asked = Parameters::Of(request, {}); !asked.ok()) {
      return Refuse(responder, asked.status());
    }
    const auto key = ReadExceptionId(std::string(request.Param("id")));
    if (!key) return responder.Send(Secured(UnknownException()));
    FromDatabase(responder, [key](Sql* sql) -> Result<http::Response> {
      auto json = ExceptionJson(sql, *key);
      if (json.ok()) return http::Json(*std::move(json));
      if (json.status().code() == Code::kNotFound) return UnknownException();
      return std::move(json).status();
    });
  }

  void ExceptionsPageOf(const http::Request& request, const http::Responder& responder) const {
    auto question = ReadExceptionsQuestion(request);
    if (!question.ok()) return Refuse(responder, question.status());
    FromDatabase(responder, [this, q = *std::move(question)](Sql* sql) -> Result<http::Response> {
      ExceptionsView view;
      view.now = options_.clock->Wall();
      view.question = q;
      auto round = ReadLastRound(sql);
      if (!round.ok()) return std::move(round).status();
      auto found = ListExceptions(sql, q);
      if (!found.ok()) return std::move(found).status();
      auto counts = CountExceptions(sql);
      if (!counts.ok()) return std::move(counts).status();
      view.last_round = *std::move(round);
      view.exceptions = *std::move(found);
      view.counts = *std::move(counts);
      return HtmlPage(ExceptionsPageHtml(view));
    });
  }

  // `text` makes the answer from what was read.
  void Days(const http::Request& request, const http::Responder& responder,
            std::function<http::Response(const DaysAnswer&)> text) const {
    auto question = ReadDaysQuestion(request);
    if (!question.ok()) return Refuse(responder, question.status());
    FromDatabase(responder, [q = *std::move(question), text](Sql* sql) -> Result<http::Response> {
      auto answer = ReadDays(sql, q);
      if (!answer.ok()) return std::move(answer).status();
      return text(*answer);
    });
  }
  // The whole list in one file, however long, unless the question bounds it.
  void DaysFile(const http::Request& request, const http::Responder& responder) const {
    if (http::ParseQuery(request.query) && (request.Query("limit") || request.Query("page"))) {
      return Days(request, responder, CsvOf);
    }
    auto question = ReadDaysQuestion(request);
    if (!question.ok()) return Refuse(responder, question.status());
    FromDatabase(responder, [q = *std::move(question)](Sql* sql) -> Result<http::Response> {
      auto whole = ReadDays(sql, q);
      while (whole.ok() && whole->more) {
        auto next = ReadDays(sql, {whole->business_day, whole->stores.back().store, q.limit});
        if (!next.ok()) return std::move(next).status();
        for (DayRow& row : next->stores) whole->stores.push_back(std::move(row));
        whole->more = next->more;
      }
      if (!whole.ok()) return std::move(whole).status();
      return CsvOf(*whole);
    });
  }
  void DaysPageOf(const http::Request& request, const http::Responder& responder) const {
    Days(request, responder, [this](const DaysAnswer& answer) {
      return HtmlPage(DaysPageHtml(answer, options_.clock->Wall()));
    });
  }

  // A person's decision; written by the thread that owns the writing connection.
  void Decide(const http::Request& request, const http::Responder& responder) const {
    auto order = ReadOrder(request);
    if (!order.ok()) return responder.Send(Secured(RefusedOrder(order.status())));
    const auto key = ReadExceptionId(std::string(request.Param("id")));
    if (!key) return responder.Send(Secured(UnknownException()));
    order->key = *key;
    Give(*std::move(order), responder);
  }
  void Sign(const http::Request& request, const http::Responder& responder) const {
    auto signing = ReadSigning(request);
    if (!signing.ok()) return responder.Send(Secured(RefusedOrder(signing.status())));
    Give(*std::move(signing), responder);
  }
  void DecideSink(const http::Request& request, const http::Responder& responder) const {
    auto order = ReadSinkOrder(request);
    if (!order.ok()) return responder.Send(Secured(RefusedOrder(order.status())));
    Give(*std::move(order), responder);
  }
  void SinkList(const http::Responder& responder) const {
    FromDatabase(responder, [](Sql* sql) -> Result<http::Response> {
      auto json = SinksJson(sql);
      if (!json.ok()) return std::move(json).status();
      return http::Json(*std::move(json));
    });
  }
  void OneSink(const http::Request& request, const http::Responder& responder) const {
    const std::string name(request.Param("name"));
    FromDatabase(responder, [name](Sql* sql) -> Result<http::Response> {
      auto json = SinkJson(sql, name);
      if (json.ok()) return http::Json(*std::move(json));
      if (json.status().code() == Code::kNotFound) return UnknownSink();
      return std::move(json).status();
    });
  }
  void SinksPageOf(const http::Responder& responder) const {
    FromDatabase(responder, [this](Sql* sql) -> Result<http::Response> {
      auto states = ReadSinkStates(sql);
      if (!states.ok()) return std::move(states).status();
      return HtmlPage(SinksPageHtml(*states, options_.clock->Wall()));
    });
  }
  void Give(Order order, const http::Responder& responder) const {
    const bool taken = options_.orders != nullptr &&
                       options_.orders->Push(std::move(order), [responder](const Status& done) {
                         responder.Send(Secured(DecidedAnswer(done)));
                       });
    if (!taken) Busy(responder);
  }

 private:
  const RoutesOptions options_;
  ApiAccess access_;
  mutable StreamPlaces streams_;
};

}  // namespace

namespace {

// Of a route that takes no parameter; the others read theirs. Health checks, scrapers and caches
// add some of their own to theirs.
http::Handler Plain(http::Handler handler) {
  return [handler = std::move(handler)](http::Request&& request, http::Responder responder) {
    const auto asked = Parameters::Of(request, {});
    if (!asked.ok()) return responder.Send(Secured(ProblemOf(asked.status())));
    handler(std::move(request), std::move(responder));
  };
}

void AddScript(http::Router& router, std::string_view path, std::string_view text) {
  router.Add("GET", path, [text](http::Request&&, http::Responder r) {
    http::Response script;
    script.content_type = "text/javascript; charset=utf-8";
    script.body = text;
    r.Send(Secured(std::move(script)));
  });
}

}  // namespace

void AddRoutes(http::Router& router, RoutesOptions options) {
  const auto routes = std::make_shared<Routes>(std::move(options));
  using http::Request;
  using http::Responder;
  router.SetAuthorizer([routes](Request& request) { return routes->Gate(request); });
  router.SetProblemPage([routes](const Request&, const http::Response& problem) {
    return routes->ProblemPage(problem);
  });
  router.Add("GET", "/healthz",
             [routes](Request&&, Responder r) { r.Send(Secured(routes->Health())); });
  router.Add("GET", "/metrics", [routes](Request&&, Responder r) { routes->Metrics(r); });
  router.Add("GET", "/v1/openapi.json", Plain([](Request&&, Responder r) {
               r.Send(Secured(http::Json(std::string(OpenApiJson()))));
             }));
  router.Add("GET", "/v1/changes", [routes](Request&& q, Responder r) { routes->Changes(q, r); });
  router.Add("GET", "/v1/stock", [routes](Request&& q, Responder r) { routes->Stock(q, r); });
  router.Add("GET", "/v1/receipts", [routes](Request&& q, Responder r) { routes->Receipts(q, r); });
  router.Add("GET", "/v1/exceptions",
             [routes](Request&& q, Responder r) { routes->Exceptions(q, r); });
  router.Add("GET", "/v1/exceptions/{id}",
             [routes](Request&& q, Responder r) { routes->OneException(q, r); });
  router.Add("GET", "/exceptions",
             [routes](Request&& q, Responder r) { routes->ExceptionsPageOf(q, r); });
  router.Add("POST", "/v1/exceptions/{id}",
             Plain([routes](Request&& q, Responder r) { routes->Decide(q, r); }));
  router.Add("GET", "/v1/days", [routes](Request&& q, Responder r) {
    routes->Days(q, r, [](const DaysAnswer& answer) { return http::Json(DaysJson(answer)); });
  });
  router.Add("GET", "/v1/days.csv", [routes](Request&& q, Responder r) { routes->DaysFile(q, r); });
  router.Add("GET", "/days", [routes](Request&& q, Responder r) { routes->DaysPageOf(q, r); });
  router.Add("POST", "/v1/days/{store}/{business_day}",
             Plain([routes](Request&& q, Responder r) { routes->Sign(q, r); }));
  router.Add("GET", "/v1/sinks", Plain([routes](Request&&, Responder r) { routes->SinkList(r); }));
  router.Add("GET", "/v1/sinks/{name}",
             Plain([routes](Request&& q, Responder r) { routes->OneSink(q, r); }));
  router.Add("POST", "/v1/sinks/{name}",
             Plain([routes](Request&& q, Responder r) { routes->DecideSink(q, r); }));
  router.Add("GET", "/sinks", Plain([routes](Request&&, Responder r) { routes->SinksPageOf(r); }));
  router.Add("GET", "/v1/stores", [routes](Request&& q, Responder r) { routes->Stores(q, r); });
  router.Add("GET", "/v1/reconciliation",
             [routes](Request&& q, Responder r) { routes->Reconciliation(q, r); });
  router.Add("GET", "/", Plain([routes](Request&&, Responder r) { routes->Page(r); }));
  router.Add("GET", "/style.css", [](Request&&, Responder r) {
    http::Response style;
    style.content_type = "text/css; charset=utf-8";
    style.body = http::StyleSheet();
    r.Send(Secured(std::move(style)));
  });
  AddScript(router, "/renew.js", Embedded(tillrelay_renew, tillrelay_renew_end));
  AddScript(router, "/decide.js", Embedded(tillrelay_decide, tillrelay_decide_end));
}

}  // namespace tillrelay::collector
