#include "storage/sqlite/database_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"

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
  if ((info.st_mode & 0777 & ~kFileMode) != 0 && fchmod(fd, info.st_mode & kFileMode) != 0) {
    return FileError(errno, "cannot take the permissions of others away from", path);
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

absl::Status PrepareFile(const std::string& resolved_path) {
  const int fd = open(resolved_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode);
  if (fd < 0) {
    return FileError(errno, "cannot open the store", resolved_path);
  }
  absl::Status status = CheckOpenFile(fd, resolved_path);
  close(fd);
  return status;
}

}  // namespace genledger::sqlite
