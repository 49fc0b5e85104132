#include "agent/daemon/intake_socket.h"

#include "common/base/log.h"
#include "common/http/address.h"

namespace tillrelay {
namespace {

constexpr const char* kName = "intake";

bool ListensOn(int fd, const std::string& listen) {
  const auto wanted = http::ParseAddress(listen);
  const http::Address bound = http::LocalAddress(fd);
  return wanted.ok() && !bound.is_unix && bound.host == wanted->host && bound.port == wanted->port;
}

}  // namespace

Fd TakeIntakeSocket(std::vector<service::InheritedSocket> sockets, const std::string& listen,
                    const service::Notifier& notifier) {
  Fd intake;
  for (const auto& socket : sockets) {
    Fd fd(socket.fd);
    if (socket.name == kName && !intake.valid() && ListensOn(fd.get(), listen)) {
      intake = std::move(fd);
      continue;
    }
    const http::Address bound = http::LocalAddress(fd.get());
    log::Warning("main",
                 "the inherited socket \"{}\" on {}:{} is not used; only \"{}\" on {} is, as "
                 "intake.listen says",
                 socket.name, bound.host, bound.port, kName, listen);
    notifier.ForgetSocket(socket.name).ok();
  }
  return intake;
}

Result<Fd> OpenIntakeSocket(const std::string& listen, const service::Notifier& notifier) {
  auto address = http::ParseAddress(listen);
  if (!address.ok()) return std::move(address).status().Within("intake.listen");
  auto fd = http::ListenOn(*address, 0660);
  if (!fd.ok()) return fd;
  if (Status kept = notifier.KeepSocket(fd->get(), kName); !kept.ok()) {
    log::Warning("main", "{}; registers are refused during a restart", kept.message());
  }
  return fd;
}

}  // namespace tillrelay
