#include "common/service/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <map>

namespace tillrelay::service {
namespace {

// The service manager's end.
class FakeManager {
 public:
  explicit FakeManager(const std::string& name) : name_(name) {
    fd_ = Fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    const bool is_abstract = name[0] == '@';
    if (is_abstract) address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() +
                                               (is_abstract ? 0 : 1));
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
  }
  ~FakeManager() {
    if (name_[0] == '/') unlink(name_.c_str());
  }
  std::string Next() {
    char buffer[4096];
    const ssize_t count = recv(fd_.get(), buffer, sizeof buffer, 0);
    return count < 0 ? "nothing" : std::string(buffer, static_cast<size_t>(count));
  }

 private:
  const std::string name_;
  Fd fd_;
};

Environment From(std::map<std::string, std::string> values) {
  return [values](const char* name) -> const char* {
    const auto it = values.find(name);
    return it == values.end() ? nullptr : it->second.c_str();
  };
}

std::string SocketPath() {
  return testing::TempDir() + "notify-" + std::to_string(getpid()) + ".sock";
}

TEST(Notifier, SaysWhatTheProtocolAsksFor) {
  FakeManager manager(SocketPath());
  const Notifier notifier = Notifier::FromEnvironment(From({{"NOTIFY_SOCKET", SocketPath()}}));
  EXPECT_TRUE(notifier.Ready().ok());
  EXPECT_EQ(manager.Next(), "READY=1");
  EXPECT_TRUE(notifier.Ready("online").ok());
  EXPECT_EQ(manager.Next(), "READY=1\nSTATUS=online");
  EXPECT_TRUE(notifier.Watchdog().ok());
  EXPECT_EQ(manager.Next(), "WATCHDOG=1");
  EXPECT_TRUE(notifier.Reloading(Instant(std::chrono::microseconds(1234567))).ok());
  EXPECT_EQ(manager.Next(), "RELOADING=1\nMONOTONIC_USEC=1234567");
  EXPECT_TRUE(notifier.ExtendTimeout(std::chrono::seconds(5)).ok());
  EXPECT_EQ(manager.Next(), "EXTEND_TIMEOUT_USEC=5000000");
  EXPECT_TRUE(notifier.Stopping().ok());
  EXPECT_EQ(manager.Next(), "STOPPING=1");
}

TEST(Notifier, FindsAnAbstractSocket) {
  const std::string name = "@tillrelay-notify-" + std::to_string(getpid());
  FakeManager manager(name);
  EXPECT_TRUE(Notifier(name).Ready().ok());
  EXPECT_EQ(manager.Next(), "READY=1");
}

TEST(Notifier, AStatusCannotForgeAnotherAssignment) {
  FakeManager manager(SocketPath());
  EXPECT_TRUE(Notifier(SocketPath()).StatusText("a\nMAINPID=1\r\tb").ok());
  EXPECT_EQ(manager.Next(), "STATUS=a MAINPID=1  b");
}

TEST(Notifier, WithoutAManagerEverythingSucceedsSilently) {
  for (const char* socket : {"", "relative", "@", "/"}) {
    const Notifier notifier{std::string(socket)};
    EXPECT_FALSE(notifier.active()) << socket;
    EXPECT_TRUE(notifier.Ready().ok());
  }
  EXPECT_FALSE(Notifier(std::string(200, '/')).active());
  EXPECT_FALSE(Notifier::FromEnvironment(From({})).active());
}

TEST(Notifier, AManagerThatIsGoneIsAFailureNotACrash) {
  const Status status = Notifier(SocketPath() + ".gone").Ready();
  EXPECT_EQ(status.code(), Code::kUnavailable);
}

TEST(WatchdogInterval, IsForOurProcessOnly) {
  using std::chrono::microseconds;
  EXPECT_EQ(WatchdogInterval(From({{"WATCHDOG_USEC", "30000000"}}), 7), microseconds(30000000));
  EXPECT_EQ(WatchdogInterval(From({{"WATCHDOG_USEC", "5"}, {"WATCHDOG_PID", "7"}}), 7),
            microseconds(5));
  EXPECT_EQ(WatchdogInterval(From({{"WATCHDOG_USEC", "5"}, {"WATCHDOG_PID", "8"}}), 7),
            std::nullopt);
  for (const char* bad : {"", "0", "-1", "5x", "99999999999999999999"}) {
    EXPECT_EQ(WatchdogInterval(From({{"WATCHDOG_USEC", bad}}), 7), std::nullopt) << bad;
  }
  EXPECT_EQ(WatchdogInterval(From({}), 7), std::nullopt);
}

TEST(InheritedSockets, AreTakenWithTheirNames) {
  const Fd a(dup(0)), b(dup(0));  // two neighbours stand for the manager's sockets
  ASSERT_EQ(b.get(), a.get() + 1);
  const auto sockets = InheritedSockets(
      From({{"LISTEN_FDS", "2"}, {"LISTEN_PID", "7"}, {"LISTEN_FDNAMES", "intake:"}}), 7, a.get());
  ASSERT_EQ(sockets.size(), 2u);
  EXPECT_EQ(sockets[0].fd, a.get());
  EXPECT_EQ(sockets[0].name, "intake");
  EXPECT_EQ(sockets[1].name, "unknown");
}

TEST(InheritedSockets, AreForgottenSoThatNoChildTakesThem) {
  for (const char* name : {"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"}) setenv(name, "1", 1);
  ForgetInheritedSockets();
  for (const char* name : {"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"}) {
    EXPECT_EQ(getenv(name), nullptr) << name;
  }
}

TEST(InheritedSockets, ForAnotherProcessOrBadlyCountedAreLeftAlone) {
  for (const auto& [count, pid] : std::vector<std::pair<std::string, std::string>>{
           {"1", "8"}, {"0", "7"}, {"-1", "7"}, {"x", "7"}, {"1000", "7"}, {"1", ""}}) {
    EXPECT_TRUE(InheritedSockets(From({{"LISTEN_FDS", count}, {"LISTEN_PID", pid}}), 7).empty())
        << count;
  }
  EXPECT_TRUE(InheritedSockets(From({}), 7).empty());
}

}  // namespace
}  // namespace tillrelay::service
