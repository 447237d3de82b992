// One process per database file.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace genledger::sqlite {

// Holds `<path>.lock` with flock() for its life. The lock file stays behind: removing it would let
// two processes lock two different files. The database file itself is never opened for locking:
// closing any descriptor of it would drop SQLite's own POSIX locks.
class FileLock {
 public:
  // `database_path` has no symlinks left. FAILED_PRECONDITION, with the owner's pid, if somebody
  // (this process included) holds it; PERMISSION_DENIED if the directory does not let us write.
  static absl::StatusOr<std::unique_ptr<FileLock>> Acquire(const std::string& database_path);

  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int fd) : fd_(fd) {}

  const int fd_;
};

}  // namespace genledger::sqlite
