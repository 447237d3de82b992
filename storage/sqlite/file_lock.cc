#include "storage/sqlite/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "storage/sqlite/database_file.h"

namespace genledger::sqlite {
namespace {

// The pid that the owner wrote; 0 if it cannot be read.
int64_t ReadOwner(int fd) {
  std::array<char, 32> text{};
  const ssize_t length = pread(fd, text.data(), text.size() - 1, 0);
  return length > 0 ? std::strtoll(text.data(), nullptr, 10) : 0;
}

absl::Status InUse(const std::string& path, int64_t owner) {
  if (owner == getpid()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the store ", path, " is already open in this process (pid ", owner, ")"));
  }
  return absl::FailedPreconditionError(
      absl::StrCat("the store ", path, " is in use by another process (pid ", owner,
                   "): a SQLite store belongs to one process; stop that one or use another file"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileLock>> FileLock::Acquire(const std::string& database_path) {
  const std::string lock_path = database_path + ".lock";
  const int fd = open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return FileError(errno, "cannot open the lock file", lock_path);
  }
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    const int64_t owner = ReadOwner(fd);
    close(fd);
    return error == EWOULDBLOCK ? InUse(database_path, owner)
                                : FileError(error, "cannot lock", lock_path);
  }
  // The pid only serves the other side's error message, so failing to write it is no failure.
  const std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(fd, 0) == 0) {
    [[maybe_unused]] const ssize_t written = pwrite(fd, pid.data(), pid.size(), 0);
  }
  return std::unique_ptr<FileLock>(new FileLock(fd));
}

FileLock::~FileLock() { close(fd_); }

}  // namespace genledger::sqlite
