// Whose store a lock file says it is.
#pragma once

#include <cstdint>
#include <string>

namespace genledger::sqlite {

// `<path>.lock`: tells people, and the error message of a second process, who has the store. The
// claim itself is on the database file.
std::string LockFilePath(const std::string& database_path);

// The pid in it; 0 if it cannot be read.
int64_t LockFileOwner(const std::string& database_path);

}  // namespace genledger::sqlite
