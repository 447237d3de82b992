// SHA-256 of a few bytes, on the way of every call.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace genledger {

using Sha256Digest = std::array<uint8_t, 32>;

// Of the parts one after the other, without anything between them. Takes no lock.
Sha256Digest Sha256(std::initializer_list<std::string_view> parts);

}  // namespace genledger
