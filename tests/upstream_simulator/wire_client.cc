#include "tests/upstream_simulator/wire_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <optional>

namespace genledger {
namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Takes status line and headers off `bytes`; false if they are not complete.
bool TakeHead(std::string* bytes, WireReply* reply) {
  const size_t end = bytes->find("\r\n\r\n");
  if (end == std::string::npos) {
    return false;
  }
  std::string head = bytes->substr(0, end + 2);
  bytes->erase(0, end + 4);
  reply->status = std::atoi(head.substr(9, 3).c_str());
  reply->headers.clear();
  head.erase(0, head.find("\r\n") + 2);
  while (!head.empty()) {
    const std::string line = head.substr(0, head.find("\r\n"));
    head.erase(0, line.size() + 2);
    const size_t colon = line.find(": ");
    reply->headers[Lower(line.substr(0, colon))] = line.substr(colon + 2);
  }
  return true;
}

// The body of a chunked answer, taken off `bytes`; nullopt if it is not complete.
std::optional<std::string> TakeChunks(std::string* bytes) {
  std::string body;
  size_t at = 0;
  while (true) {
    const size_t line_end = bytes->find("\r\n", at);
    if (line_end == std::string::npos) {
      return std::nullopt;
    }
    const size_t size = std::strtoul(bytes->c_str() + at, nullptr, 16);
    at = line_end + 2 + size + 2;
    if (bytes->size() < at) {
      return std::nullopt;
    }
    if (size == 0) {
      bytes->erase(0, at);
      return body;
    }
    body += bytes->substr(line_end + 2, size);
  }
}

// Fills the body as far as it is there; true if it is whole.
bool TakeBody(std::string* bytes, WireReply* reply) {
  if (reply->headers.contains("transfer-encoding")) {
    std::optional<std::string> body = TakeChunks(bytes);
    if (!body.has_value()) {
      return false;
    }
    reply->body = *std::move(body);
    return true;
  }
  const auto length = reply->headers.find("content-length");
  const size_t size =
      length == reply->headers.end() ? 0 : std::strtoul(length->second.c_str(), nullptr, 10);
  if (bytes->size() < size) {
    reply->body = *bytes;
    return false;
  }
  reply->body = bytes->substr(0, size);
  bytes->erase(0, size);
  return true;
}

}  // namespace

std::string SubmitBytes(std::string_view body, std::string_view headers, std::string_view key) {
  std::string bytes =
      "POST /v1/videos/generations HTTP/1.1\r\nHost: upstream\r\nAuthorization: Bearer ";
  bytes += key;
  bytes += "\r\nContent-Type: application/json\r\nContent-Length: ";
  bytes += std::to_string(body.size());
  bytes += "\r\n";
  bytes += headers;
  bytes += "\r\n";
  bytes += body;
  return bytes;
}

std::string GetBytes(std::string_view target, std::string_view key) {
  std::string bytes = "GET ";
  bytes += target;
  bytes += " HTTP/1.1\r\nHost: upstream\r\nAuthorization: Bearer ";
  bytes += key;
  return bytes + "\r\n\r\n";
}

std::string PostBytes(std::string_view target, std::string_view body) {
  std::string bytes = "POST ";
  bytes += target;
  bytes += " HTTP/1.1\r\nHost: upstream\r\nContent-Length: ";
  bytes += std::to_string(body.size());
  bytes += "\r\n\r\n";
  bytes += body;
  return bytes;
}

std::string PageExample() {
  return R"({
      "model": "veo3.1-fast",
      "prompt": "海豚在碧蓝海洋中跳跃",
      "duration": 8,
      "aspect_ratio": "16:9",
      "image_urls": ["https://cdn.apimart.ai/doc/9998238783208208-9972597b-255d-4e7e-9649-e6ee38a837aa-image_task_01K88B53MTK41PP5KGDTG2PA5P_0.png"]
    })";
}

WireClient::WireClient(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0)
      << "errno " << errno;
}

WireClient::~WireClient() { close(fd_); }

bool WireClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      EXPECT_TRUE(errno == ECONNRESET || errno == EPIPE) << "errno " << errno;
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

WireState WireClient::More(int patience_ms) {
  pollfd readable{.fd = fd_, .events = POLLIN};
  if (poll(&readable, 1, patience_ms) == 0) {
    return WireState::kSilent;
  }
  std::array<char, 65'536> buffer;
  const ssize_t received = recv(fd_, buffer.data(), buffer.size(), 0);
  if (received > 0) {
    unread_.append(buffer.data(), static_cast<size_t>(received));
    return WireState::kOpen;
  }
  return received == 0 ? WireState::kFin : WireState::kReset;
}

WireReply WireClient::Read(int patience_ms) {
  WireReply reply;
  bool head = false;
  while (true) {
    if (!head) {
      head = TakeHead(&unread_, &reply);
      if (head && reply.status < 200) {
        reply.interim.push_back(reply.status);
        reply.status = 0;
        head = false;
        continue;
      }
    }
    if (head && TakeBody(&unread_, &reply)) {
      reply.whole = true;
      return reply;
    }
    reply.state = More(patience_ms);
    if (reply.state != WireState::kOpen) {
      return reply;
    }
  }
}

WireState WireClient::AwaitEnd(int patience_ms) {
  WireState state = WireState::kOpen;
  while (state == WireState::kOpen) {
    state = More(patience_ms);
  }
  return state;
}

WireReply AskOnce(int port, std::string_view bytes) { return WireClient(port).Ask(bytes); }

}  // namespace genledger
