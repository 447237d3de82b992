#include "tests/service/upstream/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

#include "service/base/check.h"

namespace genledger {
namespace {

size_t ContentLength(std::string head) {
  std::transform(head.begin(), head.end(), head.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const size_t at = head.find("\r\ncontent-length:");
  return at == std::string::npos ? 0 : std::strtoul(head.c_str() + at + 17, nullptr, 10);
}

}  // namespace

ScriptedConnection::~ScriptedConnection() { Close(); }

bool ScriptedConnection::Fill(absl::Duration limit) {
  pollfd waited = {.fd = fd_, .events = POLLIN, .revents = 0};
  if (fd_ < 0 || poll(&waited, 1, static_cast<int>(absl::ToInt64Milliseconds(limit))) <= 0) {
    return false;
  }
  std::array<char, 65536> bytes;
  const ssize_t size = recv(fd_, bytes.data(), bytes.size(), 0);
  if (size <= 0) {
    return false;
  }
  buffer_.append(bytes.data(), static_cast<size_t>(size));
  return true;
}

std::optional<std::string> ScriptedConnection::ReadHead() {
  size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) {
      return std::nullopt;
    }
  }
  std::string head = buffer_.substr(0, end + 4);
  buffer_.erase(0, end + 4);
  return head;
}

std::optional<ScriptedConnection::Request> ScriptedConnection::ReadRequest() {
  std::optional<std::string> head = ReadHead();
  if (!head.has_value()) {
    return std::nullopt;
  }
  const size_t length = ContentLength(*head);
  while (buffer_.size() < length) {
    if (!Fill()) {
      return std::nullopt;
    }
  }
  Request request = {.head = *std::move(head), .body = buffer_.substr(0, length)};
  buffer_.erase(0, length);
  return request;
}

void ScriptedConnection::Write(std::string_view bytes) {
  while (!bytes.empty() && fd_ >= 0) {
    const ssize_t size = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) {
      return;  // the client hung up, as some scripts make it
    }
    bytes.remove_prefix(static_cast<size_t>(size));
  }
}

void ScriptedConnection::Answer(std::string_view body, int status, std::string_view headers) {
  std::string out = "HTTP/1.1 " + std::to_string(status) + " Whatever\r\n";
  out += headers;
  out += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  out += body;
  Write(out);
}

bool ScriptedConnection::WaitForClose(absl::Duration limit) {
  const absl::Time deadline = absl::Now() + limit;
  while (true) {
    const absl::Duration left = std::max(deadline - absl::Now(), absl::ZeroDuration());
    pollfd waited = {.fd = fd_, .events = POLLIN, .revents = 0};
    if (poll(&waited, 1, static_cast<int>(absl::ToInt64Milliseconds(left))) <= 0) {
      return false;
    }
    buffer_.clear();
    if (!Fill(absl::ZeroDuration())) {
      return true;
    }
  }
}

void ScriptedConnection::Close() {
  if (fd_ >= 0) {
    shutdown(fd_, SHUT_RDWR);
    fd_ = -1;  // the server closes it, so that its number is not reused while the server knows it
  }
}

void ScriptedConnection::Reset() {
  // Connecting to AF_UNSPEC aborts the connection at once, without giving up the descriptor.
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  GL_CHECK(connect(fd_, &nobody, sizeof nobody) == 0, "cannot reset");
  fd_ = -1;
}

ScriptedServer::ScriptedServer(Script script)
    : script_(std::move(script)), listen_fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  GL_CHECK(bind(listen_fd_, reinterpret_cast<sockaddr*>(&address), size) == 0, "cannot bind");
  GL_CHECK(listen(listen_fd_, 1024) == 0, "cannot listen");
  GL_CHECK(getsockname(listen_fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0, "no name");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

ScriptedServer::~ScriptedServer() {
  shutdown(listen_fd_, SHUT_RDWR);
  acceptor_.join();
  std::vector<std::thread> threads;
  {
    absl::MutexLock lock(&mu_);
    for (const int fd : fds_) {
      shutdown(fd, SHUT_RDWR);
    }
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  absl::MutexLock lock(&mu_);
  for (const int fd : fds_) {
    close(fd);
  }
  close(listen_fd_);
}

int ScriptedServer::connections() const {
  absl::MutexLock lock(&mu_);
  return static_cast<int>(fds_.size());
}

void ScriptedServer::Accept() {
  while (true) {
    const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) {
      return;
    }
    absl::MutexLock lock(&mu_);
    const int index = static_cast<int>(fds_.size());
    fds_.push_back(fd);
    threads_.emplace_back([this, fd, index] {
      ScriptedConnection connection(fd, index);
      script_(connection);
    });
  }
}

}  // namespace genledger
