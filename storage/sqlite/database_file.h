// The database as a file: its real path, its mode, and whether it can be one of ours at all.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace genledger::sqlite {

// One line for a failed system call on a path, with what to do about it. PERMISSION_DENIED,
// FAILED_PRECONDITION or UNAVAILABLE by `error_number`.
absl::Status FileError(int error_number, std::string_view what, const std::string& path);

// The path without symlinks; the file need not exist, its directory must. FAILED_PRECONDITION.
absl::StatusOr<std::string> ResolvePath(const std::string& path);

// Creates the file with mode 0600, or takes away what an existing one lets others do. Refuses
// directories and files that are not SQLite's (FAILED_PRECONDITION), and files that may not be
// written (PERMISSION_DENIED). Call it before SQLite opens the file, never while it is open.
absl::Status PrepareFile(const std::string& resolved_path);

}  // namespace genledger::sqlite
