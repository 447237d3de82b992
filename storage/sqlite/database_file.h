// The database as a file: its real path, its mode, and whether it can be one of ours at all.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace genledger::sqlite {

// One line for a failed system call on a path, with what to do about it. PERMISSION_DENIED,
// FAILED_PRECONDITION or UNAVAILABLE by `error_number`.
absl::Status FileError(int error_number, std::string_view what, const std::string& path);

// The path without symlinks; the file need not exist, its directory must. FAILED_PRECONDITION.
absl::StatusOr<std::string> ResolvePath(const std::string& path);

// The database file, claimed for this process: flock() on the file itself, for life. Hard links,
// bind mounts and a removed lock file lead to the same inode and so to the same claim.
//
// Closing a descriptor of the file drops the POSIX locks that SQLite holds on it in this process.
// So claim it before SQLite opens it, and let go after SQLite has closed it; a second claim inside
// this process is refused before the file is opened.
class DatabaseFile {
 public:
  // Creates the file with mode 0600 if there is none; changes nothing of one that is there. Refuses
  // directories and files that are not SQLite's (FAILED_PRECONDITION), files that may not be
  // written (PERMISSION_DENIED), and files in use (FAILED_PRECONDITION, with the owner's pid where
  // `<path>.lock` tells it).
  static absl::StatusOr<std::unique_ptr<DatabaseFile>> Claim(const std::string& resolved_path);

  ~DatabaseFile();
  DatabaseFile(const DatabaseFile&) = delete;
  DatabaseFile& operator=(const DatabaseFile&) = delete;

  // Takes away what the file and its side files let others do: call it once the database is known
  // to be ours.
  absl::Status TakeFromOthers();

 private:
  using Inode = std::pair<dev_t, ino_t>;

  DatabaseFile(std::string path, int fd, Inode inode)
      : path_(std::move(path)), fd_(fd), inode_(inode) {}

  const std::string path_;
  const int fd_;
  const Inode inode_;
};

}  // namespace genledger::sqlite
