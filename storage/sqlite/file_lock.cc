#include "storage/sqlite/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "storage/sqlite/database_file.h"
#include "storage/sqlite/lock_file_owner.h"

namespace genledger::sqlite {
namespace {

absl::Status InUse(const std::string& path) {
  return absl::FailedPreconditionError(
      absl::StrCat("the store ", path, " is in use by another process (pid ", LockFileOwner(path),
                   "): a SQLite store belongs to one process; stop that one or use another file"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileLock>> FileLock::Acquire(const std::string& database_path) {
  const std::string lock_path = LockFilePath(database_path);
  const int fd = open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return FileError(errno, "cannot open the lock file", lock_path);
  }
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    close(fd);
    return error == EWOULDBLOCK ? InUse(database_path) : FileError(error, "cannot lock", lock_path);
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
