#include "tests/service/http/raw_client.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

#include "service/base/check.h"

namespace genledger {
namespace {

constexpr timeval kPatience = {.tv_sec = 60, .tv_usec = 0};

}  // namespace

RawClient::RawClient(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
  GL_CHECK(socket_ >= 0, "a socket");
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
  sockaddr_in address = {.sin_family = AF_INET,
                         .sin_port = htons(static_cast<uint16_t>(port)),
                         .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
  GL_CHECK(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0,
           "the server accepts");
}

RawClient::~RawClient() { Close(); }

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool RawClient::ReadMore() {
  std::array<char, 65536> buffer;
  const ssize_t got = recv(socket_, buffer.data(), buffer.size(), 0);
  if (got > 0) {
    unread_.append(buffer.data(), static_cast<size_t>(got));
  }
  return got > 0;
}

std::string RawClient::ReadUntil(std::string_view text) {
  size_t at = std::string::npos;
  while ((at = unread_.find(text)) == std::string::npos) {
    if (!ReadMore()) {
      return {};
    }
  }
  std::string found = unread_.substr(0, at + text.size());
  unread_.erase(0, found.size());
  return found;
}

std::string RawClient::ReadAnswer() {
  std::string answer = ReadUntil("\r\n\r\n");
  constexpr std::string_view kLength = "Content-Length: ";
  const size_t length = answer.find(kLength);
  if (length == std::string::npos) {
    return answer;
  }
  const size_t bytes = std::strtoul(answer.c_str() + length + kLength.size(), nullptr, 10);
  while (unread_.size() < bytes && ReadMore()) {
  }
  answer += unread_.substr(0, bytes);
  unread_.erase(0, bytes);
  return answer;
}

std::string RawClient::ReadToEnd() {
  while (ReadMore()) {
  }
  return std::exchange(unread_, {});
}

void RawClient::FinishSending() { shutdown(socket_, SHUT_WR); }

void RawClient::Close() {
  if (socket_ >= 0) {
    close(std::exchange(socket_, -1));
  }
}

}  // namespace genledger
