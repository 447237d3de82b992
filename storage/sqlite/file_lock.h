// Who has the store, for people: a lock file with a pid.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace genledger::sqlite {

// Holds `<path>.lock` with flock() for its life and writes the pid into it. What keeps a second
// process out, even if this file is removed, is the claim on the database itself (database_file.h).
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
