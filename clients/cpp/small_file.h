// Small files that configure a client: tokens, certificates.
#pragma once

#include <string>

#include "clients/cpp/result.h"

namespace genledger::client {

inline constexpr size_t kSmallFileBytesMax = size_t{1} << 20;

// The whole content. INVALID_ARGUMENT, naming the path, if it cannot be read or is larger than
// kSmallFileBytesMax.
Result<std::string> ReadSmallFile(const std::string& path);

// The bearer token in a file, without the white space around it. UNAUTHENTICATED, naming the path
// and never the content, if the file cannot be read, or the token is empty or has characters that
// no HTTP header carries.
Result<std::string> ReadToken(const std::string& path);

}  // namespace genledger::client
