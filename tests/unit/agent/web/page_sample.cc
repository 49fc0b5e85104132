// Serves the page of one sample snapshot for the eye: status_page_sample NAME PORT. It ends when
// its standard input ends. Without arguments: the names.
#include <cstdio>
#include <string>

#include "agent/api/status_routes.h"
#include "agent/web/page_routes.h"
#include "common/http/server.h"
#include "tests/unit/agent/monitor/samples.h"

int main(int argc, char** argv) {
  using namespace tillrelay;
  if (argc != 3) {
    for (const monitor::Sample& sample : monitor::Samples()) std::puts(sample.name.c_str());
    return 0;
  }
  auto router = std::make_shared<http::Router>();
  const monitor::Snapshot snapshot = monitor::SampleNamed(argv[1]);
  web::StatusSources queries;
  queries.snapshot = [&snapshot] { return snapshot; };
  queries.viewer = [](const http::Request&) { return access::Principal{true, "anna", "", true}; };
  api::AddStatusRoutes(*router, queries.snapshot, queries.faces.time);
  web::AddPageRoutes(*router, queries);
  SystemClock clock;
  http::Server server(clock, {});
  http::ListenerOptions options;
  options.address = std::string("127.0.0.1:") + argv[2];
  options.router = router;
  server.AddListener(options);
  if (const Status status = server.Start(); !status.ok()) {
    std::fprintf(stderr, "%s\n", status.message().c_str());
    return 1;
  }
  std::printf("http://127.0.0.1:%u/\n", static_cast<unsigned>(server.bound_port(0)));
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}
