// SHA-256 in hex, quickly for many short inputs.
#pragma once

#include <string>
#include <string_view>

namespace genledger {

// 64 lower-case hex digits. Thread safe.
std::string Sha256Hex(std::string_view bytes);

}  // namespace genledger
