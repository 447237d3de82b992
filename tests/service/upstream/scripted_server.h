// A raw-socket HTTP server that does to a client exactly what a test tells it to.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace genledger {

// One accepted connection, used by the script's thread. Every wait ends after kPatience at the
// latest.
class ScriptedConnection {
 public:
  static constexpr absl::Duration kPatience = absl::Seconds(20);

  struct Request {
    std::string head;  // request line and headers, with the empty line
    std::string body;
  };

  ScriptedConnection(int fd, int index) : fd_(fd), index_(index) {}
  ~ScriptedConnection();
  ScriptedConnection(const ScriptedConnection&) = delete;
  ScriptedConnection& operator=(const ScriptedConnection&) = delete;

  // 0 for the first connection of the server, 1 for the second and so on.
  int index() const { return index_; }

  // The next whole request; nullopt if the peer closes first.
  std::optional<Request> ReadRequest();
  // The head only; the body may be on its way.
  std::optional<std::string> ReadHead();
  void Write(std::string_view bytes);
  // "HTTP/1.1 200 OK" with a Content-Length and `body`.
  void Answer(std::string_view body, int status = 200, std::string_view headers = "");
  // Whether the peer closed within `limit`; bytes that arrive meanwhile are dropped.
  bool WaitForClose(absl::Duration limit = kPatience);
  // Ends the connection with a FIN.
  void Close();
  // Ends it with a RST.
  void Reset();

 private:
  bool Fill(absl::Duration limit = kPatience);

  int fd_;
  const int index_;
  std::string buffer_;
};

// Runs `script` for each connection on a thread of its own; the connection closes when it returns.
class ScriptedServer {
 public:
  using Script = std::function<void(ScriptedConnection&)>;

  explicit ScriptedServer(Script script);
  // Closes what is open and waits for the scripts.
  ~ScriptedServer();

  int port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int connections() const;

 private:
  void Accept();

  const Script script_;
  int listen_fd_;
  int port_ = 0;
  mutable absl::Mutex mu_;
  std::vector<int> fds_ ABSL_GUARDED_BY(mu_);
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mu_);
  std::thread acceptor_;
};

}  // namespace genledger
