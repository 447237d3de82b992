// Configuration and credentials as they lie in files.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace genledger {

// The text of a regular file of at most `bytes_max` bytes. INVALID_ARGUMENT, with one line that
// names the file and nothing of its text, if there is no such file or it is too long.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t bytes_max);

}  // namespace genledger
