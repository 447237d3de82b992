#include "storage/sqlite/database_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "storage/sqlite/lock_file_owner.h"

namespace genledger::sqlite {
namespace {

constexpr mode_t kFileMode = 0600;
// The first 16 bytes of every SQLite database, its closing zero included.
constexpr std::string_view kSqliteMagic("SQLite format 3\0", 16);

std::string RealPath(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                         &std::free);
  return real == nullptr ? std::string() : std::string(real.get());
}

absl::Status CheckOpenFile(int fd, const std::string& path) {
  struct stat info {};
  if (fstat(fd, &info) != 0) {
    return FileError(errno, "cannot inspect", path);
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the store ", path, " is not a regular file; name a file"));
  }
  if (info.st_size == 0) {
    return absl::OkStatus();
  }
  std::array<char, kSqliteMagic.size()> head{};
  const ssize_t length = pread(fd, head.data(), head.size(), 0);
  if (length < 0) {
    return FileError(errno, "cannot read", path);
  }
  if (std::string_view(head.data(), static_cast<size_t>(length)) != kSqliteMagic) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the store ", path, " is not a SQLite database; name a new file or one of genledger's"));
  }
  return absl::OkStatus();
}

// The files that this process has claimed. SQLite keeps such a list for the same reason: POSIX
// locks belong to the process and the inode, whatever object took them.
struct ClaimedInodes {
  absl::Mutex mu;
  std::set<std::pair<dev_t, ino_t>> inodes ABSL_GUARDED_BY(mu);
};

ClaimedInodes& Claimed() {
  static ClaimedInodes& claimed = *new ClaimedInodes;
  return claimed;
}

bool IsClaimedHere(const struct stat& info) {
  ClaimedInodes& claimed = Claimed();
  absl::MutexLock lock(&claimed.mu);
  return claimed.inodes.contains({info.st_dev, info.st_ino});
}

absl::Status InUse(const std::string& path) {
  const int64_t owner = LockFileOwner(path);
  return absl::FailedPreconditionError(
      absl::StrCat("the store ", path, " is in use by another process",
                   owner == 0 ? std::string() : absl::StrCat(" (pid ", owner, ")"),
                   ": a SQLite store belongs to one process; stop that one or use another file"));
}

absl::Status ChangeMode(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? absl::OkStatus() : FileError(errno, "cannot inspect", path);
  }
  if ((info.st_mode & 0777 & ~kFileMode) != 0 &&
      chmod(path.c_str(), info.st_mode & kFileMode) != 0) {
    return FileError(errno, "cannot take the permissions of others away from", path);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status FileError(int error_number, std::string_view what, const std::string& path) {
  const std::string line =
      absl::StrCat(std::string(what), " ", path, ": ", std::strerror(error_number));
  switch (error_number) {
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(
          absl::StrCat(line, "; the file and its directory must be writable for this process"));
    case EISDIR:
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return absl::FailedPreconditionError(
          absl::StrCat(line, "; name a file in a directory that exists"));
    default:
      return absl::UnavailableError(line);
  }
}

absl::StatusOr<std::string> ResolvePath(const std::string& path) {
  if (path.empty()) {
    return absl::FailedPreconditionError("the store's path is empty; name a file");
  }
  struct stat info {};
  if (stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) {
      return FileError(EISDIR, "cannot open the store", path);
    }
    const std::string real = RealPath(path);
    return real.empty() ? FileError(errno, "cannot resolve", path)
                        : absl::StatusOr<std::string>(real);
  }
  if (errno != ENOENT) {
    return FileError(errno, "cannot open the store", path);
  }
  const size_t slash = path.rfind('/');
  const std::string directory =
      slash == std::string::npos ? "." : (slash == 0 ? "/" : path.substr(0, slash));
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const std::string real = RealPath(directory);
  if (real.empty() || name.empty()) {
    return FileError(ENOENT, "cannot open the store", path);
  }
  return absl::StrCat(real == "/" ? "" : real, "/", name);
}

absl::StatusOr<std::unique_ptr<DatabaseFile>> DatabaseFile::Claim(
    const std::string& resolved_path) {
  struct stat info {};
  if (stat(resolved_path.c_str(), &info) == 0 && IsClaimedHere(info)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the store ", resolved_path, " is already open in this process (pid ", getpid(), ")"));
  }
  const int fd = open(resolved_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode);
  if (fd < 0) {
    return FileError(errno, "cannot open the store", resolved_path);
  }
  absl::Status status = CheckOpenFile(fd, resolved_path);
  if (status.ok() && flock(fd, LOCK_EX | LOCK_NB) != 0) {
    status = errno == EWOULDBLOCK ? InUse(resolved_path)
                                  : FileError(errno, "cannot lock", resolved_path);
  }
  if (status.ok() && fstat(fd, &info) != 0) {
    status = FileError(errno, "cannot inspect", resolved_path);
  }
  if (!status.ok()) {
    close(fd);
    return status;
  }
  const Inode inode(info.st_dev, info.st_ino);
  ClaimedInodes& claimed = Claimed();
  absl::MutexLock lock(&claimed.mu);
  claimed.inodes.insert(inode);
  return std::unique_ptr<DatabaseFile>(new DatabaseFile(resolved_path, fd, inode));
}

DatabaseFile::~DatabaseFile() {
  {
    ClaimedInodes& claimed = Claimed();
    absl::MutexLock lock(&claimed.mu);
    claimed.inodes.erase(inode_);
  }
  close(fd_);
}

absl::Status DatabaseFile::TakeFromOthers() {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    if (absl::Status status = ChangeMode(path_ + suffix); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

}  // namespace genledger::sqlite
