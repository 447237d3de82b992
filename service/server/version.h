// What this build calls itself.
#pragma once

namespace genledger {

// Semantic versioning of API, flags and store schema together; CHANGELOG.md says what is in it.
inline constexpr char kVersion[] = "0.1.0-dev";

}  // namespace genledger
