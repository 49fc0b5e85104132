#include "tests/unit/agent/access/access_fixture.h"

namespace tillrelay::access {
namespace {

const std::string& OneHash() {
  static const std::string hash = [] {
    tillrelay::testing::SeededRandom random;
    return *HashPassword(kPassword, &random);
  }();
  return hash;
}

// What a form is rendered as here.
std::string Render(const LoginForm& form) {
  return "trouble " + std::to_string(static_cast<int>(form.trouble)) + " wait " +
         std::to_string(form.wait.count()) + " next " + form.next + " link " + form.link;
}

}  // namespace

void AccessTest::Make(AdminAuthOptions options) {
  auto book = UserStore::Open(dir_ / "access.json", &clock_, &random_);
  ASSERT_TRUE(book.ok());
  book_ = *std::move(book);
  sessions_ = std::make_unique<Sessions>(&clock_, &random_);
  gate_ = std::make_unique<AdminAuth>(options, book_.get(), sessions_.get());
  const http::RunElsewhere run = [this](std::function<void()> work) {
    if (refuse_to_run_) return false;
    run_at_once_ ? work() : waiting_.push_back(std::move(work));
    return true;
  };
  const Audit audit = [this](AuditNote note) { audit_.push_back(std::move(note)); };
  desk_ = std::make_unique<LoginRoutes>(LoginRoutes::Parts{*book_, *sessions_, *gate_, clock_},
                                        LoginRoutes::Outside{run, audit, Render}, &random_);
  router_ = http::Router();
  desk_->AddRoutes(&router_);
  for (const char* path : {"/", "/v1/status", "/v1/events", "/metrics", "/healthz"}) {
    router_.Add("GET", path, [](http::Request&&, const http::Responder& responder) {
      responder.Send(http::Text(200, "here"));
    });
  }
  router_.Add("POST", "/v1/delivery/pause",
              [this](http::Request&& request, const http::Responder& responder) {
                ++changes_;
                actor_ = ActorOf(request);
                responder.Send(http::Text(200, "done"));
              });
  AccessServices desk{book_.get(), sessions_.get(),     &random_, run,
                      audit,       "https://till:8471", "AB:CD"};
  control_ = http::Router();
  AddAccessRoutes(&control_, desk);
}

void AccessTest::AddUser(const std::string& name, Role role) {
  ASSERT_TRUE(book_->SetUser({name, role, OneHash()}).ok());
}

http::Response AccessTest::Call(const Ask& ask) {
  http::Request request;
  request.method = ask.method;
  request.path = ask.path;
  request.query = ask.query;
  request.target = ask.path + (ask.query.empty() ? "" : "?" + ask.query);
  request.content_type = ask.type;
  request.remote = ask.remote;
  for (const auto& [name, value] : ask.headers) request.headers.Add(name, value);
  http::Router& router = ask.remote.starts_with("uid:") ? control_ : router_;
  const http::Router::Match match = router.Find(request);
  if (match.route == nullptr) return match.problem;
  if (&router == &router_) {
    if (auto refusal = gate_->Admit(request)) return *refusal;
    request.body = ask.body;
    if (auto refusal = gate_->Complete(request)) return *refusal;
  }
  request.body = ask.body;
  auto answer = std::make_shared<http::Response>();  // it may come after this call
  match.route->handler(std::move(request), http::Responder([answer](http::Response&& response) {
                         *answer = std::move(response);
                       }));
  return *answer;
}

std::string AccessTest::Word(const http::Response& response) {
  constexpr std::string_view kStart = "https://tillrelay.org/problems/";
  const size_t begin = response.body.find(kStart);
  if (begin == std::string::npos) return "";
  const size_t end = response.body.find('"', begin);
  return response.body.substr(begin + kStart.size(), end - begin - kStart.size());
}

http::Response AccessTest::PostForm(const std::string& path, const std::string& body,
                                    std::map<std::string, std::string> headers,
                                    const std::string& remote) {
  return Call(
      {"POST", path, "", body, "application/x-www-form-urlencoded", remote, std::move(headers)});
}

http::Response AccessTest::Login(const std::string& user, const std::string& password,
                                 const std::string& remote) {
  return PostForm("/login", "user=" + user + "&password=" + password, {}, remote);
}

std::string AccessTest::CookieIn(const http::Response& response) {
  const std::string_view header = response.headers.Find("Set-Cookie");
  const size_t begin = header.find('=') + 1;
  return std::string(header.substr(begin, header.find(';') - begin));
}

std::string AccessTest::SignedIn(const std::string& user) {
  const http::Response response = Login(user, "correct+horse+battery");
  EXPECT_EQ(response.status, 303);
  return CookieIn(response);
}

}  // namespace tillrelay::access
