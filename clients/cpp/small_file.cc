#include "clients/cpp/small_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>

namespace genledger::client {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

}  // namespace

Result<std::string> ReadSmallFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string content(kSmallFileBytesMax + 1, '\0');
  if (file) {
    file.read(content.data(), static_cast<std::streamsize>(content.size()));
    content.resize(static_cast<size_t>(file.gcount()));
  }
  if (!file.is_open() || file.bad() || errno == EISDIR) {
    return LocalError(grpc::StatusCode::INVALID_ARGUMENT,
                      "cannot read " + path + ": " + std::strerror(errno));
  }
  if (content.size() > kSmallFileBytesMax) {
    return LocalError(grpc::StatusCode::INVALID_ARGUMENT,
                      path + " is larger than " + std::to_string(kSmallFileBytesMax) + " bytes");
  }
  return content;
}

Result<std::string> ReadToken(const std::string& path) {
  Result<std::string> content = ReadSmallFile(path);
  if (!content.ok()) {
    return LocalError(grpc::StatusCode::UNAUTHENTICATED, content.error().message);
  }
  const size_t first = content->find_first_not_of(kSpace);
  if (first == std::string::npos) {
    return LocalError(grpc::StatusCode::UNAUTHENTICATED, "the token file " + path + " is empty");
  }
  std::string token = content->substr(first, content->find_last_not_of(kSpace) - first + 1);
  if (!std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < '\x7f'; })) {
    return LocalError(grpc::StatusCode::UNAUTHENTICATED,
                      "the token in " + path + " has characters other than visible ASCII");
  }
  return token;
}

}  // namespace genledger::client
