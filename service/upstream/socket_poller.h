// The sockets of one libcurl multi handle on epoll.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"

namespace genledger {

// Changes of interest are collected and told to the kernel just before it is asked, so that a
// socket that goes idle and comes back, or flips from writing to reading, between two waits costs
// no system call. One thread uses it, except for Wake(), which any thread may call.
class SocketPoller {
 public:
  struct Event {
    int fd;
    bool readable;
    bool writable;
    bool failed;
  };

  SocketPoller();
  ~SocketPoller();
  SocketPoller(const SocketPoller&) = delete;
  SocketPoller& operator=(const SocketPoller&) = delete;

  // Says that `fd` is a connection that is not closed without a Forget(), so that it may stay
  // registered while nothing is wanted of it. Should the peer speak or close meanwhile, what it
  // said is dropped and the connection shut down: bytes that nobody asked for (a stray answer, a
  // 408 for idling) must not be read as the answer to the next request.
  void Keep(int fd);

  // Sets what is wanted of `fd` from now on; neither: nothing.
  void Want(int fd, bool read, bool write);

  // `fd` is about to be closed: forgets it before its number can come back as another socket.
  void Forget(int fd);

  // Waits for events on wanted sockets, a Wake() or the timeout; an infinite one is fine. The
  // events are valid until the next call.
  const std::vector<Event>& Wait(absl::Duration timeout);

  // Like Wait() for no time, but leaves a Wake() to the next Wait().
  const std::vector<Event>& Look();

  // Ends the present or the next Wait() early.
  void Wake();

 private:
  struct Socket {
    uint32_t wanted = 0;      // EPOLLIN, EPOLLOUT
    uint32_t registered = 0;  // what the kernel was told; 0 if it does not know the fd
    bool kept = false;
    bool dirty = false;  // in dirty_
  };

  Socket& At(int fd);
  void ShutDownIdle(int fd);
  // Tells the kernel what is wanted of `fd`.
  void Sync(int fd);

  int epoll_fd_;
  int wake_fd_;
  std::vector<Socket> sockets_;  // by fd
  std::vector<int> dirty_;
  std::vector<Event> events_;
  bool was_woken_ = false;     // by the last Wait()
  bool wake_is_left_ = false;  // by Look(), to the next Wait()
};

}  // namespace genledger
