#include "service/upstream/socket_poller.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include "service/base/check.h"

namespace genledger {
namespace {

constexpr size_t kEventsPerWait = 256;

int TimeoutMs(absl::Duration timeout) {
  constexpr int64_t kMax = std::numeric_limits<int>::max();
  if (timeout == absl::InfiniteDuration()) {
    return -1;
  }
  // Rounded up: a timer must have expired when the wait for it ends.
  const int64_t ms = absl::ToInt64Milliseconds(absl::Ceil(timeout, absl::Milliseconds(1)));
  return static_cast<int>(std::clamp<int64_t>(ms, 0, kMax));
}

}  // namespace

SocketPoller::SocketPoller()
    : epoll_fd_(epoll_create1(EPOLL_CLOEXEC)), wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  GL_CHECK(epoll_fd_ >= 0 && wake_fd_ >= 0, "no file descriptors for the upstream transport");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = wake_fd_;
  GL_CHECK(epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event) == 0, "cannot watch an eventfd");
}

SocketPoller::~SocketPoller() {
  close(wake_fd_);
  close(epoll_fd_);
}

SocketPoller::Socket& SocketPoller::At(int fd) {
  const auto index = static_cast<size_t>(fd);
  if (index >= sockets_.size()) {
    sockets_.resize(std::max(index + 1, sockets_.size() * 2));
  }
  return sockets_[index];
}

void SocketPoller::Keep(int fd) { At(fd).kept = true; }

void SocketPoller::Want(int fd, bool read, bool write) {
  Socket& socket = At(fd);
  socket.wanted = (read ? uint32_t{EPOLLIN} : 0U) | (write ? uint32_t{EPOLLOUT} : 0U);
  if (socket.wanted == 0 && !socket.kept) {
    Sync(fd);
    return;
  }
  // A kept socket that goes idle stays registered: it is likely to come back.
  if (socket.wanted != socket.registered && socket.wanted != 0 && !socket.dirty) {
    socket.dirty = true;
    dirty_.push_back(fd);
  }
}

void SocketPoller::Forget(int fd) {
  Socket& socket = At(fd);
  if (socket.registered != 0) {
    epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);  // a close would do the same
  }
  socket.wanted = 0;
  socket.registered = 0;
  socket.kept = false;
}

void SocketPoller::Sync(int fd) {
  Socket& socket = At(fd);
  if (socket.wanted == socket.registered) {
    return;
  }
  epoll_event event{};
  event.events = socket.wanted;
  event.data.fd = fd;
  const int operation = socket.wanted == 0       ? EPOLL_CTL_DEL
                        : socket.registered == 0 ? EPOLL_CTL_ADD
                                                 : EPOLL_CTL_MOD;
  GL_CHECK(epoll_ctl(epoll_fd_, operation, fd, &event) == 0, "libcurl's sockets and ours differ");
  socket.registered = socket.wanted;
}

void SocketPoller::ShutDownIdle(int fd) {
  Sync(fd);
  if (!At(fd).kept) {
    return;
  }
  shutdown(fd, SHUT_RDWR);
  std::array<char, 4096> dropped;
  while (recv(fd, dropped.data(), dropped.size(), MSG_DONTWAIT) > 0) {
  }
}

const std::vector<SocketPoller::Event>& SocketPoller::Look() {
  const bool wake_was_left = wake_is_left_;
  Wait(absl::ZeroDuration());
  wake_is_left_ = wake_was_left || was_woken_;
  return events_;
}

const std::vector<SocketPoller::Event>& SocketPoller::Wait(absl::Duration timeout) {
  if (wake_is_left_) {
    timeout = absl::ZeroDuration();
    wake_is_left_ = false;
  }
  was_woken_ = false;
  for (const int fd : dirty_) {
    Socket& socket = At(fd);
    socket.dirty = false;
    if (socket.wanted != 0) {
      Sync(fd);
    }
  }
  dirty_.clear();
  events_.clear();
  std::array<epoll_event, kEventsPerWait> ready;
  const int count = epoll_wait(epoll_fd_, ready.data(), kEventsPerWait, TimeoutMs(timeout));
  GL_CHECK(count >= 0 || errno == EINTR, "epoll_wait failed");
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = ready[static_cast<size_t>(i)];
    const int fd = event.data.fd;
    if (fd == wake_fd_) {
      uint64_t wakes = 0;
      [[maybe_unused]] const ssize_t size = read(wake_fd_, &wakes, sizeof wakes);
      was_woken_ = true;
      continue;
    }
    if (At(fd).wanted == 0) {
      ShutDownIdle(fd);
      continue;
    }
    events_.push_back({.fd = fd,
                       .readable = (event.events & EPOLLIN) != 0,
                       .writable = (event.events & EPOLLOUT) != 0,
                       .failed = (event.events & (EPOLLERR | EPOLLHUP)) != 0});
  }
  return events_;
}

void SocketPoller::Wake() {
  const uint64_t one = 1;
  // Fails only when the counter is full, and then the wake-up is already there.
  [[maybe_unused]] const ssize_t size = write(wake_fd_, &one, sizeof one);
}

}  // namespace genledger
