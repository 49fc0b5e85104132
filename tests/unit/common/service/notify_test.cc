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
  // The next message's descriptor; -1: it has none.
  int NextSocket() {
    char buffer[4096];
    iovec text{buffer, sizeof buffer};
    alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
    msghdr header{};
    header.msg_iov = &text;
    header.msg_iovlen = 1;
    header.msg_control = room;
    header.msg_controllen = sizeof room;
    if (recvmsg(fd_.get(), &header, MSG_CMSG_CLOEXEC) < 0) return -1;
    const cmsghdr* rights = CMSG_FIRSTHDR(&header);
    if (rights == nullptr || rights->cmsg_type != SCM_RIGHTS) return -1;
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(rights), sizeof fd);
    return fd;
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

TEST(LongStart, AsksForMoreTimeOnlyWhileItMovesAndNotTooOften) {
  FakeManager manager(SocketPath());
  const Notifier notifier(SocketPath());
  LongStart start(&notifier);
  Instant now{std::chrono::hours(1)};
  start.Expect(now, std::chrono::seconds(100));
  EXPECT_EQ(manager.Next(), "EXTEND_TIMEOUT_USEC=100000000");
  for (int i = 0; i < 39'000; ++i) start.Moved(now + std::chrono::milliseconds(i));
  EXPECT_TRUE(notifier.Watchdog().ok());
  EXPECT_EQ(manager.Next(), "WATCHDOG=1") << "what was asked for lasts";
  for (int i = 0; i < 15; ++i) start.Moved(now + std::chrono::seconds(40 + i));
  EXPECT_EQ(manager.Next(), "EXTEND_TIMEOUT_USEC=60000000");
  EXPECT_EQ(manager.Next(), "EXTEND_TIMEOUT_USEC=60000000");
  start.End();
  start.Moved(now + std::chrono::hours(1));
  EXPECT_TRUE(notifier.Ready().ok());
  EXPECT_EQ(manager.Next(), "READY=1");
}

TEST(Notifier, ASocketIsHandedOverAndOutlivesItsFirstOwner) {
  FakeManager manager(SocketPath());
  const Notifier notifier(SocketPath());
  int ends[2] = {-1, -1};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  Fd ours(ends[0]), other(ends[1]);
  EXPECT_TRUE(notifier.KeepSocket(ours.get(), "intake").ok());
  const Fd kept(manager.NextSocket());
  ASSERT_TRUE(kept.valid());
  ours.Reset();
  EXPECT_EQ(send(other.get(), "x", 1, MSG_NOSIGNAL), 1);
  char byte = 0;
  EXPECT_EQ(recv(kept.get(), &byte, 1, 0), 1);
}

TEST(Notifier, ASocketIsNamedWhenItIsKeptAndForgotten) {
  FakeManager manager(SocketPath());
  const Notifier notifier(SocketPath());
  EXPECT_TRUE(notifier.KeepSocket(0, "intake").ok());
  EXPECT_EQ(manager.Next(), "FDSTORE=1\nFDNAME=intake");
  EXPECT_TRUE(notifier.ForgetSocket("intake").ok());
  EXPECT_EQ(manager.Next(), "FDSTOREREMOVE=1\nFDNAME=intake");
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
